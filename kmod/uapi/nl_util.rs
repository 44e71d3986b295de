// SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause)
// Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.

//! Ethernet interfaces of the caller's network namespace, with the facts that
//! `ip link show` prints, in about a tenth of the bytes.
//!
//! An Ethernet interface is a net_device whose type is ARPHRD_ETHER; loopback,
//! nlmon and tunnels are not among them. Integers are in host byte order.

// The protocol in full: a module need not use all of it.
#![allow(dead_code)]

use crate::genl::{DoOp, ExtAck, GenlInfo, Policy, SplitOp};
use core::{ffi::CStr, marker::PhantomData};

/// Name of the family.
pub(crate) const FAMILY_NAME: &CStr = c"nl_util";

/// Version of the family.
pub(crate) const FAMILY_VERSION: u8 = 1;

/// Numbers of the operations.
pub(crate) mod cmd {
    /// Lists the Ethernet interfaces. The answer is one message of at most
    /// 65,536 bytes (about 800 interfaces); past that EMSGSIZE.
    pub(crate) const L2_LIST: u8 = 1;

    /// One Ethernet interface, by its index, with its counters. ENODEV when the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    pub(crate) const L2_IID: u8 = 2;

    /// Always fails with EINVAL, whatever the request carries: nothing in it is
    /// checked. A client tests its error path with it.
    pub(crate) const REPLY_WITH_NLMSG_ERR: u8 = 3;
}

/// Top-level attributes of every message.
pub(crate) mod nl_util {
    /// One interface. Requests carry NLA_F_NESTED on it, answers do not: a
    /// reader takes both.
    pub(crate) const NETDEV: u16 = 1;

    /// One more than the highest number.
    pub(crate) const LEN: usize = 2;
}

/// One interface. Answers hold the attributes in the order ifindex, ifname,
/// flags, ifmtu, qlen, state, ifmac, ifbrd, stats; a reader takes any order
/// and skips what it does not know.
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

    /// One more than the highest number.
    pub(crate) const LEN: usize = 10;
}

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
    policy[netdev::IFBRD as usize] = Policy::exact_len(6);
    policy[netdev::IFMAC as usize] = Policy::exact_len(6);
    policy
};

/// What is checked of `l2-list` do requests.
static L2_LIST_DO_POLICY: [Policy; nl_util::LEN] = [Policy::REJECT; nl_util::LEN];

/// What is checked of `l2-iid` do requests.
static L2_IID_DO_POLICY: [Policy; nl_util::LEN] = {
    let mut policy = [Policy::REJECT; nl_util::LEN];
    policy[nl_util::NETDEV as usize] = Policy::nested(&NETDEV_POLICY);
    policy
};

/// The operations, to be implemented by the module.
pub(crate) trait Operations {
    /// Lists the Ethernet interfaces. The answer is one message of at most
    /// 65,536 bytes (about 800 interfaces); past that EMSGSIZE.
    fn l2_list_doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;

    /// One Ethernet interface, by its index, with its counters. ENODEV when the
    /// caller's network namespace has no such interface, or it is not Ethernet.
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
pub(crate) const N_SPLIT_OPS: usize = 3;

/// The table of operations that `T` implements.
pub(crate) const fn split_ops<T: Operations>() -> [SplitOp; N_SPLIT_OPS] {
    [
        // The core wants them in the order of their numbers.
        SplitOp::doit::<L2ListDo<T>>(),
        SplitOp::doit::<L2IidDo<T>>(),
        SplitOp::doit::<ReplyWithNlmsgErrDo<T>>(),
    ]
}
