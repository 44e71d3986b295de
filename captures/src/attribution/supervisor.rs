// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers the calls that the filter tells of, and learns from them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;

use super::descriptors;
use super::gaps::Gaps;
use super::guardian::Guardian;
use super::owner::Owner;
use super::owners::Owners;
use super::seen::Seen;
use super::tasks::{Task, Tasks};
use super::{Namespaces, abi, raising, sent};
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
        owners: &mut Owners,
        namespaces: &mut dyn Namespaces,
    ) -> nix::Result<()> {
        let call = match seccomp::receive(self.listener.as_fd()) {
            Ok(call) => call,
            Err(Errno::ENOENT | Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        self.guardian.note(call.id);
        let verdict = self.look(&call, owners, namespaces);
        match seccomp::answer(self.listener.as_fd(), call.id, verdict) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn look(
        &mut self,
        call: &Call,
        owners: &mut Owners,
        namespaces: &mut dyn Namespaces,
    ) -> Verdict {
        let now = now();
        owners.calls(now, call.tid);
        if call.arch != abi::ARCH {
            self.blind(owners);
            return Verdict::Continue;
        }
        match i64::from(call.number) {
            libc::SYS_execve | libc::SYS_execveat => self.executes(call),
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
            | libc::SYS_setsockopt => return self.socket_call(now, call, owners, namespaces),
            // It makes a socket: what is done with it is told as a rule.
            libc::SYS_socket => {
                if let Ok(task) = self.tasks.get(call.tid) {
                    owners.makers.makes(now, task.own_pid, &task.program);
                }
            }
            libc::SYS_prctl => self.tasks.renames(call.tid),
            libc::SYS_exit_group => self.exits(now, call, owners, namespaces),
            _ => self.blind(owners),
        }
        Verdict::Continue
    }

    /// Notes that messages of the tree may not be known.
    fn blind(&mut self, owners: &mut Owners) {
        self.gaps.other_calls += 1;
        owners.is_blind = true;
    }

    /// A task is about to become another program.
    fn executes(&mut self, call: &Call) {
        if self.loses_privilege
            && let Ok(task) = self.tasks.get(call.tid)
            && let Some(program) = raised(|| raising::program(task, call))
        {
            self.loses_privilege = false;
            text::say(&format_args!(
                "{} loses its set-user-ID/file capabilities (no_new_privs); run nlcap with sudo to keep them",
                text::escape_os(&program)
            ));
        }
        self.tasks.executes(call.tid);
    }

    /// A process is about to end, and its sockets with it.
    fn exits(
        &mut self,
        now: Duration,
        call: &Call,
        owners: &mut Owners,
        namespaces: &mut dyn Namespaces,
    ) {
        let Some(task) = self.tasks.known(call.tid) else {
            return;
        };
        if let Some(since) = owners.makers.end(now, task.program.pid) {
            find(task, since, owners, namespaces);
        }
        owners.ends(now, task.program.pid);
        for (fd, cookie) in owners.descriptors(task.program.pid) {
            if let Ok(Some(seen)) = task.duplicate(fd).and_then(Seen::look)
                && seen.cookie == cookie
                && let Some(drops) = seen.drops()
            {
                owners.has_dropped(now, cookie, drops);
            }
        }
    }

    /// Looks for sockets that were made so long ago and of which nothing was told since.
    pub(crate) fn find(
        &mut self,
        age: Duration,
        owners: &mut Owners,
        namespaces: &mut dyn Namespaces,
    ) {
        if owners.makers.is_empty() {
            return;
        }
        for (tid, since) in owners.makers.due(now(), age) {
            if let Ok(task) = self.tasks.get(tid) {
                find(task, since, owners, namespaces);
            }
        }
    }

    fn socket_call(
        &mut self,
        now: Duration,
        call: &Call,
        owners: &mut Owners,
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
                self.gaps.hidden += 1;
                return Verdict::Continue;
            }
        };
        // Everything is written to: a duplicate of what is no socket would be closed here,
        // and that may wait for a daemon of the tree (FUSE), which may wait for us.
        if writes_anything(call) && !task.is_socket(fd) {
            return Verdict::Continue;
        }
        let seen = match task.duplicate(fd).and_then(Seen::look) {
            Ok(Some(seen)) => seen,
            // No netlink socket, or no descriptor at all.
            Ok(None) | Err(Errno::EBADF) => return Verdict::Continue,
            Err(_) => {
                self.gaps.hidden += 1;
                return Verdict::Continue;
            }
        };
        if !owners.knows(seen.cookie) {
            owners.makers.seen(task.program.pid);
        }
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
        known.serve(now, owners, &mut self.gaps, namespaces)
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

/// Learns of the sockets of a process that were not seen, one of which there may be since.
fn find(task: &Task, since: Duration, owners: &mut Owners, namespaces: &mut dyn Namespaces) {
    for (fd, inode) in descriptors::sockets(task.program.pid) {
        if owners.knows_inode(inode) {
            continue;
        }
        let Ok(Some(seen)) = task.duplicate(fd).and_then(Seen::look) else {
            continue;
        };
        if !namespaces.sees(seen.protocol) {
            continue;
        }
        let Some(interface) = namespaces.interface(&seen) else {
            continue;
        };
        let port = seen.port(interface);
        let owner = Owner {
            program: task.program.clone(),
            fd,
        };
        owners.uses(since, &seen, port, &owner, false);
        owners.hear(seen.cookie, namespaces);
    }
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
    fn serve(
        &mut self,
        now: Duration,
        owners: &mut Owners,
        gaps: &mut Gaps,
        namespaces: &mut dyn Namespaces,
    ) -> Verdict {
        let [_, second, third, ..] = self.call.arguments;
        // Whatever gives a socket a port id is told: this one was there before.
        let older = self.seen.number != 0 && !owners.knows(self.seen.cookie);
        let mut verdict = Verdict::Continue;
        let (mut mask, mut claim) = (None, None);
        let mut sent = Vec::new();
        match i64::from(self.call.number) {
            libc::SYS_bind => {
                if let Some((port, groups)) = self.address(second, third) {
                    mask = Some(groups);
                    if port != 0 || groups != 0 {
                        // Groups need the caller's own privilege: then the kernel
                        // binds it, and what comes of it is seen later.
                        claim = Some(port);
                    } else if self.seen.number == 0 && self.bind() {
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
                owners.is_blind = true;
                // Their answers are known by its port id.
                self.bind();
            }
            _ => {
                sent = sent::read(self.task, self.call).unwrap_or_else(|_| {
                    gaps.hidden += 1;
                    Vec::new()
                });
                if !sent.is_empty() {
                    self.bind();
                }
            }
        }
        if !namespaces.sees(self.seen.protocol) {
            gaps.untapped += sent.len() as u64;
            return verdict;
        }
        let Some(interface) = namespaces.interface(&self.seen) else {
            gaps.elsewhere += sent.len() as u64;
            return verdict;
        };
        let port = self.seen.port(interface);
        owners.uses(now, &self.seen, port, &self.owner, older);
        if let Some(number) = claim {
            owners.claims(now, self.seen.cookie, number);
        }
        if let Some(mask) = mask {
            owners.groups(self.seen.cookie, |groups| groups.bind(mask));
        }
        if i64::from(self.call.number) == libc::SYS_setsockopt
            && let Ok(value) = self.word(self.call.arguments[3])
        {
            let cookie = self.seen.cookie;
            match third as i32 {
                libc::NETLINK_ADD_MEMBERSHIP => owners.groups(cookie, |it| it.join(value)),
                libc::NETLINK_DROP_MEMBERSHIP => owners.groups(cookie, |it| it.leave(value)),
                _ => owners.hear_all(cookie),
            }
        }
        owners.hear(self.seen.cookie, namespaces);
        if !sent.is_empty() {
            // What it changes is told to those who are there now.
            owners.look_at_members(now);
        }
        for datagram in sent {
            owners.sends(now, port, self.seen.inode, self.owner.clone(), datagram);
        }
        verdict
    }

    /// Binds the socket where it is not; whether that was done.
    fn bind(&mut self) -> bool {
        // A killed caller's number could be another's by now, and the socket too.
        self.seen.number == 0
            && seccomp::is_waiting(self.listener, self.call.id)
            && self.seen.autobind(self.task.own_pid).is_ok()
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
