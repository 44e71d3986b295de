// SPDX-License-Identifier: GPL-2.0-or-later
//! C structs and their members.

use super::{DisplayHint, Scalar, StructId, SubMessageId};

/// A C struct that is the payload of an attribute, or the header of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struct {
    /// Name in the specification: `rtnl-link-stats64`.
    pub name: String,
    /// The C header that defines it, if it is not the family's own.
    pub header: Option<String>,
    /// What it is.
    pub doc: String,
    /// Members, in the order of memory.
    pub members: Vec<Member>,
    /// Bytes of all members together; there is no hidden padding.
    pub size: usize,
}

/// A member of a [`Struct`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name in the specification: `rx-packets`.
    pub name: String,
    /// Bytes before it in the struct.
    pub offset: usize,
    /// Bytes that it takes.
    pub size: usize,
    /// Which bits of these bytes it has, where it is a bit-field.
    pub bits: Option<Bits>,
    /// What it holds.
    pub kind: MemberKind,
    /// What it means.
    pub doc: String,
}

/// The place of a bit-field in the number that it shares with those beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// Bits of the fields before it: C puts the first at the least significant bit where numbers
    /// begin with their least significant byte, else at the most significant one.
    pub before: u8,
    /// How many it has.
    pub count: u8,
}

/// What a struct member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A number.
    Scalar(Scalar),
    /// A text of fixed size, ended by a NUL unless it fills its place.
    String,
    /// Bytes.
    Binary {
        /// How to show them.
        hint: Option<DisplayHint>,
    },
    /// A C array of numbers.
    Array {
        /// Each of them.
        scalar: Scalar,
        /// Which member before it says how many of them count.
        count: Option<usize>,
    },
    /// Another struct.
    Struct(StructId),
    /// A C union: one of several structs.
    Union {
        /// Those that there are.
        message: SubMessageId,
        /// Which member before it tells.
        selector: usize,
    },
    /// Bytes without meaning.
    Pad,
}
