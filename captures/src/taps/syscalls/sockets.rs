// SPDX-License-Identifier: GPL-2.0-or-later
//! The sockets that the tree uses, by their inodes.
//!
//! A descriptor is looked up at each call, for the tree may close it and open another in its
//! place; what the socket behind it is changes never, and is asked once.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{fstat, stat};
use nix::unistd::Pid;

use super::frames::Buffer;
use crate::attribution::{OtherSockets, SocketInfo, socket_inode};
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

    /// The inode of the netlink socket behind a descriptor of a stopped task; None where it is
    /// none.
    ///
    /// # Errors
    ///
    /// Where the task cannot be looked at, as EACCES where it is not dumpable.
    pub(super) fn find(&mut self, task: Pid, fd: i32, buffer: &Buffer) -> nix::Result<Option<u64>> {
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
        Ok(self.get(inode).map(|_| inode))
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
        let asked = seccomp::open_process(task.as_raw(), true)
            .or_else(|errno| match errno {
                // Before Linux 6.9 there are handles on processes alone.
                Errno::EINVAL => seccomp::open_process(group_leader(task)?, false),
                other => Err(other),
            })
            .and_then(|process| seccomp::duplicate(process, fd));
        let socket = match asked {
            Ok(socket) => SocketInfo::inspect(socket)?,
            // A container's filter refuses the call: the kernel's list has it too.
            Err(Errno::EPERM | Errno::ENOSYS) => {
                let protocol = listed_protocol(task, inode).map_err(errno)?;
                return Ok(protocol.and_then(|protocol| {
                    let place = namespace_inode(task).ok();
                    self.socket(protocol, Namespace::Inode(place?), place, buffer)
                }));
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

/// The process of a thread.
fn group_leader(task: Pid) -> nix::Result<i32> {
    super::tracer::caller(task).map(|it| it.pid)
}

/// The protocol of the netlink socket of this inode in the task's namespace, by
/// /proc/PID/net/netlink; None where it is not listed.
fn listed_protocol(task: Pid, inode: u64) -> io::Result<Option<u16>> {
    let list = fs::read_to_string(format!("/proc/{task}/net/netlink"))?;
    Ok(list.lines().find_map(|line| protocol_of(line, inode)))
}

/// The protocol of a line of the list, where it is the socket of this inode: `sk Eth Pid
/// Groups Rmem Wmem Dump Locks Drops Inode`.
fn protocol_of(line: &str, inode: u64) -> Option<u16> {
    let mut words = line.split_ascii_whitespace();
    let protocol = words.nth(1)?.parse().ok()?;
    (words.nth(7)?.parse() == Ok(inode)).then_some(protocol)
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
        let inode = sockets.find(me, socket.as_raw_fd(), &buffer).unwrap();
        let found = sockets.get(inode.unwrap()).unwrap();
        assert_eq!(i32::from(found.protocol), libc::NETLINK_XFRM);
        assert_eq!(found.interface, 0);
        found.has_sent = true;
        let file = fs::File::open("/dev/null").unwrap();
        assert!(
            sockets
                .find(me, file.as_raw_fd(), &buffer)
                .unwrap()
                .is_none()
        );
        assert_eq!(sockets.find(me, 9999, &buffer), Err(Errno::ENOENT));
        assert_eq!(sockets.unread(), 1);
        sockets.get(inode.unwrap()).unwrap().has_received = true;
        assert_eq!(sockets.unread(), 0);
    }

    #[test]
    fn where_no_duplicate_can_be_had_the_kernels_list_names_the_protocol() {
        let line = "0000000000000000 15  1234       00000001 0        0        0     2        3        40123";
        assert_eq!(protocol_of(line, 40123), Some(15));
        assert_eq!(protocol_of(line, 3), None);
        let header = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode";
        assert_eq!(protocol_of(header, 0), None);
        let socket = netlink::socket(libc::NETLINK_ROUTE as u16).unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        assert_eq!(listed_protocol(Pid::this(), inode).unwrap(), Some(0));
    }
}
