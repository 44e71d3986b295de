// SPDX-License-Identifier: GPL-2.0-or-later
//! The guardian: a process that answers the command's calls when we have died.
//!
//! A seccomp filter cannot be taken off, and an intercepted call fails with ENOSYS when
//! nobody holds the listener any longer (seccomp_unotify(2)).
//!
//! # States
//!
//! - The recorder lives: the guardian waits for its end, which closes a pipe, or for the end
//!   of the command's tree, which hangs the listener up. It takes no call.
//! - The recorder has died: the guardian answers the call that the recorder had taken, by the
//!   number in a shared word, since nobody can receive it a second time; then each further
//!   one, to go on.
//! - The tree has ended: poll(2) reports POLLHUP on the listener when the last task with the
//!   filter is gone, and the guardian exits.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, pipe, setsid};

use crate::sys::privilege;
use crate::sys::process::{SharedWord, close_range, fork_with, set_action, wait};
use crate::sys::seccomp::{self, Verdict};

/// How many calls the recorder can have taken without noting them: one, but an
/// answer for a call that does not wait is harmless.
const UNNOTED: u64 = 8;

/// What ps(1) shows it as.
const NAME: &CStr = c"netlink-guard";

/// The guardian, from the recorder's side. It ends when the tree has ended.
pub(crate) struct Guardian {
    pid: Pid,
    /// The call that the recorder has taken and not answered, or the last one.
    call: SharedWord,
    /// Closed by our death.
    _alive: OwnedFd,
}

impl Guardian {
    /// Starts it. The listener is the filter's.
    pub(crate) fn start(listener: BorrowedFd<'_>) -> nix::Result<Self> {
        let call = SharedWord::new()?;
        let (watched, alive) = pipe()?;
        let pid = fork_with(|| {
            guard(listener, watched.as_fd(), &call);
            0
        })?;
        Ok(Self {
            pid,
            call,
            _alive: alive,
        })
    }

    /// Notes that the recorder has taken a call.
    pub(super) fn note(&self, call: u64) {
        self.call.store(call);
    }

    /// Waits for its end, which has come or comes soon when the tree has ended.
    pub(crate) fn wait(self) -> nix::Result<()> {
        match wait(Some(self.pid), false) {
            // Waited for with the orphans already.
            Ok(_) | Err(Errno::ECHILD) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

/// What the guardian does.
fn guard(listener: BorrowedFd<'_>, recorder: BorrowedFd<'_>, call: &SharedWord) {
    // A terminal's signals are for others, and so are all other descriptors: a
    // reader of the recording waits for the pipe's end.
    let _ = setsid();
    // Who ends nlcap by its name does not mean the one who is there for that case.
    let _ = prctl::set_name(NAME);
    privilege::drop_all();
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
    ] {
        let _ = set_action(signal, true);
    }
    let (low, high) = {
        let (a, b) = (listener.as_raw_fd(), recorder.as_raw_fd());
        (a.min(b), a.max(b))
    };
    close_range(0, low - 1);
    close_range(low + 1, high - 1);
    close_range(high + 1, i32::MAX);
    let mut recorder_lives = true;
    loop {
        let of_tree = if recorder_lives {
            PollFlags::empty()
        } else {
            PollFlags::POLLIN
        };
        let mut both = [
            PollFd::new(listener, of_tree),
            PollFd::new(recorder, PollFlags::POLLIN),
        ];
        let watched = if recorder_lives { 2 } else { 1 };
        match poll(&mut both[..watched], PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(_) => return,
        }
        let events = |fd: &PollFd<'_>| fd.revents().unwrap_or(PollFlags::empty());
        if events(&both[0]).contains(PollFlags::POLLIN) {
            if let Ok(call) = seccomp::receive(listener) {
                let _ = seccomp::answer(listener, call.id, Verdict::Continue);
            }
        } else if events(&both[0]).intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
            return;
        } else if recorder_lives && !events(&both[1]).is_empty() {
            recorder_lives = false;
            // What it had taken and not answered. Calls are numbered one by one.
            let last = call.load();
            for id in (0..=UNNOTED).map(|step| last.wrapping_add(step)) {
                let _ = seccomp::answer(listener, id, Verdict::Continue);
            }
        }
    }
}
