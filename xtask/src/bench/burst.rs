// SPDX-License-Identifier: GPL-2.0-or-later
//! What the recorders lose and use where messages come as fast as the kernel makes them.

use super::{
    client::{Client, Request},
    recorders::{Tcpdump, WITH_ROOM, interrupt, is_ready},
    table,
    usage::Usage,
};
use crate::run;
use anyhow::{Context, Result, ensure};
use comfy_table::Table;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// A burst: link dumps back to back by one client, and then by `ip link show`, each a
/// process. Of 2,000 links that are 100 MB in about a second.
const DUMPS: usize = 30;
const COMMANDS: usize = 6;

/// Bursts for each recorder, with a pause behind each: what it uses is counted in ticks
/// of 10 ms.
const BURSTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// What a recorder did.
struct Row {
    name: &'static str,
    frames: u64,
    lost: u64,
    used: Usage,
    /// Messages that the client received, and those of them that the file has.
    received: u64,
    recorded: u64,
}

/// Measures each recorder with bursts of its own.
pub(super) fn table() -> Result<Table> {
    let rows = [
        nlcap()?,
        tcpdump("tcpdump", &[])?,
        tcpdump("tcpdump -B 65536", &WITH_ROOM)?,
    ];
    let header = [
        "three bursts",
        "frames",
        "lost",
        "%",
        "messages received",
        "in the file",
        "µs/frame",
        "MiB",
    ];
    let mut table = table::table(header, 1);
    for row in rows {
        let all = (row.frames + row.lost).max(1) as f64;
        table.add_row([
            row.name.to_owned(),
            row.frames.to_string(),
            row.lost.to_string(),
            format!("{:.1}", row.lost as f64 / all * 100.0),
            row.received.to_string(),
            row.recorded.to_string(),
            format!(
                "{:.1}",
                row.used.ticks as f64 * 1e4 / row.frames.max(1) as f64
            ),
            format!("{:.1}", row.used.mib()),
        ]);
    }
    Ok(table)
}

fn nlcap() -> Result<Row> {
    let file = "n.pcapng";
    let mut child = Command::new("nlcap")
        .args(["record", "-w", file])
        .stdin(Stdio::null())
        .stderr(fs::File::create("nlcap.err").context("cannot create a file")?)
        .spawn()
        .context("cannot run nlcap")?;
    is_ready(|| fs::metadata(file).is_ok_and(|about| about.len() > 0))?;
    let load = bursts(child.id())?;
    interrupt(&mut child)?;
    let said = fs::read_to_string("nlcap.err").context("nlcap said nothing")?;
    Ok(Row {
        name: "nlcap record",
        frames: number_before(&said, "frames")?,
        lost: number_before(&said, "lost")?,
        used: load.used,
        received: load.received,
        recorded: recorded(file, load.port)?,
    })
}

fn tcpdump(name: &'static str, options: &[&str]) -> Result<Row> {
    let tcpdump = Tcpdump::start(options)?;
    let load = bursts(tcpdump.0.id())?;
    tcpdump.stop()?;
    let said = fs::read_to_string("tcpdump.err").context("tcpdump said nothing")?;
    Ok(Row {
        name,
        frames: number_before(&said, "packets captured")?,
        lost: number_before(&said, "packets dropped by kernel")?,
        used: load.used,
        received: load.received,
        recorded: recorded("x.pcap", load.port)?,
    })
}

/// The number that a program said before some words.
fn number_before(said: &str, words: &str) -> Result<u64> {
    let before = said.split(words).next().unwrap_or_default();
    let number = before.split_whitespace().next_back();
    let number = number.and_then(|it| it.trim_start_matches('(').parse().ok());
    number.with_context(|| format!("no number before {words} in {said}"))
}

/// The answers that a file has for a port id; the file goes.
fn recorded(file: &str, port: u32) -> Result<u64> {
    let count = format!("nlcap show -j {file} | grep -c '\"type\":16,.*\"port\":{port},'");
    let lines = run::output(Command::new("sh").args(["-c", &count]))?;
    fs::remove_file(file).with_context(|| format!("cannot remove {file}"))?;
    lines.trim().parse().context("grep counts")
}

/// What was asked of the kernel, and what it took the recorder.
struct Load {
    received: u64,
    port: u32,
    used: Usage,
}

fn bursts(recorder: u32) -> Result<Load> {
    let before = Usage::of(recorder);
    let mut client = Client::rtnetlink()?;
    let request = client.request(Request::RtnlDump);
    let mut received = 0;
    for _ in 0..BURSTS {
        for _ in 0..DUMPS {
            received += client.ask(&request)?.messages as u64;
        }
        for _ in 0..COMMANDS {
            run::check(run::command("ip link show").stdout(Stdio::null()))?;
        }
        std::thread::sleep(PAUSE);
    }
    let after = Usage::of(recorder);
    ensure!(
        Path::new(&format!("/proc/{recorder}")).exists(),
        "a recorder has ended"
    );
    Ok(Load {
        received,
        port: client.port()?,
        used: Usage {
            ticks: after.ticks - before.ticks,
            ..after
        },
    })
}
