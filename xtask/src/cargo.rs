// SPDX-License-Identifier: GPL-2.0-or-later
//! Cargo, as a tool that tasks call.

use crate::{paths, run};
use anyhow::Result;
use std::{ffi::OsString, path::PathBuf, process::Command};

/// The cargo that runs this task, at the checkout's root, with arguments as one types them:
/// a blank ends each.
pub(crate) fn command(arguments: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cmd = Command::new(cargo);
    cmd.current_dir(paths::root());
    cmd.args(arguments.split_whitespace());
    cmd
}

/// A line of cargo's of which a bar makes a step.
pub(crate) fn is_step(line: &str) -> bool {
    line.trim_start().starts_with("Compiling ")
}

/// Roughly what the programs and what they stand on are made of.
const CRATES: u64 = 115;

/// Builds nlcap without optimization, which takes a quarter of the time, and says where it is.
pub(crate) fn build_nlcap() -> Result<PathBuf> {
    let target = paths::target_dir()?;
    let mut cmd = command("build -p nlcap --color never");
    cmd.env_remove("CARGO_TERM_QUIET");
    let log = target.join("nlcap.log");
    run::logged(&mut cmd, &log, "building nlcap", NLCAP_CRATES, is_step)?;
    Ok(target.join("debug/nlcap"))
}

/// Roughly what nlcap stands on.
const NLCAP_CRATES: u64 = 100;

/// Builds the release binaries that the guest's PATH holds.
pub(crate) fn build_release() -> Result<()> {
    let log = paths::target_dir()?.join("programs.log");
    // Its words are counted.
    let mut cmd = command("build --release -p nl_user -p nlcap --color never");
    cmd.env_remove("CARGO_TERM_QUIET");
    run::logged(&mut cmd, &log, "building the programs", CRATES, is_step)
}
