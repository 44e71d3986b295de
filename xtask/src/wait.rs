// SPDX-License-Identifier: GPL-2.0-or-later
//! Waiting for signs.

use anyhow::{Result, ensure};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long something may take, on whatever machine, that takes next to no time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How often a sign is looked for.
const STEP: Duration = Duration::from_millis(10);

/// Looks again and again until there is something; an error of these words where that takes
/// longer than [`PATIENCE`].
pub(crate) fn wait_for<T>(error: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(start.elapsed() < PATIENCE, "{error}");
        thread::sleep(STEP);
    }
}
