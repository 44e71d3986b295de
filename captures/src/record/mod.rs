// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record`: netlink messages of a command, or of a network namespace, with
//! who said them.
//!
//! # How to use it
//!
//! A [`Session`] is asked for with a [`Subject`] (whose messages) and [`Settings`],
//! and told what to do with each message by a [`Sink`](sink::Sink). `nlcap record` has the
//! [`Recorder`], a sink that writes a pcapng file; another command has a sink of its
//! own, or both as a pair, and a sink may be an `Option`:
//!
//! ```text
//! let mut signals = Signals::catch()?;              // first: a signal leaves no link behind
//! let outlet = Outlet::stdout()?;                   // or output::open(…, &mut signals)
//! let session = Session::prepare(&subject, settings, signals)?;
//! let mut sink = (Lines::new(outlet), Some(recorder));
//! let outcome = session.run(&mut sink)?;            // the command runs in here
//! ```
//!
//! The session tells a sink of the taps, of what nlcap itself asked for (the list of
//! families), and then of each frame that is kept, with its [`Known`](tree::Known) owner. A sink
//! writes into an [`Outlet`](outlet::Outlet) and never waits. [`Outcome`] has the exit status, the
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

mod choice;
mod clock;
mod command;
pub(crate) mod families;
mod filter;
mod flow;
mod link;
mod live;
mod namespace;
mod outlet;
mod output;
mod privilege;
mod recorder;
mod ring;
mod session;
mod signals;
mod sink;
mod sources;
mod subject;
mod sys;
mod tap;
pub(crate) mod trace;
mod tree;
mod user;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use anyhow::Context;
use nix::sys::utsname::uname;

pub(crate) use self::command::StartError;
use self::command::{Invocation, Stdout};
use self::recorder::Recorder;
use self::session::{Outcome, Session, Settings};
use self::signals::Signals;
use self::subject::Subject;
use self::user::Identity;
use crate::args::{RecordArgs, SessionArgs};
use crate::exit::Exit;
use crate::file::writer::Origin;
use crate::text::{self, Reason, say};

/// What to do without the privilege to record.
const PRIVILEGE: &str = "run nlcap with sudo, or in a network namespace of your own: \
                         `unshare -rn nlcap record -- CMD`";

/// Runs `nlcap record`.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let stdout = match args.write.as_deref() {
        Some(path) if path == Path::new("-") => Stdout::ToStderr,
        _ => Stdout::Inherited,
    };
    let subject = Subject::of(&args.session, stdout)?;
    let name = args.session.command.first();
    let name = name.map_or(OsStr::new("netlink"), |name| name.as_os_str());
    let outlet = match output::open(args.write.as_deref(), name, &mut signals)? {
        output::Opened::Output(outlet) => outlet,
        output::Opened::Signal(received) => return Ok(Exit::from(received.signal)),
    };
    let settings = Settings {
        snap_length: args.snaplen,
        ..Settings::of(&args.session)
    };
    let session = Session::prepare(&subject, settings, signals)?;
    let mut recorder = Recorder::new(outlet, &origin(&args.session.command, args.anonymous))
        .context("cannot begin the file")?;
    let outcome = session.run(&mut recorder)?;
    if outcome.begun {
        close(&outcome, &recorder.shown());
    }
    Ok(outcome.exit(args.strict))
}

impl Subject {
    /// Whose messages the command line asks for.
    pub(crate) fn of(args: &SessionArgs, stdout: Stdout) -> anyhow::Result<Self> {
        if !args.attach.is_empty() {
            return Ok(Self::Processes(args.attach.clone()));
        }
        if args.command.is_empty() {
            return Ok(Self::Namespace);
        }
        let identity = args.user.as_deref().map(Identity::of).transpose()?;
        Ok(Self::Command(Invocation {
            words: args.command.clone(),
            stdout,
            identity,
        }))
    }
}

impl Outcome {
    /// Whether nothing is missing, as far as is known.
    fn is_whole(&self) -> bool {
        self.summary.lost == 0 && self.incomplete.is_empty() && self.error.is_none()
    }

    /// How nlcap ends: whoever cannot trust the recording is told by the status.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        match &self.error {
            Some((_, error)) if !gone(error) => Exit::Unwritten,
            _ if strict && !self.is_whole() => Exit::Incomplete,
            _ => self.exit,
        }
    }
}

/// Says the closing line.
fn close(outcome: &Outcome, shown: &str) {
    let mut reasons = outcome.incomplete.clone();
    if let Some((_, error)) = &outcome.error
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        reasons.push(String::from("its reader has gone"));
    }
    if outcome.unwritten > 0 {
        let unwritten = text::count(outcome.unwritten, "frame");
        reasons.push(format!("without the last {unwritten}"));
    }
    let mut line = format!("{}, in {shown}", outcome.summary);
    if !reasons.is_empty() {
        line.push_str("; incomplete: ");
        line.push_str(&reasons.join("; "));
    }
    say(&line);
}

/// What the file says about where it comes from.
fn origin(command: &[OsString], anonymous: bool) -> Origin {
    let names = uname().ok();
    let text = |name: &OsStr| name.to_string_lossy().into_owned();
    let hostname = names.as_ref().map(|names| text(names.nodename()));
    let command = if command.is_empty() {
        text::command_line(&std::env::args_os().collect::<Vec<_>>())
    } else {
        text::command_line(command)
    };
    Origin {
        command,
        hostname: hostname.filter(|_| !anonymous),
        hardware: names
            .as_ref()
            .map_or_else(String::new, |names| text(names.machine())),
        system: names.as_ref().map_or_else(String::new, |names| {
            format!("{} {}", text(names.sysname()), text(names.release()))
        }),
    }
}

/// An error of an output, by its errno's name.
fn cannot_write(shown: &str, error: io::Error) -> String {
    format!("cannot write to {shown}: {}", Reason(error))
}
