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
//! - What was said to us too, in a group that the tree has joined, is a multicast.
//! - A sent message that does not come to the tap was refused: the kernel shows the tap
//!   what it takes.
//! - All is decided by the frames' own times, since they are read later.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use nl_dissector::decode::{Endian, Message, flags, messages};

use super::Namespaces;
use super::groups::Groups;
use super::multicast::{Copy, Heard};
use super::owner::{Certainty, Direction, Event, Known, Owner, Port, Told};
use super::seen::Seen;
use super::table::Table;
use crate::file::writer::Frame;
use crate::record::families::now;
use crate::record::privilege::raised;

/// How many sent messages wait for their frame, and how many requests for their
/// answers.
const SENT: usize = 4096;
const REQUESTS: usize = 1 << 16;

/// How long, and how many, sent messages are kept after their frame.
const KEPT: Duration = Duration::from_secs(1);
const MATCHED: usize = 256;

/// How many messages that never came to the tap are kept.
const REFUSED: usize = 1024;

/// Bytes of sent messages that wait for their frame.
const SENT_BYTES: usize = 1 << 24;

/// Message types below are the same in all netlink protocols.
const FIRST_TYPE: u16 = libc::NLMSG_MIN_TYPE as u16;

/// Flag of a request whose notification its sender gets too: NLM_F_ECHO.
const ECHO: u16 = 0x08;

/// Who had a port id from when on, and how that is known.
struct Had {
    since: Duration,
    owner: Owner,
    certainty: Certainty,
}

/// A socket of the tree, by its cookie.
struct Socket {
    port: Port,
    groups: Groups,
    owner: Owner,
    /// Of what is known by its port id.
    certainty: Certainty,
    /// Messages that it had no room for, as far as is known.
    drops: u32,
    inode: u64,
    /// It was in the kernel's table.
    listed: bool,
    /// Since when it has not been there any more.
    ended: Option<Duration>,
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

/// What is known of the request that a message may answer.
enum Asked {
    /// It is an answer to this owner's request.
    Answer(Owner),
    /// It tells others of the change that was asked for.
    Change,
    /// No such request was seen.
    Unseen,
}

/// All that is known.
#[derive(Default)]
pub(in crate::record) struct Owners {
    sockets: HashMap<u64, Socket>,
    ports: HashMap<Port, Vec<Had>>,
    sent: VecDeque<Sent>,
    /// What was sent, with the time of its frame.
    matched: VecDeque<(Duration, Sent)>,
    requests: HashMap<(Port, u32), Request>,
    /// The keys of `requests`, oldest first.
    order: VecDeque<(Port, u32)>,
    heard: Heard,
    /// The sockets of each interface's namespace in which there are members of groups.
    tables: HashMap<u32, Table>,
    /// When these were read.
    looked: Duration,
    /// What is to be told and was not yet.
    events: Vec<Told>,
    /// What was sent and never came to the tap.
    refused: Vec<Sent>,
    /// The subject may send what is not told to us.
    pub(in crate::record) is_blind: bool,
}

impl Owners {
    /// A socket is used by `owner`, and has this port id from now on; 0 where it
    /// is not bound yet. `older`: it had one before, and was not seen until now.
    pub(super) fn uses(
        &mut self,
        now: Duration,
        seen: &Seen,
        port: Port,
        owner: &Owner,
        older: bool,
    ) {
        let known = self
            .sockets
            .get(&seen.cookie)
            .map(|socket| socket.certainty);
        let certainty = known.unwrap_or(match older {
            true => Certainty::Guessed,
            false => Certainty::Port,
        });
        let owner = owner.clone();
        let had = Had {
            since: now,
            owner,
            certainty,
        };
        self.learn(seen.cookie, seen.inode, port, had, || seen.groups());
        if let Some(drops) = seen.drops() {
            self.has_dropped(now, seen.cookie, drops);
        }
    }

    /// Learns of a socket; `groups` are what it had joined before.
    fn learn(
        &mut self,
        cookie: u64,
        inode: u64,
        port: Port,
        had: Had,
        groups: impl FnOnce() -> Groups,
    ) {
        let socket = self.sockets.entry(cookie).or_insert_with(|| Socket {
            port,
            groups: groups(),
            owner: had.owner.clone(),
            certainty: had.certainty,
            drops: 0,
            inode,
            listed: false,
            ended: None,
        });
        socket.port = port;
        socket.owner = had.owner.clone();
        self.has(port, had);
    }

    /// Learns who has a port id from now on.
    fn has(&mut self, port: Port, had: Had) {
        if port.number == 0 {
            return;
        }
        let all = self.ports.entry(port).or_default();
        if all.last().is_none_or(|last| last.owner != had.owner) {
            all.push(had);
        }
    }

    /// Learns how many messages a socket of the tree had no room for.
    pub(super) fn has_dropped(&mut self, now: Duration, cookie: u64, drops: u32) {
        let Some(socket) = self.sockets.get_mut(&cookie) else {
            return;
        };
        if drops == socket.drops {
            return;
        }
        socket.drops = drops;
        self.events.push(Told {
            time: now,
            interface: socket.port.interface,
            protocol: socket.port.protocol,
            port: socket.port.number,
            owner: socket.owner.clone(),
            event: Event::Dropped(drops),
        });
    }

    /// Whether the socket was seen before.
    pub(super) fn knows(&self, cookie: u64) -> bool {
        self.sockets.contains_key(&cookie)
    }

    /// The descriptors by which a process has used sockets, and the sockets' cookies.
    pub(super) fn descriptors(&self, pid: i32) -> Vec<(i32, u64)> {
        self.sockets
            .iter()
            .filter(|(_, socket)| socket.owner.program.pid == pid)
            .map(|(cookie, socket)| (socket.owner.fd, *cookie))
            .collect()
    }

    /// Changes the groups of a socket of the tree.
    pub(super) fn groups(&mut self, cookie: u64, change: impl FnOnce(&mut Groups)) {
        if let Some(socket) = self.sockets.get_mut(&cookie) {
            change(&mut socket.groups);
        }
    }

    /// Sees to it that we hear what the socket will hear.
    pub(super) fn hear(&mut self, cookie: u64, namespaces: &mut dyn Namespaces) {
        let Some(socket) = self.sockets.get(&cookie) else {
            return;
        };
        let Port {
            interface,
            protocol,
            ..
        } = socket.port;
        if socket.groups.iter().next().is_some()
            && !self.tables.contains_key(&interface)
            && let Ok(table) = namespaces.table(interface)
        {
            self.tables.insert(interface, table);
        }
        for group in socket.groups.iter() {
            let open = || namespaces.socket(interface, protocol);
            let join = || self.heard.join((interface, protocol), group, open);
            if raised(join).is_err() {
                self.heard.deaf += 1;
            }
        }
    }

    /// Looks which members of groups are still there: nobody tells of a close(2).
    pub(super) fn look_after(&mut self, now: Duration) {
        let mut alive = Vec::new();
        for (&interface, table) in &mut self.tables {
            let Ok(rows) = table.rows() else { continue };
            let rows: HashMap<_, _> = rows.iter().map(|row| (row.inode, row)).collect();
            for (cookie, socket) in &mut self.sockets {
                if socket.port.interface != interface || socket.ended.is_some() {
                    continue;
                }
                match rows.get(&socket.inode) {
                    Some(row) => {
                        socket.listed = true;
                        socket.port.number = row.port;
                        let had = Had {
                            since: now,
                            owner: socket.owner.clone(),
                            certainty: socket.certainty,
                        };
                        alive.push((*cookie, socket.port, had, row.drops));
                    }
                    None if socket.listed => socket.ended = Some(now),
                    None => {}
                }
            }
        }
        for (cookie, port, had, drops) in alive {
            self.has(port, had);
            self.has_dropped(now, cookie, drops);
        }
        self.looked = now;
    }

    /// How often multicasts were not heard.
    pub(in crate::record) fn deaf(&self) -> u64 {
        self.heard.deaf
    }

    /// What there is to be told besides frames.
    pub(in crate::record) fn events(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.events)
    }

    /// The messages that were to be sent and never came to the tap, when no more frames
    /// come.
    pub(in crate::record) fn refused(&mut self) -> impl Iterator<Item = Told> {
        let waiting = std::mem::take(&mut self.sent);
        let all = std::mem::take(&mut self.refused).into_iter().chain(waiting);
        all.map(|sent| Told {
            time: sent.since,
            interface: sent.port.interface,
            protocol: sent.port.protocol,
            port: sent.port.number,
            owner: sent.owner,
            event: Event::Refused(sent.bytes.to_vec()),
        })
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

    /// Whose a frame is; None for a copy of a multicast that was for us.
    pub(in crate::record) fn whose(&mut self, frame: &Frame<'_>) -> Option<Known> {
        if let Some(owner) = self.take_sent(frame) {
            let owners = vec![owner];
            return Some(Known::new(Direction::Outbound, owners, Certainty::Exact));
        }
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let direction = match &first {
            Some(message) if message.flags & flags::REQUEST != 0 => Direction::Outbound,
            _ => Direction::Inbound,
        };
        let mut known = Known::new(direction, Vec::new(), self.nobody());
        let Some(message) = first else {
            return Some(known);
        };
        if direction == Direction::Outbound {
            // Not told to us, but with the port id in it.
            if let Some(had) = self.at_port(frame, message.port) {
                (known.owners, known.certainty) = (vec![had.owner.clone()], had.certainty);
            }
            return Some(known);
        }
        let asked = self.asked(frame, &message);
        if let Asked::Answer(owner) = asked {
            (known.owners, known.certainty) = (vec![owner], Certainty::Exact);
            return Some(known);
        }
        match self.heard.copy(frame) {
            Some(Copy::Ours) => return None,
            Some(Copy::First(group)) => known.owners = self.members(frame, group),
            Some(Copy::Another(group)) => {
                known.is_copy = true;
                known.owners = self.members(frame, group);
            }
            None => {
                if let (Asked::Unseen, Some(had)) = (asked, self.at_port(frame, message.port)) {
                    (known.owners, known.certainty) = (vec![had.owner.clone()], had.certainty);
                }
                return Some(known);
            }
        }
        known.certainty = Certainty::Group;
        Some(known)
    }

    /// How it is known that a message is not the subject's.
    fn nobody(&self) -> Certainty {
        if self.is_blind {
            Certainty::Unknown
        } else {
            Certainty::Exact
        }
    }

    /// The sender of what is on the tap, where it is one of the tree.
    fn take_sent(&mut self, frame: &Frame<'_>) -> Option<Owner> {
        let old = frame.time.saturating_sub(KEPT);
        // What has returned long ago was refused.
        while (self.sent.front()).is_some_and(|sent| sent.until.unwrap_or(Duration::MAX) < old) {
            if let Some(sent) = self.sent.pop_front()
                && self.refused.len() < REFUSED
            {
                self.refused.push(sent);
            }
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

    /// Who had a port id when the frame came.
    fn at_port(&self, frame: &Frame<'_>, number: u32) -> Option<&Had> {
        let had = self.ports.get(&Port::of(frame, number))?;
        let at = had.partition_point(|had| had.since <= frame.time);
        had.get(at.checked_sub(1)?)
    }

    /// Who asked for what the message says.
    fn asked(&self, frame: &Frame<'_>, message: &Message<'_>) -> Asked {
        let port = Port::of(frame, message.port);
        if let Some(request) = self.requests.get(&(port, message.sequence)) {
            return match message.kind < FIRST_TYPE || !request.change {
                true => Asked::Answer(request.owner.clone()),
                false => Asked::Change,
            };
        }
        // Of several that send the same, another was given this one's frame.
        let is_sent = self.sent.iter().any(|sent| {
            sent.port == port
                && sent.was_under_way(frame.time)
                && messages(&sent.bytes, Endian::native())
                    .flatten()
                    .any(|request| request.sequence == message.sequence)
        });
        match self.at_port(frame, message.port) {
            Some(had) if is_sent => Asked::Answer(had.owner.clone()),
            _ => Asked::Unseen,
        }
    }

    /// The tree's members of a group.
    fn members(&mut self, frame: &Frame<'_>, group: u32) -> Vec<Owner> {
        if self.looked < frame.time {
            self.look_after(now());
        }
        let place = Port::of(frame, 0);
        let members = self.sockets.values().filter(|socket| {
            let number = 0;
            Port {
                number,
                ..socket.port
            } == place
                && socket.groups.contain(group)
                && socket.ended.is_none_or(|ended| frame.time <= ended)
        });
        let mut owners: Vec<_> = members.map(|socket| socket.owner.clone()).collect();
        owners.sort_by_key(|owner| (owner.program.tid, owner.fd));
        owners
    }
}

impl Sent {
    /// Whether the frame has its bytes.
    fn is(&self, frame: &Frame<'_>) -> bool {
        self.port.interface == frame.interface
            && self.port.protocol == frame.header.protocol
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
        libc::NETLINK_NETFILTER => match message.kind >> 8 {
            // IPCTNL_MSG_CT_NEW and IPCTNL_MSG_CT_DELETE, and of expectations.
            1 | 2 => matches!(message.kind & 0xff, 0 | 2),
            // All but NFT_MSG_GET*, linux/netfilter/nf_tables.h.
            10 => !matches!(
                message.kind & 0xff,
                1 | 4 | 7 | 10 | 13 | 16 | 19 | 21 | 23 | 25 | 26
            ),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
#[path = "owners_tests.rs"]
mod tests;
