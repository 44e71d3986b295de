// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest itself: what goes in, what comes out, and that its death never
//! reads as success.

mod common;

use common::{guest, sh, signs::wait_for, text};
use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
    time::Duration,
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
    let writer = thread::spawn(move || stdin.write_all(&sent).unwrap());
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
        text(&out.stderr).contains("8M of memory (--mem)"),
        "{}",
        text(&out.stderr)
    );

    // Nothing else ends it, nor shows the time.
    let out = bare(&["--timeout", "3"], "sleep infinity");
    assert_eq!(out.status.code(), Some(69));
    assert!(
        text(&out.stderr).contains("no end after 3 s"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn a_module_that_the_kernel_refuses_is_reported_and_the_command_does_not_run() {
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
fn only_the_checkout_the_cache_and_the_temporary_folders_can_be_written() {
    let home = PathBuf::from(env::var_os("HOME").unwrap());
    let elsewhere = tempfile::tempdir_in(&home).unwrap();
    let temporary = tempfile::tempdir_in(env::temp_dir()).unwrap();
    let cache = tempfile::tempdir_in(common::kernel_source().ancestors().nth(2).unwrap()).unwrap();
    let checkout = tempfile::tempdir_in(common::root().join("target")).unwrap();
    for (dir, options, may) in [
        (&elsewhere, &[][..], false),
        (&elsewhere, &["--rw"], true),
        (&temporary, &[], true),
        (&cache, &[], true),
        (&checkout, &[], true),
    ] {
        let probe = dir.path().join("probe");
        let out = bare(options, &format!("echo ok >'{}'", probe.display()));
        let complaint = text(&out.stderr);
        assert_eq!(
            out.status.success(),
            may,
            "{}: {complaint}",
            probe.display()
        );
        assert_eq!(probe.exists(), may, "{}", probe.display());
        // Not for the want of a permission that another caller may have.
        assert!(
            may || complaint.contains("Read-only file system"),
            "{complaint}"
        );
    }
}

#[test]
fn the_guest_has_run_proc_sys_and_dev_of_its_own() {
    let script = "touch /run/probe /dev/shm/probe; test $(id -u) = 0; \
         test -d /sys/kernel/debug/bdi -o -d /sys/kernel/debug/netdevsim; \
         test $(cat /proc/1/comm) != systemd; pwd";
    let out = guest()
        .args(["--module", "none", "--", "sh", "-euc", script])
        .current_dir(common::root().join("docs"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(
        text(&out.stdout).trim_end(),
        common::root().join("docs").to_str().unwrap()
    );
    for probe in ["/run/probe", "/dev/shm/probe"] {
        assert!(!Path::new(probe).exists(), "{probe}");
    }
}

#[test]
fn a_temporary_folder_below_one_that_the_guest_has_of_its_own_is_the_hosts() {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let out = guest()
        .args(["--module", "none", "--", "sh", "-euc"])
        .arg("echo out >$TMPDIR/probe; touch /dev/shm/other")
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(
        fs::read_to_string(dir.path().join("probe")).unwrap(),
        "out\n"
    );
    assert!(!Path::new("/dev/shm/other").exists());
}

#[test]
fn whatever_keeps_the_command_from_running_is_unavailable_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let blank = dir.path().join("a b");
    fs::create_dir(&blank).unwrap();
    let blank = blank.to_str().unwrap();
    for (temporary, log, why) in [
        (blank, "/dev/null", "blanks in it"),
        ("/nonexistent", "/dev/null", "/nonexistent"),
        ("/tmp", "/nonexistent/log", "/nonexistent/log"),
    ] {
        let out = guest()
            .args(["--module", "none", "--dmesg", log, "--", "true"])
            .env("TMPDIR", temporary)
            .output()
            .unwrap();
        let complaint = text(&out.stderr);
        assert_eq!(out.status.code(), Some(69), "{complaint}");
        assert!(complaint.contains(why), "{complaint}");
    }
}

#[test]
fn names_that_are_no_utf8_and_what_cargo_sets_are_treated_right() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join(OsStr::from_bytes(b"odd-\xff"));
    fs::create_dir(&odd).unwrap();
    // The tests run under cargo, which describes their package to them.
    assert!(env::var_os("CARGO_PKG_NAME").is_some());
    let out = guest()
        .args(["--module", "none", "--", "sh", "-c", "env; pwd"])
        .current_dir(&odd)
        .env("OF_THE_CALLER", OsStr::from_bytes(b"\xfe"))
        // Longer than what a terminal buffers.
        .env("LONG", "x".repeat(100_000))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let has = |bytes: &[u8]| out.stdout.windows(bytes.len()).any(|part| part == bytes);
    assert!(has(b"odd-\xff\n") && has(b"OF_THE_CALLER=\xfe\n"));
    assert!(!has(b"CARGO_PKG_") && !has(b"CARGO_MANIFEST_DIR"));
}

#[test]
fn all_output_arrives_however_late_it_is_read() {
    let mut child = guest()
        .args(["--module", "none", "--", "seq", "200000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    wait_for("the pipe is full", || is_full(&out));
    // Longer than any patience after that.
    thread::sleep(Duration::from_secs(6));
    let mut got = String::new();
    out.read_to_string(&mut got).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(got.lines().count(), 200_000);
    assert_eq!(got.lines().last(), Some("200000"));
}

/// Whether there is as much in the pipe as it holds.
fn is_full(pipe: impl AsFd) -> bool {
    let holds = rustix::pipe::fcntl_getpipe_size(&pipe).unwrap() as u64;
    rustix::io::ioctl_fionread(&pipe).unwrap() >= holds
}

/// Whether no thread of the process has anything to do.
fn is_idle(process: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks
        .map(|task| fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default())
        .all(|stat| stat.contains(") S "))
}

/// A guest whose command says `ready` and reads nothing of an endless input.
fn deaf(script: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = guest()
        .args(["--module", "none", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let way_in = stdin.as_fd().try_clone_to_owned().unwrap();
    thread::spawn(move || while stdin.write_all(&[b'y'; 4096]).is_ok() {});
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    // The input has filled everything on its way: what the task reads is wanted by nobody.
    let mut times = 0;
    wait_for("the input is held up", || {
        let is_held_up = is_full(&way_in) && is_idle(child.id());
        times = if is_held_up { times + 1 } else { 0 };
        times > 3
    });
    (child, out)
}

/// The guest's machine, a child of the task.
fn kernel_of(task: &Child) -> Option<String> {
    let children = format!("/proc/{0}/task/{0}/children", task.id());
    let pids = fs::read_to_string(children).unwrap();
    pids.split_whitespace().map(str::to_owned).find(|pid| {
        fs::read_link(format!("/proc/{pid}/exe"))
            .is_ok_and(|exe| exe.ends_with("linux") || exe.ends_with("qemu-system-x86_64"))
    })
}

/// Waits until a guest has ended: its kernel leads a group, and what runs in it is in that
/// group too.
fn wait_for_the_end_of(kernel: &str) {
    // pid (comm) state ppid pgrp …, see proc(5).
    let is_of_it = |stat: &str| {
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let mut fields = fields.split(' ');
        fields.next() != Some("Z") && fields.nth(1) == Some(kernel)
    };
    let alive = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
            .any(|stat| is_of_it(&stat))
    };
    wait_for(&format!("the kernel {kernel} ends"), || !alive());
}

#[test]
fn a_command_that_reads_no_input_still_hears_signals() {
    let (mut child, _out) = deaf("trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done");
    sh(&format!("kill -TERM {}", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn the_third_signal_ends_a_guest_whose_command_does_not_end_by_them() {
    let script = "trap 'echo heard' TERM; echo ready; while :; do sleep 0.1; done";
    let (mut child, mut out) = deaf(script);
    let kernel = kernel_of(&child).unwrap();
    let signal = || sh(&format!("kill -TERM {}", child.id()));
    for _ in 0..2 {
        signal();
        // Two that come at once would be one.
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "heard\n");
    }
    signal();
    assert_eq!(child.wait().unwrap().code(), Some(69));
    wait_for_the_end_of(&kernel);
}

#[test]
fn a_guest_does_not_outlive_a_task_that_was_killed() {
    let (mut child, _out) = deaf("echo ready; sleep infinity");
    let kernel = kernel_of(&child).unwrap();
    assert!(Path::new("/proc").join(&kernel).exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for_the_end_of(&kernel);
}

/// A guest that boots no further, its kernel, and where all its files are; `None` where its
/// first process may have listened already.
fn stopped_while_it_boots() -> Option<(Child, String, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let mut child = guest()
        .args(["--module", "none", "--", "sleep", "infinity"])
        .env("TMPDIR", dir.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let kernel = loop {
        assert!(child.try_wait().unwrap().is_none());
        if let Some(kernel) = kernel_of(&child) {
            break kernel;
        }
    };
    sh(&format!(
        "kill -STOP {kernel}; await \"grep -q '^State:.T' /proc/{kernel}/status\""
    ));
    let log = sh(&format!("cat {}/*/console.log", dir.path().display()));
    if !log.contains("as init process") {
        return Some((child, kernel, dir));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[test]
fn a_signal_before_the_guest_listens_ends_it_and_leaves_nothing() {
    let mut stopped = None;
    wait_for("a guest is stopped while it boots", || {
        stopped = stopped_while_it_boots();
        stopped.is_some()
    });
    let (child, kernel, dir) = stopped.unwrap();
    sh(&format!("kill -TERM {}", child.id()));
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(69), "{}", text(&out.stderr));
    assert!(
        text(&out.stderr).contains("SIGTERM"),
        "{}",
        text(&out.stderr)
    );
    wait_for_the_end_of(&kernel);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
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
    let script = "trap 'echo ended; exit 3' TERM; echo ready; sleep infinity & wait";
    let (mut child, mut out) = deaf(script);
    let kernel = kernel_of(&child).unwrap();
    sh(&format!("kill -TERM {}", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ended\n");
    wait_for_the_end_of(&kernel);
}

#[test]
fn the_paths_that_other_modules_build_against_are_there() {
    let source = common::kernel_source();
    assert!(source.join("net/netlink/genetlink.c").is_file());
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["kernel", "--print", "build"])
        .output()
        .unwrap();
    let build = PathBuf::from(text(&out.stdout).trim_end());
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
