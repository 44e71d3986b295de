// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink messages and attributes out of bytes, whatever the bytes.
//!
//! Nothing is copied and nothing panics: an iterator gives what is whole, then one
//! [`Malformed`] for the rest, then ends. Layouts are those of linux/netlink.h and
//! linux/genetlink.h.

mod attribute;
mod message;

pub use attribute::{Attribute, Attributes, attributes};
pub use message::{Genl, Message, Messages, flags, genl, messages, types};

/// The byte order of the machine that spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    /// That of this machine.
    pub const fn native() -> Self {
        if cfg!(target_endian = "big") {
            Self::Big
        } else {
            Self::Little
        }
    }

    /// A u16 at the start of `bytes`.
    pub fn u16(self, bytes: &[u8]) -> Option<u16> {
        let bytes = *bytes.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    /// A u32 at the start of `bytes`.
    pub fn u32(self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }
}

/// Bytes that are no message or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: a length of {length} where {left} bytes are left")]
pub struct Malformed {
    /// Where it stands in what was given.
    pub offset: usize,
    /// What it says its length is; the bytes left where those hold no header.
    pub length: usize,
    /// Bytes from there to the end.
    pub left: usize,
}

#[cfg(test)]
mod tests;
