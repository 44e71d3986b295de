// SPDX-License-Identifier: GPL-2.0-or-later
//! The way to the kernel: a generic netlink socket, or a stand-in for one.

use std::io::{self, ErrorKind, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Instant;

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, NetlinkAddr, recvmsg, setsockopt};
// The macro's own expansion names the last two.
use nix::{libc, setsockopt_impl, sockopt_impl};

/// Carries datagrams. Narrow, so that a test can be the kernel.
pub trait Transport {
    /// Sends one request to the kernel.
    ///
    /// # Errors
    ///
    /// Those of send(2).
    fn send(&mut self, request: &[u8]) -> io::Result<()>;

    /// Waits for a datagram until `deadline` and puts it into `buffer` in place
    /// of what that held. `buffer` holds all of it, unless [`Received::size`]
    /// says otherwise.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] at the deadline, else those of recvmsg(2).
    fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Instant) -> io::Result<Received>;
}

/// What is known of a datagram besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Port id of the sender. The kernel's is 0, and no process can have it.
    pub sender: u32,
    /// Length of the datagram as it was sent.
    pub size: usize,
}

/// A datagram of this size is refused, so that no number from outside decides
/// how much memory is taken. The largest answer has 64 KiB.
const MAX_DATAGRAM: usize = 16 << 20;

sockopt_impl!(
    /// An error carries the failed request's header only, not its payload.
    CapAck,
    SetOnly,
    libc::SOL_NETLINK,
    libc::NETLINK_CAP_ACK,
    bool
);

/// A netlink socket in the caller's network namespace.
pub struct KernelSocket {
    socket: NlSocket,
}

impl KernelSocket {
    /// Opens and binds one of generic netlink, the kernel choosing its port id, with extended and
    /// capped acknowledgements.
    ///
    /// # Errors
    ///
    /// Those of socket(2), bind(2) and setsockopt(2).
    pub fn open() -> io::Result<Self> {
        Self::of(NlFamily::Generic)
    }

    /// Like [`KernelSocket::open`], of rtnetlink.
    pub(crate) fn route() -> io::Result<Self> {
        Self::of(NlFamily::Route)
    }

    fn of(family: NlFamily) -> io::Result<Self> {
        let socket = NlSocket::connect(family, None, Groups::empty())?;
        socket.enable_ext_ack(true)?;
        let socket = Self { socket };
        setsockopt(&socket, CapAck, &true)?;
        Ok(socket)
    }

    /// Blocks until there is something to read.
    fn wait(&self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        // A timeout of 0 ms would spin through the last millisecond.
        let timeout =
            PollTimeout::try_from(left.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX);
        if left.is_zero()
            || poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], timeout)? == 0
        {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Takes the datagram at the head of the queue. It is measured first, so
    /// that `buffer` is as large as it takes: nothing else reads this socket,
    /// the head stays the same in between.
    fn take(&self, buffer: &mut Vec<u8>) -> io::Result<Received> {
        let peek = Msg::PEEK | Msg::TRUNC | Msg::DONTWAIT;
        let (size, _) = self.socket.recv(&mut [0u8; 0][..], peek)?;
        if size > MAX_DATAGRAM {
            let text = format!("datagram of {size} bytes exceeds {MAX_DATAGRAM}");
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        buffer.clear();
        buffer.resize(size, 0);
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_TRUNC | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<NetlinkAddr>(self.socket.as_raw_fd(), &mut parts, None, flags)?;
        let (size, sender) = (message.bytes, message.address.map(|from| from.pid()));
        buffer.truncate(size);
        let sender = sender.ok_or_else(|| io::Error::other("datagram without a sender"))?;
        Ok(Received { sender, size })
    }
}

impl AsFd for KernelSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: NlSocket closes the descriptor when dropped and at no other
        // time, and the result borrows `self`, which owns it.
        unsafe { BorrowedFd::borrow_raw(self.socket.as_raw_fd()) }
    }
}

impl Transport for KernelSocket {
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        loop {
            match self.socket.send(request, Msg::empty()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A datagram is sent whole or not at all.
                result => return result.map(drop),
            }
        }
    }

    /// Reads before it waits: an answer to a do request is there when send(2)
    /// has returned.
    fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Instant) -> io::Result<Received> {
        loop {
            let error = match self.take(buffer) {
                Err(error) => error,
                received => return received,
            };
            let error = match error.kind() {
                ErrorKind::WouldBlock => match self.wait(deadline) {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                _ => error,
            };
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// CTRL_CMD_GETFAMILY for the controller itself, which each kernel has.
    fn ask_for_the_controller() -> Vec<u8> {
        let mut request = 32u32.to_ne_bytes().to_vec();
        request.extend([0x10u16, 1].map(u16::to_ne_bytes).concat());
        request.extend([7u32, 0].map(u32::to_ne_bytes).concat());
        request.extend([3, 2, 0, 0]);
        request.extend([11u16, 2].map(u16::to_ne_bytes).concat());
        request.extend(b"nlctrl\0\0");
        request
    }

    #[test]
    fn each_datagram_replaces_the_one_before_and_is_whole() {
        let mut socket = KernelSocket::open().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut buffer = vec![0xaa; 3];
        for _ in 0..2 {
            socket.send(&ask_for_the_controller()).unwrap();
            let received = socket.receive(&mut buffer, deadline).unwrap();
            let size = buffer.len();
            assert_eq!(received, Received { sender: 0, size });
            let len = u32::from_ne_bytes(buffer[..4].try_into().unwrap());
            assert_eq!(len as usize, size, "one message fills the datagram");
            buffer.resize(100_000, 0xaa);
        }
    }

    #[test]
    fn silence_ends_at_the_deadline_and_not_before() {
        let mut socket = KernelSocket::open().unwrap();
        let deadline = Instant::now() + Duration::from_millis(30);
        let error = socket.receive(&mut Vec::new(), deadline).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
    }
}
