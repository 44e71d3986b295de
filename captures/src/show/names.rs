// SPDX-License-Identifier: GPL-2.0-or-later
//! Names where no specification has any: netlink protocols, messages, errnos.

use std::borrow::Cow;

use neli::consts::rtnl::Rtm;
use nix::errno::Errno;

/// The netlink protocol's name, from linux/netlink.h.
pub(crate) fn protocol(number: u16) -> Cow<'static, str> {
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
pub(crate) fn message(protocol: u16, kind: u16) -> Cow<'static, str> {
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
/// of which no specification speaks. `first` is the first byte behind the netlink
/// header, the address family where there is one.
pub(super) fn header_length(protocol: u16, kind: u16, to_kernel: bool, first: u8) -> usize {
    match i32::from(protocol) {
        libc::NETLINK_ROUTE => route_header_length(kind),
        libc::NETLINK_SOCK_DIAG => {
            let (asks, answers) = match i32::from(first) {
                // inet_diag_req_v2, inet_diag_msg.
                libc::AF_INET | libc::AF_INET6 => (56, 72),
                // unix_diag_req, unix_diag_msg.
                libc::AF_UNIX => (24, 16),
                // netlink_diag_req, netlink_diag_msg.
                libc::AF_NETLINK => (20, 28),
                // packet_diag_req, packet_diag_msg.
                libc::AF_PACKET => (20, 16),
                _ => (0, 0),
            };
            if to_kernel { asks } else { answers }
        }
        // nfgenmsg.
        libc::NETLINK_NETFILTER => 4,
        _ => 0,
    }
}

/// The messages of rtnetlink come in groups of four numbers, from 16 on
/// (linux/rtnetlink.h).
fn route_header_length(kind: u16) -> usize {
    match kind.saturating_sub(16) / 4 {
        // Links and their other names: ifinfomsg.
        0 | 23 => 16,
        // Addresses: ifaddrmsg; groups of a bridge, next hops, VLANs, tunnels.
        1 | 17 | 22 | 24..=26 => 8,
        // Routes, neighbours, rules: rtmsg, ndmsg, fib_rule_hdr; prefixes; labels of
        // addresses; statistics.
        2..=4 | 9 | 14 | 19 => 12,
        // Queueing disciplines, classes, filters, chains: tcmsg.
        5..=7 | 21 => 20,
        // Options of a router: nduseroptmsg.
        13 => 16,
        // rtgenmsg, tcamsg, ndtmsg and others of at most four bytes.
        _ => 4,
    }
}

/// The errno's name: `ENODEV`. Of those that libc does not know, the kernel's own
/// of linux/errno.h, else the number.
pub(crate) fn errno(number: i32) -> Cow<'static, str> {
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
    fn attributes_begin_behind_the_header_of_their_message() {
        for (kind, length) in [
            (libc::RTM_GETLINK, 16),
            (libc::RTM_NEWADDR, 8),
            (libc::RTM_NEWROUTE, 12),
            (libc::RTM_NEWNEIGH, 12),
            (libc::RTM_NEWRULE, 12),
            (libc::RTM_NEWQDISC, 20),
            (libc::RTM_NEWTFILTER, 20),
            (libc::RTM_NEWACTION, 4),
            (84, 8),
            (libc::RTM_NEWNSID, 4),
            (92, 12),
            (100, 20),
            (104, 8),
            (108, 16),
            (112, 8),
        ] {
            assert_eq!(header_length(0, kind, true, 0), length, "{kind}");
        }
        assert_eq!(
            (
                header_length(4, 20, true, 1),
                header_length(4, 20, false, 2)
            ),
            (24, 72)
        );
    }

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
