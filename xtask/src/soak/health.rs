// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel's own checkers say at the end, where the kernel has them.

use crate::guest::checkers;
use anyhow::{Context, Result, bail};
use std::fs;

/// lockdep is still on, and kmemleak finds nothing.
pub(super) fn check() -> Result<()> {
    let has = |file| fs::exists(file).with_context(|| format!("cannot look for {file}"));
    if has(checkers::LOCKDEP)? {
        checkers::lockdep()?;
        println!("lockdep: on");
    }
    if checkers::kmemleak_watches()? {
        let found = checkers::scan()?;
        if !found.trim().is_empty() {
            bail!("kmemleak found:\n{found}");
        }
        println!("kmemleak: nothing");
    } else if has(checkers::KMEMLEAK)? {
        println!("kmemleak: off (`guest --kmemleak` switches it on)");
    }
    Ok(())
}
