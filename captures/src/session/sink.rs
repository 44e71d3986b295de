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

/// Several sinks, each of which gets everything.
impl Sink for Vec<&mut dyn Sink> {
    fn interface(&mut self, interface: &Interface) {
        self.iter_mut().for_each(|it| it.interface(interface));
    }

    fn added(&mut self, frame: &Frame<'_>) {
        self.iter_mut().for_each(|it| it.added(frame));
    }

    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution) {
        self.iter_mut().for_each(|it| it.frame(frame, attribution));
    }

    fn event(&mut self, event: &SocketEvent) {
        self.iter_mut().for_each(|it| it.event(event));
    }

    fn finish(&mut self, now: Duration, counters: &[Counters]) {
        self.iter_mut().for_each(|it| it.finish(now, counters));
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        self.iter_mut().flat_map(|it| it.outlets()).collect()
    }
}
