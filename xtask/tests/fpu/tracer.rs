// SPDX-License-Identifier: GPL-2.0-or-later
//! A host whose CPU has a larger state than this one's, for a User-Mode Linux that runs
//! under ptrace(2).
//!
//! That kernel reads and writes the state of its processes by PTRACE_GETREGSET and
//! PTRACE_SETREGSET of NT_X86_XSTATE. A seccomp filter stops it at these calls. What is read
//! gets a tail, which is another one each time and is remembered; what is written must have
//! the tail that was read for the same task, or the call is refused as the host would.

use nix::{
    sys::{
        ptrace::{self, Options},
        signal::{Signal, kill},
        uio::{RemoteIoVec, process_vm_readv, process_vm_writev},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use std::{
    collections::{HashMap, HashSet},
    io::{IoSlice, IoSliceMut, Read},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
};

/// What of the state a signal's frame holds and its handler's end brings back, in bytes;
/// our change to the kernel says why.
const FRAME: usize = 2696;
/// `linux/elf.h`.
const NT_X86_XSTATE: u32 = 0x202;
/// `linux/ptrace.h`.
const GETREGSET: u32 = 0x4204;
const SETREGSET: u32 = 0x4205;

/// What is pretended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Its state has that many bytes.
    Larger(usize),
    /// It takes no state, as one does whose state is larger than what it is given.
    Refuses,
}

/// What became of a traced kernel.
#[derive(Debug, Default)]
pub(crate) struct TraceReport {
    pub(crate) output: String,
    /// How many states were read.
    pub(crate) states: u64,
    /// How large this host's own is.
    pub(crate) size_of_host: usize,
    /// How many tasks began with the state of the one that made them.
    pub(crate) inherited: u64,
    /// States that were written and not what had been read.
    pub(crate) wrong: Vec<String>,
}

/// Runs `command` to its end.
#[expect(clippy::zombie_processes, reason = "its tracer waits for it")]
pub(crate) fn run(mut command: Command, host: Host) -> TraceReport {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // SAFETY: Only system calls are made between fork and exec.
    unsafe { command.pre_exec(be_traced) };
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let mut output = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let mut tails = Tails::new(host);
    trace(pid, &mut tails);
    // Its processes have ended with it, so that nothing holds the pipe open.
    TraceReport {
        output: reader.join().unwrap(),
        ..tails.traced
    }
}

/// In the child: stops at the calls in question, from exec on.
fn be_traced() -> std::io::Result<()> {
    let is = |offset: usize, value: u32, otherwise: u8| {
        [
            // BPF_LD | BPF_W | BPF_ABS; BPF_JMP | BPF_JEQ | BPF_K.
            filter(0x20, 0, 0, u32::try_from(offset).unwrap()),
            filter(0x15, 0, otherwise, value),
        ]
    };
    const CALL: usize = 0;
    const REQUEST: usize = 16;
    const KIND: usize = 32;
    let [a, b] = is(CALL, u32::try_from(libc::SYS_ptrace).unwrap(), 6);
    let [c, d] = is(KIND, NT_X86_XSTATE, 4);
    let mut program = [
        a,
        b,
        c,
        d,
        filter(0x20, 0, 0, u32::try_from(REQUEST).unwrap()),
        filter(0x15, 1, 0, GETREGSET),
        filter(0x15, 0, 1, SETREGSET),
        filter(0x06, 0, 0, libc::SECCOMP_RET_TRACE),
        filter(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    ptrace::traceme()?;
    // SAFETY: The program is a valid filter, which the kernel copies.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ) != 0
    };
    if refused {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

fn filter(code: u16, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

/// Goes on from stop to stop until the kernel has ended.
fn trace(pid: Pid, tails: &mut Tails) {
    loop {
        let mut signal = None;
        match waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap() {
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return,
            // Of exec, before there is anything else to stop at.
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {
                let options = Options::PTRACE_O_TRACESECCOMP | Options::PTRACE_O_EXITKILL;
                ptrace::setoptions(pid, options).unwrap();
            }
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::PtraceEvent(..) => tails.transfer(pid),
            _ => {}
        }
        if ptrace::cont(pid, signal).is_err() {
            // It was killed while it was stopped; the next wait says so.
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// What lies behind this host's own state.
struct Tails {
    host: Host,
    /// Those that were read for a process and not written since: one for each of its threads.
    out: HashMap<u64, HashSet<u64>>,
    /// Those that were written once.
    written: HashSet<u64>,
    /// Of the process that the kernel reads the first state of, which all begin with.
    first: Option<u64>,
    traced: TraceReport,
}

impl Tails {
    fn new(host: Host) -> Self {
        Self {
            host,
            out: HashMap::new(),
            written: HashSet::new(),
            first: None,
            traced: TraceReport::default(),
        }
    }

    /// The kernel, stopped before a call, reads or writes a state.
    fn transfer(&mut self, pid: Pid) {
        let mut registers = ptrace::getregs(pid).unwrap();
        let process = registers.rsi;
        let vector = Vector::of(pid, registers.r10);
        if registers.rdi == u64::from(GETREGSET) {
            self.finish_call(pid);
            let result = ptrace::getregs(pid).unwrap().rax;
            if result == 0 {
                self.read(pid, process, &vector);
            }
        } else if !self.may_write(pid, process, &vector) {
            // A call of that number is none: the result stands.
            registers.orig_rax = u64::MAX;
            registers.rax = (-i64::from(libc::EFAULT)).cast_unsigned();
            ptrace::setregs(pid, registers).unwrap();
        }
    }

    /// Lets the call be made, to its end.
    fn finish_call(&self, pid: Pid) {
        ptrace::syscall(pid, None).unwrap();
        let stop = waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap();
        assert!(
            matches!(stop, WaitStatus::Stopped(_, Signal::SIGTRAP)),
            "{stop:?}"
        );
    }

    /// A state was read into the buffer that was `asked` for; it gets its tail.
    fn read(&mut self, pid: Pid, process: u64, asked: &Vector) {
        let got = Vector::of(pid, asked.place);
        self.traced.size_of_host = got.length;
        let Host::Larger(size) = self.host else {
            return;
        };
        self.traced.states += 1;
        let length = size.min(asked.length);
        if length > got.length {
            let tag = self.traced.states;
            let tail: Vec<u8> = tag.to_ne_bytes().repeat((length - got.length) / 8);
            write(pid, got.base + got.length as u64, &tail);
            self.out.entry(process).or_default().insert(tag);
            self.first.get_or_insert(tag);
        }
        write(pid, asked.place + 8, &(length as u64).to_ne_bytes());
    }

    /// Whether the host takes this state; notes one that is not what was read.
    fn may_write(&mut self, pid: Pid, process: u64, given: &Vector) -> bool {
        let Host::Larger(size) = self.host else {
            return false;
        };
        if given.length < size {
            self.wrong(format!("{} bytes were written", given.length));
            return false;
        }
        let begin = self.traced.size_of_host.max(FRAME);
        let tail = read(pid, given.base + begin as u64, size - begin);
        let tags: HashSet<u64> = tail
            .chunks_exact(8)
            .map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap()))
            .collect();
        let [tag] = tags.iter().copied().collect::<Vec<_>>()[..] else {
            self.wrong(format!("a tail of {} parts was written", tags.len()));
            return true;
        };
        let is_its_own = match self.out.get_mut(&process) {
            None => false,
            Some(tags) => tags.remove(&tag),
        };
        if is_its_own {
            self.written.insert(tag);
        } else if tag <= self.traced.states && self.written.remove(&tag)
            || self.out.values().any(|tags| tags.contains(&tag))
        {
            self.traced.inherited += 1;
        } else if self.first != Some(tag) {
            self.wrong(format!("process {process} got tail {tag}"));
        }
        true
    }

    fn wrong(&mut self, text: String) {
        if self.traced.wrong.len() < 10 {
            self.traced.wrong.push(text);
        }
    }
}

/// A `struct iovec` of the kernel's.
struct Vector {
    place: u64,
    base: u64,
    length: usize,
}

impl Vector {
    fn of(pid: Pid, place: u64) -> Self {
        let bytes = read(pid, place, 16);
        let word = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        Self {
            place,
            base: word(0),
            length: usize::try_from(word(8)).unwrap(),
        }
    }
}

fn remote(base: u64, len: usize) -> [RemoteIoVec; 1] {
    let base = usize::try_from(base).unwrap();
    [RemoteIoVec { base, len }]
}

fn read(pid: Pid, base: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let local = &mut [IoSliceMut::new(&mut bytes)];
    let got = process_vm_readv(pid, local, &remote(base, length));
    assert_eq!(got, Ok(length));
    bytes
}

fn write(pid: Pid, base: u64, bytes: &[u8]) {
    let done = process_vm_writev(pid, &[IoSlice::new(bytes)], &remote(base, bytes.len()));
    assert_eq!(done, Ok(bytes.len()));
}
