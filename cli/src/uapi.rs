// SPDX-License-Identifier: GPL-2.0-or-later
// Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.
//! The `nl_util` family, for neli.
//!
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

use std::ops::RangeInclusive;

use neli::consts::genl::{Cmd, NlAttrType};
use neli::neli_enum;

/// Name that the generic netlink controller knows the family by.
pub const FAMILY_NAME: &str = "nl_util";

/// Version of the family, in the generic netlink header of each message.
pub const FAMILY_VERSION: u8 = 1;

/// Commands of the family.
#[neli_enum(serialized_type = "u8")]
pub enum Command {
    /// Lists the Ethernet interfaces in order of index. The do form answers
    /// with one message of at most 65,536 bytes (about 800 interfaces);
    /// EMSGSIZE if the list is longer. The dump form lists any number, in as
    /// many messages as needed: append the interfaces of each message to those
    /// before it. NLM_F_DUMP_INTR on any of them, including DONE, means that
    /// interfaces appeared or disappeared during the dump: dump again.
    L2List = 1,
    /// One Ethernet interface, by index, with its counters. ENODEV if the
    /// caller's network namespace has no such interface, or it is not Ethernet.
    /// EINVAL if netdev is missing or has no ifindex, for index 0, for a netdev
    /// without NLA_F_NESTED, and for an attribute of the wrong length; ERANGE
    /// for a netdev too short for one attribute.
    L2Iid = 2,
    /// Always fails with EINVAL, whatever the request contains: nothing in it
    /// is checked. For testing a client's error path.
    ReplyWithNlmsgErr = 3,
    /// An Ethernet interface was created, or moved into this network namespace.
    L2NewNtf = 4,
    /// An Ethernet interface changed: its name, addresses, MTU, queue length,
    /// flags or state. The message holds the new values.
    L2ChangeNtf = 5,
    /// An Ethernet interface was deleted, or moved out of this network
    /// namespace. The message holds its last values.
    L2DelNtf = 6,
}

impl Cmd for Command {}

impl Command {
    /// The command's name, or `None` if the family has no such command.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::L2List => Some("l2-list"),
            Self::L2Iid => Some("l2-iid"),
            Self::ReplyWithNlmsgErr => Some("reply-with-nlmsg-err"),
            Self::L2NewNtf => Some("l2-new-ntf"),
            Self::L2ChangeNtf => Some("l2-change-ntf"),
            Self::L2DelNtf => Some("l2-del-ntf"),
            Self::UnrecognizedConst(_) => None,
        }
    }
}

/// Top-level attributes of every message.
#[neli_enum(serialized_type = "u16")]
pub enum NlUtilAttr {
    /// One interface. Requests set NLA_F_NESTED on it, answers do not:
    /// readers must accept both.
    Netdev = 1,
    /// What the answer should contain beyond the basic attributes. EINVAL for
    /// unknown bits.
    ExtMask = 2,
}

impl NlAttrType for NlUtilAttr {}

impl NlUtilAttr {
    /// The attribute's name, or `None` if the set has no such attribute.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Netdev => Some("netdev"),
            Self::ExtMask => Some("ext-mask"),
            Self::UnrecognizedConst(_) => None,
        }
    }

    /// The payload lengths that the attribute may have, in bytes.
    pub fn payload_len(self) -> RangeInclusive<usize> {
        match self {
            Self::Netdev => 0..=usize::MAX,
            Self::ExtMask => 4..=4,
            Self::UnrecognizedConst(_) => 0..=usize::MAX,
        }
    }
}

/// One interface. Answers hold the attributes in the order ifindex, ifname,
/// flags, ifmtu, qlen, state, ifmac, ifbrd, stats, link, link-netnsid,
/// master, kind, ifalias, perm-mac, min-mtu, max-mtu, carrier, ifi-flags;
/// readers must accept any order and skip unknown attributes. The first
/// eight, the basic attributes, are always present; stats and the rest only
/// if requested and if the interface has them.
#[neli_enum(serialized_type = "u16")]
pub enum NetdevAttr {
    /// Interface index, 1 or greater.
    Ifindex = 1,
    /// Interface name, NUL-terminated, at most 16 bytes including the NUL.
    Ifname = 2,
    /// net_device.flags unchanged, not the result of dev_get_flags(), which
    /// `ip` shows.
    Flags = 3,
    /// MTU in bytes.
    Ifmtu = 4,
    /// Operational state as sent by rtnetlink: down if the interface is not
    /// running.
    State = 5,
    /// Transmit queue length in packets.
    Qlen = 6,
    /// Counters.
    Stats = 7,
    /// Broadcast address.
    Ifbrd = 8,
    /// Hardware address.
    Ifmac = 9,
    /// Index of the underlying interface, or of a veth's peer; with
    /// link-netnsid, in that namespace.
    Link = 10,
    /// Index of the bridge, bond or team that this one is a port of.
    Master = 11,
    /// Kind of virtual interface: dummy, veth, bridge, vlan. Absent if a
    /// driver created the device.
    Kind = 12,
    /// Alias set by the administrator.
    Ifalias = 13,
    /// Permanent hardware address of the device.
    PermMac = 14,
    /// Minimum MTU in bytes. Absent if not set.
    MinMtu = 15,
    /// Maximum MTU in bytes. Absent if not set.
    MaxMtu = 16,
    /// 1 if the device has carrier, else 0.
    Carrier = 17,
    /// Flags as computed by dev_get_flags(), which `ip` shows.
    IfiFlags = 18,
    /// Id, in the caller's network namespace, of the namespace that link is
    /// in, if it is a different one.
    LinkNetnsid = 19,
}

impl NlAttrType for NetdevAttr {}

impl NetdevAttr {
    /// The attribute's name, or `None` if the set has no such attribute.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Ifindex => Some("ifindex"),
            Self::Ifname => Some("ifname"),
            Self::Flags => Some("flags"),
            Self::Ifmtu => Some("ifmtu"),
            Self::State => Some("state"),
            Self::Qlen => Some("qlen"),
            Self::Stats => Some("stats"),
            Self::Ifbrd => Some("ifbrd"),
            Self::Ifmac => Some("ifmac"),
            Self::Link => Some("link"),
            Self::Master => Some("master"),
            Self::Kind => Some("kind"),
            Self::Ifalias => Some("ifalias"),
            Self::PermMac => Some("perm-mac"),
            Self::MinMtu => Some("min-mtu"),
            Self::MaxMtu => Some("max-mtu"),
            Self::Carrier => Some("carrier"),
            Self::IfiFlags => Some("ifi-flags"),
            Self::LinkNetnsid => Some("link-netnsid"),
            Self::UnrecognizedConst(_) => None,
        }
    }

    /// The payload lengths that the attribute may have, in bytes.
    pub fn payload_len(self) -> RangeInclusive<usize> {
        match self {
            Self::Ifindex => 4..=4,
            Self::Ifname => 1..=16,
            Self::Flags => 4..=4,
            Self::Ifmtu => 4..=4,
            Self::State => 4..=4,
            Self::Qlen => 4..=4,
            Self::Stats => 0..=usize::MAX,
            Self::Ifbrd => 6..=6,
            Self::Ifmac => 6..=6,
            Self::Link => 4..=4,
            Self::Master => 4..=4,
            Self::Kind => 1..=32,
            Self::Ifalias => 1..=256,
            Self::PermMac => 6..=6,
            Self::MinMtu => 4..=4,
            Self::MaxMtu => 4..=4,
            Self::Carrier => 1..=1,
            Self::IfiFlags => 4..=4,
            Self::LinkNetnsid => 4..=4,
            Self::UnrecognizedConst(_) => 0..=usize::MAX,
        }
    }
}

/// Bits of net_device.flags.
pub mod device_flags {
    /// Interface is administratively up.
    pub const UP: u32 = 1 << 0;
    /// Broadcast address is valid.
    pub const BROADCAST: u32 = 1 << 1;
    /// Debugging is on.
    pub const DEBUG: u32 = 1 << 2;
    /// Interface is a loopback.
    pub const LOOPBACK: u32 = 1 << 3;
    /// Interface is a point-to-point link.
    pub const POINTOPOINT: u32 = 1 << 4;
    /// Avoid use of trailers.
    pub const NOTRAILERS: u32 = 1 << 5;
    /// Resources are allocated and the operational state is up.
    pub const RUNNING: u32 = 1 << 6;
    /// No ARP protocol.
    pub const NOARP: u32 = 1 << 7;
    /// Receives all packets.
    pub const PROMISC: u32 = 1 << 8;
    /// Receives all multicast packets.
    pub const ALLMULTI: u32 = 1 << 9;
    /// Master of a load balancer.
    pub const MASTER: u32 = 1 << 10;
    /// Slave of a load balancer.
    pub const SLAVE: u32 = 1 << 11;
    /// Supports multicast.
    pub const MULTICAST: u32 = 1 << 12;
    /// Can select a media type.
    pub const PORTSEL: u32 = 1 << 13;
    /// Media type selection is automatic.
    pub const AUTOMEDIA: u32 = 1 << 14;
    /// Addresses are lost when the interface goes down.
    pub const DYNAMIC: u32 = 1 << 15;
    /// The driver signals layer 1 up.
    pub const LOWER_UP: u32 = 1 << 16;
    /// The driver signals dormant.
    pub const DORMANT: u32 = 1 << 17;
    /// Echoes sent packets.
    pub const ECHO: u32 = 1 << 18;

    /// The name of a single bit, or `None` if it has none.
    pub const fn name(bit: u32) -> Option<&'static str> {
        match bit {
            UP => Some("up"),
            BROADCAST => Some("broadcast"),
            DEBUG => Some("debug"),
            LOOPBACK => Some("loopback"),
            POINTOPOINT => Some("pointopoint"),
            NOTRAILERS => Some("notrailers"),
            RUNNING => Some("running"),
            NOARP => Some("noarp"),
            PROMISC => Some("promisc"),
            ALLMULTI => Some("allmulti"),
            MASTER => Some("master"),
            SLAVE => Some("slave"),
            MULTICAST => Some("multicast"),
            PORTSEL => Some("portsel"),
            AUTOMEDIA => Some("automedia"),
            DYNAMIC => Some("dynamic"),
            LOWER_UP => Some("lower-up"),
            DORMANT => Some("dormant"),
            ECHO => Some("echo"),
            _ => None,
        }
    }
}

/// What an answer should contain beyond the basic attributes.
pub mod ext_mask {
    /// The counters (stats).
    pub const STATS: u32 = 1 << 0;
    /// link, link-netnsid, master, kind, ifalias, perm-mac, min-mtu, max-mtu,
    /// carrier and ifi-flags.
    pub const DETAILS: u32 = 1 << 1;

    /// The name of a single bit, or `None` if it has none.
    pub const fn name(bit: u32) -> Option<&'static str> {
        match bit {
            STATS => Some("stats"),
            DETAILS => Some("details"),
            _ => None,
        }
    }
}

/// Operational state of RFC 2863.
pub mod oper_state {
    /// `unknown`
    pub const UNKNOWN: u32 = 0;
    /// `notpresent`
    pub const NOTPRESENT: u32 = 1;
    /// `down`
    pub const DOWN: u32 = 2;
    /// `lowerlayerdown`
    pub const LOWERLAYERDOWN: u32 = 3;
    /// `testing`
    pub const TESTING: u32 = 4;
    /// `dormant`
    pub const DORMANT: u32 = 5;
    /// `up`
    pub const UP: u32 = 6;

    /// The name of a value, or `None` if it has none.
    pub const fn name(value: u32) -> Option<&'static str> {
        match value {
            UNKNOWN => Some("unknown"),
            NOTPRESENT => Some("notpresent"),
            DOWN => Some("down"),
            LOWERLAYERDOWN => Some("lowerlayerdown"),
            TESTING => Some("testing"),
            DORMANT => Some("dormant"),
            UP => Some("up"),
            _ => None,
        }
    }
}

/// Counters since the interface was created. Later kernels append members:
/// readers must accept a shorter or longer struct and use the members they
/// know.
///
/// Each constant is the byte offset of a member.
pub mod rtnl_link_stats64 {
    /// Good packets received. u64.
    pub const RX_PACKETS: usize = 0;
    /// Packets sent. u64.
    pub const TX_PACKETS: usize = 8;
    /// Bytes of the packets received. u64.
    pub const RX_BYTES: usize = 16;
    /// Bytes of the packets sent. u64.
    pub const TX_BYTES: usize = 24;
    /// Bad packets received. u64.
    pub const RX_ERRORS: usize = 32;
    /// Failed transmissions. u64.
    pub const TX_ERRORS: usize = 40;
    /// Packets received but not processed. u64.
    pub const RX_DROPPED: usize = 48;
    /// Packets dropped on their way to transmission. u64.
    pub const TX_DROPPED: usize = 56;
    /// Multicast packets received. u64.
    pub const MULTICAST: usize = 64;
    /// Collisions during transmission. u64.
    pub const COLLISIONS: usize = 72;
    /// Packets dropped for an invalid length. u64.
    pub const RX_LENGTH_ERRORS: usize = 80;
    /// Receiver FIFO overflows. u64.
    pub const RX_OVER_ERRORS: usize = 88;
    /// Packets received with a CRC error. u64.
    pub const RX_CRC_ERRORS: usize = 96;
    /// Receiver frame alignment errors. u64.
    pub const RX_FRAME_ERRORS: usize = 104;
    /// Receiver FIFO errors. u64.
    pub const RX_FIFO_ERRORS: usize = 112;
    /// Packets missed by the host. u64.
    pub const RX_MISSED_ERRORS: usize = 120;
    /// Transmissions aborted. u64.
    pub const TX_ABORTED_ERRORS: usize = 128;
    /// Frames not sent because of a lost carrier. u64.
    pub const TX_CARRIER_ERRORS: usize = 136;
    /// Frames not sent because of a FIFO underrun. u64.
    pub const TX_FIFO_ERRORS: usize = 144;
    /// Heartbeat or signal quality errors. u64.
    pub const TX_HEARTBEAT_ERRORS: usize = 152;
    /// Frames not sent because of a late collision. u64.
    pub const TX_WINDOW_ERRORS: usize = 160;
    /// Compressed packets received. u64.
    pub const RX_COMPRESSED: usize = 168;
    /// Compressed packets sent. u64.
    pub const TX_COMPRESSED: usize = 176;
    /// Packets received on an inactive interface. u64.
    pub const RX_NOHANDLER: usize = 184;
    /// Packets dropped because they were for another host. u64.
    pub const RX_OTHERHOST_DROPPED: usize = 192;

    /// Bytes of all members known here.
    pub const SIZE: usize = 200;
}

/// Names that the generic netlink controller knows the multicast groups by.
pub mod groups {
    /// `l2`
    pub const L2: &str = "l2";
}
