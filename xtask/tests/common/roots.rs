// SPDX-License-Identifier: GPL-2.0-or-later
//! Folders that programs see as their `/`.

use super::text;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The folder with the files that `cargo xtask dist` has made.
pub(crate) fn dist() -> PathBuf {
    let dir = env::var_os("NL_UTIL_DIST");
    dir.expect("`cargo xtask test --full` sets NL_UTIL_DIST")
        .into()
}

/// The one file there whose name has this beginning and this end.
pub(crate) fn file(begin: &str, end: &str) -> PathBuf {
    let entries = std::fs::read_dir(dist()).unwrap();
    let mut found = entries.map(|it| it.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begin) && name.ends_with(end)
    });
    let one = found.next().unwrap_or_else(|| panic!("no {begin}…{end}"));
    assert_eq!(found.next(), None);
    one
}

/// A folder, removed with all in it: where it was made in a user namespace, its files are of users
/// that only such a one has.
pub(crate) struct Root(PathBuf);

impl Root {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("nl-util-root-").tempdir();
        let root = Self(dir.unwrap().keep());
        // Others than its owner shall look into it, too.
        super::sh(&format!("chmod 755 {}", root.0.display()));
        root
    }

    /// A copy of a whole system.
    pub(crate) fn copy_of(system: &Path) -> Self {
        let root = Self::empty();
        let copy = "cp --archive --reflink=auto \"$0/.\" \"$1\"";
        let mut cmd = namespace();
        let out = cmd
            .args(["sh", "-euc", copy])
            .arg(system)
            .arg(&root.0)
            .output();
        let out = out.unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        root
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Runs a shell script (`sh -eu`) in it, with /proc and /dev; what it prints.
    pub(crate) fn sh(&self, script: &str) -> String {
        let out = self.try_sh(script);
        assert!(
            out.status.success(),
            "{script}\n{}: {}{}",
            out.status,
            text(&out.stdout),
            text(&out.stderr)
        );
        text(&out.stdout)
    }

    /// The same, whatever becomes of it.
    pub(crate) fn try_sh(&self, script: &str) -> Output {
        const ENTER: &str = "\
            mkdir -p \"$0/proc\" \"$0/dev\"\n\
            mount --rbind /proc \"$0/proc\"\n\
            mount --rbind /dev \"$0/dev\"\n\
            exec chroot \"$0\" /bin/sh -euc \"$1\"";
        let mut cmd = namespace();
        cmd.args(["sh", "-euc", ENTER]).arg(&self.0).arg(script);
        cmd.env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", "/root")
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Whether nlcap may trace programs in it, as some containers do not let it.
    pub(crate) fn may_trace(&self) -> bool {
        self.try_sh("nlcap trace --tap syscalls -- true")
            .status
            .success()
    }

    /// Runs a program of it, without anything but its files.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let mut cmd = namespace();
        cmd.arg("chroot").arg(&self.0).args(words);
        cmd.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        cmd.stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // What is mounted is so in namespaces that have ended.
        let mut cmd = namespace();
        let _ = cmd
            .args(["rm", "-rf", "--one-file-system"])
            .arg(&self.0)
            .status();
    }
}

/// Begins a command that has mounts of its own, as root.
fn namespace() -> Command {
    let mut cmd = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        cmd.args(["--map-auto", "--map-root-user"]);
    }
    cmd.args(["--mount", "--"]);
    cmd
}
