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
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, dup2_stdout, execvp, pipe2};

use super::signals::InheritedSignals;
use super::user::Identity;
use crate::attribution;
use crate::exit::Exit;
use crate::sys::privilege;
use crate::sys::process::{close_range, fork_with, wait};
use crate::sys::seccomp;
use crate::taps::syscalls;
use crate::terminal::text;

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

/// How the command is started.
pub(crate) struct Invocation {
    /// Its words, the first of which is looked for in PATH.
    pub(crate) words: Vec<OsString>,
    /// Where its standard output goes.
    pub(crate) stdout: Stdout,
    /// Who it runs as; without it, as we do.
    pub(crate) identity: Option<Identity>,
}

/// How the command's calls come to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interception {
    /// Before they are made, by seccomp's user notification.
    Notified,
    /// When they end, to a tracer; receives by read(2) too `with_reads`.
    Traced { with_reads: bool },
}

/// Why the command could not be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}: {errno}")]
pub(super) struct WatchError {
    action: &'static str,
    errno: Errno,
}

/// What the child does before it becomes the command, in this order.
#[derive(Clone, Copy)]
enum Step {
    Streams,
    Filter,
    Identity,
}

impl Step {
    const ALL: [(Self, &'static str); 3] = [
        (
            Self::Streams,
            "set up the command's standard streams and signals",
        ),
        (Self::Filter, "install the command's seccomp filter"),
        (Self::Identity, "switch to the command's user"),
    ];

    fn action(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The command before it starts, under its filter.
pub(super) struct PreparedCommand {
    child: Pid,
    command: String,
    /// A byte lets it go on, the end of it makes it end.
    go: OwnedFd,
    /// Its errno when it cannot start, and nothing when it has.
    report: File,
    /// A handle on it.
    handle: OwnedFd,
    listener: Option<OwnedFd>,
    privileged: bool,
    signals: InheritedSignals,
}

impl PreparedCommand {
    /// Forks what is to be the command, found through PATH, without a shell. It gets
    /// the signals as we were given them.
    pub(super) fn fork(
        command: &Invocation,
        signals: InheritedSignals,
        interception: Interception,
    ) -> anyhow::Result<Self> {
        let fail = |action| move |errno| WatchError { action, errno };
        let first = command.words.first();
        let shown = text::escape_os(first.map_or(OsStr::new(""), OsString::as_os_str));
        let words: Result<Vec<_>, _> = (command.words)
            .iter()
            .map(|word| CString::new(word.as_bytes()))
            .collect();
        // A NUL byte in an argument: the kernel could not be given it.
        let words = words.map_err(|_| StartError {
            command: shown.clone(),
            errno: Errno::EINVAL,
        })?;
        prctl::set_child_subreaper(true).map_err(fail("become a subreaper"))?;
        // Then the filter needs no no_new_privs, and setuid programs work.
        let privileged = privilege::is_effective(privilege::SYS_ADMIN);
        let filter = match interception {
            Interception::Notified => attribution::filter(),
            Interception::Traced { with_reads } => syscalls::filter(with_reads),
        };
        let (wait, go) = pipe2(OFlag::O_CLOEXEC).map_err(fail("create a pipe"))?;
        let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(fail("create a pipe"))?;
        let (ours, go_raw) = (read.as_raw_fd(), go.as_raw_fd());
        let mut report = File::from(write);
        let child = fork_with(|| {
            // Our ends of the pipes: the child must see our death.
            close_range(ours, ours);
            close_range(go_raw, go_raw);
            let plan = Plan {
                words: &words,
                filter: &filter,
                interception,
                privileged,
                command,
                signals,
            };
            let errno = plan.become_command(wait, &mut report);
            let _ = report.write_all(&(errno as i32).to_ne_bytes());
            127
        })
        .map_err(fail("fork"))?;
        let handle = seccomp::open_process(child.as_raw(), false);
        let mut prepared = Self {
            child,
            command: shown,
            go,
            report: File::from(read),
            handle: handle.map_err(fail("open a handle on the command"))?,
            listener: None,
            privileged,
            signals,
        };
        drop(report);
        let mut reported = [0; 5];
        if prepared.report.read_exact(&mut reported).is_err() {
            return Err(fail("set up the command")(Errno::EPIPE).into());
        }
        let [step, number @ ..] = reported;
        let number = RawFd::from_ne_bytes(number);
        if number < 0 {
            let step = Step::ALL.iter().find(|(known, _)| *known as u8 == step);
            let action = step.map_or("set up the command", |(step, _)| step.action());
            let errno = Errno::from_raw(number.saturating_neg());
            return Err(fail(action)(errno).into());
        }
        if interception == Interception::Notified {
            let listener = seccomp::duplicate(&prepared.handle, number);
            prepared.listener = Some(listener.map_err(fail("get the seccomp filter's listener"))?);
        }
        Ok(prepared)
    }

    /// The process that is to be the command.
    pub(super) fn child(&self) -> Pid {
        self.child
    }

    /// Whether programs may raise their privilege: there is no no_new_privs.
    pub(super) fn is_privileged(&self) -> bool {
        self.privileged
    }

    /// The filter's listener; once.
    pub(super) fn take_listener(&mut self) -> Option<OwnedFd> {
        self.listener.take()
    }

    /// Lets it become the command. Its calls must be answered from now on, and
    /// [`StartingCommand::started`] asked when the report is readable.
    pub(super) fn go(self) -> Result<StartingCommand, StartError> {
        let wrote = File::from(self.go).write_all(&[1]);
        wrote.map_err(|_| StartError {
            command: self.command.clone(),
            errno: Errno::ECHILD,
        })?;
        Ok(StartingCommand {
            child: self.child,
            command: self.command,
            report: self.report,
            handle: self.handle,
            signals: self.signals,
        })
    }
}

/// What the child needs to become the command.
struct Plan<'a> {
    words: &'a [CString],
    filter: &'a [libc::sock_filter],
    interception: Interception,
    privileged: bool,
    command: &'a Invocation,
    signals: InheritedSignals,
}

impl Plan<'_> {
    /// What the child does; returns only when that fails.
    fn become_command(&self, wait: OwnedFd, report: &mut File) -> Errno {
        let (step, number) = match self.prepare() {
            Ok(listener) => (Step::Filter, listener),
            Err((step, errno)) => (step, -(errno as i32)),
        };
        let mut bytes = vec![step as u8];
        bytes.extend(number.to_ne_bytes());
        if report.write_all(&bytes).is_err() || number < 0 {
            return Errno::ECANCELED;
        }
        // These reads and writes are not intercepted: nobody answers yet.
        if !matches!(File::from(wait).read(&mut [0]), Ok(1)) {
            return Errno::ECANCELED;
        }
        match self.words.first().map(|name| execvp(name, self.words)) {
            Some(Err(errno)) => errno,
            _ => Errno::EINVAL,
        }
    }

    /// The number of the filter's listener, 0 where it has none.
    fn prepare(&self) -> Result<RawFd, (Step, Errno)> {
        let streams = || {
            self.signals.restore()?;
            if self.command.stdout == Stdout::ToStderr {
                dup2_stdout(io::stderr().as_fd())?;
            }
            Ok(())
        };
        streams().map_err(|errno| (Step::Streams, errno))?;
        let filter = || {
            if !self.privileged {
                prctl::set_no_new_privs()?;
            }
            match self.interception {
                Interception::Notified => seccomp::install_listened(self.filter),
                Interception::Traced { .. } => seccomp::install(self.filter).map(|()| 0),
            }
        };
        let listener = filter().map_err(|errno| (Step::Filter, errno))?;
        match &self.command.identity {
            // After the filter: a user may install one only without new privileges,
            // and then programs with the set-user-ID bit would not have theirs.
            Some(identity) => identity.assume().map_err(|errno| (Step::Identity, errno))?,
            // With capabilities of its file nlcap may not be looked at, and so may the
            // child; but we have to. Others of this user lack its capabilities.
            None => prctl::set_dumpable(true).map_err(|errno| (Step::Filter, errno))?,
        }
        Ok(listener)
    }
}

/// The command while it starts.
pub(super) struct StartingCommand {
    child: Pid,
    command: String,
    report: File,
    handle: OwnedFd,
    signals: InheritedSignals,
}

impl StartingCommand {
    /// Reads the report, which is readable.
    pub(super) fn started(mut self) -> Result<RunningCommand, StartError> {
        let mut bytes = Vec::new();
        let _ = self.report.read_to_end(&mut bytes);
        match bytes.first_chunk() {
            None => Ok(RunningCommand {
                child: self.child,
                handle: self.handle,
                exit: None,
                signals: self.signals,
            }),
            Some(errno) => {
                let _ = wait(Some(self.child), false);
                Err(StartError {
                    command: self.command,
                    errno: Errno::from_raw(i32::from_ne_bytes(*errno)),
                })
            }
        }
    }
}

impl AsFd for StartingCommand {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.report.as_fd()
    }
}

/// The running command.
pub(super) struct RunningCommand {
    child: Pid,
    handle: OwnedFd,
    exit: Option<Exit>,
    signals: InheritedSignals,
}

impl RunningCommand {
    /// How the command ended, where it has. Takes care of the orphans of its tree
    /// as well.
    pub(super) fn ended(&mut self) -> Option<Exit> {
        loop {
            match wait(None, true) {
                Ok(Some((pid, status))) => self.note(pid, status),
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
            match wait(Some(self.child), false) {
                Ok(Some((pid, status))) => self.note(pid, status),
                Ok(None) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn note(&mut self, pid: Pid, status: ExitStatus) {
        if pid == self.child {
            self.exit = Some(Exit::from(status));
        }
    }

    /// Whether the command was started with a signal ignored.
    pub(super) fn ignores(&self, signal: Signal) -> bool {
        self.signals.ignores(signal)
    }

    /// Passes a signal on to the command.
    pub(super) fn pass_on(&self, signal: Signal) {
        // The call fails where it has ended, or changed its identity: nothing is to be done.
        let _ = seccomp::send_signal(&self.handle, signal as libc::c_int);
    }
}
