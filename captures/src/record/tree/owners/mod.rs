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

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::Namespaces;
use super::groups::Groups;
use super::multicast::Heard;
use super::owner::{Certainty, Event, Owner, Port, Told};
use super::seen::Seen;
use super::sent::Datagram;
use super::table::Table;
use crate::record::privilege::raised;

/// How many sent messages wait for their frame, and how many bytes.
const SENT: usize = 4096;
const SENT_BYTES: usize = 1 << 24;

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
    /// Its bytes, or the first of them; how many there are.
    bytes: Rc<[u8]>,
    length: usize,
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
    pub(super) fn sends(&mut self, now: Duration, port: Port, owner: Owner, sent: Datagram) {
        let mut held: usize = self.sent.iter().map(|sent| sent.bytes.len()).sum();
        while held > SENT_BYTES || self.sent.len() >= SENT {
            held -= self.sent.pop_front().map_or(held, |sent| sent.bytes.len());
        }
        self.sent.push_back(Sent {
            since: now,
            until: None,
            port,
            owner,
            length: sent.length,
            bytes: sent.bytes.into(),
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
}

#[cfg(test)]
mod tests;
