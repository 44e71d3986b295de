// SPDX-License-Identifier: GPL-2.0-or-later
//! The commands of `nlcap`, a file each, and the command line.
//!
//! Here, and nowhere below, it is known what was typed: each command turns its arguments
//! into plain options of the rooms that do the work, and their errors into an exit code.

mod args;
mod compare;
mod families;
mod record;
mod report;
mod show;
mod taps;
mod trace;

use clap::{CommandFactory, Parser};

use self::args::{Action, Args};
use crate::exit::{Exit, WrongUsage};
use crate::session::command::StartError;
use crate::terminal::text;

/// Runs what the command line asks for.
pub(crate) fn run() -> Exit {
    let (result, failed) = match Args::parse().action {
        Action::Families(args) => (families::run(&args), Exit::Failed),
        Action::Record(args) => (record::run(&args), Exit::Recorder),
        Action::Compare(args) => (compare::run(&args), Exit::Failed),
        Action::Report(args) => (report::run(&args), Exit::Failed),
        Action::Show(args) => (show::run(&args), Exit::Failed),
        Action::Taps(args) => (taps::run(&args), Exit::Failed),
        Action::Trace(args) => (trace::run(&args), Exit::Recorder),
        Action::Completions(args) => (done(args.run(Args::command())), Exit::Failed),
        Action::Man(args) => (done(args.run(Args::command())), Exit::Failed),
    };
    result.unwrap_or_else(|error| {
        text::say(&format_args!("{error:#}"));
        if error.is::<WrongUsage>() {
            return Exit::WrongUsage;
        }
        // A command that cannot be started has exit codes of its own.
        error.downcast_ref().map_or(failed, StartError::exit)
    })
}

fn done(result: std::io::Result<()>) -> anyhow::Result<Exit> {
    Ok(result.map(|()| Exit::Success)?)
}
