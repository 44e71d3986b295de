// SPDX-License-Identifier: GPL-2.0-or-later

//! Multicast groups, and messages that nobody asked for.

use super::{Family, GenlMsg, NetlinkSkBuff};
use crate::{bindings as c, netdev::Net};
use core::{ffi::CStr, mem::MaybeUninit};
use kernel::{ffi::c_int, prelude::*};

/// A multicast group of a family, open to every user: C's `struct genl_multicast_group`.
#[repr(transparent)]
pub(crate) struct MulticastGroup(c::genl_multicast_group);

// SAFETY: Never written after it was made, and without pointers.
unsafe impl Sync for MulticastGroup {}

impl MulticastGroup {
    /// The group of that name. For statics: a wrong name is a compile error.
    pub(crate) const fn const_new(name: &CStr) -> Self {
        // SAFETY: Integers alone: zero is a value of it.
        let mut group: c::genl_multicast_group = unsafe { MaybeUninit::zeroed().assume_init() };
        let name = name.to_bytes_with_nul();
        assert!(name.len() <= group.name.len());
        let mut i = 0;
        while i < name.len() {
            // CAST: C's `char` may be signed.
            group.name[i] = name[i] as _;
            i += 1;
        }
        Self(group)
    }
}

/// A family of which it is known that it stays registered for `'a`: what a multicast
/// needs, as a family that is gone has no groups.
#[derive(Clone, Copy)]
pub(crate) struct Registered<'a>(&'a Family);

impl<'a> Registered<'a> {
    /// Says that `family` is registered.
    ///
    /// # Safety
    ///
    /// It must be, for all of `'a`.
    pub(crate) unsafe fn new_unchecked(family: &'a Family) -> Self {
        Self(family)
    }

    pub(super) fn as_raw(self) -> *mut c::genl_family {
        self.0 .0.get()
    }

    /// Whether a socket has joined the group with the index `group`: if not, there is
    /// nobody in `net` to notify either.
    ///
    /// The core counts the sockets of all namespaces together, and offers nothing finer.
    pub(crate) fn has_listeners(self, net: &Net, group: u32) -> bool {
        // SAFETY: The family is registered, and `net` held.
        unsafe { c::genl_has_listeners(self.as_raw(), net.as_raw(), group) > 0 }
    }

    /// Ends the message and sends it to all sockets in `net` that have joined the group.
    ///
    /// There is nobody to tell of a failure: a listener that could not be reached reads
    /// `ENOBUFS`, by the core's own doing.
    pub(crate) fn multicast(self, msg: GenlMsg<NetlinkSkBuff>, net: &Net, group: u32) {
        let skb = msg.into_skb();
        // SAFETY: The family is registered, `net` held, and `skb` given away in any case.
        unsafe {
            c::genlmsg_multicast_netns(
                self.as_raw(),
                net.as_raw(),
                skb,
                0,
                group,
                c::nl_kernel_gfp_kernel,
            )
        };
    }

    /// Makes every listener of the group in `net` read `errno`: a message for them could
    /// not be made.
    pub(crate) fn set_err(self, net: &Net, group: u32, errno: Error) {
        let errno: c_int = errno.to_errno();
        // SAFETY: The family is registered, and `net` held.
        unsafe { c::genl_set_err(self.as_raw(), net.as_raw(), 0, group, errno) };
    }
}
