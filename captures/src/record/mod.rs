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
mod command;
pub(crate) mod families;
mod link;
mod outlet;
mod output;
mod recorder;
mod ring;
mod session;
mod signals;
mod sink;
mod subject;
mod sys;
mod tap;
pub(crate) mod trace;
mod tree;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use anyhow::Context;
use nix::sys::utsname::uname;

use self::choice::Choice;
pub(crate) use self::command::StartError;
use self::command::Stdout;
use self::recorder::Recorder;
use self::session::{Outcome, Session, Settings};
use self::signals::Signals;
use self::subject::Subject;
use crate::args::RecordArgs;
use crate::exit::Exit;
use crate::file::SNAP_LENGTH;
use crate::file::writer::Origin;
use crate::text::{self, Reason, say};

/// What to do without the privilege to record.
const PRIVILEGE: &str = "run nlcap with sudo, or in a network namespace of your own: \
                         `unshare -rn nlcap record -- CMD`";

/// Runs `nlcap record`.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let name = args.command.first();
    let name = name.map_or(OsStr::new("netlink"), |name| name.as_os_str());
    let outlet = match output::open(args.write.as_deref(), name, &mut signals)? {
        output::Opened::Output(outlet) => outlet,
        output::Opened::Signal(received) => return Ok(Exit::from(received.signal)),
    };
    let subject = subject(args);
    let settings = Settings {
        interface: args.interface.clone(),
        buffer: tap::RING,
        snap_length: SNAP_LENGTH,
        choice: Choice {
            all: args.all || matches!(subject, Subject::Namespace),
            raw: args.raw,
        },
        duration: None,
        frames: None,
    };
    let session = Session::prepare(&subject, settings, signals)?;
    let mut recorder = Recorder::new(outlet, &origin(&args.command, args.anonymous))
        .context("cannot begin the file")?;
    let outcome = session.run(&mut recorder)?;
    if outcome.begun {
        close(&outcome, &recorder.shown());
    }
    Ok(outcome.exit)
}

/// Whose messages are asked for.
fn subject(args: &RecordArgs) -> Subject {
    if args.command.is_empty() {
        return Subject::Namespace;
    }
    let to_stdout = args.write.as_deref() == Some(Path::new("-"));
    Subject::Command {
        words: args.command.clone(),
        stdout: if to_stdout {
            Stdout::ToStderr
        } else {
            Stdout::Inherited
        },
    }
}

/// Says the closing line.
fn close(outcome: &Outcome, shown: &str) {
    let mut reasons = outcome.incomplete.clone();
    if let Some((_, error)) = &outcome.error {
        let unwritten = text::count(outcome.unwritten, "frame");
        reasons.push(if error.kind() == io::ErrorKind::BrokenPipe {
            format!("its reader has gone, without the last {unwritten}")
        } else {
            format!("without the last {unwritten}")
        });
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
