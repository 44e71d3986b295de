// SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause)
// Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.

//! Ethernet interfaces of the caller's network namespace, with the facts that
//! `ip link show` prints, in about a tenth of the bytes.
//!
//! An Ethernet interface is a net_device of type ARPHRD_ETHER; loopback, nlmon
//! and tunnels are not included. Integers are in host byte order.
//!
//! To keep a list current, join the multicast group `l2`, then dump, then apply
//! the notifications. They report every change of ifname, the up bit of flags,
//! ifmtu, qlen, ifmac, ifbrd and state, and interfaces that are created, deleted
//! or moved to another namespace. Changes for which the kernel raises no event
//! are not reported: promiscuous and all-multicast mode, counters, and among the
//! details link, link-netnsid, master, perm-mac, min-mtu and max-mtu; on an
//! interface that is down, flags other than up, and ifalias; nor an interface
//! that changes type to or from Ethernet (a bond can do both). A listener whose
//! socket overflows reads ENOBUFS and must dump again; so must one that joined
//! while the module was still loading.
//!
//! Every error has a message, and the offset of the attribute at fault (extended
//! ACK). EINVAL for an attribute that the operation does not accept, ENOMEM if
//! the kernel has no memory for the answer, EOPNOTSUPP for an operation that does
//! not exist or lacks the do or dump form.

// The protocol in full: a module need not use all of it.
#![allow(dead_code)]

use crate::genl::{DoOp, DumpOp, ExtAck, GenlDump, GenlInfo, MulticastGroup, Policy, SplitOp};
use core::{ffi::CStr, marker::PhantomData};
use kernel::prelude::*;

/// Name of the family.
pub(crate) const FAMILY_NAME: &CStr = c"nl_util";

/// Version of the family.
pub(crate) const FAMILY_VERSION: u8 = 1;

/// Numbers of the operations.
pub(crate) mod cmd {
    /// Lists the Ethernet interfaces in order of index. The do form answers
    /// with one message of at most 65,536 bytes (about 800 interfaces);
    /// EMSGSIZE if the list is longer. The dump form lists any number, in as
    /// many messages as needed: append the interfaces of each message to those
    /// before it. NLM_F_DUMP_INTR on any of them, including DONE, means that
    /// interfaces appeared or disappeared during the dump: dump again.
    pub(crate) const L2_LIST: u8 = 1;

    /// One Ethernet interface, by index, with its counters. ENODEV if the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    /// EINVAL if netdev is missing or has no ifindex, for index 0, for a netdev
    /// without NLA_F_NESTED, and for an attribute of the wrong length; ERANGE
    /// for a netdev too short for one attribute.
    pub(crate) const L2_IID: u8 = 2;

    /// Always fails with EINVAL, whatever the request contains: nothing in it
    /// is checked. For testing a client's error path.
    pub(crate) const REPLY_WITH_NLMSG_ERR: u8 = 3;

    /// An Ethernet interface was created, or moved into this network namespace.
    pub(crate) const L2_NEW_NTF: u8 = 4;

    /// An Ethernet interface changed: its name, addresses, MTU, queue length,
    /// flags or state. The message holds the new values.
    pub(crate) const L2_CHANGE_NTF: u8 = 5;

    /// An Ethernet interface was deleted, or moved out of this network
    /// namespace. The message holds its last values.
    pub(crate) const L2_DEL_NTF: u8 = 6;
}

/// Top-level attributes of every message.
pub(crate) mod nl_util {
    /// One interface. Requests set NLA_F_NESTED on it, answers do not:
    /// readers must accept both.
    pub(crate) const NETDEV: u16 = 1;

    /// What the answer should contain beyond the basic attributes. EINVAL for
    /// unknown bits.
    pub(crate) const EXT_MASK: u16 = 2;

    /// One more than the highest number.
    pub(crate) const LEN: usize = 3;
}

/// One interface. Answers hold the attributes in the order ifindex, ifname,
/// flags, ifmtu, qlen, state, ifmac, ifbrd, stats, link, link-netnsid,
/// master, kind, ifalias, perm-mac, min-mtu, max-mtu, carrier, ifi-flags;
/// readers must accept any order and skip unknown attributes. The first
/// eight, the basic attributes, are always present; stats and the rest only
/// if requested and if the interface has them.
pub(crate) mod netdev {
    /// Interface index, 1 or greater.
    pub(crate) const IFINDEX: u16 = 1;

    /// Interface name, NUL-terminated, at most 16 bytes including the NUL.
    pub(crate) const IFNAME: u16 = 2;

    /// net_device.flags unchanged, not the result of dev_get_flags(), which
    /// `ip` shows.
    pub(crate) const FLAGS: u16 = 3;

    /// MTU in bytes.
    pub(crate) const IFMTU: u16 = 4;

    /// Operational state as sent by rtnetlink: down if the interface is not
    /// running.
    pub(crate) const STATE: u16 = 5;

    /// Transmit queue length in packets.
    pub(crate) const QLEN: u16 = 6;

    /// Counters.
    pub(crate) const STATS: u16 = 7;

    /// Broadcast address.
    pub(crate) const IFBRD: u16 = 8;

    /// Hardware address.
    pub(crate) const IFMAC: u16 = 9;

    /// Index of the underlying interface, or of a veth's peer; with
    /// link-netnsid, in that namespace.
    pub(crate) const LINK: u16 = 10;

    /// Index of the bridge, bond or team that this one is a port of.
    pub(crate) const MASTER: u16 = 11;

    /// Kind of virtual interface: dummy, veth, bridge, vlan. Absent if a
    /// driver created the device.
    pub(crate) const KIND: u16 = 12;

    /// Alias set by the administrator.
    pub(crate) const IFALIAS: u16 = 13;

    /// Permanent hardware address of the device.
    pub(crate) const PERM_MAC: u16 = 14;

    /// Minimum MTU in bytes. Absent if not set.
    pub(crate) const MIN_MTU: u16 = 15;

    /// Maximum MTU in bytes. Absent if not set.
    pub(crate) const MAX_MTU: u16 = 16;

    /// 1 if the device has carrier, else 0.
    pub(crate) const CARRIER: u16 = 17;

    /// Flags as computed by dev_get_flags(), which `ip` shows.
    pub(crate) const IFI_FLAGS: u16 = 18;

    /// Id, in the caller's network namespace, of the namespace that link is
    /// in, if it is a different one.
    pub(crate) const LINK_NETNSID: u16 = 19;

    /// One more than the highest number.
    pub(crate) const LEN: usize = 20;
}

/// What an answer should contain beyond the basic attributes.
pub(crate) mod ext_mask {
    /// The counters (stats).
    pub(crate) const STATS: u32 = 1;

    /// link, link-netnsid, master, kind, ifalias, perm-mac, min-mtu, max-mtu,
    /// carrier and ifi-flags.
    pub(crate) const DETAILS: u32 = 2;
}

/// Multicast groups, by their places in [`MCAST_GROUPS`].
pub(crate) mod group {
    pub(crate) const L2: u32 = 0;
}

/// The table of multicast groups.
pub(crate) static MCAST_GROUPS: [MulticastGroup; 1] = [MulticastGroup::const_new(c"l2")];

/// What is checked of `netdev` attributes.
static NETDEV_POLICY: [Policy; netdev::LEN] = {
    let mut policy = [Policy::REJECT; netdev::LEN];
    policy[netdev::IFINDEX as usize] = Policy::U32;
    policy[netdev::IFNAME as usize] = Policy::nul_string(15);
    policy[netdev::FLAGS as usize] = Policy::U32;
    policy[netdev::IFMTU as usize] = Policy::U32;
    policy[netdev::STATE as usize] = Policy::U32;
    policy[netdev::QLEN as usize] = Policy::U32;
    policy[netdev::STATS as usize] = Policy::BINARY;
    policy[netdev::IFBRD as usize] = Policy::exact_len::<6>();
    policy[netdev::IFMAC as usize] = Policy::exact_len::<6>();
    policy[netdev::LINK as usize] = Policy::U32;
    policy[netdev::MASTER as usize] = Policy::U32;
    policy[netdev::KIND as usize] = Policy::nul_string(31);
    policy[netdev::IFALIAS as usize] = Policy::nul_string(255);
    policy[netdev::PERM_MAC as usize] = Policy::exact_len::<6>();
    policy[netdev::MIN_MTU as usize] = Policy::U32;
    policy[netdev::MAX_MTU as usize] = Policy::U32;
    policy[netdev::CARRIER as usize] = Policy::u8_max(1);
    policy[netdev::IFI_FLAGS as usize] = Policy::U32;
    policy[netdev::LINK_NETNSID as usize] = Policy::S32;
    policy
};

/// What is checked of `l2-list` do requests.
static L2_LIST_DO_POLICY: [Policy; nl_util::LEN] = {
    let mut policy = [Policy::REJECT; nl_util::LEN];
    policy[nl_util::EXT_MASK as usize] = Policy::u32_mask(0x3);
    policy
};

/// What is checked of `l2-list` dump requests.
static L2_LIST_DUMP_POLICY: [Policy; nl_util::LEN] = {
    let mut policy = [Policy::REJECT; nl_util::LEN];
    policy[nl_util::EXT_MASK as usize] = Policy::u32_mask(0x3);
    policy
};

/// What is checked of `l2-iid` do requests.
static L2_IID_DO_POLICY: [Policy; nl_util::LEN] = {
    let mut policy = [Policy::REJECT; nl_util::LEN];
    policy[nl_util::NETDEV as usize] = Policy::nested(&NETDEV_POLICY);
    policy[nl_util::EXT_MASK as usize] = Policy::u32_mask(0x3);
    policy
};

/// The operations, to be implemented by the module.
pub(crate) trait Operations {
    /// Lists the Ethernet interfaces in order of index. The do form answers
    /// with one message of at most 65,536 bytes (about 800 interfaces);
    /// EMSGSIZE if the list is longer. The dump form lists any number, in as
    /// many messages as needed: append the interfaces of each message to those
    /// before it. NLM_F_DUMP_INTR on any of them, including DONE, means that
    /// interfaces appeared or disappeared during the dump: dump again.
    fn l2_list_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;

    /// Lists the Ethernet interfaces in order of index. The do form answers
    /// with one message of at most 65,536 bytes (about 800 interfaces);
    /// EMSGSIZE if the list is longer. The dump form lists any number, in as
    /// many messages as needed: append the interfaces of each message to those
    /// before it. NLM_F_DUMP_INTR on any of them, including DONE, means that
    /// interfaces appeared or disappeared during the dump: dump again.
    fn l2_list_dumpit(dump: &mut GenlDump<'_>) -> Result;

    /// One Ethernet interface, by index, with its counters. ENODEV if the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    /// EINVAL if netdev is missing or has no ifindex, for index 0, for a netdev
    /// without NLA_F_NESTED, and for an attribute of the wrong length; ERANGE
    /// for a netdev too short for one attribute.
    fn l2_iid_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;

    /// Always fails with EINVAL, whatever the request contains: nothing in it
    /// is checked. For testing a client's error path.
    fn reply_with_nlmsg_err_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;
}

/// The do form of `l2-list`.
struct L2ListDo<T>(PhantomData<T>);

impl<T: Operations> DoOp for L2ListDo<T> {
    const CMD: u8 = cmd::L2_LIST;
    const POLICY: Option<&'static [Policy]> = Some(&L2_LIST_DO_POLICY);

    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        T::l2_list_doit(info)
    }
}

/// The dump form of `l2-list`.
struct L2ListDump<T>(PhantomData<T>);

impl<T: Operations> DumpOp for L2ListDump<T> {
    const CMD: u8 = cmd::L2_LIST;
    const POLICY: Option<&'static [Policy]> = Some(&L2_LIST_DUMP_POLICY);

    fn dumpit(dump: &mut GenlDump<'_>) -> Result {
        T::l2_list_dumpit(dump)
    }
}

/// The do form of `l2-iid`.
struct L2IidDo<T>(PhantomData<T>);

impl<T: Operations> DoOp for L2IidDo<T> {
    const CMD: u8 = cmd::L2_IID;
    const POLICY: Option<&'static [Policy]> = Some(&L2_IID_DO_POLICY);

    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        T::l2_iid_doit(info)
    }
}

/// The do form of `reply-with-nlmsg-err`, whose requests are not checked.
struct ReplyWithNlmsgErrDo<T>(PhantomData<T>);

impl<T: Operations> DoOp for ReplyWithNlmsgErrDo<T> {
    const CMD: u8 = cmd::REPLY_WITH_NLMSG_ERR;
    const POLICY: Option<&'static [Policy]> = None;

    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>> {
        T::reply_with_nlmsg_err_doit(info)
    }
}

/// Length of the table that [`split_ops`] makes.
pub(crate) const N_SPLIT_OPS: usize = 4;

/// The table of operations that `T` implements.
pub(crate) const fn split_ops<T: Operations>() -> [SplitOp; N_SPLIT_OPS] {
    [
        // The core wants them in the order of their numbers.
        SplitOp::doit::<L2ListDo<T>>(),
        SplitOp::dumpit::<L2ListDump<T>>(),
        SplitOp::doit::<L2IidDo<T>>(),
        SplitOp::doit::<ReplyWithNlmsgErrDo<T>>(),
    ]
}
