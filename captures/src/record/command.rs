// SPDX-License-Identifier: GPL-2.0-or-later
//! The command that is recorded, and all that comes of it.
//!
//! # Design decisions
//!
//! - It is forked early, when we are small, and waits under its filter until all
//!   is ready. The std library's spawn() would wait for an exec that waits for us.
//! - We are the subreaper of the tree: a daemon's parent is then ours too, and a
//!   machine that lets look at descendants only (Yama's ptrace_scope) lets us.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stdout, execvp, pipe2};

use super::sys::process::{close_range, fork_with, has_capability, set_action};
use super::sys::seccomp;
use super::tree;
use crate::exit::Exit;
use crate::text;

/// CAP_SYS_ADMIN: a filter without no_new_privs, so that setuid programs work.
const CAP_SYS_ADMIN: u8 = 21;

/// Why the command could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {command}: {errno}")]
pub(crate) struct StartError {
    command: String,
    errno: Errno,
}

impl StartError {
    /// The exit code for it, as of env(1).
    pub(crate) fn exit(&self) -> Exit {
        match self.errno {
            Errno::ENOENT => Exit::NotFound,
            _ => Exit::CannotExecute,
        }
    }
}

/// Where the command's standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stdout {
    /// To our own.
    Inherited,
    /// To our standard error, because the recording takes standard output.
    ToStderr,
}

/// Why the command could not be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} to watch the command: {errno}")]
pub(super) struct WatchError {
    action: &'static str,
    errno: Errno,
}

/// The command before it starts, under its filter.
pub(super) struct Prepared {
    child: Pid,
    command: String,
    /// A byte lets it go on, the end of it makes it end.
    go: OwnedFd,
    /// Its errno when it cannot start, and nothing when it has.
    report: File,
    listener: Option<OwnedFd>,
}

impl Prepared {
    /// Forks what is to be the command, found through PATH, without a shell.
    pub(super) fn fork(command: &[OsString], stdout: Stdout) -> anyhow::Result<Self> {
        let fail = |action| move |errno| WatchError { action, errno };
        let shown = text::escape_os(command.first().map_or(OsStr::new(""), OsString::as_os_str));
        let words: Result<Vec<_>, _> = command
            .iter()
            .map(|word| CString::new(word.as_bytes()))
            .collect();
        // A NUL byte in an argument: the kernel could not be told of it.
        let words = words.map_err(|_| StartError {
            command: shown.clone(),
            errno: Errno::EINVAL,
        })?;
        prctl::set_child_subreaper(true).map_err(fail("become a subreaper"))?;
        let privileged = has_capability(CAP_SYS_ADMIN).unwrap_or(false);
        let filter = tree::filter();
        let (wait, go) = pipe2(OFlag::O_CLOEXEC).map_err(fail("make a pipe"))?;
        let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(fail("make a pipe"))?;
        let (ours, go_raw) = (read.as_raw_fd(), go.as_raw_fd());
        let mut report = File::from(write);
        let child = fork_with(|| {
            // Our ends of the pipes: the child must see our death.
            close_range(ours, ours);
            close_range(go_raw, go_raw);
            let errno = become_command(&words, &filter, privileged, stdout, wait, &mut report);
            let _ = report.write_all(&(errno as i32).to_ne_bytes());
            127
        })
        .map_err(fail("fork"))?;
        let mut prepared = Self {
            child,
            command: shown,
            go,
            report: File::from(read),
            listener: None,
        };
        drop(report);
        prepared.listener = Some(prepared.fetch().map_err(fail("install a seccomp filter"))?);
        Ok(prepared)
    }

    /// The child's listener, whose number it tells.
    fn fetch(&mut self) -> nix::Result<OwnedFd> {
        let mut bytes = [0; 4];
        let read = self.report.read_exact(&mut bytes);
        read.map_err(|error| error.raw_os_error().map_or(Errno::EPIPE, Errno::from_raw))?;
        let number = RawFd::from_ne_bytes(bytes);
        if number < 0 {
            return Err(Errno::from_raw(number.saturating_neg()));
        }
        let process = seccomp::open_process(self.child.as_raw(), false)?;
        seccomp::duplicate(process, number)
    }

    /// The filter's listener; once.
    pub(super) fn take_listener(&mut self) -> Option<OwnedFd> {
        self.listener.take()
    }

    /// Lets it become the command. Its calls must be answered from now on, and
    /// [`Starting::started`] asked when the report is readable.
    pub(super) fn go(self) -> Result<Starting, StartError> {
        let wrote = File::from(self.go).write_all(&[1]);
        wrote.map_err(|_| StartError {
            command: self.command.clone(),
            errno: Errno::ECHILD,
        })?;
        Ok(Starting {
            child: self.child,
            command: self.command,
            report: self.report,
        })
    }
}

/// What the child does; returns only when that fails.
fn become_command(
    words: &[CString],
    filter: &[libc::sock_filter],
    privileged: bool,
    stdout: Stdout,
    wait: OwnedFd,
    report: &mut File,
) -> Errno {
    let prepare = || {
        // Ours is ignored, by the Rust runtime.
        set_action(Signal::SIGPIPE, false)?;
        if stdout == Stdout::ToStderr {
            dup2_stdout(io::stderr().as_fd())?;
        }
        if !privileged {
            prctl::set_no_new_privs()?;
        }
        seccomp::install(filter)
    };
    let told = match prepare() {
        Ok(listener) => listener,
        Err(errno) => -(errno as i32),
    };
    if report.write_all(&told.to_ne_bytes()).is_err() || told < 0 {
        return Errno::ECANCELED;
    }
    // Nothing is told of write(2) and read(2): nobody answers yet.
    if !matches!(File::from(wait).read(&mut [0]), Ok(1)) {
        return Errno::ECANCELED;
    }
    match words.first().map(|name| execvp(name, words)) {
        Some(Err(errno)) => errno,
        _ => Errno::EINVAL,
    }
}

/// The command while it starts.
pub(super) struct Starting {
    child: Pid,
    command: String,
    report: File,
}

impl Starting {
    /// Reads the report, which is readable.
    pub(super) fn started(mut self) -> Result<Running, StartError> {
        let mut bytes = Vec::new();
        let _ = self.report.read_to_end(&mut bytes);
        match bytes.first_chunk() {
            None => Ok(Running {
                child: self.child,
                exit: None,
            }),
            Some(errno) => {
                let _ = waitpid(self.child, None);
                Err(StartError {
                    command: self.command,
                    errno: Errno::from_raw(i32::from_ne_bytes(*errno)),
                })
            }
        }
    }
}

impl AsFd for Starting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.report.as_fd()
    }
}

/// The running command.
pub(super) struct Running {
    child: Pid,
    exit: Option<Exit>,
}

impl Running {
    /// How the command ended, where it has. Takes care of the orphans of its tree
    /// as well.
    pub(super) fn ended(&mut self) -> Option<Exit> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) => {
                    self.note(pid, Exit::Command((status & 0xff) as u8));
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    self.note(pid, Exit::from(signal));
                }
                Err(Errno::EINTR) => {}
                _ => return self.exit,
            }
        }
    }

    /// Waits for the end of the command, whose last task has ended.
    pub(super) fn wait(&mut self) -> nix::Result<Exit> {
        loop {
            if let Some(exit) = self.exit {
                return Ok(exit);
            }
            match waitpid(self.child, None) {
                Ok(WaitStatus::Exited(_, status)) => {
                    self.exit = Some(Exit::Command((status & 0xff) as u8));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => self.exit = Some(Exit::from(signal)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn note(&mut self, pid: Pid, exit: Exit) {
        if pid == self.child {
            self.exit = Some(exit);
        }
    }

    /// Passes a signal on to the command.
    pub(super) fn pass_on(&self, signal: Signal) {
        if self.exit.is_none() {
            // The child is not waited for yet, so that its number is no other's.
            // The call fails where it has changed its identity: nothing is to be
            // done.
            let _ = kill(self.child, signal);
        }
    }
}
