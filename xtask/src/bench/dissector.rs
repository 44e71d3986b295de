// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench dissector`: tshark with our plugin, against tshark without it and
//! against Wireshark's dissector of rtnetlink, which is C.
//!
//! Processor time, user and system, of the fastest of several rounds. -V and -T fields
//! are measured on a tenth of the messages, and what starting costs is taken off there.

use super::{
    decode::{NETLINK, write_file},
    usage::Usage,
};
use crate::{kernel::Kernel, netlink::attr, paths};
use anyhow::{Context, Result};
use nl_dissector::emit::lua;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use ynl::model::Family;

/// Attributes of a message of ours, nests counted, and of a link's.
const OURS: f64 = 31.0;
const THEIRS: f64 = 30.0;

/// LINKTYPE_ETHERNET.
const ETHERNET: u32 = 1;

fn packet(protocol: u8, kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, protocol];
    bytes.extend((payload.len() as u32 + 16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(812_u32.to_ne_bytes());
    bytes.extend(payload);
    bytes
}

/// An answer of L2_LIST with three interfaces whose names have one to four digits, and
/// a fourth that only has an index.
fn listing(number: u32) -> Vec<u8> {
    let mut payload = vec![1, 1, 0, 0];
    for i in 0..3_u32 {
        // A spread of names that does not repeat soon.
        let index = (number * 3 + i).wrapping_mul(2_654_435_761) % 10_000;
        let word = |it: u32| it.to_ne_bytes();
        let netdev = [
            attr(1, &word(index)),
            attr(2, format!("veth{index}\0").as_bytes()),
            attr(3, &word(0x1003)),
            attr(4, &word(1500)),
            attr(6, &word(1000)),
            attr(5, &word(6)),
            attr(9, &[2, 0, 0, 0, 0, i as u8]),
            attr(8, &[0xff; 6]),
        ];
        payload.extend(attr(1, &netdev.concat()));
    }
    payload.extend(attr(
        1,
        &[attr(1, &[5, 0, 0, 0]), attr(4, &[0, 5, 0, 0])].concat(),
    ));
    packet(16, 0x24, 0, number, &payload)
}

/// RTM_NEWLINK of 30 attributes.
fn link(number: u32) -> Vec<u8> {
    let mut payload = vec![0, 0, 1, 0, 5, 0, 0, 0, 3, 0x10, 0, 0, 0, 0, 0, 0];
    payload.extend(attr(3, format!("veth{}\0", number % 10_000).as_bytes()));
    for kind in [
        13, 4, 50, 51, 27, 30, 31, 40, 41, 32, 35, 47, 48, 20, 28, 5, 10, 49, 37,
    ] {
        payload.extend(attr(kind, &[kind as u8, 0, 0, 0]));
    }
    for kind in [16, 17, 33, 39] {
        payload.extend(attr(kind, &[1]));
    }
    for kind in [6, 34, 38] {
        payload.extend(attr(kind, b"noqueue\0"));
    }
    for kind in [1, 2] {
        payload.extend(attr(kind, &[2, 0, 0, 0, 0, 1]));
    }
    payload.extend(attr(36, b"12345678"));
    packet(0, 16, 2, number, &payload)
}

/// A TCP segment over Ethernet.
fn segment(number: u32) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    bytes.extend([
        0x45, 0, 0, 140, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    bytes.extend((40_000 + number as u16 % 100).to_be_bytes());
    bytes.extend([0, 80]);
    bytes.extend((number * 100).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0x50, 0x10, 4, 0, 0, 0, 0, 0]);
    bytes.resize(bytes.len() + 100, b'x');
    bytes
}

/// A run of tshark: what it is called, and its words.
struct Run {
    name: &'static str,
    plugin: Option<PathBuf>,
    file: PathBuf,
    words: &'static [&'static str],
    best: Usage,
}

impl Run {
    fn command(&self) -> Command {
        let mut cmd = Command::new("tshark");
        cmd.arg("-n");
        if let Some(plugin) = &self.plugin {
            cmd.arg("-X")
                .arg(format!("lua_script:{}", plugin.display()));
        }
        cmd.arg("-r").arg(&self.file).args(self.words);
        cmd.env("HOME", self.file.parent().unwrap_or(Path::new("/")));
        cmd
    }
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 100_000)]
    messages: u32,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    rounds: u32,
}

/// `cargo xtask bench dissector`.
pub(super) fn task(args: &Args) -> Result<()> {
    let dir = tempfile::tempdir_in(paths::target_dir()?).context("cannot create a directory")?;
    let file = |name: &str| dir.path().join(name);
    let naming = packet(
        16,
        16,
        0,
        1,
        &[vec![1, 2, 0, 0], attr(2, b"nl_util\0"), attr(1, &[0x24, 0])].concat(),
    );
    let count = args.messages.max(10);
    let make = |name: &str, link_type, one: fn(u32) -> Vec<u8>, count: u32| {
        let first = (link_type == NETLINK).then(|| naming.clone());
        let packets: Vec<_> = first.into_iter().chain((0..count).map(one)).collect();
        write_file(&file(name), link_type, &packets, packets.len() as u32)
    };
    make("ours", NETLINK, listing, count)?;
    make("ours-tenth", NETLINK, listing, count / 10)?;
    make("none", NETLINK, listing, 0)?;
    make("link", NETLINK, link, count)?;
    make("link-tenth", NETLINK, link, count / 10)?;
    make("tcp", ETHERNET, segment, count)?;

    let specs = Kernel::named("default")?
        .source()?
        .join("Documentation/netlink/specs");
    let mut families = Vec::new();
    for entry in fs::read_dir(&specs).context("cannot read the kernel's specifications")? {
        let family = Family::load(&entry?.path());
        families.extend(
            family
                .ok()
                .filter(|it| it.protocol.is_generic() && !lua::is_built_in(it)),
        );
    }
    let all: Vec<&Family> = families.iter().collect();
    fs::write(file("all.lua"), lua::bundle(&all, "of a benchmark")?)
        .context("cannot write a plugin")?;

    let ours = paths::root().join("dissector/nl_util.lua");
    let run = |name, plugin: Option<&Path>, of: &str, words| Run {
        name,
        plugin: plugin.map(Path::to_owned),
        file: file(of),
        words,
        best: Usage::WORST,
    };
    let ours = Some(ours.as_path());
    let everything = file("all.lua");
    let mut runs = [
        run("start, no plugin", None, "none", &[]),
        run("start, nl_util", ours, "none", &[]),
        run(
            "start, all families",
            Some(everything.as_path()),
            "none",
            &[],
        ),
        run("list, no plugin", None, "ours", &[]),
        run("list", ours, "ours", &[]),
        run(
            "filter on a field",
            ours,
            "ours",
            &["-Y", "nl_util.netdev.ifindex == 77777"],
        ),
        run("-V, a tenth", ours, "ours-tenth", &["-V"]),
        run("-V in C, a tenth", None, "link-tenth", &["-V"]),
        run(
            "-T fields, a tenth",
            ours,
            "ours-tenth",
            &["-T", "fields", "-e", "nl_util.netdev.ifmtu"],
        ),
        run(
            "-T fields in C, a tenth",
            None,
            "link-tenth",
            &["-T", "fields", "-e", "netlink-route.ifla_mtu"],
        ),
        run("TCP, no plugin", None, "tcp", &[]),
        run("TCP", ours, "tcp", &[]),
        run("rtnetlink, no plugin", None, "link", &[]),
        run("rtnetlink", ours, "link", &[]),
    ];
    for _ in 0..args.rounds.max(1) {
        for run in &mut runs {
            run.best.count(Usage::of_run(&mut run.command())?);
        }
    }
    let seconds = |name: &str| {
        let run = runs
            .iter()
            .find(|it| it.name == name)
            .expect("a run of that name");
        run.best.seconds()
    };
    let ratio = |name: &str, peer: &str| seconds(name) / seconds(peer).max(0.01);
    // Of what is above the start, for each attribute.
    let each = |name: &str, peer: &str| {
        let ours = (seconds(name) - seconds("start, nl_util")).max(0.01) / OURS;
        let theirs = (seconds(peer) - seconds("start, no plugin")).max(0.01) / THEIRS;
        ours / theirs
    };
    for run in &runs {
        println!(
            "{:<26} {:>6.2} s  {:>6.1} MiB",
            run.name,
            run.best.seconds(),
            run.best.mib()
        );
    }
    let load = (seconds("start, all families") - seconds("start, no plugin")) * 1000.0;
    println!();
    for (what, figure, target) in [
        ("list / no plugin", ratio("list", "list, no plugin"), 3.0),
        (
            "filter / no plugin",
            ratio("filter on a field", "list, no plugin"),
            4.0,
        ),
        (
            "-V / C, an attribute",
            each("-V, a tenth", "-V in C, a tenth"),
            4.0,
        ),
        (
            "-T fields / C, an attribute",
            each("-T fields, a tenth", "-T fields in C, a tenth"),
            4.0,
        ),
        ("TCP / no plugin", ratio("TCP", "TCP, no plugin"), 1.1),
        (
            "rtnetlink / no plugin",
            ratio("rtnetlink", "rtnetlink, no plugin"),
            1.1,
        ),
        ("ms to load all families", load, 300.0),
    ] {
        let verdict = if figure <= target { "" } else { "  missed" };
        println!("{what:<28} {figure:>7.2}  at most {target}{verdict}");
    }
    println!("{} families, {count} messages", all.len());
    Ok(())
}
