// SPDX-License-Identifier: GPL-2.0-or-later
//! The exit codes, those of env(1), timeout(1) and nohup(1).

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use nix::sys::signal::Signal;

/// A command line that clap takes but that means nothing. It is distinguished from what fails
/// by its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// How `nlcap` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is done.
    Success,
    /// `nlcap report` failed.
    Failed,
    /// A [`WrongUsage`].
    WrongUsage,
    /// With `--strict`: messages were lost, or the recording is incomplete.
    Incomplete,
    /// The recording could not be written to its end.
    Unwritten,
    /// `nlcap record` itself failed.
    Recorder,
    /// The command was found but cannot be executed.
    CannotExecute,
    /// The command was not found.
    NotFound,
    /// The command ended with this status.
    Command(u8),
    /// A signal of this number ended the command, or the recording.
    Signal(u8),
}

impl Exit {
    /// The number that the caller sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            // Which clap exits with by itself, too.
            Self::WrongUsage => 2,
            Self::Incomplete => 123,
            Self::Unwritten => 124,
            Self::Recorder => 125,
            Self::CannotExecute => 126,
            Self::NotFound => 127,
            Self::Command(status) => status,
            Self::Signal(number) => number.saturating_add(128),
        }
    }
}

impl Exit {
    /// Whether `nlcap record` itself may have failed: a command that was recorded may end with
    /// the same number.
    pub(crate) fn is_recorder(self) -> bool {
        [Self::Recorder, Self::CannotExecute, Self::NotFound]
            .iter()
            .any(|it| it.code() == self.code())
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        // wait(2): eight bits of status, or a signal number below 128.
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Command((code & 0xff) as u8),
            (None, Some(number)) => Self::Signal((number & 0x7f) as u8),
            (None, None) => Self::Recorder,
        }
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        Self::Signal(signal as u8)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_passed_through() {
        assert_eq!(Exit::from(ExitStatus::from_raw(7 << 8)).code(), 7);
        assert_eq!(Exit::from(ExitStatus::from_raw(0)).code(), 0);
    }

    #[test]
    fn what_the_recorder_ends_with_is_no_other_number() {
        let of = |code: i32| Exit::from(ExitStatus::from_raw(code << 8)).is_recorder();
        assert_eq!(
            [124, 125, 126, 127, 128].map(of),
            [false, true, true, true, false]
        );
        assert!(!Exit::from(ExitStatus::from_raw(15)).is_recorder());
    }

    #[test]
    fn a_signal_is_128_and_its_number() {
        assert_eq!(Exit::from(ExitStatus::from_raw(15)).code(), 143);
        // With a core dump.
        assert_eq!(Exit::from(ExitStatus::from_raw(11 | 0x80)).code(), 139);
    }
}
