// SPDX-License-Identifier: GPL-2.0-or-later
//! What the descriptors of a process are, by /proc/PID/fd, without a reference to what they
//! stand for: to be the last to close a file may mean to wait for its file system, to be the
//! last to close a TCP socket for its peer (SO_LINGER).
//!
//! The folder is its user's alone, and of a process that has a capability it takes that one in
//! effect to look there (PTRACE_MODE_READ_FSCREDS, ptrace(2)).

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::sys::privilege::raised_if_refused;
use crate::sys::process::attribute;

/// How many sockets of other kinds are remembered.
const OTHERS: usize = 4096;

/// The sockets among the descriptors of a process, each with its inode.
pub(super) fn sockets(pid: i32) -> Vec<(i32, u64)> {
    let folder = format!("/proc/{pid}/fd");
    let Ok(folder) = raised_if_refused(|| fs::read_dir(&folder)) else {
        return Vec::new();
    };
    let numbered = |entry: fs::DirEntry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, socket(&entry.path()).ok()??))
    };
    folder.flatten().filter_map(numbered).collect()
}

/// Where a descriptor of a process, or of a thread, is.
pub(super) fn path(tid: i32, fd: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{tid}/fd/{fd}"))
}

/// The inode of a descriptor in /proc/PID/fd, where it is a socket. ENOENT where there is none,
/// or the process may not be looked at.
pub(crate) fn socket(descriptor: &Path) -> io::Result<Option<u64>> {
    let target = raised_if_refused(|| fs::read_link(descriptor))?;
    let target = target.to_str().unwrap_or_default();
    let number = target.strip_prefix("socket:[");
    let number = number.and_then(|it| it.strip_suffix(']'));
    Ok(number.and_then(|number| number.parse().ok()))
}

/// Sockets that are no netlink sockets.
#[derive(Default)]
pub(crate) struct OtherSockets {
    inodes: HashSet<u64>,
}

impl OtherSockets {
    /// Whether the descriptor may be a netlink socket; it was a socket of this inode just
    /// now. It surely is none where the kernel says so.
    pub(crate) fn may_be_netlink(&mut self, descriptor: &Path, inode: u64) -> bool {
        if self.inodes.contains(&inode) {
            return false;
        }
        let is_other = protocol(descriptor, inode).is_ok_and(|name| name != *b"NETLINK\0");
        if is_other {
            if self.inodes.len() >= OTHERS {
                self.inodes.clear();
            }
            self.inodes.insert(inode);
        }
        !is_other
    }
}

/// The name of the protocol of a socket, with a NUL (sockfs_xattr_get() of net/socket.c).
fn protocol(descriptor: &Path, inode: u64) -> io::Result<Vec<u8>> {
    // No reference to the open file but one to its place: the process may put another in
    // its place, and to ask that one may mean to wait for its file system.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_PATH);
    let place = raised_if_refused(|| options.open(descriptor))?;
    let link = PathBuf::from(format!("/proc/self/fd/{}", place.as_raw_fd()));
    if socket(&link)? != Some(inode) {
        return Err(io::ErrorKind::NotFound.into());
    }
    attribute(&link, c"system.sockprotoname")
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::UdpSocket;

    use nix::sys::stat::fstat;

    use super::*;
    use crate::sys::netlink;

    fn me() -> i32 {
        std::process::id().cast_signed()
    }

    #[test]
    fn sockets_are_found_among_the_descriptors() {
        let socket = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        assert!(sockets(me()).contains(&(socket.as_raw_fd(), inode)));
    }

    #[test]
    fn the_kernel_says_which_sockets_are_of_netlink() {
        let mut others = OtherSockets::default();
        let netlink = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut look = |fd: i32, inode| others.may_be_netlink(&path(me(), fd), inode);
        let inode = fstat(&netlink).unwrap().st_ino;
        assert!(look(netlink.as_raw_fd(), inode));
        let inode = fstat(&udp).unwrap().st_ino;
        assert!(!look(udp.as_raw_fd(), inode));
        // What stands there now is not what was asked about.
        assert!(look(udp.as_raw_fd(), inode + 1));
    }

    #[test]
    fn what_is_no_socket_has_no_inode() {
        let file = File::open("/dev/null").unwrap();
        assert_eq!(socket(&path(me(), file.as_raw_fd())).unwrap(), None);
        let error = socket(&path(me(), -1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
