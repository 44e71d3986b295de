// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose messages are recorded.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::command::{
    Interception, Invocation, PreparedCommand, RunningCommand, StartError, StartingCommand,
};
use super::signals::{InheritedSignals, ReceivedSignal};
use crate::attribution::{Attributor, Gaps, Guardian, Namespaces, Processes, Supervisor};
use crate::exit::{Exit, WrongUsage};
use crate::taps::syscalls::{self, Syscalls, TracedTree, Tracing};

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
    /// A command whose calls are traced.
    Traced {
        prepared: PreparedCommand,
        tree: TracedTree,
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
                let interception = Interception::Notified;
                let mut prepared = PreparedCommand::fork(command, signals, interception)?;
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

    /// The same for a command whose calls are traced from here on, and the tap of them.
    pub(super) fn traced(
        subject: &Subject,
        signals: InheritedSignals,
        tracing: Tracing,
    ) -> anyhow::Result<(Self, Syscalls)> {
        let Subject::Command(command) = subject else {
            bail!(WrongUsage(String::from(
                "the tap of system calls needs a command: running processes and whole network \
                 namespaces are recorded by --tap nlmon"
            )));
        };
        let interception = Interception::Traced {
            with_reads: tracing.with_reads,
        };
        let prepared = PreparedCommand::fork(command, signals, interception)?;
        let privileged = prepared.is_privileged();
        let (tap, tree) = syscalls::trace(prepared.child(), privileged, tracing)?;
        Ok((Self::Traced { prepared, tree }, tap))
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
            Self::Traced { prepared, tree } => Ok(ActiveSubject::Traced {
                running: prepared.go()?.started()?,
                tree,
                asked_to_end: false,
                gone: false,
            }),
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
    Traced {
        running: RunningCommand,
        tree: TracedTree,
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
            Self::Traced { tree, gone, .. } => (!gone).then(|| tree.ended()),
            Self::Processes(processes) => Some(processes.as_fd()),
            Self::Namespace => None,
        }
    }

    /// When it is to be attended to, whatever the poll finds.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Processes(processes) => Some(processes.due()),
            Self::Command { .. } | Self::Traced { .. } | Self::Namespace => None,
        }
    }

    /// When the last scan of processes that run already began.
    pub(super) fn last_scan(&self) -> Duration {
        match self {
            Self::Processes(processes) => processes.last_scan(),
            Self::Command { .. } | Self::Traced { .. } | Self::Namespace => Duration::MAX,
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
        if let Self::Traced { tree, gone, .. } = self {
            *gone |= !events.is_empty();
            // The command is among what has ended.
            return Ok(gone.then(|| tree.exit().unwrap_or(Exit::Success)));
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
        match self {
            Self::Command {
                running,
                asked_to_end,
                ..
            } => {
                let ended = running.ended();
                pass_on(signals, running, ended, asked_to_end)
            }
            Self::Traced {
                running,
                tree,
                asked_to_end,
                ..
            } => pass_on(signals, running, tree.exit(), asked_to_end),
            Self::Processes(_) | Self::Namespace => (signals)
                .filter(|received| received.is_ending())
                .last()
                .map(|_| Exit::Success),
        }
    }

    /// Whether it goes on, with us to attend to it, when the recording has ended.
    pub(super) fn needs_us(&self) -> bool {
        matches!(self, Self::Command { .. } | Self::Traced { .. })
    }

    /// Whether it is killed when we end.
    pub(super) fn ends_with_us(&self) -> bool {
        matches!(self, Self::Traced { gone: false, .. })
    }

    /// What was not seen of it.
    pub(super) fn gaps(&self) -> Gaps {
        match self {
            Self::Command { supervisor, .. } => supervisor.gaps,
            Self::Traced { tree, .. } => tree.gaps(),
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
            Self::Command { .. } | Self::Traced { .. } | Self::Processes(_) | Self::Namespace => {
                Ok(())
            }
        }
    }
}

/// Passes signals on to a command, which has `ended` so, if it has; how the recording ends,
/// where they ask for that.
fn pass_on(
    signals: impl Iterator<Item = ReceivedSignal>,
    command: &RunningCommand,
    ended: Option<Exit>,
    asked_to_end: &mut bool,
) -> Option<Exit> {
    let mut end = None;
    for received in signals {
        if !received.by_kernel {
            command.pass_on(received.signal);
        }
        if received.is_ending() {
            // What the command has left behind was not asked, and a command that a script has
            // put behind itself ignores what is meant for us.
            let heard = !command.ignores(received.signal);
            if *asked_to_end || ended.is_some() || !heard {
                end = Some(ended.unwrap_or(Exit::from(received.signal)));
            }
            *asked_to_end = true;
        }
    }
    end
}
