// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's table of the netlink sockets of a network namespace,
//! /proc/PID/net/netlink: it asks for no message, which would be on the tap.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The open table: it stays that of the namespace in which it was opened.
pub(in crate::record) struct Table(File);

/// A socket that has a port id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) inode: u64,
    pub(super) protocol: u16,
    pub(super) port: u32,
    /// Messages that it had no room for.
    pub(super) drops: u32,
}

impl Table {
    /// Opens the table of the namespace that this thread is in.
    pub(in crate::record) fn open() -> io::Result<Self> {
        File::open("/proc/thread-self/net/netlink").map(Self)
    }

    /// A table of this text.
    #[cfg(test)]
    pub(super) fn of(text: File) -> Self {
        Self(text)
    }

    /// All sockets.
    pub(super) fn rows(&mut self) -> io::Result<Vec<Row>> {
        let mut text = String::new();
        self.0.seek(SeekFrom::Start(0))?;
        self.0.read_to_string(&mut text)?;
        Ok(text.lines().filter_map(row).collect())
    }
}

/// `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`; the heading is no row.
fn row(line: &str) -> Option<Row> {
    let mut words = line.split_ascii_whitespace();
    Some(Row {
        protocol: words.nth(1)?.parse().ok()?,
        port: words.next()?.parse().ok()?,
        drops: words.nth(5)?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{NetlinkAddr, getsockname};
    use nix::sys::stat::fstat;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::record::sys::netlink;

    #[test]
    fn a_bound_socket_is_in_the_table_until_it_is_closed() {
        let socket = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        let address: NetlinkAddr = getsockname(socket.as_raw_fd()).unwrap();
        let mut table = Table::open().unwrap();
        let mut find = || {
            let rows = table.rows().unwrap();
            rows.into_iter().find(|row| row.inode == inode)
        };
        let row = Row {
            inode,
            protocol: libc::NETLINK_ROUTE as u16,
            port: address.pid(),
            drops: 0,
        };
        assert_eq!(find(), Some(row));
        drop(socket);
        assert_eq!(find(), None);
    }
}
