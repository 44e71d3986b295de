// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench record`: what it costs a command to be recorded, against strace
//! and against tcpdump beside it.
//!
//! One boot. In each round every contender runs once, in an order that turns with the
//! rounds. Then the recorders themselves, under bursts ([`burst`]).

use super::{
    burst,
    module::{make_devices, quiet},
    recorders::{Tcpdump, WITH_ROOM},
    samples::Samples,
    table::table,
};
use crate::{cargo, guest, run};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

/// What is run: title, links that are there, and the command.
struct Row {
    title: &'static str,
    links: usize,
    command: Vec<String>,
}

/// Contender runs it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contender {
    Plain,
    Nlcap,
    StraceAll,
    StraceSockets,
    BesideTcpdump,
}

impl Contender {
    const ALL: [Self; 5] = [
        Self::Plain,
        Self::Nlcap,
        Self::StraceAll,
        Self::StraceSockets,
        Self::BesideTcpdump,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Nlcap => "nlcap record",
            Self::StraceAll => "strace -f",
            Self::StraceSockets => "strace --seccomp-bpf",
            Self::BesideTcpdump => "beside tcpdump",
        }
    }

    /// The words before the command.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::BesideTcpdump => &[],
            Self::Nlcap => &["nlcap", "record", "-w", "x.pcapng", "--"],
            Self::StraceAll => &["strace", "-f", "-o", "x.strace", "--"],
            Self::StraceSockets => &[
                "strace",
                "-f",
                "--seccomp-bpf",
                "-e",
                "trace=socket,bind,sendto,sendmsg,recvmsg",
                "-o",
                "x.strace",
                "--",
            ],
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct GuestArgs {
    #[arg(long)]
    empty: PathBuf,
    #[arg(long)]
    rounds: u32,
}

/// `cargo xtask bench record`.
pub(super) fn task(args: &Args) -> Result<()> {
    cargo::build_release()?;
    let dir = tempfile::tempdir().context("cannot create a directory")?;
    let [source, empty] = ["empty.c", "empty"].map(|name| dir.path().join(name));
    fs::write(&source, "int main(void) { return 0; }\n").context("cannot write a file")?;
    run::check(
        Command::new("cc")
            .args(["-static", "-O2", "-o"])
            .arg(&empty)
            .arg(&source),
    )?;
    let options = "--module none --mem 1500M --timeout 1800";
    let mut guest = guest::command_of_own(options.split(' '))?;
    guest
        .args(["bench", "record-in-guest", "--empty"])
        .arg(&empty);
    run::check(guest.args(["--rounds", &args.rounds.to_string()]))
}

/// `cargo xtask bench record-in-guest`.
pub(super) fn in_guest(args: &GuestArgs) -> Result<()> {
    quiet()?;
    // Files in memory: no disk is measured.
    std::env::set_current_dir("/run").context("cannot go to /run")?;
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let empty = args.empty.display().to_string();
    let forks = format!("for i in $(seq 50); do {empty}; done");
    let rows = [
        Row {
            title: "an empty static program",
            links: 10,
            command: vec![empty],
        },
        Row {
            title: "a shell with 50 forks",
            links: 10,
            command: vec!["sh".into(), "-c".into(), forks],
        },
        Row {
            title: "ip link show, 10 links",
            links: 10,
            command: words("ip link show"),
        },
        Row {
            title: "ip link show, 2,000 links",
            links: 2000,
            command: words("ip link show"),
        },
    ];
    let mut table = table(
        ["", "", "min ms", "median", "spread", "ratio", "ms more"],
        2,
    );
    let mut links = 0;
    for row in &rows {
        make_devices(links, row.links)?;
        links = row.links;
        let mut samples = Contender::ALL.map(|_| Samples::default());
        for round in 0..args.rounds.max(1) as usize {
            for step in 0..Contender::ALL.len() {
                let at = (round + step) % Contender::ALL.len();
                samples[at]
                    .us
                    .push(measure(Contender::ALL[at], &row.command)?);
            }
        }
        let plain = samples[0].min();
        for (at, (contender, samples)) in Contender::ALL.iter().zip(&samples).enumerate() {
            let title = if at == 0 { row.title } else { "" };
            table.add_row([
                title.to_owned(),
                contender.name().to_owned(),
                format!("{:.1}", samples.min() / 1e3),
                format!("{:.1}", samples.median() / 1e3),
                format!("{:.0} %", samples.spread() * 100.0),
                format!("{:.2}", samples.min() / plain),
                format!("{:.1}", (samples.min() - plain) / 1e3),
            ]);
        }
    }
    println!("{}\n", table.trim_fmt());
    println!("{}", burst::table()?.trim_fmt());
    Ok(())
}

/// Runs the command once, in µs.
fn measure(contender: Contender, command: &[String]) -> Result<f64> {
    let beside = (contender == Contender::BesideTcpdump)
        .then(|| Tcpdump::start(&WITH_ROOM))
        .transpose()?;
    let mut words = contender
        .words()
        .iter()
        .copied()
        .chain(command.iter().map(String::as_str));
    let program = words.next().context("no command")?;
    let mut run = Command::new(program);
    run.args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let status = run
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    let time = start.elapsed();
    if !status.success() {
        bail!("{}: {program} failed: {status}", contender.name());
    }
    if let Some(tcpdump) = beside {
        tcpdump.stop()?;
    }
    Ok(time.as_secs_f64() * 1e6)
}
