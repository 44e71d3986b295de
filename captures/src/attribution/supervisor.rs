// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers the calls that the filter intercepts, and learns from them.
//!
//! # What happens to a call
//!
//! 1. The caller waits in the kernel until the call is answered, or until a signal kills or
//!    interrupts it (seccomp_unotify(2)). Its number is noted for the
//!    [guardian](super::guardian) before anything else: if nlcap is killed here, it answers.
//! 2. The caller is inspected: its process, the socket through a duplicate (pidfd_getfd(2)),
//!    and its memory. All of this can be another's if the caller was killed and its number
//!    given away; nothing is changed on the strength of it without SECCOMP_IOCTL_NOTIF_ID_VALID.
//! 3. A socket without a port id gets the one that the kernel would give it. The attributor
//!    is informed of the socket, of claims to port ids, groups, and what is about to be sent:
//!    before the call goes on, since its frame may be on the tap before we look again.
//! 4. The answer is to go on as if nothing had been (SECCOMP_USER_NOTIF_FLAG_CONTINUE), or,
//!    for a bind(2) that was done here, that it has succeeded. What another thread changes in
//!    the caller's memory in between is not seen: this observes, and is no protection.
//!
//! A call that is no longer there when it is received or answered is ENOENT, and no error.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;

use super::attributor::Attributor;
use super::descriptors;
use super::gaps::Gaps;
use super::guardian::Guardian;
use super::owner::Owner;
use super::raising::{self, LostPrivilege};
use super::socket_info::SocketInfo;
use super::tasks::{Task, Tasks};
use super::{Namespaces, abi, outgoing};
use crate::sys::clock::now;
use crate::sys::privilege::raised;
use crate::sys::seccomp::{self, Call, Verdict};
use crate::terminal::text;

/// `struct sockaddr_nl`.
const ADDRESS: usize = 12;

/// The tree's supervisor.
pub(crate) struct Supervisor {
    listener: OwnedFd,
    guardian: Guardian,
    tasks: Tasks,
    pub(crate) gaps: Gaps,
    /// Programs of more privilege lose it in the tree.
    loses_privilege: bool,
}

impl Supervisor {
    /// Takes over the calls of the tree, which runs with no_new_privs unless it is
    /// `privileged`.
    pub(crate) fn new(listener: OwnedFd, guardian: Guardian, privileged: bool) -> Self {
        Self {
            listener,
            guardian,
            tasks: Tasks::default(),
            gaps: Gaps::default(),
            loses_privilege: !privileged,
        }
    }

    /// Gives the listener back and waits for the guardian, who has seen the end
    /// of the tree too.
    pub(crate) fn end(self) -> nix::Result<()> {
        drop(self.listener);
        self.guardian.wait()
    }

    /// Answers the call that waits.
    pub(crate) fn serve(
        &mut self,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> nix::Result<()> {
        let call = match seccomp::receive(self.listener.as_fd()) {
            Ok(call) => call,
            Err(Errno::ENOENT | Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        self.guardian.note(call.id);
        let verdict = self.inspect(&call, attributor, namespaces);
        match seccomp::answer(self.listener.as_fd(), call.id, verdict) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn inspect(
        &mut self,
        call: &Call,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> Verdict {
        let now = now();
        attributor.note_call(now, call.tid);
        if call.arch != abi::ARCH {
            self.note_blind_spot(attributor);
            return Verdict::Continue;
        }
        match i64::from(call.number) {
            libc::SYS_execve | libc::SYS_execveat => self.note_exec(call),
            libc::SYS_bind
            | libc::SYS_connect
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_sendmmsg
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_pwritev2
            | libc::SYS_sendfile
            | libc::SYS_splice
            | libc::SYS_setsockopt => return self.socket_call(now, call, attributor, namespaces),
            // It makes a socket: what is done with it is intercepted as a rule.
            libc::SYS_socket => {
                if let Ok(task) = self.tasks.get(call.tid) {
                    attributor
                        .uninspected
                        .note_socket(now, task.own_pid, &task.program);
                }
            }
            libc::SYS_prctl => self.tasks.note_rename(call.tid),
            libc::SYS_exit_group => self.note_exit(now, call, attributor, namespaces),
            _ => self.note_blind_spot(attributor),
        }
        Verdict::Continue
    }

    /// Notes that messages of the tree may not be known.
    fn note_blind_spot(&mut self, attributor: &mut Attributor) {
        self.gaps.other_calls += 1;
        attributor.is_blind = true;
    }

    /// A task is about to become another program.
    fn note_exec(&mut self, call: &Call) {
        if self.loses_privilege
            && let Ok(task) = self.tasks.get(call.tid)
            && let Some(program) = raised(|| raising::program(task, call))
        {
            self.loses_privilege = false;
            text::say(&LostPrivilege(&program));
        }
        self.tasks.note_exec(call.tid);
    }

    /// A process is about to end, and its sockets with it.
    fn note_exit(
        &mut self,
        now: Duration,
        call: &Call,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) {
        let Some(task) = self.tasks.inspected(call.tid) else {
            return;
        };
        if let Some(since) = attributor.uninspected.end(now, task.program.pid) {
            find_sockets(task, since, attributor, namespaces);
        }
        attributor.note_exit(now, task.program.pid);
        for (fd, cookie) in attributor.sockets.descriptors(task.program.pid) {
            if let Ok(Some(socket)) = task.duplicate(fd).and_then(SocketInfo::inspect)
                && socket.cookie == cookie
                && let Some(drops) = socket.drops()
            {
                attributor.sockets.update_drops(now, cookie, drops);
            }
        }
    }

    /// Looks for sockets that were made so long ago and have not been inspected since.
    pub(crate) fn find_sockets(
        &mut self,
        age: Duration,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) {
        if attributor.uninspected.is_empty() {
            return;
        }
        for (tid, since) in attributor.uninspected.due(now(), age) {
            if let Ok(task) = self.tasks.get(tid) {
                find_sockets(task, since, attributor, namespaces);
            }
        }
    }

    fn socket_call(
        &mut self,
        now: Duration,
        call: &Call,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> Verdict {
        let fd = match i64::from(call.number) {
            // Where it splices to.
            libc::SYS_splice => call.arguments[2],
            _ => call.arguments[0],
        } as RawFd;
        let task = match self.tasks.get(call.tid) {
            Ok(task) => task,
            Err(_) => {
                self.gaps.uninspectable += 1;
                return Verdict::Continue;
            }
        };
        // Everything is written to: a duplicate of what is no socket would be closed here,
        // and that may wait for a daemon of the tree (FUSE), which may wait for us.
        if writes_anything(call) && !task.is_socket(fd) {
            return Verdict::Continue;
        }
        let socket = match task.duplicate(fd).and_then(SocketInfo::inspect) {
            Ok(Some(socket)) => socket,
            // No netlink socket, or no descriptor at all.
            Ok(None) | Err(Errno::EBADF) => return Verdict::Continue,
            Err(_) => {
                self.gaps.uninspectable += 1;
                return Verdict::Continue;
            }
        };
        if !attributor.sockets.contains(socket.cookie) {
            attributor.uninspected.note_inspected(task.program.pid);
        }
        let mut intercepted = InterceptedCall {
            call,
            task,
            socket,
            listener: self.listener.as_fd(),
            owner: Owner {
                program: task.program.clone(),
                fd,
            },
        };
        intercepted.serve(now, attributor, &mut self.gaps, namespaces)
    }
}

impl AsFd for Supervisor {
    /// Readable when a call waits, hung up when the tree has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// Whether the call is one for descriptors of every kind.
fn writes_anything(call: &Call) -> bool {
    matches!(
        i64::from(call.number),
        libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_pwritev2
            | libc::SYS_sendfile
            | libc::SYS_splice
    )
}

/// Finds the sockets of a process that were not inspected; there may be one since that time.
fn find_sockets(
    task: &Task,
    since: Duration,
    attributor: &mut Attributor,
    namespaces: &mut dyn Namespaces,
) {
    for (fd, inode) in descriptors::sockets(task.program.pid) {
        if attributor.sockets.contains_inode(inode) {
            continue;
        }
        let Ok(Some(socket)) = task.duplicate(fd).and_then(SocketInfo::inspect) else {
            continue;
        };
        if !namespaces.mirrors(socket.protocol) {
            continue;
        }
        let Some(interface) = namespaces.interface(&socket) else {
            continue;
        };
        let port = socket.port(interface);
        let owner = Owner {
            program: task.program.clone(),
            fd,
        };
        attributor.update_socket(since, &socket, port, &owner, false);
        attributor.follow(socket.cookie, namespaces);
    }
}

/// An intercepted call on a netlink socket, whose caller waits.
struct InterceptedCall<'a> {
    call: &'a Call,
    task: &'a Task,
    socket: SocketInfo,
    listener: BorrowedFd<'a>,
    owner: Owner,
}

impl InterceptedCall<'_> {
    fn serve(
        &mut self,
        now: Duration,
        attributor: &mut Attributor,
        gaps: &mut Gaps,
        namespaces: &mut dyn Namespaces,
    ) -> Verdict {
        let [_, second, third, ..] = self.call.arguments;
        // Whatever gives a socket a port id is intercepted: this one had it before.
        let older = self.socket.number != 0 && !attributor.sockets.contains(self.socket.cookie);
        let mut verdict = Verdict::Continue;
        let (mut mask, mut claim) = (None, None);
        let mut datagrams = Vec::new();
        match i64::from(self.call.number) {
            libc::SYS_bind => {
                if let Some((port, groups)) = self.address(second, third) {
                    mask = Some(groups);
                    if port != 0 || groups != 0 {
                        // Groups need the caller's own privilege: then the kernel
                        // binds it, and the result is seen later.
                        claim = Some(port);
                    } else if self.socket.number == 0 && self.bind() {
                        verdict = Verdict::Done;
                    }
                }
            }
            libc::SYS_connect => {
                if self.address(second, third).is_some() {
                    self.bind();
                }
            }
            libc::SYS_setsockopt => {}
            libc::SYS_sendfile | libc::SYS_splice => {
                gaps.spliced += 1;
                attributor.is_blind = true;
                // Their answers are known by its port id.
                self.bind();
            }
            _ => {
                datagrams = outgoing::read(self.task, self.call).unwrap_or_else(|_| {
                    gaps.uninspectable += 1;
                    Vec::new()
                });
                if !datagrams.is_empty() {
                    self.bind();
                }
            }
        }
        if !namespaces.mirrors(self.socket.protocol) {
            gaps.unmirrored += datagrams.len() as u64;
            return verdict;
        }
        let Some(interface) = namespaces.interface(&self.socket) else {
            gaps.elsewhere += datagrams.len() as u64;
            return verdict;
        };
        let port = self.socket.port(interface);
        attributor.update_socket(now, &self.socket, port, &self.owner, older);
        if let Some(number) = claim {
            attributor.note_claim(now, self.socket.cookie, number);
        }
        if let Some(mask) = mask {
            attributor
                .sockets
                .change_groups(self.socket.cookie, |groups| groups.bind(mask));
        }
        if i64::from(self.call.number) == libc::SYS_setsockopt
            && let Ok(value) = self.word(self.call.arguments[3])
        {
            let cookie = self.socket.cookie;
            match third as i32 {
                libc::NETLINK_ADD_MEMBERSHIP => attributor
                    .sockets
                    .change_groups(cookie, |it| it.join(value)),
                libc::NETLINK_DROP_MEMBERSHIP => attributor
                    .sockets
                    .change_groups(cookie, |it| it.leave(value)),
                _ => attributor.listen_all_nsid(cookie),
            }
        }
        attributor.follow(self.socket.cookie, namespaces);
        if !datagrams.is_empty() {
            // Of what it changes the kernel notifies those who are members now.
            attributor.refresh_members(now);
        }
        for datagram in datagrams {
            attributor.note_send(now, port, self.socket.inode, self.owner.clone(), datagram);
        }
        verdict
    }

    /// Binds the socket where it is not; whether that was done.
    fn bind(&mut self) -> bool {
        // A killed caller's number could be another's by now, and the socket too.
        self.socket.number == 0
            && seccomp::is_waiting(self.listener, self.call.id)
            && self.socket.autobind(self.task.own_pid).is_ok()
    }

    /// Port id and groups of an address argument, where it is a netlink one.
    fn address(&self, at: u64, length: u64) -> Option<(u32, u32)> {
        // An int; beyond these lengths the kernel refuses the call.
        let length = usize::try_from(length as i32).ok()?;
        if !(ADDRESS..=size_of::<libc::sockaddr_storage>()).contains(&length) {
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
}
