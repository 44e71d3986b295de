// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap` records the netlink conversation of a command, shows and compares
//! recordings.

mod attribution;
mod commands;
mod exit;
mod file;
mod messages;
mod report;
mod session;
mod show;
mod sys;
mod taps;
mod terminal;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run().into()
}
