// SPDX-License-Identifier: GPL-2.0-or-later
//! Multicasts: what was said to the groups that sockets of the subject have joined.
//!
//! # Design decisions
//!
//! A frame on the tap says neither group nor receiver, and looks like an answer to
//! somebody else. So we join each group that the subject joins, before it does, and are
//! told the same: whatever is on the tap and was said to us too is a multicast, and the
//! kernel says to which group. Our own copy is on the tap as well, and left out.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, recvfrom, setsockopt, sockopt};

pub(super) use super::runs::Copy;
use super::runs::Runs;
use crate::messages::packet::Frame;
use crate::sys::clock::now;
use crate::sys::netlink;

/// Room for what is said to us between two looks, in bytes.
const ROOM: usize = 1 << 24;

/// The longest message that is heard, in bytes.
const LONGEST: usize = 1 << 16;

/// How long a multicast is remembered after it was heard, for its other copies: by the
/// times of its own tap's frames, for another tap's may be read long before.
const KEPT: Duration = Duration::from_secs(1);

/// Groups that a socket's address has a bit for.
const IN_ADDRESS: u32 = 32;

/// A netlink protocol in one recorded namespace, by the number of its interface.
type Place = (u32, u16);

/// One of our sockets.
struct Ear {
    socket: OwnedFd,
    runs: Runs,
}

/// Our own sockets in the groups, and what they have heard.
#[derive(Default)]
pub(super) struct Heard {
    /// By place, and by the group where an address has no bit for it.
    ears: HashMap<(Place, Option<u32>), Ear>,
    /// Where a member hears what is said in other namespaces too.
    wide: HashSet<Place>,
    /// All until then was heard.
    until: Duration,
    /// How often there was no room.
    pub(super) deaf: u64,
    /// How often we may not hear other namespaces.
    pub(super) narrow: u64,
}

impl Heard {
    /// Joins a group. `open` makes a socket of the place.
    pub(super) fn join(
        &mut self,
        place: Place,
        group: u32,
        open: impl FnOnce() -> nix::Result<OwnedFd>,
    ) -> nix::Result<()> {
        let own = (group > IN_ADDRESS).then_some(group);
        let key = (place, own);
        let ear = match self.ears.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let socket = open()?;
                // Less room is better than none.
                let _ = setsockopt(&socket, sockopt::RcvBufForce, &ROOM);
                if self.wide.contains(&place) && netlink::hear_all(&socket).is_err() {
                    self.narrow += 1;
                }
                let runs = Runs::default();
                new.insert(Ear { socket, runs })
            }
        };
        netlink::join(&ear.socket, group)
    }

    /// Hears from now on what is said in other namespaces too.
    pub(super) fn widen(&mut self, place: Place) {
        if !self.wide.insert(place) {
            return;
        }
        for (_, ear) in self.ears.iter().filter(|((at, _), _)| *at == place) {
            if netlink::hear_all(&ear.socket).is_err() {
                self.narrow += 1;
            }
        }
    }

    /// The clock was set: times from before say nothing.
    pub(super) fn renew(&mut self, now: Duration) {
        self.until = Duration::ZERO;
        for ear in self.ears.values_mut() {
            ear.runs.renew(now);
        }
    }

    /// Whether no group was joined.
    pub(super) fn is_empty(&self) -> bool {
        self.ears.is_empty()
    }

    /// What the frame is, where it was said to us too.
    pub(super) fn copy(&mut self, frame: &Frame<'_>) -> Option<Copy> {
        if self.ears.is_empty() {
            return None;
        }
        if frame.time >= self.until {
            self.listen();
        }
        let place = (frame.interface, frame.protocol);
        let old = frame.time.min(self.until).saturating_sub(KEPT);
        let ears = self.ears.iter_mut().filter(|((at, _), _)| *at == place);
        let fitting = ears.filter_map(|(_, ear)| {
            ear.runs.forget(old);
            let (fit, number) = ear.runs.find(frame.messages)?;
            Some((fit, number, ear))
        });
        let (_, number, ear) = fitting.min_by_key(|(fit, ..)| *fit)?;
        ear.runs.take(number)
    }

    /// Takes what has been said.
    fn listen(&mut self) {
        self.until = now();
        let mut buffer = vec![0; LONGEST];
        for ((_, own), ear) in &mut self.ears {
            loop {
                let (length, address) =
                    match recvfrom::<NetlinkAddr>(ear.socket.as_raw_fd(), &mut buffer) {
                        Ok(received) => received,
                        Err(Errno::EINTR) => continue,
                        Err(Errno::ENOBUFS) => {
                            self.deaf += 1;
                            continue;
                        }
                        // Nothing more, or nothing ever.
                        Err(_) => break,
                    };
                let mask = address.map_or(0, |address| address.groups());
                let group = own.unwrap_or_else(|| mask.trailing_zeros() + 1);
                if let Some(bytes) = buffer.get(..length) {
                    ear.runs.hear(self.until, bytes, group);
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
        let mut heard = Heard::default();
        heard.join((0, USERSOCK), 7, open).unwrap();
        let speaker = open().unwrap();
        let message = sample::message(77, 0, 5, b"said");
        let to = NetlinkAddr::new(0, 1 << 6);
        // It goes to port id 0 as well, where nobody is.
        let sent = sendto(speaker.as_raw_fd(), &message, &to, MsgFlags::empty());
        assert_eq!(sent, Err(Errno::ECONNREFUSED));
        let mut frame = sample::frame(1, USERSOCK, &message);
        frame.time = now();
        let copies: Vec<_> = (0..3).map(|_| heard.copy(&frame)).collect();
        assert_eq!(
            copies,
            [
                Some(Copy::First(7)),
                Some(Copy::Ours),
                Some(Copy::Another(7, 2))
            ]
        );
        let other = sample::message(77, 0, 5, b"not said");
        assert_eq!(heard.copy(&sample::frame(1, USERSOCK, &other)), None);
        frame.protocol = 0;
        assert_eq!(heard.copy(&frame), None);
    }

    #[test]
    fn a_multicast_is_remembered_until_its_own_tap_is_read() {
        let mut heard = Heard::default();
        for interface in [0, 1] {
            heard.join((interface, USERSOCK), 9, open).unwrap();
        }
        let message = sample::message(77, 0, 5, b"said");
        let to = NetlinkAddr::new(0, 1 << 8);
        let _ = sendto(
            open().unwrap().as_raw_fd(),
            &message,
            &to,
            MsgFlags::empty(),
        );
        heard.listen();
        let long_ago = now() - 2 * KEPT;
        heard
            .ears
            .values_mut()
            .for_each(|ear| ear.runs.renew(long_ago));
        let mut frame = sample::frame(1, USERSOCK, &message);
        // The other tap was read first.
        for (interface, time, copy) in [(0, now(), None), (1, long_ago, Some(Copy::First(9)))] {
            (frame.interface, frame.time) = (interface, time);
            assert_eq!(heard.copy(&frame), copy);
        }
    }
}
