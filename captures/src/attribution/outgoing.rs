// SPDX-License-Identifier: GPL-2.0-or-later
//! What a call that waits is about to send, read from its caller's memory.

use std::mem::offset_of;

use nix::errno::Errno;

use super::tasks::Task;
use crate::sys::seccomp::Call;

/// The longest send that is read, in bytes: the tap keeps no more either.
const LONGEST: usize = 1 << 18;

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

/// Reads what is to be sent: a datagram each, and none of an empty one.
pub(super) fn read(task: &Task, call: &Call) -> nix::Result<Vec<Datagram>> {
    let [_, at, length, ..] = call.arguments;
    let mut all = match i64::from(call.number) {
        libc::SYS_sendto | libc::SYS_write => vec![plain(task, at, length)?],
        libc::SYS_writev | libc::SYS_pwritev2 => vec![vector(task, at, length)?],
        libc::SYS_sendmsg => vec![message(task, at)?],
        libc::SYS_sendmmsg => (0..(length as u32 as usize).min(PIECES))
            .map(|index| message(task, at + (index * size_of::<libc::mmsghdr>()) as u64))
            .collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    all.retain(|datagram| !datagram.bytes.is_empty());
    Ok(all)
}

fn plain(task: &Task, at: u64, length: u64) -> nix::Result<Datagram> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let bytes = task.read(at, length.min(LONGEST))?;
    Ok(Datagram { bytes, length })
}

/// What `count` times `struct iovec` are about.
fn vector(task: &Task, at: u64, count: u64) -> nix::Result<Datagram> {
    let count = usize::try_from(count).unwrap_or(PIECES).min(PIECES);
    let pieces = task.read(at, count * size_of::<libc::iovec>())?;
    let mut room = LONGEST;
    let mut whole = 0_usize;
    let mut all = Vec::with_capacity(count);
    for piece in pieces.chunks_exact(size_of::<libc::iovec>()) {
        let base = word(piece, offset_of!(libc::iovec, iov_base))?;
        let length = word(piece, offset_of!(libc::iovec, iov_len))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        whole = whole.saturating_add(length);
        let length = length.min(room);
        room -= length;
        all.push((base, length));
    }
    let bytes = task.gather(&all)?;
    Ok(Datagram {
        bytes,
        length: whole,
    })
}

/// What a `struct msghdr` is about.
fn message(task: &Task, at: u64) -> nix::Result<Datagram> {
    let header = task.read(at, size_of::<libc::msghdr>())?;
    let pieces = word(&header, offset_of!(libc::msghdr, msg_iov))?;
    let count = word(&header, offset_of!(libc::msghdr, msg_iovlen))?;
    vector(task, pieces, count)
}

fn word(bytes: &[u8], at: usize) -> nix::Result<u64> {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u64::from_ne_bytes(*bytes.ok_or(Errno::EFAULT)?))
}
