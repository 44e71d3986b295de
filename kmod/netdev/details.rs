// SPDX-License-Identifier: GPL-2.0-or-later

//! What an interface reports when it is asked for details.

use super::{NetDev, RcuGuard, RtnlGuard, ETH_ALEN};
use crate::bindings as c;
use core::{ffi::CStr, ptr};

/// The interface that another one stands on, or its peer.
pub(crate) struct Link {
    /// Its index.
    pub(crate) ifindex: u32,
    /// Number, in the other one's network namespace, of the namespace that it is in, if
    /// that is another one: negative where none could be given.
    pub(crate) netnsid: Option<i32>,
}

impl<'g> NetDev<'g> {
    /// What it stands on, or its peer: as rtnetlink reports it, not where that is itself.
    ///
    /// The driver is asked for the other namespace, and expects RTNL.
    pub(crate) fn link(self, _: &RtnlGuard) -> Option<Link> {
        // SAFETY: The interface is valid by the type invariant, and RTNL is held, under
        // which the link's namespace is not freed. The number is allocated without
        // sleeping, which a critical section would not allow.
        let (iflink, netnsid) = unsafe {
            let dev = self.0.as_ptr();
            let peer = c::nl_kernel_netdev_link_net(dev);
            let netnsid = (!peer.is_null())
                .then(|| c::peernet2id_alloc(c::dev_net(dev), peer, c::nl_kernel_gfp_atomic));
            (c::dev_get_iflink(dev), netnsid)
        };
        // CAST: The kernel gives out positive indices only.
        let ifindex = iflink as u32;
        (netnsid.is_some() || ifindex != self.ifindex()).then_some(Link { ifindex, netnsid })
    }

    /// Index of the bridge, bond or team that it is a port of.
    pub(crate) fn master(self, _: &'g RcuGuard) -> Option<u32> {
        // SAFETY: The interface is valid by the type invariant; the guard is the critical
        // section asked for.
        let master = unsafe { c::netdev_master_upper_dev_get_rcu(self.0.as_ptr()) };
        NetDev::new(master).map(Self::ifindex)
    }

    /// What made it, as `ip link add type` has it; `None` for the device of a driver.
    pub(crate) fn kind(self) -> Option<&'g CStr> {
        // SAFETY: The interface is valid by the type invariant. The text, which is static,
        // goes with its module, and that outlives the module's interfaces.
        unsafe { c_str(c::nl_kernel_netdev_kind(self.0.as_ptr())) }
    }

    /// The text that an administrator gave it, if there is one.
    pub(crate) fn alias(self, _: &'g RcuGuard) -> Option<&'g CStr> {
        // SAFETY: The interface is valid by the type invariant. The text ends with a NUL, is
        // never written to, and freed after a grace period.
        let alias = unsafe { c_str(c::nl_kernel_netdev_alias(self.0.as_ptr())) };
        alias.filter(|alias| !alias.to_bytes().is_empty())
    }

    /// Hardware address that the device was made with; `None` where it is not known.
    pub(crate) fn permanent_address(self, _: &RtnlGuard) -> Option<[u8; ETH_ALEN]> {
        // SAFETY: The array, of MAX_ADDR_LEN bytes, more than ETH_ALEN, is inside the
        // interface, valid by the type invariant. It is written when the interface is
        // registered, after it can be found, but under RTNL, which is held here.
        let address = unsafe {
            ptr::addr_of!((*self.0.as_ptr()).perm_addr)
                .cast::<[u8; ETH_ALEN]>()
                .read()
        };
        (address != [0; ETH_ALEN]).then_some(address)
    }

    /// Least MTU in bytes; `None` where none is set.
    pub(crate) fn min_mtu(self) -> Option<u32> {
        Some(read_once!(self, min_mtu)).filter(|mtu| *mtu != 0)
    }

    /// Greatest MTU in bytes; `None` where none is set.
    pub(crate) fn max_mtu(self) -> Option<u32> {
        Some(read_once!(self, max_mtu)).filter(|mtu| *mtu != 0)
    }

    /// Whether the device has a carrier.
    pub(crate) fn carrier(self) -> bool {
        // SAFETY: The interface is valid by the type invariant; this tests one bit.
        unsafe { c::netif_carrier_ok(self.0.as_ptr()) }
    }

    /// Flags as rtnetlink sends them, by `netif_get_flags()`, once `dev_get_flags()`.
    pub(crate) fn ifi_flags(self) -> u32 {
        // SAFETY: The interface is valid by the type invariant.
        unsafe { c::netif_get_flags(self.0.as_ptr()) }
    }
}

/// Borrows a C string.
///
/// # Safety
///
/// `text` must be null, or a text that ends with a NUL and does not change for `'a`.
unsafe fn c_str<'a>(text: *const kernel::ffi::c_char) -> Option<&'a CStr> {
    // SAFETY: By this function's contract.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text.cast()) })
}
