// SPDX-License-Identifier: GPL-2.0-or-later
//! Each allocation of each operation fails in turn: the caller gets an errno, as the
//! answer or from the system call, and never silence; a listener is notified, or learns that it
//! lost something. And each allocation of loading the module, which leaves nothing behind.
//!
//! By `/proc/thread-self/fail-nth` (Documentation/fault-injection): the n-th allocation
//! of the next system calls of this thread fails. Reading it back tells whether there
//! was one.

use super::socket::{Message, Read, Socket, judge};
use crate::netlink::{self, NLA_F_NESTED, NLM_F_DUMP, NLM_F_REQUEST, attr};
use crate::run::sh;
use anyhow::{Context, Result, bail, ensure};
use neli::{
    consts::socket::{Msg, NlFamily},
    socket::NlSocket,
    utils::Groups,
};
use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};
use ynl::model::{Family, SetId, nl_util};

const ENOMEM: i32 = 12;
const ENOBUFS: i32 = 105;

/// Of linux/rtnetlink.h and linux/if_link.h.
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const NLM_F_CREATE_EXCL: u16 = 0x600;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// Fails the first `most` allocations of each operation, and of loading `module`, as far as
/// there are so many.
pub(super) fn run(most: u64, module: &Path) -> Result<()> {
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
        let fail = |n| request(&family, top, NLM_F_REQUEST | flags, &body, n);
        report(what, most, fail)?;
    }
    for (what, change) in [
        ("L2_CHANGE_NTF", Change::Mtu),
        ("L2_NEW_NTF", Change::New),
        ("L2_DEL_NTF", Change::Del),
    ] {
        report(what, most, |n| notification(&family, top, change, n))?;
    }
    report("loading the module", most, |n| load(module, n))?;
    let known = Socket::new(8192).map(drop);
    known.context("after them the module is not loaded")
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

/// What a listener is to be notified of.
#[derive(Clone, Copy)]
enum Change {
    Mtu,
    New,
    Del,
}

/// The interface that comes and goes.
const BRIEF: &str = "brief";

fn is_there(name: &str) -> Result<bool> {
    fs::exists(format!("/sys/class/net/{name}")).context("cannot look for an interface")
}

/// Asks rtnetlink to make [`BRIEF`] or to delete it.
fn rtnl(socket: &NlSocket, kind: u16) -> std::result::Result<(), i32> {
    let name = attr(IFLA_IFNAME, format!("{BRIEF}\0").as_bytes());
    let (flags, mut body) = (NLM_F_REQUEST | netlink::NLM_F_ACK, vec![0; 16]);
    body.extend(name);
    let flags = match kind {
        RTM_NEWLINK => {
            body.extend(attr(IFLA_LINKINFO, &attr(IFLA_INFO_KIND, b"dummy\0")));
            flags | NLM_F_CREATE_EXCL
        }
        _ => flags,
    };
    let sent = socket.send(netlink::message(kind, flags, 0, &body), Msg::empty());
    sent.map(drop)
        .map_err(|err| err.raw_os_error().unwrap_or(-1))
}

/// A change that a listener is notified of, or learns that it missed one.
fn notification(family: &Family, top: SetId, change: Change, n: u64) -> Outcome {
    let route = NlSocket::connect(NlFamily::Route, None, Groups::empty())
        .context("cannot open a socket")?;
    match (change, is_there(BRIEF)?) {
        (Change::New, true) => sh("ip link del brief")?,
        (Change::Del, false) => sh("ip link add brief type dummy")?,
        _ => {}
    }
    let mut socket = Socket::new(1 << 17)?;
    socket.join()?;
    socket.set_blocking(false)?;
    let file = "/sys/class/net/dummy0/mtu";
    let mtu: u32 = fs::read_to_string(file)?.trim().parse()?;
    let other: u32 = if mtu == 1500 { 1400 } else { 1500 };
    let sysfs = fs::File::options().write(true).open(file)?;
    let text = other.to_string();
    let (made, failed) = failing(n, || match change {
        Change::Mtu => std::io::Write::write(&mut &sysfs, text.as_bytes())
            .map(drop)
            .map_err(|err| err.raw_os_error().unwrap_or(-1)),
        Change::New => rtnl(&route, RTM_NEWLINK),
        Change::Del => rtnl(&route, RTM_DELLINK),
    })?;
    if !failed {
        made.map_err(|errno| anyhow::anyhow!("errno {errno} without a failure"))?;
        return Ok(None);
    }
    // What is so now, and what the listener takes to be so.
    let is_so = match change {
        Change::Mtu => fs::read_to_string(file)?.trim() == text,
        Change::New => is_there(BRIEF)?,
        Change::Del => !is_there(BRIEF)?,
    };
    let (mut is_notified, mut has_lost) = (false, false);
    loop {
        match socket.read()? {
            Read::Nothing => break,
            Read::Lost => has_lost = true,
            Read::Failed(errno) => bail!("the listener's socket fails: errno {errno}"),
            Read::Messages(messages) => {
                for message in messages {
                    let Message::Answer { command, attrs, .. } = message else {
                        bail!("something else than a notification");
                    };
                    judge(family, top, &attrs)?;
                    is_notified = match (change, command) {
                        (Change::Mtu, 5) | (Change::New, 4 | 5) | (Change::Del, 6) => true,
                        // It was made and taken back.
                        (Change::New, 6) => false,
                        _ => bail!("command {command}"),
                    };
                }
            }
        }
    }
    match (is_so, is_notified, has_lost) {
        (_, _, true) => Ok(Some("ENOBUFS for the listener".to_owned())),
        (true, true, false) => Ok(Some("notified".to_owned())),
        (false, false, false) => Ok(Some("the change failed".to_owned())),
        (true, false, false) => bail!("a change, and silence"),
        (false, true, false) => bail!("notified of a change that failed"),
    }
}

/// Loads the module, and after a failure looks for what it left behind.
fn load(module: &Path, n: u64) -> Outcome {
    if is_loaded()? {
        sh("rmmod nl_kernel")?;
    }
    let file = fs::File::open(module).context("cannot open the module")?;
    let (loaded, failed) = failing(n, || rustix::system::finit_module(&file, c"", 0))?;
    if !failed {
        loaded.context("without a failure")?;
        return Ok(None);
    }
    let outcome = match loaded {
        Ok(()) => {
            let mut socket = Socket::new(1 << 17)?;
            socket.send(NLM_F_REQUEST, &[1, 1, 0, 0])?;
            let Read::Messages(_) = socket.read()? else {
                bail!("it is loaded, and does not answer");
            };
            "loaded all the same".to_owned()
        }
        Err(errno) => {
            ensure!(!is_loaded()?, "{errno}, but it is loaded");
            ensure!(
                Socket::new(8192).is_err(),
                "{errno}, but its family is there"
            );
            let errno = errno.raw_os_error();
            ensure!([ENOMEM, ENOBUFS].contains(&errno), "errno {errno}");
            format!("errno {errno}")
        }
    };
    // A notifier that was left behind would be called in memory that is free.
    let mtu = if n.is_multiple_of(2) { 1500 } else { 1400 };
    fs::write("/sys/class/net/dummy0/mtu", mtu.to_string()).context("cannot change an MTU")?;
    Ok(Some(outcome))
}

fn is_loaded() -> Result<bool> {
    let modules = fs::read_to_string("/proc/modules").context("cannot read /proc/modules")?;
    Ok(modules.lines().any(|line| line.starts_with("nl_kernel ")))
}
