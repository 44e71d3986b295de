// SPDX-License-Identifier: GPL-2.0-or-later
//! The subject's sockets.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::super::groups::{ALL_NSID, GroupRequest, Groups, Memberships};
use super::super::multicast::{Audience, Place};
use super::super::owner::{Owner, Port, SocketEvent, SocketEventKind};
use super::super::socket_info::SocketIdentity;
use super::super::socket_table::SocketEntry;
use super::port_bindings::PortBinding;
use crate::messages::process::Certainty;

/// How many sockets are kept that have ended, that never had a port id, and at all: of more,
/// those that ended or were used last the longest ago are forgotten.
const ENDED: usize = 8192;
const UNBOUND: usize = 4096;
const MOST: usize = 32_768;

/// A socket of the subject.
pub(super) struct Socket {
    pub(super) port: Port,
    pub(super) memberships: Memberships,
    /// The task that used it last.
    pub(super) owner: Owner,
    /// Of what is attributed by its port id.
    pub(super) certainty: Certainty,
    /// Messages that it had no room for (sk_drops), as far as is known.
    drops: u32,
    pub(super) inode: u64,
    identity: Option<SocketIdentity>,
    /// A port id that it asked bind(2) for, while the result is not known.
    claim: Option<Port>,
    /// It has a port id, or asked for one: without, it is not in the kernel's table.
    is_bound: bool,
    /// When it was last seen without a port id.
    last_unbound: Duration,
    last_use: Duration,
    /// When it was first missing from the kernel's table, where it was bound and is not there.
    pub(super) ended: Option<Duration>,
}

impl Socket {
    /// Where it hears multicasts.
    pub(super) fn place(&self) -> Place {
        (self.port.interface, self.port.protocol)
    }
}

/// The first of more than so many, to leave three quarters of these.
fn first_of(mut all: Vec<(Duration, u64)>, most: usize) -> impl Iterator<Item = u64> {
    let too_many = match all.len() > most {
        true => all.len() - most / 4 * 3,
        false => 0,
    };
    if too_many > 0 {
        all.select_nth_unstable(too_many - 1);
    }
    all.into_iter().take(too_many).map(|(_, cookie)| cookie)
}

/// A socket that a look at the kernel's table has found: its cookie, and what it has now.
pub(super) struct FoundSocket {
    pub(super) cookie: u64,
    pub(super) port: Port,
    pub(super) binding: PortBinding,
    pub(super) drops: u32,
}

/// All sockets, by the cookies that the kernel gives them, none twice.
#[derive(Default)]
pub(in crate::attribution) struct Sockets {
    by_cookie: HashMap<u64, Socket>,
    /// Their cookies by their inodes.
    by_inode: HashMap<u64, u64>,
    /// Those that had no port id when they were inspected.
    unbound: HashSet<u64>,
    /// How many were forgotten that were there still, as far as is known.
    pub(super) forgotten: u64,
    /// What happened to them and was not reported yet.
    events: Vec<SocketEvent>,
}

impl Sockets {
    pub(super) fn len(&self) -> usize {
        self.by_cookie.len()
    }

    pub(super) fn get(&self, cookie: u64) -> Option<&Socket> {
        self.by_cookie.get(&cookie)
    }

    #[cfg(test)]
    pub(super) fn get_mut(&mut self, cookie: u64) -> Option<&mut Socket> {
        self.by_cookie.get_mut(&cookie)
    }

    /// Whether the socket was inspected before.
    pub(in crate::attribution) fn contains(&self, cookie: u64) -> bool {
        self.by_cookie.contains_key(&cookie)
    }

    /// Whether a socket of this inode was inspected before.
    pub(in crate::attribution) fn contains_inode(&self, inode: u64) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// What never changes of the socket of this inode, where it was inspected before.
    pub(in crate::attribution) fn identity(&self, inode: u64) -> Option<SocketIdentity> {
        self.get(*self.by_inode.get(&inode)?)?.identity
    }

    pub(super) fn set_identity(&mut self, identity: SocketIdentity) {
        if let Some(socket) = self.by_cookie.get_mut(&identity.cookie) {
            socket.identity = Some(identity);
        }
    }

    /// Whether one may have got a port id since it was inspected.
    pub(super) fn has_unbound(&self) -> bool {
        !self.unbound.is_empty()
    }

    /// Those that a process was the last to use.
    pub(super) fn of_process(&self, pid: i32) -> impl Iterator<Item = (u64, &Socket)> {
        let all = self.by_cookie.iter().map(|(cookie, it)| (*cookie, it));
        all.filter(move |(_, socket)| socket.owner.program.pid == pid)
    }

    /// The descriptors by which a process has used sockets, with the sockets' cookies and
    /// inodes.
    pub(in crate::attribution) fn descriptors(&self, pid: i32) -> Vec<(i32, u64, u64)> {
        let all = self.of_process(pid);
        all.map(|(cookie, it)| (it.owner.fd, cookie, it.inode))
            .collect()
    }

    /// The port id that a socket of this inode has, as far as is known.
    pub(super) fn port(&self, inode: u64) -> Option<Port> {
        let cookie = self.by_inode.get(&inode)?;
        self.get(*cookie).map(|socket| socket.port)
    }

    /// Adds a socket, or updates it; `groups` are those it had joined before it was known.
    pub(super) fn update(
        &mut self,
        cookie: u64,
        port: Port,
        binding: &PortBinding,
        groups: impl FnOnce() -> Groups,
    ) {
        self.by_inode.insert(binding.inode, cookie);
        let socket = self.by_cookie.entry(cookie).or_insert_with(|| Socket {
            port,
            memberships: Memberships::old(&groups()),
            owner: binding.owner.clone(),
            certainty: binding.certainty,
            drops: 0,
            inode: binding.inode,
            identity: None,
            claim: None,
            is_bound: false,
            last_unbound: binding.since,
            last_use: binding.since,
            ended: None,
        });
        socket.port = port;
        socket.last_use = binding.since;
        socket.ended = None;
        socket.is_bound |= port.number != 0;
        match port.number {
            0 => _ = self.unbound.insert(cookie),
            _ => _ = self.unbound.remove(&cookie),
        }
        socket.owner = binding.owner.clone();
    }

    /// A socket calls bind(2) for a port id; the claim, unless it has a port id already.
    pub(super) fn claim(
        &mut self,
        now: Duration,
        cookie: u64,
        number: u32,
    ) -> Option<(Port, PortBinding)> {
        let socket = self.by_cookie.get_mut(&cookie)?;
        socket.is_bound = true;
        if socket.port.number != 0 {
            return None;
        }
        let port = Port {
            number,
            ..socket.port
        };
        socket.claim = Some(port);
        let owner = socket.owner.clone();
        let binding = PortBinding::bound(now, socket.inode, owner, socket.certainty);
        Some((port, binding.claimed()))
    }

    /// Takes over the port id of a socket that had none at the last look; its binding.
    pub(super) fn see_port(&mut self, cookie: u64, number: u32) -> Option<(Port, PortBinding)> {
        let socket = self.by_cookie.get_mut(&cookie)?;
        if number == 0 || socket.port.number != 0 {
            return None;
        }
        socket.port.number = number;
        socket.is_bound = true;
        self.unbound.remove(&cookie);
        let (since, owner) = (socket.last_unbound, socket.owner.clone());
        let binding = PortBinding::bound(since, socket.inode, owner, socket.certainty);
        Some((socket.port, binding))
    }

    /// Ends a socket's claim, now that its port id is known; what it claimed, with its inode,
    /// where that is not what it got.
    pub(super) fn settle_claim(&mut self, cookie: u64) -> Option<(Port, u64)> {
        let socket = self.by_cookie.get_mut(&cookie)?;
        let claim = socket.claim.take()?;
        (claim != socket.port).then_some((claim, socket.inode))
    }

    /// Notes how many messages a socket had no room for until now.
    pub(in crate::attribution) fn update_drops(&mut self, now: Duration, cookie: u64, drops: u32) {
        let Some(socket) = self.by_cookie.get_mut(&cookie) else {
            return;
        };
        if drops == socket.drops {
            return;
        }
        socket.drops = drops;
        self.events.push(SocketEvent {
            time: now,
            interface: socket.port.interface,
            protocol: socket.port.protocol,
            port: socket.port.number,
            owner: socket.owner.clone(),
            original_length: 0,
            kind: SocketEventKind::Dropped(drops),
        });
    }

    /// What has happened since the last call.
    pub(super) fn take_events(&mut self) -> Vec<SocketEvent> {
        std::mem::take(&mut self.events)
    }

    /// A thread is about to ask for groups of a socket, or to leave some.
    pub(super) fn ask_for_groups(
        &mut self,
        now: Duration,
        cookie: u64,
        tid: i32,
        request: GroupRequest,
        granted: &Groups,
    ) {
        if let Some(socket) = self.by_cookie.get_mut(&cookie) {
            socket.memberships.ask(now, tid, request, granted);
        }
    }

    /// The thread has returned from a call that asked for groups of the socket.
    pub(super) fn note_return(&mut self, cookie: u64, tid: i32) {
        if let Some(socket) = self.by_cookie.get_mut(&cookie) {
            socket.memberships.note_return(tid);
        }
    }

    /// Takes over which groups the kernel says a socket is in, None where nobody can ask it
    /// any more; those that were asked for in vain, and that none of the place wants now.
    pub(super) fn see_groups(
        &mut self,
        now: Duration,
        cookie: u64,
        groups: Option<&Groups>,
    ) -> Vec<u32> {
        let Some(socket) = self.by_cookie.get_mut(&cookie) else {
            return Vec::new();
        };
        let mut refused = match groups {
            Some(groups) => socket.memberships.see(now, groups),
            None => socket.memberships.settle(),
        };
        let place = socket.place();
        refused.retain(|group| {
            let mut of_place = self.by_cookie.values().filter(|it| it.place() == place);
            !of_place.any(|socket| socket.memberships.wants(*group))
        });
        refused
    }

    /// Those of a place that have asked for groups, with nobody who has looked since: cookie,
    /// inode and owner.
    pub(super) fn asking(&self, place: Place) -> Vec<(u64, u64, Owner)> {
        let open = (self.by_cookie.iter())
            .filter(|(_, socket)| socket.place() == place && socket.memberships.is_open());
        open.map(|(cookie, socket)| (*cookie, socket.inode, socket.owner.clone()))
            .collect()
    }

    /// Who received a multicast in a place.
    pub(super) fn members(&self, place: Place, audience: Audience, time: Duration) -> Vec<Owner> {
        let members = self.by_cookie.values().filter(|socket| {
            socket.place() == place
                && socket.memberships.had(audience.group, time)
                && (!audience.is_foreign || socket.memberships.had(ALL_NSID, time))
                && socket.is_bound
                && socket.ended.is_none_or(|ended| time <= ended)
        });
        let mut owners: Vec<_> = members.map(|socket| socket.owner.clone()).collect();
        owners.sort_by_key(|owner| (owner.program.tid, owner.fd));
        owners
    }

    /// The inodes that the table of an interface's namespace should have.
    pub(super) fn bound_inodes(&self, interface: u32) -> HashSet<u64> {
        let alive = self.by_cookie.values().filter(|socket| {
            socket.port.interface == interface && socket.is_bound && socket.ended.is_none()
        });
        alive.map(|socket| socket.inode).collect()
    }

    /// Compares those of an interface with the table of its namespace, which was read between
    /// two times; those that it has.
    pub(super) fn refresh(
        &mut self,
        interface: u32,
        (before, after): (Duration, Duration),
        entries: &HashMap<u64, &SocketEntry>,
    ) -> Vec<FoundSocket> {
        let mut found = Vec::new();
        for (cookie, socket) in &mut self.by_cookie {
            if socket.port.interface != interface {
                continue;
            }
            match entries.get(&socket.inode) {
                Some(entry) => {
                    // It was bound at some time between the two looks: the earliest counts.
                    let since = match self.unbound.remove(cookie) {
                        true => socket.last_unbound,
                        false => before,
                    };
                    socket.is_bound = true;
                    socket.ended = None;
                    socket.port.number = entry.port;
                    socket.memberships.see_first(before, entry.groups);
                    let owner = socket.owner.clone();
                    let binding = PortBinding::bound(since, socket.inode, owner, socket.certainty);
                    found.push(FoundSocket {
                        cookie: *cookie,
                        port: socket.port,
                        binding: binding.confirmed_at(before),
                        drops: entry.drops,
                    });
                }
                None => {
                    socket.last_unbound = before;
                    socket.ended.get_or_insert(after);
                }
            }
        }
        found
    }

    /// Forgets what ended before a time, and what is too much; the claims of those, with their
    /// inodes.
    pub(super) fn forget(&mut self, old: Duration) -> Vec<(Port, u64)> {
        let is_kept = |it: &Socket| !it.is_bound || it.ended.is_none_or(|ended| old <= ended);
        let (mut ended, mut unbound, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        let mut gone = Vec::new();
        for (&cookie, socket) in &self.by_cookie {
            match socket.ended {
                _ if !is_kept(socket) => gone.push(cookie),
                Some(time) if socket.is_bound => ended.push((time, cookie)),
                _ if socket.port.number == 0 => unbound.push((socket.last_use, cookie)),
                _ => rest.push((socket.last_use, cookie)),
            }
        }
        gone.extend(first_of(ended, ENDED));
        gone.extend(first_of(unbound, UNBOUND));
        let before = gone.len();
        gone.extend(first_of(rest, MOST));
        self.forgotten += (gone.len() - before) as u64;
        gone.into_iter()
            .filter_map(|cookie| self.remove(cookie))
            .collect()
    }

    /// Removes a socket; what it claims, with its inode.
    fn remove(&mut self, cookie: u64) -> Option<(Port, u64)> {
        let socket = self.by_cookie.remove(&cookie)?;
        self.unbound.remove(&cookie);
        if self.by_inode.get(&socket.inode) == Some(&cookie) {
            self.by_inode.remove(&socket.inode);
        }
        Some((socket.claim?, socket.inode))
    }

    /// The clock was set: the times of those that last say nothing.
    pub(super) fn forget_times(&mut self) {
        for socket in self.by_cookie.values_mut() {
            socket.last_unbound = Duration::ZERO;
            socket.memberships.forget_times();
        }
    }
}
