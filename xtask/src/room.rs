// SPDX-License-Identifier: GPL-2.0-or-later
//! Full file systems: how a program says that it met one, which one it was, what to do.

use crate::paths;
use anyhow::{Context, Result};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// What programs say: by the C library, Rust's standard library, a quota, apt; and the
/// shell and make of ld.lld, which maps what it writes, and dies by SIGBUS.
const WORDS: &[&str] = &[
    "No space left on device",
    "(os error 28)",
    "Disk quota exceeded",
    "(os error 122)",
    "You don't have enough free space",
    "Bus error",
    "] Error 135",
];

/// With less than this a file system is taken for full: compilers write temporary files of
/// that size, which are gone again when somebody looks.
const LITTLE: u64 = 16 << 20;

/// What the first kernel takes with its source, in the cache.
const FIRST_KERNEL: &str = "2.5 GB for the first kernel";

/// Whether a line of a program's output says that a file system is full.
pub(crate) fn is_out(line: &str) -> bool {
    WORDS.iter().any(|words| line.contains(words))
}

/// The bytes that may still be written where `path` lies.
pub(crate) fn left(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// When a file system was last seen with room on it.
pub(crate) struct Watch {
    dir: PathBuf,
    roomy: SystemTime,
}

impl Watch {
    /// Of the file system of `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            roomy: SystemTime::now(),
        }
    }

    /// To be called now and then.
    pub(crate) fn look(&mut self) {
        if left(&self.dir).is_none_or(|left| left > LITTLE) {
            self.roomy = SystemTime::now();
        }
    }

    /// The error for whom `what` failed for want of room.
    pub(crate) fn out(&self, what: &str) -> FullDisk {
        FullDisk {
            what: what.to_owned(),
            full: fullest(&self.dir),
            since: self.roomy,
        }
    }
}

/// A file system is full.
#[derive(Debug, thiserror::Error)]
#[error(
    "{what}: no space left on the device of {} ({} MB): make room there ({FIRST_KERNEL}; \
     a few 100 MB of temporary files), or have XDG_CACHE_HOME (the cache), \
     CARGO_TARGET_DIR or TMPDIR name another place, and call again: what was built \
     stays, and the build goes on",
    full.display(), left(full).unwrap_or(0) >> 20
)]
pub(crate) struct FullDisk {
    what: String,
    full: PathBuf,
    /// Before it there was room: what was written later may be cut short.
    since: SystemTime,
}

impl FullDisk {
    /// The same for an error of this program's own, whose chain says that there is no
    /// room; any other error as it is.
    pub(crate) fn explain(err: anyhow::Error) -> anyhow::Error {
        let is_full = |cause: &(dyn std::error::Error + 'static)| {
            let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            kind.is_some_and(|it| {
                matches!(
                    it,
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                )
            })
        };
        let said = err.chain().any(|cause| cause.is::<Self>());
        if said || !err.chain().any(is_full) {
            return err;
        }
        let dir = paths::cache().unwrap_or_else(|_| "/".into());
        Watch::new(&dir).out(&format!("{err:#}")).into()
    }

    /// Removes from `dir` what may be cut short. Not every program of a kernel's build
    /// looks whether it could write all, and make takes what is there for whole.
    pub(crate) fn remove_doubtful(&self, dir: &Path) -> Result<()> {
        // The kernel stamps files with the time of its last tick.
        let since = self.since - Duration::from_secs(1);
        let entries = match fs::read_dir(dir) {
            // It was not begun.
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.with_context(|| format!("cannot read {}", dir.display()))?,
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
            let (path, meta) = (entry.path(), entry.metadata()?);
            if meta.is_dir() {
                self.remove_doubtful(&path)?;
            } else if meta.is_file() && meta.modified()? >= since {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Of the places that builds write to, the one with the least room.
fn fullest(dir: &Path) -> PathBuf {
    let places = [
        Some(dir.to_owned()),
        Some(env::temp_dir()),
        paths::target_dir().ok(),
        Some("/var/cache/apt".into()),
        Some("/".into()),
    ];
    let with_room = places.into_iter().flatten().filter_map(|place| {
        let left = left(&place)?;
        Some((left, place))
    });
    // The first of those that are equal: they are one file system.
    with_room
        .min_by_key(|(left, _)| *left)
        .map_or_else(|| dir.to_owned(), |(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_full_disk_is_known_by_the_words_of_the_programs_that_met_it() {
        for line in [
            "tar: kernel/fork.c: Cannot write: No space left on device",
            "fatal error: error in backend: IO failure on output stream: No space left on device",
            "error: failed to write to `/t/x.rmeta`: No space left on device (os error 28)",
            "Bus error (core dumped)",
            "make[2]: *** [scripts/Makefile.vmlinux_o:72: vmlinux.o] Error 135",
            "E: You don't have enough free space in /var/cache/apt/archives/.",
        ] {
            assert!(is_out(line), "{line}");
        }
        assert!(!is_out("  CC      fs/xattr.o"));
    }

    #[test]
    fn what_was_written_when_there_was_no_room_is_made_again_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let since = SystemTime::now();
        let file = |name: &str, age: Duration| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::create(&path).unwrap();
            file.set_modified(since - age).unwrap();
            path
        };
        let whole = file("net/whole.o", Duration::from_secs(60));
        let doubtful = file("net/doubtful.o", Duration::ZERO);
        let out = FullDisk {
            what: String::new(),
            full: dir.path().to_owned(),
            since,
        };
        out.remove_doubtful(dir.path()).unwrap();
        assert!(whole.exists() && !doubtful.exists());
    }

    #[test]
    fn an_error_of_our_own_that_met_a_full_disk_says_what_to_do_and_others_stay() {
        let full = io::Error::from_raw_os_error(28);
        let err = anyhow::Error::from(full).context("cannot write x");
        let text = FullDisk::explain(err).to_string();
        assert!(text.starts_with("cannot write x: "), "{text}");
        assert!(
            text.contains("XDG_CACHE_HOME") && !text.contains('\n'),
            "{text}"
        );
        let other = FullDisk::explain(anyhow::anyhow!("no such kernel"));
        assert_eq!(other.to_string(), "no such kernel");
    }
}
