// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose a message is: what was learnt of the subject's sockets, compared with the frames of
//! the tap.
//!
//! # Design decisions
//!
//! - A request is known by its bytes: the sender waits while they are read, and
//!   the tap shows the same bytes between then and its next call. Its nlmsg_pid
//!   says nothing, most programs leave it 0.
//! - An answer is known by the port id it is for and the sequence number of a
//!   request from there.
//! - Of a change that a process asks for the kernel notifies others under the asker's
//!   port id and sequence number: such a notification is no answer.
//! - What nlcap received too, in a group that the subject has joined, is a multicast.
//! - A sent message that does not come to the tap was refused: the kernel mirrors what it
//!   takes.
//! - All is decided by the frames' own times, since they are read later.
//!
//! Each part has one job; the [`Attributor`] asks them in the right order.

mod frames;
mod pending_sends;
mod port_bindings;
mod refresh;
mod sent_requests;
mod sockets;

use std::collections::HashMap;
use std::time::Duration;

use nix::errno::Errno;

use self::pending_sends::PendingSends;
use self::port_bindings::{PortBinding, PortBindings};
use self::refresh::SocketTables;
use self::sent_requests::SentRequests;
use self::sockets::{Socket, Sockets};
use super::Namespaces;
use super::descriptors::OtherSockets;
use super::gaps::Gaps;
use super::groups::{ALL_NSID, GroupRequest, Groups};
use super::multicast::{MulticastProbe, Place};
use super::outgoing::Datagram;
use super::owner::{Owner, Port, SocketEvent, SocketEventKind};
use super::socket_info::SocketInfo;
use super::uninspected::UninspectedSockets;
use crate::messages::process::Certainty;
use crate::sys::clock::{Clock, now};
use crate::sys::privilege::raised;
use crate::terminal::text;

/// How long what has ended is remembered: frames are read later than they came.
const KEPT: Duration = Duration::from_secs(10);

/// nlcap's own network namespace is the one that the first interface records.
const OWN: u32 = 0;

/// How many threads that ask for groups are known, before those of ended sockets are forgotten.
const CALLERS: usize = 4096;

/// Attributes frames to the subject's tasks.
#[derive(Default)]
pub(crate) struct Attributor {
    pub(super) sockets: Sockets,
    bindings: PortBindings,
    sends: PendingSends,
    requests: SentRequests,
    probe: MulticastProbe,
    /// Threads in calls that ask for groups, as far as is known, and for which socket.
    callers: HashMap<i32, u64>,
    tables: SocketTables,
    /// Processes with sockets that were not all inspected.
    pub(super) uninspected: UninspectedSockets,
    /// Sockets that are not of netlink.
    pub(super) others: OtherSockets,
    /// There is a supervisor, which intercepts what is sent.
    is_supervised: bool,
    clock: Clock,
    /// It was set meanwhile: times of frames may say little.
    pub(crate) clock_was_set: bool,
    /// The subject may send what is not intercepted.
    pub(crate) is_blind: bool,
}

impl Attributor {
    /// A socket is used by `owner`, and has this port id from now on; 0 where it
    /// is not bound yet. `older`: it had one before, and was not inspected until now.
    pub(super) fn update_socket(
        &mut self,
        now: Duration,
        info: &SocketInfo,
        port: Port,
        owner: &Owner,
        older: bool,
    ) {
        let known = self.sockets.get(info.cookie);
        let certainty = known.map(|it| it.certainty).unwrap_or(match older {
            true => Certainty::Guessed,
            false => Certainty::Port,
        });
        if self.tables.is_crowded(self.sockets.len()) {
            self.tables.open_own();
            self.refresh(now);
            self.tables.set_crowd(self.sockets.len());
        }
        let binding = PortBinding::bound(now, info.inode, owner.clone(), certainty);
        self.add(info.cookie, port, binding, || info.groups());
        self.sockets.set_identity(info.identity());
        if let Some(drops) = info.drops() {
            self.sockets.update_drops(now, info.cookie, drops);
        }
    }

    /// Adds a socket, or updates it; `groups` are those it had joined before.
    fn add(
        &mut self,
        cookie: u64,
        port: Port,
        binding: PortBinding,
        groups: impl FnOnce() -> Groups,
    ) {
        self.sockets.update(cookie, port, &binding, groups);
        self.record_binding(cookie, port, binding);
    }

    fn record_binding(&mut self, cookie: u64, port: Port, binding: PortBinding) {
        self.bindings.record(port, binding);
        if let Some((claim, inode)) = self.sockets.settle_claim(cookie) {
            self.bindings.withdraw(claim, inode);
        }
    }

    /// A socket calls bind(2) for a port id: whether it gets it is not known yet.
    pub(super) fn note_claim(&mut self, now: Duration, cookie: u64, number: u32) {
        // What it asked for before it did not get, or it has it by now.
        if let Some((claim, inode)) = self.sockets.settle_claim(cookie) {
            self.bindings.withdraw(claim, inode);
        }
        if let Some((port, binding)) = self.sockets.claim(now, cookie, number) {
            self.bindings.record(port, binding);
        }
    }

    /// A process is about to exit.
    pub(super) fn note_exit(&mut self, now: Duration, pid: i32) {
        for (_, socket) in self.sockets.of_process(pid) {
            self.bindings.note_exit(now, socket.port, socket.inode);
        }
    }

    /// A thread is about to ask for groups of a socket, or to leave some: the probe joins
    /// those before.
    pub(super) fn ask_for_groups(
        &mut self,
        now: Duration,
        tid: i32,
        cookie: u64,
        mut request: GroupRequest,
        namespaces: &mut dyn Namespaces,
    ) {
        let Some(place) = self.sockets.get(cookie).map(Socket::place) else {
            return;
        };
        self.tables.open(place.0, namespaces);
        // Where the kernel has no such group, the call is refused as well; for one of several
        // it is refused for all.
        let mut granted = request.wanted.clone();
        request.wanted = (request.wanted.iter())
            .filter(|group| self.join(place, *group, namespaces).is_ok())
            .collect();
        let is_granted = |group| self.probe.is_open(place, group);
        if !request.is_valid || !granted.iter().all(is_granted) {
            granted = Groups::default();
        }
        self.sockets
            .ask_for_groups(now, cookie, tid, request, &granted);
        if self.callers.len() >= CALLERS {
            (self.callers).retain(|_, cookie| self.sockets.contains(*cookie));
        }
        self.callers.insert(tid, cookie);
    }

    fn join(
        &mut self,
        place: Place,
        group: u32,
        namespaces: &mut dyn Namespaces,
    ) -> nix::Result<()> {
        if self.probe.has_joined(place, group) {
            return Ok(());
        }
        let open = || namespaces.socket(place.0, place.1);
        raised(|| self.probe.open(place, open))?;
        // What we get without privilege everybody gets.
        match self.probe.join(place, group, true) {
            Err(Errno::EPERM) => raised(|| self.probe.join(place, group, false)),
            joined => joined,
        }
    }

    /// Takes over the port id of a socket that may have got one since the last look.
    pub(super) fn see_port(&mut self, info: &SocketInfo) {
        if let Some((port, binding)) = self.sockets.see_port(info.cookie, info.number) {
            self.record_binding(info.cookie, port, binding);
        }
    }

    /// Takes over which groups a socket is in, if anything was asked for since the last look.
    pub(super) fn see_groups(&mut self, now: Duration, info: &SocketInfo) {
        let socket = self.sockets.get(info.cookie);
        if socket.is_some_and(|it| it.memberships.is_open()) {
            self.update_groups(now, info.cookie, Some(&info.groups()));
        }
    }

    /// Takes over which groups a socket is in, None where nobody can be asked any more.
    pub(super) fn update_groups(&mut self, now: Duration, cookie: u64, groups: Option<&Groups>) {
        let refused = self.sockets.see_groups(now, cookie, groups);
        let Some(place) = self.sockets.get(cookie).map(Socket::place) else {
            return;
        };
        for group in refused {
            self.probe.leave(place, group);
        }
    }

    /// Looks at those sockets of a place that have asked for groups since the last look.
    fn look_at_groups(&mut self, place: Place) {
        for (cookie, inode, owner) in self.sockets.asking(place) {
            let info = SocketInfo::of(owner.program.pid, owner.fd, inode).ok();
            let info = info.filter(|info| info.cookie == cookie);
            let groups = info.map(|info| info.groups());
            self.update_groups(now(), cookie, groups.as_ref());
        }
    }

    /// Joins the groups of a socket with the probe, and opens the table that it is in.
    pub(super) fn follow(&mut self, cookie: u64, namespaces: &mut dyn Namespaces) {
        let Some(socket) = self.sockets.get(cookie) else {
            return;
        };
        let place = socket.place();
        let missed: Vec<_> = (socket.memberships.now())
            .filter(|group| !self.probe.has_joined(place, *group))
            .collect();
        if place.0 != OWN || socket.memberships.now().next().is_some() {
            self.tables.open(place.0, namespaces);
        }
        for group in missed {
            if let Err(errno) = self.join(place, group, namespaces)
                && self.probe.note_missed(place, group)
                && group != ALL_NSID
            {
                text::say(&format_args!(
                    "cannot join multicast group {group} of netlink protocol {}: {errno}: its messages are not captured",
                    place.1
                ));
            }
        }
    }

    /// Looks whether the clock was set, and if so forgets all times.
    pub(crate) fn watch_clock(&mut self) {
        if self.clock.was_set() {
            self.forget_times(now());
        }
    }

    /// The clock was set: what is there stays, times from before say nothing.
    fn forget_times(&mut self, now: Duration) {
        self.clock_was_set = true;
        self.probe.forget_times(now);
        self.forget(Duration::MAX);
        self.bindings.forget_times();
        self.sockets.forget_times();
        self.uninspected.forget_times(now);
        self.tables.forget_times();
        self.sends.forget_times(now);
    }

    /// Forgets what ended before a time.
    fn forget(&mut self, old: Duration) {
        for (claim, inode) in self.sockets.forget(old) {
            self.bindings.withdraw(claim, inode);
        }
        self.bindings.forget(old);
    }

    /// Adds what could not be received or intercepted.
    pub(crate) fn add_gaps(&self, gaps: &mut Gaps) {
        let (groups, listeners) = self.probe.missed();
        gaps.multicast_overflows += self.probe.overflows();
        gaps.unjoined_groups += groups;
        gaps.unfollowed_listeners += listeners;
        gaps.forgotten_sends += self.sends.forgotten;
        gaps.forgotten_sockets += self.sockets.forgotten;
        gaps.unintercepted += self.requests.unintercepted();
    }

    /// What has happened to sockets since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<SocketEvent> {
        self.sockets.take_events()
    }

    /// The messages that were to be sent and never came to the tap, when no more frames
    /// come.
    pub(crate) fn take_refused(&mut self) -> impl Iterator<Item = SocketEvent> {
        self.sends.take_refused().map(|send| SocketEvent {
            time: send.since,
            interface: send.port.interface,
            protocol: send.port.protocol,
            port: send.port.number,
            owner: send.owner,
            original_length: 0,
            kind: SocketEventKind::Refused(send.bytes.to_vec(), None),
        })
    }

    /// A task is about to send this by the socket of an inode.
    pub(super) fn note_send(
        &mut self,
        now: Duration,
        port: Port,
        inode: u64,
        owner: Owner,
        datagram: Datagram,
    ) {
        self.sends.push(now, port, inode, owner, datagram);
    }

    /// The thread makes a call, and so the one before has returned.
    pub(super) fn note_call(&mut self, now: Duration, tid: i32) {
        self.is_supervised = true;
        self.sends.note_return(now, tid);
        if let Some(cookie) = self.callers.remove(&tid) {
            self.sockets.note_return(cookie, tid);
        }
    }
}

#[cfg(test)]
mod tests;
