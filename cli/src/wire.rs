// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink messages and attributes as borrowed slices of a datagram.
//!
//! Layouts: RFC 3549 and the kernel's include/uapi/linux/netlink.h. Headers and
//! integers are in host byte order, each message and attribute starts at a
//! multiple of four bytes.
//!
//! # Design decisions
//!
//! neli builds the requests and types the numbers; taking answers apart is done
//! here. neli's own deserialization trusts `nlmsg_len` (a short one underflows),
//! cannot read an error whose request the kernel capped (NETLINK_CAP_ACK),
//! copies each attribute, and knows no offset that an error could name.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use neli::consts::genl::{CtrlAttr, NlAttrType};
use neli::consts::nl::{NlmF, NlmsgerrAttr};
use neli::genl::AttrType;

use crate::uapi::{NetdevAttr, NlUtilAttr};

/// Bytes of struct nlmsghdr.
pub const MESSAGE_HEADER: usize = 16;
/// Bytes of struct genlmsghdr.
pub const GENERIC_HEADER: usize = 4;
/// Bytes of struct nlattr.
pub const ATTRIBUTE_HEADER: usize = 4;

/// What an answer violates. Offsets count from the message's first byte, as
/// those of an extended acknowledgement do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Malformed {
    #[error("{have} bytes left, a message header takes {MESSAGE_HEADER}")]
    MessageHeader { have: usize },
    #[error("message length is {len}, {have} bytes are left")]
    MessageLength { len: u32, have: usize },
    #[error("{what} of {have} bytes is too short")]
    Body { what: &'static str, have: usize },
    #[error("{have} bytes left at offset {offset}, an attribute header takes {ATTRIBUTE_HEADER}")]
    AttributeHeader { offset: usize, have: usize },
    #[error("attribute {label} at offset {offset} has length {len}, {have} bytes are left")]
    AttributeLength {
        label: String,
        offset: usize,
        len: u16,
        have: usize,
    },
    #[error(
        "attribute {label} at offset {offset} has a payload of {len} bytes, not {}",
        lengths(.want)
    )]
    PayloadLength {
        label: String,
        offset: usize,
        len: usize,
        want: RangeInclusive<usize>,
    },
    #[error("attribute {label} at offset {offset}: {problem}")]
    Payload {
        label: String,
        offset: usize,
        problem: &'static str,
    },
    #[error("attribute {label} is missing at offset {offset}")]
    Missing { label: String, offset: usize },
}

fn lengths(want: &RangeInclusive<usize>) -> String {
    match (*want.start(), *want.end()) {
        (low, high) if low == high => low.to_string(),
        (low, usize::MAX) => format!("at least {low}"),
        (low, high) => format!("{low} to {high}"),
    }
}

/// Attribute types of one set, as the walk over a set needs to know them.
pub trait AttributeSet: NlAttrType {
    /// The attribute's path for an error text, such as `netdev.ifname`.
    fn label(self) -> String;

    /// The payload lengths that the attribute may have, in bytes.
    fn payload_len(self) -> RangeInclusive<usize>;
}

impl AttributeSet for NlUtilAttr {
    fn label(self) -> String {
        let number: u16 = self.into();
        self.name()
            .map_or_else(|| number.to_string(), str::to_owned)
    }

    fn payload_len(self) -> RangeInclusive<usize> {
        Self::payload_len(self)
    }
}

impl AttributeSet for NetdevAttr {
    fn label(self) -> String {
        let number: u16 = self.into();
        match self.name() {
            Some(name) => format!("netdev.{name}"),
            None => format!("netdev.{number}"),
        }
    }

    fn payload_len(self) -> RangeInclusive<usize> {
        Self::payload_len(self)
    }
}

impl AttributeSet for CtrlAttr {
    fn label(self) -> String {
        let number: u16 = self.into();
        match self {
            Self::FamilyId => "family-id".to_owned(),
            Self::FamilyName => "family-name".to_owned(),
            _ => number.to_string(),
        }
    }

    fn payload_len(self) -> RangeInclusive<usize> {
        match self {
            Self::FamilyId => 2..=2,
            _ => 0..=usize::MAX,
        }
    }
}

impl AttributeSet for NlmsgerrAttr {
    fn label(self) -> String {
        let number: u16 = self.into();
        match self {
            Self::Msg => "extack.msg".to_owned(),
            Self::Offset => "extack.offs".to_owned(),
            _ => format!("extack.{number}"),
        }
    }

    fn payload_len(self) -> RangeInclusive<usize> {
        match self {
            Self::Offset => 4..=4,
            _ => 0..=usize::MAX,
        }
    }
}

/// One message of a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// nlmsg_type.
    pub kind: u16,
    /// nlmsg_flags.
    pub flags: NlmF,
    /// nlmsg_seq.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// Walks the messages of one datagram. Ends after the first malformed one.
#[derive(Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Starts at the first byte of a datagram.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    fn step(&mut self) -> Result<Message<'a>, Malformed> {
        let rest = std::mem::take(&mut self.rest);
        let have = rest.len();
        let short = Malformed::MessageHeader { have };
        let (Some(len), Some(kind), Some(flags), Some(sequence)) = (
            u32_at(rest, 0),
            u16_at(rest, 4),
            u16_at(rest, 6),
            u32_at(rest, 8),
        ) else {
            return Err(short);
        };
        if have < MESSAGE_HEADER {
            return Err(short);
        }
        let end = usize::try_from(len).unwrap_or(usize::MAX);
        let Some(payload) = rest.get(MESSAGE_HEADER..end) else {
            return Err(Malformed::MessageLength { len, have });
        };
        self.rest = rest.get(align(end)..).unwrap_or_default();
        Ok(Message {
            kind,
            flags: NlmF::from_bits_retain(flags),
            sequence,
            payload,
        })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.step())
    }
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a, T> {
    /// nla_type without NLA_F_NESTED and NLA_F_NET_BYTEORDER: kernels write
    /// the nests of answers with the former or without.
    pub kind: T,
    /// What follows the header, without padding.
    pub payload: &'a [u8],
    /// Where the attribute's header starts in the message.
    pub offset: usize,
}

impl<T: AttributeSet> Attribute<'_, T> {
    /// The attribute's error for a payload that its length cannot condemn.
    pub fn malformed(&self, problem: &'static str) -> Malformed {
        Malformed::Payload {
            label: self.kind.label(),
            offset: self.offset,
            problem,
        }
    }

    /// Where the payload starts in the message.
    pub fn payload_offset(&self) -> usize {
        self.offset.saturating_add(ATTRIBUTE_HEADER)
    }

    /// The payload as a u32.
    pub fn u32(&self) -> Result<u32, Malformed> {
        self.array().map(u32::from_ne_bytes)
    }

    /// The payload as a u16.
    pub fn u16(&self) -> Result<u16, Malformed> {
        self.array().map(u16::from_ne_bytes)
    }

    /// The payload as exactly `N` bytes.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], Malformed> {
        self.payload
            .try_into()
            .map_err(|_| Malformed::PayloadLength {
                label: self.kind.label(),
                offset: self.offset,
                len: self.payload.len(),
                want: N..=N,
            })
    }
}

/// Walks the attributes of a set, checking that each lies within its bounds and
/// has a payload length of its type. Ends after the first malformed one.
#[derive(Debug)]
pub struct Attributes<'a, T> {
    rest: &'a [u8],
    offset: usize,
    set: PhantomData<T>,
}

impl<'a, T: AttributeSet> Attributes<'a, T> {
    /// Starts at the first attribute of a set, `offset` bytes into the message.
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            offset,
            set: PhantomData,
        }
    }

    fn step(&mut self) -> Result<Attribute<'a, T>, Malformed> {
        let rest = std::mem::take(&mut self.rest);
        let (have, offset) = (rest.len(), self.offset);
        let (Some(len), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) else {
            return Err(Malformed::AttributeHeader { offset, have });
        };
        let kind = *AttrType::<T>::from(kind).nla_type();
        let end = usize::from(len);
        let Some(payload) = rest.get(ATTRIBUTE_HEADER..end) else {
            return Err(Malformed::AttributeLength {
                label: kind.label(),
                offset,
                len,
                have,
            });
        };
        let want = kind.payload_len();
        if !want.contains(&payload.len()) {
            return Err(Malformed::PayloadLength {
                label: kind.label(),
                offset,
                len: payload.len(),
                want,
            });
        }
        self.rest = rest.get(align(end)..).unwrap_or_default();
        self.offset = offset.saturating_add(align(end));
        Ok(Attribute {
            kind,
            payload,
            offset,
        })
    }
}

impl<'a, T: AttributeSet> Iterator for Attributes<'a, T> {
    type Item = Result<Attribute<'a, T>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.step())
    }
}

/// `len` rounded up to NLMSG_ALIGNTO, which is also NLA_ALIGNTO.
pub(crate) fn align(len: usize) -> usize {
    len.checked_next_multiple_of(4).unwrap_or(usize::MAX)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_ne_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_ne_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(ATTRIBUTE_HEADER + payload.len()).unwrap();
        let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(payload);
        bytes.resize(align(bytes.len()), 0);
        bytes
    }

    fn only_error(bytes: &[u8]) -> String {
        let mut walk = Attributes::<NetdevAttr>::new(bytes, 20);
        let error = walk.next().unwrap().unwrap_err();
        assert!(walk.next().is_none(), "the walk ends at what is malformed");
        error.to_string()
    }

    #[test]
    fn flag_bits_are_masked_off_the_attribute_type() {
        for bits in [0, 1 << 14, 1 << 15, 3 << 14] {
            let bytes = attribute(4 | bits, &1500u32.to_ne_bytes());
            let mut walk = Attributes::<NetdevAttr>::new(&bytes, 20);
            let attribute = walk.next().unwrap().unwrap();
            assert_eq!(attribute.kind, NetdevAttr::Ifmtu);
            assert_eq!(attribute.u32(), Ok(1500));
            assert!(walk.next().is_none());
        }
    }

    #[test]
    fn a_last_attribute_may_lack_its_padding() {
        let mut bytes = attribute(2, b"lan\0x");
        bytes.truncate(9);
        let mut walk = Attributes::<NetdevAttr>::new(&bytes, 20);
        assert_eq!(walk.next().unwrap().unwrap().payload, b"lan\0x");
        assert!(walk.next().is_none());
    }

    #[test]
    fn a_wrong_payload_length_names_the_attribute_and_its_offset() {
        assert_eq!(
            only_error(&attribute(4, &[0; 3])),
            "attribute netdev.ifmtu at offset 20 has a payload of 3 bytes, not 4"
        );
        assert_eq!(
            only_error(&attribute(2, b"seventeen bytes!\0")),
            "attribute netdev.ifname at offset 20 has a payload of 17 bytes, not 1 to 16"
        );
    }

    #[test]
    fn an_attribute_that_runs_over_the_end_is_refused() {
        let mut bytes = attribute(37, &[0; 8]);
        bytes.truncate(8);
        assert_eq!(
            only_error(&bytes),
            "attribute netdev.37 at offset 20 has length 12, 8 bytes are left"
        );
    }

    #[test]
    fn an_attribute_shorter_than_its_header_is_refused() {
        assert_eq!(
            only_error(&[3, 0, 1, 0].map(u8::to_ne_bytes).concat()),
            "attribute netdev.ifindex at offset 20 has length 3, 4 bytes are left"
        );
        assert_eq!(
            only_error(&[8, 0, 1]),
            "3 bytes left at offset 20, an attribute header takes 4"
        );
    }

    #[test]
    fn a_message_shorter_than_its_header_or_longer_than_the_datagram_is_refused() {
        for (len, have, text) in [
            (15, 20, "message length is 15, 20 bytes are left"),
            (21, 20, "message length is 21, 20 bytes are left"),
            (
                u32::MAX,
                20,
                "message length is 4294967295, 20 bytes are left",
            ),
            (16, 12, "12 bytes left, a message header takes 16"),
        ] {
            let mut bytes = len.to_ne_bytes().to_vec();
            bytes.resize(have, 0);
            let mut walk = Messages::new(&bytes);
            assert_eq!(walk.next().unwrap().unwrap_err().to_string(), text);
            assert!(walk.next().is_none());
        }
    }
}
