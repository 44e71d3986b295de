// SPDX-License-Identifier: GPL-2.0-or-later
//! Multicasts: what is sent to the groups that sockets of the subject have joined.
//!
//! # Design decisions
//!
//! A frame on the tap says neither group nor receiver, and looks like an answer to
//! somebody else. So we join each group that the subject joins, before it does, and receive
//! the same: whatever is on the tap and was received by us too is a multicast, and its
//! control data (NETLINK_PKTINFO, see netlink(7)) has the group. Our own copy is on the tap as
//! well, and left out.
//!
//! What the subject asks for may be refused: then we are in a group that it is not in until
//! that is seen, and leave it. Who is a member says [`super::groups`].
//!
//! The kernel gives a multicast to each member in turn, mirrors each copy to the tap just
//! before it queues it (netlink_broadcast() and __netlink_sendskb() of
//! net/netlink/af_netlink.c), and returns when all have it. So what is on the tap was queued
//! for us a moment later at the latest. Where our socket has no room, recvfrom(2) returns
//! ENOBUFS once, and what we missed looks like somebody else's message: that is counted.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};

use super::groups::ALL_NSID;
use super::runs::Runs;
pub(super) use super::runs::{Audience, MulticastCopy};
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

/// A netlink protocol in one recorded namespace, by the number of its interface.
pub(super) type Place = (u32, u16);

/// Our socket in the groups of a place, and its multicasts.
struct ProbeSocket {
    fd: OwnedFd,
    /// Groups, and [`ALL_NSID`]; whether everybody is let in.
    joined: BTreeMap<u32, bool>,
    runs: Runs,
}

/// Our own sockets in the groups of the subject, one for each place, and what they have
/// received.
#[derive(Default)]
pub(super) struct MulticastProbe {
    sockets: HashMap<Place, ProbeSocket>,
    /// Groups of members that could not be joined.
    missed: HashSet<(Place, u32)>,
    /// All multicasts of frames before this time were received: a frame that is younger
    /// needs another look at the sockets.
    received_until: Duration,
    /// How often there was no room.
    overflows: u64,
}

impl MulticastProbe {
    /// Makes the socket of a place, where there is none, with `open`.
    pub(super) fn open(
        &mut self,
        place: Place,
        open: impl FnOnce() -> nix::Result<OwnedFd>,
    ) -> nix::Result<()> {
        if let Entry::Vacant(new) = self.sockets.entry(place) {
            let fd = open()?;
            netlink::tell_groups(&fd)?;
            // Less room is better than none.
            let _ = setsockopt(&fd, sockopt::RcvBufForce, &ROOM);
            new.insert(ProbeSocket {
                fd,
                joined: BTreeMap::new(),
                runs: Runs::default(),
            });
        }
        Ok(())
    }

    /// Joins a group, or hears all namespaces from now on ([`ALL_NSID`]), by the socket of a
    /// place. `is_open`: with no privilege.
    pub(super) fn join(&mut self, place: Place, group: u32, is_open: bool) -> nix::Result<()> {
        let socket = self.sockets.get_mut(&place).ok_or(Errno::ENOTSOCK)?;
        match group {
            ALL_NSID => netlink::listen_all_nsid(&socket.fd, true),
            _ => netlink::join(&socket.fd, group),
        }?;
        socket.joined.insert(group, is_open);
        Ok(())
    }

    /// Whether it was let into the group with no privilege.
    pub(super) fn is_open(&self, place: Place, group: u32) -> bool {
        let socket = self.sockets.get(&place);
        socket.is_some_and(|socket| socket.joined.get(&group) == Some(&true))
    }

    /// Whether it is in the group.
    pub(super) fn has_joined(&self, place: Place, group: u32) -> bool {
        (self.sockets.get(&place)).is_some_and(|socket| socket.joined.contains_key(&group))
    }

    /// Leaves a group that nobody of the subject is in.
    pub(super) fn leave(&mut self, place: Place, group: u32) {
        let Some(socket) = self.sockets.get_mut(&place) else {
            return;
        };
        if socket.joined.remove(&group).is_some() {
            // It is always granted.
            let _ = match group {
                ALL_NSID => netlink::listen_all_nsid(&socket.fd, false),
                _ => netlink::leave(&socket.fd, group),
            };
        }
    }

    /// Notes that the subject has a member in a group that could not be joined; whether that
    /// is new.
    pub(super) fn note_missed(&mut self, place: Place, group: u32) -> bool {
        self.missed.insert((place, group))
    }

    /// How many groups of the subject were not joined, and how many of its places do not
    /// hear other namespaces.
    pub(super) fn missed(&self) -> (u64, u64) {
        let listeners = self.missed.iter().filter(|(_, it)| *it == ALL_NSID).count();
        let groups = self.missed.len() - listeners;
        (groups as u64, listeners as u64)
    }

    /// How often what was received could not be kept.
    pub(super) fn overflows(&self) -> u64 {
        let forgotten: u64 = self.sockets.values().map(|it| it.runs.lost).sum();
        self.overflows + forgotten
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
        let runs = &mut self.sockets.get_mut(&place)?.runs;
        runs.forget(old);
        let number = runs.find(frame.messages)?;
        runs.take(number)
    }

    /// Receives what has come.
    fn receive(&mut self) {
        self.received_until = now();
        let mut buffer = vec![0; LONGEST];
        for socket in self.sockets.values_mut() {
            loop {
                let received = match netlink::receive(&socket.fd, &mut buffer) {
                    Ok(received) => received,
                    Err(Errno::EINTR) => continue,
                    Err(Errno::ENOBUFS) => {
                        self.overflows += 1;
                        continue;
                    }
                    // Nothing more, or nothing ever.
                    Err(_) => break,
                };
                let audience = Audience {
                    group: received.group,
                    is_foreign: received.is_foreign,
                };
                if let Some(bytes) = buffer.get(..received.length) {
                    socket.runs.push(self.received_until, bytes, audience);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{MsgFlags, NetlinkAddr, sendto};

    use super::*;
    use crate::file::sample;

    fn open() -> nix::Result<OwnedFd> {
        netlink::socket(USERSOCK)
    }

    fn group(group: u32) -> Audience {
        let is_foreign = false;
        Audience { group, is_foreign }
    }

    const USERSOCK: u16 = libc::NETLINK_USERSOCK as u16;

    #[test]
    fn what_was_said_to_us_too_is_a_multicast_and_our_copy_is_known() {
        let mut probe = MulticastProbe::default();
        probe.open((0, USERSOCK), open).unwrap();
        probe.join((0, USERSOCK), 7, true).unwrap();
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
                Some(MulticastCopy::First(group(7))),
                Some(MulticastCopy::Ours),
                Some(MulticastCopy::Another(group(7), 2))
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
            probe.open((interface, USERSOCK), open).unwrap();
            probe.join((interface, USERSOCK), 9, true).unwrap();
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
            (1, long_ago, Some(MulticastCopy::First(group(9)))),
        ] {
            (frame.interface, frame.time) = (interface, time);
            assert_eq!(probe.identify(&frame), copy);
        }
    }
}
