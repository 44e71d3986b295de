// SPDX-License-Identifier: GPL-2.0-or-later
//! Processor time and memory of programs.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

/// How often a running program is looked at; what it uses after the last look is not seen.
const STEP: Duration = Duration::from_millis(5);

/// What a process has used.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Clock ticks, of which a second has 100 (`USER_HZ`).
    pub(super) ticks: u64,
    /// Greatest resident size, KiB.
    pub(crate) memory: u64,
}

impl Usage {
    /// What every run is better than.
    pub(super) const WORST: Self = Self {
        ticks: u64::MAX,
        memory: 0,
    };

    /// Counts one run more, of which the fastest is looked for.
    pub(super) fn count(&mut self, run: Self) {
        self.ticks = self.ticks.min(run.ticks);
        self.memory = self.memory.max(run.memory);
    }

    pub(super) fn seconds(self) -> f64 {
        self.ticks as f64 / 100.0
    }

    pub(super) fn mib(self) -> f64 {
        self.memory as f64 / 1024.0
    }

    /// Of a process up to now, by proc_pid_stat(5) and proc_pid_status(5).
    pub(crate) fn of(pid: u32) -> Self {
        of_process(pid).0
    }

    /// Of a program that is run to its end.
    pub(super) fn of_run(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let mut most = Self::default();
        loop {
            // Of a process that has ended /proc still has the times, until it is waited for.
            let (now, has_ended) = of_process(child.id());
            most.ticks = most.ticks.max(now.ticks);
            most.memory = most.memory.max(now.memory);
            if has_ended {
                break;
            }
            std::thread::sleep(STEP);
        }
        let status = child
            .wait()
            .with_context(|| format!("cannot wait for {name}"))?;
        if !status.success() {
            bail!("{name} failed: {status}");
        }
        Ok(most)
    }
}

/// What a process has used, and whether it has ended.
fn of_process(pid: u32) -> (Usage, bool) {
    let read = |file| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let (stat, status) = (read("stat"), read("status"));
    // The name is in parentheses and may hold anything.
    let words: Vec<_> = (stat.rsplit(')').next().unwrap_or("").split_whitespace()).collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let memory = peak.and_then(|it| it.split_whitespace().next()?.parse().ok());
    let usage = Usage {
        // utime and stime, the 14th and 15th field of all.
        ticks: number(11).unwrap_or(0) + number(12).unwrap_or(0),
        memory: memory.unwrap_or(0),
    };
    (usage, words.first().is_none_or(|state| *state == "Z"))
}
