// SPDX-License-Identifier: GPL-2.0-or-later

//! What is said of an interface: which attributes, in what order, in how many bytes.

use crate::genl::{nla_total_size, GenlInfo, Nest};
use crate::netdev::{LinkStats, NetDev, RcuGuard, RtnlGuard, ETH_ALEN, IFALIASZ, IFNAMSIZ};
use crate::uapi::{ext_mask, netdev as dev_attr, nl_util as attr};
use kernel::prelude::*;

/// What is reported of an interface beyond the basic attributes.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) stats: bool,
    pub(crate) details: bool,
}

impl Extent {
    /// The basic attributes alone.
    pub(crate) const BASIC: Self = Self {
        stats: false,
        details: false,
    };

    /// What `info` asks for.
    pub(crate) fn asked(info: &GenlInfo) -> Self {
        // The policy lets an integer of four bytes pass, and no other bits.
        let mask = info.attr(attr::EXT_MASK).and_then(|it| it.u32());
        let has = |bit| mask.unwrap_or(0) & bit != 0;
        Self {
            stats: has(ext_mask::STATS),
            details: has(ext_mask::DETAILS),
        }
    }

    /// Most bytes that an interface takes in a message.
    pub(crate) const fn size(self) -> usize {
        const U32: usize = nla_total_size(size_of::<u32>());
        const MAC: usize = nla_total_size(ETH_ALEN);
        // The longest kind that the definition knows.
        const KIND: usize = nla_total_size(32);

        let mut size = 5 * U32 + nla_total_size(IFNAMSIZ) + 2 * MAC;
        if self.stats {
            size += nla_total_size(LinkStats::SIZE);
        }
        if self.details {
            size += 6 * U32 + KIND + nla_total_size(IFALIASZ) + MAC + nla_total_size(1);
        }
        nla_total_size(size)
    }

    /// The lock that [`fill`] wants. Before an [`RcuGuard`], for it may sleep.
    pub(crate) fn lock(self) -> Facts {
        Facts {
            stats: self.stats,
            details: self.details.then(RtnlGuard::new),
        }
    }
}

/// An [`Extent`] with what reading it needs.
pub(crate) struct Facts {
    stats: bool,
    /// Held if details are wanted.
    details: Option<RtnlGuard>,
}

/// Puts into `nest` what is reported of `dev`, and closes it. Peers rely on the order.
pub(crate) fn fill(mut nest: Nest<'_>, dev: NetDev<'_>, rcu: &RcuGuard, facts: &Facts) -> Result {
    nest.put_u32(dev_attr::IFINDEX, dev.ifindex())?;
    nest.put_string(dev_attr::IFNAME, dev.name().as_c_str())?;
    nest.put_u32(dev_attr::FLAGS, dev.flags())?;
    nest.put_u32(dev_attr::IFMTU, dev.mtu())?;
    nest.put_u32(dev_attr::QLEN, dev.tx_queue_len())?;
    nest.put_u32(dev_attr::STATE, dev.operstate())?;
    nest.put(dev_attr::IFMAC, &dev.address())?;
    nest.put(dev_attr::IFBRD, &dev.broadcast())?;
    if facts.stats {
        nest.put(dev_attr::STATS, dev.stats().as_bytes())?;
    }
    if let Some(rtnl) = &facts.details {
        fill_details(&mut nest, dev, rcu, rtnl)?;
    }
    nest.end()
}

/// Puts what only [`ext_mask::DETAILS`] asks for; what the device has not is left out.
fn fill_details(nest: &mut Nest<'_>, dev: NetDev<'_>, rcu: &RcuGuard, rtnl: &RtnlGuard) -> Result {
    if let Some(link) = dev.link(rtnl) {
        nest.put_u32(dev_attr::LINK, link.ifindex)?;
        if let Some(netnsid) = link.netnsid {
            nest.put_s32(dev_attr::LINK_NETNSID, netnsid)?;
        }
    }
    if let Some(master) = dev.master(rcu) {
        nest.put_u32(dev_attr::MASTER, master)?;
    }
    if let Some(kind) = dev.kind() {
        nest.put_string(dev_attr::KIND, kind)?;
    }
    if let Some(alias) = dev.alias(rcu) {
        nest.put_string(dev_attr::IFALIAS, alias)?;
    }
    if let Some(address) = dev.permanent_address(rtnl) {
        nest.put(dev_attr::PERM_MAC, &address)?;
    }
    if let Some(mtu) = dev.min_mtu() {
        nest.put_u32(dev_attr::MIN_MTU, mtu)?;
    }
    if let Some(mtu) = dev.max_mtu() {
        nest.put_u32(dev_attr::MAX_MTU, mtu)?;
    }
    nest.put_u8(dev_attr::CARRIER, dev.carrier().into())?;
    nest.put_u32(dev_attr::IFI_FLAGS, dev.ifi_flags())
}
