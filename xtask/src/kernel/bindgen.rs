// SPDX-License-Identifier: GPL-2.0-or-later
//! bindgen, pinned: the module's bindings use `--wrap-static-fns`, which is
//! marked experimental, and the distribution's own is too old for the kernel.

use crate::{cargo, lock, paths, run};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// The version, part of the guest kernel's key.
pub(super) const VERSION: &str = "0.73.2";

/// Installs it into the cache if it is not there; returns its `bin` folder.
pub(super) fn ensure() -> Result<PathBuf> {
    let cache = paths::cache()?;
    let dir = cache.join("tools").join(format!("bindgen-{VERSION}"));
    let bin = dir.join("bin");
    if bin.join("bindgen").is_file() {
        return Ok(bin);
    }
    let _lock = lock::hold_cache()?;
    if bin.join("bindgen").is_file() {
        return Ok(bin);
    }
    let target = dir.join("target");
    let install = "install bindgen-cli --locked --color never";
    let mut cmd = cargo::command(&format!("{install} --version {VERSION} --root"));
    // Away from the checkout: its flags would link bindgen statically, and a
    // static bindgen cannot load libclang.
    cmd.current_dir(&cache)
        .arg(&dir)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        // Where what is compiled outlasts a failure, for the next call.
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_TERM_QUIET");
    let log = cache.join("bindgen.log");
    run::logged(&mut cmd, &log, "building bindgen", 75, cargo::is_step)?;
    fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    Ok(bin)
}
