// SPDX-License-Identifier: GPL-2.0-or-later
//! What flags mean, by linux/netlink.h and the kernel's receive functions.

use super::*;

fn message(kind: u16, flags: u16) -> Message<'static> {
    Message {
        length: 16,
        kind,
        flags,
        sequence: 0,
        port: 0,
        payload: &[],
    }
}

/// The names, by the message's number or else by the name of its operation.
fn names(protocol: u16, kind: u16, flags: u16, operation: &str) -> String {
    let message = message(kind, flags);
    let verb = message
        .verb(protocol)
        .or_else(|| Verb::of_operation(operation));
    let names = message.flag_names(protocol, verb);
    let names = names.map(|it| it.map_or_else(|bit| format!("{bit:#x}"), str::to_owned));
    names.collect::<Vec<_>>().join("|")
}

#[test]
fn the_upper_flags_mean_what_the_type_of_message_makes_of_them() {
    use protocols::*;
    // RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE, RTM_SETLINK.
    for (protocol, kind, flags, expected) in [
        (ROUTE, 24, 0x605, "request|ack|excl|create"),
        (ROUTE, 24, 0x505, "request|ack|replace|create"),
        (ROUTE, 24, 0xc05, "request|ack|create|append"),
        (ROUTE, 24, 0x105, "request|ack|replace"),
        (ROUTE, 25, 0x305, "request|ack|nonrec|bulk"),
        (ROUTE, 26, 0x301, "request|dump"),
        (ROUTE, 26, 0x501, "request|root|atomic"),
        (ROUTE, 26, 0x209, "request|echo|match"),
        (ROUTE, 19, 0x105, "request|ack|0x100"),
        // A notification has the flags of the request that made the route.
        (ROUTE, 24, 0x600, "excl|create"),
        (ROUTE, 24, 0x32, "multi|dump-intr|dump-filtered"),
        (ROUTE, 26, 0x100, "0x100"),
        (ROUTE, 2, 0x300, "capped|ack-tlvs"),
        (ROUTE, 3, 0x302, "multi|ack-tlvs|0x100"),
        (XFRM, 0x10, 0x605, "request|ack|excl|create"),
        (XFRM, 0x12, 0x301, "request|dump"),
        (SOCK_DIAG, 20, 0x301, "request|dump"),
        (SOCK_DIAG, 21, 0x105, "request|ack|0x100"),
        // NFT_MSG_NEWRULE, NFT_MSG_DELCHAIN, IPCTNL_MSG_CT_GET, IPSET_CMD_DEL.
        (NETFILTER, 0x0a06, 0xc01, "request|create|append"),
        (NETFILTER, 0x0a05, 0x101, "request|nonrec"),
        (NETFILTER, 0x0101, 0x301, "request|dump"),
        (NETFILTER, 0x060a, 0x205, "request|ack|excl"),
        (NETFILTER, 0x0010, 0x8041, "request|0x40|0x8000"),
        (77, 16, 0x501, "request|0x100|0x400"),
        (77, 16, 0x301, "request|dump"),
    ] {
        assert_eq!(
            names(protocol, kind, flags, ""),
            expected,
            "{kind} {flags:#x}"
        );
    }
}

#[test]
fn in_generic_netlink_the_operations_name_says_what_flags_mean() {
    for (operation, flags, expected) in [
        ("port-new", 0x605, "request|ack|excl|create"),
        ("peer-set", 0x101, "request|replace"),
        ("del", 0x101, "request|nonrec"),
        ("get", 0x101, "request|root"),
        ("bind-rx", 0x101, "request|0x100"),
        ("settings", 0x405, "request|ack|0x400"),
        // genl_rcv_msg() takes both together as a dump, whatever is asked for.
        ("port-new", 0x301, "request|dump"),
        ("l2-list", 0x301, "request|dump"),
    ] {
        let names = names(GENERIC, 0x24, flags, operation);
        assert_eq!(names, expected, "{operation} {flags:#x}");
    }
}

#[test]
fn a_dump_is_what_the_protocol_takes_for_one() {
    use protocols::*;
    for (protocol, kind, flags, expected) in [
        (ROUTE, 18, 0x301, true),
        (ROUTE, 18, 0x101, true),
        (ROUTE, 18, 0x201, true),
        (ROUTE, 18, 0x401, false),
        (ROUTE, 16, 0x301, false),
        (ROUTE, 18, 0x300, false),
        (GENERIC, 0x24, 0x301, true),
        (GENERIC, 0x24, 0x101, false),
        (SOCK_DIAG, 20, 0x101, true),
        (SOCK_DIAG, 21, 0x301, false),
        (XFRM, 0x12, 0x101, true),
        // XFRM_MSG_GETAE.
        (XFRM, 0x1f, 0x301, false),
        (NETFILTER, 0x0a01, 0x201, true),
        (NETFILTER, 0x0a06, 0x301, false),
        (CRYPTO, 0x13, 0x101, true),
        (CRYPTO, 0x12, 0x301, false),
        (RDMA, 0x1401, 0x101, true),
        (ROUTE, 2, 0x301, false),
    ] {
        let is_dump = message(kind, flags).is_dump(protocol);
        assert_eq!(is_dump, expected, "{protocol} {kind:#x} {flags:#x}");
    }
}
