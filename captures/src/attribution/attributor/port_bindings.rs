// SPDX-License-Identifier: GPL-2.0-or-later
//! Which socket had which port id, and for how long.
//!
//! # Design decisions
//!
//! - No call reports a close(2), a bind(2) that failed or a process that was killed: the
//!   kernel's table of sockets shows them all, by the sockets' inodes.
//! - Reading the table is not cheap, so it is read only for what no request confirms.
//!
//! # States
//!
//! ```text
//!              table: another port id
//!  Claimed ───────────────────────────▶ Refused
//!     │ table or getsockname(2): this port id     (both become Bound if it is seen after all)
//!     ▼                 no longer in the table
//!   Bound ─────────────────────────────▶ Ended
//!     ▲                                    │ seen again (a read of the table may miss a row)
//!     └────────────────────────────────────┘
//! ```
//!
//! A bound socket keeps its port id until it is closed: netlink_bind() of
//! net/netlink/af_netlink.c answers EINVAL to a request for another one.

use std::collections::HashMap;
use std::time::Duration;

use super::super::owner::{Owner, Port};
use super::super::socket_table::SocketEntry;
use super::KEPT;
use crate::messages::process::Certainty;

/// A socket's hold on a port id.
#[derive(Debug)]
pub(super) struct PortBinding {
    /// When the socket got the port id, or asked for it; later by as much as nobody looked.
    pub(super) since: Duration,
    pub(super) inode: u64,
    pub(super) owner: Owner,
    pub(super) certainty: Certainty,
    state: BindingState,
}

#[derive(Debug)]
enum BindingState {
    /// The socket has called bind(2) with this port id; the result is not known yet.
    Claimed,
    /// The kernel has bound the socket to another port id.
    Refused,
    Bound {
        /// When the socket was last seen with the port id.
        confirmed: Duration,
        /// When a process with the socket called exit_group(2). The socket ends then, unless
        /// another process has a descriptor of it: the next look at the table decides.
        exit: Option<Duration>,
    },
    Ended {
        /// When the socket was last seen with the port id.
        confirmed: Duration,
        /// The end for what need not be an answer: `confirmed`, where another socket has the
        /// port id by now, since it may have had it from then on.
        end: Duration,
        /// The end for the answer to a request of the socket: by then it was surely closed.
        latest_end: Duration,
    },
}

impl PortBinding {
    /// Of a socket that was seen with its port id.
    pub(super) fn bound(since: Duration, inode: u64, owner: Owner, certainty: Certainty) -> Self {
        let (confirmed, exit) = (since, None);
        Self {
            since,
            inode,
            owner,
            certainty,
            state: BindingState::Bound { confirmed, exit },
        }
    }

    /// The same, seen later than it began.
    pub(super) fn confirmed_at(self, confirmed: Duration) -> Self {
        let exit = None;
        Self {
            state: BindingState::Bound { confirmed, exit },
            ..self
        }
    }

    /// The same, as no more than a claim.
    pub(super) fn claimed(self) -> Self {
        Self {
            state: BindingState::Claimed,
            ..self
        }
    }

    /// When the socket was last seen with the port id; None where it never was.
    fn confirmed(&self) -> Option<Duration> {
        match self.state {
            BindingState::Claimed | BindingState::Refused => None,
            BindingState::Bound { confirmed, .. } | BindingState::Ended { confirmed, .. } => {
                Some(confirmed)
            }
        }
    }

    /// Whether the socket was ever seen with the port id.
    pub(super) fn was_confirmed(&self) -> bool {
        self.confirmed().is_some()
    }

    /// Whether a process that had the socket had exited by then, and nobody has looked since.
    pub(super) fn is_in_doubt(&self, time: Duration) -> bool {
        match self.state {
            BindingState::Bound { exit, .. } => exit.is_some_and(|exit| exit < time),
            _ => false,
        }
    }

    /// Whether it had not ended at that time. `answers` says that the message in question has
    /// the number of a request from there.
    pub(super) fn is_in_force(&self, time: Duration, answers: bool) -> bool {
        match self.state {
            BindingState::Claimed | BindingState::Bound { .. } => true,
            BindingState::Refused => time <= self.since,
            BindingState::Ended {
                end, latest_end, ..
            } => time <= if answers { latest_end } else { end },
        }
    }

    /// Compares it with the kernel's table, which was read between two times: what is in the
    /// table was there at the first, what is not had ended by the second.
    pub(super) fn refresh(
        &mut self,
        (before, after): (Duration, Duration),
        entry: Option<&SocketEntry>,
        port: Port,
        is_anothers: bool,
    ) {
        match (entry, &self.state) {
            (Some(entry), _) if entry.port == port.number => {
                self.state = BindingState::Bound {
                    confirmed: before,
                    exit: None,
                };
            }
            (Some(_), _) => self.state = BindingState::Refused,
            (None, &BindingState::Bound { confirmed, exit }) => {
                let end = if is_anothers { confirmed } else { after };
                self.state = BindingState::Ended {
                    confirmed,
                    end: exit.unwrap_or(end),
                    latest_end: exit.unwrap_or(after),
                };
            }
            (None, _) => {}
        }
    }

    /// Takes over what a later sight of the same socket shows.
    fn update(&mut self, later: &Self) {
        if let Some(confirmed) = later.confirmed().max(self.confirmed())
            && later.was_confirmed()
        {
            let exit = None;
            self.state = BindingState::Bound { confirmed, exit };
        }
    }

    /// When it was surely over; None where it may last.
    fn end(&self) -> Option<Duration> {
        match self.state {
            BindingState::Claimed | BindingState::Bound { .. } => None,
            BindingState::Refused => Some(self.since),
            BindingState::Ended { latest_end, .. } => Some(latest_end),
        }
    }

    /// Whether it is over, and was before that time.
    fn is_over(&self, old: Duration) -> bool {
        self.end().is_some_and(|end| end < old)
    }
}

/// How many bindings of a port id are kept, and how many that have ended of all.
const OF_PORT: usize = 256;
const ENDED: usize = 8192;

/// All bindings, by port id, oldest first.
#[derive(Default)]
pub(super) struct PortBindings {
    by_port: HashMap<Port, Vec<PortBinding>>,
}

impl PortBindings {
    /// Whether any socket of the subject had the port id, or asked for it.
    pub(super) fn contains(&self, port: Port) -> bool {
        self.by_port.contains_key(&port)
    }

    /// Records that a socket has a port id, or asks for it. Port id 0 is none.
    pub(super) fn record(&mut self, port: Port, binding: PortBinding) {
        if port.number == 0 {
            return;
        }
        let all = self.by_port.entry(port).or_default();
        // A claim of another socket takes nothing from the one that has the port id.
        let mut latest = all.iter_mut().rev();
        match latest.find(|it| it.was_confirmed() || it.inode == binding.inode) {
            Some(last) if last.inode == binding.inode && last.owner == binding.owner => {
                last.update(&binding);
            }
            _ => {
                // Frames are read later than they came: the binding that was in force
                // that long ago is still needed.
                let old = binding.since.saturating_sub(KEPT);
                let past = all.partition_point(|it| it.since < old);
                let past = all[..past].iter().rposition(PortBinding::was_confirmed);
                all.drain(..past.unwrap_or(0));
                if all.len() >= OF_PORT {
                    all.drain(..OF_PORT / 2);
                }
                all.reserve_exact(1);
                all.push(binding);
            }
        }
    }

    /// Removes a socket's claim to a port id: it has another one.
    pub(super) fn withdraw(&mut self, claim: Port, inode: u64) {
        if let Some(all) = self.by_port.get_mut(&claim) {
            all.retain(|it| it.was_confirmed() || it.inode != inode);
            if all.is_empty() {
                self.by_port.remove(&claim);
            }
        }
    }

    /// Notes that a process with this socket exits.
    pub(super) fn note_exit(&mut self, now: Duration, port: Port, inode: u64) {
        if let Some(last) = self.by_port.get_mut(&port).and_then(|all| all.last_mut())
            && last.inode == inode
            && let BindingState::Bound { exit, .. } = &mut last.state
        {
            exit.get_or_insert(now);
        }
    }

    /// The binding in force at a time, or what may be one: see
    /// [`PortBinding::is_in_force`].
    pub(super) fn find(&self, port: Port, time: Duration, answers: bool) -> Option<&PortBinding> {
        // What was asked for in vain hides nobody.
        self.until(port, time)
            .find(|it| it.is_in_force(time, answers))
    }

    /// The binding in force at a time; a claim does not count.
    pub(super) fn find_confirmed(
        &self,
        port: Port,
        time: Duration,
        answers: bool,
    ) -> Option<&PortBinding> {
        self.until(port, time)
            .find(|it| it.was_confirmed() && it.is_in_force(time, answers))
    }

    /// Those that had begun by then, latest first.
    fn until(&self, port: Port, time: Duration) -> impl Iterator<Item = &PortBinding> {
        let all = self.by_port.get(&port).map_or(&[][..], |all| all);
        let past = all.partition_point(|it| it.since <= time);
        all[..past].iter().rev()
    }

    /// Compares those of an interface with the table of its namespace, which was read between
    /// two times.
    pub(super) fn refresh(
        &mut self,
        interface: u32,
        times: (Duration, Duration),
        entries: &HashMap<u64, &SocketEntry>,
        holders: &HashMap<(u16, u32), u64>,
    ) {
        for (port, all) in &mut self.by_port {
            if port.interface != interface {
                continue;
            }
            let holder = holders.get(&(port.protocol, port.number));
            let is_anothers = holder.is_some_and(|inode| all.iter().all(|it| it.inode != *inode));
            for binding in all {
                let entry = entries.get(&binding.inode).copied();
                binding.refresh(times, entry, *port, is_anothers);
            }
        }
    }

    /// Forgets what ended before a time, and of the rest what ended first where that is too
    /// much.
    pub(super) fn forget(&mut self, old: Duration) {
        let all = self.by_port.values().flatten();
        let mut ends: Vec<_> = all.filter_map(PortBinding::end).collect();
        ends.retain(|end| *end >= old);
        let mut old = old;
        if ends.len() > ENDED {
            let (_, latest, _) = ends.select_nth_unstable(ENDED / 4);
            old = old.max(*latest);
        }
        self.by_port.retain(|_, all| {
            all.retain(|it| !it.is_over(old));
            !all.is_empty()
        });
    }

    /// The clock was set: those that last do so since ever.
    pub(super) fn forget_times(&mut self) {
        for binding in self.by_port.values_mut().flatten() {
            binding.since = Duration::ZERO;
            if let BindingState::Bound { confirmed, exit } = &mut binding.state {
                *confirmed = Duration::ZERO;
                *exit = exit.and(Some(Duration::ZERO));
            }
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_port.values().map(Vec::len).sum()
    }

    /// How many a port id has had.
    #[cfg(test)]
    pub(super) fn count(&self, port: Port) -> usize {
        self.by_port.get(&port).map_or(0, Vec::len)
    }
}
