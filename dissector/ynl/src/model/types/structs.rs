// SPDX-License-Identifier: GPL-2.0-or-later
//! C structs.

use super::{DisplayHint, Scalar, StructId};

/// A C struct that is the payload of an attribute, or the header of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Struct {
    /// Name in the specification: `rtnl-link-stats64`.
    pub name: String,
    /// The C header that defines it, if it is not the family's own.
    pub header: Option<String>,
    /// What it is.
    pub doc: String,
    /// Members, in the order of memory.
    pub members: Vec<Member>,
    /// Bytes of all members together; there is no hidden padding, and of a last member without an
    /// end nothing is counted.
    pub size: usize,
    /// The members are parts of one number, the least significant first: on a machine with the
    /// most significant byte first they are in memory the other way round.
    pub is_number: bool,
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
    /// What it holds.
    pub kind: MemberKind,
    /// What it means.
    pub doc: String,
}

impl Member {
    /// Whether it takes all bytes that there are: the last member alone may.
    pub fn is_open(&self) -> bool {
        use MemberKind as K;
        self.size == 0 && matches!(self.kind, K::Binary { .. } | K::Array(_) | K::Structs(_))
    }
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
    /// Another struct.
    Struct(StructId),
    /// Numbers.
    Array(Scalar),
    /// Structs of at least one byte.
    Structs(StructId),
    /// Bytes without meaning.
    Pad,
}
