// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel says of a netlink socket, netlink(7) and socket(7).

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{NetlinkAddr, bind};

/// Of asm-generic/socket.h.
const SO_MEMINFO: libc::c_int = 55;

/// Words of SO_MEMINFO, and the one of the lost messages: SK_MEMINFO_DROPS of
/// linux/sock_diag.h.
const MEMINFO: usize = 9;
const DROPS: usize = 8;

/// NETLINK_LISTEN_ALL_NSID of linux/netlink.h.
pub(crate) const LISTEN_ALL_NSID: libc::c_int = 8;

/// Of linux/sockios.h.
const SIOCGSKNS: libc::c_ulong = 0x894c;

/// More groups than any protocol has, in words.
const GROUP_WORDS: usize = 64;

fn words(
    socket: impl AsFd,
    level: libc::c_int,
    name: libc::c_int,
    words: &mut [u32],
) -> nix::Result<usize> {
    let mut length = size_of_val(words) as libc::socklen_t;
    // SAFETY: The kernel writes at most `length` bytes, which `words` has, and the length.
    Errno::result(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            words.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    Ok((length as usize / size_of::<u32>()).min(words.len()))
}

/// The multicast groups that the socket has joined: bit 0 of the first word is group 1.
pub(crate) fn memberships(socket: impl AsFd) -> nix::Result<Vec<u32>> {
    let mut all = vec![0; GROUP_WORDS];
    let name = libc::NETLINK_LIST_MEMBERSHIPS;
    let kept = words(socket, libc::SOL_NETLINK, name, &mut all)?;
    all.truncate(kept);
    Ok(all)
}

/// Joins a multicast group.
pub(crate) fn join(socket: impl AsFd, group: u32) -> nix::Result<()> {
    set(socket, libc::NETLINK_ADD_MEMBERSHIP, group)
}

/// Leaves a multicast group.
pub(crate) fn leave(socket: impl AsFd, group: u32) -> nix::Result<()> {
    set(socket, libc::NETLINK_DROP_MEMBERSHIP, group)
}

/// Hears the groups' messages of all namespaces that have an id here, or no longer; needs
/// CAP_NET_BROADCAST now, and when the socket was opened.
pub(crate) fn listen_all_nsid(socket: impl AsFd, wanted: bool) -> nix::Result<()> {
    set(socket, LISTEN_ALL_NSID, wanted.into())
}

/// Has the group of each message told by [`receive`].
pub(crate) fn tell_groups(socket: impl AsFd) -> nix::Result<()> {
    set(socket, libc::NETLINK_PKTINFO, 1)
}

/// A message that was received.
pub(crate) struct Received {
    /// Its bytes in the buffer.
    pub(crate) length: usize,
    /// The multicast group that it was sent to, 0 where it was to us alone.
    pub(crate) group: u32,
    /// It was sent in another network namespace.
    pub(crate) is_foreign: bool,
}

/// Receives a message with what is told of it, without waiting. What the buffer has no room
/// for is cut off.
pub(crate) fn receive(socket: impl AsFd, buffer: &mut [u8]) -> nix::Result<Received> {
    // More than two words with their headers take, aligned as `struct cmsghdr`.
    let mut control = [0_u64; 16];
    let mut piece = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: All-zero bytes are a valid `msghdr`: integers and null pointers.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    // SAFETY: The header names the buffer and the control bytes, each with its length; both
    // outlive the call, which writes no more than these.
    let length = unsafe {
        libc::recvmsg(
            socket.as_fd().as_raw_fd(),
            &raw mut header,
            libc::MSG_DONTWAIT,
        )
    };
    let mut received = Received {
        length: Errno::result(length)?.cast_unsigned(),
        group: 0,
        is_foreign: false,
    };
    // SAFETY: The kernel has filled in the header and the control bytes that it names.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    while !next.is_null() {
        // SAFETY: A pointer of CMSG_FIRSTHDR(3) or CMSG_NXTHDR(3) that is not null is that
        // of a whole header in `control`, which is aligned for it.
        let about = unsafe { next.read() };
        match (about.cmsg_level, about.cmsg_type) {
            (libc::SOL_NETLINK, libc::NETLINK_PKTINFO) => {
                // SAFETY: The kernel puts one u32 behind such a header
                // (netlink_cmsg_recv_pktinfo() of net/netlink/af_netlink.c).
                received.group = unsafe { libc::CMSG_DATA(next).cast::<u32>().read_unaligned() };
            }
            (libc::SOL_NETLINK, LISTEN_ALL_NSID) => received.is_foreign = true,
            _ => {}
        }
        // SAFETY: As above; `next` is one of its headers.
        next = unsafe { libc::CMSG_NXTHDR(&raw const header, next) };
    }
    Ok(received)
}

/// Whether the socket does that.
pub(crate) fn listens_all_nsid(socket: impl AsFd) -> bool {
    let mut value = [0];
    words(socket, libc::SOL_NETLINK, LISTEN_ALL_NSID, &mut value).is_ok() && value != [0]
}

fn set(socket: impl AsFd, name: libc::c_int, value: u32) -> nix::Result<()> {
    // SAFETY: The kernel reads one u32, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_NETLINK,
            name,
            (&raw const value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    Errno::result(result).map(drop)
}

/// How many messages the socket had no room for.
pub(crate) fn drops(socket: impl AsFd) -> nix::Result<u32> {
    let mut all = [0; MEMINFO];
    match words(socket, libc::SOL_SOCKET, SO_MEMINFO, &mut all)? {
        MEMINFO => Ok(all[DROPS]),
        _ => Err(Errno::EPROTO),
    }
}

/// A handle on the socket's network namespace; needs CAP_NET_ADMIN there.
pub(crate) fn socket_namespace(socket: impl AsFd) -> nix::Result<OwnedFd> {
    // SAFETY: The request takes no argument.
    let fd = Errno::result(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SIOCGSKNS as _) })?;
    // SAFETY: The kernel has just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A new netlink socket that does not block. It is bound: what the kernel says by itself
/// is for all but port id 0.
pub(crate) fn socket(protocol: u16) -> nix::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: The call takes three integers.
    let fd = Errno::result(unsafe { libc::socket(libc::AF_NETLINK, kind, protocol.into()) })?;
    // SAFETY: The kernel has just made the descriptor for us.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
    Ok(socket)
}

/// Runs `what` in another network namespace: the sockets that it opens stay there. Needs
/// CAP_SYS_ADMIN, here and there.
pub(crate) fn within<T>(namespace: impl AsFd, what: impl FnOnce() -> T) -> nix::Result<T> {
    let home = File::open("/proc/thread-self/ns/net")
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    setns(namespace, CloneFlags::CLONE_NEWNET)?;
    let result = what();
    // Nothing that is done from here on would be where it belongs.
    setns(home, CloneFlags::CLONE_NEWNET).expect("the own namespace can be entered again");
    Ok(result)
}
