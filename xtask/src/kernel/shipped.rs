// SPDX-License-Identifier: GPL-2.0-or-later
//! A distribution's own kernel: its image and modules as they are, and beside them
//! what a Rust module is built against, which its packages lack.
//!
//! The Rust metadata of the kernel's crates is made anew, from the same source, the same
//! configuration and the same rustc. A symbol's name hangs on these alone, so that it
//! comes out as in the image; where it would not, the module does not link.

use super::{
    Kernel, apt::Apt, initramfs as ramfs, make, release::Image, source, toolroot::ToolRoot,
};
use crate::run;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Roughly the steps that make prints.
const STEPS: u64 = 420;

/// Where the packages are unpacked, in a kernel's folder.
fn unpacked(dir: &Path) -> PathBuf {
    dir.join("image")
}

/// Where the image and its modules are.
fn modules(dir: &Path, image: &Image) -> PathBuf {
    unpacked(dir).join("usr/lib/modules").join(&image.name)
}

/// The image.
pub(super) fn program(dir: &Path, image: &Image) -> PathBuf {
    modules(dir, image).join("vmlinuz")
}

/// What the kernel calls for a module that is missing; it gives modprobe the
/// folder in which its modules lie. A path without arguments is all that it takes. What
/// the host's configuration says of modules (no `dummy0`, for one) is not the guest's.
pub(super) fn modprobe(dir: &Path) -> PathBuf {
    dir.join("modprobe")
}

/// Makes all of it in `dir`.
pub(super) fn build(kernel: &Kernel, image: &Image, dir: &Path) -> Result<()> {
    let tools = ToolRoot::ensure(image)?;
    let unpacked = unpacked(dir);
    if !unpacked.is_dir() {
        source::whole(&unpacked, |partial| fetch(kernel, image, partial))?;
    }
    let headers = unpacked
        .join("usr/src")
        .join(format!("linux-headers-{}", image.name));
    let read = |name: &str| {
        let file = headers.join(name);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let config = read(".config")?;
    tools.check(&config)?;

    let source = source::ensure(kernel)?;
    let out = dir.join("build");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let log = dir.join("build.log");
    let make = || -> Result<Command> {
        let mut cmd = make(&tools, image, &source)?;
        cmd.arg(format!("O={}", out.display()));
        Ok(cmd)
    };
    fs::write(out.join(".config"), &config)
        .with_context(|| format!("cannot write into {}", out.display()))?;
    run::logged(
        make()?.arg("olddefconfig"),
        &log,
        "configuring for Debian's kernel",
        0,
        |_| true,
    )?;
    make::verify(&of_interest(&config), &out.join(".config"))?;
    run::logged(
        make()?
            .arg(make::jobs())
            .args(["prepare", "modules_prepare"]),
        &log,
        "building the Rust metadata of Debian's kernel",
        STEPS,
        make::is_step,
    )?;
    // What the image exports; ours would be without it all.
    fs::write(out.join("Module.symvers"), read("Module.symvers")?)
        .with_context(|| format!("cannot write into {}", out.display()))?;
    make::trim(&out)?;

    run::check(
        Command::new("depmod")
            .arg("--basedir")
            .arg(unpacked.join("usr"))
            .arg(&image.name),
    )?;
    ramfs::write(&unpacked.join("usr"), &image.name, &initramfs(dir))?;
    write_modprobe(dir, &unpacked.join("usr"))
}

/// `make` in `dir`, for this image.
pub(super) fn make(tools: &ToolRoot, image: &Image, dir: &Path) -> Result<Command> {
    let gcc = image.tools.iter().find_map(|tool| {
        let (package, _) = tool.split_once('=')?;
        package.starts_with("gcc-").then_some(package)
    });
    let mut cmd = tools.command("make")?;
    cmd.arg("-C")
        .arg(dir)
        .args(["ARCH=x86", "CROSS_COMPILE=x86_64-linux-gnu-"])
        .arg(format!(
            "CC=x86_64-linux-gnu-{}",
            gcc.context("no compiler of Debian's kernel is known")?
        ))
        .arg(format!("KERNELRELEASE={}", image.name));
    Ok(cmd)
}

/// What mounts the root.
pub(super) fn initramfs(dir: &Path) -> PathBuf {
    dir.join("initramfs")
}

fn fetch(kernel: &Kernel, image: &Image, to: &Path) -> Result<()> {
    let version = kernel.version()?;
    let packages = ["binary", "modules", "headers"]
        .map(|what| format!("linux-{what}-{}={version}", image.name));
    let files = Apt::new()?.fetch(&packages)?;
    let usr = files.path().join("usr");
    fs::rename(&usr, to.join("usr")).with_context(|| format!("cannot move {}", usr.display()))
}

/// The options, but for what they say of the tools' versions: rustc's is looked at
/// before, and a later gcc of the same name builds modules that fit.
fn of_interest(config: &str) -> String {
    let lines = config.lines().filter(|line| !line.contains("_VERSION"));
    let lines: Vec<_> = lines.collect();
    lines.join("\n")
}

fn write_modprobe(dir: &Path, base: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = modprobe(dir);
    let script = format!(
        "#!/bin/sh\nexec /sbin/modprobe --config /dev/null --dirname '{}' \"$@\"\n",
        base.display()
    );
    fs::write(&file, script)
        .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", file.display()))
}
