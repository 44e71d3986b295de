// SPDX-License-Identifier: GPL-2.0-or-later
//! Cargo, as a tool that tasks call.

use crate::{paths, run};
use anyhow::Result;
use std::{ffi::OsString, process::Command};

/// The cargo that runs this task, at the checkout's root.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cmd = Command::new(cargo);
    cmd.current_dir(paths::root());
    cmd
}

/// Builds the release binaries that the guest's PATH holds.
pub(crate) fn build_release() -> Result<()> {
    let mut cmd = command();
    cmd.args([
        "build",
        "--quiet",
        "--release",
        "-p",
        "nl_user",
        "-p",
        "nlcap",
    ]);
    run::check(&mut cmd)
}
