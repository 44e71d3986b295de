// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench record`: what it costs a command to be recorded, against strace
//! and against tcpdump beside it.
//!
//! One boot. In each round every contender runs once, in an order that turns with the
//! rounds. Then the recorders themselves, under bursts ([`burst`]).

use super::{
    burst,
    module::{make_devices, quiet},
    samples::Samples,
};
use crate::{
    args::{BenchRecordArgs, BenchRecordInGuestArgs},
    cargo, paths, run,
};
use anyhow::{Context, Result, bail, ensure};
use comfy_table::{CellAlignment, Table, presets};
use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What is run: title, links that are there, and the command.
struct Row {
    title: &'static str,
    links: usize,
    command: Vec<String>,
}

/// Who runs it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Plain,
    Nlcap,
    StraceAll,
    StraceSockets,
    BesideTcpdump,
}

impl Who {
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

/// The tap of tcpdump.
const TAP: &str = "mon0";

/// tcpdump with the room for 64 MiB that it needs to lose little.
pub(super) const WITH_ROOM: [&str; 2] = ["-B", "65536"];

/// `cargo xtask bench record`.
pub(super) fn task(args: &BenchRecordArgs) -> Result<()> {
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
    let xtask = paths::own()?;
    let mut guest = Command::new(&xtask);
    guest
        .args([
            "guest",
            "--module",
            "none",
            "--mem",
            "1500M",
            "--timeout",
            "1800",
            "--",
        ])
        .arg(&xtask)
        .args(["bench", "record-in-guest", "--empty"])
        .arg(&empty)
        .args(["--rounds", &args.rounds.to_string()]);
    run::check(&mut guest)
}

/// `cargo xtask bench record-in-guest`.
pub(super) fn in_guest(args: &BenchRecordInGuestArgs) -> Result<()> {
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
    let mut table = table(["", "", "min ms", "median", "spread", "ratio", "ms more"]);
    let mut links = 0;
    for row in &rows {
        make_devices(links, row.links)?;
        links = row.links;
        let mut samples = Who::ALL.map(|_| Samples::default());
        for round in 0..args.rounds.max(1) as usize {
            for step in 0..Who::ALL.len() {
                let at = (round + step) % Who::ALL.len();
                samples[at].us.push(measure(Who::ALL[at], &row.command)?);
            }
        }
        let plain = samples[0].min();
        for (at, (who, samples)) in Who::ALL.iter().zip(&samples).enumerate() {
            let title = if at == 0 { row.title } else { "" };
            table.add_row([
                title.to_owned(),
                who.name().to_owned(),
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

pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for column in table.column_iter_mut().skip(if N > 5 { 2 } else { 1 }) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Runs the command once, in µs.
fn measure(who: Who, command: &[String]) -> Result<f64> {
    let beside = (who == Who::BesideTcpdump)
        .then(|| Tcpdump::start(&WITH_ROOM))
        .transpose()?;
    let mut words = who
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
        bail!("{}: {program} failed: {status}", who.name());
    }
    if let Some(tcpdump) = beside {
        tcpdump.stop()?;
    }
    Ok(time.as_secs_f64() * 1e6)
}

/// tcpdump on an nlmon link of its own.
pub(super) struct Tcpdump(pub(super) Child);

impl Tcpdump {
    pub(super) fn start(options: &[&str]) -> Result<Self> {
        run::check(Command::new("ip").args(["link", "add", TAP, "type", "nlmon"]))?;
        run::check(Command::new("ip").args(["link", "set", TAP, "up"]))?;
        let said = fs::File::create("tcpdump.err").context("cannot create a file")?;
        let child = Command::new("tcpdump")
            .args(["-i", TAP, "-s", "262144", "-w", "x.pcap"])
            .args(options)
            .stdin(Stdio::null())
            .stderr(said)
            .spawn()
            .context("cannot run tcpdump")?;
        wait_for(|| fs::read_to_string("tcpdump.err").is_ok_and(|it| it.contains("listening")))?;
        Ok(Self(child))
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result<()> {
        interrupt(&mut self.0)?;
        run::check(Command::new("ip").args(["link", "del", TAP]))
    }
}

pub(super) fn interrupt(child: &mut Child) -> Result<()> {
    run::check(Command::new("kill").args(["-INT", &child.id().to_string()]))?;
    let status = child.wait().context("cannot wait for a recorder")?;
    ensure!(status.success(), "a recorder failed: {status}");
    Ok(())
}

/// Waits until something is so.
pub(super) fn wait_for(is_so: impl Fn() -> bool) -> Result<()> {
    for _ in 0..1000 {
        if is_so() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("a recorder does not start")
}
