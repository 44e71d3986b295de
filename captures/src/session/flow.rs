// SPDX-License-Identifier: GPL-2.0-or-later
//! What becomes of a frame between its tap and the sink: it is attributed, and it
//! is kept or not.

use std::io;
use std::time::Duration;

use ynl::decode::GENERIC;

use super::choice::Chooser;
use super::families::{self, Part};
use super::sink::Sink;
use crate::attribution::{Attribution, Attributor, PendingFrames, SocketEvent};
use crate::file::writer::Interface;
use crate::messages::packet::Frame;

/// What frames go through on their way from the taps to the sink.
pub(super) struct Flow<'a, S> {
    pub(super) attributor: &'a mut Attributor,
    pub(super) chooser: &'a mut Chooser,
    pub(super) limit: u64,
    /// An outlet takes nothing more at all.
    pub(super) closed: bool,
    /// Requests that wait for an answer, where nothing else shows whose they are.
    pub(super) pending: Option<PendingFrames>,
    /// What the file says of generic netlink families; None until a message of one comes.
    pub(super) families: Option<Vec<Part>>,
    /// How many places the sink knows.
    pub(super) interfaces: u32,
    pub(super) sink: &'a mut S,
}

impl<S: Sink> Flow<'_, S> {
    /// Takes a frame of the tap. Where that knows whose it is, attribution is not asked.
    pub(super) fn take(&mut self, frame: &Frame<'_>, attribution: Option<Attribution>) {
        if frame.protocol == GENERIC && self.families.is_none() {
            self.ask_for_families();
        }
        if let (None, Some(pending)) = (&attribution, &mut self.pending) {
            pending.take(frame);
        } else if let Some(attribution) = attribution.or_else(|| self.attributor.attribute(frame))
            && !self.closed
        {
            if let Some(event) = SocketEvent::of(frame, &attribution) {
                self.sink.event(&event);
                return;
            }
            give(self.chooser, self.limit, self.sink, frame, &attribution);
        }
    }

    /// Gives the sink a place that the tap sees frames in.
    pub(super) fn announce(&mut self, interface: &Interface) {
        self.sink.interface(interface);
        for part in self.families.iter().flatten() {
            self.sink.added(&part.frame(self.interfaces));
        }
        self.interfaces += 1;
    }

    /// Gives the sink the kernel's list of families, for each place. A reader does without,
    /// where there is none.
    fn ask_for_families(&mut self) {
        let parts = families::all().unwrap_or_default();
        for interface in 0..self.interfaces {
            for part in &parts {
                self.sink.added(&part.frame(interface));
            }
        }
        self.families = Some(parts);
    }

    /// Gives the sink the families that have come since it was given the list.
    pub(super) fn add_late_families(&mut self) {
        let Some(earlier) = &self.families else {
            return;
        };
        for part in families::late(earlier) {
            self.sink.added(&part.frame(0));
        }
    }

    /// Gives the sink what has waited long enough; the last scan of the processes began
    /// at `scanned`.
    pub(super) fn release(&mut self, now: Duration, scanned: Duration) {
        let Self {
            attributor,
            chooser,
            limit,
            closed,
            pending,
            sink,
            ..
        } = self;
        if let Some(pending) = pending {
            pending.release(now, scanned, attributor, &mut |frame, attribution| {
                if !*closed {
                    give(chooser, *limit, *sink, frame, attribution);
                }
            });
        }
    }

    /// Reports what has happened to sockets.
    pub(super) fn report(&mut self) {
        for event in self.attributor.take_events() {
            if !self.closed {
                self.sink.event(&event);
            }
        }
    }

    /// Reports the rest, when there are no more frames: the messages that never came, where
    /// the taps have seen all.
    pub(super) fn report_end(&mut self, is_whole: bool) {
        self.report();
        for event in self.attributor.take_refused() {
            if is_whole && !self.closed {
                self.sink.event(&event);
            }
        }
    }

    /// Whether there are as many frames as were asked for.
    pub(super) fn is_over(&self) -> bool {
        self.chooser.summary.frames >= self.limit
    }

    /// Hands on what the sink has written.
    pub(super) fn push(&mut self) {
        for outlet in self.sink.outlets() {
            outlet.push();
            self.closed |= outlet.error().is_some();
        }
    }

    /// Whether the sink takes no more for now.
    pub(super) fn is_full(&mut self) -> bool {
        self.sink.outlets().iter().any(|outlet| outlet.is_full())
    }

    /// The first error of an outlet.
    pub(super) fn error(&mut self) -> Option<(String, io::Error)> {
        self.sink.outlets().into_iter().find_map(|outlet| {
            let error = outlet.error()?;
            // An error of the system is its number.
            let copy = match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => error.kind().into(),
            };
            Some((outlet.shown(), copy))
        })
    }
}

/// Gives a frame to the sink, where it is to be kept and there are not enough yet.
fn give(
    chooser: &mut Chooser,
    limit: u64,
    sink: &mut impl Sink,
    frame: &Frame<'_>,
    attribution: &Attribution,
) {
    if chooser.summary.frames >= limit || !chooser.takes(frame, attribution) {
        return;
    }
    sink.frame(frame, attribution);
}
