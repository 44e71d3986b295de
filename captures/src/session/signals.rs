// SPDX-License-Identifier: GPL-2.0-or-later
//! Signals as something to poll(2) for.
//!
//! # Design decisions
//!
//! Handlers, and not a blocked mask with signalfd(2): a mask is inherited by the
//! command, handlers are not. SIGHUP stays ignored where it was, for nohup(1).
//! SIGINT is caught also where a shell started nlcap in the background and so with
//! SIGINT ignored: whoever sends it then means nlcap. The command has all of them as
//! nlcap was given them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::raw::WithRawSiginfo;

use crate::sys::{self, process::set_action};

/// Signals that end a process by default, and are asked for by people.
const ENDING: [Signal; 4] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
];

/// Others that would end nlcap, but may mean something to the command.
const OTHERS: [Signal; 3] = [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM];

/// Those that we have something done about without a look at them.
const CHANGED: [Signal; 3] = [Signal::SIGCHLD, Signal::SIGPIPE, Signal::SIGXFSZ];

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedSignal {
    /// Which one.
    pub(crate) signal: Signal,
    /// Whether the kernel sent it: a terminal's Ctrl-C or hangup, which goes to
    /// the command too.
    pub(super) by_kernel: bool,
}

impl ReceivedSignal {
    /// Whether it asks to come to an end.
    pub(super) fn is_ending(self) -> bool {
        ENDING.contains(&self.signal)
    }
}

/// The signals that nlcap catches.
pub(crate) struct Signals {
    delivery: SignalDelivery<UnixStream, WithRawSiginfo>,
    inherited: InheritedSignals,
}

/// What a command has to be given again: which of the signals that we catch, or ignore,
/// were ignored when nlcap was started.
#[derive(Clone, Copy, Debug)]
pub(super) struct InheritedSignals {
    ignored: SigSet,
}

impl InheritedSignals {
    /// Looks, before anything is changed.
    fn look() -> io::Result<Self> {
        let mut ignored = SigSet::empty();
        for signal in ENDING.into_iter().chain(OTHERS).chain(CHANGED) {
            // The Rust runtime ignores SIGPIPE before main.
            let was_ignored = match signal {
                Signal::SIGPIPE => sys::pipe_was_ignored(),
                _ => sys::is_ignored(signal)?,
            };
            if was_ignored {
                ignored.add(signal);
            }
        }
        Ok(Self { ignored })
    }

    /// Whether a signal was ignored, and so is by the command at first.
    pub(super) fn ignores(self, signal: Signal) -> bool {
        self.ignored.contains(signal)
    }

    /// Gives them back, in the process that is to be the command.
    pub(super) fn restore(self) -> nix::Result<()> {
        let mut all = ENDING.into_iter().chain(OTHERS).chain(CHANGED);
        all.try_for_each(|signal| set_action(signal, self.ignores(signal)))
    }
}

impl Signals {
    /// Catches signals from here on.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut caught = vec![Signal::SIGCHLD];
        caught.extend(ENDING.into_iter().chain(OTHERS));
        let inherited = InheritedSignals::look()?;
        if inherited.ignored.contains(Signal::SIGHUP) {
            caught.retain(|signal| *signal != Signal::SIGHUP);
        }
        // A file that may not grow any more is an error of its write(2).
        set_action(Signal::SIGXFSZ, true)?;
        let caught = caught.into_iter().map(|signal| signal as i32);
        let (read, write) = UnixStream::pair()?;
        let delivery = SignalDelivery::with_pipe(read, write, WithRawSiginfo, caught)?;
        Ok(Self {
            delivery,
            inherited,
        })
    }

    /// What a command is to be given again.
    pub(super) fn inherited(&self) -> InheritedSignals {
        self.inherited
    }

    /// Waits for a signal, this long at most.
    pub(super) fn wait(&self, time: Duration) {
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        // What it returns early for is looked for by the caller.
        let _ = poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], time);
    }

    /// The signals that came since the last call.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = ReceivedSignal> {
        self.delivery.pending().filter_map(|info| {
            let signal = Signal::try_from(info.si_signo).ok()?;
            // SIGCHLD has done its work by waking us up.
            let by_kernel = info.si_code == libc::SI_KERNEL;
            (signal != Signal::SIGCHLD).then_some(ReceivedSignal { signal, by_kernel })
        })
    }
}

impl AsFd for Signals {
    /// Readable when signals have come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}
