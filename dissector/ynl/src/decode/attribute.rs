// SPDX-License-Identifier: GPL-2.0-or-later
//! `struct nlattr`.

use super::{Endian, Malformed};

/// Bytes of `struct nlattr`.
const HEADER: usize = 4;
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;
/// `NLA_F_NET_BYTEORDER`.
const NET_BYTEORDER: u16 = 0x4000;

/// An attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its number in its set: `nla_type` without the two flags.
    pub number: u16,
    /// `NLA_F_NESTED`; kernels leave it out of many nests.
    pub nested: bool,
    /// `NLA_F_NET_BYTEORDER`.
    pub net_byteorder: bool,
    /// What is behind the header, without padding.
    pub payload: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// The attribute that `rest` begins with, its payload as far as it is
    /// there, and the length that its header states; `None` where `rest` holds
    /// no header, or one with a length below its own.
    pub(super) fn header(rest: &'a [u8], endian: Endian) -> Option<(usize, Self)> {
        Self::of_length(rest, endian, usize::from(endian.u16(rest)?))
    }

    /// The same of another length than its header states.
    pub(super) fn of_length(
        rest: &'a [u8],
        endian: Endian,
        length: usize,
    ) -> Option<(usize, Self)> {
        let kind = endian.u16(rest.get(2..)?)?;
        let attribute = Self {
            number: kind & !(NESTED | NET_BYTEORDER),
            nested: kind & NESTED != 0,
            net_byteorder: kind & NET_BYTEORDER != 0,
            payload: rest.get(HEADER..length.min(rest.len()))?,
        };
        // A length below 4 makes an inverted range, which `get` refuses.
        Some((length, attribute))
    }

    /// The payload as u16; `None` where it has another length.
    pub fn u16(&self, endian: Endian) -> Option<u16> {
        (self.payload.len() == 2).then(|| endian.u16(self.payload))?
    }

    /// The payload as u32; `None` where it has another length.
    pub fn u32(&self, endian: Endian) -> Option<u32> {
        (self.payload.len() == 4).then(|| endian.u32(self.payload))?
    }

    /// The payload as text, up to its NUL. Not escaped: it came from outside.
    pub fn str(&self) -> Option<&'a str> {
        let text = self.payload.split(|byte| *byte == 0).next()?;
        std::str::from_utf8(text).ok()
    }

    /// The attributes in it.
    pub fn attributes(&self, endian: Endian) -> Attributes<'a> {
        attributes(self.payload, endian)
    }
}

/// The attributes that `bytes` are.
pub fn attributes(bytes: &[u8], endian: Endian) -> Attributes<'_> {
    Attributes {
        bytes,
        at: 0,
        endian,
    }
}

/// Iterator over attributes.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        if rest.is_empty() {
            return None;
        }
        match Attribute::header(rest, self.endian) {
            Some((length, attribute)) if length <= rest.len() => {
                self.at = at + length.next_multiple_of(4);
                Some(Ok(attribute))
            }
            _ => {
                self.at = self.bytes.len();
                let length = self.endian.u16(rest).map_or(rest.len(), usize::from);
                Some(Err(Malformed {
                    offset: at,
                    length,
                    left: rest.len(),
                }))
            }
        }
    }
}
