// SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause)
// Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.

//! Ethernet interfaces of the caller's network namespace, with the facts that
//! `ip link show` prints, in about a tenth of the bytes.
//!
//! An Ethernet interface is a net_device whose type is ARPHRD_ETHER; loopback,
//! nlmon and tunnels are not among them. Integers are in host byte order.
//!
//! Whoever keeps a list joins the multicast group `l2` first, dumps then, and
//! applies what the group tells. Every change of ifname, flags up, ifmtu, qlen,
//! ifmac, ifbrd and state is told, and interfaces that come, go, or move to
//! another namespace. What raises no event in the kernel is not told: promiscuous
//! and all-multicast mode, counters, and of the details link, link-netnsid, master,
//! perm-mac and the limits of the MTU; of an interface that is down, flags other
//! than up, and ifalias; nor that an interface becomes an Ethernet one or ceases
//! to be (a bond does both). A listener whose socket overflows reads ENOBUFS and
//! dumps anew; so does one that joined while the module was still being loaded.
//!
//! Every refusal has a text, and the offset of the attribute that is at fault
//! (extended ACK). EINVAL for an attribute that the operation does not take,
//! ENOMEM where the kernel has no memory for the answer, EOPNOTSUPP for an
//! operation or a form that there is not.

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
    /// Lists the Ethernet interfaces, in the order of their indices. The do
    /// form answers by one message of at most 65,536 bytes (about 800
    /// interfaces); past that EMSGSIZE. The dump form takes any number, in as
    /// many messages as they need: a reader appends the interfaces of one to
    /// those before it. NLM_F_DUMP_INTR on any of them, DONE included, says
    /// that interfaces came or went meanwhile: ask again.
    pub(crate) const L2_LIST: u8 = 1;

    /// One Ethernet interface, by its index, with its counters. ENODEV when the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    /// EINVAL without netdev or without ifindex in it, for index 0, for a
    /// netdev without NLA_F_NESTED, and for an attribute of a wrong length;
    /// ERANGE for a netdev too short for one attribute.
    pub(crate) const L2_IID: u8 = 2;

    /// Always fails with EINVAL, whatever the request carries: nothing in it is
    /// checked. A client tests its error path with it.
    pub(crate) const REPLY_WITH_NLMSG_ERR: u8 = 3;

    /// An Ethernet interface came: it was made, or moved into this network
    /// namespace.
    pub(crate) const L2_NEW_NTF: u8 = 4;

    /// An Ethernet interface changed: its name, its addresses, its MTU, the
    /// length of its queue, its flags or its state. The message says what is so
    /// now.
    pub(crate) const L2_CHANGE_NTF: u8 = 5;

    /// An Ethernet interface went: it was deleted, or moved out of this network
    /// namespace. The message says what was so last.
    pub(crate) const L2_DEL_NTF: u8 = 6;
}

/// Top-level attributes of every message.
pub(crate) mod nl_util {
    /// One interface. Requests carry NLA_F_NESTED on it, answers do not: a
    /// reader takes both.
    pub(crate) const NETDEV: u16 = 1;

    /// What the answer is to hold beyond the basic attributes. EINVAL for a
    /// bit that the kernel does not know.
    pub(crate) const EXT_MASK: u16 = 2;

    /// One more than the highest number.
    pub(crate) const LEN: usize = 3;
}

/// One interface. Answers hold the attributes in the order ifindex, ifname,
/// flags, ifmtu, qlen, state, ifmac, ifbrd, stats, link, link-netnsid, master,
/// kind, ifalias, perm-mac, min-mtu, max-mtu, carrier, ifi-flags; a reader
/// takes any order and skips what it does not know. The first eight, the
/// basic ones, are always there, stats and what follows it when it was asked
/// for and the interface has it.
pub(crate) mod netdev {
    /// Interface index, from 1 on.
    pub(crate) const IFINDEX: u16 = 1;

    /// Interface name, NUL-terminated, at most 16 bytes with the NUL.
    pub(crate) const IFNAME: u16 = 2;

    /// net_device.flags as it is, not what dev_get_flags() makes of it, which
    /// `ip` shows.
    pub(crate) const FLAGS: u16 = 3;

    /// MTU in bytes.
    pub(crate) const IFMTU: u16 = 4;

    /// Operational state as rtnetlink sends it: down for an interface that is
    /// not running.
    pub(crate) const STATE: u16 = 5;

    /// Length of the transmit queue in packets.
    pub(crate) const QLEN: u16 = 6;

    /// Counters.
    pub(crate) const STATS: u16 = 7;

    /// Broadcast address.
    pub(crate) const IFBRD: u16 = 8;

    /// Hardware address.
    pub(crate) const IFMAC: u16 = 9;

    /// Index of the interface that this one stands on, or of a veth's peer;
    /// with link-netnsid, in that namespace.
    pub(crate) const LINK: u16 = 10;

    /// Index of the bridge, bond or team that this one is a port of.
    pub(crate) const MASTER: u16 = 11;

    /// What made it: dummy, veth, bridge, vlan. Absent for the device of a
    /// driver.
    pub(crate) const KIND: u16 = 12;

    /// A text that an administrator gave it.
    pub(crate) const IFALIAS: u16 = 13;

    /// Hardware address that the device was made with.
    pub(crate) const PERM_MAC: u16 = 14;

    /// Least MTU in bytes. Absent where none is set.
    pub(crate) const MIN_MTU: u16 = 15;

    /// Greatest MTU in bytes. Absent where none is set.
    pub(crate) const MAX_MTU: u16 = 16;

    /// 1 if the device has a carrier, else 0.
    pub(crate) const CARRIER: u16 = 17;

    /// What dev_get_flags() makes of net_device.flags, which `ip` shows.
    pub(crate) const IFI_FLAGS: u16 = 18;

    /// Number, in the caller's network namespace, of the namespace that link
    /// is in, if it is another one.
    pub(crate) const LINK_NETNSID: u16 = 19;

    /// One more than the highest number.
    pub(crate) const LEN: usize = 20;
}

/// What an answer is to hold beyond the basic attributes.
pub(crate) mod ext_mask {
    /// The counters, stats.
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
    /// Lists the Ethernet interfaces, in the order of their indices. The do
    /// form answers by one message of at most 65,536 bytes (about 800
    /// interfaces); past that EMSGSIZE. The dump form takes any number, in as
    /// many messages as they need: a reader appends the interfaces of one to
    /// those before it. NLM_F_DUMP_INTR on any of them, DONE included, says
    /// that interfaces came or went meanwhile: ask again.
    fn l2_list_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;

    /// Lists the Ethernet interfaces, in the order of their indices. The do
    /// form answers by one message of at most 65,536 bytes (about 800
    /// interfaces); past that EMSGSIZE. The dump form takes any number, in as
    /// many messages as they need: a reader appends the interfaces of one to
    /// those before it. NLM_F_DUMP_INTR on any of them, DONE included, says
    /// that interfaces came or went meanwhile: ask again.
    fn l2_list_dumpit(dump: &mut GenlDump<'_>) -> Result;

    /// One Ethernet interface, by its index, with its counters. ENODEV when the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    /// EINVAL without netdev or without ifindex in it, for index 0, for a
    /// netdev without NLA_F_NESTED, and for an attribute of a wrong length;
    /// ERANGE for a netdev too short for one attribute.
    fn l2_iid_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;

    /// Always fails with EINVAL, whatever the request carries: nothing in it is
    /// checked. A client tests its error path with it.
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
