// SPDX-License-Identifier: GPL-2.0-or-later

//! What a family declares: its operations, in the forms that they have.

use super::{policy::maxattr, ExtAck, GenlDump, GenlInfo, Policy};
use crate::bindings as c;
use core::mem::MaybeUninit;
use kernel::{error::from_result, ffi::c_int, prelude::*};

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

/// The dump form of an operation: an answer of any number of messages, made a buffer
/// at a time as the reader takes them.
pub(crate) trait DumpOp {
    /// Command number.
    const CMD: u8;

    /// Policy of the request, or `None`: anything is taken, unchecked.
    const POLICY: Option<&'static [Policy]>;

    /// Goes on with the dump from where [`GenlDump::cursor`] says.
    ///
    /// `Ok` ends it. `EMSGSIZE`, with a message in the buffer, says that there is more: it
    /// is called again with the next buffer. Any other error ends the dump, and is its
    /// end's status. May sleep. A module whose dump is unfinished cannot be removed.
    fn dumpit(dump: &mut GenlDump<'_>) -> Result;
}

/// An entry of a family's table of operations: C's `struct genl_split_ops`.
#[repr(transparent)]
pub(crate) struct SplitOp(c::genl_split_ops);

// SAFETY: Never written after it was made, and what it points at is static.
unsafe impl Sync for SplitOp {}

impl SplitOp {
    /// The entry of an operation's do form, open to every user, strictly validated.
    pub(crate) const fn doit<T: DoOp>() -> Self {
        let mut op = Self::new(T::CMD, c::GENL_CMD_CAP_DO, T::POLICY);
        op.0.__bindgen_anon_1.__bindgen_anon_1.doit = Some(doit_callback::<T>);
        op
    }

    /// The entry of an operation's dump form, open to every user, strictly validated.
    pub(crate) const fn dumpit<T: DumpOp>() -> Self {
        let mut op = Self::new(T::CMD, c::GENL_CMD_CAP_DUMP, T::POLICY);
        op.0.__bindgen_anon_1.__bindgen_anon_2.dumpit = Some(dumpit_callback::<T>);
        op
    }

    const fn new(cmd: u8, form: u32, policy: Option<&'static [Policy]>) -> Self {
        // SAFETY: Integers, pointers, and functions that are `None` when null: zero is a
        // value of it.
        let mut op: c::genl_split_ops = unsafe { MaybeUninit::zeroed().assume_init() };
        op.cmd = cmd;
        // CAST: One bit of eight.
        op.flags = form as u8;
        // Without a policy, the core does not look at a request's attributes.
        if let Some(policy) = policy {
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

/// Hands the next buffer of a dump to its operation.
///
/// # Safety
///
/// `skb` must be a buffer that nobody else writes to during the call, and `cb` the state
/// of a generic netlink dump, which nobody else uses during the call.
unsafe extern "C" fn dumpit_callback<T: DumpOp>(
    skb: *mut c::sk_buff,
    cb: *mut c::netlink_callback,
) -> c_int {
    // SAFETY: By this function's contract.
    let mut dump = unsafe { GenlDump::from_raw(skb, cb) };
    from_result(|| T::dumpit(&mut dump).map(|()| 0))
}
