// SPDX-License-Identifier: GPL-2.0-or-later
//! What a kernel with checkers must show before its silence means anything.

use super::{job::Checkers, modules};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path, thread, time::Duration};

pub(crate) const LOCKDEP: &str = "/proc/lockdep_stats";
pub(crate) const KMEMLEAK: &str = "/sys/kernel/debug/kmemleak";

/// kmemleak reports nothing younger than 5 s (`MSECS_MIN_AGE` in mm/kmemleak.c).
const MIN_AGE: Duration = Duration::from_secs(6);

/// Fails where a checker is off. In the first guest, before there is a stamp,
/// kmemleak also has to find nothing in a kernel that has done nothing, and then
/// what a module leaks on purpose; the guests after it need not wait for that. A kernel
/// in which kmemleak watches on request alone has had such a guest before its first one.
pub(super) fn trust(wanted: &Checkers) -> Result<()> {
    lockdep()?;
    if !wanted.kmemleak {
        return Ok(());
    }
    // The default, so nothing changes; but a kmemleak that is off refuses it.
    kmemleak("stack=on")?;
    let stamp = Path::new(&wanted.stamp);
    if stamp.exists() {
        return Ok(());
    }
    let leaks = scan()?;
    if !leaks.is_empty() {
        let first: Vec<&str> = leaks.lines().take(12).collect();
        bail!(
            "kmemleak reports {} leaks of a kernel that did nothing:\n{}",
            count(&leaks),
            first.join("\n")
        );
    }
    modules::insert(Path::new(&wanted.leaky_module))?;
    let leaks = scan()?;
    if count(&leaks) == 0 {
        bail!("kmemleak does not see what a module leaked on purpose");
    }
    // Seen, and not to be reported again.
    kmemleak("clear")?;
    let text = format!(
        "kmemleak saw {} leaks on purpose, no other\n",
        count(&leaks)
    );
    fs::write(stamp, text).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Fails where lockdep is off: it switches itself off at its first report.
pub(crate) fn lockdep() -> Result<()> {
    let stats = fs::read_to_string(LOCKDEP).with_context(|| format!("cannot read {LOCKDEP}"))?;
    if !lockdep_is_on(&stats) {
        bail!("lockdep is off ({LOCKDEP} does not say `debug_locks: 1`)");
    }
    Ok(())
}

/// Whether kmemleak watches. Its file is there even where it was switched off.
pub(crate) fn kmemleak_watches() -> Result<bool> {
    let words = fs::read_to_string("/proc/cmdline").context("cannot read /proc/cmdline")?;
    let is_off = words.split_whitespace().any(|word| word == "kmemleak=off");
    Ok(!is_off && fs::exists(KMEMLEAK).context("cannot look for kmemleak")?)
}

/// What kmemleak reports of all that is there now.
pub(crate) fn scan() -> Result<String> {
    thread::sleep(MIN_AGE);
    // An object is reported once two scans have found it unchanged.
    kmemleak("scan")?;
    kmemleak("scan")?;
    fs::read_to_string(KMEMLEAK).with_context(|| format!("cannot read {KMEMLEAK}"))
}

fn count(leaks: &str) -> usize {
    leaks.matches("unreferenced object").count()
}

fn kmemleak(order: &str) -> Result<()> {
    fs::write(KMEMLEAK, order)
        .with_context(|| format!("kmemleak is off: {KMEMLEAK} refuses `{order}`"))
}

fn lockdep_is_on(stats: &str) -> bool {
    let line = stats
        .lines()
        .find_map(|line| line.trim().strip_prefix("debug_locks:"));
    line.is_some_and(|value| value.trim() == "1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::complaints::complaint;

    #[test]
    fn lockdep_is_on_only_where_it_says_so() {
        let on = " lock-classes:   350 [max: 8192]\n debug_locks:              1\n";
        assert!(lockdep_is_on(on));
        assert!(!lockdep_is_on(&on.replace("  1\n", "  0\n")));
        assert!(!lockdep_is_on(""));
    }

    #[test]
    fn a_complaint_of_the_kernel_is_quoted_with_what_follows() {
        let log = "[ 0.1] fine\n[ 0.2] BUG: KASAN: use-after-free\n[ 0.3] in nl_kernel\n";
        let text = complaint(log).unwrap();
        assert!(
            text.contains("use-after-free\n[ 0.3] in nl_kernel"),
            "{text}"
        );
        assert_eq!(complaint("[ 0.1] fine\n"), None);
    }
}
