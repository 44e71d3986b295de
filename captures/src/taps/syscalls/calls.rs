// SPDX-License-Identifier: GPL-2.0-or-later
//! What a system call has to do with messages, and the datagrams that it has moved.

use nix::errno::Errno;
use nix::unistd::Pid;

use super::memory::Memory;
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

/// The datagrams of a call that has returned `result`; none of one that will be made again,
/// or found nothing.
///
/// # Errors
///
/// Where the caller's memory cannot be read.
pub(super) fn datagrams(
    task: Pid,
    entry: &CallEntry,
    direction: Direction,
    result: i64,
) -> nix::Result<Vec<Datagram>> {
    let memory = Memory(task);
    if result <= -RESTART {
        return Ok(Vec::new());
    }
    let Ok(result) = usize::try_from(result) else {
        let errno = Errno::from_raw(i32::try_from(-result).unwrap_or(0));
        return Ok(match direction {
            Direction::Outbound => vec![not_sent(memory, entry, errno)?],
            Direction::Inbound => not_read(errno).into_iter().collect(),
        });
    };
    let all = match direction {
        Direction::Outbound => sent(memory, entry, result)?,
        Direction::Inbound => received(memory, entry, result)?,
    };
    let has_something = |it: &Datagram| it.original_length > 0;
    Ok(all.into_iter().filter(has_something).collect())
}

fn sent(memory: Memory, entry: &CallEntry, result: usize) -> nix::Result<Vec<Datagram>> {
    let [_, at, count, ..] = entry.arguments;
    let one = match entry.number {
        libc::SYS_sendto | libc::SYS_write => memory.buffer(at, result)?,
        libc::SYS_writev | libc::SYS_pwritev2 => memory.vector(at, count, result)?,
        libc::SYS_sendmsg => memory.datagram(&memory.header(at)?, result)?,
        libc::SYS_sendmmsg => {
            return headers(at, result)
                .map(|at| {
                    let (header, length) = memory.counted_header(at)?;
                    Ok(Datagram::sent(memory.datagram(&header, length)?, length))
                })
                .collect();
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Datagram::sent(one, result)])
}

/// Where the headers of a call for several datagrams are.
fn headers(at: u64, number: usize) -> impl Iterator<Item = u64> {
    (0..number.min(AT_ONCE)).map(move |index| at + (index * size_of::<libc::mmsghdr>()) as u64)
}

/// What was to be sent: of several only the first was tried, or no call would have failed.
fn not_sent(memory: Memory, entry: &CallEntry, errno: Errno) -> nix::Result<Datagram> {
    let [_, at, count, ..] = entry.arguments;
    let most = usize::MAX;
    let messages = match entry.number {
        libc::SYS_sendto | libc::SYS_write => {
            memory.buffer(at, usize::try_from(count).unwrap_or(most))
        }
        libc::SYS_writev | libc::SYS_pwritev2 => memory.vector(at, count, most),
        _ => memory.header(at).and_then(|it| memory.datagram(&it, most)),
    };
    let messages = match (messages, errno) {
        // The caller's own mistake: there are none.
        (Err(Errno::EFAULT), _) => Vec::new(),
        (messages, _) => messages?,
    };
    Ok(Datagram {
        original_length: messages.len(),
        messages,
        is_multicast: false,
        fate: Some(Fate::NotSent(Some(errno as i32))),
    })
}

/// A receive that failed, where messages were lost by it: there was no room for them in the
/// socket, or the caller's buffer was none.
fn not_read(errno: Errno) -> Option<Datagram> {
    matches!(errno, Errno::ENOBUFS | Errno::EFAULT).then(|| Datagram {
        fate: Some(Fate::NotRead(errno as i32)),
        ..Datagram::default()
    })
}

fn received(memory: Memory, entry: &CallEntry, result: usize) -> nix::Result<Vec<Datagram>> {
    let [_, at, count, third, fourth, ..] = entry.arguments;
    let room = usize::try_from(count).unwrap_or(usize::MAX);
    let one = match entry.number {
        libc::SYS_read => Datagram::received(memory.buffer(at, result)?, result, false),
        libc::SYS_readv | libc::SYS_preadv2 => {
            Datagram::received(memory.vector(at, count, result)?, result, false)
        }
        libc::SYS_recvfrom => {
            // Only with MSG_TRUNC the result is the whole length.
            let is_cut = third as i32 & libc::MSG_TRUNC != 0 && result > room;
            Datagram {
                is_multicast: memory.names_group(fourth),
                ..Datagram::received(memory.buffer(at, result.min(room))?, result, is_cut)
            }
        }
        libc::SYS_recvmsg => {
            let header = memory.header(at)?;
            Datagram {
                is_multicast: memory.is_to_group(&header),
                ..Datagram::received(
                    memory.datagram(&header, result)?,
                    result,
                    header.flags & libc::MSG_TRUNC != 0,
                )
            }
        }
        libc::SYS_recvmmsg => {
            return headers(at, result)
                .map(|at| {
                    let (header, length) = memory.counted_header(at)?;
                    Ok(Datagram {
                        is_multicast: memory.is_to_group(&header),
                        ..Datagram::received(
                            memory.datagram(&header, length)?,
                            length,
                            header.flags & libc::MSG_TRUNC != 0,
                        )
                    })
                })
                .collect();
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![one])
}
