// SPDX-License-Identifier: GPL-2.0-or-later
//! A netlink socket of another process, looked at through a duplicate.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, bind, getsockname, getsockopt};
use nix::sys::stat::fstat;

use super::groups::{ALL_NSID, Groups};
use super::owner::Port;
use super::{descriptors, helper};
use crate::sys::clock::now;
use crate::sys::{netlink, seccomp};

mod option {
    //! Options of sockets that nix does not name.

    use nix::{getsockopt_impl, sockopt_impl};

    sockopt_impl!(Domain, GetOnly, libc::SOL_SOCKET, libc::SO_DOMAIN, i32);
    sockopt_impl!(Protocol, GetOnly, libc::SOL_SOCKET, libc::SO_PROTOCOL, i32);
    sockopt_impl!(Cookie, GetOnly, libc::SOL_SOCKET, libc::SO_COOKIE, u64);
    /// Of asm-generic/socket.h, Linux 5.14.
    const SO_NETNS_COOKIE: i32 = 71;
    sockopt_impl!(NetnsCookie, GetOnly, libc::SOL_SOCKET, SO_NETNS_COOKIE, u64);
}

/// How often a random port id is tried.
const TRIES: u32 = 64;

/// The network namespace of a socket, by the cookie that the kernel gives each; None
/// where the kernel names none (before 5.14).
pub(crate) fn namespace(socket: impl AsFd) -> Option<u64> {
    getsockopt(&socket, option::NetnsCookie).ok()
}

/// What of a netlink socket never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SocketIdentity {
    /// The kernel's own number of the socket.
    pub(super) cookie: u64,
    /// The number of its inode.
    pub(super) inode: u64,
    /// NETLINK_* of linux/netlink.h.
    pub(super) protocol: u16,
    /// Its network namespace.
    pub(super) namespace: Option<u64>,
}

/// A duplicate of a netlink socket, and what the kernel says of it.
pub(crate) struct SocketInfo {
    socket: OwnedFd,
    /// The kernel's own number of the socket.
    pub(super) cookie: u64,
    /// The number of its inode.
    pub(super) inode: u64,
    /// NETLINK_* of linux/netlink.h.
    pub(super) protocol: u16,
    /// Its port id, 0 where it is not bound.
    pub(super) number: u32,
    /// Its network namespace.
    pub(crate) namespace: Option<u64>,
}

impl SocketInfo {
    /// Its port id, on the interface that records its namespace.
    pub(super) fn port(&self, interface: u32) -> Port {
        Port {
            interface,
            protocol: self.protocol,
            number: self.number,
        }
    }

    /// A descriptor of a process, where it is the netlink socket of this inode.
    pub(super) fn of(pid: i32, fd: i32, inode: u64) -> nix::Result<Self> {
        let process = seccomp::open_process(pid, false)?;
        if !descriptors::socket(&descriptors::path(pid, fd)).is_ok_and(|it| it == Some(inode)) {
            return Err(Errno::EBADF);
        }
        let socket = seccomp::duplicate(process, fd)?;
        Self::inspect(socket)?.ok_or(Errno::ENOTSOCK)
    }

    /// What of it never changes.
    pub(super) fn identity(&self) -> SocketIdentity {
        SocketIdentity {
            cookie: self.cookie,
            inode: self.inode,
            protocol: self.protocol,
            namespace: self.namespace,
        }
    }

    /// Inspects a duplicate, which was this socket at the last look; else as
    /// [`Self::inspect`].
    pub(super) fn inspect_known(
        socket: OwnedFd,
        known: Option<SocketIdentity>,
    ) -> nix::Result<Option<Self>> {
        match known {
            Some(known) if getsockopt(&socket, option::Cookie) == Ok(known.cookie) => {
                Ok(Some(Self {
                    cookie: known.cookie,
                    inode: known.inode,
                    protocol: known.protocol,
                    number: port_number(&socket)?,
                    namespace: known.namespace,
                    socket,
                }))
            }
            _ => Self::inspect(socket),
        }
    }

    /// Inspects a duplicate; None where it is no netlink socket.
    pub(crate) fn inspect(socket: OwnedFd) -> nix::Result<Option<Self>> {
        let domain = getsockopt(&socket, option::Domain);
        if domain != Ok(libc::AF_NETLINK) {
            helper::close(socket);
            return match domain {
                Ok(_) | Err(Errno::ENOTSOCK | Errno::EBADF) => Ok(None),
                Err(errno) => Err(errno),
            };
        }
        let protocol = getsockopt(&socket, option::Protocol)?;
        Ok(Some(Self {
            cookie: getsockopt(&socket, option::Cookie)?,
            inode: fstat(&socket)?.st_ino,
            protocol: u16::try_from(protocol).map_err(|_| Errno::EPROTO)?,
            number: port_number(&socket)?,
            namespace: namespace(&socket),
            socket,
        }))
    }

    /// Its netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) fn protocol(&self) -> u16 {
        self.protocol
    }

    /// The multicast groups that it has joined, and whether it hears other network namespaces
    /// ([`ALL_NSID`]).
    pub(super) fn groups(&self) -> Groups {
        // Kernels before 4.2 do not have the option.
        let words = netlink::memberships(&self.socket).unwrap_or_default();
        let mut groups = Groups::of_words(&words);
        if netlink::listens_all_nsid(&self.socket) {
            groups.insert(ALL_NSID);
        }
        groups
    }

    /// How many messages it had no room for.
    pub(super) fn drops(&self) -> Option<u32> {
        netlink::drops(&self.socket).ok()
    }

    /// A handle on its network namespace; needs CAP_NET_ADMIN there.
    pub(crate) fn open_namespace(&self) -> nix::Result<OwnedFd> {
        netlink::socket_namespace(&self.socket)
    }

    /// Whether it is in no multicast group, as far as the kernel says.
    pub(super) fn is_in_no_group(&self) -> bool {
        netlink::memberships(&self.socket).is_ok_and(|words| words.iter().all(|word| *word == 0))
    }

    /// Binds the socket as the kernel does by itself (netlink_autobind() of
    /// net/netlink/af_netlink.c): to the process id, or to a random number below
    /// -4096.
    pub(super) fn autobind(&mut self, own_pid: u32) -> nix::Result<()> {
        let mut number = own_pid;
        for _ in 0..TRIES {
            let address = NetlinkAddr::new(number, 0);
            match bind(self.socket.as_raw_fd(), &address) {
                Ok(()) => {
                    self.number = number;
                    return Ok(());
                }
                Err(Errno::EADDRINUSE) => {}
                // Another thread was faster.
                Err(Errno::EINVAL) => {
                    self.number = port_number(&self.socket)?;
                    return Ok(());
                }
                Err(errno) => return Err(errno),
            }
            number = random() % (i32::MAX as u32 - 4096) + (1 << 31);
        }
        Err(Errno::EADDRINUSE)
    }
}

impl AsFd for SocketInfo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn port_number(socket: &OwnedFd) -> nix::Result<u32> {
    Ok(getsockname::<NetlinkAddr>(socket.as_raw_fd())?.pid())
}

fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(now()) as u32
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

    use super::*;

    fn own() -> OwnedFd {
        let route = Some(SockProtocol::NetlinkRoute);
        socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::empty(),
            route,
        )
        .unwrap()
    }

    #[test]
    fn a_socket_tells_its_protocol_groups_and_losses() {
        let address = NetlinkAddr::new(0, 0b101);
        let socket = own();
        bind(socket.as_raw_fd(), &address).unwrap();
        let info = SocketInfo::inspect(socket).unwrap().unwrap();
        assert_eq!(i32::from(info.protocol), libc::NETLINK_ROUTE);
        assert!(info.number != 0 && info.cookie != 0);
        assert_eq!(info.groups(), Groups::of_mask(0b101));
        assert_eq!(info.drops(), Some(0));
    }

    #[test]
    fn a_socket_that_has_no_port_id_is_given_one_as_the_kernel_would() {
        let mut first = SocketInfo::inspect(own()).unwrap().unwrap();
        assert_eq!(first.number, 0);
        first.autobind(u32::MAX - 7).unwrap();
        assert_eq!(first.number, u32::MAX - 7);
        let mut second = SocketInfo::inspect(own()).unwrap().unwrap();
        second.autobind(u32::MAX - 7).unwrap();
        assert!(second.number.cast_signed() < -4096 && second.number != first.number);
    }

    #[test]
    fn a_socket_that_was_inspected_before_is_known_by_its_cookie() {
        let info = SocketInfo::inspect(own()).unwrap().unwrap();
        let known = Some(info.identity());
        let again = info.socket.try_clone().unwrap();
        let again = SocketInfo::inspect_known(again, known).unwrap().unwrap();
        assert_eq!(again.identity(), info.identity());
        let other = SocketInfo::inspect_known(own(), known).unwrap().unwrap();
        assert_ne!(other.cookie, info.cookie);
    }

    #[test]
    fn what_is_no_netlink_socket_is_none() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(SocketInfo::inspect(file.into()).unwrap().is_none());
    }
}
