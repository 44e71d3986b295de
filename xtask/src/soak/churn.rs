// SPDX-License-Identifier: GPL-2.0-or-later
//! Interfaces that are made, renamed, moved and deleted while clients list, dump and
//! watch.
//!
//! Whatever the moment: every message is well-formed, and an interface that is never
//! touched is in every list and every dump exactly once.

use super::socket::{Message, Read, Socket, judge};
use crate::netlink::{NLM_F_DUMP, NLM_F_REQUEST, attrs};
use crate::{run::sh, wait::PATIENCE};
use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::{self, ScopedJoinHandle},
    time::Instant,
};
use ynl::model::{Family, SetId, nl_util};

/// Interfaces that nobody touches: more than one part of a dump holds.
const STILL: usize = 500;

/// Numbers of NETDEV and of IFNAME in it.
const NETDEV: u16 = 1;
const IFNAME: u16 = 2;

/// How much the clients have received.
#[derive(Default)]
struct Counts {
    lists: AtomicU64,
    dumps: AtomicU64,
    inconsistent: AtomicU64,
    /// Of those, the ones whose end alone says so: the list changed during the last part,
    /// which takes a second CPU.
    by_the_end: AtomicU64,
    notifications: AtomicU64,
    lost: AtomicU64,
}

impl Counts {
    /// Whether there is some of all that there must be.
    fn has_all(&self) -> bool {
        let Self {
            lists,
            dumps,
            inconsistent,
            notifications,
            ..
        } = self;
        [lists, dumps, inconsistent, notifications]
            .iter()
            .all(|count| count.load(Ordering::Relaxed) > 0)
    }
}

struct Stage {
    family: Family,
    top: SetId,
    is_over: AtomicBool,
    counts: Counts,
}

/// Changes the interfaces in `rounds` rounds.
pub(super) fn run(rounds: u64, seed: u64) -> Result<()> {
    let family = nl_util();
    let top = family
        .set("nl-util")
        .context("the definition has no top level")?;
    let stage = Stage {
        family,
        top,
        is_over: AtomicBool::new(false),
        counts: Counts::default(),
    };
    let still: String = (0..STILL)
        .map(|i| format!("link add still{i} type dummy\n"))
        .collect();
    batch(&[], &still)?;
    sh("ip netns add other")?;
    let changed = thread::scope(|scope| {
        let clients = [
            scope.spawn(|| list(&stage)),
            scope.spawn(|| dump(&stage, 8192)),
            scope.spawn(|| dump(&stage, 32_768)),
            scope.spawn(|| watch(&stage)),
        ];
        let mut rng = Rng::with_seed(seed);
        let mut changed = change(rounds, &mut rng);
        // On a busy machine one of them may not have had its turn yet.
        let start = Instant::now();
        while changed.is_ok()
            && !stage.counts.has_all()
            && !clients.iter().any(ScopedJoinHandle::is_finished)
            && start.elapsed() < PATIENCE
        {
            changed = change(1, &mut rng);
        }
        stage.is_over.store(true, Ordering::Relaxed);
        // The watcher sleeps until something happens.
        let woken = sh("ip link add last type dummy; ip link del last");
        for client in clients {
            match client.join() {
                Ok(result) => result?,
                Err(_) => bail!("a client panicked"),
            }
        }
        changed.and(woken)
    });
    changed?;
    sh("ip netns del other")?;
    let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let Counts {
        lists,
        dumps,
        inconsistent,
        by_the_end,
        notifications,
        lost,
    } = &stage.counts;
    println!(
        "{rounds} rounds: {} lists, {} dumps ({} of them interrupted, {} by their end \
         alone), {} notifications ({} times a listener was too slow)",
        number(lists),
        number(dumps),
        number(inconsistent),
        number(by_the_end),
        number(notifications),
        number(lost),
    );
    for (what, count) in [
        ("lists", lists),
        ("dumps", dumps),
        ("notifications", notifications),
    ] {
        ensure!(number(count) > 0, "there were no {what}");
    }
    ensure!(
        number(inconsistent) > 0,
        "no dump was interrupted: nothing was tried"
    );
    Ok(())
}

/// `ip -batch`, with these options before it.
fn batch(options: &[&str], lines: &str) -> Result<()> {
    let file = tempfile::NamedTempFile::new().context("cannot create a file")?;
    fs::write(file.path(), lines).context("cannot write a file")?;
    let status = Command::new("ip")
        .args(options)
        .arg("-batch")
        .arg(file.path())
        .status()
        .context("cannot run ip")?;
    ensure!(status.success(), "ip -batch failed: {status}");
    Ok(())
}

fn change(rounds: u64, rng: &mut Rng) -> Result<()> {
    for round in 0..rounds {
        let (mut here, mut there) = (String::new(), String::new());
        for i in 0..12 {
            let name = format!("c{}-{i}", round % 100);
            writeln!(here, "link add {name} type dummy")?;
            match rng.u8(..4) {
                0 => writeln!(here, "link del {name}")?,
                1 => {
                    writeln!(here, "link set {name} mtu {}", rng.u16(100..1500))?;
                    writeln!(here, "link set {name} name r{name}\nlink del r{name}")?;
                }
                2 => {
                    writeln!(here, "link set {name} up\nlink set {name} netns other")?;
                    writeln!(there, "link del {name}")?;
                }
                _ => {
                    writeln!(here, "link set {name} netns other")?;
                    writeln!(there, "link set {name} netns 1")?;
                }
            }
        }
        batch(&[], &here)?;
        batch(&["-n", "other"], &there)?;
        // What came back.
        let left: String = fs::read_dir("/sys/class/net")?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with('c') || name.starts_with("rc"))
            .map(|name| format!("link del {name}\n"))
            .collect();
        batch(&[], &left)?;
    }
    Ok(())
}

/// Every name in the NETDEV nests of a message, added to `names`.
fn names(stage: &Stage, message: &[u8], names: &mut HashMap<Vec<u8>, u32>) -> Result<()> {
    judge(&stage.family, stage.top, message)?;
    for (kind, netdev) in attrs(message)? {
        ensure!(kind == NETDEV, "attribute {kind} in a list");
        for (kind, payload) in attrs(netdev)? {
            if kind == IFNAME {
                *names.entry(payload.to_vec()).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// What never changes is there, and once.
fn has_still(names: &HashMap<Vec<u8>, u32>) -> Result<()> {
    for i in 0..STILL {
        let name = format!("still{i}");
        let times = names.get(format!("{name}\0").as_bytes()).copied();
        ensure!(
            times == Some(1),
            "{name} is there {} times",
            times.unwrap_or(0)
        );
    }
    Ok(())
}

fn list(stage: &Stage) -> Result<()> {
    let mut socket = Socket::new(1 << 17)?;
    while !stage.is_over.load(Ordering::Relaxed) {
        socket.send(NLM_F_REQUEST, &[1, 1, 0, 0])?;
        let Read::Messages(messages) = socket.read()? else {
            bail!("no answer to a list");
        };
        let [
            Message::Answer {
                command: 1,
                is_part: false,
                attrs,
                ..
            },
        ] = &messages[..]
        else {
            bail!("no list in the answer to a list");
        };
        let mut found = HashMap::new();
        names(stage, attrs, &mut found)?;
        has_still(&found)?;
        stage.counts.lists.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn dump(stage: &Stage, buffer: usize) -> Result<()> {
    let mut socket = Socket::new(buffer)?;
    while !stage.is_over.load(Ordering::Relaxed) {
        socket.send(NLM_F_REQUEST | NLM_F_DUMP, &[1, 1, 0, 0])?;
        let (mut found, mut consistent) = (HashMap::new(), true);
        'dump: loop {
            let Read::Messages(messages) = socket.read()? else {
                bail!("no answer to a dump");
            };
            for message in messages {
                match message {
                    Message::Answer {
                        command: 1,
                        is_part: true,
                        is_consistent,
                        attrs,
                    } => {
                        consistent &= is_consistent;
                        names(stage, &attrs, &mut found)?;
                    }
                    Message::Done {
                        errno: 0,
                        is_consistent,
                    } => {
                        let by_the_end = consistent && !is_consistent;
                        let count = u64::from(by_the_end);
                        stage.counts.by_the_end.fetch_add(count, Ordering::Relaxed);
                        consistent &= is_consistent;
                        break 'dump;
                    }
                    _ => bail!("something else in a dump"),
                }
            }
            // Others get their turn between the parts.
            thread::yield_now();
        }
        has_still(&found)?;
        if consistent {
            // A name may be given twice in turn, but not within one generation.
            let twice = found.iter().find(|(_, times)| **times != 1);
            ensure!(twice.is_none(), "a consistent dump has {twice:?}");
        } else {
            stage.counts.inconsistent.fetch_add(1, Ordering::Relaxed);
        }
        stage.counts.dumps.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn watch(stage: &Stage) -> Result<()> {
    let mut socket = Socket::new(1 << 17)?;
    socket.join()?;
    while !stage.is_over.load(Ordering::Relaxed) {
        match socket.read()? {
            Read::Lost => _ = stage.counts.lost.fetch_add(1, Ordering::Relaxed),
            Read::Messages(messages) => {
                for message in messages {
                    let Message::Answer {
                        command: 4..=6,
                        attrs,
                        ..
                    } = message
                    else {
                        bail!("something else than a notification");
                    };
                    judge(&stage.family, stage.top, &attrs)?;
                    stage.counts.notifications.fetch_add(1, Ordering::Relaxed);
                }
            }
            Read::Nothing | Read::Failed(_) => bail!("the listener's socket failed"),
        }
    }
    Ok(())
}
