// SPDX-License-Identifier: GPL-2.0-or-later
//! Each allocation of each operation fails in turn: the caller gets an errno, as the
//! answer or from the system call, and never silence.
//!
//! By `/proc/thread-self/fail-nth` (Documentation/fault-injection): the n-th allocation
//! of the next system calls of this thread fails. Reading it back tells whether there
//! was one.

use super::socket::{Message, Read, Socket, judge};
use crate::netlink::{self, NLA_F_NESTED, NLM_F_DUMP, NLM_F_REQUEST, attr};
use anyhow::{Context, Result, bail, ensure};
use nl_dissector::model::{Family, SetId, nl_util};
use std::{collections::BTreeMap, fs, io::ErrorKind};

const ENOMEM: i32 = 12;
const ENOBUFS: i32 = 105;
const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// Fails the first `most` allocations of each operation, as far as there are so many.
pub(super) fn run(most: u64) -> Result<()> {
    allow()?;
    let family = nl_util();
    let top = family
        .set("nl-util")
        .context("the definition has no top level")?;
    let index = fs::read_to_string("/sys/class/net/dummy0/ifindex")?;
    let ifindex = attr(1, &index.trim().parse::<u32>()?.to_ne_bytes());
    let netdev = attr(1 | NLA_F_NESTED, &ifindex);
    let details = attr(2, &3_u32.to_ne_bytes());
    for (what, flags, command, attrs) in [
        ("L2_LIST do", 0, 1, Vec::new()),
        ("L2_LIST do, all", 0, 1, details.clone()),
        ("L2_LIST dump", NLM_F_DUMP, 1, Vec::new()),
        ("L2_LIST dump, all", NLM_F_DUMP, 1, details.clone()),
        ("L2_IID", 0, 2, [netdev.clone(), details].concat()),
        ("REPLY_WITH_NLMSG_ERR", 0, 3, netdev),
    ] {
        let body = [&[command, 1, 0, 0], attrs.as_slice()].concat();
        let tell = |n| request(&family, top, NLM_F_REQUEST | flags, &body, n);
        report(what, most, tell)?;
    }
    report("a notification", most, |n| notification(&family, top, n))
}

/// What one failure led to, or `None` if there is no n-th allocation.
type Outcome = Result<Option<String>>;

fn report(what: &str, most: u64, mut fail: impl FnMut(u64) -> Outcome) -> Result<()> {
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut points = 0;
    for n in 1..=most {
        let outcome = fail(n).with_context(|| format!("{what}, allocation {n}"))?;
        let Some(outcome) = outcome else { break };
        points += 1;
        *outcomes.entry(outcome).or_default() += 1;
    }
    ensure!(
        points > 0,
        "{what}: no allocation failed: nothing was tried"
    );
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|(outcome, times)| format!("{times} {outcome}"))
        .collect();
    println!(
        "{what}: {points} allocations failed in turn: {}",
        outcomes.join(", ")
    );
    Ok(())
}

/// Lets every allocation fail, those that may sleep too.
fn allow() -> Result<()> {
    let debugfs = "/sys/kernel/debug";
    for (file, value) in [
        ("failslab/ignore-gfp-wait", "N"),
        ("fail_page_alloc/ignore-gfp-wait", "N"),
        ("fail_page_alloc/min-order", "0"),
        ("failslab/verbose", "0"),
        ("fail_page_alloc/verbose", "0"),
    ] {
        match fs::write(format!("{debugfs}/{file}"), value) {
            Err(err) if err.kind() == ErrorKind::NotFound => {
                bail!("this kernel cannot inject faults: run it with `--kernel debug`")
            }
            result => result.with_context(|| format!("cannot write {file}"))?,
        }
    }
    Ok(())
}

/// Runs `call` with its n-th allocation failing; whether there was one.
fn failing<R>(n: u64, call: impl FnOnce() -> R) -> Result<(R, bool)> {
    use std::os::unix::fs::FileExt;
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(FAIL_NTH)
        .context("cannot open fail-nth")?;
    let text = n.to_string();
    file.write_all_at(text.as_bytes(), 0)
        .context("cannot set fail-nth")?;
    let result = call();
    let mut left = [0; 32];
    let length = file.read_at(&mut left, 0).context("cannot read fail-nth")?;
    file.write_all_at(b"0", 0)
        .context("cannot clear fail-nth")?;
    let left = String::from_utf8_lossy(&left[..length]);
    Ok((result, left.trim() == "0"))
}

/// One request, all of whose answer must be well-formed or an errno.
fn request(family: &Family, top: SetId, flags: u16, body: &[u8], n: u64) -> Outcome {
    let mut socket = Socket::new(1 << 17)?;
    socket.set_blocking(false)?;
    let bytes = netlink::message(socket.family, flags, 0, body);
    let (sent, failed) = failing(n, || socket.try_send(&bytes))?;
    if !failed {
        sent.map_err(|errno| anyhow::anyhow!("errno {errno} without a failure"))?;
        return Ok(None);
    }
    if let Err(errno) = sent {
        ensure!([ENOMEM, ENOBUFS].contains(&errno), "send: errno {errno}");
        return Ok(Some(format!("errno {errno} from send")));
    }
    let mut outcome = None;
    loop {
        match socket.read()? {
            Read::Nothing => break,
            Read::Lost => outcome = Some("ENOBUFS on the socket".to_owned()),
            Read::Failed(errno) => outcome = Some(format!("errno {errno} on the socket")),
            Read::Messages(messages) => {
                for message in messages {
                    outcome = Some(match message {
                        Message::Status(errno) => format!("errno {errno} as answer"),
                        Message::Done { errno: 0, .. } => "whole dumps".to_owned(),
                        Message::Done { errno, .. } => format!("errno {errno} at the end"),
                        Message::Answer { attrs, .. } => {
                            judge(family, top, &attrs)?;
                            "answers".to_owned()
                        }
                        Message::Other => bail!("a message of another family"),
                    });
                }
            }
        }
    }
    Ok(Some(outcome.context("silence")?))
}

/// A change that a listener is to be told of, or told that it missed one.
fn notification(family: &Family, top: SetId, n: u64) -> Outcome {
    let mut socket = Socket::new(1 << 17)?;
    socket.join()?;
    socket.set_blocking(false)?;
    let file = "/sys/class/net/dummy0/mtu";
    let mtu: u32 = fs::read_to_string(file)?.trim().parse()?;
    let other = if mtu == 1500 { "1400" } else { "1500" };
    let sysfs = fs::File::options().write(true).open(file)?;
    let (written, failed) = failing(n, || std::io::Write::write(&mut &sysfs, other.as_bytes()))?;
    if !failed {
        written?;
        return Ok(None);
    }
    let mut told = None;
    loop {
        match socket.read()? {
            Read::Nothing => break,
            Read::Lost => told = Some("ENOBUFS for the listener"),
            Read::Failed(errno) => bail!("the listener's socket fails: errno {errno}"),
            Read::Messages(messages) => {
                for message in messages {
                    let Message::Answer {
                        command: 5, attrs, ..
                    } = message
                    else {
                        bail!("something else than a change");
                    };
                    judge(family, top, &attrs)?;
                    told = Some("told");
                }
            }
        }
    }
    match (written, told) {
        (_, Some(told)) => Ok(Some(told.to_owned())),
        (Err(_), None) => Ok(Some("the change failed".to_owned())),
        (Ok(_), None) => bail!("a change, and silence"),
    }
}
