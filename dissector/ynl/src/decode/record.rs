// SPDX-License-Identifier: GPL-2.0-or-later
//! C structs, and addresses in them.

use super::Endian;
use super::level::{Level, until_nul};
use super::records::Records;
use super::selector::format_of;
use super::value::{Number, Numbers, Value};
use crate::model::{DisplayHint, Family, Member, MemberKind, Struct, StructId};

/// What structs of numbers are aligned to, in bytes.
const ALIGNED: usize = 8;

/// A C struct, as far as it is there: kernels append members.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    family: &'a Family,
    layout: &'a Struct,
    endian: Endian,
    bytes: &'a [u8],
    offset: usize,
    /// The first of its bytes that is secret, as all behind it are.
    secret_from: usize,
    /// The address family that the struct around it names.
    around: Option<u64>,
}

impl<'a> Record<'a> {
    /// The struct that `bytes` begin with, at `offset` in the message.
    pub(super) fn new(
        family: &'a Family,
        layout: &'a Struct,
        endian: Endian,
        bytes: &'a [u8],
        offset: usize,
    ) -> Self {
        Self {
            family,
            layout,
            endian,
            bytes,
            offset,
            secret_from: usize::MAX,
            around: None,
        }
    }

    /// The same struct with its bytes from `secret_from` on secret.
    pub(super) fn hiding(self, secret_from: usize) -> Self {
        Self {
            secret_from,
            ..self
        }
    }

    /// How many bytes behind the last member that is known are secret; `None` where none are.
    pub fn secret_more(&self) -> Option<usize> {
        let is_secret = self.secret_from < self.bytes.len();
        let is_open = self.layout.members.last().is_some_and(Member::is_open);
        let more = self.bytes.len().saturating_sub(self.layout.size);
        (is_secret && more > 0 && !is_open).then_some(more)
    }

    /// What the struct looks like.
    pub fn layout(&self) -> &'a Struct {
        self.layout
    }

    /// Bytes before it in the message.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The members that are there, padding left out; of the one in which the
    /// bytes end, those that are left.
    pub fn members(&self) -> impl Iterator<Item = (&'a Member, Value<'a>)> + use<'a> {
        let this = *self;
        (this.layout.members.iter())
            .filter(|member| !matches!(member.kind, MemberKind::Pad))
            .filter_map(move |member| Some((member, this.member(member)?)))
    }

    /// What the member of that name holds.
    pub fn by_name(&self, name: &str) -> Option<Value<'a>> {
        let mut members = self.layout.members.iter();
        self.member(members.find(|it| it.name == name)?)
    }

    /// The bytes behind the last member that is known; none where they can only be what the
    /// compiler fills a struct up with, or are secret.
    pub fn more(&self) -> &'a [u8] {
        if self.secret_more().is_some() {
            return &[];
        }
        if self.layout.members.last().is_some_and(Member::is_open) {
            return &[];
        }
        let more = self.bytes.get(self.layout.size..).unwrap_or(&[]);
        match more.len() < ALIGNED && more.iter().all(|byte| *byte == 0) {
            true => &[],
            false => more,
        }
    }

    /// The bits of the number that the member at that place is.
    pub(super) fn bits(&self, member: usize) -> Option<u64> {
        match self.member(self.layout.members.get(member)?)? {
            Value::Number(number) => Some(number.bits()),
            _ => None,
        }
    }

    /// The address family that is said for a member: by the member beside it whose name is the
    /// same up to `family`, by any that ends so, by a struct in this one, or by that around it.
    pub(super) fn address_family(&self, name: &str) -> Option<u64> {
        const FAMILY: &str = "family";
        let stem = name.rfind('-').map_or("", |at| &name[..=at]);
        let members = &self.layout.members;
        let place = |is_meant: &dyn Fn(&str) -> bool| {
            let ends = |it: &Member| it.name.strip_suffix(FAMILY).is_some_and(is_meant);
            members.iter().position(ends)
        };
        let own = place(&|it| it == stem)
            .or_else(|| place(&|it| it.is_empty()))
            .or_else(|| place(&|it| it.ends_with('-')))
            .and_then(|it| self.bits(it));
        let inside = || {
            let mut structs = members.iter().filter_map(|it| self.nested(it));
            structs.find_map(|it| it.address_family(""))
        };
        own.filter(|it| *it != 0).or_else(inside).or(self.around)
    }

    /// An address in 16 bytes, of IPv4 in the first four of them.
    fn address(&self, name: &str, bytes: &'a [u8]) -> Value<'a> {
        by_family(self.address_family(name), bytes)
    }

    /// The struct that a member is, as it would be alone.
    fn nested(&self, member: &Member) -> Option<Self> {
        let MemberKind::Struct(id) = member.kind else {
            return None;
        };
        let start = self.offset_of(member);
        let rest = self.bytes.get(start..)?;
        Some(Self {
            layout: &self.family[id],
            bytes: rest.get(..member.size).unwrap_or(rest),
            offset: self.offset + start,
            around: None,
            ..*self
        })
    }

    /// The struct that a member is.
    fn inner(&self, id: StructId, member: &Member, bytes: &'a [u8]) -> Value<'a> {
        Value::Struct(Self {
            layout: &self.family[id],
            bytes,
            offset: self.offset + self.offset_of(member),
            around: self.address_family(""),
            ..*self
        })
    }

    /// Bytes before the member.
    fn offset_of(&self, member: &Member) -> usize {
        match (self.layout.is_number, self.endian) {
            (true, Endian::Big) => self.layout.size - member.offset - member.size,
            _ => member.offset,
        }
    }

    fn ends_with(&self, member: &Member) -> bool {
        member.offset + member.size == self.layout.size
    }

    fn member(&self, member: &'a Member) -> Option<Value<'a>> {
        let start = self.offset_of(member);
        let rest = self.bytes.get(start..)?;
        let bytes = match member.is_open() {
            true => rest,
            false => rest.get(..member.size).unwrap_or(rest),
        };
        if bytes.is_empty() && (member.size > 0 || member.is_open()) {
            return None;
        }
        if start + bytes.len() > self.secret_from {
            return Some(Value::Secret(bytes.len()));
        }
        let is_whole = bytes.len() == member.size;
        Some(match member.kind {
            MemberKind::Scalar(scalar) => {
                match Number::read(self.family, scalar, self.endian, bytes) {
                    Some(number) => Value::Number(match member.bits {
                        Some(bits) => number.part(bits, scalar.byte_order.of(self.endian)),
                        None => number.behind(self.bytes),
                    }),
                    None => Value::Odd(bytes),
                }
            }
            MemberKind::String => Value::Text(until_nul(bytes)),
            MemberKind::Binary {
                hint: Some(DisplayHint::InetAddress),
            } if is_whole => self.address(&member.name, bytes),
            MemberKind::Binary {
                hint: Some(DisplayHint::GroupAddress),
            } => self.group_address(bytes),
            // What a struct ends with may be of any length.
            MemberKind::Binary { hint } if is_whole || self.ends_with(member) => {
                Value::Bytes { bytes, hint }
            }
            MemberKind::Array { scalar, count } if is_whole || member.is_open() => {
                let size = scalar.width.size().unwrap_or(1);
                let counted = count.and_then(|it| usize::try_from(self.bits(it)?).ok());
                let counted = counted.and_then(|it| bytes.get(..it.checked_mul(size)?));
                let bytes = counted.unwrap_or(bytes);
                Value::Array(Numbers::new(self.family, scalar, self.endian, bytes))
            }
            MemberKind::Struct(id) => self.inner(id, member, bytes),
            MemberKind::Structs(id) => {
                let offset = self.offset + start;
                let level = Level::new(Some(self.family), None, self.endian, bytes, offset);
                Value::Records(Records::structs(self.family, &self.family[id], level))
            }
            MemberKind::Union { message, selector } => {
                let selector = self.layout.members.get(selector)?;
                let formats = &self.family[message].formats;
                let format = format_of(&self.member(selector)?, formats);
                match format.and_then(|it| it.fixed_header) {
                    Some(id) => {
                        // What others of the union have more is filled with zeros.
                        let end = self.family[id].size.min(bytes.len());
                        let (own, more) = bytes.split_at(end);
                        let is_filled = more.iter().all(|byte| *byte == 0);
                        self.inner(id, member, if is_filled { own } else { bytes })
                    }
                    None => Value::Bytes { bytes, hint: None },
                }
            }
            MemberKind::Binary { .. } | MemberKind::Array { .. } | MemberKind::Pad => {
                Value::Odd(bytes)
            }
        })
    }

    /// As many of the bytes as the address has that the struct's own number tells of.
    fn group_address(&self, bytes: &'a [u8]) -> Value<'a> {
        const IPV4: u64 = 0x0800;
        const IPV6: u64 = 0x86dd;
        let proto = match self.by_name(GROUP_PROTOCOL) {
            Some(Value::Number(number)) => number.bits(),
            _ => return Value::Odd(bytes),
        };
        let (size, hint) = match proto {
            IPV4 => (4, DisplayHint::Ipv4),
            IPV6 => (16, DisplayHint::Ipv6),
            0 => (6, DisplayHint::Mac),
            _ => (bytes.len(), DisplayHint::Hex),
        };
        Value::Bytes {
            bytes: bytes.get(..size).unwrap_or(bytes),
            hint: Some(hint),
        }
    }
}

/// The number that says of which kind the address of a multicast group is
/// (`struct br_mdb_entry`, linux/if_bridge.h).
const GROUP_PROTOCOL: &str = "proto";

/// An address in 16 bytes, of IPv4 in the first four of them; where no family is known, by
/// whether there is more.
pub(super) fn by_family(family: Option<u64>, bytes: &[u8]) -> Value<'_> {
    const AF_INET: u64 = 2;
    const AF_INET6: u64 = 10;
    const IPV4: usize = 4;
    const IPV6: usize = 16;
    let is_ipv4 = match family {
        Some(AF_INET6) => false,
        Some(AF_INET) => true,
        _ => bytes.iter().skip(IPV4).all(|byte| *byte == 0),
    };
    let (bytes, hint) = match bytes.len() {
        IPV6 if is_ipv4 => (&bytes[..IPV4], DisplayHint::Ipv4),
        _ => (bytes, DisplayHint::Ipv4OrV6),
    };
    Value::Bytes {
        bytes,
        hint: Some(hint),
    }
}
