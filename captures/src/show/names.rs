// SPDX-License-Identifier: GPL-2.0-or-later
//! Names where no specification has any: netlink protocols, messages, errnos.

use std::borrow::Cow;

use neli::consts::rtnl::Rtm;
use nix::errno::Errno;

/// The netlink protocol's name, from linux/netlink.h.
pub(super) fn protocol(number: u16) -> Cow<'static, str> {
    Cow::Borrowed(match i32::from(number) {
        libc::NETLINK_ROUTE => "route",
        libc::NETLINK_USERSOCK => "usersock",
        libc::NETLINK_FIREWALL => "firewall",
        libc::NETLINK_SOCK_DIAG => "sock_diag",
        libc::NETLINK_NFLOG => "nflog",
        libc::NETLINK_XFRM => "xfrm",
        libc::NETLINK_SELINUX => "selinux",
        libc::NETLINK_ISCSI => "iscsi",
        libc::NETLINK_AUDIT => "audit",
        libc::NETLINK_FIB_LOOKUP => "fib_lookup",
        libc::NETLINK_CONNECTOR => "connector",
        libc::NETLINK_NETFILTER => "netfilter",
        libc::NETLINK_KOBJECT_UEVENT => "kobject_uevent",
        libc::NETLINK_GENERIC => "generic",
        libc::NETLINK_SCSITRANSPORT => "scsitransport",
        libc::NETLINK_RDMA => "rdma",
        libc::NETLINK_CRYPTO => "crypto",
        _ => return Cow::Owned(format!("netlink{number}")),
    })
}

/// The name of a message of a protocol that is not generic.
pub(super) fn message(protocol: u16, kind: u16) -> Cow<'static, str> {
    let name = match i32::from(protocol) {
        libc::NETLINK_ROUTE => match Rtm::from(kind) {
            Rtm::UnrecognizedConst(_) => None,
            known => Some(format!("{known:?}").to_lowercase()),
        },
        // SOCK_DIAG_BY_FAMILY and SOCK_DESTROY of linux/sock_diag.h.
        libc::NETLINK_SOCK_DIAG => match kind {
            20 => Some(String::from("by-family")),
            21 => Some(String::from("destroy")),
            _ => None,
        },
        // The subsystem in the upper byte: linux/netfilter/nfnetlink.h.
        libc::NETLINK_NETFILTER => {
            let subsystems = [
                "",
                "ctnetlink",
                "ctnetlink-exp",
                "queue",
                "ulog",
                "osf",
                "ipset",
                "acct",
                "cttimeout",
                "cthelper",
                "nftables",
                "compat",
                "hook",
            ];
            let name = subsystems
                .get(usize::from(kind >> 8))
                .filter(|it| !it.is_empty());
            name.map(|name| format!("{name}-{}", kind & 0xff))
        }
        _ => None,
    };
    name.map_or_else(|| Cow::Owned(format!("type{kind}")), Cow::Owned)
}

/// Bytes between the netlink header and the attributes of a protocol's message
/// of which no specification speaks.
pub(super) fn header_length(protocol: u16, kind: u16) -> usize {
    match i32::from(protocol) {
        // Links, addresses, routes, neighbours, rules, and the rest in groups of
        // four numbers from 16 on: ifinfomsg, ifaddrmsg, rtmsg, ndmsg, rtmsg,
        // and of qdiscs, classes and filters tcmsg.
        libc::NETLINK_ROUTE => match kind.saturating_sub(16) / 4 {
            0 => 16,
            1 => 8,
            2..=4 => 12,
            5..=8 => 20,
            _ => 4,
        },
        libc::NETLINK_NETFILTER => 4,
        _ => 0,
    }
}

/// The errno's name: `ENODEV`. Of those that libc does not know, the kernel's own
/// of linux/errno.h, else the number.
pub(super) fn errno(number: i32) -> Cow<'static, str> {
    match Errno::from_raw(number) {
        Errno::UnknownErrno => match number {
            512 => "ERESTARTSYS".into(),
            517 => "EPROBE_DEFER".into(),
            522 => "EIOCBQUEUED".into(),
            524 => "ENOTSUPP".into(),
            _ => format!("errno{number}").into(),
        },
        known => format!("{known:?}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_names_has_its_name_and_the_rest_its_number() {
        assert_eq!(
            (protocol(0), protocol(99)),
            ("route".into(), "netlink99".into())
        );
        assert_eq!(
            (message(0, 16), message(0, 999)),
            ("newlink".into(), "type999".into())
        );
        assert_eq!(message(12, 0x0a03), "nftables-3");
        assert_eq!(
            (errno(19), errno(524), errno(9999)),
            ("ENODEV".into(), "ENOTSUPP".into(), "errno9999".into())
        );
    }
}
