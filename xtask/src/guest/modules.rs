// SPDX-License-Identifier: GPL-2.0-or-later
//! Modules in the guest: those of its kernel by name, any other by its file.

use anyhow::{Context, Result, bail};
use std::{ffi::OsStr, fs::File, path::Path, process::Command};

/// Loads modules of the kernel's own, by name.
pub(super) fn load(modprobe: &OsStr, modules: &[String]) -> Result<()> {
    for module in modules {
        let out = Command::new(modprobe)
            .arg(module)
            .output()
            .context("cannot run modprobe")?;
        if !out.status.success() {
            let text = String::from_utf8_lossy(&out.stderr);
            bail!("modprobe {module}: {}: {}", out.status, text.trim());
        }
    }
    Ok(())
}

/// Inserts a module.
pub(super) fn insert(module: &Path) -> Result<()> {
    let file = File::open(module)
        .with_context(|| format!("cannot read the module {}", module.display()))?;
    rustix::system::finit_module(file, c"", 0)
        .with_context(|| format!("the kernel refused the module {}", module.display()))
}
