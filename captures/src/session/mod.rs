// SPDX-License-Identifier: GPL-2.0-or-later
//! A recording: taps and the subject, and the loop over both.
//!
//! What is recorded comes from the [taps](crate::taps), whose it is says
//! [attribution](crate::attribution), and what becomes of it is a sink's business: here is
//! what brings them together, and the start and end of the command. The command line is not
//! known here.
//!
//! # How to use it
//!
//! A [`Session`] is asked for with a [`Subject`] (whose messages) and [`Settings`],
//! and hands each message to a [`Sink`]. `nlcap record` has the
//! [`Recorder`](recorder::Recorder), a sink that writes a pcapng file; another command has a
//! sink of its own, or both as a pair, and a sink may be an `Option`:
//!
//! ```text
//! let mut signals = Signals::catch()?;              // first: a signal leaves no link behind
//! let outlet = Outlet::stdout()?;                   // or output::open(…, &mut signals)
//! let session = Session::prepare(&subject, settings, signals)?;
//! let mut sink = (Lines::new(outlet), Some(recorder));
//! let outcome = session.run(&mut sink)?;            // the command runs in here
//! ```
//!
//! The session gives a sink the taps, the answers to what nlcap itself asked (the list of
//! families), and then each frame that is kept, with its [`Attribution`](crate::attribution::Attribution). A sink
//! writes into an [`Outlet`] and never waits. [`Outcome`] has the exit status, the
//! counts for the closing line, and why the recording is not whole.
//!
//! # Design decisions
//!
//! - nlcap's own netlink messages (the list of families, making the link) are
//!   sent before the tap gathers, or after it has been stopped: nothing has to be
//!   sorted out of the recording.
//! - One thread does all, woken by frames, by signals, and by an output that has room
//!   again. It never waits in anything but that poll(2). The ring takes what comes
//!   meanwhile.
//! - A message is on the tap before the call that sent it, or that received the
//!   dump, returns. So when the last process of the command has ended and the tap
//!   is stopped, the ring holds all there will be.
//! - A call of the command that waits for us comes before the ring, and a signal
//!   after a few blocks of it.

pub(crate) mod choice;
pub(crate) mod command;
pub(crate) mod families;
pub(crate) mod filter;
mod flow;
mod live;
mod namespace;
mod outcome;
pub(crate) mod outlet;
pub(crate) mod output;
pub(crate) mod recorder;
mod recording;
mod redactor;
pub(crate) mod signals;
pub(crate) mod sink;
pub(crate) mod subject;
pub(crate) mod user;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use self::choice::{Choice, Chooser};
use self::families::Part;
use self::flow::Flow;
use self::live::LiveCount;
pub(crate) use self::outcome::Outcome;
use self::outlet::Outlet;
use self::recording::RecordingLoop;
use self::signals::Signals;
use self::sink::Sink;
use self::subject::{PreparedSubject, Subject};
use crate::attribution::{Attributor, PendingFrames};
use crate::exit::{Exit, WrongUsage};
use crate::sys::privilege::{self, PrivilegeScope};
use crate::sys::process::come_first;
use crate::taps::Tap;
use crate::taps::nlmon::{self, Nlmon};
use crate::taps::syscalls::{Syscalls, Tracing};
use crate::terminal::text;

/// Where frames come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TapKind {
    /// What the kernel mirrors to nlmon links.
    Nlmon,
    /// The command's own calls.
    Syscalls,
}

/// Which tap is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TapChoice {
    /// This one.
    Only(TapKind),
    /// nlmon where it can be had, else the command's calls.
    Auto,
}

/// How to record.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where frames come from.
    pub(crate) tap: TapChoice,
    /// An nlmon link that is there; without it one is made.
    pub(crate) interface: Option<String>,
    /// Receives by read(2) are looked at, where calls are.
    pub(crate) with_reads: bool,
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

/// A session in which all is ready and nothing has begun.
pub(crate) struct Session {
    signals: Signals,
    subject: PreparedSubject,
    families: Option<Vec<Part>>,
    kind: TapKind,
    tap: Box<dyn Tap>,
    attributor: Attributor,
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
        let link = choose(&settings, subject)?;
        let inherited = signals.inherited();
        let (subject, source) = match link {
            Some(link) => (PreparedSubject::of(subject, inherited)?, Source::Link(link)),
            None => {
                let tracing = Tracing {
                    with_reads: settings.with_reads,
                    buffer: settings.buffer,
                    snap_length: settings.snap_length,
                };
                let (subject, tap) = PreparedSubject::traced(subject, inherited, tracing)?;
                (subject, Source::Calls(tap))
            }
        };
        // Where nobody hears us ask, it is asked when a message needs it, as a rule none.
        let can_wait = matches!(source, Source::Calls(_));
        let families = match settings.choice.filter.unknown().next() {
            None if can_wait => None,
            _ => Some(families::all()?),
        };
        for part in families.iter().flatten() {
            settings.choice.filter.learn(part.bytes());
        }
        for name in settings.choice.filter.unknown() {
            let name = text::escape(name);
            text::say(&format_args!(
                "family {name} is not registered yet; it will be recorded once it is"
            ));
        }
        let (kind, tap): (_, Box<dyn Tap>) = match source {
            Source::Link(link) => {
                let tap = Nlmon::open(link, settings.buffer, settings.snap_length)?;
                (TapKind::Nlmon, Box::new(tap))
            }
            Source::Calls(tap) => (TapKind::Syscalls, Box::new(tap)),
        };
        Ok(Self {
            signals,
            subject,
            families,
            kind,
            tap,
            attributor: Attributor::default(),
            settings,
        })
    }

    /// Lets the subject begin, records until its end, and cleans up.
    ///
    /// # Errors
    ///
    /// A [`StartError`](command::StartError) where the command cannot be run; outlets
    /// have not begun then. What an outlet meets is no error of this, but reported in the
    /// [`Outcome`].
    pub(crate) fn run(mut self, sink: &mut impl Sink) -> anyhow::Result<Outcome> {
        for (_, interface) in self.tap.new_interfaces() {
            sink.interface(&interface);
        }
        for part in self.families.iter().flatten() {
            sink.added(&part.frame(0));
        }
        let mut chooser = Chooser::new(self.settings.choice.clone());
        if let Some(received) = self.signals.pending().find(|it| it.is_ending()) {
            return Ok(Outcome {
                exit: Exit::from(received.signal),
                tap: self.kind,
                summary: chooser.summary,
                incomplete: Vec::new(),
                error: None,
                unwritten: 0,
                begun: false,
            });
        }
        let alone = matches!(self.subject, PreparedSubject::Namespace);
        if self.kind == TapKind::Nlmon {
            // Whoever fills the ring waits for whoever empties it, not the other way round.
            // The command was forked before, and has its own.
            come_first();
        }
        privilege::lower(if alone {
            PrivilegeScope::Namespace
        } else {
            PrivilegeScope::Command
        });
        let subject = self
            .subject
            .start(&mut self.attributor, self.tap.namespaces())?;
        sink.outlets().into_iter().for_each(Outlet::begin);
        let flow = Flow {
            attributor: &mut self.attributor,
            chooser: &mut chooser,
            limit: self.settings.frames.unwrap_or(u64::MAX),
            closed: false,
            pending: subject.is_guessed().then(PendingFrames::default),
            families: self.families,
            interfaces: 1,
            sink,
        };
        RecordingLoop {
            signals: self.signals,
            kind: self.kind,
            tap: self.tap,
            deadline: self.settings.duration.map(|time| Instant::now() + time),
            live: (self.settings.live)
                .then(|| LiveCount::on_terminal(alone))
                .flatten(),
            abandoned: false,
            subject,
            flow,
        }
        .run()
    }
}

/// What a tap is made of.
enum Source {
    Link(nlmon::Link),
    Calls(Syscalls),
}

/// The link to record from, or None where the command's own calls are the tap.
fn choose(settings: &Settings, subject: &Subject) -> anyhow::Result<Option<nlmon::Link>> {
    if settings.tap == TapChoice::Only(TapKind::Syscalls) {
        let needless = [
            (settings.interface.is_some(), "-i"),
            (settings.choice.all, "--all"),
        ];
        let is_command = matches!(subject, Subject::Command(_));
        if let Some((_, option)) = needless
            .iter()
            .find(|(is_given, _)| is_command && *is_given)
        {
            return Err(WrongUsage(format!(
                "{option} needs --tap nlmon: system calls are those of CMD alone"
            ))
            .into());
        }
        return Ok(None);
    }
    let can_trace = settings.tap == TapChoice::Auto
        && matches!(subject, Subject::Command(_))
        && settings.interface.is_none()
        && !settings.choice.all;
    let link = Nlmon::link(settings.interface.as_deref());
    match link {
        // Links are made by CAP_NET_ADMIN, and listened to by another.
        Ok(link) if !can_trace || privilege::is_effective(privilege::NET_RAW) => Ok(Some(link)),
        Err(error) if !can_trace => Err(error),
        _ => Ok(None),
    }
}
