// SPDX-License-Identifier: GPL-2.0-or-later
//! Where things are: the checkout, its target folder, the cache.

use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ lies in the workspace")
}

/// Where this program was started from. What `cargo test` builds of it takes that place.
fn started_from() -> Result<PathBuf> {
    env::current_exe().context("cannot find this program's own file")
}

/// This program's own file, which the guest runs too.
pub(crate) fn own() -> Result<PathBuf> {
    let exe = started_from()?;
    // The kernel puts " (deleted)" behind the name of a file that is gone.
    anyhow::ensure!(
        exe.exists(),
        "xtask was rebuilt while it ran: start it again"
    );
    Ok(exe)
}

/// The folder of this build profile's parent: `target/TRIPLE`, learnt from
/// where this very binary lies, so that `CARGO_TARGET_DIR` and the target
/// triple need no second guess.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let exe = started_from()?;
    let dir = exe
        .ancestors()
        .find(|dir| dir.ends_with("debug") || dir.ends_with("release"))
        .and_then(Path::parent)
        .with_context(|| format!("{} is not in a target directory", exe.display()))?;
    Ok(dir.to_owned())
}

/// The workspace's release binaries.
pub(crate) fn release_dir() -> Result<PathBuf> {
    Ok(target_dir()?.join("release"))
}

/// What is costly to make and shared by all checkouts:
/// `$XDG_CACHE_HOME/nl-util`, or `~/.cache/nl-util`.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(dir) if dir.is_absolute() => dir,
        _ => env::home_dir()
            .context("neither XDG_CACHE_HOME nor HOME is set: no place for the cache")?
            .join(".cache"),
    };
    let dir = base.join("nl-util");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}
