// SPDX-License-Identifier: GPL-2.0-or-later

//! What the core checks of a request before its handler runs.

use super::NLA_HDRLEN;
use crate::bindings as c;
use core::mem::MaybeUninit;
use kernel::{ffi::c_int, prelude::*};

/// What the core checks of one attribute before a handler runs: C's `struct nla_policy`.
///
/// An operation's policy is an array with an entry for each number from 0 to the highest;
/// the core refuses numbers beyond. Entry 0 stands for no attribute.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Policy(c::nla_policy);

// SAFETY: Never written after it was made; what it points at is a static of the same kind.
unsafe impl Sync for Policy {}

impl Policy {
    /// The attribute is refused.
    pub(crate) const REJECT: Self = Self::new(c::NLA_REJECT, 0);

    /// An integer of exactly one byte.
    pub(crate) const U8: Self = Self::new(c::NLA_U8, 0);

    /// An integer of exactly four bytes.
    pub(crate) const U32: Self = Self::new(c::NLA_U32, 0);

    /// A signed integer of exactly four bytes.
    pub(crate) const S32: Self = Self::new(c::NLA_S32, 0);

    /// Any bytes.
    pub(crate) const BINARY: Self = Self::new(c::NLA_BINARY, 0);

    /// An integer of exactly one byte, at most `max`.
    pub(crate) const fn u8_max(max: u8) -> Self {
        let mut policy = Self::U8;
        policy.0.validation_type = c::nla_policy_validation_NLA_VALIDATE_MAX as u8;
        // CAST: Eight bits of sixteen.
        policy.0.__bindgen_anon_1.__bindgen_anon_1.max = max as i16;
        policy
    }

    /// An integer of exactly four bytes, of the bits in `mask`.
    pub(crate) const fn u32_mask(mask: u32) -> Self {
        let mut policy = Self::U32;
        policy.0.validation_type = c::nla_policy_validation_NLA_VALIDATE_MASK as u8;
        policy.0.__bindgen_anon_1.mask = mask;
        policy
    }

    /// Exactly `LEN` bytes.
    ///
    /// By a function of our own: the core's own check of a length says `ERANGE` for bytes
    /// where it says `EINVAL` for integers.
    pub(crate) const fn exact_len<const LEN: usize>() -> Self {
        let mut policy = Self::BINARY;
        policy.0.validation_type = c::nla_policy_validation_NLA_VALIDATE_FUNCTION as u8;
        policy.0.__bindgen_anon_1.validate = Some(exact_len_callback::<LEN>);
        policy
    }

    /// A string of at most `max_len` bytes and a NUL.
    pub(crate) const fn nul_string(max_len: u16) -> Self {
        Self::new(c::NLA_NUL_STRING, max_len)
    }

    /// A nest, marked by `NLA_F_NESTED`, whose attributes are checked by `policy`.
    pub(crate) const fn nested(policy: &'static [Policy]) -> Self {
        // CAST: `maxattr` is below 65536.
        let mut nest = Self::new(c::NLA_NESTED, maxattr(policy) as u16);
        nest.0.__bindgen_anon_1.nested_policy = policy.as_ptr().cast();
        nest
    }

    /// The entry of an attribute of the `NLA_*` type `ty`.
    const fn new(ty: u32, len: u16) -> Self {
        // SAFETY: Integers, and a union of integers and pointers: zero is a value of it.
        let mut policy: c::nla_policy = unsafe { MaybeUninit::zeroed().assume_init() };
        // CAST: `NLA_TYPE_MAX` is a small number.
        policy.type_ = ty as u8;
        policy.len = len;
        Self(policy)
    }
}

/// Highest attribute number of `policy`.
pub(super) const fn maxattr(policy: &[Policy]) -> u32 {
    assert!(!policy.is_empty() && policy.len() <= u16::MAX as usize);
    // CAST: Checked above.
    policy.len() as u32 - 1
}

/// Refuses an attribute whose payload has not `LEN` bytes.
///
/// # Safety
///
/// `attr` must be a whole attribute, and `extack` null or for this call alone to write.
unsafe extern "C" fn exact_len_callback<const LEN: usize>(
    attr: *const c::nlattr,
    extack: *mut c::netlink_ext_ack,
) -> c_int {
    // SAFETY: By this function's contract.
    let len = unsafe { usize::from((*attr).nla_len) };
    if len == NLA_HDRLEN + LEN {
        return 0;
    }
    if !extack.is_null() {
        // SAFETY: By this function's contract. The text is static, and the attribute is in
        // the request: both are read before the core lets go of it.
        unsafe {
            (*extack)._msg = c"Attribute has a wrong length".as_ptr().cast();
            (*extack).bad_attr = attr;
        }
    }
    EINVAL.to_errno()
}
