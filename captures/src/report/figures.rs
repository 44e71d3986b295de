// SPDX-License-Identifier: GPL-2.0-or-later
//! What is counted in a recording. The meaning of each figure is in the help of
//! `nlcap report`.

use std::mem::offset_of;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use crate::file::reader::Packet;
use crate::netlink::{A_NETDEV, FAMILY, Message, NESTED_A_IFINDEX, attributes, messages};

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
const GENERIC: u16 = libc::NETLINK_GENERIC as u16;
const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const ERROR: u16 = libc::NLMSG_ERROR as u16;
/// Message types below are the same in all netlink protocols.
const FIRST_TYPE: u16 = 0x10;
/// The controller, the one family whose number is fixed.
const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;
const FAMILY_ID: u16 = libc::CTRL_ATTR_FAMILY_ID as u16;
const FAMILY_NAME: u16 = libc::CTRL_ATTR_FAMILY_NAME as u16;
/// Bytes of a generic netlink header.
const GENERIC_HEADER: usize = 4;

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
    /// Netlink protocol and sequence number of the requests so far.
    asked: HashSet<(u16, u32)>,
    /// The last sequence number for each netlink protocol and message type.
    last_asked: HashMap<(u16, u16), u32>,
    /// The number of our family, which the controller gave out.
    family: Option<u16>,
}

impl Figures {
    /// Counts a packet.
    pub(super) fn add(&mut self, packet: &Packet<'_>) {
        for message in messages(packet.messages) {
            self.learn_family(packet.protocol, &message);
            if !packet.added {
                self.count(packet, &message);
            }
        }
    }

    /// What takes how long from the first request to the last answer.
    pub(super) fn time(&self) -> Option<Duration> {
        self.last_answer?.checked_sub(self.first_request?)
    }

    fn count(&mut self, packet: &Packet<'_>, message: &Message<'_>) {
        self.messages += 1;
        self.bytes += u64::from(message.length);
        if message.flags & REQUEST != 0 && message.kind >= FIRST_TYPE {
            self.requests += 1;
            self.asked.insert((packet.protocol, message.sequence));
            self.last_asked.insert((packet.protocol, message.kind), message.sequence);
            self.first_request.get_or_insert(packet.time);
        } else if self.is_answer(packet.protocol, message) {
            self.answers += 1;
            self.last_answer = Some(packet.time);
            if is_refusal(message) {
                self.refused += 1;
            }
            if self.list(packet.protocol, message) {
                self.listing_bytes += u64::from(message.length);
            }
        }
    }

    /// Learns our family's number from an answer of the controller.
    fn learn_family(&mut self, protocol: u16, message: &Message<'_>) {
        if (protocol, message.kind) != (GENERIC, CONTROLLER) {
            return;
        }
        let (mut number, mut ours) = (None, false);
        for (kind, value) in attributes(message.payload.get(GENERIC_HEADER..).unwrap_or(&[])) {
            match kind {
                FAMILY_ID => number = value.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes)),
                FAMILY_NAME => ours = value.strip_suffix(b"\0") == Some(FAMILY.as_bytes()),
                _ => {}
            }
        }
        if let (Some(number), true) = (number, ours) {
            self.family = Some(number);
        }
    }

    fn is_answer(&self, protocol: u16, message: &Message<'_>) -> bool {
        let sequence = message.sequence;
        self.asked.contains(&(protocol, sequence))
            // A module of this family exists that answers with the next number.
            || (self.family == Some(message.kind)
                && self.last_asked.get(&(protocol, message.kind)).map(|last| last.wrapping_add(1))
                    == Some(sequence))
    }

    /// Notes the interfaces that an answer lists; false where it is no list.
    fn list(&mut self, protocol: u16, message: &Message<'_>) -> bool {
        if (protocol, message.kind) == (ROUTE, libc::RTM_NEWLINK) {
            let index = message.payload.get(offset_of!(libc::ifinfomsg, ifi_index)..);
            self.interfaces.extend(index.and_then(number));
            return true;
        }
        if protocol != GENERIC || self.family != Some(message.kind) {
            return false;
        }
        for (kind, netdev) in attributes(message.payload.get(GENERIC_HEADER..).unwrap_or(&[])) {
            if kind == A_NETDEV {
                let index = attributes(netdev).find(|(kind, _)| *kind == NESTED_A_IFINDEX);
                self.interfaces.extend(index.and_then(|(_, value)| number(value)));
            }
        }
        true
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// Whether the message is an error, and no acknowledgement.
fn is_refusal(message: &Message<'_>) -> bool {
    message.kind == ERROR && number(message.payload).is_some_and(|error| error != 0)
}
