// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's tables of sockets: when they are read, and what is learnt from them.

use std::collections::HashMap;
use std::time::Duration;

use super::super::Namespaces;
use super::super::owner::Port;
use super::super::socket_table::SocketTable;
use super::port_bindings::PortBinding;
use super::{Attributor, KEPT, OWN};
use crate::messages::packet::Frame;
use crate::sys::clock::now as clock;

/// How often the tables are read at most for what is known by a port id only.
const EVERY: Duration = Duration::from_millis(50);

/// From how many sockets on the tables are read to see which of them have ended.
const CROWD: usize = 1024;

/// The tables, each by the interface that records its namespace.
#[derive(Default)]
pub(super) struct SocketTables {
    by_interface: HashMap<u32, SocketTable>,
    /// When they were read.
    last_read: Duration,
    /// With more sockets than these they are read again.
    crowd: usize,
}

impl SocketTables {
    /// Opens nlcap's own table; others' are opened where their namespaces are entered anyway.
    pub(super) fn open_own(&mut self) {
        if !self.by_interface.contains_key(&OWN)
            && let Ok(table) = SocketTable::open()
        {
            self.insert(OWN, table);
        }
    }

    /// Opens the table of an interface's namespace.
    pub(super) fn open(&mut self, interface: u32, namespaces: &mut dyn Namespaces) {
        if !self.by_interface.contains_key(&interface)
            && let Ok(table) = namespaces.table(interface)
        {
            self.insert(interface, table);
        }
    }

    pub(super) fn insert(&mut self, interface: u32, table: SocketTable) {
        self.by_interface.insert(interface, table);
    }

    /// Whether so many sockets are more than should be kept without a look at them.
    pub(super) fn is_crowded(&self, sockets: usize) -> bool {
        sockets > self.crowd.max(CROWD)
    }

    /// So many are left after that look.
    pub(super) fn set_crowd(&mut self, sockets: usize) {
        self.crowd = 2 * sockets;
    }

    /// Whether they were read before that time.
    pub(super) fn is_older_than(&self, time: Duration) -> bool {
        self.last_read < time
    }

    /// The clock was set: when they were read says nothing.
    pub(super) fn forget_times(&mut self) {
        self.last_read = Duration::ZERO;
    }

    #[cfg(test)]
    pub(super) fn last_read(&self) -> Duration {
        self.last_read
    }
}

impl Attributor {
    /// Which socket had a port id when the frame came; `answers`: the frame has the number of
    /// a request from there, and may be its answer.
    pub(super) fn binding(
        &mut self,
        frame: &Frame<'_>,
        number: u32,
        answers: bool,
    ) -> Option<&PortBinding> {
        let port = Port::of(frame, number);
        if number != 0 && !self.bindings.contains(port) && self.sockets.has_unbound() {
            // One of these may have it by now.
            self.refresh_for(frame, false);
        }
        let binding = self.bindings.find(port, frame.time, answers)?;
        let is_claim = !binding.was_confirmed();
        if !answers || is_claim || binding.is_in_doubt(frame.time) {
            let is_new = is_claim && self.tables.last_read < binding.since;
            self.refresh_for(frame, is_new);
        }
        self.bindings.find_confirmed(port, frame.time, answers)
    }

    /// Reads the tables, unless that was done since the frame came, or just now.
    fn refresh_for(&mut self, frame: &Frame<'_>, at_once: bool) {
        let now = clock();
        let is_due = now.saturating_sub(self.tables.last_read) >= EVERY;
        if self.tables.last_read > frame.time || !(is_due || at_once) {
            return;
        }
        if frame.interface == OWN {
            self.tables.open_own();
        }
        self.refresh(now);
    }

    /// Reads the tables, where there are members of groups among the sockets.
    pub(in crate::attribution) fn refresh_members(&mut self, now: Duration) {
        if !self.probe.is_empty() {
            self.refresh(now);
        }
    }

    /// Reads which sockets are still there, and with which port ids.
    pub(in crate::attribution) fn refresh(&mut self, now: Duration) {
        self.refresh_between(now, clock);
    }

    /// Reads the tables from `now` on; `clock` says until when.
    pub(super) fn refresh_between(&mut self, now: Duration, clock: fn() -> Duration) {
        let mut found = Vec::new();
        for (&interface, table) in &mut self.tables.by_interface {
            let Ok(entries) = table.entries(self.sockets.bound_inodes(interface)) else {
                continue;
            };
            // The subject went on while the table was read.
            let times = (now, clock().max(now));
            let holders: HashMap<_, _> = entries
                .iter()
                .map(|entry| ((entry.protocol, entry.port), entry.inode))
                .collect();
            let entries: HashMap<_, _> = entries.iter().map(|entry| (entry.inode, entry)).collect();
            found.extend(self.sockets.refresh(interface, times, &entries));
            self.bindings.refresh(interface, times, &entries, &holders);
        }
        for socket in found {
            self.record_binding(socket.cookie, socket.port, socket.binding);
            self.sockets.update_drops(now, socket.cookie, socket.drops);
        }
        self.tables.last_read = now;
        self.forget(now.saturating_sub(KEPT));
    }
}
