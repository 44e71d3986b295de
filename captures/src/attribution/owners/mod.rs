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

mod frames;
mod ports;

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use self::ports::{Had, OWN};
use super::Namespaces;
use super::gaps::Gaps;
use super::groups::Groups;
use super::makers::Makers;
use super::multicast::Heard;
use super::owner::{Event, Owner, Port, Told};
use super::seen::Seen;
use super::sent::Datagram;
use super::table::Table;
use crate::messages::process::Certainty;
use crate::sys::clock::{Clock, now};
use crate::sys::privilege::raised;

/// How many sent messages wait for their frame, and how many bytes.
const SENT: usize = 4096;
const SENT_BYTES: usize = 1 << 24;

/// From how many sockets on it is looked which of them have ended.
const CROWD: usize = 1024;

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
    /// A port id that it asked for, where it is not known whether it got it.
    claim: Option<Port>,
    /// It has a port id, or asked for one: without, it is not in the kernel's table.
    is_bound: bool,
    /// When it was last known to have none.
    unbound: Duration,
    /// Since when it has not been in that table, or not yet.
    ended: Option<Duration>,
}

/// What a task is about to send.
#[derive(Clone)]
struct Sent {
    since: Duration,
    /// When its task made another call, and so this one had returned.
    until: Option<Duration>,
    port: Port,
    /// Of its socket.
    inode: u64,
    owner: Owner,
    /// Its bytes, or the first of them; how many there are.
    bytes: Rc<[u8]>,
    length: usize,
}

/// A request of the tree that was on the tap.
#[derive(Clone)]
struct Request {
    owner: Owner,
    /// Of its socket.
    inode: u64,
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
pub(crate) struct Owners {
    sockets: HashMap<u64, Socket>,
    ports: HashMap<Port, Vec<Had>>,
    sent: VecDeque<Sent>,
    /// What was sent, with the time of its frame.
    matched: VecDeque<(Duration, Sent)>,
    requests: HashMap<(Port, u32), Request>,
    /// The keys of `requests`, oldest first.
    order: VecDeque<(Port, u32)>,
    heard: Heard,
    /// The sockets of an interface's namespace, where these were looked for.
    tables: HashMap<u32, Table>,
    /// When the tables were read.
    looked: Duration,
    /// With more sockets it is looked again.
    crowd: usize,
    /// Sockets that had no port id when they were seen.
    unbound: HashSet<u64>,
    /// Processes whose sockets were not all seen.
    pub(super) makers: Makers,
    /// Numbers of requests that were not told, but answered.
    untold: HashSet<(Port, u32)>,
    /// What is sent is told: there is a supervisor.
    is_told: bool,
    clock: Clock,
    /// It was set meanwhile: times of frames may say little.
    pub(crate) clock_was_set: bool,
    /// What is to be told and was not yet.
    events: Vec<Told>,
    /// What was sent and never came to the tap.
    refused: Vec<Sent>,
    /// The subject may send what is not told to us.
    pub(crate) is_blind: bool,
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
        if self.sockets.len() > self.crowd.max(CROWD) {
            self.open_own_table();
            self.look_after(now);
            self.crowd = 2 * self.sockets.len();
        }
        let had = Had::new(now, seen.inode, owner.clone(), certainty);
        self.learn(seen.cookie, port, had, || seen.groups());
        if let Some(drops) = seen.drops() {
            self.has_dropped(now, seen.cookie, drops);
        }
    }

    /// Learns of a socket; `groups` are what it had joined before.
    fn learn(&mut self, cookie: u64, port: Port, had: Had, groups: impl FnOnce() -> Groups) {
        let socket = self.sockets.entry(cookie).or_insert_with(|| Socket {
            port,
            groups: groups(),
            owner: had.owner.clone(),
            certainty: had.certainty,
            drops: 0,
            inode: had.inode,
            claim: None,
            is_bound: false,
            unbound: had.since,
            ended: None,
        });
        socket.port = port;
        socket.ended = None;
        socket.is_bound |= port.number != 0;
        match port.number {
            0 => _ = self.unbound.insert(cookie),
            _ => _ = self.unbound.remove(&cookie),
        }
        socket.owner = had.owner.clone();
        self.has(port, had);
        self.settle(cookie);
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

    /// Whether a socket of this inode was seen before.
    pub(super) fn knows_inode(&self, inode: u64) -> bool {
        self.sockets.values().any(|socket| socket.inode == inode)
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

    /// The socket hears what is said in other network namespaces too.
    pub(super) fn hear_all(&mut self, cookie: u64) {
        if let Some(Socket { port, .. }) = self.sockets.get(&cookie) {
            let place = (port.interface, port.protocol);
            raised(|| self.heard.widen(place));
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
        let is_wanted = interface != OWN || socket.groups.iter().next().is_some();
        if is_wanted
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

    /// Looks whether the clock was set, and if so begins anew where a time is waited for.
    pub(crate) fn watch_clock(&mut self) {
        if self.clock.was_set() {
            self.begin_anew(now());
        }
    }

    fn begin_anew(&mut self, now: Duration) {
        self.clock_was_set = true;
        self.heard.renew(now);
        self.forget_ended();
        self.makers.renew(now);
        self.looked = Duration::ZERO;
        for sent in &mut self.sent {
            sent.since = Duration::ZERO;
            sent.until = sent.until.max(sent.until.map(|_| now));
        }
        self.matched.clear();
    }

    /// Adds what could not be heard.
    pub(crate) fn add_gaps(&self, gaps: &mut Gaps) {
        gaps.unheard += self.heard.deaf;
        gaps.narrow += self.heard.narrow;
        gaps.untold += self.untold.len() as u64;
    }

    /// What there is to be told besides frames.
    pub(crate) fn events(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.events)
    }

    /// The messages that were to be sent and never came to the tap, when no more frames
    /// come.
    pub(crate) fn refused(&mut self) -> impl Iterator<Item = Told> {
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

    /// A task is about to send this by the socket of an inode.
    pub(super) fn sends(
        &mut self,
        now: Duration,
        port: Port,
        inode: u64,
        owner: Owner,
        sent: Datagram,
    ) {
        let mut held: usize = self.sent.iter().map(|sent| sent.bytes.len()).sum();
        while held > SENT_BYTES || self.sent.len() >= SENT {
            held -= self.sent.pop_front().map_or(held, |sent| sent.bytes.len());
        }
        self.sent.push_back(Sent {
            since: now,
            until: None,
            port,
            inode,
            owner,
            length: sent.length,
            bytes: sent.bytes.into(),
        });
    }

    /// The thread makes a call, and so the one before has returned.
    pub(super) fn calls(&mut self, now: Duration, tid: i32) {
        self.is_told = true;
        for sent in &mut self.sent {
            if sent.until.is_none() && sent.owner.program.tid == tid {
                sent.until = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
