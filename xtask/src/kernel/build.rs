// SPDX-License-Identifier: GPL-2.0-or-later
//! Building a guest kernel: configure, verify, make. What is not compiled here is made by
//! [`shipped`].
//!
//! Each step leaves either its whole result or nothing, so an interrupted
//! build goes on where it was.

use super::{
    Kernel, Machine,
    make::{is_step, jobs, options, trim, verify},
    shipped, source,
    toolchain::{self, Toolchain},
};
use crate::{lock, room::FullDisk, run};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// Is in a kernel's folder when all of it is built.
pub(super) const STAMP: &str = "complete";

/// Counts in the key: raised when the steps below build something else.
const RECIPE: u32 = 1;

/// Roughly the steps that make prints for the fragment; only the progress bar
/// stands on it.
const STEPS: u64 = 1650;

/// Twelve hex digits that stand for all that the build depends on.
pub(super) fn key(kernel: &Kernel) -> Result<String> {
    let mut hash = Sha256::new();
    let release = kernel.release()?;
    hash.update(format!("recipe {RECIPE}\n{}\n", release.version));
    match &release.image {
        None => hash.update(toolchain::identity()?),
        Some(image) => hash.update(format!("{} {}", image.name, image.tools.join(" "))),
    }
    for line in kernel.fragments.iter().copied().flat_map(options) {
        hash.update(format!("\n{line}"));
    }
    source::hash_patches(&mut hash, kernel.patches);
    Ok(super::short_hex(&hash.finalize()))
}

/// Builds `kernel` into `dir`.
pub(super) fn build(kernel: &Kernel, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let waiting = format!("waiting for another build of the kernel `{}`", kernel.name);
    let _lock = lock::hold(&dir.join("lock"), &waiting)?;
    if dir.join(STAMP).is_file() {
        return Ok(());
    }
    let made = match &kernel.release()?.image {
        None => compile(kernel, dir),
        Some(image) => shipped::build(kernel, image, dir),
    };
    if let Err(err) = made {
        if let Some(full) = err.downcast_ref::<FullDisk>() {
            full.remove_doubtful(&dir.join("build"))?;
        }
        return Err(err);
    }
    fs::write(dir.join(STAMP), format!("{}\n", kernel.version()?))
        .with_context(|| format!("cannot write into {}", dir.display()))
}

fn compile(kernel: &Kernel, dir: &Path) -> Result<()> {
    let tools = Toolchain::new(kernel.machine)?;
    let source = source::ensure(kernel)?;
    let out = dir.join("build");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let log = dir.join("build.log");
    let fragment = dir.join("fragment.config");
    let wanted = kernel.fragments.join("\n");
    fs::write(&fragment, &wanted)
        .with_context(|| format!("cannot write {}", fragment.display()))?;

    let make = || {
        let mut cmd = tools.make(&source);
        cmd.arg(format!("O={}", out.display()));
        cmd
    };
    run::logged(
        make().arg("rustavailable"),
        &log,
        "checking the kernel's tools",
        0,
        |_| true,
    )?;
    let mut configure = make();
    configure
        .arg("allnoconfig")
        .env("KCONFIG_ALLCONFIG", &fragment);
    run::logged(
        &mut configure,
        &log,
        &format!("configuring the kernel `{}`", kernel.name),
        0,
        |_| true,
    )?;
    verify(&wanted, &out.join(".config"))?;

    let mut compile = make();
    compile
        .arg(jobs())
        .args([kernel.machine.target(), "modules_prepare", "modules"]);
    run::logged(
        &mut compile,
        &log,
        &format!("building the kernel `{}`", kernel.name),
        STEPS.saturating_sub(steps_made(&out)).max(1),
        is_step,
    )?;
    match kernel.machine {
        Machine::Uml => Ok(()),
        Machine::Qemu => trim(&out),
    }
}

/// How many steps a build that goes on has behind it: each leaves a file with its command.
fn steps_made(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => steps_made(&entry.path()),
            _ => entry
                .file_name()
                .as_encoded_bytes()
                .ends_with(b".cmd")
                .into(),
        })
        .sum()
}
