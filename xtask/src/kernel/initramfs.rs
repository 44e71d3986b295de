// SPDX-License-Identifier: GPL-2.0-or-later
//! The initramfs of a kernel whose drivers for the host's files are modules: it inserts
//! them, mounts the root that the kernel's command line names, and becomes pid 1 of it.

use crate::run;
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What mounts the host's files.
const DRIVERS: &[&str] = &["9pnet_virtio", "9p"];

/// Of the package busybox-static.
const BUSYBOX: &str = "/bin/busybox";

/// Its pid 1. `init=` is the path in the new root.
const INIT: &str = r#"#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do
    $bb insmod $module || echo "initramfs: cannot insert $module" >/dev/kmsg
done
mode=ro
for word in $($bb cat /proc/cmdline); do
    case $word in
    root=*) root=${word#root=} ;;
    rootflags=*) flags=${word#rootflags=} ;;
    ro | rw) mode=$word ;;
    init=*) init=${word#init=} ;;
    esac
done
$bb mount -t 9p -o $mode,$flags $root /root || echo "initramfs: cannot mount $root" >/dev/kmsg
$bb umount /dev
$bb umount /proc
exec $bb switch_root /root $init
"#;

/// Writes it to `file`, with the drivers of the kernel `name` below `base`/lib/modules.
pub(super) fn write(base: &Path, name: &str, file: &Path) -> Result<()> {
    let dir = tempfile::tempdir().context("cannot make a folder for the initramfs")?;
    let root = dir.path();
    for sub in ["bin", "dev", "proc", "root", "modules"] {
        fs::create_dir(root.join(sub)).context("cannot make a folder for the initramfs")?;
    }
    fs::copy(BUSYBOX, root.join("bin/busybox"))
        .with_context(|| format!("cannot copy {BUSYBOX}"))?;
    let init = root.join("init");
    fs::write(&init, INIT)
        .and_then(|()| fs::set_permissions(&init, fs::Permissions::from_mode(0o755)))
        .context("cannot write the initramfs's init")?;
    for (i, module) in drivers(base, name)?.iter().enumerate() {
        // Sorted by name they are in the order in which they depend on each other.
        let to = root.join("modules").join(format!("{i:02}.ko"));
        unpack(module, &to)?;
    }
    let cpio =
        fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    const PACK: &str = "find . | cpio --quiet --create --format=newc --owner=0:0";
    run::check(
        Command::new("sh")
            .args(["-euc", PACK])
            .current_dir(root)
            .stdout(cpio),
    )
}

/// The files of [`DRIVERS`] and of what they depend on, in the order to insert them.
fn drivers(base: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for driver in DRIVERS {
        let text = run::output(Command::new("modprobe").arg("--dirname").arg(base).args([
            "--set-version",
            name,
            "--show-depends",
            driver,
        ]))?;
        for path in text.lines().filter_map(|it| it.strip_prefix("insmod ")) {
            let path = PathBuf::from(path.trim());
            if !found.contains(&path) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// busybox inserts modules that are not compressed.
fn unpack(module: &Path, to: &Path) -> Result<()> {
    let file = fs::File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
    let program = match module.extension().and_then(|it| it.to_str()) {
        Some("xz") => "xzcat",
        Some("zst") => "zstdcat",
        Some("gz") => "zcat",
        _ => "cat",
    };
    run::check(
        Command::new(program)
            .arg(module)
            .stdin(Stdio::null())
            .stdout(file),
    )
}
