// SPDX-License-Identifier: GPL-2.0-or-later
//! Another network namespace than the one that nlcap was started in.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};
use nix::sys::statfs::{NSFS_MAGIC, fstatfs};

use crate::terminal::text::{self, Reason};

/// Where `ip netns` keeps them (NETNS_RUN_DIR of iproute2).
const NAMED: &str = "/run/netns";

/// Why a namespace cannot be entered.
#[derive(Debug, thiserror::Error)]
#[error("cannot enter network namespace {name}: {reason}{hint}")]
pub(super) struct NamespaceError {
    name: String,
    reason: Reason,
    hint: &'static str,
}

/// Enters the namespace that is named, is behind this path, or has this process.
///
/// The whole process does: nlcap has one thread.
pub(super) fn enter(name: &OsStr) -> Result<(), NamespaceError> {
    let fail = |reason: io::Error| NamespaceError {
        hint: match reason.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => ": CAP_SYS_ADMIN is required: run nlcap with sudo",
            Some(libc::ENOENT) => ": list them with `ip netns` or `lsns -t net`",
            Some(libc::EINVAL) => ": not a network namespace",
            _ => "",
        },
        name: text::escape_os(name),
        reason: Reason(reason),
    };
    let file = open(&path(name)).map_err(fail)?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| fail(errno.into()))
}

/// Opens a namespace, and nothing else: a FIFO would be waited for, a device may do what it
/// does when it is opened.
fn open(path: &Path) -> io::Result<File> {
    let place = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(path)?;
    if fstatfs(&place)?.filesystem_type() != NSFS_MAGIC {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
}

fn path(name: &OsStr) -> PathBuf {
    let bytes = name.as_bytes();
    if bytes.contains(&b'/') {
        PathBuf::from(name)
    } else if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        Path::new("/proc").join(name).join("ns/net")
    } else {
        Path::new(NAMED).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_path_and_a_process_are_distinguished() {
        let path = |name: &str| path(OsStr::new(name));
        assert_eq!(path("blue"), Path::new("/run/netns/blue"));
        assert_eq!(path("./blue"), Path::new("./blue"));
        assert_eq!(path("812"), Path::new("/proc/812/ns/net"));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_shows_what_is() {
        let error = enter(OsStr::new("no\x1bsuch")).unwrap_err().to_string();
        assert!(error.starts_with(r"cannot enter network namespace no\u{1b}such: ENOENT: "));
        assert!(error.ends_with("list them with `ip netns` or `lsns -t net`"));
    }

    #[test]
    fn what_is_no_namespace_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [fifo.as_path(), folder.path(), Path::new("/dev/null")] {
            let error = open(path).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL), "{path:?}");
        }
        open(Path::new("/proc/self/ns/net")).unwrap();
    }
}
