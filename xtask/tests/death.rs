// SPDX-License-Identifier: GPL-2.0-or-later
//! Deaths of the guest, made to happen: one line before the end of the log says why it
//! died, and what to do.

mod common;

use common::{guest, text};
use std::{
    fs,
    process::{Command, Output, Stdio},
};

/// A guest with these options that runs a shell script, without our module.
fn bare(options: &[&str], script: &str) -> Command {
    let mut cmd = guest();
    cmd.args(["--module", "none"])
        .args(options)
        .args(["--", "sh", "-c", script]);
    // The guest's memory is then in /dev/shm.
    for name in ["TMPDIR", "TMP", "TEMP"] {
        cmd.env_remove(name);
    }
    cmd
}

/// Runs `cmd` behind `wrapper`, a command line whose last word it takes the place of.
fn behind(wrapper: &[&str], cmd: &Command) -> Output {
    let mut outer = Command::new(wrapper[0]);
    outer
        .args(&wrapper[1..])
        .arg(cmd.get_program())
        .args(cmd.get_args())
        .stdin(Stdio::null());
    for name in ["TMPDIR", "TMP", "TEMP"] {
        outer.env_remove(name);
    }
    outer.output().unwrap()
}

/// What the guest's death was reported as: the one line, in which all of `words` stand.
fn is_reported(out: &Output, words: &[&str]) {
    let complaint = text(&out.stderr);
    assert_eq!(out.status.code(), Some(69), "{complaint}");
    let line = complaint
        .lines()
        .find(|line| line.starts_with("xtask: "))
        .unwrap_or_default();
    for word in words {
        assert!(line.contains(word), "{word}:\n{complaint}");
    }
    assert!(line.ends_with("; the end of its log:"), "{complaint}");
}

/// A shell's script before the guest, in a mount namespace of its own.
fn in_own_mounts(script: &str, cmd: &Command) -> Output {
    let script = format!("{script} && exec \"$@\"");
    let root = rustix::process::geteuid().is_root();
    let unshare = if root { "-m" } else { "-rm" };
    behind(&["unshare", unshare, "sh", "-c", &script, "sh"], cmd)
}

#[test]
fn a_guest_with_too_little_memory_says_how_much_it_was_given() {
    let out = bare(&["--mem", "8M"], "true").output().unwrap();
    is_reported(&out, &["8M of memory (--mem)", "512M"]);
}

#[test]
fn a_full_or_noexec_folder_for_the_guests_memory_is_named() {
    let full = "mount -t tmpfs -o size=1M none /dev/shm && head -c 1M /dev/zero >/dev/shm/full";
    let small = "mount -t tmpfs -o size=20M none /dev/shm";
    for mount in [full, small] {
        let out = in_own_mounts(mount, &bare(&[], "head -c 64M /dev/zero >/run/fill"));
        is_reported(&out, &["/dev/shm, in which", "is full", "TMPDIR"]);
    }
    let noexec = "mount -t tmpfs -o noexec none /dev/shm";
    let out = in_own_mounts(noexec, &bare(&[], "true"));
    is_reported(&out, &["/dev/shm, in which", "noexec", "remount,exec"]);
}

#[test]
fn a_host_that_refuses_ptrace_is_reported() {
    // The call is 101 on x86-64; the filter looks at nothing else, and refuses with EPERM.
    let filter = "\
import ctypes, os, struct, sys
code = b''.join(struct.pack('HBBI', *it) for it in
    [(0x20, 0, 0, 0), (0x15, 0, 1, 101), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)])
buffer = ctypes.create_string_buffer(code)
program = struct.pack('HxxxxxxP', 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program)) == 0
os.execv(sys.argv[1], sys.argv[1:])";
    let out = behind(&["/usr/bin/python3", "-c", filter], &bare(&[], "true"));
    is_reported(&out, &["refuses ptrace", "SYS_PTRACE", "ptrace_scope"]);
}

#[test]
fn a_host_that_refuses_memory_is_reported() {
    let limit = ["sh", "-c", "ulimit -v 6000000; exec \"$@\"", "sh"];
    let out = behind(&limit, &bare(&["--mem", "8G"], "true"));
    is_reported(&out, &["refuses it memory", "ulimit -v", "--mem"]);
}

#[test]
fn a_guest_that_is_switched_off_or_restarted_from_inside_has_no_status() {
    for script in ["busybox poweroff -f", "busybox reboot -f"] {
        let out = bare(&[], script).output().unwrap();
        is_reported(&out, &[script, "switched off or restarted from inside"]);
    }
}

#[test]
fn a_guest_that_is_killed_on_the_host_says_so() {
    // The kernel's process is the only child of the task, which is the shell's parent
    // on the other side of the console.
    let script = "echo ready; sleep 1000";
    let mut child = bare(&[], script)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let kernel = fs::read_to_string(children).unwrap();
    common::sh(&format!("kill -KILL {kernel}"));
    let out = child.wait_with_output().unwrap();
    is_reported(
        &out,
        &["`sh -c echo ready; sleep 1000`", "killed (SIGKILL)"],
    );
}

#[test]
fn the_end_of_pid_1_is_no_fault_of_the_kernels() {
    // Its code, overwritten.
    let script = "\
maps = [line.split() for line in open('/proc/1/maps')]
start, end = next(it[0].split('-') for it in maps if 'x' in it[1])
with open('/proc/1/mem', 'r+b', 0) as memory:
    memory.seek(int(start, 16))
    memory.write(bytes(int(end, 16) - int(start, 16)))
";
    let mut cmd = guest();
    cmd.args(["--module", "none", "--", "/usr/bin/python3", "-c", script]);
    is_reported(
        &cmd.output().unwrap(),
        &[
            "`python3 -c ",
            "Attempted to kill init!",
            "a fault of xtask's",
        ],
    );
}

#[test]
fn a_module_in_the_trace_of_an_oops_is_named() {
    let module = common::tests_module("default").display().to_string();
    let name = "a_module_in_the_trace_of_an_oops_is_named";
    let Some((out, _log)) = common::try_in_guest(name, &["--module", &module], || {
        const NULL_DEREFERENCE: u8 = 9;
        let mut client = common::wire::Client::new("nl_tests");
        client.send(5, NULL_DEREFERENCE, &[]);
        client.receive();
    }) else {
        return;
    };
    is_reported(
        &out,
        &[
            "--exact a_module_in_the_trace",
            "[nl_tests]",
            "the module nl_tests is in the trace, a fault of ours",
        ],
    );
}
