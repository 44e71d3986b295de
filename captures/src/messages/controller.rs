// SPDX-License-Identifier: GPL-2.0-or-later
//! What the controller of generic netlink says in a file: which family has which
//! number, operations and groups, and by which policies requests are checked.
//!
//! Numbers are given out as modules are loaded, by one kernel for all of its network
//! namespaces. Of a file with several taps each may be of another kernel: the word of a
//! tap goes before that of others.

use std::rc::Rc;

use foldhash::HashMap;
use ynl::decode::{Attribute, Endian, Level, Message, Policies, attributes, genl};

use crate::messages::packet::Packet;

/// `CTRL_CMD_*` of linux/genetlink.h.
const NEWFAMILY: u8 = libc::CTRL_CMD_NEWFAMILY as u8;
pub(crate) const GETPOLICY: u8 = 10;

/// `CTRL_ATTR_*`.
const FAMILY_ID: u16 = libc::CTRL_ATTR_FAMILY_ID as u16;
const FAMILY_NAME: u16 = libc::CTRL_ATTR_FAMILY_NAME as u16;
const VERSION: u16 = libc::CTRL_ATTR_VERSION as u16;
const HDRSIZE: u16 = libc::CTRL_ATTR_HDRSIZE as u16;
const MAXATTR: u16 = libc::CTRL_ATTR_MAXATTR as u16;
const OPS: u16 = libc::CTRL_ATTR_OPS as u16;
const MCAST_GROUPS: u16 = libc::CTRL_ATTR_MCAST_GROUPS as u16;
const OP_ID: u16 = libc::CTRL_ATTR_OP_ID as u16;
const OP_FLAGS: u16 = libc::CTRL_ATTR_OP_FLAGS as u16;
const GROUP_NAME: u16 = libc::CTRL_ATTR_MCAST_GRP_NAME as u16;
const GROUP_ID: u16 = libc::CTRL_ATTR_MCAST_GRP_ID as u16;

/// The most families that are remembered; numbers have 16 bits, and a file may
/// have many taps.
const MOST_FAMILIES: usize = 1 << 16;

/// The most bytes of answers about families that are remembered; a machine has about 16 KiB.
const MOST_BYTES: usize = 1 << 24;

/// The most dumps of policies that are remembered, of one family and of all: indexes
/// of policies mean something within a dump only.
const MOST_DUMPS: usize = 8;
const MOST_POLICIES: usize = 1 << 8;

/// A family, as the controller has it.
#[derive(Debug, Default)]
pub(crate) struct RegisteredFamily {
    pub(crate) number: u16,
    pub(crate) name: Rc<str>,
    pub(crate) version: u32,
    /// Bytes of the family's own header before the attributes.
    pub(crate) header: u32,
    /// The greatest number of an attribute at the top of a request.
    pub(crate) most_attribute: u32,
    /// Operations by number, with their `GENL_*` flags.
    pub(crate) operations: Vec<(u32, u32)>,
    /// Multicast groups by name and number.
    pub(crate) groups: Vec<(String, u32)>,
    /// What it was learnt from: programs ask for the same again and again.
    said: Box<[u8]>,
}

/// A dump of policies: the sequence number and port id of its parts, and what they say.
type Dump = ((u32, u32), Policies);

/// What the controller has said so far: families by tap and number.
#[derive(Debug, Default)]
pub(crate) struct Controller {
    families: HashMap<(u32, u16), RegisteredFamily>,
    /// On which tap a number was learnt last.
    taps: HashMap<u16, u32>,
    policies: HashMap<(u32, u16), Vec<Dump>>,
    dumps: usize,
    bytes: usize,
}

impl Controller {
    /// Learns from a message of the controller; whether a number has another name
    /// now.
    pub(crate) fn learn(&mut self, packet: &Packet<'_>, message: &Message<'_>) -> bool {
        if message.is_request() {
            return false;
        }
        let Some(answer) = genl(message.payload) else {
            return false;
        };
        let endian = packet.endian;
        let (mut number, mut name) = (None, None);
        for it in attributes(answer.payload, endian).flatten() {
            match it.number {
                FAMILY_ID => number = it.u16(endian),
                FAMILY_NAME => name = it.str(),
                _ => {}
            }
            if number.is_some() && name.is_some() {
                break;
            }
        }
        if answer.command == NEWFAMILY
            && let Some(known) = number.and_then(|it| self.families.get(&(packet.tap, it)))
            && *known.said == *answer.payload
        {
            return false;
        }
        match (number, name) {
            (Some(number), _) if answer.command == GETPOLICY => {
                let dump = (message.sequence, message.port);
                if let Some(policies) = self.dump((packet.tap, number), dump) {
                    policies.learn(attributes(answer.payload, endian), endian);
                }
                false
            }
            (Some(number), Some(name)) => {
                let key = (packet.tap, number);
                let is_new = self.families.get(&key).is_none_or(|it| *it.name != *name);
                if is_new && self.families.len() >= MOST_FAMILIES {
                    return false;
                }
                let known = self.families.entry(key).or_default();
                if is_new {
                    *known = RegisteredFamily {
                        number,
                        name: Rc::from(name),
                        ..RegisteredFamily::default()
                    };
                }
                if answer.command == NEWFAMILY && self.bytes < MOST_BYTES {
                    self.bytes -= known.said.len();
                    known.said = answer.payload.into();
                    self.bytes += known.said.len();
                    known.take(attributes(answer.payload, endian).flatten(), endian);
                }
                self.taps.insert(number, packet.tap);
                is_new
            }
            _ => false,
        }
    }

    /// Where the parts of that dump of a family's policies are gathered.
    fn dump(&mut self, family: (u32, u16), dump: (u32, u32)) -> Option<&mut Policies> {
        let dumps = self.policies.entry(family).or_default();
        if !dumps.iter().any(|(key, _)| *key == dump) {
            if dumps.len() >= MOST_DUMPS || self.dumps >= MOST_POLICIES {
                return None;
            }
            self.dumps += 1;
            dumps.push((dump, Policies::default()));
        }
        let found = dumps.iter_mut().find(|(key, _)| *key == dump);
        found.map(|(_, policies)| policies)
    }

    /// The family of that number.
    pub(crate) fn family(&self, tap: u32, number: u16) -> Option<&RegisteredFamily> {
        let own = self.families.get(&(tap, number));
        own.or_else(|| {
            let other = self.taps.get(&number)?;
            self.families.get(&(*other, number))
        })
    }

    /// All families, by tap and number.
    pub(crate) fn families(&self) -> Vec<&RegisteredFamily> {
        let mut all: Vec<_> = self.families.iter().collect();
        all.sort_by_key(|(key, _)| **key);
        all.into_iter().map(|(_, it)| it).collect()
    }

    /// The attributes of a request by the family's policy. `rest` is what is behind
    /// the generic netlink header and the family's own, `offset` its place.
    pub(crate) fn level<'a>(
        &'a self,
        packet: &Packet<'_>,
        message: &Message<'a>,
        rest: &'a [u8],
        offset: usize,
    ) -> Option<Level<'a>> {
        let command = genl(message.payload)?.command;
        let is_dump = message.is_dump(packet.protocol);
        let of_tap = |tap: u32| {
            let mut dumps = self.policies.get(&(tap, message.kind))?.iter();
            dumps.find_map(|(_, it)| it.level(command, is_dump, packet.endian, rest, offset))
        };
        of_tap(packet.tap).or_else(|| of_tap(*self.taps.get(&message.kind)?))
    }
}

impl RegisteredFamily {
    /// Takes what CTRL_CMD_NEWFAMILY says of it.
    fn take<'a>(&mut self, said: impl Iterator<Item = Attribute<'a>>, endian: Endian) {
        self.operations.clear();
        self.groups.clear();
        for it in said {
            match it.number {
                VERSION => self.version = it.u32(endian).unwrap_or(0),
                HDRSIZE => self.header = it.u32(endian).unwrap_or(0),
                MAXATTR => self.most_attribute = it.u32(endian).unwrap_or(0),
                OPS => {
                    let all = it.attributes(endian).flatten();
                    self.operations.extend(all.filter_map(|it| {
                        let id = number_in(&it, OP_ID, endian)?;
                        Some((id, number_in(&it, OP_FLAGS, endian).unwrap_or(0)))
                    }));
                }
                MCAST_GROUPS => {
                    let all = it.attributes(endian).flatten();
                    self.groups.extend(all.filter_map(|it| {
                        let mut inner = it.attributes(endian).flatten();
                        let name = inner.find(|it| it.number == GROUP_NAME)?;
                        Some((name.str()?.to_owned(), number_in(&it, GROUP_ID, endian)?))
                    }));
                }
                _ => {}
            }
        }
    }
}

/// The u32 of that number in a nest.
fn number_in(nest: &Attribute<'_>, number: u16, endian: Endian) -> Option<u32> {
    let mut all = nest.attributes(endian).flatten();
    all.find(|it| it.number == number)?.u32(endian)
}
