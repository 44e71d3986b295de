// SPDX-License-Identifier: GPL-2.0-or-later
//! A recording session: taps, the subject, and the loop over both.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::cannot_write;
use super::choice::{Choice, Chooser, Summary};
use super::families::{self, Part, now};
use super::filter::Filter;
use super::flow::Flow;
use super::link::Link;
use super::live::Live;
use super::namespace;
use super::outlet::Outlet;
use super::privilege::{self, Of};
use super::signals::Signals;
use super::sink::Sink;
use super::sources::{Source, Sources};
use super::subject::{Ready, Subject, Watched};
use super::sys::process::come_first;
use super::tree::{Held, Owners};
use crate::args::SessionArgs;
use crate::exit::Exit;
use crate::file::SNAP_LENGTH;
use crate::file::writer::Counters;
use crate::text;

/// How to record.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// An nlmon link that is there; without it one is made.
    pub(crate) interface: Option<String>,
    /// Bytes of each tap's ring.
    pub(crate) buffer: usize,
    /// The longest packet that is kept, its cooked header among it.
    pub(crate) snap_length: u32,
    /// What is kept.
    pub(crate) choice: Choice,
    /// The recording ends after this time.
    pub(crate) duration: Option<Duration>,
    /// The recording ends with this many frames.
    pub(crate) frames: Option<u64>,
    /// The network namespace to record in, where it is not ours.
    pub(crate) namespace: Option<OsString>,
    /// On a terminal a count is shown while it runs.
    pub(crate) live: bool,
}

impl Settings {
    /// What the command line asks for.
    pub(crate) fn of(args: &SessionArgs) -> Self {
        Self {
            interface: args.interface.clone(),
            buffer: args.buffer,
            snap_length: SNAP_LENGTH,
            choice: Choice {
                all: args.all || (args.command.is_empty() && args.attach.is_empty()),
                raw: args.raw,
                filter: Filter::of(&args.filter),
            },
            duration: args.duration,
            frames: args.packets,
            namespace: args.netns.clone(),
            live: true,
        }
    }
}

/// How a session ended.
pub(crate) struct Outcome {
    /// How nlcap should.
    pub(crate) exit: Exit,
    /// What was recorded.
    pub(crate) summary: Summary,
    /// Why the recording is not whole, if that is so; each a few words.
    pub(crate) incomplete: Vec<String>,
    /// The first error of an outlet, and which. It is said already, but for a pipe
    /// whose reader has gone.
    pub(crate) error: Option<(String, io::Error)>,
    /// Frames that were recorded, but not written any more.
    pub(crate) unwritten: u64,
    /// Whether the subject was let begin.
    pub(crate) begun: bool,
}

/// Why the loop ended.
enum Why {
    /// The subject has ended.
    Ended(Exit),
    /// Signals asked for it.
    Asked(Exit),
    /// There is enough, or no more can be written.
    Enough,
}

/// What there is to do.
struct Events {
    signals: bool,
    subject: PollFlags,
    taps: Vec<PollFlags>,
}

/// A session in which all is ready and nothing has begun.
pub(crate) struct Session {
    signals: Signals,
    ready: Ready,
    families: Vec<Part>,
    sources: Sources,
    owners: Owners,
    settings: Settings,
}

impl Session {
    /// Makes all ready: the subject waits, and the taps gather.
    ///
    /// # Errors
    ///
    /// Where a privilege or a part of the kernel is missing. Nothing is left behind.
    pub(crate) fn prepare(
        subject: &Subject,
        mut settings: Settings,
        signals: Signals,
    ) -> anyhow::Result<Self> {
        if let Some(name) = &settings.namespace {
            namespace::enter(name)?;
        }
        let ready = Ready::of(subject, signals.inherited())?;
        let mut families = families::list()?;
        for part in &families {
            settings.choice.filter.learn(part.bytes());
        }
        // Kernels before 5.10 have none to tell.
        let policies = families::policies(&families).unwrap_or_default();
        families.extend(policies);
        for name in settings.choice.filter.unknown() {
            let name = text::escape(name);
            text::say(&format_args!(
                "no family {name} is there now: its messages are recorded when it is"
            ));
        }
        let link = match &settings.interface {
            Some(name) => Link::find(name),
            None => Link::make(),
        }?;
        let sources = Sources::new(link, &settings)?;
        Ok(Self {
            signals,
            ready,
            families,
            sources,
            owners: Owners::default(),
            settings,
        })
    }

    /// Lets the subject begin, records until its end, and cleans up.
    ///
    /// # Errors
    ///
    /// A [`StartError`](super::StartError) where the command cannot be run; outlets
    /// have not begun then. What an outlet meets is no error of this, but told in the
    /// [`Outcome`].
    pub(crate) fn run(mut self, sink: &mut impl Sink) -> anyhow::Result<Outcome> {
        for (_, source) in self.sources.untold() {
            sink.interface(&source.interface);
        }
        for part in &self.families {
            sink.added(&part.frame(0));
        }
        let mut chooser = Chooser::new(self.settings.choice.clone());
        if let Some(received) = self.signals.pending().find(|it| it.is_ending()) {
            return Ok(Outcome {
                exit: Exit::from(received.signal),
                summary: chooser.summary,
                incomplete: Vec::new(),
                error: None,
                unwritten: 0,
                begun: false,
            });
        }
        let alone = matches!(self.ready, Ready::Namespace);
        // Whoever fills the ring waits for whoever empties it, not the other way round.
        // The command was forked before, and has its own.
        come_first();
        privilege::lower(if alone { Of::Namespace } else { Of::Command });
        let watched = self.ready.start(&mut self.owners, &mut self.sources)?;
        sink.outlets().into_iter().for_each(Outlet::begin);
        let flow = Flow {
            owners: &mut self.owners,
            chooser: &mut chooser,
            limit: self.settings.frames.unwrap_or(u64::MAX),
            closed: false,
            held: watched.is_guessed().then(Held::default),
            sink,
        };
        Running {
            signals: self.signals,
            sources: self.sources,
            deadline: self.settings.duration.map(|time| Instant::now() + time),
            live: (self.settings.live)
                .then(|| Live::on_terminal(alone))
                .flatten(),
            abandoned: false,
            watched,
            families: self.families,
            flow,
        }
        .run()
    }
}

/// A session while it runs.
struct Running<'a, S> {
    signals: Signals,
    sources: Sources,
    deadline: Option<Instant>,
    live: Option<Live>,
    /// Signals want an end, whatever is not written yet.
    abandoned: bool,
    watched: Watched,
    /// What the file begins with.
    families: Vec<Part>,
    flow: Flow<'a, S>,
}

impl<S: Sink> Running<'_, S> {
    fn run(mut self) -> anyhow::Result<Outcome> {
        let why = self.record()?;
        self.live = None;
        let said = self.say_error();
        let (counters, mut incomplete) = self.stop(matches!(why, Why::Ended(_)))?;
        let mut gaps = self.watched.gaps();
        self.flow.owners.add_gaps(&mut gaps);
        if !gaps.is_none() {
            incomplete.push(format!("not seen: {gaps}"));
        }
        if self.flow.owners.clock_was_set {
            incomplete.push(String::from("the clock was set"));
        }
        self.flow.sink.finish(now(), &counters);
        self.flow.push();
        if !self.make_room(|flow| flow.sink.outlets().iter().any(|it| it.waits()))? {
            for outlet in self.flow.sink.outlets() {
                outlet.abandon();
            }
            incomplete.push(String::from("the end was not waited for"));
        }
        if !said {
            self.say_error();
        }
        let error = self.flow.error();
        let unwritten = (self.flow.sink.outlets().iter())
            .map(|outlet| outlet.unwritten())
            .sum();
        let exit = match why {
            Why::Ended(exit) => exit,
            Why::Asked(exit) => exit,
            Why::Enough => self.attend()?,
        };
        self.watched.end()?;
        let mut summary = self.flow.chooser.summary;
        summary.lost = counters.iter().map(|counters| counters.dropped).sum();
        Ok(Outcome {
            exit,
            summary,
            incomplete,
            error,
            unwritten,
            begun: true,
        })
    }

    /// Records to the end.
    fn record(&mut self) -> anyhow::Result<Why> {
        // A reader can begin with the families.
        self.flow.push();
        loop {
            // What the taps have waits while the sink takes no more.
            let taps = !self.flow.is_full();
            let due = self.live.as_ref().map(Live::due);
            let due = due.into_iter().chain(self.watched.due());
            let until = self.deadline.into_iter().chain(due).min();
            let events = self.wait(taps, until).context("cannot wait")?;
            if self.live.as_ref().is_some_and(Live::is_due) {
                self.show_live();
            }
            // The subject waits for this one.
            if let Some(exit) = self.serve(events.subject)? {
                return Ok(Why::Ended(exit));
            }
            let flow = &mut self.flow;
            for (source, events) in self.sources.all.iter_mut().zip(events.taps) {
                if events.contains(PollFlags::POLLIN) {
                    source.tap.drain(&mut |frame| flow.take(frame));
                }
                if events.contains(PollFlags::POLLERR) {
                    // The call clears the error, so that it wakes us once. A link that
                    // comes up again is gathered from again.
                    source.error = source.error.or(source.tap.error());
                }
            }
            flow.release(now(), self.watched.looked());
            flow.tell();
            flow.push();
            if events.signals
                && let Some(exit) = self.watched.hear(self.signals.pending())
            {
                return Ok(Why::Asked(exit));
            }
            let late = self.deadline.is_some_and(|end| end <= Instant::now());
            if late || self.flow.closed || self.flow.is_over() {
                return Ok(Why::Enough);
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
        summary.lost = self.sources.all.iter_mut().map(|it| it.tap.lost()).sum();
        if let Some(live) = &mut self.live {
            live.show(&summary);
        }
    }

    /// What there is to say of families that have come meanwhile.
    fn late_families(&self) -> Vec<Part> {
        // A reader does without.
        let Ok(list) = families::list() else {
            return Vec::new();
        };
        let mut late = families::added(&self.families, &list);
        let policies = families::policies(&late).unwrap_or_default();
        late.extend(policies);
        late
    }

    /// Attends to the subject; how it ended, where it has.
    fn serve(&mut self, events: PollFlags) -> anyhow::Result<Option<Exit>> {
        let exit = self
            .watched
            .serve(events, self.flow.owners, &mut self.sources)?;
        for (number, source) in self.sources.untold() {
            self.flow.sink.interface(&source.interface);
            for part in &self.families {
                self.flow.sink.added(&part.frame(number));
            }
        }
        Ok(exit)
    }

    /// Stops the taps, takes what they hold, and removes the links; what each counted,
    /// and why that is not all.
    fn stop(&mut self, has_ended: bool) -> anyhow::Result<(Vec<Counters>, Vec<String>)> {
        let mut incomplete = Vec::new();
        let mut counters = Vec::new();
        for source in &mut self.sources.all {
            source.tap.stop();
        }
        for mut source in self.sources.end() {
            let mut waiting = true;
            while waiting {
                if !self.make_room(|flow| flow.is_full())? {
                    break;
                }
                let flow = &mut self.flow;
                waiting = source.tap.drain(&mut |frame| flow.take(frame));
                flow.push();
            }
            if let Some(errno) = source.error {
                let link = source.link.shown();
                incomplete.push(format!("link {link} went down meanwhile ({errno})"));
            }
            let Source { tap, link, .. } = source;
            counters.push(tap.finish(&mut |frame| self.flow.take(frame)));
            // The tap is closed and holds no reference to the link: it goes at once.
            if let Err(error) = link.remove() {
                text::say(&error);
            }
        }
        let is_whole = incomplete.is_empty() && counters.iter().all(|it| it.dropped == 0);
        self.flow.release(Duration::MAX, Duration::MAX);
        for part in &self.late_families() {
            self.flow.sink.added(&part.frame(0));
        }
        // Of a subject that goes on, what is still to come to the tap was not refused.
        self.flow.tell_end(is_whole && has_ended);
        self.flow.push();
        Ok((counters, incomplete))
    }

    /// Waits as long as the outlets are in the way; false where signals ask for an end
    /// before.
    fn make_room(&mut self, in_the_way: fn(&mut Flow<'_, S>) -> bool) -> anyhow::Result<bool> {
        while !self.abandoned && in_the_way(&mut self.flow) {
            let events = self.wait(false, None).context("cannot wait")?;
            if events.subject.contains(PollFlags::POLLIN) {
                self.serve(events.subject)?;
            }
            if events.signals && self.watched.hear(self.signals.pending()).is_some() {
                self.abandoned = true;
            }
            self.flow.push();
        }
        Ok(!self.abandoned)
    }

    /// Stays with the subject, without recording, until it ends.
    fn attend(&mut self) -> anyhow::Result<Exit> {
        if !self.watched.needs_us() {
            return Ok(Exit::Success);
        }
        loop {
            let events = self.wait(false, None).context("cannot wait")?;
            if let Some(exit) = self.serve(events.subject)? {
                return Ok(exit);
            }
            if events.signals
                && let Some(exit) = self.watched.hear(self.signals.pending())
            {
                return Ok(exit);
            }
        }
    }

    /// Waits for a signal, for the subject, for room in an outlet that waits, and for
    /// what the taps have where that is wanted.
    fn wait(&mut self, taps: bool, until: Option<Instant>) -> nix::Result<Events> {
        let outlets = self.flow.sink.outlets();
        let reads = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut all = vec![reads(self.signals.as_fd())];
        let subject = self.watched.poll();
        all.extend(subject.map(reads));
        let first_tap = all.len();
        if taps {
            all.extend(
                self.sources
                    .all
                    .iter()
                    .map(|source| reads(source.tap.as_fd())),
            );
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
        Ok(Events {
            signals: !found[0].is_empty(),
            subject: subject.map_or(PollFlags::empty(), |_| found[1]),
            taps: found[first_tap..first_outlet].to_vec(),
        })
    }
}
