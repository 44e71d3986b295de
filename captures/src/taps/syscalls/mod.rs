// SPDX-License-Identifier: GPL-2.0-or-later
//! The tap of the command's own calls: what they send and receive, read from the memory of
//! the callers by ptrace(2), as strace does. It needs no privilege and no part of the kernel
//! that could be missing, sees all netlink protocols, and knows whose a message is and what
//! the call returned.
//!
//! # Design decisions
//!
//! - A stop at the end of the call and not seccomp's user notification: the kernel does the
//!   call itself. Timeouts, signals, credentials, parts of dumps and capabilities are the
//!   command's own; a supervisor that receives on a duplicate has to rebuild each of these,
//!   and where it dies what it has taken is lost.
//! - The price: the command cannot be traced by another (a debugger in it fails with EPERM),
//!   and ends when nlcap is killed (PTRACE_O_EXITKILL).
//! - The filter (SECCOMP_RET_TRACE) stops only calls that may carry messages: all others cost
//!   nothing.
//! - The tracer is a thread of its own, which waits for nothing but the tree; the
//!   recording's takes frames from a [`Buffer`].
//!
//! # What it cannot see
//!
//! Messages of other processes, and what the command never received.

mod calls;
mod deliveries;
mod filter;
mod frames;
mod memory;
mod sockets;
mod tracer;

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::PollFlags;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, pipe2};

use self::frames::{Buffer, CallFrame, Caller};
use self::sockets::Sockets;
use self::tracer::Tracer;
use super::{Ending, Take, Tap};
use crate::attribution::{Attribution, Gaps, Namespaces, Owner, Program, SocketInfo, SocketTable};
use crate::exit::Exit;
use crate::file::writer::{Counters, Interface};
use crate::messages::packet::Frame;
use crate::messages::process::{Certainty, Process};
use crate::sys::privilege::{self, PrivilegeScope};
use crate::sys::process::{self, fork_with, set_action};
use crate::sys::{ptrace, seccomp};
use crate::terminal::text;

/// Bytes of the tracer's stack: it holds no buffers.
const STACK: usize = 1 << 18;

/// Threads whose names are remembered.
const PROGRAMS: usize = 4096;

/// Why the command cannot be traced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    #[error(
        "cannot trace the command: {errno}: kernel.yama.ptrace_scope is {scope}: {}",
        Self::way_out(.scope)
    )]
    Refused { errno: Errno, scope: String },
    #[error(
        "cannot trace the command: {0}: another tracer has it, or a security module or container \
         forbids ptrace(2)"
    )]
    NotPermitted(Errno),
    #[error("cannot trace the command: {0}")]
    Failed(Errno),
    #[error("cannot start the tracer: {0}")]
    Thread(io::Error),
}

impl TraceError {
    fn of(errno: Errno) -> Self {
        let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
        match (errno, scope.trim()) {
            (Errno::EPERM, scope @ ("2" | "3")) => Self::Refused {
                errno,
                scope: scope.to_owned(),
            },
            (Errno::EPERM | Errno::EACCES, _) => Self::NotPermitted(errno),
            _ => Self::Failed(errno),
        }
    }

    fn way_out(scope: &str) -> &'static str {
        match scope {
            "3" => "nobody may trace until the next boot; use --tap nlmon as root",
            _ => "CAP_SYS_PTRACE is required: run nlcap with sudo",
        }
    }
}

/// How calls are traced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracing {
    /// Receives by read(2) and readv(2) are looked at.
    pub(crate) with_reads: bool,
    /// Bytes of frames that wait to be written.
    pub(crate) buffer: usize,
    /// The longest packet that is kept, its cooked header among it.
    pub(crate) snap_length: u32,
}

/// The filter that the command is put under, which makes its calls stop for a tracer.
pub(crate) fn filter(with_reads: bool) -> Vec<libc::sock_filter> {
    filter::program(with_reads)
}

/// The tap.
pub(crate) struct Syscalls {
    buffer: Arc<Buffer>,
    /// How many interfaces the session has been given.
    announced: usize,
    /// Frames that are taken, in places of which the session may not know yet.
    taken: VecDeque<CallFrame>,
    programs: HashMap<i32, (Arc<Caller>, Rc<Program>)>,
}

/// The tree that is traced.
pub(crate) struct TracedTree {
    buffer: Arc<Buffer>,
}

/// Traces a command from here on, which waits under its filter ([`filter()`]), and all that comes of it.
///
/// # Errors
///
/// Where it must not be traced. The command is as it was then.
///
/// Programs in it may raise their privilege where it is `privileged`: there is no no_new_privs.
pub(crate) fn trace(
    command: Pid,
    privileged: bool,
    tracing: Tracing,
) -> Result<(Syscalls, TracedTree), TraceError> {
    let (namespace, own) = sockets::own(tracing.snap_length);
    let buffer = Buffer::new(tracing.buffer, own).map_err(TraceError::Failed)?;
    let buffer = Arc::new(buffer);
    // A stop is no end of a child: a handler would be called at each.
    set_action(Signal::SIGCHLD, false).map_err(TraceError::Failed)?;
    let (said, heard) = mpsc::sync_channel(1);
    let shared = Arc::clone(&buffer);
    let tracer = move || {
        // Signals are for the recording's thread. Of those that nobody handles there is none.
        let mut signals = SigSet::all();
        signals.remove(Signal::SIGCHLD);
        let _ = signals.thread_block();
        let seized = ptrace::seize(command);
        privilege::lower(PrivilegeScope::Calls);
        let is_seized = seized.is_ok();
        let _ = said.send(seized);
        if is_seized {
            let sockets = Sockets::new(namespace, tracing.snap_length);
            Tracer::new(shared, command, sockets, privileged, tracing.with_reads).run();
        }
    };
    thread::Builder::new()
        .name(String::from("nlcap-tracer"))
        .stack_size(STACK)
        .spawn(tracer)
        .map_err(TraceError::Thread)?;
    // Without an answer the thread has panicked.
    (heard.recv().unwrap_or(Err(Errno::ESRCH))).map_err(TraceError::of)?;
    let tap = Syscalls {
        buffer: Arc::clone(&buffer),
        announced: 0,
        taken: VecDeque::new(),
        programs: HashMap::new(),
    };
    Ok((tap, TracedTree { buffer }))
}

/// Whether a child of ours can be traced, and a filter can make its calls stop.
///
/// # Errors
///
/// Where it must not.
pub(crate) fn probe() -> Result<(), TraceError> {
    seccomp::can_stop_calls().map_err(TraceError::Failed)?;
    let (wait, go) = pipe2(OFlag::O_CLOEXEC).map_err(TraceError::Failed)?;
    let child = fork_with(|| {
        // It lasts until it is killed.
        let _ = File::from(wait).read(&mut [0]);
        0
    })
    .map_err(TraceError::Failed)?;
    let seized = ptrace::seize(child);
    drop(go);
    let _ = kill(child, Signal::SIGKILL);
    let _ = process::wait(Some(child), false);
    seized.map_err(TraceError::of)
}

impl TracedTree {
    /// Readable when its last task has ended.
    pub(crate) fn ended(&self) -> BorrowedFd<'_> {
        self.buffer.ended()
    }

    /// How the command itself has ended, where it has.
    pub(crate) fn exit(&self) -> Option<Exit> {
        self.buffer.state().exit.map(Exit::from)
    }

    /// What was not seen of it.
    pub(crate) fn gaps(&self) -> Gaps {
        self.buffer.state().gaps
    }
}

impl Syscalls {
    fn give(&mut self, take: &mut Take<'_>) {
        for notice in self.buffer.notices() {
            text::say(&notice);
        }
        self.taken.extend(self.buffer.take());
        let known = self.announced;
        let new = (self.taken.iter()).position(|it| it.interface as usize >= known);
        if new.is_some() {
            // The session has to be given the place first.
            self.buffer.wake();
        }
        let calls: Vec<_> = self
            .taken
            .drain(..new.unwrap_or(self.taken.len()))
            .collect();
        let firsts = deliveries::firsts(&calls);
        for (at, call) in calls.iter().enumerate() {
            let original_length = call.original_length.max(call.messages.len());
            let frame = Frame {
                interface: call.interface,
                time: call.time,
                protocol: call.protocol,
                original_length: u32::try_from(original_length).unwrap_or(u32::MAX),
                messages: &call.messages,
            };
            let mut owners = vec![self.owner(call)];
            if call.is_multicast && firsts[at] == at {
                let others = (at + 1..calls.len()).filter(|other| firsts[*other] == at);
                owners.extend(others.map(|other| self.owner(&calls[other])));
            }
            let attribution = Attribution {
                is_multicast: call.is_multicast,
                is_copy: firsts[at] != at,
                fate: call.fate,
                ..Attribution::new(call.direction, owners, Certainty::Exact)
            };
            take(&frame, Some(attribution));
        }
    }

    fn owner(&mut self, call: &CallFrame) -> Owner {
        Owner {
            program: self.program(call),
            fd: call.fd,
        }
    }

    fn program(&mut self, call: &CallFrame) -> Rc<Program> {
        let caller = &call.caller;
        if let Some((known, program)) = self.programs.get(&caller.tid)
            && known == caller
        {
            return Rc::clone(program);
        }
        if self.programs.len() >= PROGRAMS {
            self.programs.clear();
        }
        let program = Rc::new(Program {
            pid: caller.pid,
            tid: caller.tid,
            comm: Process::name(&caller.comm),
        });
        let both = (Arc::clone(caller), Rc::clone(&program));
        self.programs.insert(caller.tid, both);
        program
    }
}

impl Tap for Syscalls {
    fn poll(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.buffer.due()]
    }

    fn drain(&mut self, found: &[PollFlags], take: &mut Take<'_>) {
        if found.iter().any(|it| !it.is_empty()) {
            self.give(take);
        }
    }

    fn new_interfaces(&mut self) -> Vec<(u32, Interface)> {
        let state = self.buffer.state();
        let new = (0..).zip(&state.interfaces).skip(self.announced);
        let new: Vec<_> = new.map(|(number, it)| (number, it.clone())).collect();
        self.announced += new.len();
        new
    }

    fn namespaces(&mut self) -> &mut dyn Namespaces {
        self
    }

    fn lost(&mut self) -> u64 {
        self.buffer.state().lost
    }

    fn stop(&mut self) {
        self.buffer.state().is_over = true;
    }

    fn drain_stopped(&mut self, take: &mut Take<'_>) -> bool {
        self.give(take);
        false
    }

    fn finish(&mut self, take: &mut Take<'_>) -> Ending {
        self.give(take);
        let state = self.buffer.state();
        let mut lost = state.lost;
        let counters = (state.received.iter())
            .map(|received| Counters {
                received: *received,
                // Where is not counted: they have one buffer.
                dropped: std::mem::take(&mut lost),
            })
            .collect();
        Ending {
            counters,
            incomplete: Vec::new(),
        }
    }
}

/// Attribution is never asked: the tap knows whose a frame is.
impl Namespaces for Syscalls {
    fn mirrors(&self, _: u16) -> bool {
        true
    }

    fn interface(&mut self, _: &SocketInfo) -> Option<u32> {
        None
    }

    fn socket(&mut self, _: u32, _: u16) -> nix::Result<OwnedFd> {
        Err(Errno::EOPNOTSUPP)
    }

    fn table(&mut self, _: u32) -> io::Result<SocketTable> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
