// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink messages and attributes out of bytes, whatever the bytes.
//!
//! Nothing is copied and nothing panics: an iterator gives what is whole, then one
//! [`Malformed`] for the rest, then ends. Layouts are those of linux/netlink.h and
//! linux/genetlink.h.
//!
//! [`messages`] cuts a datagram into messages, [`attributes`] a payload into
//! attributes. [`Body`] is a message by its family's specification: a tree of
//! [`Level`]s whose attributes are read when they are asked for.
//!
//! ```
//! use ynl::decode::{Body, Endian, Side, Value, messages};
//!
//! // A request of nl_util: L2_IID with NETDEV { IFINDEX 2 }.
//! let bytes = [
//!     32, 0, 0, 0, 0x1b, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, //
//!     12, 0, 1, 0x80, 8, 0, 1, 0, 2, 0, 0, 0,
//! ];
//! let family = ynl::model::nl_util();
//! let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
//! let body = Body::new(&family, &message, Endian::Little, Side::Request, None).unwrap();
//! assert_eq!(body.operation.unwrap().name, "l2-iid");
//! let netdev = body.level.fields().next().unwrap().unwrap();
//! let Value::Nest(inner) = body.level.read(&netdev).value else { panic!() };
//! let index = inner.fields().next().unwrap().unwrap();
//! assert_eq!(index.spec.unwrap().name, "ifindex");
//! ```
//!
//! # Design decisions
//!
//! A level borrows the one that it is in, because the form of a sub-message
//! may be told by an attribute further out. A reader is thus a recursive
//! function, which the depth of [`DEEPEST`] levels bounds.

mod attribute;
mod body;
mod fields;
pub mod flags;
mod guess;
mod keyed;
mod level;
mod message;
mod pairs;
mod policy;
mod record;
mod records;
mod secrets;
mod selector;
mod value;
mod verdict;

pub use attribute::{Attribute, Attributes, attributes};
pub use body::{Body, Side};
pub use fields::{Field, Fields};
pub use flags::Verb;
pub use keyed::{Inner, Keyed, KeyedEntries, KeyedEntry};
pub use level::{DEEPEST, Level, Read};
pub use message::{
    CONTROLLER, GENERIC, GENL_HEADER, Genl, MESSAGE_HEADER, Message, Messages, asked_protocol,
    begins_message, genl, messages, protocols, types,
};
pub use pairs::{PairValue, Pairs, pairs};
pub use policy::Policies;
pub use record::Record;
pub use records::{Element, Elements, Records};
pub use secrets::Secrets;
pub use value::{Flags, Indexed, Number, Numbers, Value};
pub use verdict::{Verdict, missing_at, path_at};

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

impl Endian {
    /// The other one.
    pub fn swapped(self) -> Self {
        match self {
            Self::Little => Self::Big,
            Self::Big => Self::Little,
        }
    }

    /// The unsigned number that `bytes` are, all of them: 1, 2, 4 or 8.
    fn number(self, bytes: &[u8]) -> Option<u64> {
        Some(match *bytes {
            [byte] => byte.into(),
            [_, _] => self.u16(bytes)?.into(),
            [_, _, _, _] => self.u32(bytes)?.into(),
            [_, _, _, _, _, _, _, _] => {
                let bytes = *bytes.first_chunk()?;
                match self {
                    Self::Little => u64::from_le_bytes(bytes),
                    Self::Big => u64::from_be_bytes(bytes),
                }
            }
            _ => return None,
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
