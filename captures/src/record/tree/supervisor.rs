// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers the calls that the filter tells of, and learns from them.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, bind, getsockname, getsockopt};

use super::abi;
use super::guardian::Guardian;
use super::owner::{Owner, Owners, Port};
use super::tasks::{Task, Tasks};
use crate::record::families::now;
use crate::record::sys::seccomp::{self, Call, Verdict};
use crate::text;

mod option {
    //! Options of sockets that nix does not name.

    use nix::{getsockopt_impl, sockopt_impl};

    sockopt_impl!(Domain, GetOnly, libc::SOL_SOCKET, libc::SO_DOMAIN, i32);
    sockopt_impl!(Protocol, GetOnly, libc::SOL_SOCKET, libc::SO_PROTOCOL, i32);
    sockopt_impl!(Cookie, GetOnly, libc::SOL_SOCKET, libc::SO_COOKIE, u64);
    /// Of asm-generic/socket.h, Linux 5.14.
    const SO_NETNS_COOKIE: i32 = 71;
    sockopt_impl!(NetnsCookie, GetOnly, libc::SOL_SOCKET, SO_NETNS_COOKIE, u64);
}

/// The longest send that is read, in bytes: the tap keeps no more either.
const LONGEST: usize = 1 << 18;

/// Pieces of one send, and messages of one sendmmsg(2), that are read.
const PIECES: usize = 1024;

/// How often a random port id is tried.
const TRIES: u32 = 64;

/// `struct sockaddr_nl`.
const ADDRESS: usize = 12;

/// What was not seen, and why the recording is not whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::record) struct Gaps {
    /// Messages that were sent in other network namespaces.
    pub(in crate::record) elsewhere: u64,
    /// Calls by another table than this machine's own, by io_uring or by a
    /// program that watches its own.
    pub(in crate::record) other_calls: u64,
    /// Calls whose caller could not be looked at.
    pub(in crate::record) hidden: u64,
}

impl Gaps {
    /// Whether the recording is whole, as far as is known.
    pub(in crate::record) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.elsewhere, "message", "in another network namespace"),
            (
                self.other_calls,
                "call",
                "by 32-bit code, io_uring or an own filter",
            ),
            (
                self.hidden,
                "call",
                "of processes that nlcap may not look at",
            ),
        ];
        let mut comma = "";
        for (number, noun, what) in parts {
            if number > 0 {
                write!(f, "{comma}{} {what}", text::count(number, noun))?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

/// The tree's supervisor.
pub(in crate::record) struct Supervisor {
    listener: OwnedFd,
    guardian: Guardian,
    tasks: Tasks,
    pub(in crate::record) gaps: Gaps,
    /// The network namespace that is recorded; None where the kernel names none.
    namespace: Option<u64>,
}

/// The call's socket, as it is while the call waits.
struct Seen {
    socket: OwnedFd,
    cookie: u64,
    port: Port,
    here: bool,
}

impl Supervisor {
    /// Takes over the calls of the tree. `tap` is a socket in the namespace that
    /// is recorded.
    pub(in crate::record) fn new(listener: OwnedFd, guardian: Guardian, tap: impl AsFd) -> Self {
        Self {
            listener,
            guardian,
            tasks: Tasks::default(),
            gaps: Gaps::default(),
            namespace: getsockopt(&tap, option::NetnsCookie).ok(),
        }
    }

    /// Gives the listener back and waits for the guardian, who has seen the end
    /// of the tree too.
    pub(in crate::record) fn end(self) -> nix::Result<()> {
        drop(self.listener);
        self.guardian.wait()
    }

    /// Answers the call that waits.
    pub(in crate::record) fn serve(&mut self, owners: &mut Owners) -> nix::Result<()> {
        let call = match seccomp::receive(self.listener.as_fd()) {
            Ok(call) => call,
            Err(Errno::ENOENT | Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        self.guardian.note(call.id);
        let verdict = self.look(&call, owners);
        match seccomp::answer(self.listener.as_fd(), call.id, verdict) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn look(&mut self, call: &Call, owners: &mut Owners) -> Verdict {
        let now = now();
        owners.calls(now, call.tid);
        if call.arch != abi::ARCH {
            self.gaps.other_calls += 1;
            return Verdict::Continue;
        }
        match i64::from(call.number) {
            libc::SYS_execve | libc::SYS_execveat => self.tasks.executes(call.tid),
            libc::SYS_bind
            | libc::SYS_connect
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_sendmmsg
            | libc::SYS_setsockopt => return self.socket_call(now, call, owners),
            // It makes a socket: what is done with it is told.
            libc::SYS_socket => {}
            _ => self.gaps.other_calls += 1,
        }
        Verdict::Continue
    }

    fn socket_call(&mut self, now: Duration, call: &Call, owners: &mut Owners) -> Verdict {
        let fd = call.arguments[0] as RawFd;
        let task = match self.tasks.get(call.tid) {
            Ok(task) => task,
            Err(_) => {
                self.gaps.hidden += 1;
                return Verdict::Continue;
            }
        };
        let seen = match Seen::look(task, fd, self.namespace) {
            Ok(Some(seen)) => seen,
            // No netlink socket, or no descriptor at all.
            Ok(None) | Err(Errno::EBADF) => return Verdict::Continue,
            Err(_) => {
                self.gaps.hidden += 1;
                return Verdict::Continue;
            }
        };
        let mut known = Known {
            call,
            task,
            seen,
            listener: self.listener.as_fd(),
            owner: Owner {
                program: task.program.clone(),
                fd,
            },
        };
        known.serve(now, owners, &mut self.gaps)
    }
}

impl AsFd for Supervisor {
    /// Readable when a call waits, hung up when the tree has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Seen {
    fn look(task: &Task, fd: RawFd, namespace: Option<u64>) -> nix::Result<Option<Self>> {
        let socket = task.duplicate(fd)?;
        match getsockopt(&socket, option::Domain) {
            Ok(libc::AF_NETLINK) => {}
            Ok(_) | Err(Errno::ENOTSOCK | Errno::EBADF) => return Ok(None),
            Err(errno) => return Err(errno),
        }
        let number = port_number(&socket)?;
        let protocol = getsockopt(&socket, option::Protocol)?;
        let of = getsockopt(&socket, option::NetnsCookie).ok();
        Ok(Some(Self {
            cookie: getsockopt(&socket, option::Cookie)?,
            port: Port {
                protocol: u16::try_from(protocol).map_err(|_| Errno::EPROTO)?,
                number,
            },
            here: of == namespace,
            socket,
        }))
    }

    /// Binds the socket as the kernel does by itself (netlink_autobind() of
    /// net/netlink/af_netlink.c): to the process id, or to a random number below
    /// -4096.
    fn autobind(&mut self, own_pid: u32) -> nix::Result<()> {
        let mut number = own_pid;
        for _ in 0..TRIES {
            let address = NetlinkAddr::new(number, 0);
            match bind(self.socket.as_raw_fd(), &address) {
                Ok(()) => {
                    self.port.number = number;
                    return Ok(());
                }
                Err(Errno::EADDRINUSE) => {}
                // Another thread was faster.
                Err(Errno::EINVAL) => {
                    self.port.number = port_number(&self.socket)?;
                    return Ok(());
                }
                Err(errno) => return Err(errno),
            }
            number = random()? % (i32::MAX as u32 - 4096) + (1 << 31);
        }
        Err(Errno::EADDRINUSE)
    }
}

fn port_number(socket: &OwnedFd) -> nix::Result<u32> {
    Ok(getsockname::<NetlinkAddr>(socket.as_raw_fd())?.pid())
}

fn random() -> nix::Result<u32> {
    use std::hash::{BuildHasher, RandomState};
    Ok(RandomState::new().hash_one(now()) as u32)
}

/// A call on a netlink socket.
struct Known<'a> {
    call: &'a Call,
    task: &'a Task,
    seen: Seen,
    listener: BorrowedFd<'a>,
    owner: Owner,
}

impl Known<'_> {
    fn serve(&mut self, now: Duration, owners: &mut Owners, gaps: &mut Gaps) -> Verdict {
        let [_, second, third, ..] = self.call.arguments;
        let mut verdict = Verdict::Continue;
        let mut mask = None;
        let mut sent = Vec::new();
        match i64::from(self.call.number) {
            libc::SYS_bind => {
                if let Some((port, groups)) = self.address(second, third) {
                    mask = Some(groups);
                    if port != 0 {
                        // Where the call fails, the next one puts it right.
                        self.seen.port.number = port;
                    } else if groups == 0 && self.seen.port.number == 0 && self.bind() {
                        verdict = Verdict::Done;
                    }
                    // Groups need the caller's own privilege: then the kernel
                    // binds it, and the next call tells the number.
                }
            }
            libc::SYS_connect => {
                if self.address(second, third).is_some() {
                    self.bind();
                }
            }
            libc::SYS_setsockopt => {}
            _ => {
                sent = self.sent().unwrap_or_else(|_| {
                    gaps.hidden += 1;
                    Vec::new()
                });
                if !sent.is_empty() {
                    self.bind();
                }
            }
        }
        if !self.seen.here {
            gaps.elsewhere += sent.len() as u64;
            return verdict;
        }
        let port = self.seen.port;
        owners.uses(now, self.seen.cookie, port, &self.owner);
        if let Some(groups) = owners.groups(self.seen.cookie) {
            if let Some(mask) = mask {
                groups.bind(mask);
            }
            if i64::from(self.call.number) == libc::SYS_setsockopt
                && let Ok(group) = self.word(self.call.arguments[3])
            {
                match third as i32 {
                    libc::NETLINK_ADD_MEMBERSHIP => groups.join(group),
                    _ => groups.leave(group),
                }
            }
        }
        for bytes in sent {
            owners.sends(now, port, self.owner.clone(), bytes);
        }
        verdict
    }

    /// Binds the socket where it is not; whether that was done.
    fn bind(&mut self) -> bool {
        // A killed caller's number could be another's by now, and the socket too.
        self.seen.port.number == 0
            && seccomp::is_waiting(self.listener, self.call.id)
            && self.seen.autobind(self.task.own_pid).is_ok()
    }

    /// Port id and groups of an address argument, where it is a netlink one.
    fn address(&self, at: u64, length: u64) -> Option<(u32, u32)> {
        if (length as u32 as usize) < ADDRESS {
            return None;
        }
        let bytes = self.task.read(at, ADDRESS).ok()?;
        let family = u16::from_ne_bytes(*bytes.first_chunk()?);
        let word = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        (i32::from(family) == libc::AF_NETLINK).then_some((word(4)?, word(8)?))
    }

    fn word(&self, at: u64) -> nix::Result<u32> {
        let bytes = self.task.read(at, 4)?;
        let bytes = bytes.first_chunk().ok_or(Errno::EFAULT)?;
        Ok(u32::from_ne_bytes(*bytes))
    }

    /// What the call is about to send, a datagram each.
    fn sent(&self) -> nix::Result<Vec<Vec<u8>>> {
        let [_, at, length, ..] = self.call.arguments;
        match i64::from(self.call.number) {
            libc::SYS_sendto => {
                let length = usize::try_from(length).unwrap_or(LONGEST).min(LONGEST);
                Ok(vec![self.task.read(at, length)?])
            }
            libc::SYS_sendmsg => Ok(vec![self.message(at)?]),
            _ => (0..(length as u32 as usize).min(PIECES))
                .map(|index| self.message(at + (index * size_of::<libc::mmsghdr>()) as u64))
                .collect(),
        }
    }

    /// What a `struct msghdr` is about.
    fn message(&self, at: u64) -> nix::Result<Vec<u8>> {
        let header = self.task.read(at, size_of::<libc::msghdr>())?;
        let word = |bytes: &[u8], at: usize| -> nix::Result<u64> {
            let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
            Ok(u64::from_ne_bytes(*bytes.ok_or(Errno::EFAULT)?))
        };
        let vector = word(&header, std::mem::offset_of!(libc::msghdr, msg_iov))?;
        let count = word(&header, std::mem::offset_of!(libc::msghdr, msg_iovlen))?;
        let count = usize::try_from(count).unwrap_or(PIECES).min(PIECES);
        let pieces = self.task.read(vector, count * size_of::<libc::iovec>())?;
        let mut room = LONGEST;
        let mut all = Vec::with_capacity(count);
        for piece in pieces.chunks_exact(size_of::<libc::iovec>()) {
            let length = usize::try_from(word(piece, 8)?).unwrap_or(room).min(room);
            room -= length;
            all.push((word(piece, 0)?, length));
        }
        self.task.gather(&all)
    }
}
