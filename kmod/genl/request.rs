// SPDX-License-Identifier: GPL-2.0-or-later

//! A request: where it comes from, what it carries, and why it is refused.

use super::{nla_align, GENLMSG_HDRLEN, NLA_HDRLEN};
use crate::{bindings as c, netdev::Net};
use core::{ffi::CStr, ptr, slice};
use kernel::{prelude::*, types::Opaque};

/// A request, as its handler sees it: C's `struct genl_info`.
///
/// # Invariants
///
/// A reference points at a `genl_info` that the core has filled in for a request which
/// lasts for the reference's lifetime.
#[repr(transparent)]
pub(crate) struct GenlInfo(Opaque<c::genl_info>);

impl GenlInfo {
    /// Borrows the request at `info`.
    ///
    /// # Safety
    ///
    /// `info` must be valid, and not be written by others, for `'a`.
    pub(super) unsafe fn from_raw<'a>(info: *mut c::genl_info) -> &'a Self {
        // INVARIANT: Valid for `'a`, by this function's contract.
        // SAFETY: As above; `Self` is a transparent `Opaque`.
        unsafe { &*info.cast() }
    }

    /// C's structure; valid as long as `self` is borrowed.
    pub(super) fn as_raw(&self) -> *mut c::genl_info {
        self.0.get()
    }

    /// The network namespace of the socket that the request came from.
    pub(crate) fn net(&self) -> &Net {
        // SAFETY: `self` is valid by the type invariant. The socket, which is there as long
        // as its request, holds the namespace.
        unsafe { Net::from_raw(c::genl_info_net(self.as_raw())) }
    }

    /// The attribute numbered `ty` of the request's top level.
    pub(crate) fn attr(&self, ty: u16) -> Option<NlAttr<'_>> {
        self.attrs().find_last(ty)
    }

    /// The attributes of the request's top level.
    fn attrs(&self) -> Attrs<'_> {
        // SAFETY: `self` is valid by the type invariant, so its `nlhdr` points at the
        // request, which has as many bytes as its header says: the core looked. Nobody
        // writes to a request.
        let request = unsafe {
            let hdr = (*self.as_raw()).nlhdr;
            slice::from_raw_parts(hdr.cast::<u8>(), (*hdr).nlmsg_len as usize)
        };
        Attrs(request.get(GENLMSG_HDRLEN..).unwrap_or_default())
    }

    /// Whether the request comes from the initial user namespace, and is about a network
    /// namespace that belongs to it. To be asked in the handler of a do form, which runs on
    /// the task that sent the request.
    pub(crate) fn is_of_initial_user(&self) -> bool {
        // SAFETY: The namespace is held, see `net`; the call compares pointers.
        unsafe { c::nl_kernel_is_initial_user(self.net().as_raw()) }
    }

    /// Whether this request may write to the kernel log. To be asked once: each call
    /// counts against what all requests may write.
    pub(crate) fn may_log(&self) -> bool {
        // SAFETY: The call takes no more than the spin lock of its own state.
        unsafe { c::nl_kernel_may_log() }
    }

    /// Fills in the extended ACK of the request, which the core sends with the errno.
    pub(super) fn refuse(&self, ack: &ExtAck<'_>) -> Error {
        // SAFETY: `self` is valid by the type invariant; `extack` is null, or points at
        // what only this call may write until the ACK is sent. The texts are static, the
        // attributes in the request, and both are read before the core lets go of it and
        // of the lock that `genl_unregister_family()` waits for.
        unsafe {
            let extack = (*self.as_raw()).extack;
            if !extack.is_null() {
                (*extack)._msg = ack.text.as_ptr().cast();
                (*extack).bad_attr = ack.bad_attr.map_or(ptr::null(), NlAttr::as_raw);
                if let Some(missing) = &ack.missing {
                    (*extack).miss_type = missing.ty;
                    (*extack).miss_nest = missing.nest.map_or(ptr::null(), NlAttr::as_raw);
                }
            }
        }
        ack.errno
    }
}

/// Why a request is refused: an errno, and what the extended ACK says beside it.
///
/// There is no way from an [`Error`] alone to this type: every refusal has a text.
pub(crate) struct ExtAck<'a> {
    errno: Error,
    text: &'static CStr,
    bad_attr: Option<NlAttr<'a>>,
    missing: Option<Missing<'a>>,
}

/// An attribute that a request lacks.
struct Missing<'a> {
    ty: u16,
    /// Where it should be, or `None` for the top level.
    nest: Option<NlAttr<'a>>,
}

impl<'a> ExtAck<'a> {
    /// A refusal that no attribute is at fault for.
    pub(crate) fn new(errno: Error, text: &'static CStr) -> Self {
        Self {
            errno,
            text,
            bad_attr: None,
            missing: None,
        }
    }

    /// A refusal of the attribute `attr`, whose offset is sent.
    pub(crate) fn bad_attr(errno: Error, text: &'static CStr, attr: NlAttr<'a>) -> Self {
        Self {
            bad_attr: Some(attr),
            ..Self::new(errno, text)
        }
    }

    /// `EINVAL` for want of the attribute `ty` in `nest`, or on the top level. Its number
    /// and the offset of the nest are sent.
    pub(crate) fn missing(text: &'static CStr, nest: Option<NlAttr<'a>>, ty: u16) -> Self {
        Self {
            missing: Some(Missing { ty, nest }),
            ..Self::new(EINVAL, text)
        }
    }
}

/// An attribute of a request.
///
/// # Invariants
///
/// The slice is the whole attribute: a header of [`NLA_HDRLEN`] bytes, and a payload of
/// as many bytes as the header says.
#[derive(Clone, Copy)]
pub(crate) struct NlAttr<'a>(&'a [u8]);

impl<'a> NlAttr<'a> {
    /// Number of the attribute, without the flags that share its field.
    fn ty(self) -> u16 {
        // CAST: Two bits of sixteen.
        const FLAGS: u16 = (c::NLA_F_NESTED | c::NLA_F_NET_BYTEORDER) as u16;

        match self.0 {
            [_, _, a, b, ..] => u16::from_ne_bytes([*a, *b]) & !FLAGS,
            // Not with the header that the type invariant promises.
            _ => 0,
        }
    }

    /// What follows the header.
    fn payload(self) -> &'a [u8] {
        self.0.get(NLA_HDRLEN..).unwrap_or_default()
    }

    /// The value as an integer of four bytes in host byte order, if it has four.
    pub(crate) fn u32(self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.payload().try_into().ok()?))
    }

    /// The attribute numbered `ty` in this nest.
    pub(crate) fn nested(self, ty: u16) -> Option<NlAttr<'a>> {
        Attrs(self.payload()).find_last(ty)
    }

    fn as_raw(self) -> *const c::nlattr {
        self.0.as_ptr().cast()
    }
}

/// Iterator over attributes that stand one behind the other.
///
/// The policy's check comes first and refuses a malformed request, but an operation
/// may have none: whatever the bytes are, this ends where no attribute fits any more.
struct Attrs<'a>(&'a [u8]);

impl<'a> Attrs<'a> {
    /// The attribute numbered `ty`. Of several the last, as with C's `nla_parse()`.
    fn find_last(self, ty: u16) -> Option<NlAttr<'a>> {
        self.filter(|attr| attr.ty() == ty).last()
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = NlAttr<'a>;

    fn next(&mut self) -> Option<NlAttr<'a>> {
        let len = usize::from(u16::from_ne_bytes(*self.0.first_chunk()?));
        let attr = self.0.get(..len).filter(|attr| attr.len() >= NLA_HDRLEN)?;
        // The last attribute of a message need not be padded.
        self.0 = self.0.get(nla_align(len)..).unwrap_or_default();
        // INVARIANT: At least a header, and as long as it says.
        Some(NlAttr(attr))
    }
}
