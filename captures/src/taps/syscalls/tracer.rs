// SPDX-License-Identifier: GPL-2.0-or-later
//! The thread that traces the tree.
//!
//! # What happens to a call
//!
//! 1. The filter stops it before it begins ([`TaskStop::Entry`]). If it is no call on a
//!    netlink socket it goes on at once, and does not stop again.
//! 2. Else it is noted, and goes on to its end ([`TaskStop::Exit`]): the kernel does all that
//!    it would do without us, as the caller, with the caller's privilege, buffers, timeouts
//!    and signals.
//! 3. What it has returned says how much was sent or received: that is read from the memory
//!    of the caller, who is stopped. Another of its threads may change it in between, as it
//!    may under any tracer.
//! 4. A call that a signal interrupts returns so, and stops anew when it is made again.
//!
//! # Order
//!
//! The kernel answers a request before the call that sent it returns, and another thread may
//! have received the answer by then. What comes later than a send that has begun waits for
//! its end: a request comes before its answer in the recording.

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::calls::{self, Datagram};
use super::frames::{Buffer, CallFrame, Caller};
use super::sockets::{Socket, Sockets};
use crate::attribution::{self, ThreadStatus};
use crate::messages::packet::Direction;
use crate::sys::clock::now;
use crate::sys::ptrace::{self, CallEntry, TaskStop};

/// A send that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many frames, and bytes of them, wait for a send at most.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 1 << 20;

/// How many names of threads are remembered.
const CALLERS: usize = 4096;

/// A call on a netlink socket that has begun.
struct PendingCall {
    entry: CallEntry,
    direction: Direction,
    began: Duration,
    fd: i32,
    /// The inode of the socket, and what it is; None where the caller cannot be looked at.
    socket: Option<(u64, Socket)>,
}

/// The tracer.
pub(super) struct Tracer {
    buffer: Arc<Buffer>,
    /// The command itself.
    command: Pid,
    calls: HashMap<Pid, PendingCall>,
    /// When those of them began that send.
    sends: HashMap<Pid, Duration>,
    sockets: Sockets,
    callers: HashMap<Pid, Arc<Caller>>,
    /// Frames that wait for sends which began before them.
    waiting: Vec<CallFrame>,
    waiting_bytes: usize,
    /// Programs of more privilege lose it in the tree.
    loses_privilege: bool,
    /// Sockets may be read by calls that do not stop.
    reads_unseen: bool,
}

impl Tracer {
    pub(super) fn new(
        buffer: Arc<Buffer>,
        command: Pid,
        sockets: Sockets,
        privileged: bool,
        with_reads: bool,
    ) -> Self {
        Self {
            buffer,
            command,
            calls: HashMap::new(),
            sends: HashMap::new(),
            sockets,
            callers: HashMap::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            loses_privilege: !privileged,
            reads_unseen: !with_reads,
        }
    }

    /// Attends to the tree until its last task has ended.
    pub(super) fn run(mut self) {
        loop {
            match ptrace::wait() {
                Ok((task, stop)) => self.attend(task, stop),
                Err(Errno::EINTR) => {}
                // ECHILD: there is none left.
                Err(_) => break,
            }
        }
        self.release(None);
        if self.reads_unseen {
            let unread = self.sockets.unread();
            self.buffer.state().gaps.unread_sockets += unread;
        }
        self.buffer.end();
    }

    /// Does what a stop is for, and lets the task go on. That fails where the task was killed
    /// meanwhile: its end is the next that is heard of it.
    fn attend(&mut self, task: Pid, stop: TaskStop) {
        let _ = match stop {
            TaskStop::Ended(status) => {
                self.note_end(task, status);
                Ok(())
            }
            TaskStop::Entry if self.begin(task).is_some() => ptrace::resume_to_exit(task),
            TaskStop::Exit => {
                self.complete(task);
                ptrace::resume(task, 0)
            }
            TaskStop::Exec(before) => {
                self.note_exec(task, before);
                ptrace::resume(task, 0)
            }
            TaskStop::Signal(signal) => ptrace::resume(task, signal),
            TaskStop::Group => ptrace::leave_stopped(task),
            TaskStop::Entry | TaskStop::Clone | TaskStop::Other => ptrace::resume(task, 0),
        };
    }

    fn note_end(&mut self, task: Pid, status: libc::c_int) {
        self.note_killed(task);
        self.callers.remove(&task);
        self.release(Some(now()));
        if task == self.command {
            self.buffer.state().exit = Some(ExitStatus::from_raw(status));
        }
    }

    /// A thread has ended, perhaps in a call. A send may have been done by then; a receive has
    /// given nothing to anybody.
    fn note_killed(&mut self, task: Pid) {
        let call = self.calls.remove(&task);
        self.sends.remove(&task);
        if call.is_some_and(|it| it.direction == Direction::Outbound && it.socket.is_some()) {
            self.buffer.state().gaps.killed_sends += 1;
        }
    }

    /// A process runs another program: its only thread has the process's number now.
    fn note_exec(&mut self, task: Pid, before: Pid) {
        for number in [task, before] {
            self.callers.remove(&number);
            self.note_killed(number);
        }
        if self.loses_privilege {
            let folder = format!("/proc/{task}");
            let file = Path::new(&folder).join("exe");
            if attribution::raises(&file, Path::new(&folder))
                && let Ok(program) = fs::read_link(&file)
            {
                self.loses_privilege = false;
                let notice = attribution::LostPrivilege(&program).to_string();
                self.buffer.tell(notice);
            }
        }
    }

    /// Looks at a call that begins; it is looked at again at its end where that is Some.
    fn begin(&mut self, task: Pid) -> Option<()> {
        if self.buffer.state().is_over {
            return None;
        }
        let entry = ptrace::entry(task).ok()?;
        let direction = match calls::kind(&entry) {
            calls::Kind::Send => Direction::Outbound,
            calls::Kind::Receive => Direction::Inbound,
            calls::Kind::Rename => {
                self.callers.remove(&task);
                return None;
            }
            calls::Kind::Splice => {
                let fd = calls::descriptor(&entry);
                if let Ok(Some(_)) = self.sockets.find(task, fd, &self.buffer) {
                    self.buffer.state().gaps.spliced += 1;
                }
                return None;
            }
            calls::Kind::Debugger => {
                self.buffer.state().gaps.debuggers += 1;
                return None;
            }
            calls::Kind::Unseen => {
                self.buffer.state().gaps.other_calls += 1;
                return None;
            }
        };
        let fd = calls::descriptor(&entry);
        let socket = match self.sockets.find(task, fd, &self.buffer) {
            Ok(socket) => Some(socket?),
            // There is no such descriptor, or it may not be looked at, or not yet.
            Err(_) => None,
        };
        let began = now();
        if direction == Direction::Outbound {
            self.sends.insert(task, began);
        }
        let call = PendingCall {
            entry,
            direction,
            began,
            fd,
            socket,
        };
        self.calls.insert(task, call);
        Some(())
    }

    /// Takes what a call has sent or received.
    fn complete(&mut self, task: Pid) {
        self.sends.remove(&task);
        let Some(call) = self.calls.remove(&task) else {
            return;
        };
        let result = ptrace::result(task);
        let socket = call.socket.or_else(|| {
            let found = self.sockets.find(task, call.fd, &self.buffer);
            found.ok().flatten()
        });
        let Some((inode, socket)) = socket else {
            let failed = |errno: Errno| result == Ok(-i64::from(errno as i32));
            if !failed(Errno::EBADF) && !failed(Errno::ENOTSOCK) {
                self.buffer.state().gaps.uninspectable += 1;
            }
            return;
        };
        let taken = result.and_then(|result| self.take(task, &call, (inode, socket), result));
        match (taken, call.direction) {
            (Ok(()), _) => {}
            // It was killed at the end of the call.
            (Err(Errno::ESRCH), Direction::Outbound) => {
                self.buffer.state().gaps.killed_sends += 1;
            }
            (Err(Errno::ESRCH), Direction::Inbound) => {}
            (Err(_), _) => self.buffer.state().gaps.uninspectable += 1,
        }
        self.release(Some(now()));
    }

    /// Takes the datagrams of a call.
    fn take(
        &mut self,
        task: Pid,
        call: &PendingCall,
        (inode, socket): (u64, Socket),
        result: i64,
    ) -> nix::Result<()> {
        let caller = self.caller(task)?;
        let time = match call.direction {
            Direction::Outbound => call.began,
            Direction::Inbound => now(),
        };
        let mut has_asked = false;
        let Self {
            buffer,
            sockets,
            waiting,
            waiting_bytes,
            ..
        } = self;
        calls::datagrams(task, &call.entry, call.direction, result, &mut |datagram| {
            let Datagram {
                messages,
                original_length,
                is_multicast,
                fate,
            } = datagram;
            has_asked |= fate.is_none() && is_request(socket.protocol, &messages);
            *waiting_bytes += messages.len();
            waiting.push(CallFrame {
                time,
                interface: socket.interface,
                protocol: socket.protocol,
                messages,
                original_length,
                direction: call.direction,
                caller: Arc::clone(&caller),
                fd: call.fd,
                is_multicast,
                fate,
            });
            // Rather out of order than without bounds.
            if *waiting_bytes > WAITING_BYTES {
                *waiting_bytes = 0;
                waiting.drain(..).for_each(|frame| buffer.push(frame));
            }
        })?;
        if let Some(known) = sockets.get(inode) {
            known.has_sent |= call.direction == Direction::Outbound && has_asked;
            // Also one that found nothing.
            known.has_received |= call.direction == Direction::Inbound;
        }
        Ok(())
    }

    /// Hands on what waits for no send any more: what is older than each that has begun. At
    /// the end there is no time, and nothing waits.
    fn release(&mut self, now: Option<Duration>) {
        if self.waiting.is_empty() {
            return;
        }
        let sends = (self.sends.values().copied())
            .filter(|began| now.is_some_and(|now| now.saturating_sub(*began) < PATIENCE));
        let first = match self.waiting.len() {
            WAITING.. => None,
            _ => sends.min(),
        };
        if !self.waiting.is_sorted_by_key(|frame| frame.time) {
            self.waiting.sort_by_key(|frame| frame.time);
        }
        let ready = match first {
            Some(first) => self.waiting.partition_point(|frame| frame.time <= first),
            None => self.waiting.len(),
        };
        for frame in self.waiting.drain(..ready) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(frame.messages.len());
            self.buffer.push(frame);
        }
    }

    fn caller(&mut self, task: Pid) -> nix::Result<Arc<Caller>> {
        if let Some(known) = self.callers.get(&task) {
            return Ok(Arc::clone(known));
        }
        if self.callers.len() >= CALLERS {
            self.callers.clear();
        }
        let status = ThreadStatus::read(task.as_raw())?;
        let caller = Arc::new(Caller {
            pid: status.pid,
            tid: task.as_raw(),
            comm: status.comm,
        });
        self.callers.insert(task, Arc::clone(&caller));
        Ok(caller)
    }
}

/// Whether the first message is a request to the kernel, which answers, or may. What programs
/// say to each other, and uevents, are none.
fn is_request(protocol: u16, messages: &[u8]) -> bool {
    const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
    let flags = messages.get(6..).and_then(<[u8]>::first_chunk);
    let is_request = flags.is_some_and(|it| u16::from_ne_bytes(*it) & REQUEST != 0);
    let protocol = i32::from(protocol);
    is_request && protocol != libc::NETLINK_USERSOCK && protocol != libc::NETLINK_KOBJECT_UEVENT
}
