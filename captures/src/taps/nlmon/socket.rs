// SPDX-License-Identifier: GPL-2.0-or-later
//! A packet socket bound to an nlmon link.
//!
//! The socket is of type SOCK_DGRAM, since only its addresses say which netlink
//! protocol a frame belongs to.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType};
use nix::sys::socket::{getsockopt, setsockopt, socket, sockopt::SocketError};

use super::link::Link;
use super::ring::{BLOCK, Ring};
use crate::file::writer::Counters;
use crate::messages::packet::Frame;
use crate::sys;
use crate::sys::privilege::PRIVILEGE;

/// Blocks that are taken at once, before signals and calls are looked at again.
const AT_ONCE: usize = 4;

/// After this time the kernel hands over a block that is not full, in ms.
const BLOCK_TIMEOUT: u32 = 50;

/// All protocols: a socket of a single one sees nothing that is sent.
const EVERYTHING: u16 = libc::ETH_P_ALL as u16;

/// A single protocol, and so nothing: an nlmon link only sends.
const NOTHING: u16 = libc::ETH_P_LOOP as u16;

mod option {
    //! Options of packet(7) sockets that nix does not name.

    use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

    sockopt_impl!(
        Version,
        SetOnly,
        libc::SOL_PACKET,
        libc::PACKET_VERSION,
        u32
    );
    sockopt_impl!(
        ReceiveRing,
        SetOnly,
        libc::SOL_PACKET,
        libc::PACKET_RX_RING,
        libc::tpacket_req3
    );
    sockopt_impl!(
        Statistics,
        GetOnly,
        libc::SOL_PACKET,
        libc::PACKET_STATISTICS,
        libc::tpacket_stats_v3
    );
}

/// What went wrong with the socket.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} to record from link {link}: {errno}{}", self.way_out())]
pub(super) struct TapError {
    action: &'static str,
    link: String,
    errno: Errno,
}

impl TapError {
    fn way_out(&self) -> String {
        match self.errno {
            Errno::EPERM | Errno::EACCES => format!(": CAP_NET_RAW is required: {PRIVILEGE}"),
            _ => String::new(),
        }
    }
}

/// An open socket: what goes over the link is gathered in the ring.
pub(super) struct PacketSocket {
    // The ring is unmapped before its socket is closed.
    ring: Ring,
    socket: OwnedFd,
    link: i32,
    /// Which interface of the recording it is.
    number: u32,
    /// Frames taken from the ring.
    taken: u64,
    /// What the socket has counted, each time it was asked: it begins anew then.
    counted: Counters,
}

impl PacketSocket {
    /// Begins to gather what goes over the link, as interface `number` of the
    /// recording, in a ring of `bytes` bytes, rounded up to a block.
    pub(super) fn open(link: &Link, number: u32, bytes: usize) -> Result<Self, TapError> {
        let fail = |action| {
            move |errno| TapError {
                action,
                link: link.shown(),
                errno,
            }
        };
        let flags = SockFlag::SOCK_CLOEXEC;
        // Without a protocol it gets nothing until it is bound: not the frames
        // of all links in between.
        let socket = socket(AddressFamily::Packet, SockType::Datagram, flags, None)
            .map_err(fail("open a packet socket"))?;
        let version = libc::tpacket_versions::TPACKET_V3 as u32;
        setsockopt(&socket, option::Version, &version).map_err(fail("use TPACKET_V3"))?;
        let blocks = bytes.div_ceil(BLOCK).max(2);
        let ring = libc::tpacket_req3 {
            tp_block_size: BLOCK as u32,
            tp_block_nr: blocks as u32,
            tp_frame_size: BLOCK as u32,
            tp_frame_nr: blocks as u32,
            tp_retire_blk_tov: BLOCK_TIMEOUT,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        setsockopt(&socket, option::ReceiveRing, &ring).map_err(fail("set up the receive ring"))?;
        let ring = Ring::map(&socket, blocks).map_err(fail("map the receive ring"))?;
        let index = link.index();
        sys::bind_packet(&socket, index, EVERYTHING).map_err(fail("bind the packet socket"))?;
        Ok(Self {
            ring,
            socket,
            link: index,
            number,
            taken: 0,
            counted: Counters::default(),
        })
    }

    /// Hands frames that are ready to `take`, a few blocks at most; whether there
    /// were any.
    pub(super) fn drain(&mut self, take: &mut impl FnMut(&Frame<'_>)) -> bool {
        for round in 0..AT_ONCE {
            let Some(frames) = self.ring.block(self.number) else {
                return round > 0;
            };
            for frame in frames {
                self.taken += 1;
                take(&frame);
            }
        }
        true
    }

    /// How many frames there was no room for until now.
    pub(super) fn lost(&mut self) -> u64 {
        if let Ok(since) = getsockopt(&self.socket, option::Statistics) {
            self.counted.received += u64::from(since.tp_packets);
            self.counted.dropped += u64::from(since.tp_drops);
        }
        self.counted.dropped
    }

    /// The error that the socket has met, such as ENETDOWN after its link has
    /// gone; cleared by the call.
    pub(super) fn error(&self) -> Option<Errno> {
        match getsockopt(&self.socket, SocketError) {
            Ok(0) => None,
            Ok(number) => Some(Errno::from_raw(number)),
            Err(errno) => Some(errno),
        }
    }

    /// Stops gathering: when this returns, nothing more comes into the ring.
    pub(super) fn stop(&mut self) {
        // The kernel unhooks the socket and waits for those who are just putting
        // a frame into it. The call fails only where the link is gone, and then
        // the socket is off it already.
        let _ = sys::bind_packet(&self.socket, self.link, NOTHING);
    }

    /// Hands what is left in the stopped and drained socket to `take`, and says what it
    /// counted.
    pub(super) fn finish(mut self, take: &mut impl FnMut(&Frame<'_>)) -> Counters {
        let dropped = self.lost();
        let received = self.counted.received;
        if self.taken + dropped < received {
            for frame in self.ring.open_block(self.number) {
                self.taken += 1;
                take(&frame);
            }
        }
        // What came in and cannot be found is lost, whatever the reason.
        let dropped = received.saturating_sub(self.taken).max(dropped);
        Counters { received, dropped }
    }
}

impl AsFd for PacketSocket {
    /// Readable when frames are ready, in error when the link is gone.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
