// SPDX-License-Identifier: GPL-2.0-or-later
//! What the tracer hands to the recording.
//!
//! # Who waits for whom
//!
//! The tracer never waits for the recording: where nobody takes frames, and the buffer is
//! full, they are counted as lost. The recording is woken some time after the first frame
//! that it has not taken, not by each: a wake costs more than a frame.

use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::attribution::Gaps;
use crate::file::writer::Interface;
use crate::messages::packet::Direction;
use crate::messages::process::Fate;

/// How long frames wait to be taken.
const DELAY: Duration = Duration::from_millis(10);

/// So many bytes do not wait.
const MANY: usize = 1 << 18;

/// Bytes that a frame takes besides its messages.
const OVERHEAD: usize = size_of::<CallFrame>();

/// A thread that makes calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) pid: i32,
    pub(super) tid: i32,
    /// Its name, not escaped.
    pub(super) comm: Vec<u8>,
}

/// What a call has sent or received, or could not.
#[derive(Debug)]
pub(super) struct CallFrame {
    /// When a send began, or a receive ended; since the epoch.
    pub(super) time: Duration,
    pub(super) interface: u32,
    /// NETLINK_* of linux/netlink.h.
    pub(super) protocol: u16,
    /// The netlink messages, or the beginning of them.
    pub(super) messages: Vec<u8>,
    /// Their length when they were sent, where that is known to be more.
    pub(super) original_length: usize,
    pub(super) direction: Direction,
    pub(super) caller: Arc<Caller>,
    pub(super) fd: i32,
    /// The kernel said that it came to a multicast group.
    pub(super) is_multicast: bool,
    pub(super) fate: Option<Fate>,
}

/// What the tracer has for the recording.
#[derive(Default)]
pub(super) struct State {
    pub(super) frames: Vec<CallFrame>,
    /// Of `frames`, with what they take besides.
    bytes: usize,
    /// Frames that there was no room for.
    pub(super) lost: u64,
    /// Frames in each interface.
    pub(super) received: Vec<u64>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) gaps: Gaps,
    /// What the user is to be told. The tracer itself never writes: that may wait.
    notices: Vec<String>,
    /// How the command itself has ended.
    pub(super) exit: Option<ExitStatus>,
    /// The recording is over: no more frames are wanted.
    pub(super) is_over: bool,
}

/// The buffer between the tracer's thread and the recording's.
pub(super) struct Buffer {
    state: Mutex<State>,
    size: usize,
    /// Readable when frames have waited long enough.
    due: TimerFd,
    /// Readable when the last task of the tree has ended.
    ended: EventFd,
}

impl Buffer {
    /// A buffer of this many bytes, with the interface of nlcap's own namespace.
    pub(super) fn new(size: usize, own: Interface) -> nix::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self {
            state: Mutex::new(State {
                interfaces: vec![own],
                received: vec![0],
                ..State::default()
            }),
            size,
            due: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?,
            ended: EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?,
        })
    }

    /// What the tracer has. A thread that panicked left whole frames.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame, or counts it where there is no room.
    pub(super) fn push(&self, frame: CallFrame) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        if let Some(received) = state.received.get_mut(frame.interface as usize) {
            *received += 1;
        }
        let bytes = frame.messages.len() + OVERHEAD;
        if state.bytes + bytes > self.size {
            state.lost += 1;
            return;
        }
        let (before, after) = (state.bytes, state.bytes + bytes);
        state.bytes = after;
        state.frames.push(frame);
        drop(state);
        if before < MANY && after >= MANY {
            self.wake();
        } else if before == 0 {
            self.wake_in(DELAY);
        }
    }

    /// Has frames taken at once.
    pub(super) fn wake(&self) {
        self.wake_in(Duration::from_nanos(1));
    }

    fn wake_in(&self, time: Duration) {
        let expiration = Expiration::OneShot(TimeSpec::from_duration(time));
        // It fails for no time that is given here.
        let _ = self.due.set(expiration, TimerSetTimeFlags::empty());
    }

    /// Has the recording's thread tell the user something.
    pub(super) fn tell(&self, notice: String) {
        self.state().notices.push(notice);
        self.wake();
    }

    /// What the user is to be told.
    pub(super) fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.state().notices)
    }

    /// Takes the frames.
    pub(super) fn take(&self) -> Vec<CallFrame> {
        // Nothing to read where it was not the timer that woke us.
        let _ = self.due.wait();
        let mut state = self.state();
        state.bytes = 0;
        std::mem::take(&mut state.frames)
    }

    /// Says that the last task of the tree has ended, and is readable for ever.
    pub(super) fn end(&self) {
        // The counter is far from full.
        let _ = self.ended.write(1);
    }

    /// Readable when there are frames.
    pub(super) fn due(&self) -> BorrowedFd<'_> {
        self.due.as_fd()
    }

    /// Readable when the tree has ended.
    pub(super) fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }
}
