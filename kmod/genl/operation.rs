// SPDX-License-Identifier: GPL-2.0

//! What a family declares: its operations, and the checks of their attributes.

use super::{ExtAck, GenlInfo};
use crate::bindings as c;
use core::mem::MaybeUninit;
use kernel::{error::from_result, ffi::c_int, prelude::*};

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

    /// An integer of exactly four bytes.
    pub(crate) const U32: Self = Self::new(c::NLA_U32, 0);

    /// Any bytes.
    pub(crate) const BINARY: Self = Self::new(c::NLA_BINARY, 0);

    /// Exactly `len` bytes.
    pub(crate) const fn exact_len(len: i16) -> Self {
        let mut policy = Self::new(c::NLA_BINARY, 0);
        // CAST: A small number.
        policy.0.validation_type = c::nla_policy_validation_NLA_VALIDATE_RANGE as u8;
        policy.0.__bindgen_anon_1.__bindgen_anon_1.min = len;
        policy.0.__bindgen_anon_1.__bindgen_anon_1.max = len;
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
const fn maxattr(policy: &[Policy]) -> u32 {
    assert!(!policy.is_empty() && policy.len() <= u16::MAX as usize);
    // CAST: Checked above.
    policy.len() as u32 - 1
}

/// The do form of an operation: a request that gets one answer, or none.
pub(crate) trait DoOp {
    /// Command number.
    const CMD: u8;

    /// Policy of the request, or `None`: anything is taken, unchecked.
    const POLICY: Option<&'static [Policy]>;

    /// Handles the request.
    ///
    /// May sleep. Requests may run at the same time: the family has `parallel_ops`.
    fn doit<'a>(info: &'a GenlInfo) -> Result<(), ExtAck<'a>>;
}

/// An entry of a family's table of operations: C's `struct genl_split_ops`.
#[repr(transparent)]
pub(crate) struct SplitOp(c::genl_split_ops);

// SAFETY: Never written after it was made, and what it points at is static.
unsafe impl Sync for SplitOp {}

impl SplitOp {
    /// The entry of an operation's do form, open to every user, strictly validated.
    pub(crate) const fn doit<T: DoOp>() -> Self {
        // SAFETY: Integers, pointers, and functions that are `None` when null: zero is a
        // value of it.
        let mut op: c::genl_split_ops = unsafe { MaybeUninit::zeroed().assume_init() };
        op.cmd = T::CMD;
        // CAST: One bit of eight.
        op.flags = c::GENL_CMD_CAP_DO as u8;
        op.__bindgen_anon_1.__bindgen_anon_1.doit = Some(doit_callback::<T>);
        // Without a policy, the core does not look at the attributes of a do request.
        if let Some(policy) = T::POLICY {
            op.policy = policy.as_ptr().cast();
            op.maxattr = maxattr(policy);
        }
        Self(op)
    }
}

/// Hands a request to its operation.
///
/// # Safety
///
/// `info` must be valid and not be written by others during the call, and the text of
/// an extended ACK set in it must be sent before this module can go.
unsafe extern "C" fn doit_callback<T: DoOp>(
    _request: *mut c::sk_buff,
    info: *mut c::genl_info,
) -> c_int {
    // SAFETY: By this function's contract.
    let info = unsafe { GenlInfo::from_raw(info) };
    from_result(|| match T::doit(info) {
        Ok(()) => Ok(0),
        Err(ack) => Err(info.refuse(&ack)),
    })
}
