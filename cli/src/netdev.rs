// SPDX-License-Identifier: GPL-2.0-or-later
//! One interface, as an answer's NETDEV nest tells it.

use crate::uapi::{NetdevAttr, rtnl_link_stats64};
use crate::wire::{AttributeSet, Attributes, Malformed, u64_at};

/// One interface. What an answer may lack is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netdev {
    /// Interface index.
    pub ifindex: u32,
    /// Interface name without the NUL. Any bytes: escape it for a terminal.
    pub ifname: Vec<u8>,
    /// net_device.flags, of [`crate::uapi::device_flags`].
    pub flags: Option<u32>,
    /// MTU in bytes.
    pub mtu: Option<u32>,
    /// Operational state, of [`crate::uapi::oper_state`].
    pub state: Option<u32>,
    /// Length of the transmit queue in packets.
    pub qlen: Option<u32>,
    /// Hardware address.
    pub address: Option<[u8; 6]>,
    /// Broadcast address.
    pub broadcast: Option<[u8; 6]>,
    /// Counters, which an answer to L2_IID has.
    pub stats: Option<Stats>,
}

/// The counters that are shown. A kernel's struct rtnl_link_stats64 may end
/// before some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of the struct")]
pub struct Stats {
    pub rx_packets: Option<u64>,
    pub rx_errors: Option<u64>,
    pub rx_bytes: Option<u64>,
    pub tx_packets: Option<u64>,
    pub tx_errors: Option<u64>,
    pub tx_bytes: Option<u64>,
}

impl Stats {
    fn parse(bytes: &[u8]) -> Self {
        let member = |offset| u64_at(bytes, offset);
        Self {
            rx_packets: member(rtnl_link_stats64::RX_PACKETS),
            rx_errors: member(rtnl_link_stats64::RX_ERRORS),
            rx_bytes: member(rtnl_link_stats64::RX_BYTES),
            tx_packets: member(rtnl_link_stats64::TX_PACKETS),
            tx_errors: member(rtnl_link_stats64::TX_ERRORS),
            tx_bytes: member(rtnl_link_stats64::TX_BYTES),
        }
    }
}

impl Netdev {
    /// Reads the attributes of one nest, which start `offset` bytes into the
    /// message: in any order, the last of a kind counting, unknown ones skipped.
    ///
    /// # Errors
    ///
    /// An attribute that overruns the nest, or has a length that its type
    /// cannot have; a name that is empty or not terminated; no index or no name.
    pub fn parse(nest: &[u8], offset: usize) -> Result<Self, Malformed> {
        let (mut ifindex, mut ifname) = (None, None);
        let (mut flags, mut mtu, mut state, mut qlen) = (None, None, None, None);
        let (mut address, mut broadcast, mut stats) = (None, None, None);
        for attribute in Attributes::<NetdevAttr>::new(nest, offset) {
            let attribute = attribute?;
            match attribute.kind {
                NetdevAttr::Ifindex => ifindex = Some(attribute.u32()?),
                NetdevAttr::Ifname => {
                    let Some(end) = attribute.payload.iter().position(|&byte| byte == 0) else {
                        return Err(attribute.malformed("name is not NUL-terminated"));
                    };
                    match attribute.payload.get(..end) {
                        Some(name) if !name.is_empty() => ifname = Some(name.to_vec()),
                        _ => return Err(attribute.malformed("name is empty")),
                    }
                }
                NetdevAttr::Flags => flags = Some(attribute.u32()?),
                NetdevAttr::Ifmtu => mtu = Some(attribute.u32()?),
                NetdevAttr::State => state = Some(attribute.u32()?),
                NetdevAttr::Qlen => qlen = Some(attribute.u32()?),
                NetdevAttr::Stats => {
                    if !attribute.payload.len().is_multiple_of(size_of::<u64>()) {
                        return Err(attribute.malformed("length is not a multiple of 8"));
                    }
                    stats = Some(Stats::parse(attribute.payload));
                }
                NetdevAttr::Ifbrd => broadcast = Some(attribute.array()?),
                NetdevAttr::Ifmac => address = Some(attribute.array()?),
                // Details, which nobody here asks for, and what later kernels add.
                _ => {}
            }
        }
        let missing = |kind: NetdevAttr| Malformed::Missing {
            label: kind.label(),
            offset,
        };
        Ok(Self {
            ifindex: ifindex.ok_or_else(|| missing(NetdevAttr::Ifindex))?,
            ifname: ifname.ok_or_else(|| missing(NetdevAttr::Ifname))?,
            flags,
            mtu,
            state,
            qlen,
            address,
            broadcast,
            stats,
        })
    }
}
