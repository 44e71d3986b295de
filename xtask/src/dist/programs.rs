// SPDX-License-Identifier: GPL-2.0-or-later
//! The programs, built so that nothing shows where.

use super::release::Release;
use crate::{cargo, run};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What runs on every Linux of this processor, since it is static.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Their packages and names.
pub(super) const PROGRAMS: &[&str] = &["nlcap", "nl_user"];

/// What the sources' folder is called in messages of the programs.
const SOURCE: &str = "/usr/src/nl-util";

/// Roughly what they are made of.
const CRATES: u64 = 115;

/// What was built.
pub(super) struct Built {
    /// The folder with the programs.
    pub(super) dir: PathBuf,
    /// By which compiler, and over which C library.
    pub(super) by: String,
}

/// Builds the programs of the tree `source`, with all that is not needed below `work`.
pub(super) fn build(release: &Release, source: &Path, work: &Path) -> Result<Built> {
    let target = work.join("target");
    let home = work.join("cargo");
    fs::create_dir(&home).with_context(|| format!("cannot create {}", home.display()))?;
    let mut cmd = cargo::command("build --release --locked --offline --color never");
    for program in PROGRAMS {
        cmd.args(["--package", program]);
    }
    let rename = format!("--remap-path-prefix={}={SOURCE}", source.display());
    cmd.args(["--target", TARGET])
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags=[{rename:?}]"))
        .args(["--config", "profile.release.strip='symbols'"])
        .current_dir(source);
    hermetic(&mut cmd, release);
    // Its settings and crates are those of the tree.
    cmd.env("CARGO_HOME", &home)
        .env("CARGO_TARGET_DIR", &target);
    let log = work.join("build.log");
    let title = "building the programs to distribute";
    run::logged(&mut cmd, &log, title, CRATES, cargo::is_step)?;
    Ok(Built {
        dir: target.join(TARGET).join("release"),
        by: made_by(source)?,
    })
}

/// What is set where this task was called may say how somebody builds by hand.
fn hermetic(cmd: &mut Command, release: &Release) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_rusts = text.starts_with("CARGO") || text.starts_with("RUST");
        let is_needed = ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN"].contains(&text.as_ref());
        let is_cs = ["CC", "CFLAGS", "LDFLAGS", "LIBRARY_PATH"].contains(&text.as_ref());
        if (is_rusts && !is_needed) || is_cs {
            cmd.env_remove(&name);
        }
    }
    cmd.env("SOURCE_DATE_EPOCH", release.time.to_string())
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
}

/// As in `rustc 1.91.0 (…), glibc 2.36`.
fn made_by(source: &Path) -> Result<String> {
    let mut rustc = Command::new("rustc");
    let rustc = run::output(rustc.arg("--version").current_dir(source))?;
    let libc = run::output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    Ok(format!("{rustc}, {libc}"))
}
