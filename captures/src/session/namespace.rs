// SPDX-License-Identifier: GPL-2.0-or-later
//! Another network namespace than the one that nlcap was started in.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};

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
    let file = File::open(path(name)).map_err(fail)?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| fail(errno.into()))
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
}
