// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench decode`: `nlcap show` against tshark on the same file.
//!
//! The file is the messages of `captures/samples/` over and over, a packet for each. What is
//! compared is processor time, user and system, of the fastest of several rounds: the machine
//! may be busy, and tshark has a second process in some of its forms.

use crate::{args::BenchDecodeArgs, cargo, kernel::Kernel, paths, run};
use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table, presets};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use ynl::decode::{Endian, messages};

/// Bytes of a pcap file's header, of a packet's in it, and of the cooked one.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
const COOKED_HEADER: usize = 16;

/// LINKTYPE_NETLINK.
pub(super) const NETLINK: u32 = 253;

/// How often a running program is looked at; what it uses after the last look is not seen.
const STEP: Duration = Duration::from_millis(5);

/// The fields of the default line, as far as Wireshark has them.
const FIELDS: [&str; 11] = [
    "frame.time",
    "netlink.hdr_pid",
    "netlink.hdr_type",
    "netlink.hdr_flags",
    "netlink.hdr_seq",
    "genl.cmd",
    "netlink-route.ifi_index",
    "netlink-route.ifi_flags",
    "netlink-route.ifla_ifname",
    "netlink-route.ifla_mtu",
    "netlink-route.ifla_txqlen",
];

/// What a run used.
#[derive(Clone, Copy, Default)]
pub(super) struct Used {
    /// Clock ticks, of which a second has 100 (`USER_HZ`).
    pub(super) ticks: u64,
    /// Greatest resident size, KiB.
    pub(super) memory: u64,
}

/// `cargo xtask bench decode`.
pub(super) fn task(args: &BenchDecodeArgs) -> Result<()> {
    cargo::build_release()?;
    let nlcap = paths::release_dir()?.join("nlcap");
    let specs = (Kernel::named("default")?.source()?).join("Documentation/netlink/specs");
    let dir = tempfile::tempdir_in(paths::target_dir()?).context("cannot create a directory")?;
    let [whole, tenth] = ["whole.pcap", "tenth.pcap"].map(|name| dir.path().join(name));
    let samples = sample_messages()?;
    write_file(&whole, NETLINK, &samples, args.messages)?;
    write_file(&tenth, NETLINK, &samples, args.messages / 10)?;

    let show = |options: &[&str], file: &Path| {
        let mut cmd = Command::new(&nlcap);
        cmd.arg("show")
            .args(options)
            .arg("--spec")
            .arg(&specs)
            .arg(file);
        cmd
    };
    let tshark = |options: &[&str], file: &Path| {
        let mut cmd = Command::new("tshark");
        cmd.args(options).arg("-r").arg(file);
        cmd
    };
    let mut fields = vec!["-T", "fields"];
    fields.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    let whole_count = u64::from(args.messages);
    let mut report = Command::new(&nlcap);
    report
        .args(["report", "-f", "json", "--spec"])
        .arg(&specs)
        .arg(&whole);
    let mut contenders = [
        ("nlcap show", show(&[], &whole), whole_count),
        ("nlcap report", report, whole_count),
        ("nlcap show, a tenth", show(&[], &tenth), whole_count / 10),
        (
            "nlcap show --count",
            show(&["--count"], &whole),
            whole_count,
        ),
        ("nlcap show -v", show(&["-v"], &tenth), whole_count / 10),
        ("nlcap show -j", show(&["-j"], &tenth), whole_count / 10),
        ("tshark -r", tshark(&[], &whole), whole_count),
        (
            "tshark -T fields, a tenth",
            tshark(&fields, &tenth),
            whole_count / 10,
        ),
        (
            "tshark -V, a tenth",
            tshark(&["-V"], &tenth),
            whole_count / 10,
        ),
    ];
    let mut best = [Used {
        ticks: u64::MAX,
        memory: 0,
    }; 9];
    for _ in 0..args.rounds.max(1) {
        for ((_, command, _), best) in contenders.iter_mut().zip(&mut best) {
            let used = watch(command)?;
            best.ticks = best.ticks.min(used.ticks);
            best.memory = best.memory.max(used.memory);
        }
    }
    let rate = |at: usize| contenders[at].2 as f64 * 100.0 / best[at].ticks.max(1) as f64;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "messages", "CPU s", "messages/s", "MiB", "times slower"]);
    for (at, ((name, _, count), used)) in contenders.iter().zip(best).enumerate() {
        table.add_row([
            (*name).to_owned(),
            count.to_string(),
            format!("{:.2}", used.ticks as f64 / 100.0),
            format!("{:.0}", rate(at)),
            format!("{:.1}", used.memory as f64 / 1024.0),
            format!("{:.1}", rate(0) / rate(at)),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

/// Each message of the samples with a cooked header before it.
fn sample_messages() -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for name in ["nl_user-show-veth0", "ip-link-show"] {
        let sample = paths::root().join(format!("captures/samples/{name}.pcapng"));
        let dir = tempfile::tempdir().context("cannot create a directory")?;
        let pcap = dir.path().join("sample.pcap");
        // What the command said alone: of what nlcap adds there is much more.
        let mut tshark = Command::new("tshark");
        tshark.args(["-Y", "!(frame.comment == \"added by nlcap\")"]);
        tshark.args(["-F", "nsecpcap", "-r"]).arg(&sample);
        run::check(tshark.arg("-w").arg(&pcap).stderr(Stdio::null()))?;
        let bytes = fs::read(&pcap).with_context(|| format!("cannot read {name}"))?;
        let mut at = FILE_HEADER;
        while let Some(header) = bytes.get(at..at + PACKET_HEADER) {
            let kept = Endian::native().u32(&header[8..]).unwrap_or(0) as usize;
            at += PACKET_HEADER;
            let packet = bytes.get(at..at + kept).context("a sample is cut off")?;
            at += kept;
            let (cooked, rest) = packet.split_at(COOKED_HEADER);
            let mut from = 0;
            for message in messages(rest, Endian::native()) {
                let length = message?.length as usize;
                all.push([cooked, &rest[from..from + length]].concat());
                from += length.next_multiple_of(4);
            }
        }
    }
    if all.is_empty() {
        bail!("the samples have no message");
    }
    Ok(all)
}

/// A pcap file of so many packets, 10 µs apart.
pub(super) fn write_file(path: &Path, link: u32, samples: &[Vec<u8>], count: u32) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        let words =
            |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|it| it.to_ne_bytes()).collect() };
        out.write_all(&words(&[0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, link]))?;
        for (number, packet) in (0..count).zip(samples.iter().cycle()) {
            let length = packet.len() as u32;
            let (second, rest) = (number / 100_000, number % 100_000);
            out.write_all(&words(&[
                1_767_323_045 + second,
                rest * 10_000,
                length,
                length,
            ]))?;
            out.write_all(packet)?;
        }
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Runs a program to its end.
pub(super) fn watch(command: &mut Command) -> Result<Used> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let mut used = Used::default();
    loop {
        // Of a process that has ended /proc still has the times, until it is waited for.
        let now = look(child.id());
        used.ticks = used.ticks.max(now.ticks);
        used.memory = used.memory.max(now.memory);
        if now.ended {
            break;
        }
        std::thread::sleep(STEP);
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {name}"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(used)
}

/// What is seen of a process.
#[derive(Default)]
pub(crate) struct Seen {
    pub(super) ticks: u64,
    /// Greatest resident size, KiB.
    pub(crate) memory: u64,
    ended: bool,
}

/// proc_pid_stat(5) and proc_pid_status(5).
pub(crate) fn look(pid: u32) -> Seen {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    // The name is in parentheses and may hold anything.
    let words: Vec<_> = (stat.rsplit(')').next().unwrap_or("").split_whitespace()).collect();
    let number = |at: usize| {
        words
            .get(at)
            .and_then(|it| it.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let memory = peak.and_then(|it| it.split_whitespace().next()?.parse().ok());
    Seen {
        // utime and stime, the 14th and 15th field of all.
        ticks: number(11) + number(12),
        memory: memory.unwrap_or(0),
        ended: words.first().is_none_or(|state| *state == "Z"),
    }
}
