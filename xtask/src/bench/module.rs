// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench module`: the module against rtnetlink, and against another module
//! of the same protocol that is loaded in turn.
//!
//! One boot, one client. A round asks every contender once, in an order that turns with
//! the rounds; ours twice, as `ours again`: where those two differ is noise.

use super::{
    client::{Client, Request},
    samples::Samples,
    table::table,
};
use crate::{guest, kernel::Kernel, kmod, run};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// What is measured: title, Ethernet devices that are there, requests, and how often a
/// round asks.
struct Row {
    title: &'static str,
    devices: usize,
    ours: fn(u32) -> Request,
    rtnl: fn(u32) -> Request,
    times: u32,
}

const ROWS: [Row; 5] = [
    Row {
        title: "L2_LIST do, 1 device",
        devices: 1,
        ours: |_| Request::List,
        rtnl: |_| Request::RtnlDump,
        times: 1000,
    },
    Row {
        title: "L2_LIST do, 30 devices",
        devices: 30,
        ours: |_| Request::List,
        rtnl: |_| Request::RtnlDump,
        times: 500,
    },
    Row {
        title: "L2_IID",
        devices: 30,
        ours: Request::ByIndex,
        rtnl: Request::RtnlByIndex,
        times: 1000,
    },
    Row {
        title: "dump, 1,000 devices",
        devices: 1000,
        ours: |_| Request::Dump,
        rtnl: |_| Request::RtnlDump,
        times: 30,
    },
    Row {
        title: "dump, 10,000 devices",
        devices: 10_000,
        ours: |_| Request::Dump,
        rtnl: |_| Request::RtnlDump,
        times: 4,
    },
];

/// Contender is measured, in the order of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Contender {
    Ours,
    OursAgain,
    Peer,
    Rtnetlink,
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "nl_kernel",
            Self::OursAgain => "nl_kernel again",
            Self::Peer => "the other module",
            Self::Rtnetlink => "RTM_GETLINK",
        }
    }
}

/// What was measured of a row, by contender.
#[derive(Serialize, Deserialize)]
struct Figures {
    title: String,
    devices: usize,
    samples: BTreeMap<Contender, Samples>,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Another module that implements the family, loaded in turn with nl_kernel
    #[arg(long, value_name = "FILE.ko")]
    peer_module: Option<PathBuf>,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    rounds: u32,
    /// Also write all figures to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct GuestArgs {
    #[arg(long)]
    ours: PathBuf,
    #[arg(long)]
    peer: Option<PathBuf>,
    #[arg(long)]
    rounds: u32,
    #[arg(long)]
    results: PathBuf,
}

/// `cargo xtask bench module`.
pub(super) fn task(args: &Args) -> Result<()> {
    let ours = kmod::ensure(Kernel::named("default")?)?;
    let results = tempfile::NamedTempFile::new().context("cannot create a file for the results")?;
    let options = "--module none --mem 2500M --timeout 1800";
    let mut guest = guest::command_of_own(options.split(' '))?;
    guest
        .args(["bench", "module-in-guest", "--ours"])
        .arg(&ours)
        .args(["--rounds", &args.rounds.to_string(), "--results"])
        .arg(results.path());
    if let Some(peer) = &args.peer_module {
        let peer = std::path::absolute(peer).context("cannot find the other module")?;
        guest.arg("--peer").arg(peer);
    }
    run::check(&mut guest)?;
    let text = fs::read_to_string(results.path()).context("the guest wrote no results")?;
    let rows: Vec<Figures> = serde_json::from_str(&text).context("cannot read the results")?;
    print(&rows, args.rounds);
    if let Some(file) = &args.json {
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn print(rows: &[Figures], rounds: u32) {
    let header = [
        "",
        "",
        "min µs",
        "median",
        "spread",
        "ratio",
        "µs/device",
        "bytes/device",
        "messages",
    ];
    let mut table = table(header, 2);
    for row in rows {
        let base = row
            .samples
            .get(&Contender::Ours)
            .map_or(f64::NAN, Samples::min);
        for (index, (contender, samples)) in row.samples.iter().enumerate() {
            let devices = if row.title == "L2_IID" {
                1
            } else {
                row.devices
            };
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let (devices, bytes) = (devices as f64, samples.bytes as f64);
            let title = if index == 0 { row.title.as_str() } else { "" };
            table.add_row([
                title.to_owned(),
                contender.name().to_owned(),
                format!("{:.1}", samples.min()),
                format!("{:.1}", samples.median()),
                format!("{:.0} %", samples.spread() * 100.0),
                format!("{:.2}", samples.min() / base),
                format!("{:.3}", samples.min() / devices),
                format!("{:.1}", bytes / devices),
                samples.messages.to_string(),
            ]);
        }
    }
    println!("{table}");
    println!(
        "\n{rounds} rounds in one boot; ratio: minimum time, relative to nl_kernel's. RTM_GETLINK \
         reports lo too.\nThe other module logs nothing; nl_kernel's log rate limit is exhausted \
         beforehand, and no console is attached."
    );
}

/// The half that runs in the guest.
pub(super) fn in_guest(args: &GuestArgs) -> Result<()> {
    quiet()?;
    let mut devices = 1; // dummy0
    let mut measured = Vec::new();
    for row in &ROWS {
        make_devices(devices, row.devices)?;
        devices = row.devices;
        eprintln!("{} …", row.title);
        let mut samples: BTreeMap<Contender, Samples> = BTreeMap::new();
        for round in 0..args.rounds {
            let mut order = vec![
                (Contender::Ours, &args.ours),
                (Contender::OursAgain, &args.ours),
            ];
            order.extend(args.peer.as_ref().map(|peer| (Contender::Peer, peer)));
            let turn = usize::try_from(round)? % order.len();
            order.rotate_left(turn);
            for (contender, module) in order {
                let loaded = LoadedModule::new(module)?;
                let client = Client::nl_util()?;
                measure(samples.entry(contender).or_default(), client, row, row.ours)?;
                drop(loaded);
            }
            let samples = samples.entry(Contender::Rtnetlink).or_default();
            measure(samples, Client::rtnetlink()?, row, row.rtnl)?;
        }
        measured.push(Figures {
            title: row.title.to_owned(),
            devices: row.devices,
            samples,
        });
    }
    let text = serde_json::to_string_pretty(&measured)?;
    fs::write(&args.results, text)
        .with_context(|| format!("cannot write {}", args.results.display()))
}

/// One round of one contender.
fn measure(
    samples: &mut Samples,
    mut client: Client,
    row: &Row,
    ask: fn(u32) -> Request,
) -> Result<()> {
    let index = fs::read_to_string("/sys/class/net/dummy0/ifindex")
        .context("cannot read dummy0's index")?;
    let request = client.request(ask(index.trim().parse()?));
    // What may log does so in the first requests after a module is loaded.
    for _ in 0..20.min(row.times) {
        client.ask(&request)?;
    }
    let start = Instant::now();
    let mut total = client.ask(&request)?;
    for _ in 1..row.times {
        total = client.ask(&request)?;
    }
    samples
        .us
        .push(start.elapsed().as_secs_f64() * 1e6 / f64::from(row.times));
    (samples.bytes, samples.messages) = (total.bytes, total.messages);
    Ok(())
}

/// The kernel's log goes to no console.
pub(super) fn quiet() -> Result<()> {
    fs::write("/sys/module/printk/parameters/ignore_loglevel", "N")
        .and_then(|()| fs::write("/proc/sys/kernel/printk", "1"))
        .context("cannot quieten the kernel's console")
}

/// Adds dummy devices: there are `have`, there are to be `want`.
pub(super) fn make_devices(have: usize, want: usize) -> Result<()> {
    make_links("dummy", have, want)
}

/// Adds links of a kind that needs nothing but a name.
pub(super) fn make_links(kind: &str, have: usize, want: usize) -> Result<()> {
    let batch: String = (have..want)
        .map(|i| format!("link add d{i} type {kind}\n"))
        .collect();
    let file = tempfile::NamedTempFile::new().context("cannot create a file")?;
    fs::write(file.path(), batch).context("cannot write a file")?;
    run::check(Command::new("ip").arg("-batch").arg(file.path()))?;
    // What new links have to say is over soon; IPv6 is not asked on links that are down.
    std::thread::sleep(Duration::from_millis(300));
    Ok(())
}

/// A module that is loaded until this is dropped.
struct LoadedModule(PathBuf);

impl LoadedModule {
    fn new(file: &Path) -> Result<Self> {
        run::check(Command::new("insmod").arg(file))?;
        Ok(Self(file.to_owned()))
    }
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        let name = self.0.file_stem().unwrap_or_default();
        if let Err(err) = run::check(Command::new("rmmod").arg(name)) {
            eprintln!("{err:#}");
        }
    }
}
