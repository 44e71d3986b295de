// SPDX-License-Identifier: GPL-2.0-or-later
//! Two tasks at once must not make one thing into each other's files.

use crate::paths;
use anyhow::{Context, Result};
use rustix::io::{FdFlags, fcntl_setfd};
use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

/// Waits until nobody else holds the lock `path`, then holds it.
///
/// Every program started meanwhile holds it too: a `make` that outlives a
/// killed task is still writing, and whoever comes next must wait for its end.
pub(crate) fn hold(path: &Path, waiting: &str) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    fcntl_setfd(&file, FdFlags::empty()).context("cannot share a lock")?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!("{waiting} …"),
        Err(TryLockError::Error(err)) => {
            return Err(err).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.lock()
        .with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Holds the cache's lock while a part of it is made.
pub(crate) fn hold_cache() -> Result<File> {
    let file = paths::cache()?.join("lock");
    hold(&file, "waiting for another set-up to end")
}

/// Runs `make` unless `dir/built` says that it has made `stamp` before; one
/// task at a time.
pub(crate) fn once(dir: &Path, stamp: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let file = dir.join("built");
    let is_made = || fs::read_to_string(&file).is_ok_and(|old| old == stamp);
    if is_made() {
        return Ok(());
    }
    let waiting = format!("waiting for another build in {}", dir.display());
    let _lock = hold(&dir.join("lock"), &waiting)?;
    if is_made() {
        return Ok(());
    }
    // Gone while its folder is in between.
    let _ = fs::remove_file(&file);
    make()?;
    fs::write(&file, stamp).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        process::Command,
        sync::atomic::{AtomicU32, Ordering},
        thread,
        time::Duration,
    };

    #[test]
    fn of_many_at_once_one_makes_it_and_the_others_find_it_made() {
        let dir = tempfile::tempdir().unwrap();
        let made = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    once(dir.path(), "a", || {
                        thread::sleep(Duration::from_millis(50));
                        made.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1);
        // Another stamp, another result; a failure leaves none.
        assert!(once(dir.path(), "b", || anyhow::bail!("no")).is_err());
        let again = || {
            made.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        once(dir.path(), "a", again).unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_program_that_outlives_its_task_still_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = hold(&path, "").unwrap();
        let mut program = Command::new("sleep").arg("infinity").spawn().unwrap();
        drop(lock);
        let other = File::options().write(true).open(&path).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        program.kill().unwrap();
        program.wait().unwrap();
        // A program that another test starts at this moment may hold it as well.
        other.lock().unwrap();
    }
}
