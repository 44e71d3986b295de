// SPDX-License-Identifier: GPL-2.0-or-later
//! What a call that waits is about to send, read from its caller's memory.

use std::mem::offset_of;

use nix::errno::Errno;

use crate::sys::memory::Memory;
use crate::sys::seccomp::Call;

/// The longest send that is read, in bytes: the tap keeps no more either.
const LONGEST: usize = 1 << 18;

/// How much is read of one call, in bytes, and how much of a message after that.
const ROOM: usize = 1 << 21;
const LEAST: usize = 1 << 11;

/// What is to be sent at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    /// Its bytes, or the first of them.
    pub(super) bytes: Vec<u8>,
    /// How many there are.
    pub(super) length: usize,
}

/// Pieces of one send, and messages of one sendmmsg(2), that are read.
const PIECES: usize = 1024;

/// `struct sockaddr_nl`.
const ADDRESS: usize = 12;

/// What a call that sends is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// A datagram each, and none of an empty one.
    pub(super) datagrams: Vec<Datagram>,
    /// The kernel gives the socket a port id, if it has none, before it looks at what might
    /// have it refuse the call.
    pub(super) binds: bool,
}

/// Reads what is to be sent.
pub(super) fn read(memory: Memory, call: &Call) -> nix::Result<Outgoing> {
    let [_, at, length, third, fourth, fifth] = call.arguments;
    let mut room = ROOM;
    let (mut datagrams, binds) = match i64::from(call.number) {
        libc::SYS_sendto => {
            let datagram = plain(memory, at, length)?;
            let binds = !is_out_of_band(third) && is_to_kernel(memory, fourth, fifth as i32);
            (vec![datagram], binds)
        }
        libc::SYS_write => (vec![plain(memory, at, length)?], true),
        libc::SYS_writev => (vec![vector(memory, at, length, &mut room)?], true),
        // With an offset, and with flags, it is not for sockets.
        libc::SYS_pwritev2 => {
            let datagram = vector(memory, at, length, &mut room)?;
            (vec![datagram], third == u64::MAX && fifth as u32 == 0)
        }
        libc::SYS_sendmsg => {
            let (datagram, binds) = message(memory, at, &mut room)?;
            (vec![datagram], binds && !is_out_of_band(length))
        }
        libc::SYS_sendmmsg => {
            let mut messages = Vec::new();
            for index in 0..(length as u32 as usize).min(PIECES) {
                let at = at.wrapping_add((index * size_of::<libc::mmsghdr>()) as u64);
                match message(memory, at, &mut room) {
                    Ok(message) => messages.push(message),
                    Err(errno) if messages.is_empty() => return Err(errno),
                    // The kernel ends there, too.
                    Err(_) => break,
                }
            }
            // Where the first is refused, the call ends.
            let binds = messages.first().is_some_and(|(_, binds)| *binds);
            let datagrams = messages.into_iter().map(|(datagram, _)| datagram);
            (datagrams.collect(), binds && !is_out_of_band(third))
        }
        _ => (Vec::new(), false),
    };
    let binds = binds && datagrams.first().is_some_and(Datagram::is_sendable);
    datagrams.retain(|datagram| !datagram.bytes.is_empty());
    Ok(Outgoing { datagrams, binds })
}

impl Datagram {
    /// Whether the kernel takes its length for one.
    fn is_sendable(&self) -> bool {
        (1..=isize::MAX as usize).contains(&self.length)
    }
}

/// Of the flags of send(2); a netlink socket refuses it.
fn is_out_of_band(flags: u64) -> bool {
    flags as i32 & libc::MSG_OOB != 0
}

/// Whether the address of a send is the kernel's, or none: for others there are privileges.
fn is_to_kernel(memory: Memory, at: u64, length: i32) -> bool {
    at == 0 || length == 0 || address(memory, at, length) == Some((0, 0))
}

/// Port id and groups of an address argument, where it is a netlink one.
pub(super) fn address(memory: Memory, at: u64, length: i32) -> Option<(u32, u32)> {
    // Beyond these lengths the kernel refuses the call.
    let length = usize::try_from(length).ok()?;
    if !(ADDRESS..=size_of::<libc::sockaddr_storage>()).contains(&length) {
        return None;
    }
    let bytes = memory.read(at, ADDRESS).ok()?;
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    let word = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    (i32::from(family) == libc::AF_NETLINK).then_some((word(4)?, word(8)?))
}

fn plain(memory: Memory, at: u64, length: u64) -> nix::Result<Datagram> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let bytes = memory.read(at, length.min(LONGEST))?;
    Ok(Datagram { bytes, length })
}

/// What `count` times `struct iovec` are about. What is read is taken from the room.
fn vector(memory: Memory, at: u64, count: u64, room: &mut usize) -> nix::Result<Datagram> {
    let count = usize::try_from(count).unwrap_or(PIECES).min(PIECES);
    let pieces = memory.read(at, count * size_of::<libc::iovec>())?;
    let mut left = LONGEST.min((*room).max(LEAST));
    let mut whole = 0_usize;
    let mut all = Vec::with_capacity(count);
    for piece in pieces.chunks_exact(size_of::<libc::iovec>()) {
        let base = word(piece, offset_of!(libc::iovec, iov_base))?;
        let length = word(piece, offset_of!(libc::iovec, iov_len))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        whole = whole.saturating_add(length);
        let length = length.min(left);
        left -= length;
        all.push((base, length));
    }
    let bytes = memory.gather(&all)?;
    *room = room.saturating_sub(bytes.len());
    Ok(Datagram {
        bytes,
        length: whole,
    })
}

/// What a `struct msghdr` is about, and whether nothing beside what is sent may have the
/// kernel refuse it before it gives the socket a port id.
fn message(memory: Memory, at: u64, room: &mut usize) -> nix::Result<(Datagram, bool)> {
    let header = memory.read(at, size_of::<libc::msghdr>())?;
    let pieces = word(&header, offset_of!(libc::msghdr, msg_iov))?;
    let count = word(&header, offset_of!(libc::msghdr, msg_iovlen))?;
    let datagram = vector(memory, pieces, count, room)?;
    let name = word(&header, offset_of!(libc::msghdr, msg_name))?;
    let length = word(&header, offset_of!(libc::msghdr, msg_namelen))? as i32;
    let control = word(&header, offset_of!(libc::msghdr, msg_controllen))?;
    let binds = control == 0 && is_to_kernel(memory, name, length);
    Ok((datagram, binds))
}

fn word(bytes: &[u8], at: usize) -> nix::Result<u64> {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u64::from_ne_bytes(*bytes.ok_or(Errno::EFAULT)?))
}

#[cfg(test)]
mod tests {
    use nix::unistd::gettid;

    use super::super::tasks::Tasks;
    use super::*;

    /// What is read of a call of this thread.
    fn read_own(number: i64, arguments: [u64; 6]) -> Outgoing {
        let tid = gettid().as_raw();
        let memory = Tasks::default().get(tid).unwrap().memory();
        let call = Call {
            id: 0,
            tid,
            arch: 0,
            number: number as i32,
            arguments,
        };
        read(memory, &call).unwrap()
    }

    #[test]
    fn one_call_has_no_more_than_so_many_bytes_read() {
        let bytes = vec![7_u8; 2 * LONGEST];
        let piece = [bytes.as_ptr() as u64, bytes.len() as u64];
        // `struct mmsghdr`: name, its length, pieces, their number, control, its length,
        // flags, and what was sent.
        let header = [0, 0, piece.as_ptr() as u64, 1, 0, 0, 0, 0];
        assert_eq!(size_of_val(&header), size_of::<libc::mmsghdr>());
        let headers = vec![header; PIECES];
        let at = headers.as_ptr() as u64;
        let outgoing = read_own(libc::SYS_sendmmsg, [3, at, 5000, 0, 0, 0]);
        assert_eq!(outgoing.datagrams.len(), PIECES);
        let lengths = outgoing.datagrams.iter().map(|it| it.bytes.len());
        assert!(lengths.clone().sum::<usize>() <= ROOM + PIECES * LEAST);
        assert!(lengths.min() == Some(LEAST) && outgoing.binds);
        let whole = |it: &Datagram| it.length == bytes.len();
        assert!(outgoing.datagrams.iter().all(whole));
    }

    #[test]
    fn what_the_kernel_may_refuse_before_it_binds_is_known() {
        let bytes = [0_u64; 4];
        let at = bytes.as_ptr() as u64;
        let binds = |address: &[u32], length: u64, flags: u64| {
            let to = address.as_ptr() as u64;
            read_own(libc::SYS_sendto, [3, at, 16, flags, to, length]).binds
        };
        let family = libc::AF_NETLINK as u32;
        assert!(binds(&[family, 0, 0], 12, 0));
        assert!(!binds(&[family, 0, 0], 12, libc::MSG_OOB as u64));
        assert!(!binds(&[family, 7, 0], 12, 0));
        assert!(!binds(&[family, 0, 1], 12, 0));
        assert!(!binds(&[family, 0, 0], 11, 0));
        assert!(!binds(&[family + 1, 0, 0], 12, 0));
        assert!(binds(&[], 0, 0));
        let write = |length| read_own(libc::SYS_write, [3, at, length, 0, 0, 0]).binds;
        assert!(write(16) && !write(0) && !write(u64::MAX));
    }
}
