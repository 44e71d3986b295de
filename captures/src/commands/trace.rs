// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap trace`: the messages of a session as lines, while it runs.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::args::{SessionArgs, TraceArgs};
use super::record::{close, origin};
use crate::attribution::{Attribution, SocketEvent};
use crate::exit::Exit;
use crate::file::writer::Origin;
use crate::file::writer::{Counters, Interface};
use crate::messages::event;
use crate::messages::packet::{Direction, Frame, Packet};
use crate::messages::process::Process;
use crate::session::command::Stdout;
use crate::session::outlet::Outlet;
use crate::session::output::{self, Opening};
use crate::session::recorder::Recorder;
use crate::session::signals::Signals;
use crate::session::sink::Sink;
use crate::session::{Outcome, Session, Settings};
use crate::show::view::View;
use crate::terminal::text::{count, escape_os, say};

/// Runs `nlcap trace`.
pub(crate) fn run(args: &TraceArgs) -> anyhow::Result<Exit> {
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let specs = args.view.specs()?;
    let name = args.session.command.first();
    let name = name.map_or(OsStr::new("netlink"), |name| name.as_os_str());
    let recording = match &args.write {
        Some(path) => match output::open(Some(path), name, &mut signals)? {
            Opening::Output(outlet) => Some(outlet),
            Opening::Signal(received) => return Ok(Exit::from(received.signal)),
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
    let subject = args.session.subject(stdout)?;
    let settings = Settings {
        // A count would stand between the lines.
        live: false,
        ..args.session.settings()
    };
    let session = Session::prepare(&subject, settings, signals)?;
    let options = args.view.options();
    let mut lines = Lines {
        view: View::for_output(&options, outlet.is_terminal()),
        interpreter: event::Interpreter::new(&specs, options.secrets),
        outlet,
    };
    let origin = Origin {
        redacted: args.redact,
        ..origin(&args.session.command, args.anonymous)
    };
    let recorder = recording.map(|outlet| Recorder::new(outlet, &origin));
    let mut recorder = recorder
        .transpose()
        .context("cannot write the file header")?;
    // For people alone: whoever reads a pipe wants lines and nothing else.
    let is_watched = io::stderr().is_terminal();
    if is_watched && let Some(awaited) = awaited(&args.session) {
        say(&awaited);
    }
    let mut sinks: Vec<&mut dyn Sink> = vec![&mut lines];
    if let Some(recorder) = &mut recorder {
        sinks.push(recorder);
    }
    let outcome = session.run(&mut sinks)?;
    match &mut recorder {
        Some(recorder) if outcome.begun => close(&outcome, recorder),
        _ => confess(&outcome),
    }
    if outcome.summary.messages > 0 {
        lines.view.say_if_none_matches();
    } else if is_watched && outcome.begun && recorder.is_none() {
        // The closing line of a recording says it otherwise.
        say(&"no messages");
    }
    Ok(outcome.exit(false))
}

/// What is waited for, where no command says so by what it does.
fn awaited(args: &SessionArgs) -> Option<String> {
    if !args.command.is_empty() {
        return None;
    }
    let pids: Vec<_> = args.attach.iter().map(i32::to_string).collect();
    Some(match &pids[..] {
        [] => {
            let place = match &args.netns {
                Some(name) => format!("network namespace {}", escape_os(name)),
                None => String::from("this network namespace"),
            };
            format!("tracing all messages in {place} until Ctrl-C")
        }
        [pid] => format!("tracing process {pid} until it exits or Ctrl-C"),
        pids => format!(
            "tracing processes {} until all have exited or Ctrl-C",
            pids.join(", ")
        ),
    })
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
    interpreter: event::Interpreter<'a>,
    outlet: Outlet,
}

impl Lines<'_> {
    fn show(&mut self, packet: &Packet<'_>) {
        self.view.packet(&mut self.interpreter, packet);
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

impl Sink for Lines<'_> {
    fn interface(&mut self, _: &Interface) {}

    fn added(&mut self, frame: &Frame<'_>) {
        self.show(&Packet {
            added: true,
            ..Packet::from(frame)
        });
    }

    fn frame(&mut self, frame: &Frame<'_>, attribution: &Attribution) {
        self.show(&Packet {
            sent: Some(attribution.direction == Direction::Outbound),
            process: attribution.owners.first().map(Process::from),
            is_multicast: attribution.is_multicast,
            fate: attribution.fate,
            ..Packet::from(frame)
        });
    }

    fn event(&mut self, event: &SocketEvent) {
        let (messages, direction, fate) = event.messages();
        self.show(&Packet {
            sent: Some(direction == Direction::Outbound),
            process: Some((&event.owner).into()),
            fate: Some(fate),
            added: true,
            ..Packet::from(&event.frame(&messages))
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::args::{Action, Args};

    #[test]
    fn what_is_waited_for_is_said_where_there_is_no_command() {
        for (options, said) in [
            (
                &[][..],
                Some("tracing all messages in this network namespace until Ctrl-C"),
            ),
            (
                &["-n", "a\x1b"],
                Some(r"tracing all messages in network namespace a\u{1b} until Ctrl-C"),
            ),
            (
                &["-p", "7"],
                Some("tracing process 7 until it exits or Ctrl-C"),
            ),
            (
                &["-p", "7", "-p", "8"],
                Some("tracing processes 7, 8 until all have exited or Ctrl-C"),
            ),
            (&["ip"], None),
        ] {
            let line = [&["nlcap", "trace"][..], options].concat();
            let Action::Trace(args) = Args::parse_from(line).action else {
                panic!("no trace");
            };
            assert_eq!(awaited(&args.session).as_deref(), said);
        }
    }
}
