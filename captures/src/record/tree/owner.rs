// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose message it is: what the supervisor learnt of the tree's sockets, held
//! against the frames of the tap.
//!
//! # Design decisions
//!
//! - A request is known by its bytes: the sender waits while they are read, and
//!   the tap shows the same bytes between then and its next call. Its nlmsg_pid
//!   says nothing, most programs leave it 0.
//! - An answer is known by the port id it is for and the sequence number of a
//!   request from there.
//! - A change that a process asks for is told to others under the asker's port
//!   id and sequence number: such a notification is no answer.
//! - All is decided by the frames' own times, since they are read later.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use nl_dissector::decode::{Endian, Message, flags, messages};

use super::groups::{Groups, could_be_to};
use super::tasks::Program;
use crate::file::writer::Frame;

/// How many sent messages wait for their frame, and how many requests for their
/// answers.
const SENT: usize = 4096;
const REQUESTS: usize = 1 << 16;

/// How long, and how many, sent messages are kept after their frame.
const KEPT: Duration = Duration::from_secs(1);
const MATCHED: usize = 256;

/// Bytes of sent messages that wait for their frame.
const SENT_BYTES: usize = 1 << 24;

/// Message types below are the same in all netlink protocols.
const FIRST_TYPE: u16 = libc::NLMSG_MIN_TYPE as u16;

/// Flag of a request whose notification its sender gets too: NLM_F_ECHO.
const ECHO: u16 = 0x08;

/// Which way a message goes, seen from the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The process sent it.
    Outbound,
    /// The process received it.
    Inbound,
}

/// How an owner is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The kernel said so while the call waited, or it answers such a message.
    Exact,
    /// By the port id of a socket of the tree.
    Port,
    /// By the multicast groups of a socket of the tree.
    Group,
}

/// A descriptor of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) program: Rc<Program>,
    pub(crate) fd: i32,
}

/// Which socket: its netlink protocol and port id in one network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Port {
    pub(super) protocol: u16,
    pub(super) number: u32,
}

/// A socket of the tree, by its cookie.
struct Socket {
    port: Port,
    groups: Groups,
    owner: Owner,
}

/// What a task is about to send.
#[derive(Clone)]
struct Sent {
    since: Duration,
    /// When its task made another call, and so this one had returned.
    until: Option<Duration>,
    port: Port,
    owner: Owner,
    bytes: Rc<[u8]>,
}

/// A request of the tree that was on the tap.
struct Request {
    owner: Owner,
    change: bool,
}

/// All that is known.
#[derive(Default)]
pub(in crate::record) struct Owners {
    sockets: HashMap<u64, Socket>,
    /// Who had the port id from when on.
    ports: HashMap<Port, Vec<(Duration, Owner)>>,
    sent: VecDeque<Sent>,
    /// What was sent, with the time of its frame.
    matched: VecDeque<(Duration, Sent)>,
    requests: HashMap<(Port, u32), Request>,
    /// The keys of `requests`, oldest first.
    order: VecDeque<(Port, u32)>,
    /// Groups of each generic netlink family.
    families: HashMap<u16, Vec<u32>>,
}

/// What is known of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) direction: Direction,
    /// The tree's owners, several for a multicast; none where it is nobody's.
    pub(crate) owners: Vec<Owner>,
    pub(crate) certainty: Certainty,
}

impl Owners {
    /// Learns a generic netlink family's multicast groups.
    pub(in crate::record) fn learn_family(&mut self, number: u16, groups: Vec<u32>) {
        self.families.insert(number, groups);
    }

    /// A socket is used by `owner`, and has this port id from now on; 0 where it
    /// is not bound yet.
    pub(super) fn uses(&mut self, now: Duration, cookie: u64, port: Port, owner: &Owner) {
        let socket = self.sockets.entry(cookie).or_insert_with(|| Socket {
            port,
            groups: Groups::default(),
            owner: owner.clone(),
        });
        socket.port = port;
        socket.owner = owner.clone();
        if port.number != 0 {
            let had = self.ports.entry(port).or_default();
            if had.last().is_none_or(|(_, last)| last != owner) {
                had.push((now, owner.clone()));
            }
        }
    }

    /// The groups that a socket of the tree has joined.
    pub(super) fn groups(&mut self, cookie: u64) -> Option<&mut Groups> {
        self.sockets
            .get_mut(&cookie)
            .map(|socket| &mut socket.groups)
    }

    /// A task is about to send this.
    pub(super) fn sends(&mut self, now: Duration, port: Port, owner: Owner, bytes: Vec<u8>) {
        let mut held: usize = self.sent.iter().map(|sent| sent.bytes.len()).sum();
        while held > SENT_BYTES || self.sent.len() >= SENT {
            held -= self.sent.pop_front().map_or(held, |sent| sent.bytes.len());
        }
        self.sent.push_back(Sent {
            since: now,
            until: None,
            port,
            owner,
            bytes: bytes.into(),
        });
    }

    /// The thread makes a call, and so the one before has returned.
    pub(super) fn calls(&mut self, now: Duration, tid: i32) {
        for sent in &mut self.sent {
            if sent.until.is_none() && sent.owner.program.tid == tid {
                sent.until = Some(now);
            }
        }
    }

    /// Whose a frame is.
    pub(in crate::record) fn whose(&mut self, frame: &Frame<'_>) -> Known {
        if let Some(owner) = self.take_sent(frame) {
            return Known {
                direction: Direction::Outbound,
                owners: vec![owner],
                certainty: Certainty::Exact,
            };
        }
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let direction = match &first {
            Some(message) if message.flags & flags::REQUEST != 0 => Direction::Outbound,
            _ => Direction::Inbound,
        };
        let (owners, certainty) = match (first, direction) {
            (Some(message), Direction::Inbound) => self.received(frame, &message),
            (Some(message), Direction::Outbound) => {
                // Written, not sent: but with the port id in it.
                let owner = self.at_port(frame, message.port).cloned();
                (owner.into_iter().collect(), Certainty::Port)
            }
            (None, _) => (Vec::new(), Certainty::Port),
        };
        Known {
            direction,
            owners,
            certainty,
        }
    }

    /// The sender of what is on the tap, where it is one of the tree.
    fn take_sent(&mut self, frame: &Frame<'_>) -> Option<Owner> {
        let old = frame.time.saturating_sub(KEPT);
        // What has returned long ago was refused, or went into another namespace.
        while (self.sent.front()).is_some_and(|sent| sent.until.unwrap_or(Duration::MAX) < old) {
            self.sent.pop_front();
        }
        while (self.matched.front()).is_some_and(|(time, _)| *time < old)
            || self.matched.len() > MATCHED
        {
            self.matched.pop_front();
        }
        let fitting = self
            .sent
            .iter()
            .enumerate()
            .filter(|(_, sent)| sent.is(frame) && sent.was_under_way(frame.time));
        // Of several that sent the same, the one that was back first.
        let first =
            fitting.min_by_key(|(_, sent)| (sent.until.unwrap_or(Duration::MAX), sent.since));
        let at = first.map(|(at, _)| at).or_else(|| self.exchange(frame))?;
        let sent = self.sent.remove(at)?;
        self.matched.push_back((frame.time, sent.clone()));
        for message in messages(&sent.bytes, Endian::native()).flatten() {
            if message.flags & flags::REQUEST != 0 {
                let request = Request {
                    owner: sent.owner.clone(),
                    change: is_change(sent.port.protocol, &message),
                };
                self.remember((sent.port, message.sequence), request);
            }
        }
        Some(sent.owner)
    }

    /// Where several sent the same at the same time, an earlier frame may have been
    /// given to one that was still under way, and was of one that was not: then
    /// this frame takes the place that is left.
    fn exchange(&self, frame: &Frame<'_>) -> Option<usize> {
        let under_way = self
            .matched
            .iter()
            .filter(|(_, sent)| sent.is(frame) && sent.was_under_way(frame.time));
        let times: Vec<_> = under_way.map(|(time, _)| *time).collect();
        self.sent
            .iter()
            .position(|sent| sent.is(frame) && times.iter().any(|time| sent.was_under_way(*time)))
    }

    fn remember(&mut self, key: (Port, u32), request: Request) {
        if self.requests.insert(key, request).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REQUESTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.requests.remove(&oldest);
        }
    }

    fn at_port(&self, frame: &Frame<'_>, number: u32) -> Option<&Owner> {
        let protocol = frame.header.protocol;
        let had = self.ports.get(&Port { protocol, number })?;
        let at = had.partition_point(|(since, _)| *since <= frame.time);
        had.get(at.checked_sub(1)?).map(|(_, owner)| owner)
    }

    fn received(&mut self, frame: &Frame<'_>, message: &Message<'_>) -> (Vec<Owner>, Certainty) {
        let port = Port {
            protocol: frame.header.protocol,
            number: message.port,
        };
        if let Some(request) = self.requests.get_mut(&(port, message.sequence)) {
            let answer = message.kind < FIRST_TYPE || !request.change;
            if answer {
                return (vec![request.owner.clone()], Certainty::Exact);
            }
        } else if message.port != 0
            && let Some(owner) = self.at_port(frame, message.port)
        {
            // Of several that send the same, another was given this one's frame.
            let asked = self.sent.iter().any(|sent| {
                sent.port == port
                    && sent.was_under_way(frame.time)
                    && messages(&sent.bytes, Endian::native())
                        .flatten()
                        .any(|request| request.sequence == message.sequence)
            });
            let certainty = if asked {
                Certainty::Exact
            } else {
                Certainty::Port
            };
            return (vec![owner.clone()], certainty);
        }
        let members = self.sockets.values().filter(|socket| {
            socket.port.protocol == port.protocol
                && could_be_to(&socket.groups, port.protocol, message, &self.families)
        });
        let mut owners: Vec<_> = members.map(|socket| socket.owner.clone()).collect();
        owners.sort_by_key(|owner| (owner.program.tid, owner.fd));
        (owners, Certainty::Group)
    }
}

impl Sent {
    /// Whether the frame has its bytes.
    fn is(&self, frame: &Frame<'_>) -> bool {
        self.port.protocol == frame.header.protocol
            && self.bytes.len() == frame.original_length as usize
            && self.bytes.starts_with(frame.messages)
    }

    /// Whether the call was being made then.
    fn was_under_way(&self, time: Duration) -> bool {
        self.since <= time && self.until.is_none_or(|until| time <= until)
    }
}

/// Whether a request asks for a change, of which others are told under its port
/// id and sequence number.
fn is_change(protocol: u16, message: &Message<'_>) -> bool {
    if message.flags & ECHO != 0 {
        return false;
    }
    match i32::from(protocol) {
        // Types come in fours, RTM_NEW, RTM_DEL, RTM_GET and RTM_SET.
        libc::NETLINK_ROUTE => message.kind & 3 != 2,
        // XFRM_MSG_NEWSA, DELSA, NEWPOLICY, DELPOLICY, UPDPOLICY, UPDSA,
        // FLUSHSA, FLUSHPOLICY.
        libc::NETLINK_XFRM => {
            matches!(
                message.kind,
                0x10 | 0x11 | 0x13 | 0x14 | 0x19 | 0x1a | 0x1c | 0x1d
            )
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "owner_tests.rs"]
mod tests;
