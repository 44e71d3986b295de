// SPDX-License-Identifier: GPL-2.0-or-later
//! The names of links by their numbers, as far as messages before have told them.

use foldhash::HashMap;
use ynl::decode::{Message, attributes};

use super::packet::Packet;

/// The most links whose names are remembered.
const MOST_LINKS: usize = 1 << 16;

/// IFLA_IFNAME of linux/if_link.h, and the length of `struct ifinfomsg`.
const IFNAME: u16 = libc::IFLA_IFNAME;
const IFINFOMSG: usize = 16;

/// Names of links. A number counts in its network namespace, which each tap has one of.
#[derive(Default)]
pub(crate) struct LinkNames(HashMap<(u32, u32), Box<[u8]>>);

impl LinkNames {
    /// Learns from what the kernel says of a link.
    pub(super) fn learn(&mut self, packet: &Packet<'_>, message: &Message<'_>) {
        let is_link = packet.protocol == libc::NETLINK_ROUTE as u16
            && message.kind == libc::RTM_NEWLINK
            && !message.is_request()
            && packet.sent != Some(true);
        let Some((header, rest)) = message.payload.split_at_checked(IFINFOMSG) else {
            return;
        };
        // Messages of AF_BRIDGE and AF_INET6 are of links too.
        let Some(index) = packet.endian.u32(&header[4..8]).filter(|_| is_link) else {
            return;
        };
        let mut all = attributes(rest, packet.endian).map_while(Result::ok);
        let Some(name) = all.find(|it| it.number == IFNAME).map(|it| it.payload) else {
            return;
        };
        let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
        let key = (packet.tap, index);
        match self.0.get_mut(&key) {
            Some(known) if **known == *name => {}
            Some(known) => *known = name.into(),
            None => {
                if self.0.len() >= MOST_LINKS {
                    self.0.clear();
                }
                self.0.insert(key, name.into());
            }
        }
    }

    /// Those of a packet's network namespace.
    pub(crate) fn of<'a>(&'a self, packet: &Packet<'_>) -> Links<'a> {
        Links {
            names: self,
            tap: packet.tap,
        }
    }
}

/// The names of links of one network namespace.
#[derive(Clone, Copy)]
pub(crate) struct Links<'a> {
    names: &'a LinkNames,
    tap: u32,
}

impl<'a> Links<'a> {
    /// The name of the link of that number; nothing says that it is UTF-8.
    pub(crate) fn name(self, index: u64) -> Option<&'a [u8]> {
        let index = u32::try_from(index).ok()?;
        self.names.0.get(&(self.tap, index)).map(|it| &**it)
    }
}
