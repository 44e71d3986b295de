// SPDX-License-Identifier: GPL-2.0-or-later
//! What a system call has to do with messages, and the datagrams that it has moved.

use nix::errno::Errno;
use nix::unistd::Pid;

use super::memory::{CallerMemory, MessageHeader};
use crate::attribution::ARCH;
use crate::messages::packet::Direction;
use crate::messages::process::Fate;
use crate::sys::ptrace::CallEntry;

/// Results from here on are the kernel's own errnos, of calls that are made again or become
/// EINTR: ERESTARTSYS of linux/errno.h.
const RESTART: i64 = 512;

/// Datagrams of one call that are looked at, which the kernel allows at most (UIO_MAXIOV).
const AT_ONCE: usize = 1024;

/// What a call has to do with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Send,
    Receive,
    /// It sends from a file or a pipe.
    Splice,
    /// Its thread takes another name.
    Rename,
    /// It wants to trace, which only one can.
    Debugger,
    /// It sets up something whose messages are not seen.
    Unseen,
}

/// What a call that the filter has stopped is.
pub(super) fn kind(entry: &CallEntry) -> Kind {
    if entry.arch.is_some_and(|arch| arch != ARCH) {
        return Kind::Unseen;
    }
    match entry.number {
        libc::SYS_sendmsg
        | libc::SYS_sendto
        | libc::SYS_sendmmsg
        | libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_pwritev2 => Kind::Send,
        libc::SYS_recvmsg
        | libc::SYS_recvfrom
        | libc::SYS_recvmmsg
        | libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_preadv2 => Kind::Receive,
        libc::SYS_sendfile | libc::SYS_splice => Kind::Splice,
        libc::SYS_prctl => Kind::Rename,
        libc::SYS_ptrace => Kind::Debugger,
        _ => Kind::Unseen,
    }
}

/// The descriptor that the call is about.
pub(super) fn descriptor(entry: &CallEntry) -> i32 {
    let at = match entry.number {
        // Where it splices to.
        libc::SYS_splice => 2,
        _ => 0,
    };
    entry.arguments[at] as i32
}

/// What was sent or received at once, or could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Datagram {
    /// Its messages, as far as they are kept.
    pub(super) messages: Vec<u8>,
    /// Their length when they were sent, as far as that is known.
    pub(super) original_length: usize,
    /// The kernel said that it came to a multicast group.
    pub(super) is_multicast: bool,
    pub(super) fate: Option<Fate>,
}

impl Datagram {
    /// A whole one.
    fn sent(messages: Vec<u8>, length: usize) -> Self {
        Self {
            original_length: length.max(messages.len()),
            messages,
            ..Self::default()
        }
    }

    /// One that was received into room for less where `is_cut`.
    fn received(messages: Vec<u8>, length: usize, is_cut: bool) -> Self {
        Self {
            fate: is_cut.then_some(Fate::Truncated),
            ..Self::sent(messages, length)
        }
    }
}

/// Hands the datagrams of a call that has returned `result` to `each`, one after another: a
/// call may move hundreds of MiB. There is none of a call that will be made again, or found
/// nothing.
///
/// # Errors
///
/// Where the caller's memory cannot be read: ESRCH where it was killed.
pub(super) fn datagrams(
    task: Pid,
    entry: &CallEntry,
    direction: Direction,
    result: i64,
    each: &mut dyn FnMut(Datagram),
) -> nix::Result<()> {
    let memory = CallerMemory::of(task);
    if result <= -RESTART {
        return Ok(());
    }
    let Ok(result) = usize::try_from(result) else {
        let errno = Errno::from_raw(i32::try_from(-result).unwrap_or(0));
        match direction {
            Direction::Outbound => each(not_sent(memory, entry, errno)?),
            Direction::Inbound => not_read(memory, entry, errno).into_iter().for_each(each),
        }
        return Ok(());
    };
    match direction {
        Direction::Outbound => sent(memory, entry, result, each),
        Direction::Inbound => received(memory, entry, result, each),
    }
}

fn sent(
    memory: CallerMemory,
    entry: &CallEntry,
    result: usize,
    each: &mut dyn FnMut(Datagram),
) -> nix::Result<()> {
    let [_, at, count, ..] = entry.arguments;
    let one = match entry.number {
        libc::SYS_sendto | libc::SYS_write => memory.buffer(at, result)?,
        libc::SYS_writev | libc::SYS_pwritev2 => memory.vector(at, count, result)?,
        libc::SYS_sendmsg => memory.datagram(&memory.header(at)?, result)?,
        libc::SYS_sendmmsg => {
            for at in headers(at, result) {
                let (header, length) = memory.counted_header(at)?;
                each(Datagram::sent(memory.datagram(&header, length)?, length));
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if result > 0 {
        each(Datagram::sent(one, result));
    }
    Ok(())
}

/// Where the headers of a call for several datagrams are.
fn headers(at: u64, number: usize) -> impl Iterator<Item = u64> {
    (0..number.min(AT_ONCE)).map(move |index| at + (index * size_of::<libc::mmsghdr>()) as u64)
}

/// What was to be sent: of several only the first was tried, or no call would have failed.
fn not_sent(memory: CallerMemory, entry: &CallEntry, errno: Errno) -> nix::Result<Datagram> {
    let [_, at, count, ..] = entry.arguments;
    let found = match entry.number {
        libc::SYS_sendto | libc::SYS_write => {
            let length = usize::try_from(count).unwrap_or(usize::MAX);
            memory.buffer(at, length).map(|bytes| (bytes, length))
        }
        libc::SYS_writev | libc::SYS_pwritev2 => memory.vector_length(at, count).and_then(|it| {
            let bytes = memory.vector(at, count, it)?;
            Ok((bytes, it))
        }),
        _ => memory.header(at).and_then(|header| {
            let length = memory.room(&header)?;
            Ok((memory.datagram(&header, length)?, length))
        }),
    };
    let (messages, length) = match found {
        // The caller's own mistake: there are none.
        Err(Errno::EFAULT) => (Vec::new(), 0),
        other => other?,
    };
    Ok(Datagram {
        original_length: length.max(messages.len()),
        messages,
        is_multicast: false,
        fate: Some(Fate::NotSent(Some(errno as i32))),
    })
}

/// A receive that failed, where a message was lost by it: the socket had no room for one, or
/// the caller's buffer was none. Where the header of the call is none, nothing was taken.
fn not_read(memory: CallerMemory, entry: &CallEntry, errno: Errno) -> Option<Datagram> {
    let is_lost = match (errno, entry.number) {
        (Errno::ENOBUFS, _) => true,
        (Errno::EFAULT, libc::SYS_recvmsg) => memory.header(entry.arguments[1]).is_ok(),
        (Errno::EFAULT, libc::SYS_recvmmsg) => memory.counted_header(entry.arguments[1]).is_ok(),
        (Errno::EFAULT, _) => true,
        _ => false,
    };
    is_lost.then(|| Datagram {
        fate: Some(Fate::NotRead(errno as i32)),
        ..Datagram::default()
    })
}

fn received(
    memory: CallerMemory,
    entry: &CallEntry,
    result: usize,
    each: &mut dyn FnMut(Datagram),
) -> nix::Result<()> {
    let [_, at, count, third, fourth, ..] = entry.arguments;
    let room = usize::try_from(count).unwrap_or(usize::MAX);
    let of_header = |header: &MessageHeader, length: usize| {
        Ok(Datagram {
            is_multicast: memory.is_to_group(header),
            ..Datagram::received(
                memory.datagram(header, length)?,
                length,
                header.flags & libc::MSG_TRUNC != 0,
            )
        })
    };
    each(match entry.number {
        libc::SYS_read => Datagram::received(memory.buffer(at, result)?, result, false),
        libc::SYS_readv | libc::SYS_preadv2 => {
            Datagram::received(memory.vector(at, count, result)?, result, false)
        }
        libc::SYS_recvfrom => {
            // Only with MSG_TRUNC the result is the whole length; into no room at all none fits.
            let tells = third as i32 & libc::MSG_TRUNC != 0;
            let is_cut = room == 0 || (tells && result > room);
            Datagram {
                is_multicast: memory.names_group(fourth),
                ..Datagram::received(memory.buffer(at, result.min(room))?, result, is_cut)
            }
        }
        libc::SYS_recvmsg => of_header(&memory.header(at)?, result)?,
        libc::SYS_recvmmsg => {
            for at in headers(at, result) {
                let (header, length) = memory.counted_header(at)?;
                each(of_header(&header, length)?);
            }
            return Ok(());
        }
        _ => return Ok(()),
    });
    Ok(())
}
