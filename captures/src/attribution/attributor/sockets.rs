// SPDX-License-Identifier: GPL-2.0-or-later
//! The subject's sockets.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::super::groups::Groups;
use super::super::owner::{Owner, Port, SocketEvent, SocketEventKind};
use super::super::socket_table::SocketEntry;
use super::port_bindings::PortBinding;
use crate::messages::process::Certainty;

/// A socket of the subject.
pub(super) struct Socket {
    pub(super) port: Port,
    pub(super) groups: Groups,
    /// The task that used it last.
    pub(super) owner: Owner,
    /// Of what is attributed by its port id.
    pub(super) certainty: Certainty,
    /// Messages that it had no room for (sk_drops), as far as is known.
    drops: u32,
    pub(super) inode: u64,
    /// A port id that it asked bind(2) for, while the result is not known.
    claim: Option<Port>,
    /// It has a port id, or asked for one: without, it is not in the kernel's table.
    is_bound: bool,
    /// When it was last seen without a port id.
    last_unbound: Duration,
    /// When it was first missing from the kernel's table, where it was bound and is not there.
    pub(super) ended: Option<Duration>,
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
    /// Those that had no port id when they were inspected.
    unbound: HashSet<u64>,
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
        self.by_cookie.values().any(|socket| socket.inode == inode)
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

    /// The descriptors by which a process has used sockets, and the sockets' cookies.
    pub(in crate::attribution) fn descriptors(&self, pid: i32) -> Vec<(i32, u64)> {
        let all = self.of_process(pid);
        all.map(|(cookie, it)| (it.owner.fd, cookie)).collect()
    }

    /// Adds a socket, or updates it; `groups` are those it had joined before it was known.
    pub(super) fn update(
        &mut self,
        cookie: u64,
        port: Port,
        binding: &PortBinding,
        groups: impl FnOnce() -> Groups,
    ) {
        let socket = self.by_cookie.entry(cookie).or_insert_with(|| Socket {
            port,
            groups: groups(),
            owner: binding.owner.clone(),
            certainty: binding.certainty,
            drops: 0,
            inode: binding.inode,
            claim: None,
            is_bound: false,
            last_unbound: binding.since,
            ended: None,
        });
        socket.port = port;
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
            kind: SocketEventKind::Dropped(drops),
        });
    }

    /// What has happened since the last call.
    pub(super) fn take_events(&mut self) -> Vec<SocketEvent> {
        std::mem::take(&mut self.events)
    }

    /// Changes the groups of a socket.
    pub(in crate::attribution) fn change_groups(
        &mut self,
        cookie: u64,
        change: impl FnOnce(&mut Groups),
    ) {
        if let Some(socket) = self.by_cookie.get_mut(&cookie) {
            change(&mut socket.groups);
        }
    }

    /// The members of a group at a time. `place` is a port without a number.
    pub(super) fn members(&self, place: Port, group: u32, time: Duration) -> Vec<Owner> {
        let members = self.by_cookie.values().filter(|socket| {
            let number = 0;
            Port {
                number,
                ..socket.port
            } == place
                && socket.groups.contain(group)
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

    /// Forgets what ended before a time.
    pub(super) fn forget(&mut self, old: Duration) {
        self.by_cookie.retain(|cookie, socket| {
            let is_kept = !socket.is_bound || socket.ended.is_none_or(|ended| old <= ended);
            if !is_kept {
                self.unbound.remove(cookie);
            }
            is_kept
        });
    }

    /// The clock was set: the times of those that last say nothing.
    pub(super) fn forget_times(&mut self) {
        for socket in self.by_cookie.values_mut() {
            socket.last_unbound = Duration::ZERO;
        }
    }
}
