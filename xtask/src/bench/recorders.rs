// SPDX-License-Identifier: GPL-2.0-or-later
//! Recorders that run beside what is measured.

use crate::{run, wait::wait_for};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    process::{Child, Stdio},
};

/// The tap of tcpdump.
const TAP: &str = "mon0";

/// tcpdump with the room for 64 MiB that it needs to lose little.
pub(super) const WITH_ROOM: [&str; 2] = ["-B", "65536"];

/// tcpdump on an nlmon link of its own.
pub(super) struct Tcpdump(pub(super) Child);

impl Tcpdump {
    pub(super) fn start(options: &[&str]) -> Result<Self> {
        run::sh(&format!(
            "ip link add {TAP} type nlmon; ip link set {TAP} up"
        ))?;
        let said = fs::File::create("tcpdump.err").context("cannot create a file")?;
        let child = run::command(&format!("tcpdump -i {TAP} -s 262144 -w x.pcap"))
            .args(options)
            .stdin(Stdio::null())
            .stderr(said)
            .spawn()
            .context("cannot run tcpdump")?;
        is_ready(|| fs::read_to_string("tcpdump.err").is_ok_and(|it| it.contains("listening")))?;
        Ok(Self(child))
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result<()> {
        interrupt(&mut self.0)?;
        run::sh(&format!("ip link del {TAP}"))
    }
}

pub(super) fn interrupt(child: &mut Child) -> Result<()> {
    run::sh(&format!("kill -INT {}", child.id()))?;
    let status = child.wait().context("cannot wait for a recorder")?;
    ensure!(status.success(), "a recorder failed: {status}");
    Ok(())
}

/// Waits until a recorder shows that it records.
pub(super) fn is_ready(look: impl Fn() -> bool) -> Result<()> {
    wait_for("a recorder does not start", || Ok(look().then_some(())))
}
