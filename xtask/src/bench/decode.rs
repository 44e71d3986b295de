// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench decode`: `nlcap show` against tshark on the same file.
//!
//! The file is the messages of `captures/samples/` over and over, a packet for each. What is
//! compared is processor time, user and system, of the fastest of several rounds: the machine
//! may be busy, and tshark has a second process in some of its forms.

use super::{table::table, usage::Usage};
use crate::{cargo, kernel::Kernel, paths, run};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
};
use ynl::decode::{Endian, messages};

/// Bytes of a pcap file's header, of a packet's in it, and of the cooked one.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
const COOKED_HEADER: usize = 16;

/// LINKTYPE_NETLINK.
pub(super) const NETLINK: u32 = 253;

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

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 1_000_000)]
    messages: u32,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    rounds: u32,
}

/// `cargo xtask bench decode`.
pub(super) fn task(args: &Args) -> Result<()> {
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
    let mut best = [Usage::WORST; 9];
    for _ in 0..args.rounds.max(1) {
        for ((_, command, _), best) in contenders.iter_mut().zip(&mut best) {
            best.count(Usage::of_run(command)?);
        }
    }
    let rate = |at: usize| contenders[at].2 as f64 * 100.0 / best[at].ticks.max(1) as f64;
    let header = ["", "messages", "CPU s", "messages/s", "MiB", "times slower"];
    let mut table = table(header, 1);
    for (at, ((name, _, count), usage)) in contenders.iter().zip(best).enumerate() {
        table.add_row([
            (*name).to_owned(),
            count.to_string(),
            format!("{:.2}", usage.seconds()),
            format!("{:.0}", rate(at)),
            format!("{:.1}", usage.mib()),
            format!("{:.1}", rate(0) / rate(at)),
        ]);
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
