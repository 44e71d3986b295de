// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's table of the netlink sockets of a network namespace,
//! /proc/PID/net/netlink: it asks for no message, which would be on the tap.
//!
//! A read(2) of it begins by counting the rows that were read before
//! (netlink_seq_start() of net/netlink/af_netlink.c), and gives a page at most: where a
//! socket was closed meanwhile, one that is there is passed over. So as much as can be had
//! is asked for at once, and what is missed is looked for again.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// More than a read(2) gives where a page has 4 KiB. In the guest each page that is touched
/// costs more than a read.
const PIECE: usize = 1 << 13;

/// How much of the table is read at first, each time that a socket is missed: the ends of
/// the pieces, where one is passed over, are others then. After that it has ended.
const FIRST: [usize; 4] = [PIECE, 1000, 2000, 3000];

/// The open table: it stays that of the namespace in which it was opened.
pub(crate) struct SocketTable(File);

/// A socket that has a port id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SocketEntry {
    pub(super) inode: u64,
    pub(super) protocol: u16,
    pub(super) port: u32,
    /// The first 32 multicast groups that it is in: bit 0 is group 1.
    pub(super) groups: u32,
    /// Messages that it had no room for.
    pub(super) drops: u32,
}

impl SocketTable {
    /// Opens the table of the namespace that this thread is in.
    pub(crate) fn open() -> io::Result<Self> {
        File::open("/proc/thread-self/net/netlink").map(Self)
    }

    /// Opens the table of the namespace that another thread is in.
    pub(crate) fn open_of(tid: i32) -> io::Result<Self> {
        File::open(format!("/proc/{tid}/net/netlink")).map(Self)
    }

    /// The protocol of the socket of this inode, NETLINK_* of linux/netlink.h; None where it is
    /// not there, as before it has a port id.
    pub(crate) fn protocol(&mut self, inode: u64) -> io::Result<Option<u16>> {
        let all = self.entries(HashSet::from([inode]))?;
        let entry = all.iter().find(|entry| entry.inode == inode);
        Ok(entry.map(|entry| entry.protocol))
    }

    /// A table of this text.
    #[cfg(test)]
    pub(super) fn of(text: File) -> Self {
        Self(text)
    }

    /// All sockets; `missed` are inodes of those that are there as far as is known.
    pub(super) fn entries(&mut self, mut missed: HashSet<u64>) -> io::Result<Vec<SocketEntry>> {
        let mut all = Vec::new();
        for first in FIRST {
            let (entries, is_whole) = self.read(first)?;
            for entry in &entries {
                missed.remove(&entry.inode);
            }
            all.extend(entries);
            if is_whole || missed.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// Its entries, the first of them in a piece of this size, and whether they are all of one.
    fn read(&mut self, first: usize) -> io::Result<(Vec<SocketEntry>, bool)> {
        let mut text = Vec::new();
        let mut pieces = 0;
        let mut size = first;
        self.0.seek(SeekFrom::Start(0))?;
        loop {
            let begin = text.len();
            text.resize(begin + size, 0);
            let length = self.0.read(&mut text[begin..]);
            text.truncate(begin + length.as_ref().copied().unwrap_or(0));
            match length {
                Ok(0) => break,
                Ok(_) => (pieces, size) = (pieces + 1, PIECE),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let text = String::from_utf8_lossy(&text);
        Ok((text.lines().filter_map(entry).collect(), pieces <= 1))
    }
}

/// An entry from a row, `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`; none of the
/// heading.
fn entry(line: &str) -> Option<SocketEntry> {
    let mut words = line.split_ascii_whitespace();
    Some(SocketEntry {
        protocol: words.nth(1)?.parse().ok()?,
        port: words.next()?.parse().ok()?,
        groups: u32::from_str_radix(words.next()?, 16).ok()?,
        drops: words.nth(4)?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{NetlinkAddr, getsockname};
    use nix::sys::stat::fstat;
    use std::os::fd::AsRawFd;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::sys::netlink;

    #[test]
    fn a_bound_socket_is_in_the_table_until_it_is_closed() {
        let socket = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        let address: NetlinkAddr = getsockname(socket.as_raw_fd()).unwrap();
        let mut table = SocketTable::open().unwrap();
        let mut find = || {
            // Others are closed meanwhile.
            let entries = table.entries(HashSet::from([inode])).unwrap();
            entries.into_iter().find(|entry| entry.inode == inode)
        };
        let entry = SocketEntry {
            inode,
            protocol: libc::NETLINK_ROUTE as u16,
            port: address.pid(),
            groups: 0,
            drops: 0,
        };
        assert_eq!(find(), Some(entry));
        drop(socket);
        assert_eq!(find(), None);
    }

    #[test]
    fn what_is_there_is_in_the_table_while_others_come_and_go() {
        let open = || netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        // More than a page of them.
        let mine: Vec<_> = (0..100).map(|_| open()).collect();
        let inodes: HashSet<_> = mine
            .iter()
            .map(|socket| fstat(socket).unwrap().st_ino)
            .collect();
        let is_done = AtomicBool::new(false);
        let lost = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    drop([(); 6].map(|()| open()));
                }
            });
            let mut table = SocketTable::open().unwrap();
            let lost = (0..2_000).filter(|_| {
                let entries = table.entries(inodes.clone()).unwrap();
                let entries: HashSet<_> = entries.iter().map(|entry| entry.inode).collect();
                !inodes.is_subset(&entries)
            });
            let lost = lost.count();
            is_done.store(true, Ordering::Relaxed);
            lost
        });
        assert_eq!(lost, 0);
    }
}
