// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests whose bodies run in the guest: the test binary is static, so the guest
//! runs the same file again, for that one test.

#![allow(dead_code, reason = "each test binary uses a part")]

#[path = "../../src/guest/complaints.rs"]
pub(crate) mod complaints;
pub(crate) mod roots;
pub(crate) mod signs;
pub(crate) mod speaker;
pub(crate) mod wire;

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use signs::DEADLINE;

/// Set in the guest.
const IN_GUEST: &str = "NL_UTIL_TEST_IN_GUEST";

/// Defines tests whose bodies run in the guest, with our module loaded; in the form
/// `fn name(mem = "2500M")` with that much memory.
#[macro_export]
macro_rules! guest_tests {
    ($(fn $name:ident($(mem = $mem:literal)?) $body:block)*) => {$(
        #[test]
        fn $name() {
            let options: &[&str] = &[$("--mem", $mem)?];
            $crate::common::in_guest(stringify!($name), options, || $body);
        }
    )*};
}

/// `cargo xtask guest` with these arguments.
pub(crate) fn guest() -> Command {
    let mut cmd = Command::new(env!("CARGO_BIN_EXE_xtask"));
    cmd.arg("guest").stdin(Stdio::null());
    cmd
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Runs `body` in a guest with these options, as the test `name` of this very binary. It
/// must succeed, and the guest's kernel complain of nothing.
pub(crate) fn in_guest(name: &str, options: &[&str], body: impl FnOnce()) {
    let Some((out, log)) = try_in_guest(name, options, body) else {
        return;
    };
    let stdout = text(&out.stdout);
    assert!(
        out.status.success() && stdout.contains("1 passed"),
        "in the guest: {}\n{stdout}\n{}",
        out.status,
        text(&out.stderr)
    );
    assert_eq!(complaints::complaint(&log), None, "the guest's log:\n{log}");
}

/// Runs `body` in a guest, as [`in_guest`] does: on the host what became of it, and the
/// guest's log; nothing in the guest.
pub(crate) fn try_in_guest(
    name: &str,
    options: &[&str],
    body: impl FnOnce(),
) -> Option<(Output, String)> {
    if env::var_os(IN_GUEST).is_some() {
        body();
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let dmesg = dir.path().join("dmesg");
    let out = guest()
        .args(options)
        .arg("--dmesg")
        .arg(&dmesg)
        // It waits for many signs, and says itself which one does not come.
        .args(["--timeout", &(30 * DEADLINE).as_secs().to_string(), "--"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(IN_GUEST, "1")
        .output()
        .unwrap();
    Some((out, fs::read_to_string(&dmesg).unwrap_or_default()))
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Compares `text` with the file of that name in `tests/golden/`, which
/// `cargo xtask test --bless` writes.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let file = root().join("xtask/tests/golden").join(name);
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap();
    assert_eq!(
        text,
        golden,
        "{}; `cargo xtask test --bless`",
        file.display()
    );
}

/// Runs a shell script (`sh -eu`) that must succeed; its standard output.
pub(crate) fn sh(script: &str) -> String {
    let out = try_sh(script);
    assert!(
        out.status.success(),
        "{script}\n{}: {}",
        out.status,
        text(&out.stderr)
    );
    text(&out.stdout)
}

/// Runs a shell script (`sh -eu`) that has the functions of [`signs::shell`].
pub(crate) fn try_sh(script: &str) -> Output {
    let out = try_sh_within(DEADLINE, script);
    let complaint = text(&out.stderr);
    assert!(
        !complaint.contains(signs::NEVER),
        "{script}\n{}{complaint}",
        text(&out.stdout)
    );
    out
}

/// Runs a shell script (`sh -eu`) that waits so long for each sign.
pub(crate) fn try_sh_within(deadline: Duration, script: &str) -> Output {
    Command::new("sh")
        .args(["-euc", &format!("eval \"$SIGNS\"\n{script}")])
        .env("SIGNS", signs::shell(deadline))
        // It ends its group when a sign does not come.
        .process_group(0)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a shell script and returns its status, standard output and error.
pub(crate) fn outcome(script: &str) -> (Option<i32>, String, String) {
    let out = try_sh(script);
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// Makes dummy interfaces `PREFIX0` to `PREFIX<n - 1>`, in one process.
pub(crate) fn make_dummies(prefix: &str, n: usize) {
    let batch: String = (0..n)
        .map(|i| format!("link add {prefix}{i} type dummy\n"))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, batch).unwrap();
    sh(&format!("ip -batch {}", file.path().display()));
}

/// What `open` returns when it runs in the network namespace that `ip netns` knows by
/// that name: its sockets stay there.
pub(crate) fn in_namespace<T: Send>(name: &str, open: impl FnOnce() -> T + Send) -> T {
    let file = fs::File::open(format!("/run/netns/{name}")).unwrap();
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| {
            rustix::thread::move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&file),
                Some(rustix::thread::LinkNameSpaceType::Network),
            )
            .unwrap();
            open()
        });
        inside.join().unwrap()
    })
}

/// What `body` returns when nobody runs it: a user without any rights, who is in no group.
pub(crate) fn as_nobody<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    use rustix::{
        process::{Gid, Uid},
        thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
    };
    std::thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            let (uid, gid) = (Uid::from_raw(65534), Gid::from_raw(65534));
            set_thread_groups(&[]).unwrap();
            set_thread_res_gid(gid, gid, gid).unwrap();
            // The last step: with it the capabilities go.
            set_thread_res_uid(uid, uid, uid).unwrap();
            body()
        });
        nobody.join().unwrap()
    })
}

/// Waits until no link changes its state any more. The kernel's link watch, which takes up
/// to a second, catches up with a link that is asked for by name; its state may then pass
/// to those above it.
pub(crate) fn settle() {
    let states = || sh("ip -o link");
    let mut before = states();
    signs::wait_for("the links settle", || {
        sh("for link in /sys/class/net/*/; do ip link show dev $(basename $link) >/dev/null; done");
        let now = states();
        std::mem::replace(&mut before, now) == before
    });
}

/// Our lines of the kernel's log, without the time.
pub(crate) fn module_log() -> Vec<String> {
    let log = sh("dmesg");
    let lines = log
        .lines()
        .filter_map(|line| line.split_once("nl_kernel: "));
    lines
        .map(|(_, text)| text.trim_end().to_owned())
        // The kernel's own lines of any module that is not in its tree, or not signed.
        .filter(|text| !text.starts_with("loading out-of-tree module"))
        .filter(|text| !text.starts_with("module verification failed"))
        .collect()
}

/// The target folder.
fn target() -> PathBuf {
    let exe = env::current_exe().unwrap();
    let debug = exe.ancestors().find(|dir| dir.ends_with("debug"));
    debug.unwrap().parent().unwrap().to_owned()
}

/// Our module, as `cargo xtask guest` loads it; outside of a guest the one for
/// the default kernel, whose configuration is a release's.
pub(crate) fn module_file() -> PathBuf {
    let kernel = match env::var_os(IN_GUEST) {
        Some(_) => kernel(),
        None => "default".to_owned(),
    };
    target().join(format!("kmod/{kernel}/nl_kernel.ko"))
}

/// The kernel that guests of this test run boot.
pub(crate) fn kernel() -> String {
    env::var("NL_UTIL_KERNEL").unwrap_or_else(|_| "default".to_owned())
}

/// The module of the tests, for the guest kernel of that name; on the host it is built if
/// it is stale.
pub(crate) fn tests_module(kernel: &str) -> PathBuf {
    if env::var_os(IN_GUEST).is_none() {
        let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["kmod", "tests", "--kernel", kernel])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
    }
    target().join(format!("kmod/{kernel}-tests/nl_tests.ko"))
}

/// A folder with a `modprobe` that inserts our module, whatever it is asked
/// for, and writes down what that was.
pub(crate) fn modprobe_wrapper() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let asked = dir.path().join("asked");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >>{}\ncase \"$*\" in *nl_util*) exec /sbin/insmod {};; esac\nexit 1\n",
        asked.display(),
        module_file().display()
    );
    let file = dir.path().join("modprobe");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// The kernel's source tree.
pub(crate) fn kernel_source() -> PathBuf {
    kernel_path("source")
}

/// The folder that the kernel was built in.
pub(crate) fn kernel_build() -> PathBuf {
    kernel_path("build")
}

/// What `cargo xtask kernel --print WHAT` says.
fn kernel_path(what: &str) -> PathBuf {
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["kernel", "--print", what])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    PathBuf::from(text(&out.stdout).trim_end())
}

/// The kernel's own YNL client, whose place has changed since 6.12.
pub(crate) fn ynl_client() -> PathBuf {
    let ynl = kernel_source().join("tools/net/ynl");
    let old = ynl.join("cli.py");
    if old.exists() {
        old
    } else {
        ynl.join("pyynl/cli.py")
    }
}
