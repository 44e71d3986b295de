// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench tap`: what it costs a command to be recorded by its own system calls,
//! against strace, in processor time of the whole tree.
//!
//! In each round every contender runs once, in an order that turns with the rounds: on this
//! machine's own kernel, in a network namespace of its own, and in the guest, where there is
//! nlmon as well.

use super::{module::make_links, samples::Samples, table::table, usage::Usage};
use crate::{cargo, guest, paths, run};
use anyhow::{Context, Result, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike},
};
use std::{
    env,
    process::{Command, Stdio},
};

/// What is run: title, links that are there, and the command.
const ROWS: [(&str, usize, &[&str]); 5] = [
    ("ip link show, 2 links", 2, &["ip", "link", "show"]),
    ("ip link show, 200 links", 200, &["ip", "link", "show"]),
    ("ip link show, 2,000 links", 2000, &["ip", "link", "show"]),
    (
        "a shell with 50 forks",
        2000,
        &["sh", "-c", "for i in $(seq 50); do /bin/true; done"],
    ),
    (
        "a program without netlink",
        2000,
        &[
            "sh",
            "-c",
            "find /usr/share/doc /usr/include -name '*.h' | sort | md5sum",
        ],
    ),
];

const CALLS: &str = "trace=sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg";

/// Who runs it, and the words before the command.
const CONTENDERS: [(&str, &[&str]); 5] = [
    ("plain", &[]),
    (
        "nlcap, system calls",
        &[
            "nlcap", "record", "--tap", "syscalls", "-w", "x.pcapng", "--",
        ],
    ),
    (
        "strace --seccomp-bpf",
        &[
            "strace",
            "-f",
            "--seccomp-bpf",
            "-e",
            CALLS,
            "-o",
            "x.strace",
            "--",
        ],
    ),
    (
        "strace, with bytes",
        &[
            "strace",
            "-f",
            "--seccomp-bpf",
            "-e",
            CALLS,
            "-xx",
            "-s",
            "65536",
            "-o",
            "x.strace",
            "--",
        ],
    ),
    (
        NLMON,
        &["nlcap", "record", "--tap", "nlmon", "-w", "x.pcapng", "--"],
    ),
];

/// The one that only the guest has.
const NLMON: &str = "nlcap, nlmon";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 21)]
    rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct PlaceArgs {
    #[arg(long)]
    rounds: u32,
    #[arg(long)]
    in_guest: bool,
}

/// `cargo xtask bench tap`.
pub(super) fn task(args: &Args) -> Result<()> {
    cargo::build_release()?;
    let rounds = args.rounds.to_string();
    println!("on this machine");
    // Its own links are nobody else's business.
    let mut here = Command::new("unshare");
    here.arg(if rustix::process::geteuid().is_root() {
        "-n"
    } else {
        "-rn"
    });
    here.arg(paths::own()?);
    let path = env::join_paths(
        [paths::release_dir()?]
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    )?;
    here.env("PATH", path);
    run::check(here.args(["bench", "tap-in-place", "--rounds", &rounds]))?;
    println!("\nin the guest");
    let options = "--module none --mem 1500M --timeout 3600";
    let mut guest = guest::command_of_own(options.split(' '))?;
    guest.args(["bench", "tap-in-place", "--in-guest", "--rounds", &rounds]);
    run::check(&mut guest)
}

/// `cargo xtask bench tap-in-place`.
pub(super) fn in_place(args: &PlaceArgs) -> Result<()> {
    let dir = match args.in_guest {
        true => tempfile::tempdir_in("/run"),
        false => tempfile::tempdir(),
    };
    let dir = dir.context("cannot create a directory")?;
    env::set_current_dir(dir.path()).context("cannot go to a directory")?;
    let contenders: Vec<_> = CONTENDERS
        .iter()
        .filter(|(name, _)| args.in_guest || *name != NLMON)
        .collect();
    let mut table = table(
        [
            "",
            "",
            "min ms of CPU",
            "median",
            "spread",
            "ratio",
            "peak MiB",
        ],
        2,
    );
    // A kernel of few drivers has another kind of link that goes nowhere.
    let has_dummy = run::sh("ip link add d0 type dummy 2>/dev/null && ip link del d0").is_ok();
    let kind = if has_dummy { "dummy" } else { "ifb" };
    let mut links = 1;
    for (title, wanted, command) in ROWS {
        make_links(kind, links, wanted)?;
        links = wanted;
        let mut samples: Vec<_> = contenders.iter().map(|_| Samples::default()).collect();
        for round in 0..args.rounds.max(1) as usize {
            for step in 0..contenders.len() {
                let at = (round + step) % contenders.len();
                let us = processor_time(contenders[at].1, command)
                    .with_context(|| format!("{title}, {}", contenders[at].0))?;
                samples[at].us.push(us);
            }
        }
        let plain = samples[0].min();
        for (at, ((name, words), samples)) in contenders.iter().zip(&samples).enumerate() {
            table.add_row([
                if at == 0 { title } else { "" }.to_owned(),
                (*name).to_owned(),
                format!("{:.2}", samples.min() / 1e3),
                format!("{:.2}", samples.median() / 1e3),
                format!("{:.0} %", samples.spread() * 100.0),
                format!("{:.2}", samples.min() / plain),
                peak(words, command)?,
            ]);
        }
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

/// Runs the command once; the processor time of all processes, in µs.
fn processor_time(words: &[&str], command: &[&str]) -> Result<f64> {
    let before = used()?;
    let mut all = words.iter().chain(command);
    let program = all.next().context("no command")?;
    let status = Command::new(program)
        .args(all)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} failed: {status}");
    }
    Ok((used()? - before).num_microseconds() as f64)
}

/// Processor time of all children that have ended.
fn used() -> Result<TimeVal> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the usage")?;
    Ok(usage.user_time() + usage.system_time())
}

/// The greatest resident size of the recorder in one run, as far as looks at it see it.
fn peak(words: &[&str], command: &[&str]) -> Result<String> {
    let Some((program, rest)) = words.split_first() else {
        return Ok(String::new());
    };
    let mut recorder = Command::new(program);
    let usage = Usage::of_run(recorder.args(rest).args(command))?;
    Ok(format!("{:.1}", usage.mib()))
}
