// SPDX-License-Identifier: GPL-2.0-or-later
//! Multicasts: what is sent to the groups that sockets of the subject have joined.
//!
//! # Design decisions
//!
//! A frame on the tap says neither group nor receiver, and looks like an answer to
//! somebody else. So we join each group that the subject joins, before it does, and receive
//! the same: whatever is on the tap and was received by us too is a multicast, and its
//! address (nl_groups, see netlink(7)) has the group. Our own copy is on the tap as well, and
//! left out.
//!
//! The kernel gives a multicast to each member in turn, mirrors each copy to the tap just
//! before it queues it (netlink_broadcast() and __netlink_sendskb() of
//! net/netlink/af_netlink.c), and returns when all have it. So what is on the tap was queued
//! for us a moment later at the latest. Where our socket has no room, recvfrom(2) returns
//! ENOBUFS once, and what we missed looks like somebody else's message: that is counted.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, recvfrom, setsockopt, sockopt};

pub(super) use super::runs::MulticastCopy;
use super::runs::Runs;
use crate::messages::packet::Frame;
use crate::sys::clock::now;
use crate::sys::netlink;

/// Receive buffer for what comes between two looks, in bytes.
const ROOM: usize = 1 << 24;

/// The longest message that is received, in bytes.
const LONGEST: usize = 1 << 16;

/// How long a multicast is remembered after it was received, for its other copies: by the
/// times of its own tap's frames, for another tap's may be read long before.
const KEPT: Duration = Duration::from_secs(1);

/// Groups that a socket's address has a bit for.
const IN_ADDRESS: u32 = 32;

/// A netlink protocol in one recorded namespace, by the number of its interface.
type Place = (u32, u16);

/// One of our sockets, a member of one group or of several, and its multicasts.
struct ProbeSocket {
    fd: OwnedFd,
    runs: Runs,
}

/// Our own sockets in the groups of the subject, and what they have received.
#[derive(Default)]
pub(super) struct MulticastProbe {
    /// By place, and by the group where an address has no bit for it.
    sockets: HashMap<(Place, Option<u32>), ProbeSocket>,
    /// Where a member listens to other namespaces too (NETLINK_LISTEN_ALL_NSID).
    all_nsid: HashSet<Place>,
    /// All multicasts of frames before this time were received: a frame that is younger
    /// needs another look at the sockets.
    received_until: Duration,
    /// How often there was no room, or a group could not be joined.
    pub(super) overflows: u64,
    /// How often we were not allowed to listen to other namespaces.
    pub(super) unfollowed_listeners: u64,
}

impl MulticastProbe {
    /// Joins a group. `open` makes a socket of the place.
    pub(super) fn join(
        &mut self,
        place: Place,
        group: u32,
        open: impl FnOnce() -> nix::Result<OwnedFd>,
    ) -> nix::Result<()> {
        let own = (group > IN_ADDRESS).then_some(group);
        let key = (place, own);
        let socket = match self.sockets.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let fd = open()?;
                // Less room is better than none.
                let _ = setsockopt(&fd, sockopt::RcvBufForce, &ROOM);
                if self.all_nsid.contains(&place) && netlink::listen_all_nsid(&fd).is_err() {
                    self.unfollowed_listeners += 1;
                }
                let runs = Runs::default();
                new.insert(ProbeSocket { fd, runs })
            }
        };
        netlink::join(&socket.fd, group)
    }

    /// Receives from now on multicasts of other namespaces too.
    pub(super) fn listen_all_nsid(&mut self, place: Place) {
        if !self.all_nsid.insert(place) {
            return;
        }
        for (_, socket) in self.sockets.iter().filter(|((at, _), _)| *at == place) {
            if netlink::listen_all_nsid(&socket.fd).is_err() {
                self.unfollowed_listeners += 1;
            }
        }
    }

    /// The clock was set: times from before say nothing, and all was received just now.
    pub(super) fn forget_times(&mut self, now: Duration) {
        self.received_until = Duration::ZERO;
        for socket in self.sockets.values_mut() {
            socket.runs.forget_times(now);
        }
    }

    /// Whether no group was joined.
    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Which copy of a multicast the frame is; None where it is no multicast, or of a group
    /// that nobody of the subject has joined.
    pub(super) fn identify(&mut self, frame: &Frame<'_>) -> Option<MulticastCopy> {
        if self.sockets.is_empty() {
            return None;
        }
        if frame.time >= self.received_until {
            self.receive();
        }
        let place = (frame.interface, frame.protocol);
        let old = frame.time.min(self.received_until).saturating_sub(KEPT);
        let sockets = self.sockets.iter_mut().filter(|((at, _), _)| *at == place);
        let fitting = sockets.filter_map(|(_, socket)| {
            socket.runs.forget(old);
            let (fit, number) = socket.runs.find(frame.messages)?;
            Some((fit, number, socket))
        });
        let (_, number, socket) = fitting.min_by_key(|(fit, ..)| *fit)?;
        socket.runs.take(number)
    }

    /// Receives what has come.
    fn receive(&mut self) {
        self.received_until = now();
        let mut buffer = vec![0; LONGEST];
        for ((_, own), socket) in &mut self.sockets {
            loop {
                let (length, address) =
                    match recvfrom::<NetlinkAddr>(socket.fd.as_raw_fd(), &mut buffer) {
                        Ok(received) => received,
                        Err(Errno::EINTR) => continue,
                        Err(Errno::ENOBUFS) => {
                            self.overflows += 1;
                            continue;
                        }
                        // Nothing more, or nothing ever.
                        Err(_) => break,
                    };
                let mask = address.map_or(0, |address| address.groups());
                let group = own.unwrap_or_else(|| mask.trailing_zeros() + 1);
                if let Some(bytes) = buffer.get(..length) {
                    socket.runs.push(self.received_until, bytes, group);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{MsgFlags, sendto};

    use super::*;
    use crate::file::sample;

    fn open() -> nix::Result<OwnedFd> {
        netlink::socket(USERSOCK)
    }

    const USERSOCK: u16 = libc::NETLINK_USERSOCK as u16;

    #[test]
    fn what_was_said_to_us_too_is_a_multicast_and_our_copy_is_known() {
        let mut probe = MulticastProbe::default();
        probe.join((0, USERSOCK), 7, open).unwrap();
        let speaker = open().unwrap();
        let message = sample::message(77, 0, 5, b"said");
        let to = NetlinkAddr::new(0, 1 << 6);
        // It goes to port id 0 as well, where nobody is.
        let sent = sendto(speaker.as_raw_fd(), &message, &to, MsgFlags::empty());
        assert_eq!(sent, Err(Errno::ECONNREFUSED));
        let mut frame = sample::frame(1, USERSOCK, &message);
        frame.time = now();
        let copies: Vec<_> = (0..3).map(|_| probe.identify(&frame)).collect();
        assert_eq!(
            copies,
            [
                Some(MulticastCopy::First(7)),
                Some(MulticastCopy::Ours),
                Some(MulticastCopy::Another(7, 2))
            ]
        );
        let other = sample::message(77, 0, 5, b"not said");
        assert_eq!(probe.identify(&sample::frame(1, USERSOCK, &other)), None);
        frame.protocol = 0;
        assert_eq!(probe.identify(&frame), None);
    }

    #[test]
    fn a_multicast_is_remembered_until_its_own_tap_is_read() {
        let mut probe = MulticastProbe::default();
        for interface in [0, 1] {
            probe.join((interface, USERSOCK), 9, open).unwrap();
        }
        let message = sample::message(77, 0, 5, b"said");
        let to = NetlinkAddr::new(0, 1 << 8);
        let _ = sendto(
            open().unwrap().as_raw_fd(),
            &message,
            &to,
            MsgFlags::empty(),
        );
        probe.receive();
        let long_ago = now() - 2 * KEPT;
        probe
            .sockets
            .values_mut()
            .for_each(|socket| socket.runs.forget_times(long_ago));
        let mut frame = sample::frame(1, USERSOCK, &message);
        // The other tap was read first.
        for (interface, time, copy) in [
            (0, now(), None),
            (1, long_ago, Some(MulticastCopy::First(9))),
        ] {
            (frame.interface, frame.time) = (interface, time);
            assert_eq!(probe.identify(&frame), copy);
        }
    }
}
