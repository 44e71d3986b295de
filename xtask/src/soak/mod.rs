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
mod namespace;
mod record;
mod reload;
mod socket;
mod ties;

use crate::{
    cargo,
    guest::{self, complaints::complaint},
    kernel::KernelChoice,
    kmod, run,
};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::{ffi::OsStr, fs};

#[derive(clap::Args)]
pub(crate) struct SoakArgs {
    /// The test to run
    test: SoakTest,
    #[command(flatten)]
    on: KernelChoice,
    /// Number of messages, inputs, rounds, allocations, or runs of each command
    /// [default: 1000000, 1000000, 100000, 300, 100, 2000, 500, 100]
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,
    /// Only commands of `record` whose names contain TEXT
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Repeat the run with this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// This is the half that runs in the guest
    #[arg(long, hide = true)]
    in_guest: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SoakTest {
    /// Hostile messages, mutated from the definition and random
    Hostile,
    /// Arbitrary bytes as a capture file for `nlcap show`, with libFuzzer (on this machine)
    Decode,
    /// Answers tied to their requests by `nlcap show`, against what a generator of
    /// conversations knows (on this machine)
    Ties,
    /// Interfaces created, deleted and moved while clients list, dump and listen
    Churn,
    /// The module unloaded and loaded under load; namespaces deleted with sockets open
    Reload,
    /// The Wireshark dissector: corrupted recordings through tshark, and 50 times as many
    /// payloads through Lua; needs no guest
    Dissector,
    /// Allocation failures, injected one after the other (needs a kernel with checkers)
    Faults,
    /// Commands recorded by nlcap while others send the same messages: none missing, none
    /// foreign
    Record,
}

impl SoakTest {
    /// As the command line has it.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |it| it.get_name().to_owned())
    }

    /// How much of it there is by default.
    fn count(self) -> u64 {
        match self {
            Self::Hostile | Self::Decode => 1_000_000,
            Self::Ties => 100_000,
            Self::Churn => 300,
            Self::Reload => 100,
            Self::Dissector => 2000,
            Self::Faults => 500,
            Self::Record => 100,
        }
    }
}

/// `cargo xtask soak`.
pub(crate) fn task(args: &SoakArgs) -> Result<()> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let count = args.count.unwrap_or_else(|| args.test.count());
    match args.test {
        SoakTest::Dissector => return dissector(count),
        SoakTest::Decode => return decode::run(count, seed),
        SoakTest::Ties => return ties::run(count, seed),
        _ if args.in_guest => return in_guest(args, count, seed),
        _ => {}
    }
    let dmesg = tempfile::NamedTempFile::new().context("cannot create a file for the log")?;
    let options = [
        "--kernel",
        &args.on.kernel,
        "--mem",
        "1500M",
        "--timeout",
        "0",
    ];
    let mut options: Vec<_> = options.iter().map(OsStr::new).collect();
    options.extend([OsStr::new("--dmesg"), dmesg.path().as_os_str()]);
    if let SoakTest::Faults = args.test {
        // Where it watches on request: of faults, the leaks are half the matter.
        options.push(OsStr::new("--kmemleak"));
    }
    let mut guest = guest::command_of_own(&options)?;
    guest
        .args(["soak", &args.test.name(), "--in-guest"])
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
    if let SoakTest::Faults = args.test {
        // A large allocation that fails says so, with a trace: that is no complaint there.
        log = log.replace("Call Trace", "Trace");
    }
    if let Some(complaint) = complaint(&log) {
        bail!("the kernel logged problems:\n{complaint}");
    }
    if !status.success() {
        bail!("{} failed: {status}; seed {seed}", args.test.name());
    }
    Ok(())
}

/// The tests of the dissector that know how often, more often.
fn dissector(captures: u64) -> Result<()> {
    run::check(
        cargo::command("test --package nl-dissector --test damage --test lua")
            .env("NL_UTIL_SOAK", captures.to_string())
            .env("NL_UTIL_SOAK_PAYLOADS", (captures * 50).to_string()),
    )
}

fn in_guest(args: &SoakArgs, count: u64, seed: u64) -> Result<()> {
    println!("{}: seed {seed}", args.test.name());
    match args.test {
        SoakTest::Hostile => hostile::run(count, seed)?,
        SoakTest::Churn => churn::run(count, seed)?,
        SoakTest::Reload => reload::run(count, &kmod::file(&args.on.kernel)?)?,
        SoakTest::Decode | SoakTest::Dissector | SoakTest::Ties => {
            bail!("{} needs no guest", args.test.name())
        }
        SoakTest::Faults => faults::run(count, &kmod::file(&args.on.kernel)?)?,
        SoakTest::Record => record::run_all(count, args.only.as_deref().unwrap_or(""))?,
    }
    health::check()
}
