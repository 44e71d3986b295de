// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest itself: what goes in, what comes out, and that its death never
//! reads as success.

mod common;

use common::{guest, sh, text};
use std::{
    fs,
    io::Write,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Runs a shell script in a guest without our module.
fn bare(options: &[&str], script: &str) -> Output {
    let mut cmd = guest();
    cmd.args(["--module", "none"])
        .args(options)
        .args(["--", "sh", "-c", script]);
    cmd.output().unwrap()
}

#[test]
fn output_error_and_status_are_the_commands_own() {
    let out = bare(&[], "printf out; printf err >&2; exit 7");
    assert_eq!(out.status.code(), Some(7));
    assert_eq!(
        (text(&out.stdout), text(&out.stderr)),
        ("out".into(), "err".into())
    );
}

#[test]
fn a_megabyte_of_every_byte_passes_both_ways_unchanged() {
    let mut data: Vec<u8> = Vec::new();
    let mut state = 1_u32;
    while data.len() < 1 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        data.extend(state.to_le_bytes());
    }
    let mut child = guest()
        .args(["--module", "none", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = data.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success());
    assert!(out.stdout == data, "{} bytes came back", out.stdout.len());
}

#[test]
fn a_signals_end_and_a_missing_command_have_the_shells_codes() {
    assert_eq!(bare(&[], "kill -9 $$").status.code(), Some(137));
    let out = guest()
        .args(["--module", "none", "--", "no-such-command"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(127));
    assert!(text(&out.stderr).contains("no-such-command"));
}

#[test]
fn a_guest_that_crashes_or_hangs_reads_as_unavailable() {
    let out = bare(&["--mem", "8M"], "true");
    assert_eq!(out.status.code(), Some(69));
    assert!(
        text(&out.stderr).contains("it crashed"),
        "{}",
        text(&out.stderr)
    );

    let start = Instant::now();
    let out = bare(&["--timeout", "3"], "sleep 100");
    assert_eq!(out.status.code(), Some(69));
    assert!(
        text(&out.stderr).contains("no end after 3 s"),
        "{}",
        text(&out.stderr)
    );
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_module_that_the_kernel_refuses_is_told_and_the_command_does_not_run() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"no module").unwrap();
    let out = guest()
        .arg("--module")
        .arg(file.path())
        .args(["--", "echo", "ran"])
        .output()
        .unwrap();
    assert_eq!(
        (out.status.code(), text(&out.stdout)),
        (Some(69), String::new())
    );
    assert!(
        text(&out.stderr).contains("refused the module"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn only_the_checkout_the_cache_and_tmp_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let probe = dir.path().join("probe");
    let script = format!(
        "touch {} /run/probe || exit 1; touch /etc/nl-util-probe 2>/dev/null && exit 2; \
         test -d /sys/kernel/debug/netdevsim || ls /sys/kernel/debug | grep -q . || exit 3; \
         test $(id -u) = 0; pwd",
        probe.display()
    );
    let out = guest()
        .args(["--module", "none", "--", "sh", "-c", &script])
        .current_dir(common::root().join("docs"))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}: {}",
        out.status,
        text(&out.stderr)
    );
    assert_eq!(
        text(&out.stdout).trim_end(),
        common::root().join("docs").to_str().unwrap()
    );
    assert!(probe.exists());
    assert!(!std::path::Path::new("/run/probe").exists());
}

#[test]
fn the_kernel_log_is_kept_where_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let out = bare(
        &["--dmesg", log.to_str().unwrap()],
        "echo a line of mine >/dev/kmsg",
    );
    assert!(out.status.success());
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("Linux version") && log.contains("a line of mine"));
}

#[test]
fn a_signal_to_the_task_reaches_the_command_and_nothing_stays_behind() {
    let mut child = guest()
        .args(["--module", "none", "--", "sh", "-c"])
        .arg("trap 'echo ended; exit 3' TERM; echo ready; sleep 60 & wait")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(line, "ready\n");
    let kernel = sh(&format!("cat /proc/{0}/task/{0}/children", child.id()));
    let kernel = kernel.trim().to_owned();
    assert!(!kernel.is_empty());
    sh(&format!("kill -TERM {}", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(3));
    line.clear();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(line, "ended\n");
    assert!(!std::path::Path::new("/proc").join(kernel).exists());
}

#[test]
fn the_paths_that_other_modules_build_against_are_there() {
    let source = common::kernel_source();
    assert!(source.join("net/netlink/genetlink.c").is_file());
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["kernel", "--print", "build"])
        .output()
        .unwrap();
    let build = std::path::PathBuf::from(text(&out.stdout).trim_end());
    assert!(
        build.join("Module.symvers").is_file(),
        "{}",
        build.display()
    );
    let list = guest().arg("--list").output().unwrap();
    assert!(
        text(&list.stdout).contains("default"),
        "{}",
        text(&list.stdout)
    );
}
