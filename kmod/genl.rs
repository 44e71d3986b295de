// SPDX-License-Identifier: GPL-2.0-or-later

//! A safe layer over generic netlink, for families that answer requests.
//!
//! A request comes as a [`GenlInfo`]; its attributes are borrowed from it, after the
//! core has checked them by the operation's [`Policy`]. An answer goes through types
//! that stand for its states: [`NetlinkSkBuff`] (empty) becomes a [`GenlMsg`] (header
//! put, takes [`Nest`]s), which only [`GenlMsg::reply`] or [`Registered::multicast`]
//! can send; a part of a dump, begun by [`GenlDump`], only [`GenlMsg::end`] keeps. What
//! is dropped on the way is taken back, so nothing half-built leaves the module. A
//! handler fails with an [`ExtAck`], an errno that always has its text.
//!
//! Names are those of mainline's `rust/kernel/net/netlink.rs` where that has the thing.
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)

mod dump;
mod group;
mod message;
mod operation;
mod policy;
mod request;

pub(crate) use dump::GenlDump;
pub(crate) use group::{MulticastGroup, Registered};
pub(crate) use message::{GenlMsg, Nest, NetlinkSkBuff};
pub(crate) use operation::{DoOp, DumpOp, SplitOp};
pub(crate) use policy::Policy;
pub(crate) use request::{ExtAck, GenlInfo};

use crate::bindings as c;
use core::{
    ffi::CStr,
    mem::{size_of, MaybeUninit},
};
use kernel::{error::to_result, ffi::c_int, prelude::*, types::Opaque};

/// Bytes of an attribute's header: length and type, two bytes each.
const NLA_HDRLEN: usize = size_of::<c::nlattr>();

/// Bytes of the two headers that a message of a family without one of its own has.
pub(crate) const GENLMSG_HDRLEN: usize = size_of::<c::nlmsghdr>() + size_of::<c::genlmsghdr>();

/// Bytes that an attribute with `payload` bytes takes in a message, with its padding.
pub(crate) const fn nla_total_size(payload: usize) -> usize {
    nla_align(NLA_HDRLEN + payload)
}

/// Rounds up to where the next attribute can begin.
const fn nla_align(len: usize) -> usize {
    len.next_multiple_of(4)
}

/// `EMSGSIZE`: it does not fit. (`kernel::error::code` has no errno of the network.)
pub(crate) fn emsgsize() -> Error {
    // CAST: An errno is a small number.
    Error::from_errno(-(c::EMSGSIZE as c_int))
}

/// `ENOBUFS`: a message was lost.
pub(crate) fn enobufs() -> Error {
    // CAST: An errno is a small number.
    Error::from_errno(-(c::ENOBUFS as c_int))
}

/// A generic netlink family: C's `struct genl_family`.
#[repr(transparent)]
pub(crate) struct Family(Opaque<c::genl_family>);

// SAFETY: After it was made, only the core writes to it, under its own locks.
unsafe impl Sync for Family {}

impl Family {
    /// A family that is there in every network namespace.
    ///
    /// For statics: a wrong argument is a compile error.
    pub(crate) const fn const_new(
        module: &'static ThisModule,
        name: &CStr,
        version: u8,
        ops: &'static [SplitOp],
        groups: &'static [MulticastGroup],
    ) -> Self {
        // Bindgen's setters are not const. C puts the first bit field of a byte at the end
        // that its byte order begins with.
        const NETNSOK: u8 = 1 << 0;
        const PARALLEL_OPS: u8 = 1 << 1;
        let flags = NETNSOK | PARALLEL_OPS;
        let flags = if cfg!(target_endian = "big") {
            flags.reverse_bits()
        } else {
            flags
        };

        // SAFETY: Integers, pointers, and functions that are `None` when null: zero is a
        // value of it.
        let mut family: c::genl_family = unsafe { MaybeUninit::zeroed().assume_init() };
        let name = name.to_bytes_with_nul();
        assert!(name.len() <= family.name.len());
        let mut i = 0;
        while i < name.len() {
            // CAST: C's `char` may be signed.
            family.name[i] = name[i] as _;
            i += 1;
        }
        assert!(ops.len() <= u8::MAX as usize && groups.len() <= u8::MAX as usize);
        family.version = version as u32;
        family._bitfield_1 = c::__BindgenBitfieldUnit::new([flags]);
        // CAST: Checked above.
        family.n_split_ops = ops.len() as u8;
        family.split_ops = ops.as_ptr().cast();
        // CAST: As above.
        family.n_mcgrps = groups.len() as u8;
        family.mcgrps = groups.as_ptr().cast();
        family.module = module.as_ptr().cast();
        Self(Opaque::new(family))
    }

    /// Registers the family; requests can come from then on.
    ///
    /// Fails with `EEXIST` when a family of that name is there, or `ENOMEM`.
    pub(crate) fn register(&'static self) -> Result<Registration> {
        // SAFETY: A family made by `const_new` is valid, and static.
        to_result(unsafe { c::genl_register_family(self.0.get()) })?;
        // INVARIANT: Just registered.
        Ok(Registration(self))
    }
}

/// A registered family; dropping it unregisters it, and waits for requests being handled.
///
/// # Invariants
///
/// The family is registered.
pub(crate) struct Registration(&'static Family);

impl Registration {
    /// The family that is registered.
    pub(crate) fn family(&self) -> &'static Family {
        self.0
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: Registered, by the type invariant. It can only fail for one that is not.
        unsafe { c::genl_unregister_family(self.0 .0.get()) };
    }
}
