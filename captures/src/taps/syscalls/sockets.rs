// SPDX-License-Identifier: GPL-2.0-or-later
//! The sockets that the tree uses, by their inodes.
//!
//! A descriptor is looked up at each call, for the tree may close it and open another in its
//! place; what the socket behind it is changes never, and is asked once.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{fstat, stat};
use nix::unistd::Pid;

use super::frames::Buffer;
use crate::attribution::{OtherSockets, SocketInfo, SocketTable, ThreadStatus, socket_inode};
use crate::file::SYSCALLS;
use crate::file::writer::Interface;
use crate::sys::privilege::raised;
use crate::sys::seccomp;
use crate::taps::namespace_name;

/// How many sockets are remembered; all are forgotten when there are more.
const REMEMBERED: usize = 1 << 14;

/// Namespaces that are told apart at most.
const NAMESPACES: usize = 1024;

/// A netlink socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Socket {
    /// The interface that records its namespace.
    pub(super) interface: u32,
    /// NETLINK_* of linux/netlink.h.
    pub(super) protocol: u16,
    /// Whether it has sent a request, and whether it was received on.
    pub(super) has_sent: bool,
    pub(super) has_received: bool,
}

/// A network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Namespace {
    /// By the cookie of its sockets.
    Cookie(u64),
    /// By its inode, where the kernel has no cookies (before 5.14), or does not let ask.
    Inode(u64),
}

/// The sockets that were looked up.
pub(super) struct Sockets {
    /// None for those of other families.
    by_inode: HashMap<u64, Option<Socket>>,
    others: OtherSockets,
    interfaces: HashMap<Namespace, Option<u32>>,
    snap_length: u32,
    /// Sockets that sent, were never received on, and are forgotten.
    unread: u64,
}

impl Sockets {
    /// With nlcap's own namespace as the first interface.
    pub(super) fn new(own: Option<Namespace>, snap_length: u32) -> Self {
        Self {
            by_inode: HashMap::new(),
            others: OtherSockets::default(),
            interfaces: own.map(|it| (it, Some(0))).into_iter().collect(),
            snap_length,
            unread: 0,
        }
    }

    /// The netlink socket behind a descriptor of a stopped task, and its inode; None where it is
    /// none.
    ///
    /// # Errors
    ///
    /// Where the task cannot be looked at, as EACCES where it is not dumpable, and EAGAIN where
    /// the socket can be looked at when it has a port id.
    pub(super) fn find(
        &mut self,
        task: Pid,
        fd: i32,
        buffer: &Buffer,
    ) -> nix::Result<Option<(u64, Socket)>> {
        let link = format!("/proc/{task}/fd/{fd}");
        let Some(inode) = socket_inode(Path::new(&link)).map_err(errno)? else {
            return Ok(None);
        };
        if !self.by_inode.contains_key(&inode) {
            if self.by_inode.len() >= REMEMBERED {
                self.unread = self.unread();
                self.by_inode.clear();
            }
            // Others are not duplicated: to close the last reference to one may wait.
            let socket = match self.others.may_be_netlink(Path::new(&link), inode) {
                true => self.inspect(task, fd, inode, buffer)?,
                false => None,
            };
            self.by_inode.insert(inode, socket);
        }
        Ok(self.get(inode).map(|socket| (inode, *socket)))
    }

    /// The netlink socket of an inode that was found.
    pub(super) fn get(&mut self, inode: u64) -> Option<&mut Socket> {
        self.by_inode.get_mut(&inode)?.as_mut()
    }

    fn inspect(
        &mut self,
        task: Pid,
        fd: i32,
        inode: u64,
        buffer: &Buffer,
    ) -> nix::Result<Option<Socket>> {
        let tid = task.as_raw();
        let leader = || ThreadStatus::read(tid).map(|it| it.pid);
        let asked =
            seccomp::open_thread(tid, leader).and_then(|process| seccomp::duplicate(process, fd));
        let socket = match asked {
            Ok(socket) => SocketInfo::inspect(socket)?,
            // A container's filter refuses the call: the kernel's list has it too.
            Err(Errno::EPERM | Errno::ENOSYS) => {
                let protocol = SocketTable::open_of(tid).and_then(|mut it| it.protocol(inode));
                // It is on the list when it has a port id: at the end of its first call.
                let protocol = protocol.map_err(errno)?.ok_or(Errno::EAGAIN)?;
                let place = namespace_inode(task)?;
                return Ok(self.socket(protocol, Namespace::Inode(place), Some(place), buffer));
            }
            Err(errno) => return Err(errno),
        };
        let Some(socket) = socket else {
            return Ok(None);
        };
        // A task may have left the namespace of its socket: who may ask the socket does.
        let place = (raised(|| socket.open_namespace()).and_then(fstat))
            .map(|it| it.st_ino)
            .or_else(|_| namespace_inode(task))
            .ok();
        let namespace = (socket.namespace.map(Namespace::Cookie)).or(place.map(Namespace::Inode));
        Ok(namespace.and_then(|it| self.socket(socket.protocol(), it, place, buffer)))
    }

    /// A socket in a namespace, whose inode is `place`.
    fn socket(
        &mut self,
        protocol: u16,
        namespace: Namespace,
        place: Option<u64>,
        buffer: &Buffer,
    ) -> Option<Socket> {
        let known = self.interfaces.len();
        let interface = *self.interfaces.entry(namespace).or_insert_with(|| {
            let mut state = buffer.state();
            if known >= NAMESPACES {
                state.gaps.unreached += 1;
                return None;
            }
            state.interfaces.push(interface(place, self.snap_length));
            state.received.push(0);
            u32::try_from(state.interfaces.len() - 1).ok()
        });
        Some(Socket {
            interface: interface?,
            protocol,
            has_sent: false,
            has_received: false,
        })
    }

    /// How many sockets have sent and were never received on.
    pub(super) fn unread(&self) -> u64 {
        let all = self.by_inode.values().flatten();
        let unread = all.filter(|it| it.has_sent && !it.has_received);
        self.unread + unread.count() as u64
    }
}

/// The namespace that nlcap itself is in, and its interface.
pub(super) fn own(snap_length: u32) -> (Option<Namespace>, Interface) {
    let place = stat("/proc/thread-self/ns/net").ok().map(|it| it.st_ino);
    let cookie = crate::sys::netlink::socket(libc::NETLINK_ROUTE as u16)
        .ok()
        .and_then(crate::attribution::namespace);
    let namespace = (cookie.map(Namespace::Cookie)).or(place.map(Namespace::Inode));
    (namespace, interface(place, snap_length))
}

fn interface(namespace: Option<u64>, snap_length: u32) -> Interface {
    Interface {
        link: String::from(SYSCALLS),
        namespace,
        namespace_name: namespace.and_then(namespace_name),
        snap_length,
    }
}

fn namespace_inode(task: Pid) -> nix::Result<u64> {
    Ok(stat(Path::new(&format!("/proc/{task}/ns/net")))?.st_ino)
}

fn errno(error: io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::sys::netlink;

    fn sockets() -> (Sockets, Buffer) {
        let (namespace, interface) = own(1 << 18);
        let buffer = Buffer::new(1 << 20, interface).unwrap();
        (Sockets::new(namespace, 1 << 18), buffer)
    }

    #[test]
    fn a_netlink_socket_is_found_by_its_descriptor_and_nothing_else_is() {
        let (mut sockets, buffer) = sockets();
        let me = Pid::this();
        let socket = netlink::socket(libc::NETLINK_XFRM as u16).unwrap();
        let found = sockets.find(me, socket.as_raw_fd(), &buffer).unwrap();
        let (inode, _) = found.unwrap();
        let found = sockets.get(inode).unwrap();
        assert_eq!(i32::from(found.protocol), libc::NETLINK_XFRM);
        assert_eq!(found.interface, 0);
        found.has_sent = true;
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(
            sockets
                .find(me, file.as_raw_fd(), &buffer)
                .unwrap()
                .is_none()
        );
        let none = sockets.find(me, 9999, &buffer);
        assert_eq!(none.map(drop), Err(Errno::ENOENT));
        assert_eq!(sockets.unread(), 1);
        sockets.get(inode).unwrap().has_received = true;
        assert_eq!(sockets.unread(), 0);
    }
}
