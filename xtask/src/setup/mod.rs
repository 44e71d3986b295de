// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask setup`: what the project needs, installed and built once.
//!
//! Every task that needs a part of it calls that part itself; with nothing to
//! do, a part costs milliseconds.

mod bindgen;
mod packages;

pub(crate) use bindgen::{VERSION as BINDGEN_VERSION, ensure as bindgen};
pub(crate) use packages::{
    KERNEL_SOURCE, ensure as packages, ensure_for as packages_for, version as package_version,
};

use crate::{args::SetupArgs, kernel::Kernel, lock, paths};
use anyhow::Result;
use std::{fs::File, path::Path};

/// Everything, with a word on where it lies.
pub(crate) fn all(args: &SetupArgs) -> Result<()> {
    let kernel = Kernel::named(&args.kernel)?;
    packages_for(kernel)?;
    kernel.refresh()?;
    let build = kernel.ensure()?;
    eprintln!(
        "kernel {} {}: {}",
        kernel.name,
        kernel.version()?,
        build.display()
    );
    eprintln!("cache: {}", paths::cache()?.display());
    Ok(())
}

/// Holds the cache's lock while a part is made.
pub(crate) fn hold_cache(cache: &Path) -> Result<File> {
    lock::hold(&cache.join("lock"), "waiting for another set-up to end")
}
