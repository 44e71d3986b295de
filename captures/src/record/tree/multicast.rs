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
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, recvfrom, setsockopt, sockopt};

use crate::file::writer::Frame;
use crate::record::families::now;
use crate::record::sys::netlink;

/// Room for what is said to us between two looks, in bytes.
const ROOM: usize = 1 << 24;

/// The longest message that is heard, in bytes.
const LONGEST: usize = 1 << 16;

/// How long a multicast is remembered after it was heard, for its other copies.
const KEPT: Duration = Duration::from_secs(1);

/// Groups that a socket's address has a bit for.
const IN_ADDRESS: u32 = 32;

/// A netlink protocol in one recorded namespace, by the number of its interface.
type Place = (u32, u16);

/// What one frame of a multicast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// The first.
    First(u32),
    /// Another receiver's.
    Another(u32),
    /// The one that was for us.
    Ours,
}

/// A message as often as it was said.
#[derive(Default)]
struct Said {
    group: u32,
    heard: u32,
    /// How many of these have had their first frame, and ours.
    first: u32,
    ours: u32,
    last: Duration,
}

/// Our own sockets in the groups, and what they have heard.
#[derive(Default)]
pub(super) struct Heard {
    /// By place, and by the group where an address has no bit for it.
    sockets: HashMap<(Place, Option<u32>), OwnedFd>,
    said: HashMap<Place, HashMap<Rc<[u8]>, Said>>,
    /// What is in `said`, by the time it was heard.
    order: VecDeque<(Duration, Place, Rc<[u8]>)>,
    /// All until then was heard.
    until: Duration,
    /// How often there was no room.
    pub(super) deaf: u64,
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
        let socket = match self.sockets.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let socket = open()?;
                // Less room is better than none.
                let _ = setsockopt(&socket, sockopt::RcvBufForce, &ROOM);
                new.insert(socket)
            }
        };
        netlink::join(socket, group)
    }

    /// What the frame is, where it was said to us too.
    pub(super) fn copy(&mut self, frame: &Frame<'_>) -> Option<Copy> {
        if self.sockets.is_empty() {
            return None;
        }
        if frame.time >= self.until {
            self.listen();
        }
        let place = (frame.interface, frame.header.protocol);
        let said = self.said.get_mut(&place)?.get_mut(frame.messages)?;
        Some(if said.first < said.heard {
            said.first += 1;
            Copy::First(said.group)
        } else if said.ours < said.heard {
            said.ours += 1;
            Copy::Ours
        } else {
            Copy::Another(said.group)
        })
    }

    /// Takes what has been said.
    fn listen(&mut self) {
        self.until = now();
        self.forget();
        let mut buffer = vec![0; LONGEST];
        for (&(place, own), socket) in &self.sockets {
            loop {
                let (length, address) =
                    match recvfrom::<NetlinkAddr>(socket.as_raw_fd(), &mut buffer) {
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
                let Some(bytes) = buffer.get(..length) else {
                    continue;
                };
                let all = self.said.entry(place).or_default();
                let said = match all.get_mut(bytes) {
                    Some(said) => said,
                    None => all.entry(bytes.into()).or_default(),
                };
                said.group = group;
                said.heard += 1;
                said.last = self.until;
                self.order.push_back((self.until, place, bytes.into()));
            }
        }
    }

    /// Forgets what is old.
    fn forget(&mut self) {
        let old = self.until.saturating_sub(KEPT);
        while let Some((time, place, _)) = self.order.front()
            && *time < old
        {
            let place = *place;
            let Some((_, _, bytes)) = self.order.pop_front() else {
                return;
            };
            if let Some(all) = self.said.get_mut(&place)
                && all.get(&bytes).is_some_and(|said| said.last < old)
            {
                all.remove(&bytes);
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
                Some(Copy::Another(7))
            ]
        );
        let other = sample::message(77, 0, 5, b"not said");
        assert_eq!(heard.copy(&sample::frame(1, USERSOCK, &other)), None);
        frame.header.protocol = 0;
        assert_eq!(heard.copy(&frame), None);
    }
}
