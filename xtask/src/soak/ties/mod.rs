// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask soak ties`: which request each answer belongs to, by `nlcap show`, against the
//! truth of a generator.
//!
//! The recording goes through a pipe, and the truth is made a second time beside the answer:
//! neither has to fit into memory.

mod generator;
mod plugin;

use self::generator::{GeneratedFrame, Generator};
use crate::{bench::usage::Usage, cargo, paths};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::{
    io::{self, BufRead, BufReader, BufWriter, Write},
    process::{Child, Command, Stdio},
    thread,
};

/// LINKTYPE_NETLINK, and what its header begins with: outgoing, ARPHRD_NETLINK.
const NETLINK: u32 = 253;
const COOKED: [u8; 14] = [0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The start of each recording, in seconds since 1970.
const START: u64 = 1_767_323_045;

/// How many of a hundred thousand messages are lost where some are.
const LOSS: f64 = 0.002;

/// The most wrong ties that are neither marked nor known by their owners, as a share.
const MOST_WRONG: f64 = 0.0001;

/// The most memory of `nlcap show`, KiB.
const MOST_MEMORY: u64 = 64 << 10;

/// How many messages the plugin is compared with at most: tshark takes its time.
const MOST_FOR_PLUGIN: u64 = 200_000;

/// What `nlcap show -j` says of a message, as far as it is compared.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ShownMessage {
    frame: u64,
    number: u32,
    request_frame: Option<u64>,
    request_number: Option<u32>,
    #[serde(default)]
    ambiguous: bool,
    role: String,
}

/// A kind of recording.
struct Variant {
    name: &'static str,
    has_owners: bool,
    loss: f64,
}

/// What came of one.
#[derive(Default)]
struct Tally {
    messages: u64,
    answers: u64,
    wrong: u64,
    marked: u64,
    marked_wrong: u64,
    /// Greatest resident size, KiB.
    memory: u64,
}

/// Tries `count` messages of each kind.
pub(super) fn run(count: u64, seed: u64) -> Result<()> {
    cargo::build_release()?;
    let variants = [
        Variant {
            name: "owners known",
            has_owners: true,
            loss: 0.0,
        },
        Variant {
            name: "owners known, frames lost",
            has_owners: true,
            loss: LOSS,
        },
        Variant {
            name: "no owners",
            has_owners: false,
            loss: 0.0,
        },
        Variant {
            name: "no owners, frames lost",
            has_owners: false,
            loss: LOSS,
        },
    ];
    println!("ties: seed {seed}");
    for variant in variants {
        let tally = compare(&variant, count, seed).context(variant.name)?;
        let share = |of: u64| of as f64 / tally.messages as f64;
        println!(
            "{}: {} messages, {} answers; wrong {} ({:.4} %), marked {} ({:.2} %; {} of them wrong); {:.1} MiB",
            variant.name,
            tally.messages,
            tally.answers,
            tally.wrong,
            share(tally.wrong) * 100.0,
            tally.marked,
            share(tally.marked) * 100.0,
            tally.marked_wrong,
            tally.memory as f64 / 1024.0,
        );
        let most = if variant.has_owners { 0.0 } else { MOST_WRONG };
        ensure!(
            share(tally.wrong) <= most,
            "{}: too many wrong ties",
            variant.name
        );
        ensure!(
            tally.memory < MOST_MEMORY,
            "{}: too much memory",
            variant.name
        );
        if count <= MOST_FOR_PLUGIN {
            let mut file = tempfile::Builder::new().suffix(".pcapng").tempfile()?;
            write(
                &mut file,
                variant.has_owners,
                frames(seed, variant.loss, count),
            )?;
            let compared = match plugin::compare(file.path()) {
                Ok(compared) => compared,
                Err(err) => {
                    let (_, path) = file.keep()?;
                    return Err(err.context(format!("{}: {}", variant.name, path.display())));
                }
            };
            println!("    the plugin: {compared} pairs, the same");
        }
    }
    Ok(())
}

fn compare(variant: &Variant, count: u64, seed: u64) -> Result<Tally> {
    let mut show = Command::new(paths::release_dir()?.join("nlcap"))
        .args(["show", "-j", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run nlcap")?;
    let input = show.stdin.take().context("nlcap has no standard input")?;
    let (has_owners, loss) = (variant.has_owners, variant.loss);
    let writer = thread::spawn(move || write(input, has_owners, frames(seed, loss, count)));
    let result = read(&mut show, frames(seed, loss, count));
    // One that is not read to its end would wait for ever.
    if result.is_err() {
        drop(show.kill());
    }
    let status = show.wait().context("cannot wait for nlcap")?;
    let written = writer.join();
    let tally = result?;
    match written {
        Ok(Ok(())) if status.success() => Ok(tally),
        Ok(Err(err)) => Err(err).context("cannot write to nlcap"),
        _ => bail!("nlcap failed: {status}"),
    }
}

/// So many messages, to the end of their frame.
fn frames(seed: u64, loss: f64, count: u64) -> impl Iterator<Item = GeneratedFrame> + Send {
    let mut left = count;
    Generator::new(seed, loss).take_while(move |frame| {
        let goes_on = left > 0;
        left = left.saturating_sub(frame.answers.len() as u64);
        goes_on
    })
}

/// Compares what nlcap prints with the truth.
fn read(show: &mut Child, frames: impl Iterator<Item = GeneratedFrame>) -> Result<Tally> {
    let pid = show.id();
    let output = show.stdout.take().context("nlcap has no output")?;
    let mut lines = BufReader::new(output).lines();
    let mut tally = Tally::default();
    for (frame, at) in frames.zip(1..) {
        for (answer, number) in frame.answers.iter().zip(1..) {
            let line = lines.next().context("nlcap shows too little")??;
            let shown: ShownMessage = serde_json::from_str(&line).context("no JSON")?;
            ensure!(
                (shown.frame, shown.number) == (at, number),
                "another message: {line}"
            );
            let tied = shown.request_frame.zip(shown.request_number);
            let is_right = tied == *answer;
            tally.messages += 1;
            tally.answers += u64::from(answer.is_some());
            tally.marked += u64::from(shown.ambiguous);
            tally.marked_wrong += u64::from(shown.ambiguous && !is_right);
            if !is_right && !shown.ambiguous {
                tally.wrong += 1;
                if tally.wrong <= 5 {
                    println!("    answers {answer:?}: {line}");
                }
            }
            if tally.messages % 100_000 == 1 {
                tally.memory = tally.memory.max(Usage::of(pid).memory);
            }
        }
    }
    tally.memory = tally.memory.max(Usage::of(pid).memory);
    ensure!(lines.next().is_none(), "nlcap shows too much");
    Ok(tally)
}

/// Writes a recording: pcapng as nlcap's where the owners are in it, else pcap as tcpdump's.
fn write(
    output: impl Write,
    has_owners: bool,
    frames: impl Iterator<Item = GeneratedFrame>,
) -> io::Result<()> {
    let mut out = BufWriter::new(output);
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|it| it.to_ne_bytes()).collect() };
    let block = |kind: u32, body: &[u8]| {
        let length = body.len() as u32 + 12;
        [&words(&[kind, length])[..], body, &words(&[length])].concat()
    };
    if has_owners {
        out.write_all(&block(
            0x0a0d_0d0a,
            &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]),
        ))?;
        // Nanoseconds: option 9 of one byte.
        let resolution = [words(&[9 | 1 << 16]), vec![9, 0, 0, 0], words(&[0])].concat();
        out.write_all(&block(1, &[words(&[NETLINK, 0]), resolution].concat()))?;
    } else {
        out.write_all(&words(&[0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, NETLINK]))?;
    }
    for frame in frames {
        let packet = [&COOKED[..], &frame.protocol.to_be_bytes(), &frame.bytes].concat();
        let length = packet.len() as u32;
        if !has_owners {
            let (second, rest) = (
                frame.nanoseconds / 1_000_000_000,
                frame.nanoseconds % 1_000_000_000,
            );
            out.write_all(&words(&[
                (START + second) as u32,
                rest as u32,
                length,
                length,
            ]))?;
            out.write_all(&packet)?;
            continue;
        }
        let (pid, fd) = frame.owner;
        let how = if frame.is_multicast { "group" } else { "exact" };
        let comment = format!("pid={pid} tid={pid} socket={fd} owner={how} comm=\"x\"");
        let time = START * 1_000_000_000 + frame.nanoseconds;
        let mut body = words(&[0, (time >> 32) as u32, time as u32, length, length]);
        body.extend(packet);
        let option = |body: &mut Vec<u8>, code: u16, value: &[u8]| {
            body.resize(body.len().next_multiple_of(4), 0);
            body.extend(code.to_ne_bytes());
            body.extend((value.len() as u16).to_ne_bytes());
            body.extend(value);
            body.resize(body.len().next_multiple_of(4), 0);
        };
        option(&mut body, 1, comment.as_bytes());
        let direction: u32 = if frame.is_sent { 2 } else { 1 };
        option(&mut body, 2, &direction.to_ne_bytes());
        option(&mut body, 0, &[]);
        out.write_all(&block(6, &body))?;
    }
    out.flush()
}
