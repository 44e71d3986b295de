// SPDX-License-Identifier: GPL-2.0-or-later
//! The attributes of a level one after another, also behind one whose length has wrapped.
//!
//! `nla_len` has 16 bits, and the kernel did not look whether a nest fits: of a network card with
//! some 200 virtual functions IFLA_VFINFO_LIST is longer, and has its length less 65,536.

use super::{Attribute, Endian, Malformed};
use crate::model::{self, AttrSet};

/// Bytes of `struct nlattr`.
pub(super) const HEADER: usize = 4;

/// How many attributes of a level are looked at, at most, to find where one ends whose length has
/// wrapped.
const REACH: u32 = 1 << 16;

/// An attribute at its place.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The attribute. Of one that is cut off, the payload that is left.
    pub attribute: Attribute<'a>,
    /// What the specification says of it; `None` if there is none, or none of
    /// this number.
    pub spec: Option<&'a model::Attribute>,
    /// Bytes before its header in the message, the netlink header among them.
    pub offset: usize,
    /// Bytes of its payload that the message does not have.
    pub missing: usize,
    /// It is longer than its header can say: where it ends was found by what is in it.
    pub wrapped: bool,
}

impl<'a> Field<'a> {
    /// What the specification calls it; `None` where it has no name.
    pub fn name(&self) -> Option<&'a str> {
        self.spec?.known_name()
    }
}

/// Iterator over the attributes of a [`Level`](super::Level).
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    set: Option<&'a AttrSet>,
    endian: Endian,
    bytes: &'a [u8],
    at: usize,
    offset: usize,
    /// Attributes that may still be looked at for a length that has wrapped.
    reach: u32,
}

impl<'a> Fields<'a> {
    /// Attributes with `offset` bytes before them in the message.
    pub(super) fn new(
        set: Option<&'a AttrSet>,
        endian: Endian,
        bytes: &'a [u8],
        offset: usize,
    ) -> Self {
        Self {
            set,
            endian,
            bytes,
            at: 0,
            offset,
            reach: REACH,
        }
    }

    /// The length of the attribute that `rest` begins with, where it is not what its header
    /// says: it holds attributes of one number, the ends of which meet its own only 65,536 bytes
    /// or a multiple of it later.
    fn unwrapped(&mut self, rest: &[u8]) -> Option<usize> {
        const ROUND: usize = 1 << 16;
        let said = usize::from(self.endian.u16(rest)?);
        let mut number = None;
        let mut found = None;
        let mut at = HEADER;
        while at != said && self.reach > 0 {
            self.reach -= 1;
            let Some(left) = rest.get(at..) else { break };
            let Some((length, inner)) = Attribute::header(left, self.endian) else {
                break;
            };
            if length > left.len() || *number.get_or_insert(inner.number) != inner.number {
                break;
            }
            at += length.next_multiple_of(4);
            if at >= ROUND && at % ROUND == said {
                found = Some(at.min(rest.len()));
            }
        }
        found
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let unwrapped = match rest.len() > usize::from(u16::MAX) {
            true => self.unwrapped(rest),
            false => None,
        };
        let header = match unwrapped {
            Some(length) => Attribute::of_length(rest, self.endian, length),
            None => Attribute::header(rest, self.endian),
        };
        let Some((length, attribute)) = header else {
            let offset = self.offset + self.at;
            self.at = self.bytes.len();
            return Some(Err(Malformed {
                offset,
                length: self.endian.u16(rest).map_or(rest.len(), usize::from),
                left: rest.len(),
            }));
        };
        let field = Field {
            spec: self.set.and_then(|set| set.by_number(attribute.number)),
            offset: self.offset + self.at,
            missing: length.saturating_sub(rest.len()),
            wrapped: unwrapped.is_some(),
            attribute,
        };
        self.at += length.next_multiple_of(4);
        Some(Ok(field))
    }
}
