// SPDX-License-Identifier: GPL-2.0-or-later
//! What is counted in a recording. The meaning of each figure is in the help of
//! `nlcap report`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem::offset_of;
use std::time::Duration;

use nl_dissector::decode::{
    Attribute, Attributes, Endian, Message, attributes, flags, genl, messages,
};
use nl_dissector::model::nl_util;

use crate::file::reader::Packet;

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
const GENERIC: u16 = libc::NETLINK_GENERIC as u16;
/// Message types below are the same in all netlink protocols.
const FIRST_TYPE: u16 = libc::NLMSG_MIN_TYPE as u16;
/// The controller, the one family whose number is fixed.
const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;
const FAMILY_ID: u16 = libc::CTRL_ATTR_FAMILY_ID as u16;
const FAMILY_NAME: u16 = libc::CTRL_ATTR_FAMILY_NAME as u16;
/// What is needed of our family to know an interface in its answers.
#[derive(Debug)]
pub(super) struct Listing {
    family: String,
    netdev: u16,
    ifindex: u16,
}

impl Listing {
    /// As the built-in specification has it; None where it has no such attributes.
    pub(super) fn of_nl_util() -> Option<Self> {
        let family = nl_util();
        let number = |set, name| Some(family[family.set(set)?].by_name(name)?.number);
        Some(Self {
            netdev: number("nl-util", "netdev")?,
            ifindex: number("netdev", "ifindex")?,
            family: family.name,
        })
    }
}

/// The figures of a recording.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    pub(super) answers: u64,
    pub(super) refused: u64,
    /// Indexes of the interfaces that answers list.
    pub(super) interfaces: BTreeSet<u32>,
    /// Bytes of the answers that list interfaces.
    pub(super) listing_bytes: u64,
    pub(super) first_request: Option<Duration>,
    pub(super) last_answer: Option<Duration>,
    pub(super) lost: Option<u64>,
}

impl Figures {
    /// From the first request to the last answer.
    pub(super) fn time(&self) -> Option<Duration> {
        self.last_answer?.checked_sub(self.first_request?)
    }
}

/// Counts a recording, packet by packet.
pub(super) struct Counter<'a> {
    listing: &'a Listing,
    pub(super) figures: Figures,
    /// Netlink protocol and sequence number of the requests so far.
    asked: HashSet<(u16, u32)>,
    /// The last sequence number for each netlink protocol and message type.
    last_asked: HashMap<(u16, u16), u32>,
    /// The number that the controller gave our family.
    family: Option<u16>,
    /// The byte order of the packet at hand.
    endian: Endian,
}

impl<'a> Counter<'a> {
    /// Counts nothing yet.
    pub(super) fn new(listing: &'a Listing) -> Self {
        Self {
            listing,
            figures: Figures::default(),
            asked: HashSet::new(),
            last_asked: HashMap::new(),
            family: None,
            endian: Endian::native(),
        }
    }

    /// Counts a packet.
    pub(super) fn add(&mut self, packet: &Packet<'_>) {
        self.endian = packet.endian;
        for message in messages(packet.messages, packet.endian).flatten() {
            if (packet.protocol, message.kind) == (GENERIC, CONTROLLER) {
                self.learn_family(&message);
            }
            if !packet.added {
                self.count(packet, &message);
            }
        }
    }

    fn count(&mut self, packet: &Packet<'_>, message: &Message<'_>) {
        let figures = &mut self.figures;
        figures.messages += 1;
        figures.bytes += u64::from(message.length);
        if message.flags & flags::REQUEST != 0 && message.kind >= FIRST_TYPE {
            figures.requests += 1;
            figures.first_request.get_or_insert(packet.time);
            self.asked.insert((packet.protocol, message.sequence));
            self.last_asked
                .insert((packet.protocol, message.kind), message.sequence);
        } else if self.is_answer(packet.protocol, message) {
            self.count_answer(packet, message);
        }
    }

    fn is_answer(&self, protocol: u16, message: &Message<'_>) -> bool {
        // Modules of our family exist that answer with the next number.
        let is_next = || {
            let last = self.last_asked.get(&(protocol, message.kind));
            self.is_ours(protocol, message)
                && last.map(|last| last.wrapping_add(1)) == Some(message.sequence)
        };
        self.asked.contains(&(protocol, message.sequence)) || is_next()
    }

    fn count_answer(&mut self, packet: &Packet<'_>, message: &Message<'_>) {
        let interfaces = self.interfaces(packet.protocol, message);
        let figures = &mut self.figures;
        figures.answers += 1;
        figures.last_answer = Some(packet.time);
        // An errno of 0 acknowledges.
        if message.errno(self.endian).is_some_and(|errno| errno != 0) {
            figures.refused += 1;
        }
        if let Some(interfaces) = interfaces {
            figures.listing_bytes += u64::from(message.length);
            figures.interfaces.extend(interfaces);
        }
    }

    /// The interfaces that an answer lists; None where it is no list of them.
    fn interfaces(&self, protocol: u16, message: &Message<'_>) -> Option<Vec<u32>> {
        if (protocol, message.kind) == (ROUTE, libc::RTM_NEWLINK) {
            let index = message
                .payload
                .get(offset_of!(libc::ifinfomsg, ifi_index)..)?;
            return Some(self.endian.u32(index).into_iter().collect());
        }
        self.is_ours(protocol, message).then_some(())?;
        let netdevs = numbered(
            attributes(genl(message.payload)?.payload, self.endian),
            self.listing.netdev,
        );
        let index = |netdev: Attribute<'_>| {
            numbered(netdev.attributes(self.endian), self.listing.ifindex)
                .next()?
                .u32(self.endian)
        };
        Some(netdevs.filter_map(index).collect())
    }

    fn is_ours(&self, protocol: u16, message: &Message<'_>) -> bool {
        protocol == GENERIC && self.family == Some(message.kind)
    }

    /// Learns our family's number from an answer of the controller.
    fn learn_family(&mut self, message: &Message<'_>) {
        let Some(answer) = genl(message.payload) else {
            return;
        };
        let all = attributes(answer.payload, self.endian);
        let name = numbered(all.clone(), FAMILY_NAME).find_map(|name| name.str());
        let number = numbered(all, FAMILY_ID).find_map(|number| number.u16(self.endian));
        if name == Some(&self.listing.family) {
            self.family = number.or(self.family);
        }
    }
}

/// The attributes of this number.
fn numbered<'a>(all: Attributes<'a>, number: u16) -> impl Iterator<Item = Attribute<'a>> {
    all.flatten()
        .filter(move |attribute| attribute.number == number)
}
