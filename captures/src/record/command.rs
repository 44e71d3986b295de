// SPDX-License-Identifier: GPL-2.0-or-later
//! The command that is recorded.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::exit::Exit;
use crate::text;

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
pub(super) enum Stdout {
    /// To our own.
    Inherited,
    /// To our standard error, because the recording takes standard output.
    ToStderr,
}

/// The running command.
pub(super) struct Running {
    child: Child,
}

impl Running {
    /// Starts the command, found through PATH, without a shell.
    pub(super) fn start(
        name: &OsStr,
        arguments: &[OsString],
        stdout: Stdout,
    ) -> Result<Self, StartError> {
        let mut command = Command::new(name);
        command.args(arguments);
        let started = match stdout {
            Stdout::Inherited => command.spawn(),
            Stdout::ToStderr => io::stderr()
                .as_fd()
                .try_clone_to_owned()
                .and_then(|stderr| command.stdout(Stdio::from(stderr)).spawn()),
        };
        let child = started.map_err(|error| StartError {
            command: text::escape_os(name),
            // Not from the kernel: a NUL byte in an argument.
            errno: error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw),
        })?;
        Ok(Self { child })
    }

    /// How the command ended, where it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<Exit>> {
        Ok(self.child.try_wait()?.map(Exit::from))
    }

    /// Passes a signal on to the command.
    pub(super) fn pass_on(&self, signal: Signal) {
        let Ok(id) = i32::try_from(self.child.id()) else {
            return;
        };
        // The child is not waited for yet, so that its number is no other's. The
        // call fails where it has changed its identity: nothing is to be done.
        let _ = kill(Pid::from_raw(id), signal);
    }
}
