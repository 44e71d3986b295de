// SPDX-License-Identifier: GPL-2.0-or-later
//! C structs and their members.

use super::{DisplayHint, Scalar, StructId, SubMessageId};

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

impl Struct {
    /// Appends a member of so many bytes, of which it may have a number of bits.
    pub(crate) fn push(&mut self, mut it: Member) {
        it.bits = it
            .bits
            .map(|bits| Bits::behind(self.members.last(), it.size, bits.count));
        let is_shared = it.bits.is_some_and(|bits| bits.before > 0);
        if !is_shared {
            self.size += it.size;
        }
        it.offset = self.size - it.size;
        self.members.push(it);
    }
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

impl Member {
    /// Whether it takes all bytes that there are: the last member alone may.
    pub fn is_open(&self) -> bool {
        use MemberKind as K;
        let may_be = matches!(
            self.kind,
            K::Binary { .. } | K::Array { .. } | K::Structs(_) | K::Union { .. }
        );
        self.size == 0 && may_be
    }
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

impl Bits {
    /// A bit-field of `count` bits in a number of `size` bytes: behind those of the same number
    /// that the member before has, if there is room, else in the next number.
    pub fn behind(last: Option<&Member>, size: usize, count: u8) -> Self {
        let shared = last.filter(|it| it.size == size).and_then(|it| it.bits);
        let before = shared.map_or(0, |it| it.before + it.count);
        let has_room = usize::from(before) + usize::from(count) <= size * 8;
        Self {
            before: if has_room { before } else { 0 },
            count,
        }
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
    /// A C array of numbers.
    Array {
        /// Each of them.
        scalar: Scalar,
        /// Which member before it says how many of them count.
        count: Option<usize>,
    },
    /// A C array of structs of at least one byte.
    Structs(StructId),
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
