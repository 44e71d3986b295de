// SPDX-License-Identifier: GPL-2.0-or-later

//! A dump: an answer that is made a buffer at a time.

use super::{emsgsize, message::DumpPart, GenlInfo, GenlMsg};
use crate::bindings as c;
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{ffi::c_long, prelude::*};

/// One call of a dump's handler: a buffer to fill, and what the calls share.
///
/// # Invariants
///
/// `skb` is a valid buffer and `cb` the state of the dump that it is for, both for nobody
/// else to use for `'a`.
pub(crate) struct GenlDump<'a> {
    skb: NonNull<c::sk_buff>,
    cb: NonNull<c::netlink_callback>,
    info: &'a GenlInfo,
    _exclusive: PhantomData<&'a mut ()>,
}

impl<'a> GenlDump<'a> {
    /// Borrows the dump whose state is at `cb`.
    ///
    /// # Safety
    ///
    /// `skb` must be a valid buffer and `cb` the state of a generic netlink dump, both for
    /// nobody else to use for `'a`.
    pub(super) unsafe fn from_raw(skb: *mut c::sk_buff, cb: *mut c::netlink_callback) -> Self {
        // INVARIANT: By this function's contract.
        // SAFETY: Neither is null, by that contract. The core has put the request's
        // information into the state, where it stays until the dump ends.
        unsafe {
            Self {
                skb: NonNull::new_unchecked(skb),
                cb: NonNull::new_unchecked(cb),
                info: GenlInfo::from_raw(c::genl_info_dump(cb).cast_mut()),
                _exclusive: PhantomData,
            }
        }
    }

    /// The request.
    pub(crate) fn info(&self) -> &'a GenlInfo {
        self.info
    }

    /// What the last call of this dump has set; 0 in the first.
    pub(crate) fn cursor(&self) -> usize {
        // SAFETY: Ours by the type invariant. The core zeroes the union, and leaves it to
        // the handler: each of its members is an array of plain numbers.
        // CAST: Set by `set_cursor`.
        unsafe { (*self.cb.as_ptr()).__bindgen_anon_1.args[0] as usize }
    }

    /// Tells the next call of this dump where to go on.
    pub(crate) fn set_cursor(&mut self, cursor: usize) {
        // SAFETY: As in `cursor`.
        // CAST: Of the same size; `cursor` undoes it.
        unsafe { (*self.cb.as_ptr()).__bindgen_anon_1.args[0] = cursor as c_long };
    }

    /// Says which generation of what is dumped is being seen now. A message that ends
    /// with another one than the message before it has `NLM_F_DUMP_INTR`.
    pub(crate) fn set_seq(&mut self, seq: u32) {
        // SAFETY: Ours by the type invariant.
        unsafe { (*self.cb.as_ptr()).seq = seq };
    }

    /// Puts the header of a message with the command, sequence number and port id of the
    /// request.
    ///
    /// Fails with `EMSGSIZE`.
    pub(crate) fn genlmsg_iput(&mut self) -> Result<GenlMsg<DumpPart<'_>>> {
        let flags = c::NLM_F_MULTI as i32;
        // SAFETY: All are valid by the type invariants.
        let hdr = unsafe { c::__genlmsg_iput(self.skb.as_ptr(), self.info.as_raw(), flags) };
        let hdr = NonNull::new(hdr).ok_or_else(emsgsize)?;
        // SAFETY: `self` is borrowed until the message is gone; the header was just put.
        Ok(unsafe { GenlMsg::new(DumpPart::new(self.skb, self.cb), hdr) })
    }
}
