// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap` records the netlink conversation of a command, shows and compares
//! recordings.

mod args;
mod compare;
mod exit;
mod file;
mod record;
mod report;
mod show;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Action, Args};
use crate::exit::{Exit, WrongUsage};

fn main() -> ExitCode {
    let (result, failed) = match Args::parse().action {
        Action::Families(args) => (show::families::run(&args), Exit::Failed),
        Action::Record(args) => (record::run(&args), Exit::Recorder),
        Action::Compare(args) => (compare::run(&args), Exit::Failed),
        Action::Report(args) => (report::run(&args), Exit::Failed),
        Action::Show(args) => (show::run(&args), Exit::Failed),
        Action::Trace(args) => (record::trace::run(&args), Exit::Recorder),
    };
    let exit = result.unwrap_or_else(|error| {
        text::say(&format_args!("{error:#}"));
        if error.is::<WrongUsage>() {
            return Exit::WrongUsage;
        }
        // A command that cannot be started has exit codes of its own.
        error
            .downcast_ref()
            .map_or(failed, record::StartError::exit)
    });
    exit.into()
}
