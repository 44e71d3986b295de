// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record`: netlink messages of a command, of running processes or of a network
//! namespace, with who said them, as a file.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use anyhow::Context;
use nix::sys::utsname::uname;

use super::args::RecordArgs;
use crate::exit::Exit;
use crate::file::writer::Origin;
use crate::session::command::Stdout;
use crate::session::output;
use crate::session::recorder::Recorder;
use crate::session::signals::Signals;
use crate::session::{Outcome, Session, Settings, TapKind};
use crate::terminal::text::{self, say};

/// Runs `nlcap record`.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let stdout = match args.write.as_deref() {
        Some(path) if path == Path::new("-") => Stdout::ToStderr,
        _ => Stdout::Inherited,
    };
    let subject = args.session.subject(stdout)?;
    let name = args.session.command.first();
    let name = name.map_or(OsStr::new("netlink"), |name| name.as_os_str());
    let outlet = match output::open(args.write.as_deref(), name, &mut signals)? {
        output::Opening::Output(outlet) => outlet,
        output::Opening::Signal(received) => return Ok(Exit::from(received.signal)),
    };
    let settings = Settings {
        snap_length: args.snaplen,
        ..args.session.settings()
    };
    let session = Session::prepare(&subject, settings, signals)?;
    let origin = Origin {
        redacted: args.redact,
        ..origin(&args.session.command, args.anonymous)
    };
    let mut recorder = Recorder::new(outlet, &origin).context("cannot write the file header")?;
    let outcome = session.run(&mut recorder)?;
    if outcome.begun {
        close(&outcome, &mut recorder);
    }
    Ok(outcome.exit(args.strict))
}

/// Says the closing line.
pub(super) fn close(outcome: &Outcome, recorder: &mut Recorder) {
    let mut reasons = outcome.incomplete.clone();
    if let Some((_, error)) = &outcome.error
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        reasons.push(String::from("the reader closed the pipe"));
    }
    if outcome.unwritten > 0 {
        let unwritten = text::count(outcome.unwritten, "frame");
        reasons.push(format!("last {unwritten} not written"));
    }
    let mut line = format!("{}, in {}", outcome.summary, recorder.shown());
    match outcome.tap {
        TapKind::Nlmon => line.push_str(" (tap: nlmon)"),
        TapKind::Syscalls => {
            line.push_str(" (tap: syscalls: what CMD did not read is not in it)");
        }
    }
    if let Some(secrets) = recorder.redacted() {
        line.push_str(&format!(", {} redacted", text::count(secrets, "secret")));
    }
    if !reasons.is_empty() {
        line.push_str("; incomplete: ");
        line.push_str(&reasons.join("; "));
    }
    say(&line);
}

/// What the file says about where it comes from.
pub(super) fn origin(command: &[OsString], anonymous: bool) -> Origin {
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
        redacted: false,
        hardware: names
            .as_ref()
            .map_or_else(String::new, |names| text(names.machine())),
        system: names.as_ref().map_or_else(String::new, |names| {
            format!("{} {}", text(names.sysname()), text(names.release()))
        }),
    }
}
