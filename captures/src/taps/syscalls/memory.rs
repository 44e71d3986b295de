// SPDX-License-Identifier: GPL-2.0-or-later
//! The memory of a stopped task, and the structures of system calls in it.

use std::mem::offset_of;

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::sys::memory::Memory;

/// The longest datagram that is kept, in bytes: no file holds more of one.
const LONGEST: usize = 1 << 18;

/// Pieces of one datagram, which the kernel allows at most (UIO_MAXIOV).
const PIECES: usize = 1024;

/// Bytes of `struct sockaddr_nl`, and where its groups are.
const ADDRESS: usize = 12;
const ADDRESS_GROUPS: usize = 8;

/// The memory of a task that has stopped in a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallerMemory(Memory);

/// A `struct msghdr`, as far as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageHeader {
    name: u64,
    name_length: u32,
    pieces: u64,
    count: u64,
    /// What the kernel says of the datagram: MSG_TRUNC and others.
    pub(super) flags: i32,
}

impl MessageHeader {
    fn of(bytes: &[u8]) -> nix::Result<Self> {
        Ok(Self {
            name: word(bytes, offset_of!(libc::msghdr, msg_name))?,
            name_length: half(bytes, offset_of!(libc::msghdr, msg_namelen))?,
            pieces: word(bytes, offset_of!(libc::msghdr, msg_iov))?,
            count: word(bytes, offset_of!(libc::msghdr, msg_iovlen))?,
            flags: half(bytes, offset_of!(libc::msghdr, msg_flags))?.cast_signed(),
        })
    }
}

impl CallerMemory {
    pub(super) fn of(task: Pid) -> Self {
        Self(Memory::of(task.as_raw()))
    }

    /// The first `length` bytes of a buffer, or as many as are kept.
    pub(super) fn buffer(self, at: u64, length: usize) -> nix::Result<Vec<u8>> {
        self.0.read(at, length.min(LONGEST))
    }

    /// The length of what `count` times `struct iovec` are about.
    pub(super) fn vector_length(self, at: u64, count: u64) -> nix::Result<usize> {
        let count = usize::try_from(count).unwrap_or(PIECES).min(PIECES);
        let vector = self.0.read(at, count * size_of::<libc::iovec>())?;
        let mut whole = 0_usize;
        for piece in vector.chunks_exact(size_of::<libc::iovec>()) {
            let length = word(piece, offset_of!(libc::iovec, iov_len))?;
            whole = whole.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        }
        Ok(whole)
    }

    /// The first `length` bytes of what `count` times `struct iovec` are about.
    pub(super) fn vector(self, at: u64, count: u64, length: usize) -> nix::Result<Vec<u8>> {
        let count = usize::try_from(count).unwrap_or(PIECES).min(PIECES);
        let vector = self.0.read(at, count * size_of::<libc::iovec>())?;
        let mut room = length.min(LONGEST);
        let mut pieces = Vec::with_capacity(count);
        for piece in vector.chunks_exact(size_of::<libc::iovec>()) {
            let base = word(piece, offset_of!(libc::iovec, iov_base))?;
            let length = word(piece, offset_of!(libc::iovec, iov_len))?;
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(room);
            room -= length;
            pieces.push((base, length));
            if room == 0 {
                break;
            }
        }
        self.0.gather(&pieces)
    }

    /// A `struct msghdr`.
    pub(super) fn header(self, at: u64) -> nix::Result<MessageHeader> {
        MessageHeader::of(&self.0.read(at, size_of::<libc::msghdr>())?)
    }

    /// A `struct mmsghdr`: the header, and the datagram's length.
    pub(super) fn counted_header(self, at: u64) -> nix::Result<(MessageHeader, usize)> {
        let bytes = self.0.read(at, size_of::<libc::mmsghdr>())?;
        let length = half(&bytes, offset_of!(libc::mmsghdr, msg_len))?;
        Ok((MessageHeader::of(&bytes)?, length as usize))
    }

    /// The first `length` bytes of the header's datagram.
    pub(super) fn datagram(self, header: &MessageHeader, length: usize) -> nix::Result<Vec<u8>> {
        self.vector(header.pieces, header.count, length)
    }

    /// The length of the header's buffers.
    pub(super) fn room(self, header: &MessageHeader) -> nix::Result<usize> {
        self.vector_length(header.pieces, header.count)
    }

    /// Whether the header's address says that the datagram came to a multicast group.
    pub(super) fn is_to_group(self, header: &MessageHeader) -> bool {
        header.name_length as usize >= ADDRESS && self.names_group(header.name)
    }

    /// Whether a `struct sockaddr_nl` names a group; a null pointer is none.
    pub(super) fn names_group(self, at: u64) -> bool {
        at != 0
            && (self.0.read(at, ADDRESS))
                .and_then(|bytes| half(&bytes, ADDRESS_GROUPS))
                .is_ok_and(|groups| groups != 0)
    }
}

fn word(bytes: &[u8], at: usize) -> nix::Result<u64> {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u64::from_ne_bytes(*bytes.ok_or(Errno::EFAULT)?))
}

fn half(bytes: &[u8], at: usize) -> nix::Result<u32> {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u32::from_ne_bytes(*bytes.ok_or(Errno::EFAULT)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_gathered_from_its_pieces_as_far_as_it_goes() {
        let memory = CallerMemory::of(Pid::this());
        let (first, second) = (*b"abcdef", *b"ghijkl");
        let pieces = [(&first[..], 6), (&second[..], 6)].map(|(bytes, iov_len)| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len,
        });
        let at = pieces.as_ptr() as u64;
        assert_eq!(memory.vector(at, 2, 8).unwrap(), b"abcdefgh");
        assert_eq!(memory.vector(at, 2, 99).unwrap(), b"abcdefghijkl");
        assert_eq!(memory.vector(at, 1, 0).unwrap(), b"");
        assert_eq!(memory.buffer(8, 4), Err(Errno::EFAULT));
    }

    #[test]
    fn an_address_with_groups_is_a_multicasts() {
        let memory = CallerMemory::of(Pid::this());
        let of = |groups: u32| {
            let mut address = [0_u8; ADDRESS];
            address[ADDRESS_GROUPS..].copy_from_slice(&groups.to_ne_bytes());
            memory.names_group(address.as_ptr() as u64)
        };
        assert!(of(1) && !of(0) && !memory.names_group(0));
    }
}
