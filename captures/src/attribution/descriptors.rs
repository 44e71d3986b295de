// SPDX-License-Identifier: GPL-2.0-or-later
//! The sockets among the descriptors of a process, by /proc/PID/fd.

use std::fs;
use std::io;
use std::path::Path;

/// The sockets among the descriptors of a process, each with its inode.
pub(super) fn sockets(pid: i32) -> Vec<(i32, u64)> {
    let Ok(folder) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let numbered = |entry: fs::DirEntry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, socket(&entry.path())?))
    };
    folder.flatten().filter_map(numbered).collect()
}

/// The inode of a descriptor in /proc/PID/fd, where it is a socket; without a touch on what
/// it is.
pub(super) fn socket(descriptor: &Path) -> Option<u64> {
    inode(descriptor).ok()?
}

/// The same; an error is ENOENT where there is no such descriptor, and EACCES where the
/// process may not be looked at.
pub(crate) fn inode(descriptor: &Path) -> io::Result<Option<u64>> {
    let target = fs::read_link(descriptor)?;
    let number = target.to_str().and_then(|it| it.strip_prefix("socket:["));
    Ok(number.and_then(|it| it.strip_suffix(']')?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use nix::sys::stat::fstat;

    use super::*;
    use crate::sys::netlink;

    #[test]
    fn sockets_are_found_among_the_descriptors() {
        let socket = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        let all = sockets(std::process::id().cast_signed());
        assert!(all.contains(&(socket.as_raw_fd(), inode)));
    }
}
