// SPDX-License-Identifier: GPL-2.0-or-later
//! The loop of a recording, and its end.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::TapKind;
use super::flow::Flow;
use super::live::LiveCount;
use super::outcome::Outcome;
use super::signals::Signals;
use super::sink::Sink;
use super::subject::ActiveSubject;
use crate::exit::Exit;
use crate::sys::clock::now;
use crate::taps::{Ending, Tap};
use crate::terminal::text::{self, Reason};

/// Why the loop ended.
enum EndReason {
    /// The subject has ended.
    Ended(Exit),
    /// A signal asked for it.
    Signal(Exit),
    /// There is enough, or no more can be written.
    Enough,
}

/// What poll(2) has found.
struct PollEvents {
    signals: bool,
    subject: PollFlags,
    /// Of each that the tap is polled for.
    tap: Vec<PollFlags>,
}

/// A session while it runs.
pub(super) struct RecordingLoop<'a, S> {
    pub(super) signals: Signals,
    pub(super) kind: TapKind,
    pub(super) tap: Box<dyn Tap>,
    pub(super) deadline: Option<Instant>,
    pub(super) live: Option<LiveCount>,
    /// Signals want an end, whatever is not written yet.
    pub(super) abandoned: bool,
    pub(super) subject: ActiveSubject,
    pub(super) flow: Flow<'a, S>,
}

impl<S: Sink> RecordingLoop<'_, S> {
    pub(super) fn run(mut self) -> anyhow::Result<Outcome> {
        let reason = self.record()?;
        self.live = None;
        let said = self.say_error();
        let Ending {
            counters,
            mut incomplete,
        } = self.stop(matches!(reason, EndReason::Ended(_)))?;
        let mut gaps = self.subject.gaps();
        self.flow.attributor.add_gaps(&mut gaps);
        if !gaps.is_none() {
            incomplete.push(gaps.to_string());
        }
        if self.flow.attributor.clock_was_set {
            incomplete.push(String::from("the system clock was changed"));
        }
        self.flow.sink.finish(now(), &counters);
        self.flow.push();
        if !self.make_room(|flow| flow.sink.outlets().iter().any(|it| it.waits()))? {
            for outlet in self.flow.sink.outlets() {
                outlet.abandon();
            }
            incomplete.push(String::from("stopped before all output was written"));
        }
        if !said {
            self.say_error();
        }
        let error = self.flow.error();
        let unwritten = (self.flow.sink.outlets().iter())
            .map(|outlet| outlet.unwritten())
            .sum();
        let exit = match reason {
            EndReason::Ended(exit) => exit,
            EndReason::Signal(exit) => {
                if self.subject.ends_with_us() {
                    text::say(
                        &"recording ended; nlcap stays until the last process of CMD has \
                          exited: to end it now ends them, too",
                    );
                    self.attend()?;
                }
                exit
            }
            EndReason::Enough => self.attend()?,
        };
        self.subject.end()?;
        let mut summary = self.flow.chooser.summary;
        summary.lost = counters.iter().map(|counters| counters.dropped).sum();
        Ok(Outcome {
            exit,
            tap: self.kind,
            summary,
            incomplete,
            error,
            unwritten,
            begun: true,
        })
    }

    /// Records to the end.
    fn record(&mut self) -> anyhow::Result<EndReason> {
        // A reader can begin with the families.
        self.flow.push();
        loop {
            // What the tap has waits while the sink takes no more.
            let tap = !self.flow.is_full();
            let due = self.live.as_ref().map(LiveCount::due);
            let due = due.into_iter().chain(self.subject.due());
            let until = self.deadline.into_iter().chain(due).min();
            let events = self.wait(tap, until).context("cannot poll")?;
            if self.live.as_ref().is_some_and(LiveCount::is_due) {
                self.show_live();
            }
            // The subject waits for this one.
            if let Some(exit) = self.serve(events.subject)? {
                return Ok(EndReason::Ended(exit));
            }
            self.announce();
            let flow = &mut self.flow;
            self.tap
                .drain(&events.tap, &mut |frame, known| flow.take(frame, known));
            flow.release(now(), self.subject.last_scan());
            flow.report();
            flow.push();
            if events.signals
                && let Some(exit) = self.subject.handle_signals(self.signals.pending())
            {
                return Ok(EndReason::Signal(exit));
            }
            let late = self.deadline.is_some_and(|end| end <= Instant::now());
            if late || self.flow.closed || self.flow.is_over() {
                return Ok(EndReason::Enough);
            }
        }
    }

    /// Says the first error of an outlet; whether there is one. That a reader has gone
    /// is said at the end.
    fn say_error(&mut self) -> bool {
        let Some((shown, error)) = self.flow.error() else {
            return false;
        };
        if error.kind() != io::ErrorKind::BrokenPipe {
            text::say(&cannot_write(&shown, error));
        }
        true
    }

    /// Shows how far it has come.
    fn show_live(&mut self) {
        let mut summary = self.flow.chooser.summary;
        summary.lost = self.tap.lost();
        if let Some(live) = &mut self.live {
            live.show(&summary);
        }
    }

    /// Attends to the subject; how it ended, where it has.
    fn serve(&mut self, events: PollFlags) -> anyhow::Result<Option<Exit>> {
        self.subject
            .serve(events, self.flow.attributor, self.tap.namespaces())
    }

    /// Gives the sink the places that the tap sees frames in since the last time.
    fn announce(&mut self) {
        for (_, interface) in self.tap.new_interfaces() {
            self.flow.announce(&interface);
        }
    }

    /// Stops the tap and takes what it holds; what it counted, and why that is not all.
    fn stop(&mut self, has_ended: bool) -> anyhow::Result<Ending> {
        self.tap.stop();
        self.announce();
        let mut waiting = true;
        while waiting {
            if !self.make_room(|flow| flow.is_full())? {
                break;
            }
            let flow = &mut self.flow;
            waiting = self
                .tap
                .drain_stopped(&mut |frame, known| flow.take(frame, known));
            flow.push();
        }
        let flow = &mut self.flow;
        let ending = self.tap.finish(&mut |frame, known| flow.take(frame, known));
        let is_whole =
            ending.incomplete.is_empty() && ending.counters.iter().all(|it| it.dropped == 0);
        self.flow.release(Duration::MAX, Duration::MAX);
        self.flow.add_late_families();
        // Of a subject that goes on, what is still to come to the tap was not refused.
        self.flow.report_end(is_whole && has_ended);
        self.flow.push();
        Ok(ending)
    }

    /// Waits as long as the outlets are in the way; false where signals ask for an end
    /// before.
    fn make_room(&mut self, in_the_way: fn(&mut Flow<'_, S>) -> bool) -> anyhow::Result<bool> {
        while !self.abandoned && in_the_way(&mut self.flow) {
            let events = self.wait(false, None).context("cannot poll")?;
            if events.subject.contains(PollFlags::POLLIN) {
                self.serve(events.subject)?;
            }
            if events.signals
                && self
                    .subject
                    .handle_signals(self.signals.pending())
                    .is_some()
            {
                self.abandoned = true;
            }
            self.flow.push();
        }
        Ok(!self.abandoned)
    }

    /// Stays with the subject, without recording, until it ends.
    fn attend(&mut self) -> anyhow::Result<Exit> {
        if !self.subject.needs_us() {
            return Ok(Exit::Success);
        }
        loop {
            let events = self.wait(false, None).context("cannot poll")?;
            if let Some(exit) = self.serve(events.subject)? {
                return Ok(exit);
            }
            if events.signals
                && let Some(exit) = self.subject.handle_signals(self.signals.pending())
            {
                return Ok(exit);
            }
        }
    }

    /// Waits for a signal, for the subject, for room in an outlet that waits, and for
    /// what the tap has where that is wanted.
    fn wait(&mut self, tap: bool, until: Option<Instant>) -> nix::Result<PollEvents> {
        let outlets = self.flow.sink.outlets();
        let reads = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut all = vec![reads(self.signals.as_fd())];
        let subject = self.subject.poll();
        all.extend(subject.map(reads));
        let first_tap = all.len();
        if tap {
            all.extend(self.tap.poll().into_iter().map(reads));
        }
        let first_outlet = all.len();
        let waiting = outlets.iter().filter(|outlet| outlet.waits());
        all.extend(waiting.map(|outlet| PollFd::new(outlet.as_fd(), PollFlags::POLLOUT)));
        let time = until.map_or(PollTimeout::NONE, |until| {
            let left = until.saturating_duration_since(Instant::now());
            // A poll that ends a moment too early would be made again and again.
            let left = left.saturating_add(Duration::from_millis(1));
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut all, time) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
        let found: Vec<_> = all
            .iter()
            .map(|fd| fd.revents().unwrap_or(PollFlags::empty()))
            .collect();
        Ok(PollEvents {
            signals: !found[0].is_empty(),
            subject: subject.map_or(PollFlags::empty(), |_| found[1]),
            tap: found[first_tap..first_outlet].to_vec(),
        })
    }
}

/// An error of an output, by its errno's name.
fn cannot_write(shown: &str, error: io::Error) -> String {
    format!("cannot write to {shown}: {}", Reason(error))
}
