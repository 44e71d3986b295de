// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap record`: runs a command and records the netlink messages of its
//! network namespace.
//!
//! # Design decisions
//!
//! - nlcap's own netlink messages (the list of families, making the link) are
//!   sent before the tap gathers, or after it has been stopped: nothing has to be
//!   sorted out of the recording.
//! - One thread does all, woken by frames and by signals. The ring takes what
//!   comes while a block is written.
//! - A message is on the tap before the call that sent it, or that received the
//!   dump, returns. So when the command has ended and the tap is stopped, the
//!   ring holds all there will be.

mod command;
mod families;
mod link;
mod output;
mod recorder;
mod ring;
mod signals;
mod sys;
mod tap;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::AsFd;

use anyhow::{Context, anyhow};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::utsname::uname;

pub(crate) use self::command::StartError;
use self::command::{Running, Stdout};
use self::families::now;
use self::link::Link;
use self::output::Output;
use self::recorder::Recorder;
use self::signals::Signals;
use self::tap::Tap;
use crate::args::RecordArgs;
use crate::exit::Exit;
use crate::file::writer::Origin;
use crate::text::{self, Reason, say};

/// What to do without the privilege to record.
const PRIVILEGE: &str = "run nlcap with sudo, or in a network namespace of your own: \
                         `unshare -rn nlcap record -- CMD`";

/// Runs `nlcap record`.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    let (name, arguments) = args.command.split_first().context("no command given")?;
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let families = families::list()?;
    let link = match &args.interface {
        Some(name) => Link::find(name),
        None => Link::make(),
    }?;
    let mut tap = Tap::open(&link)?;
    let output = Output::open(args.write.as_deref(), name)?;
    let cannot_write = |error| anyhow!("cannot write to {}: {}", output.shown(), Reason(error));

    let mut recorder =
        Recorder::new(&output, &origin(&args.command, &link)).map_err(cannot_write)?;
    for part in &families {
        recorder.add(&part.frame()).map_err(cannot_write)?;
    }
    if let Some(received) = signals.pending().find(|received| received.is_ending()) {
        drop(recorder);
        output.discard();
        return Ok(Exit::from(received.signal));
    }
    let stdout = if output.is_stdout() {
        Stdout::ToStderr
    } else {
        Stdout::Inherited
    };
    let mut command = match Running::start(name, arguments, stdout) {
        Ok(command) => command,
        Err(error) => {
            drop(recorder);
            output.discard();
            return Err(error.into());
        }
    };

    let watched = watch(&mut signals, &mut tap, &mut command, &mut recorder)?;
    tap.stop();
    let counters = tap.finish(&mut |frame| recorder.take(frame));
    let gap = watched.link_error.map_or_else(String::new, |errno| {
        format!(
            "; incomplete: link {} went down meanwhile ({errno})",
            link.shown()
        )
    });
    // The tap is closed and holds no reference to the link: it goes at once.
    if let Err(error) = link.remove() {
        say(&error);
    }
    match recorder.finish(now(), counters) {
        Ok(summary) => say(&format_args!("{summary}, in {}{gap}", output.shown())),
        // Who reads the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(cannot_write(error)),
    }
    Ok(watched.exit)
}

/// How the time of the recording went.
struct Watched {
    exit: Exit,
    link_error: Option<Errno>,
}

/// Records until the command has ended, or a second signal wants an end.
fn watch(
    signals: &mut Signals,
    tap: &mut Tap,
    command: &mut Running,
    recorder: &mut Recorder<impl Write>,
) -> anyhow::Result<Watched> {
    let mut asked_to_end = false;
    let mut link_error = None;
    loop {
        let tap_events = wait(signals, tap).context("cannot wait")?;
        tap.drain(&mut |frame| recorder.take(frame));
        recorder.flush();
        if tap_events.contains(PollFlags::POLLERR) {
            // The call clears the error, so that it wakes us once. A link that
            // comes up again is gathered from again.
            link_error = link_error.or(tap.error());
        }
        for received in signals.pending() {
            if !received.by_kernel {
                command.pass_on(received.signal);
            }
            if received.is_ending() {
                if asked_to_end {
                    return Ok(Watched {
                        exit: Exit::from(received.signal),
                        link_error,
                    });
                }
                asked_to_end = true;
            }
        }
        if let Some(exit) = command.ended().context("cannot wait for the command")? {
            return Ok(Watched { exit, link_error });
        }
    }
}

/// Waits for a signal, or for what the tap has; returns the tap's events.
fn wait(signals: &Signals, tap: &Tap) -> nix::Result<PollFlags> {
    let mut both = [signals.as_fd(), tap.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    match poll(&mut both, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno),
    }
    let [_, tap] = both;
    Ok(tap.revents().unwrap_or(PollFlags::empty()))
}

/// What the file says about where it comes from.
fn origin(command: &[OsString], link: &Link) -> Origin {
    let names = uname().ok();
    let text = |name: &OsStr| name.to_string_lossy().into_owned();
    Origin {
        command: text::command_line(command),
        hardware: names
            .as_ref()
            .map_or_else(String::new, |names| text(names.machine())),
        system: names.as_ref().map_or_else(String::new, |names| {
            format!("{} {}", text(names.sysname()), text(names.release()))
        }),
        link: link.shown(),
    }
}
