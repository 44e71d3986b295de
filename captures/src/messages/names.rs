// SPDX-License-Identifier: GPL-2.0-or-later
//! Names where no specification has any: netlink protocols, messages, errnos.

use std::borrow::Cow;

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

/// Whether what is sent over the netlink protocol are netlink messages: uevents are texts.
pub(crate) fn has_messages(protocol: u16) -> bool {
    i32::from(protocol) != libc::NETLINK_KOBJECT_UEVENT
}

/// The name of a message of a protocol that is not generic, where no specification
/// has it but Linux.
pub(crate) fn message(protocol: u16, kind: u16) -> Option<&'static str> {
    match (i32::from(protocol), kind) {
        // linux/sock_diag.h; of families of sockets whose headers are not known here.
        (libc::NETLINK_SOCK_DIAG, 20) => Some("by-family"),
        (libc::NETLINK_SOCK_DIAG, 21) => Some("destroy"),
        _ => None,
    }
}

/// What stands for the name of a message that has none.
pub(crate) fn number(protocol: u16, kind: u16) -> String {
    match i32::from(protocol) {
        // The subsystem is in the upper byte: linux/netfilter/nfnetlink.h.
        libc::NETLINK_NETFILTER => format!("subsystem{}-{}", kind >> 8, kind & 0xff),
        _ => format!("type{kind}"),
    }
}

/// Bytes between the netlink header and the attributes of a protocol's message
/// of which no specification speaks.
pub(crate) fn header_length(protocol: u16) -> usize {
    match i32::from(protocol) {
        // rtgenmsg, nfgenmsg.
        libc::NETLINK_ROUTE | libc::NETLINK_NETFILTER => 4,
        _ => 0,
    }
}

/// The errno's name: `ENODEV`. Of those that libc does not know, the kernel's own
/// of linux/errno.h, and those of ipset, which no errno has; else the number.
pub(crate) fn errno(number: i32) -> Cow<'static, str> {
    match Errno::from_raw(number) {
        Errno::UnknownErrno => match number {
            512 => "ERESTARTSYS".into(),
            517 => "EPROBE_DEFER".into(),
            522 => "EIOCBQUEUED".into(),
            524 => "ENOTSUPP".into(),
            _ => match ipset_error(number) {
                Some(name) => format!("IPSET_ERR_{name}").into(),
                None => format!("errno{number}").into(),
            },
        },
        known => format!("{known:?}").into(),
    }
}

/// What ipset calls an error, without what all of these begin with: enum ipset_errno of
/// linux/netfilter/ipset/ip_set.h. From 4352 on, each type of set has its own.
fn ipset_error(number: i32) -> Option<&'static str> {
    const FIRST: i32 = 4096;
    const NAMES: [&str; 20] = [
        "PRIVATE",
        "PROTOCOL",
        "FIND_TYPE",
        "MAX_SETS",
        "BUSY",
        "EXIST_SETNAME2",
        "TYPE_MISMATCH",
        "EXIST",
        "INVALID_CIDR",
        "INVALID_NETMASK",
        "INVALID_FAMILY",
        "TIMEOUT",
        "REFERENCED",
        "IPADDR_IPV4",
        "IPADDR_IPV6",
        "COUNTER",
        "COMMENT",
        "INVALID_MARKMASK",
        "SKBINFO",
        "BITMASK_NETMASK_EXCL",
    ];
    let at = usize::try_from(number.checked_sub(FIRST)?).ok()?;
    NAMES.get(at).copied()
}

/// The number of an errno's name, as [`errno`] gives it.
pub(crate) fn errno_number(name: &str) -> Option<i32> {
    if let Some(number) = name.strip_prefix("errno") {
        return number.parse().ok();
    }
    (1..=LAST_ERRNO).find(|number| errno(*number) == name)
}

/// The last errno of linux/errno.h that has a name.
const LAST_ERRNO: i32 = 530;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_names_has_its_name_and_the_rest_its_number() {
        assert_eq!(
            (protocol(0), protocol(99)),
            ("route".into(), "netlink99".into())
        );
        assert_eq!((message(4, 20), message(0, 999)), (Some("by-family"), None));
        assert_eq!(
            (number(0, 999), number(12, 0x2003)),
            ("type999".into(), "subsystem32-3".into())
        );
        assert_eq!(
            (errno(19), errno(524), errno(9999)),
            ("ENODEV".into(), "ENOTSUPP".into(), "errno9999".into())
        );
        assert_eq!(
            (errno(4098), errno(4115), errno(4116), errno(i32::MIN)),
            (
                "IPSET_ERR_FIND_TYPE".into(),
                "IPSET_ERR_BITMASK_NETMASK_EXCL".into(),
                "errno4116".into(),
                "errno-2147483648".into()
            )
        );
        assert_eq!(
            (
                errno_number("ENODEV"),
                errno_number("errno4095"),
                errno_number("E")
            ),
            (Some(19), Some(4095), None)
        );
    }
}
