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

use std::time::Duration;

use self::pending_sends::PendingSends;
use self::port_bindings::{PortBinding, PortBindings};
use self::refresh::SocketTables;
use self::sent_requests::SentRequests;
use self::sockets::Sockets;
use super::Namespaces;
use super::gaps::Gaps;
use super::groups::Groups;
use super::multicast::MulticastProbe;
use super::outgoing::Datagram;
use super::owner::{Owner, Port, SocketEvent, SocketEventKind};
use super::socket_info::SocketInfo;
use super::uninspected::UninspectedSockets;
use crate::messages::process::Certainty;
use crate::sys::clock::{Clock, now};
use crate::sys::privilege::raised;

/// How long what has ended is remembered: frames are read later than they came.
const KEPT: Duration = Duration::from_secs(10);

/// nlcap's own network namespace is the one that the first interface records.
const OWN: u32 = 0;

/// Attributes frames to the subject's tasks.
#[derive(Default)]
pub(crate) struct Attributor {
    pub(super) sockets: Sockets,
    bindings: PortBindings,
    sends: PendingSends,
    requests: SentRequests,
    probe: MulticastProbe,
    tables: SocketTables,
    /// Processes with sockets that were not all inspected.
    pub(super) uninspected: UninspectedSockets,
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

    /// The socket receives multicasts of other network namespaces too
    /// (NETLINK_LISTEN_ALL_NSID), and so does the probe from now on.
    pub(super) fn listen_all_nsid(&mut self, cookie: u64) {
        if let Some(socket) = self.sockets.get(cookie) {
            let place = (socket.port.interface, socket.port.protocol);
            raised(|| self.probe.listen_all_nsid(place));
        }
    }

    /// Joins the groups of a socket with the probe, and opens the table that it is in.
    pub(super) fn follow(&mut self, cookie: u64, namespaces: &mut dyn Namespaces) {
        let Some(socket) = self.sockets.get(cookie) else {
            return;
        };
        let Port {
            interface,
            protocol,
            ..
        } = socket.port;
        if interface != OWN || socket.groups.iter().next().is_some() {
            self.tables.open(interface, namespaces);
        }
        for group in socket.groups.iter() {
            let open = || namespaces.socket(interface, protocol);
            let join = || self.probe.join((interface, protocol), group, open);
            if raised(join).is_err() {
                self.probe.overflows += 1;
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
        self.sockets.forget(old);
        self.bindings.forget(old);
    }

    /// Adds what could not be received or intercepted.
    pub(crate) fn add_gaps(&self, gaps: &mut Gaps) {
        gaps.multicast_overflows += self.probe.overflows;
        gaps.unfollowed_listeners += self.probe.unfollowed_listeners;
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
    }
}

#[cfg(test)]
mod tests;
