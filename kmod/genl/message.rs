// SPDX-License-Identifier: GPL-2.0-or-later

//! A message that the module sends, in the states that it goes through.

use super::{emsgsize, GenlInfo, Registered, NLA_HDRLEN};
use crate::bindings as c;
use core::{
    ffi::{c_void, CStr},
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull,
};
use kernel::{error::to_result, ffi::c_int, prelude::*};

/// A buffer for a generic netlink message.
///
/// # Invariants
///
/// The pointer owns a valid `sk_buff`.
pub(crate) struct NetlinkSkBuff(NonNull<c::sk_buff>);

impl NetlinkSkBuff {
    /// Allocates a buffer with room for the headers and at least `payload` bytes of
    /// attributes. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(payload: usize) -> Result<Self> {
        // SAFETY: The arguments are integers.
        let skb = unsafe { c::genlmsg_new(payload, c::nl_kernel_gfp_kernel) };
        // INVARIANT: A new buffer is its caller's.
        NonNull::new(skb).map(Self).ok_or(ENOMEM)
    }

    /// Puts the header of the answer to `info`: its command, sequence number and port id.
    ///
    /// Fails with `EMSGSIZE`.
    pub(crate) fn genlmsg_iput(self, info: &GenlInfo) -> Result<GenlMsg> {
        // SAFETY: Both are valid by the type invariants.
        let hdr = unsafe { c::genlmsg_iput(self.0.as_ptr(), info.as_raw()) };
        let hdr = NonNull::new(hdr).ok_or_else(emsgsize)?;
        // SAFETY: The header was just put.
        Ok(unsafe { GenlMsg::new(self, hdr) })
    }

    /// Puts the header of a notification of `family`: no sequence number, no port id.
    ///
    /// Fails with `EMSGSIZE`.
    pub(crate) fn genlmsg_put(self, family: Registered<'_>, cmd: u8) -> Result<GenlMsg> {
        // SAFETY: Both are valid by the type invariants; a registered family has its number.
        let hdr = unsafe { c::genlmsg_put(self.0.as_ptr(), 0, 0, family.as_raw(), 0, cmd) };
        let hdr = NonNull::new(hdr).ok_or_else(emsgsize)?;
        // SAFETY: The header was just put.
        Ok(unsafe { GenlMsg::new(self, hdr) })
    }
}

impl Drop for NetlinkSkBuff {
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariant.
        unsafe { c::nlmsg_free(self.0.as_ptr()) }
    }
}

/// What a message can be built in.
///
/// # Safety
///
/// The pointer must be to a valid `sk_buff` that nobody else writes to.
pub(crate) unsafe trait Buffer {
    /// The buffer.
    fn as_ptr(&self) -> NonNull<c::sk_buff>;
}

// SAFETY: Owned, by the type invariant.
unsafe impl Buffer for NetlinkSkBuff {
    fn as_ptr(&self) -> NonNull<c::sk_buff> {
        self.0
    }
}

/// The buffer of one call of a dump, which the core owns and sends.
///
/// # Invariants
///
/// `skb` is a valid buffer and `cb` the state of the dump that it is for, both for nobody
/// else to use for `'a`.
pub(crate) struct DumpPart<'a> {
    skb: NonNull<c::sk_buff>,
    cb: NonNull<c::netlink_callback>,
    _dump: PhantomData<&'a mut ()>,
}

impl DumpPart<'_> {
    /// # Safety
    ///
    /// As the type's invariants, for a lifetime that the caller gives.
    pub(super) unsafe fn new(skb: NonNull<c::sk_buff>, cb: NonNull<c::netlink_callback>) -> Self {
        // INVARIANT: By this function's contract.
        Self {
            skb,
            cb,
            _dump: PhantomData,
        }
    }
}

// SAFETY: Nobody else uses it, by the type invariant.
unsafe impl Buffer for DumpPart<'_> {
    fn as_ptr(&self) -> NonNull<c::sk_buff> {
        self.skb
    }
}

/// A generic netlink message under construction; dropped, it is taken back.
///
/// # Invariants
///
/// `hdr` is behind the header of the last message in `skb`.
pub(crate) struct GenlMsg<B: Buffer = NetlinkSkBuff> {
    skb: B,
    hdr: NonNull<c_void>,
}

impl<B: Buffer> GenlMsg<B> {
    /// # Safety
    ///
    /// `hdr` must be behind the header of the last message in `skb`.
    pub(super) unsafe fn new(skb: B, hdr: NonNull<c_void>) -> Self {
        // INVARIANT: By this function's contract.
        Self { skb, hdr }
    }

    /// Opens the nest numbered `ty` at the end of the message, without `NLA_F_NESTED`.
    ///
    /// Fails with `EMSGSIZE`.
    pub(crate) fn nest_start(&mut self, ty: u16) -> Result<Nest<'_>> {
        let skb = self.skb.as_ptr();
        // SAFETY: The buffer is valid by its type's contract.
        let start = unsafe { c::nla_nest_start_noflag(skb.as_ptr(), c_int::from(ty)) };
        let start = NonNull::new(start).ok_or_else(emsgsize)?;
        // INVARIANT: Just opened, and `self` is borrowed until the nest is gone.
        Ok(Nest {
            skb,
            start,
            _msg: PhantomData,
        })
    }
}

impl GenlMsg {
    /// Length of the message so far in bytes, with its headers.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: The buffer is valid by its type invariant. It holds this message alone.
        // CAST: `usize` has at least 32 bits wherever the kernel runs.
        unsafe { c::nl_kernel_skb_len(self.skb.0.as_ptr()) as usize }
    }

    /// Ends the message and sends it to the sender of `info`.
    ///
    /// Fails with what the receiver's socket says: `EAGAIN` when its buffer is full,
    /// `ECONNREFUSED` when it is gone.
    pub(crate) fn reply(self, info: &GenlInfo) -> Result {
        let skb = self.into_skb();
        // SAFETY: `info` is valid by its type invariant, and `skb` given away in any case.
        to_result(unsafe { c::genlmsg_reply(skb, info.as_raw()) })
    }

    /// Ends the message and gives away its buffer.
    pub(super) fn into_skb(self) -> *mut c::sk_buff {
        let msg = ManuallyDrop::new(self);
        let skb = msg.skb.0.as_ptr();
        // SAFETY: The buffer is valid, and `hdr` is of its message. `msg` is not dropped.
        unsafe { c::genlmsg_end(skb, msg.hdr.as_ptr()) };
        skb
    }
}

impl GenlMsg<DumpPart<'_>> {
    /// Ends the message; it is part of the dump from now on.
    ///
    /// It is only now compared with the message before it: what is taken back must not
    /// swallow the mark of an inconsistent dump.
    pub(crate) fn end(self) {
        let msg = ManuallyDrop::new(self);
        // SAFETY: Both are valid by the type invariants, and `hdr` is of this buffer's last
        // message. `msg` is not dropped.
        unsafe {
            c::genl_dump_check_consistent(msg.skb.cb.as_ptr(), msg.hdr.as_ptr());
            c::genlmsg_end(msg.skb.skb.as_ptr(), msg.hdr.as_ptr());
        }
    }
}

impl<B: Buffer> Drop for GenlMsg<B> {
    fn drop(&mut self) {
        // SAFETY: The buffer is valid, and `hdr` is of its last message.
        unsafe { c::genlmsg_cancel(self.skb.as_ptr().as_ptr(), self.hdr.as_ptr()) }
    }
}

/// A nest under construction; dropped before [`Nest::end`], it is taken back.
///
/// # Invariants
///
/// `start` is the header of the last attribute of `skb`'s top level, and a message that
/// owns `skb` is borrowed for `'m`.
pub(crate) struct Nest<'m> {
    skb: NonNull<c::sk_buff>,
    start: NonNull<c::nlattr>,
    _msg: PhantomData<&'m mut ()>,
}

impl Nest<'_> {
    /// Puts an attribute with the bytes of `value`.
    ///
    /// Fails with `EMSGSIZE`, as the other ones do.
    pub(crate) fn put(&mut self, ty: u16, value: &[u8]) -> Result {
        // `nla_len`, of 16 bits, counts the header too.
        if value.len() > usize::from(u16::MAX) - NLA_HDRLEN {
            return Err(emsgsize());
        }
        // SAFETY: The buffer is valid by the type invariant, `value` readable as a slice is.
        // CAST: Checked above.
        to_result(unsafe {
            c::nla_put(
                self.skb.as_ptr(),
                c_int::from(ty),
                value.len() as c_int,
                value.as_ptr().cast(),
            )
        })
    }

    /// Puts an attribute that is an integer of four bytes, in host byte order.
    pub(crate) fn put_u32(&mut self, ty: u16, value: u32) -> Result {
        self.put(ty, &value.to_ne_bytes())
    }

    /// Puts an attribute that is a signed integer of four bytes, in host byte order.
    pub(crate) fn put_s32(&mut self, ty: u16, value: i32) -> Result {
        self.put(ty, &value.to_ne_bytes())
    }

    /// Puts an attribute that is an integer of one byte.
    pub(crate) fn put_u8(&mut self, ty: u16, value: u8) -> Result {
        self.put(ty, &[value])
    }

    /// Puts an attribute that is a string, with its NUL.
    pub(crate) fn put_string(&mut self, ty: u16, value: &CStr) -> Result {
        self.put(ty, value.to_bytes_with_nul())
    }

    /// Closes the nest; it is part of the message from now on.
    ///
    /// Fails with `EMSGSIZE` where it is longer than its header can say, and takes it back.
    pub(crate) fn end(self) -> Result {
        // SAFETY: The buffer is valid, and `start` an attribute of it, by the type invariant.
        let len = unsafe { c::nl_kernel_nest_len(self.skb.as_ptr(), self.start.as_ptr()) };
        if len > usize::from(u16::MAX) {
            return Err(emsgsize());
        }
        let nest = ManuallyDrop::new(self);
        // SAFETY: As above.
        unsafe { c::nla_nest_end(nest.skb.as_ptr(), nest.start.as_ptr()) };
        Ok(())
    }
}

impl Drop for Nest<'_> {
    fn drop(&mut self) {
        // SAFETY: The buffer is valid, and `start` an attribute of it, by the type invariant.
        unsafe { c::nla_nest_cancel(self.skb.as_ptr(), self.start.as_ptr()) }
    }
}
