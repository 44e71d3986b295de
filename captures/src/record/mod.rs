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
//!   dump, returns. So when the last process of the command has ended and the tap
//!   is stopped, the ring holds all there will be.
//! - A call of the command that waits for us comes before the ring.

mod command;
mod families;
mod link;
mod output;
mod recorder;
mod ring;
mod signals;
mod sys;
mod tap;
mod tree;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, anyhow};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::stat;
use nix::sys::utsname::uname;

pub(crate) use self::command::StartError;
use self::command::{Prepared, Running, Starting, Stdout};
use self::families::now;
use self::link::Link;
use self::output::Output;
use self::recorder::{Choice, Recorder};
use self::signals::Signals;
use self::tap::Tap;
use self::tree::{Gaps, Guardian, Owners, Supervisor};
use crate::args::RecordArgs;
use crate::exit::Exit;
use crate::file::writer::Origin;
use crate::text::{self, Reason, say};

/// What to do without the privilege to record.
const PRIVILEGE: &str = "run nlcap with sudo, or in a network namespace of your own: \
                         `unshare -rn nlcap record -- CMD`";

/// Runs `nlcap record`.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    let name = args.command.first().context("no command given")?;
    // Before there is a link to leave behind.
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let stdout = match &args.write {
        Some(path) if path == Path::new("-") => Stdout::ToStderr,
        _ => Stdout::Inherited,
    };
    // Both processes are forked before there is a ring, whose pages they would be
    // given too.
    let mut command = Prepared::fork(&args.command, stdout)?;
    let listener = command.take_listener().context("no listener")?;
    let guardian = Guardian::start(listener.as_fd()).context("cannot start the guardian")?;
    let families = families::list()?;
    let link = match &args.interface {
        Some(name) => Link::find(name),
        None => Link::make(),
    }?;
    let mut tap = Tap::open(&link)?;
    let output = Output::open(args.write.as_deref(), name)?;
    let cannot_write = |error| anyhow!("cannot write to {}: {}", output.shown(), Reason(error));

    let choice = Choice {
        all: args.all,
        raw: args.raw,
    };
    let mut recorder =
        Recorder::new(&output, &origin(args, &link), choice).map_err(cannot_write)?;
    let mut owners = Owners::default();
    for part in &families {
        for (number, groups) in tree::families(part.bytes()) {
            owners.learn_family(number, groups);
        }
        recorder.add(&part.frame()).map_err(cannot_write)?;
    }
    if let Some(received) = signals.pending().find(|received| received.is_ending()) {
        drop(recorder);
        output.discard();
        return Ok(Exit::from(received.signal));
    }
    let mut supervisor = Supervisor::new(listener, guardian, tap.as_fd(), owners);
    let started = command.go().and_then(|starting| {
        supervise_start(&starting, &mut supervisor);
        starting.started()
    });
    let mut command = match started {
        Ok(command) => command,
        Err(error) => {
            drop(recorder);
            output.discard();
            return Err(error.into());
        }
    };

    let watched = watch(
        &mut signals,
        &mut tap,
        &mut command,
        &mut supervisor,
        &mut recorder,
    )?;
    tap.stop();
    let counters = tap.finish(&mut |frame| recorder.take(frame, &mut supervisor.owners));
    let gap = incomplete(&watched, &link, supervisor.gaps);
    if watched.tree_ended {
        supervisor.end().context("cannot wait for the guardian")?;
    }
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

/// Why the recording is incomplete, for the end of the closing line.
fn incomplete(watched: &Watched, link: &Link, gaps: Gaps) -> String {
    let mut reasons = Vec::new();
    if let Some(errno) = watched.link_error {
        let link = link.shown();
        reasons.push(format!("link {link} went down meanwhile ({errno})"));
    }
    if !gaps.is_none() {
        reasons.push(format!("not seen: {gaps}"));
    }
    if reasons.is_empty() {
        return String::new();
    }
    format!("; incomplete: {}", reasons.join("; "))
}

/// How the time of the recording went.
struct Watched {
    exit: Exit,
    link_error: Option<Errno>,
    tree_ended: bool,
}

/// Answers calls until the command says whether it has started.
fn supervise_start(starting: &Starting, supervisor: &mut Supervisor) {
    loop {
        let mut both =
            [supervisor.as_fd(), starting.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if let Err(errno) = poll(&mut both, PollTimeout::NONE)
            && errno != Errno::EINTR
        {
            return;
        }
        let [calls, report] = both.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if calls.contains(PollFlags::POLLIN) && supervisor.serve().is_err() {
            return;
        }
        if !report.is_empty() || calls.contains(PollFlags::POLLHUP) {
            return;
        }
    }
}

/// Records until the last process of the command has ended, or a second signal
/// wants an end.
fn watch(
    signals: &mut Signals,
    tap: &mut Tap,
    command: &mut Running,
    supervisor: &mut Supervisor,
    recorder: &mut Recorder<impl Write>,
) -> anyhow::Result<Watched> {
    let mut asked_to_end = false;
    let mut link_error = None;
    loop {
        let events = wait(signals, tap, supervisor).context("cannot wait")?;
        // The command waits for this one.
        if events.calls.contains(PollFlags::POLLIN) {
            supervisor
                .serve()
                .context("cannot answer the command's calls")?;
        }
        if events.tap.contains(PollFlags::POLLIN) {
            tap.drain(&mut |frame| recorder.take(frame, &mut supervisor.owners));
            recorder.flush();
        }
        if events.tap.contains(PollFlags::POLLERR) {
            // The call clears the error, so that it wakes us once. A link that
            // comes up again is gathered from again.
            link_error = link_error.or(tap.error());
        }
        if events.signals {
            let ended = command.ended();
            for received in signals.pending() {
                if !received.by_kernel {
                    command.pass_on(received.signal);
                }
                if received.is_ending() {
                    // What the command has left behind was not asked.
                    if asked_to_end || ended.is_some() {
                        return Ok(Watched {
                            exit: ended.unwrap_or(Exit::from(received.signal)),
                            link_error,
                            tree_ended: false,
                        });
                    }
                    asked_to_end = true;
                }
            }
        }
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR;
        if events.calls.intersects(gone) && !events.calls.contains(PollFlags::POLLIN) {
            return Ok(Watched {
                exit: command.wait().context("cannot wait for the command")?,
                link_error,
                tree_ended: true,
            });
        }
    }
}

/// What there is to do.
struct Events {
    signals: bool,
    tap: PollFlags,
    calls: PollFlags,
}

/// Waits for a signal, for what the tap has, or for a call.
fn wait(signals: &Signals, tap: &Tap, calls: &Supervisor) -> nix::Result<Events> {
    let mut all =
        [signals.as_fd(), tap.as_fd(), calls.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    match poll(&mut all, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno),
    }
    let [signals, tap, calls] = all.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
    Ok(Events {
        signals: !signals.is_empty(),
        tap,
        calls,
    })
}

/// What the file says about where it comes from.
fn origin(args: &RecordArgs, link: &Link) -> Origin {
    let names = uname().ok();
    let text = |name: &OsStr| name.to_string_lossy().into_owned();
    let hostname = names.as_ref().map(|names| text(names.nodename()));
    Origin {
        command: text::command_line(&args.command),
        hostname: hostname.filter(|_| !args.anonymous),
        namespace: stat("/proc/self/ns/net").ok().map(|stat| stat.st_ino),
        hardware: names
            .as_ref()
            .map_or_else(String::new, |names| text(names.machine())),
        system: names.as_ref().map_or_else(String::new, |names| {
            format!("{} {}", text(names.sysname()), text(names.release()))
        }),
        link: link.shown(),
    }
}
