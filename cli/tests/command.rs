// SPDX-License-Identifier: GPL-2.0-or-later
//! The command itself, as far as no kernel module is needed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output};

fn nl_user(arguments: &[&[u8]]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nl_user"))
        .args(arguments.iter().map(|argument| OsStr::from_bytes(argument)))
        .output()
        .expect("the command was built for this test")
}

#[track_caller]
fn assert_fails(arguments: &[&[u8]], status: i32, part: &str) {
    let output = nl_user(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert_eq!(output.stdout, b"");
    assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
}

#[test]
fn help_has_examples_and_exit_statuses() {
    for arguments in [&[&b"--help"[..]][..], &[b"show", b"--help"]] {
        let output = nl_user(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        for part in [
            "Usage: nl_user",
            "nl_user show eth0",
            "Exit status:",
            "2  wrong usage",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}

#[test]
fn version_is_the_crates() {
    let output = nl_user(&[b"-V"]);
    let expected = concat!("nl_user ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn wrong_usage_is_status_2() {
    assert_fails(&[], 2, "Usage");
    assert_fails(&[b"list"], 2, "unrecognized subcommand");
    assert_fails(&[b"show", b"a", b"b"], 2, "unexpected argument");
    for index in [&b"0"[..], b"-1", b"2147483648", b"99999999999999999999"] {
        assert_fails(
            &[b"show", index],
            2,
            "an interface index must be from 1 to 2147483647",
        );
    }
    assert_fails(&[b"show", b""], 2, "up to 127, this one has 0");
    assert_fails(&[b"show", &[b'a'; 128]], 2, "up to 127, this one has 128");
    assert_fails(&[b"show", b"eth0:1"], 2, "cannot contain `/`, `:`");
    assert_fails(&[b"show", b"\x1b[1m/"], 2, "invalid interface '\\x1b[1m/'");
}

#[test]
fn a_name_without_an_interface_is_status_1_and_escaped() {
    assert_fails(
        &[b"show", b"no-such-if-7f"],
        1,
        "nl_user: cannot show interface no-such-if-7f: ",
    );
    assert_fails(&[b"show", b"\x1b[1mx\xff"], 1, "interface \\x1b[1mx\\xff: ");
    let output = nl_user(&[b"show", b"no-such-if-7f"]);
    assert_eq!(
        output.stderr.iter().filter(|&&byte| byte == b'\n').count(),
        1
    );
}
