// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask soak`: what could break the module or the recorder, at length, in a
//! guest of its own.
//!
//! Each check is a command of this program that runs in the guest; the host's half starts
//! the guest and reads its log, in which a sound kernel complains of nothing.

mod churn;
mod decode;
mod faults;
mod health;
mod hostile;
mod record;
mod reload;
mod socket;
mod ties;

use crate::{
    args::{SoakArgs, SoakWhat},
    cargo,
    guest::complaints::complaint,
    kmod, paths,
};
use anyhow::{Context, Result, bail, ensure};
use std::{fs, process::Command, time::Duration};

/// How long something may take, on whatever machine, that takes next to no time.
const PATIENCE: Duration = Duration::from_secs(120);

/// `cargo xtask soak`.
pub(crate) fn task(args: &SoakArgs) -> Result<()> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    if let SoakWhat::Dissector = args.what {
        return dissector(args.count.unwrap_or_else(|| args.what.count()));
    }
    if args.in_guest {
        return in_guest(args, seed);
    }
    let count = args.count.unwrap_or_else(|| args.what.count());
    match args.what {
        SoakWhat::Decode => return decode::run(count, seed),
        SoakWhat::Ties => return ties::run(count, seed),
        _ => {}
    }
    let xtask = paths::own()?;
    let dmesg = tempfile::NamedTempFile::new().context("cannot create a file for the log")?;
    let mut guest = Command::new(&xtask);
    guest
        .args(["guest", "--kernel", &args.on.kernel, "--mem", "1500M"])
        // Where it watches on request: of faults, the leaks are half the matter.
        .args(matches!(args.what, SoakWhat::Faults).then_some("--kmemleak"))
        .args(["--timeout", "0", "--dmesg"])
        .arg(dmesg.path())
        .arg("--")
        .arg(&xtask)
        .args(["soak", args.what.name(), "--in-guest"])
        .args(["--kernel", &args.on.kernel])
        .args(["--seed", &seed.to_string()]);
    if let Some(count) = args.count {
        guest.args(["--count", &count.to_string()]);
    }
    if let Some(only) = &args.only {
        guest.args(["--only", only]);
    }
    let status = guest.status().context("cannot run the guest")?;
    let mut log = fs::read_to_string(dmesg.path()).context("cannot read the guest's log")?;
    if let SoakWhat::Faults = args.what {
        // A large allocation that fails says so, with a trace: that is no complaint there.
        log = log.replace("Call Trace", "Trace");
    }
    if let Some(complaint) = complaint(&log) {
        bail!("the kernel logged problems:\n{complaint}");
    }
    if !status.success() {
        bail!("{} failed: {status}; seed {seed}", args.what.name());
    }
    Ok(())
}

/// The tests of the dissector that know how often, more often.
fn dissector(captures: u64) -> Result<()> {
    crate::run::check(
        cargo::command()
            .args([
                "test",
                "--package",
                "nl-dissector",
                "--test",
                "damage",
                "--test",
                "lua",
            ])
            .env("NL_UTIL_SOAK", captures.to_string())
            .env("NL_UTIL_SOAK_PAYLOADS", (captures * 50).to_string()),
    )
}

fn in_guest(args: &SoakArgs, seed: u64) -> Result<()> {
    println!("{}: seed {seed}", args.what.name());
    let count = args.count.unwrap_or_else(|| args.what.count());
    match args.what {
        SoakWhat::Hostile => hostile::run(count, seed)?,
        SoakWhat::Decode | SoakWhat::Ties => bail!("{} needs no guest", args.what.name()),
        SoakWhat::Churn => churn::run(count, seed)?,
        SoakWhat::Reload => reload::run(count, &kmod::file(&args.on.kernel)?)?,
        SoakWhat::Dissector => bail!("the dissector needs no guest"),
        SoakWhat::Faults => faults::run(count, &kmod::file(&args.on.kernel)?)?,
        SoakWhat::Record => record::run_all(count, args.only.as_deref().unwrap_or(""))?,
    }
    health::check()
}

/// Runs a shell script (`sh -eu`).
fn sh(script: &str) -> Result<()> {
    let status = Command::new("sh").args(["-euc", script]).status()?;
    ensure!(status.success(), "`{script}` failed: {status}");
    Ok(())
}
