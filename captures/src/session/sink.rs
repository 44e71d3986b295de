// SPDX-License-Identifier: GPL-2.0-or-later
//! What becomes of what a session records.

use std::time::Duration;

use super::outlet::Outlet;
use crate::attribution::{Attribution, SocketEvent};
use crate::file::writer::{Counters, Interface};
use crate::messages::packet::Frame;

/// Where frames go, and are written.
///
/// No method waits: what is to be written goes into an [`Outlet`], and the session
/// hands it on when there is room. An error is the outlet's, and ends the recording.
pub(crate) trait Sink {
    /// A tap is there, the next one: the first is number 0, as in
    /// [`Frame::interface`]. Comes before its first frame.
    fn interface(&mut self, interface: &Interface);

    /// A message that nlcap asked for itself: it was on no tap.
    fn added(&mut self, frame: &Frame<'_>);

    /// A frame of a tap that is to be kept, and whose it is.
    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution);

    /// What happened to a message or a socket besides what was on a tap. A sink may ignore
    /// it.
    fn event(&mut self, _event: &SocketEvent) {}

    /// The recording is over; the taps counted this, in their order.
    fn finish(&mut self, now: Duration, counters: &[Counters]);

    /// Where it writes to.
    fn outlets(&mut self) -> Vec<&mut Outlet>;
}

/// Two sinks, each of which gets everything.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn interface(&mut self, interface: &Interface) {
        self.0.interface(interface);
        self.1.interface(interface);
    }

    fn added(&mut self, frame: &Frame<'_>) {
        self.0.added(frame);
        self.1.added(frame);
    }

    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution) {
        self.0.frame(frame, attribution);
        self.1.frame(frame, attribution);
    }

    fn event(&mut self, event: &SocketEvent) {
        self.0.event(event);
        self.1.event(event);
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

/// A sink that there may not be.
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

    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution) {
        if let Some(sink) = self {
            sink.frame(frame, attribution);
        }
    }

    fn event(&mut self, event: &SocketEvent) {
        if let Some(sink) = self {
            sink.event(event);
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
