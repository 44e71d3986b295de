// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask setup`: what the project needs, installed and built once.
//!
//! Every task that needs a part of it calls that part itself; with nothing to
//! do, a part costs milliseconds.

mod bindgen;
mod packages;

pub(crate) use bindgen::{VERSION as BINDGEN_VERSION, ensure as bindgen};
pub(crate) use packages::{KERNEL_SOURCE, ensure as packages, version as package_version};

use crate::{kernel::Kernel, paths};
use anyhow::{Context, Result};
use std::{
    fs::{File, TryLockError},
    path::Path,
};

/// Everything, with a word on where it lies.
pub(crate) fn all() -> Result<()> {
    packages()?;
    let kernel = Kernel::named("default")?;
    let build = kernel.ensure()?;
    eprintln!("guest kernel {}: {}", kernel.version()?, build.display());
    eprintln!("cache: {}", paths::cache()?.display());
    Ok(())
}

/// Holds the cache's lock while a part is made, so that two tasks at once do
/// not make it twice into each other's files. The file's closing ends it.
pub(crate) fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!("waiting for another set-up to end …"),
        Err(TryLockError::Error(err)) => return Err(err).context("cannot lock the cache"),
    }
    file.lock().context("cannot lock the cache")?;
    Ok(file)
}
