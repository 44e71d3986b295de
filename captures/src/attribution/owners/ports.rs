// SPDX-License-Identifier: GPL-2.0-or-later
//! Who has which port id, and for how long.
//!
//! # Design decisions
//!
//! - Nobody tells of a close(2), of a bind(2) that failed or of a process that was
//!   killed: the kernel's table of sockets does, by their inodes.
//! - To read it costs, so it is read for what no request confirms, and not often.

use std::collections::HashMap;
use std::time::Duration;

use super::{Owners, Socket};
use crate::attribution::owner::{Owner, Port};
use crate::attribution::table::{Row, Table};
use crate::messages::packet::Frame;
use crate::messages::process::Certainty;
use crate::sys::clock::now as clock;

/// How often the table is read at most for what is known by a port id only.
const EVERY: Duration = Duration::from_millis(50);

/// How long what has ended is remembered: frames are read later than they came.
const KEPT: Duration = Duration::from_secs(10);

/// nlcap's own network namespace is the one that the first interface records.
pub(super) const OWN: u32 = 0;

/// Who had a port id from when on, and how that is known.
#[derive(Debug)]
pub(super) struct Had {
    pub(super) since: Duration,
    /// Until when, where it has ended: when it was last there for sure, if another has the
    /// port id now.
    pub(super) until: Option<Duration>,
    /// When it was sure that it has ended. What answers a request is its own until then.
    pub(super) gone: Option<Duration>,
    /// When it was last sure that the socket had it; None where it only asked for it.
    pub(super) sure: Option<Duration>,
    /// When its process said that it ends: the socket ends with it, or another has it too.
    pub(super) doubt: Option<Duration>,
    pub(super) inode: u64,
    pub(super) owner: Owner,
    pub(super) certainty: Certainty,
}

impl Had {
    pub(super) fn new(since: Duration, inode: u64, owner: Owner, certainty: Certainty) -> Self {
        Self {
            since,
            until: None,
            gone: None,
            sure: Some(since),
            doubt: None,
            inode,
            owner,
            certainty,
        }
    }

    /// Whether it had not ended at that time, for what answers a request that was `seen`
    /// or for what may be another's.
    pub(super) fn is_open(&self, time: Duration, seen: bool) -> bool {
        let end = if seen { self.gone } else { self.until };
        end.is_none_or(|end| time <= end)
    }

    /// Holds it against the kernel's table, which was read between two times: what is in
    /// it was there at the first, what is not had ended by the second.
    pub(super) fn look(
        &mut self,
        (before, after): (Duration, Duration),
        row: Option<&Row>,
        port: Port,
        is_anothers: bool,
    ) {
        match row {
            Some(row) if row.port == port.number => {
                self.sure = Some(before);
                (self.until, self.gone, self.doubt) = (None, None, None);
            }
            // A port id is for good: it never had this one.
            Some(_) => {
                self.sure = None;
                (self.until, self.gone) = (Some(self.since), Some(self.since));
            }
            None => {
                let Some(sure) = self.sure else {
                    return;
                };
                let end = if is_anothers { sure } else { after };
                self.until.get_or_insert(self.doubt.unwrap_or(end));
                self.gone.get_or_insert(self.doubt.unwrap_or(after));
            }
        }
    }
}

impl Owners {
    /// Learns who has a port id from now on.
    pub(super) fn has(&mut self, port: Port, had: Had) {
        if port.number == 0 {
            return;
        }
        let all = self.ports.entry(port).or_default();
        // What others have asked for since does not matter.
        let mut latest = all.iter_mut().rev();
        match latest.find(|it| it.sure.is_some() || it.inode == had.inode) {
            Some(last) if last.inode == had.inode && last.owner == had.owner => {
                if had.sure.is_some() {
                    (last.until, last.gone, last.doubt) = (None, None, None);
                    last.sure = last.sure.max(had.sure);
                }
            }
            _ => {
                // What was in force then is needed still.
                let old = had.since.saturating_sub(KEPT);
                let past = all.partition_point(|it| it.since < old);
                let past = all[..past].iter().rposition(|it| it.sure.is_some());
                all.drain(..past.unwrap_or(0));
                all.push(had);
            }
        }
    }

    /// A socket asks for a port id: whether it gets it is not known yet.
    pub(in crate::attribution) fn claims(&mut self, now: Duration, cookie: u64, number: u32) {
        let Some(socket) = self.sockets.get_mut(&cookie) else {
            return;
        };
        socket.is_bound = true;
        if socket.port.number != 0 {
            return;
        }
        let port = Port {
            number,
            ..socket.port
        };
        socket.claim = Some(port);
        let had = Had {
            sure: None,
            ..Had::new(now, socket.inode, socket.owner.clone(), socket.certainty)
        };
        self.has(port, had);
    }

    /// Takes back what a socket asked for, now that its port id is known.
    pub(super) fn settle(&mut self, cookie: u64) {
        let Some(socket) = self.sockets.get_mut(&cookie) else {
            return;
        };
        if let Some(claim) = socket.claim.take()
            && claim != socket.port
            && let Some(all) = self.ports.get_mut(&claim)
        {
            all.retain(|had| had.sure.is_some() || had.inode != socket.inode);
        }
    }

    /// A process says that it ends.
    pub(in crate::attribution) fn ends(&mut self, now: Duration, pid: i32) {
        let of = |socket: &&Socket| socket.owner.program.pid == pid;
        for socket in self.sockets.values().filter(of) {
            if let Some(had) = self
                .ports
                .get_mut(&socket.port)
                .and_then(|all| all.last_mut())
                && had.inode == socket.inode
            {
                had.doubt.get_or_insert(now);
            }
        }
    }

    /// Who had a port id when the frame came; `seen`: a request from there was seen, of
    /// which this may be the answer.
    pub(super) fn at_port(&mut self, frame: &Frame<'_>, number: u32, seen: bool) -> Option<&Had> {
        let port = Port::of(frame, number);
        let past = |all: &[Had]| all.partition_point(|had| had.since <= frame.time);
        if number != 0 && !self.ports.contains_key(&port) && !self.unbound.is_empty() {
            // A socket of the tree may have it by now.
            self.look_for(frame, false);
        }
        let all = self.ports.get(&port)?;
        // What was asked for in vain hides nobody.
        let had = all[..past(all)]
            .iter()
            .rev()
            .find(|had| had.is_open(frame.time, seen))?;
        if !seen || had.sure.is_none() || had.doubt.is_some_and(|doubt| doubt < frame.time) {
            let is_new = had.sure.is_none() && self.looked < had.since;
            self.look_for(frame, is_new);
        }
        let all = self.ports.get(&port)?;
        let mut all = all[..past(all)].iter().rev();
        all.find(|had| had.sure.is_some() && had.is_open(frame.time, seen))
    }

    /// Looks at the table, where that was not done since the frame came, nor just now.
    fn look_for(&mut self, frame: &Frame<'_>, at_once: bool) {
        let now = clock();
        let is_due = now.saturating_sub(self.looked) >= EVERY;
        if self.looked > frame.time || !(is_due || at_once) {
            return;
        }
        if frame.interface == OWN {
            self.open_own_table();
        }
        self.look_after(now);
    }

    /// Opens nlcap's own table; others' are opened where their namespaces are entered anyway.
    pub(super) fn open_own_table(&mut self) {
        if !self.tables.contains_key(&OWN)
            && let Ok(table) = Table::open()
        {
            self.tables.insert(OWN, table);
        }
    }

    /// Looks at the sockets, where there are members of groups among them.
    pub(in crate::attribution) fn look_at_members(&mut self, now: Duration) {
        if !self.heard.is_empty() {
            self.look_after(now);
        }
    }

    /// Looks which sockets are still there, and with which port ids.
    pub(in crate::attribution) fn look_after(&mut self, now: Duration) {
        self.look_between(now, clock);
    }

    /// Looks at the tables from `now` on; `clock` says until when.
    pub(super) fn look_between(&mut self, now: Duration, clock: fn() -> Duration) {
        let mut there = Vec::new();
        for (&interface, table) in &mut self.tables {
            let alive = self.sockets.values().filter(|socket| {
                socket.port.interface == interface && socket.is_bound && socket.ended.is_none()
            });
            let Ok(rows) = table.rows(alive.map(|socket| socket.inode).collect()) else {
                continue;
            };
            // The tree went on while it was read.
            let after = clock().max(now);
            let holders: HashMap<_, _> = rows
                .iter()
                .map(|row| ((row.protocol, row.port), row.inode))
                .collect();
            let rows: HashMap<_, _> = rows.iter().map(|row| (row.inode, row)).collect();
            for (cookie, socket) in &mut self.sockets {
                if socket.port.interface != interface {
                    continue;
                }
                match rows.get(&socket.inode) {
                    Some(row) => {
                        // It has had it since some time between.
                        let since = match self.unbound.remove(cookie) {
                            true => socket.unbound,
                            false => now,
                        };
                        socket.is_bound = true;
                        socket.ended = None;
                        socket.port.number = row.port;
                        let owner = socket.owner.clone();
                        let had = Had {
                            sure: Some(now),
                            ..Had::new(since, socket.inode, owner, socket.certainty)
                        };
                        there.push((*cookie, socket.port, had, row.drops));
                    }
                    None => {
                        socket.unbound = now;
                        socket.ended.get_or_insert(after);
                    }
                }
            }
            for (port, all) in &mut self.ports {
                if port.interface != interface {
                    continue;
                }
                let holder = holders.get(&(port.protocol, port.number));
                let is_anothers =
                    holder.is_some_and(|inode| all.iter().all(|had| had.inode != *inode));
                for had in all {
                    let row = rows.get(&had.inode).copied();
                    had.look((now, after), row, *port, is_anothers);
                }
            }
        }
        for (cookie, port, had, drops) in there {
            self.has(port, had);
            self.settle(cookie);
            self.has_dropped(now, cookie, drops);
        }
        self.looked = now;
        self.forget(now.saturating_sub(KEPT));
    }

    /// Forgets what ended before a time.
    fn forget(&mut self, old: Duration) {
        self.sockets.retain(|cookie, socket| {
            let is_kept = !socket.is_bound || socket.ended.is_none_or(|ended| old <= ended);
            if !is_kept {
                self.unbound.remove(cookie);
            }
            is_kept
        });
        self.ports.retain(|_, all| {
            all.retain(|had| had.gone.is_none_or(|gone| old <= gone));
            !all.is_empty()
        });
    }

    /// Forgets all that has ended, and since when the others are there.
    pub(super) fn forget_ended(&mut self) {
        self.forget(Duration::MAX);
        for had in self.ports.values_mut().flatten() {
            had.since = Duration::ZERO;
            had.sure = had.sure.and(Some(Duration::ZERO));
            had.doubt = had.doubt.and(Some(Duration::ZERO));
        }
        for socket in self.sockets.values_mut() {
            socket.unbound = Duration::ZERO;
        }
    }
}
