// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose messages are recorded.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::command::{Invocation, PreparedCommand, RunningCommand, StartError, StartingCommand};
use super::signals::{InheritedSignals, ReceivedSignal};
use crate::attribution::{Attributor, Gaps, Guardian, Namespaces, Processes, Supervisor};
use crate::exit::Exit;

/// How old a socket that was not inspected must be to be looked for while other calls come.
const PATIENCE: Duration = Duration::from_millis(10);

/// Whose messages a session records.
pub(crate) enum Subject {
    /// Those of a command that the session runs, and of all that comes of it.
    Command(Invocation),
    /// Those of processes that run already, by their numbers, until they end.
    Processes(Vec<i32>),
    /// Everybody's in the network namespace, until a signal comes.
    Namespace,
}

/// The subject before the recording.
pub(super) enum PreparedSubject {
    Command {
        prepared: PreparedCommand,
        listener: OwnedFd,
        guardian: Guardian,
    },
    Processes(Processes),
    Namespace,
}

impl PreparedSubject {
    /// Forks what has to be forked: before there is a ring, whose pages each child
    /// would be given too.
    pub(super) fn of(subject: &Subject, signals: InheritedSignals) -> anyhow::Result<Self> {
        match subject {
            Subject::Command(command) => {
                let mut prepared = PreparedCommand::fork(command, signals)?;
                let listener = prepared.take_listener().context("no seccomp listener")?;
                let guardian =
                    Guardian::start(listener.as_fd()).context("cannot start the guardian")?;
                Ok(Self::Command {
                    prepared,
                    listener,
                    guardian,
                })
            }
            Subject::Processes(pids) => Ok(Self::Processes(Processes::open(pids)?)),
            Subject::Namespace => Ok(Self::Namespace),
        }
    }

    /// Lets the subject begin.
    pub(super) fn start(
        self,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> Result<ActiveSubject, StartError> {
        match self {
            Self::Command {
                prepared,
                listener,
                guardian,
            } => {
                let privileged = prepared.is_privileged();
                let mut supervisor = Supervisor::new(listener, guardian, privileged);
                let starting = prepared.go()?;
                supervise_start(&starting, &mut supervisor, attributor, namespaces);
                Ok(ActiveSubject::Command {
                    running: starting.started()?,
                    supervisor,
                    asked_to_end: false,
                    gone: false,
                })
            }
            Self::Processes(mut processes) => {
                processes.scan(attributor, namespaces);
                Ok(ActiveSubject::Processes(processes))
            }
            Self::Namespace => {
                attributor.is_blind = true;
                Ok(ActiveSubject::Namespace)
            }
        }
    }
}

/// Answers calls until the command says whether it has started.
fn supervise_start(
    starting: &StartingCommand,
    supervisor: &mut Supervisor,
    attributor: &mut Attributor,
    namespaces: &mut dyn Namespaces,
) {
    loop {
        let mut both =
            [supervisor.as_fd(), starting.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if let Err(errno) = poll(&mut both, PollTimeout::NONE)
            && errno != Errno::EINTR
        {
            return;
        }
        let [calls, report] = both.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if calls.contains(PollFlags::POLLIN) && supervisor.serve(attributor, namespaces).is_err() {
            return;
        }
        if !report.is_empty() || calls.contains(PollFlags::POLLHUP) {
            return;
        }
    }
}

/// The subject while it is recorded.
pub(super) enum ActiveSubject {
    Command {
        running: RunningCommand,
        supervisor: Supervisor,
        asked_to_end: bool,
        /// Its last process has ended.
        gone: bool,
    },
    Processes(Processes),
    Namespace,
}

impl ActiveSubject {
    /// What to poll for, besides signals and taps.
    pub(super) fn poll(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Command {
                supervisor, gone, ..
            } => (!gone).then(|| supervisor.as_fd()),
            Self::Processes(processes) => Some(processes.as_fd()),
            Self::Namespace => None,
        }
    }

    /// When it is to be attended to, whatever the poll finds.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Processes(processes) => Some(processes.due()),
            Self::Command { .. } | Self::Namespace => None,
        }
    }

    /// When the last scan of processes that run already began.
    pub(super) fn last_scan(&self) -> Duration {
        match self {
            Self::Processes(processes) => processes.last_scan(),
            Self::Command { .. } | Self::Namespace => Duration::MAX,
        }
    }

    /// Whether what it sends is not intercepted, so that answers must show whose it is.
    pub(super) fn is_guessed(&self) -> bool {
        matches!(self, Self::Processes(_))
    }

    /// Does what the poll has found; how it ended, where it has by itself.
    pub(super) fn serve(
        &mut self,
        events: PollFlags,
        attributor: &mut Attributor,
        namespaces: &mut dyn Namespaces,
    ) -> anyhow::Result<Option<Exit>> {
        attributor.watch_clock();
        if let Self::Processes(processes) = self {
            let all_ended = processes.scan(attributor, namespaces);
            return Ok(all_ended.then_some(Exit::Success));
        }
        let Self::Command {
            running,
            supervisor,
            gone,
            ..
        } = self
        else {
            return Ok(None);
        };
        if events.contains(PollFlags::POLLIN) {
            supervisor
                .serve(attributor, namespaces)
                .context("cannot answer the command's system calls")?;
            // As a rule the next call uses the socket.
            supervisor.find_sockets(PATIENCE, attributor, namespaces);
        } else if events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
            *gone = true;
            return Ok(Some(running.wait().context("cannot wait for the command")?));
        } else if !*gone {
            // There are frames to be attributed.
            supervisor.find_sockets(Duration::ZERO, attributor, namespaces);
        }
        Ok(None)
    }

    /// Hears signals; how the recording ends, where they ask for that.
    pub(super) fn handle_signals(
        &mut self,
        signals: impl Iterator<Item = ReceivedSignal>,
    ) -> Option<Exit> {
        let mut end = None;
        match self {
            Self::Command {
                running,
                asked_to_end,
                ..
            } => {
                let ended = running.ended();
                for received in signals {
                    if !received.by_kernel {
                        running.pass_on(received.signal);
                    }
                    if received.is_ending() {
                        // What the command has left behind was not asked, and a command
                        // that a script has put behind itself ignores what is meant for us.
                        let heard = !running.ignores(received.signal);
                        if *asked_to_end || ended.is_some() || !heard {
                            end = Some(ended.unwrap_or(Exit::from(received.signal)));
                        }
                        *asked_to_end = true;
                    }
                }
            }
            Self::Processes(_) | Self::Namespace => {
                for received in signals {
                    if received.is_ending() {
                        end = Some(Exit::Success);
                    }
                }
            }
        }
        end
    }

    /// Whether it goes on, with us to attend to it, when the recording has ended.
    pub(super) fn needs_us(&self) -> bool {
        matches!(self, Self::Command { .. })
    }

    /// What was not seen of it.
    pub(super) fn gaps(&self) -> Gaps {
        match self {
            Self::Command { supervisor, .. } => supervisor.gaps,
            Self::Processes(processes) => processes.gaps,
            Self::Namespace => Gaps::default(),
        }
    }

    /// Lets go of the subject.
    pub(super) fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Command {
                supervisor,
                gone: true,
                ..
            } => supervisor.end().context("cannot wait for the guardian"),
            // Of a tree that goes on the guardian takes care.
            Self::Command { .. } | Self::Processes(_) | Self::Namespace => Ok(()),
        }
    }
}
