// SPDX-License-Identifier: GPL-2.0-or-later
//! `nl_user`: shows Ethernet interfaces through the `nl_util` family.

mod args;
mod run;

use std::process::ExitCode;

use clap::Parser;

/// Exit statuses, as `--help` lists them. clap itself ends with 2 on wrong
/// usage.
enum Exit {
    Shown = 0,
    Failed = 1,
}

fn main() -> ExitCode {
    let exit = match run::run(&args::Args::parse()) {
        Ok(()) => Exit::Shown,
        Err(error) => {
            eprintln!("nl_user: {error:#}");
            Exit::Failed
        }
    };
    ExitCode::from(exit as u8)
}
