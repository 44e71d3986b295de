// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel's own checkers say at the end.

use anyhow::{Context, Result, bail};
use std::{fs, io::ErrorKind, thread, time::Duration};

/// What a sound kernel never logs.
const COMPLAINTS: &[&str] = &[
    "BUG:",
    "WARNING:",
    "Oops",
    "Call Trace",
    "general protection",
    "Kernel panic",
    "UBSAN:",
    "refcount_t:",
    "ODEBUG:",
];

/// The log of a guest holds no complaint.
pub(super) fn no_complaint(log: &str) -> Result<()> {
    let complaint = |line: &&str| COMPLAINTS.iter().any(|it| line.contains(it));
    match log.lines().position(|line| complaint(&line)) {
        None => Ok(()),
        Some(at) => {
            let lines: Vec<_> = log.lines().skip(at).take(40).collect();
            bail!("the kernel complains:\n{}", lines.join("\n"))
        }
    }
}

/// Where the kernel has them: lockdep is still on, and kmemleak finds nothing.
pub(super) fn check() -> Result<()> {
    match fs::read_to_string("/proc/lockdep_stats") {
        Ok(stats) => {
            let on = stats.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some("debug_locks:") && words.next() == Some("1")
            });
            if !on {
                bail!("lockdep has switched itself off:\n{stats}");
            }
            println!("lockdep: on");
        }
        Err(err) if err.kind() == ErrorKind::NotFound => {}
        Err(err) => return Err(err).context("cannot read lockdep's state"),
    }
    leaks()
}

/// kmemleak takes an object for lost only if two scans find nothing that points at it.
fn leaks() -> Result<()> {
    const FILE: &str = "/sys/kernel/debug/kmemleak";
    if !fs::exists(FILE).context("cannot look for kmemleak")? {
        return Ok(());
    }
    for _ in 0..2 {
        // What was freed after a grace period is gone by then, and young objects count too.
        thread::sleep(Duration::from_secs(6));
        fs::write(FILE, "scan").context("cannot make kmemleak scan")?;
    }
    let found = fs::read_to_string(FILE).context("cannot read kmemleak's findings")?;
    if !found.trim().is_empty() {
        bail!("kmemleak found:\n{found}");
    }
    println!("kmemleak: nothing");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_of_the_kernel_is_quoted_with_what_follows() {
        let log = "[ 0.1] fine\n[ 0.2] BUG: KASAN: use-after-free\n[ 0.3] in nl_kernel\n";
        let text = no_complaint(log).unwrap_err().to_string();
        assert!(
            text.contains("use-after-free\n[ 0.3] in nl_kernel"),
            "{text}"
        );
        assert!(no_complaint("[ 0.1] fine\n").is_ok());
    }
}
