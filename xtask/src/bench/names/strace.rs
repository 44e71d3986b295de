// SPDX-License-Identifier: GPL-2.0-or-later
//! The messages of strace's tests: programs that send one after the other and print what strace
//! should say of each. They are built, and run with a `sendto` that keeps the messages and
//! sends nothing.

use super::message::Message;
use crate::{paths, run};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Takes the place of sendto(2).
const PRELOAD: &str = include_str!("preload.c");

/// Builds the programs in strace's unpacked source.
pub(super) fn build(dir: &Path) -> Result<()> {
    let log = dir.join("build.log");
    let mut configure = Command::new("./configure");
    configure
        .args(["--disable-dependency-tracking", "--enable-mpers=no"])
        .current_dir(dir);
    run::logged(&mut configure, &log, "configuring strace", 0, |_| true)?;
    let programs = programs(dir)?;
    // Headers that all of it stands on: without dependencies, make would start in between.
    let mut headers = Command::new("make");
    headers.args(["ksysent.h", "scno.h"]);
    headers.current_dir(dir.join("tests"));
    run::logged(&mut headers, &log, "making strace's headers", 0, |_| true)?;
    let mut make = Command::new("make");
    make.arg("-j2")
        .args(&programs)
        .current_dir(dir.join("tests"));
    let title = "building strace's tests";
    run::logged(&mut make, &log, title, programs.len() as u64, |line| {
        line.contains(" -o n") && !line.contains(" -c ")
    })
}

/// Those tests that send netlink messages; what has a `-` in its name is another's again, with
/// other options for strace.
fn programs(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.join("tests")).context("strace's source has no tests")? {
        let name = entry.context("cannot read a folder")?.file_name();
        let name = name.to_string_lossy();
        if let Some(name) = name.strip_suffix(".c")
            && (name.starts_with("nlattr_") || name.starts_with("netlink_"))
            && !name.contains('-')
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "strace's source has no tests of netlink");
    Ok(names)
}

/// Runs the programs; returns their messages, and how many they send that are not whole or
/// have no meaning.
pub(super) fn messages(dir: &Path) -> Result<(Vec<Message>, usize)> {
    let temporary = tempfile::tempdir_in(paths::target_dir()?).context("cannot make a folder")?;
    let preload = temporary.path().join("preload.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-x", "c", "-", "-o"]);
    run::fed(cc.arg(&preload), PRELOAD.as_bytes())?;
    let mut all = Vec::new();
    let mut left = 0;
    for name in programs(dir)? {
        let sent = temporary.path().join(&name);
        let out = Command::new(dir.join("tests").join(&name))
            .env("LD_PRELOAD", &preload)
            .env("NAMES_OUT", &sent)
            .current_dir(dir)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run strace's test {name}"))?;
        // One whose protocol the kernel has not ends at once, with another status.
        let Ok(sent) = fs::read(&sent) else { continue };
        let expected = String::from_utf8_lossy(&out.stdout);
        let lines = expected.lines().filter(|it| it.starts_with("sendto("));
        let lines: Vec<&str> = lines.collect();
        let sent = calls(&sent);
        ensure!(
            sent.len() == lines.len(),
            "strace's test {name} sends {} messages and expects {}: what sends the others?",
            sent.len(),
            lines.len()
        );
        for ((protocol, bytes), line) in sent.into_iter().zip(lines) {
            if is_whole(bytes) && has_meaning(line) {
                all.push(Message {
                    protocol,
                    bytes: bytes.to_vec(),
                    from: name.clone(),
                    expected: Vec::new(),
                });
            } else {
                left += 1;
            }
        }
    }
    Ok((all, left))
}

/// The calls that `preload.c` has written down: protocol and bytes.
fn calls(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
    let mut all = Vec::new();
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let [protocol, length] = [&header[..4], &header[4..]]
            .map(|it| u32::from_ne_bytes(it.try_into().unwrap_or_default()) as usize);
        let (bytes, behind) = behind.split_at(length.min(behind.len()));
        all.push((protocol as u8, bytes));
        rest = behind;
    }
    all
}

/// Whether a message is as long as its header says.
fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|it| u32::from_ne_bytes(*it));
    bytes.len() >= 16 && length == u32::try_from(bytes.len()).ok()
}

/// Whether strace has a name for what a test sends: it says `/* IFLA_??? */` where it has not,
/// and quotes bytes that are too short or too many to mean anything.
fn has_meaning(expected: &str) -> bool {
    !expected.contains("_??? */") && !expected.contains("\"\\x") && {
        let mut types = expected.split("nla_type=").skip(1);
        !types.any(|it| it.starts_with("0x"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_a_program_come_one_after_the_other() {
        let word = |it: u32| it.to_ne_bytes();
        let bytes = [&word(4)[..], &word(2), &[7, 8], &word(0), &word(0)].concat();
        assert_eq!(calls(&bytes), [(4, &[7, 8][..]), (0, &[][..])]);
    }

    #[test]
    fn what_strace_itself_has_no_name_for_has_no_meaning() {
        let line = |it: &str| has_meaning(&format!("sendto(3, [{{nlmsg_len=20}}, {it}], 20) = 0"));
        assert!(line("[{nla_len=8, nla_type=IFLA_MTU}, 5]"));
        assert!(!line("[{nla_len=8, nla_type=0x7 /* AF_??? */}, 5]"));
        assert!(!line("[{nla_len=8, nla_type=0x7}, 5]"));
        assert!(!line("[{nla_len=7, nla_type=IFLA_MTU}, \"\\x61\\x62\"]"));
    }

    #[test]
    fn a_message_is_whole_if_its_header_says_its_length() {
        let mut bytes = vec![0; 20];
        bytes[..4].copy_from_slice(&20_u32.to_ne_bytes());
        assert!(is_whole(&bytes));
        bytes.push(0);
        assert!(!is_whole(&bytes));
    }
}
