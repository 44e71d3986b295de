// SPDX-License-Identifier: GPL-2.0-or-later
//! Of which commit, when, and by which name.

use crate::{paths, run};
use anyhow::{Context, Result};
use std::process::Command;

/// The project's name, which begins that of every file.
pub(super) const NAME: &str = "nl-util";

/// What a build is made of.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) version: &'static str,
    /// In full.
    pub(super) commit: String,
    /// When it was committed, in seconds since 1970: the only date in what is built.
    pub(super) time: u64,
}

impl Release {
    /// The checkout's last commit.
    pub(super) fn of_checkout() -> Result<Self> {
        let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
        if !changed.is_empty() {
            let files = changed.lines().count();
            eprintln!("{files} files with changes that are not committed: they are left out");
        }
        let time = git(&["log", "-1", "--format=%ct"])?;
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: git(&["rev-parse", "HEAD"])?,
            time: time.parse().context("git names no time of the commit")?,
        })
    }

    /// As in nl-util-0.1.0.
    pub(super) fn name(&self) -> String {
        format!("{NAME}-{}", self.version)
    }

    /// The commit's day as programs write it by a format of date(1).
    pub(super) fn date(&self, format: &str) -> Result<String> {
        let mut date = Command::new("date");
        date.args(["--utc", &format!("--date=@{}", self.time), format]);
        run::output(date.env("LC_ALL", "C"))
    }
}

/// git in the checkout, and what it prints.
fn git(args: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    git.args(args).current_dir(paths::root());
    run::output(&mut git).context("a distribution is made of a git checkout")
}
