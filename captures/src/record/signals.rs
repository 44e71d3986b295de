// SPDX-License-Identifier: GPL-2.0-or-later
//! Signals as something to poll(2) for.
//!
//! # Design decisions
//!
//! Handlers, and not a blocked mask with signalfd(2): a mask is inherited by the
//! command, handlers are not. SIGHUP stays ignored where it was, for nohup(1).
//! SIGINT is caught also where a shell started nlcap in the background and so with
//! SIGINT ignored: whoever sends it then means nlcap.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::raw::WithRawSiginfo;

use super::sys::{self, process::set_action};

/// Signals that end a process by default, and are asked for by people.
const ENDING: [Signal; 4] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
];

/// Others that would end nlcap, but may mean something to the command.
const OTHERS: [Signal; 3] = [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM];

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    /// Which one.
    pub(super) signal: Signal,
    /// Whether the kernel sent it: a terminal's Ctrl-C or hangup, which goes to
    /// the command too.
    pub(super) by_kernel: bool,
}

impl Received {
    /// Whether it asks to come to an end.
    pub(super) fn is_ending(self) -> bool {
        ENDING.contains(&self.signal)
    }
}

/// The signals that nlcap catches.
pub(crate) struct Signals {
    delivery: SignalDelivery<UnixStream, WithRawSiginfo>,
    inherited: Inherited,
}

/// What a command has to be given again: what we do not catch but ignore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inherited {
    /// SIGXFSZ was ignored when nlcap was started.
    size_ignored: bool,
}

impl Inherited {
    /// Gives them back, in the process that is to be the command.
    pub(super) fn restore(self) -> nix::Result<()> {
        // The Rust runtime ignores SIGPIPE, and does not say what it was before.
        set_action(Signal::SIGPIPE, false)?;
        set_action(Signal::SIGXFSZ, self.size_ignored)
    }
}

impl Signals {
    /// Catches signals from here on.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut caught = vec![Signal::SIGCHLD];
        caught.extend(ENDING.into_iter().chain(OTHERS));
        if sys::is_ignored(Signal::SIGHUP)? {
            caught.retain(|signal| *signal != Signal::SIGHUP);
        }
        // A file that may not grow any more is an error of its write(2).
        let size_ignored = sys::is_ignored(Signal::SIGXFSZ)?;
        set_action(Signal::SIGXFSZ, true)?;
        let caught = caught.into_iter().map(|signal| signal as i32);
        let (read, write) = UnixStream::pair()?;
        let delivery = SignalDelivery::with_pipe(read, write, WithRawSiginfo, caught)?;
        Ok(Self {
            delivery,
            inherited: Inherited { size_ignored },
        })
    }

    /// What a command is to be given again.
    pub(super) fn inherited(&self) -> Inherited {
        self.inherited
    }

    /// Waits for a signal, this long at most.
    pub(super) fn wait(&self, time: Duration) {
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        // What it returns early for is looked for by the caller.
        let _ = poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], time);
    }

    /// The signals that came since the last call.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = Received> {
        self.delivery.pending().filter_map(|info| {
            let signal = Signal::try_from(info.si_signo).ok()?;
            // SIGCHLD has done its work by waking us up.
            let by_kernel = info.si_code == libc::SI_KERNEL;
            (signal != Signal::SIGCHLD).then_some(Received { signal, by_kernel })
        })
    }
}

impl AsFd for Signals {
    /// Readable when signals have come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}
