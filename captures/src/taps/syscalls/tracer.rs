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
use super::sockets::Sockets;
use crate::attribution::{self, Gaps};
use crate::messages::packet::Direction;
use crate::sys::clock::now;
use crate::sys::ptrace::{self, CallEntry, TaskStop};
use crate::terminal::text;

/// A send that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many frames wait for a send at most.
const WAITING: usize = 4096;

/// How many names of threads are remembered.
const CALLERS: usize = 4096;

/// A call on a netlink socket that has begun.
struct PendingCall {
    entry: CallEntry,
    direction: Direction,
    began: Duration,
    fd: i32,
    /// The socket's inode.
    inode: u64,
}

/// The tracer.
pub(super) struct Tracer {
    buffer: Arc<Buffer>,
    /// The command itself.
    command: Pid,
    calls: HashMap<Pid, PendingCall>,
    sockets: Sockets,
    callers: HashMap<Pid, Arc<Caller>>,
    /// Frames that wait for sends which began before them.
    waiting: Vec<CallFrame>,
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
            sockets,
            callers: HashMap::new(),
            waiting: Vec::new(),
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
        self.calls.remove(&task);
        self.callers.remove(&task);
        self.release(Some(now()));
        if task == self.command {
            self.buffer.state().exit = Some(ExitStatus::from_raw(status));
        }
    }

    /// A process runs another program: its only thread has the process's number now.
    fn note_exec(&mut self, task: Pid, before: Pid) {
        for number in [task, before] {
            self.callers.remove(&number);
            self.calls.remove(&number);
        }
        if self.loses_privilege {
            let folder = format!("/proc/{task}");
            let file = Path::new(&folder).join("exe");
            if attribution::raises(&file, Path::new(&folder))
                && let Ok(program) = fs::read_link(&file)
            {
                self.loses_privilege = false;
                text::say(&attribution::LostPrivilege(&program));
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
                self.count(|gaps| &mut gaps.spliced, task, &entry);
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
        let inode = match self.sockets.find(task, fd, &self.buffer) {
            Ok(inode) => inode?,
            // No descriptor at all: the call fails.
            Err(Errno::ENOENT) => return None,
            Err(_) => {
                self.buffer.state().gaps.uninspectable += 1;
                return None;
            }
        };
        let call = PendingCall {
            entry,
            direction,
            began: now(),
            fd,
            inode,
        };
        self.calls.insert(task, call);
        Some(())
    }

    /// Counts a call on a netlink socket whose bytes are not looked at.
    fn count(&mut self, which: fn(&mut Gaps) -> &mut u64, task: Pid, entry: &CallEntry) {
        let fd = calls::descriptor(entry);
        if let Ok(Some(_)) = self.sockets.find(task, fd, &self.buffer) {
            *which(&mut self.buffer.state().gaps) += 1;
        }
    }

    /// Takes what a call has sent or received.
    fn complete(&mut self, task: Pid) {
        let Some(call) = self.calls.remove(&task) else {
            return;
        };
        let datagrams = ptrace::result(task)
            .and_then(|result| calls::datagrams(task, &call.entry, call.direction, result));
        let caller = self.caller(task);
        let (Ok(datagrams), Ok(caller)) = (datagrams, caller) else {
            self.buffer.state().gaps.uninspectable += 1;
            return;
        };
        // The descriptor may be another's by now.
        let Some(socket) = self.sockets.get(call.inode) else {
            return;
        };
        let time = match call.direction {
            Direction::Outbound => call.began,
            Direction::Inbound => now(),
        };
        for Datagram {
            messages,
            original_length,
            is_multicast,
            fate,
        } in datagrams
        {
            match call.direction {
                Direction::Outbound => socket.has_sent |= fate.is_none(),
                Direction::Inbound => socket.has_received = true,
            }
            self.waiting.push(CallFrame {
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
        }
        self.release(Some(now()));
    }

    /// Hands on what waits for no send any more: what is older than each that has begun. At
    /// the end there is no time, and nothing waits.
    fn release(&mut self, now: Option<Duration>) {
        if self.waiting.is_empty() {
            return;
        }
        let sends = (self.calls.values())
            .filter(|call| call.direction == Direction::Outbound)
            .map(|call| call.began)
            .filter(|began| now.is_some_and(|now| now.saturating_sub(*began) < PATIENCE));
        let first = match self.waiting.len() {
            WAITING.. => None,
            _ => sends.min(),
        };
        if self.waiting.len() > 1 {
            self.waiting.sort_by_key(|frame| frame.time);
        }
        let ready = match first {
            Some(first) => self.waiting.partition_point(|frame| frame.time <= first),
            None => self.waiting.len(),
        };
        for frame in self.waiting.drain(..ready) {
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
        let caller = Arc::new(caller(task)?);
        self.callers.insert(task, Arc::clone(&caller));
        Ok(caller)
    }
}

/// Process and name of a thread, by /proc/TID/status.
pub(super) fn caller(task: Pid) -> nix::Result<Caller> {
    let status = fs::read(format!("/proc/{task}/status"))
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    let field = |name: &[u8]| {
        let mut lines = status.split(|byte| *byte == b'\n');
        let value = lines.find_map(|line| line.strip_prefix(name))?;
        Some(value.trim_ascii())
    };
    let pid = field(b"Tgid:").and_then(|it| std::str::from_utf8(it).ok()?.parse().ok());
    Ok(Caller {
        pid: pid.ok_or(Errno::ESRCH)?,
        tid: task.as_raw(),
        comm: field(b"Name:").unwrap_or_default().to_vec(),
    })
}
