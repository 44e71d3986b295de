// SPDX-License-Identifier: GPL-2.0-or-later
//! What becomes of what a session records.

use std::time::Duration;

use super::outlet::Outlet;
use crate::attribution::{Known, Told};
use crate::file::writer::{Counters, Interface};
use crate::messages::packet::Frame;

/// Who is told of each frame, and writes.
///
/// No method waits: what is to be written goes into an [`Outlet`], and the session
/// hands it on when there is room. An error is the outlet's, and ends the recording.
pub(crate) trait Sink {
    /// A tap is there, the next one: the first is number 0, as in
    /// [`Frame::interface`]. Comes before its first frame.
    fn interface(&mut self, interface: &Interface);

    /// A message that nlcap asked for itself: it was on no tap.
    fn added(&mut self, frame: &Frame<'_>);

    /// A frame of a tap that is to be kept, and what is known of it.
    fn frame(&mut self, frame: &Frame<'_>, known: &Known);

    /// What was learnt of a message or a socket besides what was on a tap: one that does
    /// not care says nothing of it.
    fn event(&mut self, _told: &Told) {}

    /// The recording is over; the taps counted this, in their order.
    fn finish(&mut self, now: Duration, counters: &[Counters]);

    /// Where it writes to.
    fn outlets(&mut self) -> Vec<&mut Outlet>;
}

/// Both are told.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn interface(&mut self, interface: &Interface) {
        self.0.interface(interface);
        self.1.interface(interface);
    }

    fn added(&mut self, frame: &Frame<'_>) {
        self.0.added(frame);
        self.1.added(frame);
    }

    fn frame(&mut self, frame: &Frame<'_>, known: &Known) {
        self.0.frame(frame, known);
        self.1.frame(frame, known);
    }

    fn event(&mut self, told: &Told) {
        self.0.event(told);
        self.1.event(told);
    }

    fn finish(&mut self, now: Duration, counters: &[Counters]) {
        self.0.finish(now, counters);
        self.1.finish(now, counters);
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        let mut all = self.0.outlets();
        all.extend(self.1.outlets());
        all
    }
}

/// Nobody is told where there is none.
impl<S: Sink> Sink for Option<S> {
    fn interface(&mut self, interface: &Interface) {
        if let Some(sink) = self {
            sink.interface(interface);
        }
    }

    fn added(&mut self, frame: &Frame<'_>) {
        if let Some(sink) = self {
            sink.added(frame);
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, known: &Known) {
        if let Some(sink) = self {
            sink.frame(frame, known);
        }
    }

    fn event(&mut self, told: &Told) {
        if let Some(sink) = self {
            sink.event(told);
        }
    }

    fn finish(&mut self, now: Duration, counters: &[Counters]) {
        if let Some(sink) = self {
            sink.finish(now, counters);
        }
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        self.as_mut().map_or_else(Vec::new, Sink::outlets)
    }
}
