// SPDX-License-Identifier: GPL-2.0-or-later
//! What is behind the netlink header of a message, by what is known of it: a specification, the
//! kernel's policy in the file, what Linux's headers say, or nothing.

use ynl::decode::{Body, GENERIC, GENL_HEADER, Message, Side, Verb};
use ynl::model::{Family, StructId};

use super::conversation::Request;
use super::event::Interpreter;
use super::names;
use super::packet::Packet;
use super::specs::{RawKey, Specs};

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;

/// RTM_GETNSID of linux/rtnetlink.h, whose header is `struct rtgenmsg` alone.
const GETNSID: u16 = 90;

impl Interpreter<'_> {
    /// The body of a message of that family; `asked` is the request that it answers.
    pub(super) fn body<'a>(
        &'a self,
        packet: &Packet<'_>,
        message: &Message<'a>,
        to_kernel: bool,
        family: &str,
        asked: Option<&Request>,
    ) -> Option<Body<'a>> {
        let side = match to_kernel {
            true => Side::Request,
            false => Side::Reply,
        };
        let by = |family: &'a Family| {
            let asked = asked.and_then(|it| family.operation(&it.operation));
            Body::new(family, message, packet.endian, side, asked)
        };
        if packet.protocol == GENERIC {
            let body = self.specs.generic(family).and_then(by);
            return match body {
                Some(body) if body.operation.is_some() || body.level.set().is_some() => Some(body),
                // A specification that does not list the operation may know the header.
                Some(body) => self.policy(packet, message, to_kernel).or(Some(body)),
                None => Some(self.unknown(packet, message, to_kernel)),
            };
        }
        let mut key = RawKey::new(packet.protocol, message, to_kernel);
        if let Some(request) = asked.and_then(|it| it.message(packet.endian)) {
            key = key.answering(&request);
        }
        let Some(family) = self.specs.raw(key) else {
            return Some(self.unknown(packet, message, to_kernel));
        };
        let mut body = by(family)?;
        if packet.protocol == ROUTE && to_kernel && message.verb(ROUTE) == Some(Verb::Get) {
            body = older(self.specs, message, body);
        }
        Some(body)
    }

    /// A message without a specification.
    fn unknown<'a>(
        &'a self,
        packet: &Packet<'_>,
        message: &Message<'a>,
        to_kernel: bool,
    ) -> Body<'a> {
        self.policy(packet, message, to_kernel)
            .unwrap_or_else(|| self.plain(packet, message))
    }

    /// A request of generic netlink by the family's policy.
    fn policy<'a>(
        &'a self,
        packet: &Packet<'_>,
        message: &Message<'a>,
        to_kernel: bool,
    ) -> Option<Body<'a>> {
        (packet.protocol == GENERIC && to_kernel).then_some(())?;
        let plain = self.plain(packet, message);
        let (rest, offset) = (plain.level.bytes(), plain.level.offset());
        let level = self.controller.level(packet, message, rest, offset)?;
        Some(Body { level, ..plain })
    }

    /// Attributes of which nothing is known.
    fn plain<'a>(&self, packet: &Packet<'_>, message: &Message<'a>) -> Body<'a> {
        let length = match packet.protocol {
            GENERIC => {
                let family = self.controller.family(packet.tap, message.kind);
                let header = family.map_or(0, |it| it.header as usize);
                GENL_HEADER + header.next_multiple_of(4)
            }
            protocol => names::header_length(protocol),
        };
        Body::unknown(message, packet.protocol, packet.endian, length)
    }
}

/// A request of rtnetlink for what there is, behind the header that it has: the kernel takes
/// dumps of old programs with `struct rtgenmsg`, and those of iproute2 with `struct ifinfomsg`
/// and attributes of links, whatever is asked for. Which one it is, its length says, and whether
/// attributes follow to the last byte.
fn older<'a>(specs: &'a Specs, message: &Message<'a>, body: Body<'a>) -> Body<'a> {
    let Some(header) = body.header.map(|it| it.layout()) else {
        return body;
    };
    let is_short = message.payload.len() < header.size;
    if !message.is_dump(ROUTE) || message.is_cut() || (!is_short && body.level.is_whole()) {
        return body;
    }
    let headed = |found: Option<(&'a Family, StructId)>| {
        let (family, id) = found?;
        let length = family[id].size.next_multiple_of(4);
        // Its padding need not be there.
        (message.payload.len() >= length || is_short).then_some((family, id))
    };
    let plain = body.unheaded(message);
    let link = || {
        let (family, id) = headed(header_of(libc::RTM_GETLINK, |it| specs.raw(it)))?;
        let set = family.request(libc::RTM_GETLINK)?.set.map(|id| &family[id]);
        Some(plain.headed(family, id).of_set(family, set))
    };
    let general = || {
        // All of the others would have to be read to find that they do not have it.
        let (family, id) = headed(header_of(GETNSID, |it| specs.own_raw(it)))?;
        Some(plain.headed(family, id))
    };
    let is_whole = |it: &Body<'_>| it.level.is_whole();
    match is_short {
        true => general(),
        false => link()
            .filter(is_whole)
            .or_else(|| general().filter(is_whole)),
    }
    .unwrap_or(body)
}

/// The struct before the attributes of a request of rtnetlink, by the family that has it.
fn header_of<'a>(
    kind: u16,
    find: impl FnOnce(RawKey) -> Option<&'a Family>,
) -> Option<(&'a Family, StructId)> {
    let family = find(RawKey {
        protocol: ROUTE,
        kind,
        to_kernel: true,
        of: None,
    })?;
    Some((family, family.request(kind)?.fixed_header?))
}
