// SPDX-License-Identifier: GPL-2.0-or-later
//! Folders of the cache with a Debian of another suite in them, and the mirror that
//! they and sources come from. The machine's own apt and packages are neither used
//! nor changed.

use crate::{exit::UnavailableError, lock, packages, paths, run};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// A mirror of Debian in place of the machine's, as an apt URI.
pub(crate) const MIRROR: &str = "NL_UTIL_DEBIAN_MIRROR";

/// Debian's keys, of the package debian-archive-keyring.
pub(crate) const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// How long a folder of `unstable` is taken for the newest.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A Debian in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Debian {
    /// Its `/`.
    pub(crate) root: PathBuf,
}

impl Debian {
    /// The folder with `packages` of `suite` (`trixie`, `unstable`, …) and what they
    /// need, made where it is missing: a minute and 300 MB for a small one. An archive
    /// that does not answer is [`UnavailableError`], unless there is a folder of old.
    pub(crate) fn with(suite: &str, packages: &[&str]) -> Result<Self> {
        let first = packages.first().context("no package requested")?;
        let dir = paths::cache()?
            .join("debian")
            .join(format!("{suite}-{first}"));
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let made = Self {
            root: dir.join("root"),
        };
        let stamp = packages.join(" ");
        if suite == "unstable" && is_old(&dir.join("built")) {
            let _ = fs::remove_file(dir.join("built"));
        }
        lock::once(&dir, &stamp, || {
            packages::ensure()?;
            made.make(&dir, suite, &stamp)
        })?;
        Ok(made)
    }

    /// Makes the folder beside the old one, and puts it in its place.
    fn make(&self, dir: &Path, suite: &str, packages: &str) -> Result<()> {
        let new = dir.join("new");
        remove(&new)?;
        let mirror = mirror()?;
        let mode = if rustix::process::geteuid().is_root() {
            "root"
        } else {
            "unshare"
        };
        let log = dir.join("log");
        let mut cmd = Command::new("mmdebstrap");
        // A mirror may be a copy whose date has passed; what it says is signed.
        cmd.arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
            .arg("--aptopt=Acquire::http::Timeout \"30\"")
            .args(["--variant=apt", "--format=directory"])
            .arg(format!("--mode={mode}"))
            .arg(format!("--include={}", packages.replace(' ', ",")))
            .arg(suite)
            .arg(&new)
            .arg(format!("deb [signed-by={KEYS}] {mirror} {suite} main"));
        let title = format!("unpacking Debian {suite} with {packages}");
        if let Err(err) = run::logged(&mut cmd, &log, &title, 0, |_| true) {
            remove(&new)?;
            if self.root.join("usr").is_dir() {
                eprintln!("{err:#}\ncontinuing with {} as it is", self.root.display());
                return Ok(());
            }
            return Err(UnavailableError(format!("no Debian {suite}: {err:#}")).into());
        }
        remove(&self.root)?;
        fs::rename(&new, &self.root)
            .with_context(|| format!("cannot create {}", self.root.display()))
    }
}

fn is_old(file: &Path) -> bool {
    let age = |file| fs::metadata(file).ok()?.modified().ok()?.elapsed().ok();
    age(file).is_some_and(|age| age > MAX_AGE)
}

/// Removes a folder whose files may be of users that a namespace had.
fn remove(dir: &Path) -> Result<()> {
    if fs::symlink_metadata(dir).is_err() || fs::remove_dir_all(dir).is_ok() {
        return Ok(());
    }
    let mut cmd = Command::new("unshare");
    cmd.args(["--map-auto", "--map-root-user", "rm", "-rf", "--"]);
    run::check(cmd.arg(dir))
}

/// The mirror that the machine's apt uses for Debian, or [`MIRROR`].
pub(crate) fn mirror() -> Result<String> {
    if let Ok(mirror) = env::var(MIRROR)
        && !mirror.trim().is_empty()
    {
        return Ok(mirror.trim().to_owned());
    }
    let targets = run::output(Command::new("apt-get").env("LC_ALL", "C").args([
        "indextargets",
        "--format",
        "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
        "Created-By: Packages",
    ]))
    .with_context(|| format!("cannot find the machine's Debian mirror; set {MIRROR}"))?;
    match debian_of(&targets) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!("apt has no Debian mirror: run `apt-get update`, or set {MIRROR}"),
    }
}

/// The archive itself: security updates lie elsewhere, under their own label.
fn debian_of(targets: &str) -> Option<&str> {
    targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian|Debian|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_debians_own_archive_among_the_machines_sources() {
        let targets = "Debian|Debian-Security|http://a/security/\n\
                       Other|Debian|http://b/\n\
                       Debian|Debian|http://c/debian/\n";
        assert_eq!(debian_of(targets), Some("http://c/debian/"));
        assert_eq!(debian_of("Other|Other|http://b/\n"), None);
    }
}
