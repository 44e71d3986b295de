// SPDX-License-Identifier: GPL-2.0-or-later
//! Recorders that run beside what is measured.

use crate::run;
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The tap of tcpdump.
const TAP: &str = "mon0";

/// tcpdump with the room for 64 MiB that it needs to lose little.
pub(super) const WITH_ROOM: [&str; 2] = ["-B", "65536"];

/// tcpdump on an nlmon link of its own.
pub(super) struct Tcpdump(pub(super) Child);

impl Tcpdump {
    pub(super) fn start(options: &[&str]) -> Result<Self> {
        run::check(Command::new("ip").args(["link", "add", TAP, "type", "nlmon"]))?;
        run::check(Command::new("ip").args(["link", "set", TAP, "up"]))?;
        let said = fs::File::create("tcpdump.err").context("cannot create a file")?;
        let child = Command::new("tcpdump")
            .args(["-i", TAP, "-s", "262144", "-w", "x.pcap"])
            .args(options)
            .stdin(Stdio::null())
            .stderr(said)
            .spawn()
            .context("cannot run tcpdump")?;
        wait_for(|| fs::read_to_string("tcpdump.err").is_ok_and(|it| it.contains("listening")))?;
        Ok(Self(child))
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result<()> {
        interrupt(&mut self.0)?;
        run::check(Command::new("ip").args(["link", "del", TAP]))
    }
}

pub(super) fn interrupt(child: &mut Child) -> Result<()> {
    run::check(Command::new("kill").args(["-INT", &child.id().to_string()]))?;
    let status = child.wait().context("cannot wait for a recorder")?;
    ensure!(status.success(), "a recorder failed: {status}");
    Ok(())
}

/// Waits until something is so.
pub(super) fn wait_for(is_so: impl Fn() -> bool) -> Result<()> {
    for _ in 0..1000 {
        if is_so() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("a recorder does not start")
}
