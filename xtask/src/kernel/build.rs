// SPDX-License-Identifier: GPL-2.0-or-later
//! Building a guest kernel: configure, verify, make. What is not compiled here is made by
//! [`shipped`].
//!
//! Each step leaves either its whole result or nothing, so an interrupted
//! build goes on where it was.

use super::{
    Kernel, Machine, shipped, source,
    toolchain::{self, Toolchain},
};
use crate::{lock, room::OutOfRoom, run};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{fs, path::Path, thread};

/// Is in a kernel's folder when all of it is built.
pub(super) const STAMP: &str = "complete";

/// Counts in the key: raised when the steps below build something else.
const RECIPE: u32 = 1;

/// Roughly the steps that make prints for the fragment; only the progress bar
/// stands on it.
const STEPS: u64 = 1650;

/// The options of a fragment, without comments: those change nothing.
fn options(fragment: &str) -> impl Iterator<Item = &str> {
    let lines = fragment.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

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
        if let Some(full) = err.downcast_ref::<OutOfRoom>() {
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

/// make's option for this machine's CPUs.
pub(super) fn jobs() -> String {
    let jobs = thread::available_parallelism().map_or(2, usize::from) + 1;
    format!("-j{jobs}")
}

/// `  CC      net/core/dev.o`: two blanks and a capital; warnings are not steps.
pub(crate) fn is_step(line: &str) -> bool {
    line.starts_with("  ") && line.as_bytes().get(2).is_some_and(u8::is_ascii_uppercase)
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

/// Removes from a build what neither the machine boots nor a module is built against.
pub(super) fn trim(dir: &Path) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_useless = name.ends_with(".o")
            || name.ends_with(".a")
            || matches!(&*name, "vmlinux" | "vmlinux.unstripped" | "vmlinux.bin");
        if kind.is_dir() {
            trim(&path)?;
        } else if is_useless {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Kconfig drops what it cannot set without a word: each wanted option must
/// stand in the result.
pub(super) fn verify(fragment: &str, config: &Path) -> Result<()> {
    let text =
        fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let lost = lost_options(fragment, &text);
    if !lost.is_empty() {
        bail!(
            "the kernel's configuration refused {} (a dependency is missing from the fragment)",
            lost.join(", ")
        );
    }
    Ok(())
}

fn lost_options<'a>(fragment: &'a str, config: &str) -> Vec<&'a str> {
    let set: std::collections::HashSet<&str> = config.lines().collect();
    options(fragment)
        .filter(|line| !set.contains(line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_kconfig_dropped_is_named() {
        let fragment = "# comment\nCONFIG_NLMON=y\nCONFIG_RUST=y\n";
        let config = "CONFIG_NLMON=y\n# CONFIG_RUST is not set\n";
        assert_eq!(lost_options(fragment, config), ["CONFIG_RUST=y"]);
    }

    #[test]
    fn what_is_trimmed_is_what_no_module_is_built_against() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("arch/x86/boot");
        fs::create_dir_all(&sub).unwrap();
        let names = [
            "bzImage",
            "vmlinux.bin",
            "head.o",
            "lib.a",
            "head.o.d",
            "k.rmeta",
        ];
        for name in names {
            fs::write(sub.join(name), "").unwrap();
        }
        trim(dir.path()).unwrap();
        let left = names.map(|name| sub.join(name).exists());
        assert_eq!(left, [true, false, false, false, true, true]);
    }

    #[test]
    fn comments_in_the_fragment_are_no_options() {
        assert_eq!(
            options("# a\n\n  CONFIG_A=y  \n").collect::<Vec<_>>(),
            ["CONFIG_A=y"]
        );
    }
}
