// SPDX-License-Identifier: GPL-2.0-or-later
//! User-Mode Linux: the kernel is a process, its root the host's through hostfs.

use super::{super::job::Mount, Boot, plain};
use anyhow::{Context, Result};
use std::{fs::File, path::Path, process::Command};

/// `con1` of the kernel's command line.
pub(super) const CONSOLE: &str = "/dev/tty1";

pub(super) fn command(command: &mut Command, boot: Boot<'_>) -> Result<()> {
    let log = File::options()
        .append(true)
        .open(boot.log)
        .context("cannot write the guest's log")?;
    command
        .arg(boot.kernel.program()?)
        .arg(format!("mem={}", boot.mem))
        .args(["rootfstype=hostfs", "root=/dev/root"])
        // Its log on one console, the frames on the other.
        .args(["con=null", "con0=null,fd:1", "con1=fd:0"])
        .arg(format!("uml_dir={}/", plain(boot.dir)?))
        .args(boot.words()?)
        .stdin(boot.console)
        .stdout(log.try_clone().context("cannot share the log")?)
        .stderr(log);
    Ok(())
}

pub(super) fn mount(dir: &Path) -> Mount {
    Mount {
        source: "none".into(),
        on: dir.into(),
        kind: "hostfs".to_owned(),
        options: dir.into(),
    }
}
