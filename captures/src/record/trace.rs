// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap trace`: the messages of a session as lines, while it runs.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nl_dissector::decode::Endian;

use super::command::Stdout;
use super::outlet::Outlet;
use super::output::{self, Opened};
use super::recorder::{Recorder, note};
use super::session::{Outcome, Session, Settings};
use super::signals::Signals;
use super::sink::Sink;
use super::subject::Subject;
use super::tree::{Direction, Known};
use super::{close, origin};
use crate::args::TraceArgs;
use crate::exit::Exit;
use crate::file::reader::Packet;
use crate::file::writer::{Counters, Frame, Interface};
use crate::show::{self, Specs, View};
use crate::text::{count, say};

/// Runs `nlcap trace`.
pub(crate) fn run(args: &TraceArgs) -> anyhow::Result<Exit> {
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let specs = Specs::gather(&args.view.spec)?;
    let name = args.session.command.first();
    let name = name.map_or(OsStr::new("netlink"), |name| name.as_os_str());
    let recording = match &args.write {
        Some(path) => match output::open(Some(path), name, &mut signals)? {
            Opened::Output(outlet) => Some(outlet),
            Opened::Signal(received) => return Ok(Exit::from(received.signal)),
        },
        None => None,
    };
    let outlet = match &args.output {
        Some(path) => output::open_text(path)?,
        None => Outlet::stderr().context("cannot write to standard error")?,
    };
    let stdout = match args.write.as_deref() {
        Some(path) if path == Path::new("-") => Stdout::ToStderr,
        _ => Stdout::Inherited,
    };
    let subject = Subject::of(&args.session, stdout)?;
    let settings = Settings {
        // A count would stand between the lines.
        live: false,
        ..Settings::of(&args.session)
    };
    let session = Session::prepare(&subject, settings, signals)?;
    let lines = Lines {
        view: View::for_output(&args.view, outlet.is_terminal()),
        known: show::Session::new(&specs),
        outlet,
    };
    let recorder = recording
        .map(|outlet| Recorder::new(outlet, &origin(&args.session.command, args.anonymous)));
    let recorder = recorder.transpose().context("cannot begin the file")?;
    let mut sink = (lines, recorder);
    let outcome = session.run(&mut sink)?;
    match &mut sink.1 {
        Some(recorder) if outcome.begun => close(&outcome, &recorder.shown()),
        _ => confess(&outcome),
    }
    sink.0.view.say_if_none_matches();
    Ok(outcome.exit(false))
}

/// Says what is missing between the lines.
fn confess(outcome: &Outcome) {
    let mut missing = outcome.incomplete.clone();
    if outcome.summary.lost > 0 {
        missing.insert(0, format!("{} lost", count(outcome.summary.lost, "frame")));
    }
    if !missing.is_empty() {
        say(&format_args!(
            "messages are missing: {}",
            missing.join("; ")
        ));
    }
}

/// A sink that shows messages.
struct Lines<'a> {
    view: View<'a>,
    known: show::Session<'a>,
    outlet: Outlet,
}

impl Lines<'_> {
    fn show(&mut self, packet: &Packet<'_>) {
        self.view.packet(&mut self.known, packet);
        self.write();
    }

    fn write(&mut self) {
        let text = self.view.text();
        if !text.is_empty() {
            // The outlet takes everything, and keeps the error for the session.
            let _ = self.outlet.write_all(text.as_bytes());
        }
    }
}

/// The frame as one of a file.
fn packet<'a>(frame: &Frame<'a>) -> Packet<'a> {
    Packet {
        time: frame.time,
        protocol: frame.header.protocol,
        messages: frame.messages,
        endian: Endian::native(),
        tap: frame.interface,
        sent: None,
        thread: None,
        comment: None,
        added: false,
    }
}

impl Sink for Lines<'_> {
    fn interface(&mut self, _: &Interface) {}

    fn added(&mut self, frame: &Frame<'_>) {
        self.show(&Packet {
            added: true,
            ..packet(frame)
        });
    }

    fn frame(&mut self, frame: &Frame<'_>, known: &Known) {
        let note = note(known);
        self.show(&Packet {
            sent: Some(known.direction == Direction::Outbound),
            thread: note.task,
            comment: note.comments.first().map(|it| it.as_bytes()),
            ..packet(frame)
        });
    }

    fn finish(&mut self, _: Duration, _: &[Counters]) {
        self.view.finish();
        self.write();
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        vec![&mut self.outlet]
    }
}
