// SPDX-License-Identifier: GPL-2.0-or-later
//! Debian unstable's own tools, in a folder: only the rustc and the gcc that built
//! its kernel can build modules for it.
//!
//! The packages are unpacked, not installed: none of their scripts runs, and it takes
//! neither root nor a minute. Programs run in it as in a root file system, with the
//! cache and the target folder at their usual places.

use super::{apt::Apt, release::Image, source};
use crate::{exit::UnavailableError, lock, paths, run};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// What a kernel is configured with and its tools are built with, beside the image's
/// own compilers. `base-files` has the links from /bin to /usr/bin.
const TOOLS: &str = "base-files bash bc bison coreutils dash diffutils findutils flex gcc \
    grep gzip kmod libc6-dev libelf-dev libssl-dev make mawk openssl pahole perl-base \
    python3-minimal rust-src sed tar xz-utils zlib1g-dev";

/// What nobody reads there.
const USELESS: &[&str] = &["usr/share/doc", "usr/share/man", "usr/share/locale"];

/// The script in it that goes in: `enter ROOT N FOLDER… PROGRAM ARG…` has the N
/// folders in sight at their usual places, and becomes the program.
const ENTER: &str = r#"#!/bin/sh
set -eu
root=$1 folders=$2; shift 2
while [ "$folders" -gt 0 ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift; folders=$((folders - 1))
done
exec chroot "$root" "$@"
"#;

/// The folder.
pub(super) struct ToolRoot(PathBuf);

impl ToolRoot {
    /// The tools for `image`, fetched where they are missing.
    pub(super) fn ensure(image: &Image) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(ENTER);
        for tool in tools(image) {
            hash.update(format!("{tool}\n"));
        }
        let name = format!("tools-{}", super::short_hex(&hash.finalize()));
        let dir = paths::cache()?.join("unstable").join(name);
        let root = Self(dir);
        if root.0.is_dir() {
            return Ok(root);
        }
        let _lock = lock::hold_cache()?;
        if !root.0.is_dir() {
            source::whole(&root.0, |partial| fill(image, partial))?;
        }
        Ok(root)
    }

    /// `program` in it. In sight are the cache, the target folder, and the machine's
    /// /dev and /proc.
    pub(super) fn command(&self, program: &str) -> Result<Command> {
        let folders = [
            PathBuf::from("/dev"),
            PathBuf::from("/proc"),
            paths::cache()?,
            paths::target_dir()?,
        ];
        let mut cmd = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            cmd.args(["--user", "--map-root-user"]);
        }
        cmd.arg("--mount")
            .arg(self.0.join("enter"))
            .arg(&self.0)
            .arg(folders.len().to_string())
            .args(folders)
            .arg(program)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin")
            .env("LC_ALL", "C");
        Ok(cmd)
    }

    /// That programs can be run in it, and that its rustc is the one that `config`, the
    /// kernel's own configuration, names: Rust metadata of any other is refused.
    pub(super) fn check(&self, config: &str) -> Result<()> {
        let ours = run::output(self.command("rustc")?.arg("--version")).map_err(|err| {
            UnavailableError(format!(
                "cannot run Debian unstable's rustc in {} ({err:#}): it takes root, or user \
                 namespaces for everybody (sysctl kernel.unprivileged_userns_clone=1, \
                 kernel.apparmor_restrict_unprivileged_userns=0)",
                self.0.display()
            ))
        })?;
        let theirs = config
            .lines()
            .find_map(|line| line.strip_prefix("CONFIG_RUSTC_VERSION_TEXT="))
            .context("Debian unstable's kernel is built without Rust")?;
        if theirs.trim_matches('"') != ours {
            let text = format!(
                "Debian unstable's kernel was built by {theirs}, but its archive has {ours}: \
                 no module can be built for it until one of them moves on"
            );
            return Err(UnavailableError(text).into());
        }
        Ok(())
    }
}

/// All packages for an image.
fn tools(image: &Image) -> impl Iterator<Item = &str> {
    let own = image.tools.iter().map(String::as_str);
    TOOLS.split_whitespace().chain(own)
}

fn fill(image: &Image, to: &Path) -> Result<()> {
    let packages: Vec<_> = tools(image).map(str::to_owned).collect();
    Apt::new()?.populate(&packages, to)?;
    let enter = to.join("enter");
    fs::write(&enter, ENTER)
        .and_then(|()| fs::set_permissions(&enter, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", enter.display()))?;
    // What a package's script would have done.
    symlink("mawk", to.join("usr/bin/awk")).context("cannot make a link")?;
    for dir in USELESS {
        let dir = to.join(dir);
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}
