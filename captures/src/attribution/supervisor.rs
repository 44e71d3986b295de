// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers the calls that the filter intercepts, and learns from them.
//!
//! # What happens to a call
//!
//! 1. The caller waits in the kernel until the call is answered, or until a signal kills or
//!    interrupts it (seccomp_unotify(2)). Its number is noted for the
//!    [guardian](super::guardian) before anything else: if nlcap is killed here, it answers.
//! 2. The caller is inspected: its process, the socket through a duplicate (pidfd_getfd(2)),
//!    where that is one of netlink, and its memory, which is given up where it does not come.
//!    All of this is another's if the caller was killed and its number given away: nothing is
//!    changed or believed on the strength of it before SECCOMP_IOCTL_NOTIF_ID_VALID, asked
//!    after the last look, says that the call waits still.
//! 3. A socket without a port id gets the one that the kernel would give it. The attributor
//!    is informed of the socket, of claims to port ids, groups, and what is about to be sent:
//!    before the call goes on, since its frame may be on the tap before we look again.
//! 4. The answer is to go on as if nothing had been (SECCOMP_USER_NOTIF_FLAG_CONTINUE), or,
//!    for a bind(2) that was done here, that it has succeeded. What another thread changes in
//!    the caller's memory in between is not seen: this observes, and is no protection.
//!
//! A call that is no longer there when it is received or answered is ENOENT, and no error.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;

use super::attributor::Attributor;
use super::descriptors;
use super::gaps::Gaps;
use super::guardian::Guardian;
use super::helper::Helper;
use super::intercepted::InterceptedCall;
use super::owner::Owner;
use super::raising::{self, LostPrivilege};
use super::socket_info::SocketInfo;
use super::tasks::{Task, Tasks};
use super::{Namespaces, abi};
use crate::sys::clock::now;
use crate::sys::privilege::raised;
use crate::sys::seccomp::{self, Call, Verdict};
use crate::terminal::text;

/// The tree's supervisor.
pub(crate) struct Supervisor {
    listener: OwnedFd,
    guardian: Guardian,
    tasks: Tasks,
    helper: Helper,
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
            helper: Helper::default(),
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
                if let Some(task) = self.task(call) {
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

    /// The task that makes the call, which still waits; else None, and counted where it could
    /// not be looked at.
    fn task(&mut self, call: &Call) -> Option<&Task> {
        let looked = self.tasks.get(call.tid).map(|_| ());
        // The caller may have been killed, and its number be another's: nothing of what was
        // looked at is the caller's then, as everywhere below.
        if !seccomp::is_waiting(self.listener.as_fd(), call.id) {
            self.tasks.forget(call.tid);
            return None;
        }
        if let Err(errno) = looked {
            self.gaps.note_uninspected(errno);
        }
        self.tasks.inspected(call.tid)
    }

    /// Counts a call that could not be inspected, unless it is no longer there.
    fn note_uninspected(&mut self, call: &Call, errno: Errno) {
        if seccomp::is_waiting(self.listener.as_fd(), call.id) {
            self.gaps.note_uninspected(errno);
        }
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
            && let (memory, call) = (task.memory(), *call)
            && let look = (move || raised(|| raising::program(memory, &call)))
            && let Ok(Some(program)) = self.helper.run(look)
            && seccomp::is_waiting(self.listener.as_fd(), call.id)
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
        let Some(task) = self.tasks.living(call.tid) else {
            return;
        };
        let pid = task.program.pid;
        if !seccomp::is_waiting(self.listener.as_fd(), call.id) {
            return;
        }
        if let Some(since) = attributor.uninspected.end(now, pid) {
            find_sockets(task, since, attributor, namespaces);
        }
        attributor.note_exit(now, pid);
        for (fd, cookie, inode) in attributor.sockets.descriptors(pid) {
            if let Ok(socket) = SocketInfo::of(pid, fd, inode)
                && socket.cookie == cookie
            {
                attributor.see_port(&socket);
                attributor.see_groups(now, &socket);
                if let Some(drops) = socket.drops() {
                    attributor.sockets.update_drops(now, cookie, drops);
                }
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
            // It does not wait: its number may be another's by now.
            if self.tasks.living(tid).is_some()
                && let Ok(task) = self.tasks.get(tid)
            {
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
        // The descriptor is looked at first: a duplicate of what is no netlink socket would be
        // closed here, and that may wait for a daemon of the tree, which may wait for us.
        let link = descriptors::path(call.tid, fd);
        let inode = match descriptors::socket(&link) {
            Ok(Some(inode)) => inode,
            Ok(None) => return Verdict::Continue,
            Err(error) => {
                // Everything is written to; without a descriptor nothing is sent.
                if !writes_anything(call) && error.kind() != io::ErrorKind::NotFound {
                    let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
                    self.note_uninspected(call, errno);
                }
                return Verdict::Continue;
            }
        };
        let known = attributor.sockets.identity(inode);
        if known.is_none() && !attributor.others.may_be_netlink(&link, inode) {
            return Verdict::Continue;
        }
        let task = match self.tasks.get(call.tid) {
            Ok(task) => task,
            Err(errno) => {
                self.note_uninspected(call, errno);
                return Verdict::Continue;
            }
        };
        let duplicate = task.duplicate(fd);
        let socket = match duplicate.and_then(|it| SocketInfo::inspect_known(it, known)) {
            Ok(Some(socket)) => socket,
            // It was replaced meanwhile.
            Ok(None) | Err(Errno::EBADF) => return Verdict::Continue,
            Err(errno) => {
                self.note_uninspected(call, errno);
                return Verdict::Continue;
            }
        };
        let mut intercepted = InterceptedCall {
            call,
            task,
            socket,
            listener: self.listener.as_fd(),
            owner: Owner {
                program: task.program.clone(),
                fd,
            },
            helper: &mut self.helper,
            gaps: &mut self.gaps,
        };
        let verdict = intercepted.serve(now, attributor, namespaces);
        verdict.unwrap_or_else(|| {
            self.tasks.forget(call.tid);
            Verdict::Continue
        })
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
        let link = descriptors::path(task.program.pid, fd);
        if attributor.sockets.contains_inode(inode)
            || !attributor.others.may_be_netlink(&link, inode)
        {
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

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::sync::mpsc::channel;
    use std::thread;

    use nix::sys::prctl;
    use nix::sys::socket::{MsgFlags, NetlinkAddr, sendto};
    use nix::unistd::Pid;

    use super::super::socket_table::SocketTable;
    use super::*;
    use crate::file::sample;
    use crate::sys::netlink;

    const USERSOCK: u16 = libc::NETLINK_USERSOCK as u16;

    /// The namespace of the test.
    struct Own;

    impl Namespaces for Own {
        fn mirrors(&self, _: u16) -> bool {
            true
        }

        fn interface(&mut self, _: &SocketInfo) -> Option<u32> {
            Some(0)
        }

        fn socket(&mut self, _: u32, protocol: u16) -> nix::Result<OwnedFd> {
            netlink::socket(protocol)
        }

        fn table(&mut self, _: u32) -> io::Result<SocketTable> {
            SocketTable::open()
        }
    }

    #[test]
    fn what_is_looked_at_when_the_call_no_longer_waits_is_nobodys() {
        let (installed, listener) = channel();
        let (end, ended) = channel::<()>();
        let caller = thread::spawn(move || {
            let socket = netlink::socket(USERSOCK).unwrap();
            let message = sample::message(77, 1, 5, b"said");
            prctl::set_no_new_privs().unwrap();
            let number = seccomp::install_listened(&crate::attribution::filter()).unwrap();
            installed.send(number).unwrap();
            let to = NetlinkAddr::new(0, 0);
            let _ = sendto(socket.as_raw_fd(), &message, &to, MsgFlags::empty());
            // It lives on, as somebody else who has been given its number.
            let _ = ended.recv();
        });
        let own = seccomp::open_process(Pid::this().as_raw(), false).unwrap();
        let listener = seccomp::duplicate(own, listener.recv().unwrap()).unwrap();
        let guardian = Guardian::start(listener.as_fd()).unwrap();
        let mut supervisor = Supervisor::new(listener, guardian, false);
        let call = seccomp::receive(supervisor.as_fd()).unwrap();
        let look = |supervisor: &mut Supervisor| {
            let mut attributor = Attributor::default();
            supervisor.inspect(&call, &mut attributor, &mut Own);
            attributor.take_refused().count()
        };
        assert_eq!(look(&mut supervisor), 1, "it is about to send");
        seccomp::answer(supervisor.as_fd(), call.id, Verdict::Continue).unwrap();
        assert_eq!(look(&mut supervisor), 0);
        assert!(supervisor.gaps.is_none(), "{}", supervisor.gaps);
        drop(end);
        caller.join().unwrap();
        supervisor.end().unwrap();
    }
}
