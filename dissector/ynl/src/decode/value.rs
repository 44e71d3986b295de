// SPDX-License-Identifier: GPL-2.0-or-later
//! What attributes and members of structs hold.

use super::Endian;
use super::fields::{Field, Fields};
use super::keyed::Keyed;
use super::level::{Level, until_nul};
use super::records::Records;
use crate::model::{
    ArrayElement, ByteOrder, DisplayHint, Enum, Family, Member, MemberKind, Scalar, Struct,
};

/// A value. Texts and bytes came from outside and are not escaped.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// To be there is the value.
    Flag,
    /// A number.
    Number(Number<'a>),
    /// A text without its NUL; nothing says that it is UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Bytes {
        /// The bytes.
        bytes: &'a [u8],
        /// How to show them.
        hint: Option<DisplayHint>,
    },
    /// `struct nla_bitfield32`.
    Bits {
        /// The bits.
        value: u32,
        /// Which bits of the value count.
        selector: u32,
        /// What the bits are called.
        names: Option<&'a Enum>,
    },
    /// A C struct.
    Struct(Record<'a>),
    /// A C array of numbers.
    Array(Numbers<'a>),
    /// Structs one after another, which may have attributes behind them.
    Records(Records<'a>),
    /// Attributes.
    Nest(Level<'a>),
    /// Attributes whose numbers are indexes.
    Indexed(Indexed<'a>),
    /// Nests whose numbers are values.
    Keyed(Keyed<'a>),
    /// A payload whose form another attribute selected.
    SubMessage {
        /// The struct that comes first.
        header: Option<Record<'a>>,
        /// The attributes that follow.
        level: Option<Level<'a>>,
    },
    /// Bytes without meaning.
    Padding(&'a [u8]),
    /// Bytes that are not of the length that their type has.
    Odd(&'a [u8]),
    /// A nest below the deepest level that is entered.
    TooDeep(&'a [u8]),
    /// So many bytes that are a key or a password ([`Secrets`](super::Secrets)), or cannot be
    /// told from one.
    Secret(usize),
}

/// A number with what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    bits: u64,
    bytes: u8,
    signed: bool,
    names: Option<(&'a Enum, bool)>,
    hint: Option<DisplayHint>,
    /// Its upper half are flags of the routing cache.
    cached: bool,
}

impl<'a> Number<'a> {
    /// A number by its type; `None` where the bytes are not as many as it has.
    pub(super) fn read(
        family: &'a Family,
        scalar: Scalar,
        endian: Endian,
        bytes: &[u8],
    ) -> Option<Self> {
        let fits = match scalar.width.size() {
            Some(size) => bytes.len() == size,
            None => matches!(bytes.len(), 4 | 8),
        };
        fits.then_some(())?;
        let endian = match scalar.byte_order {
            ByteOrder::Host => endian,
            ByteOrder::LittleEndian => Endian::Little,
            ByteOrder::BigEndian => Endian::Big,
        };
        Some(Self {
            bits: endian.number(bytes)?,
            bytes: bytes.len() as u8,
            signed: scalar.width.is_signed(),
            names: scalar.names.map(|it| (&family[it.id], it.as_flags)),
            hint: scalar.hint,
            cached: false,
        })
    }

    /// An unsigned number of which nothing is known.
    pub(super) fn plain(endian: Endian, bytes: &[u8]) -> Option<Self> {
        Some(Self {
            bits: endian.number(bytes)?,
            bytes: bytes.len() as u8,
            signed: false,
            names: None,
            hint: None,
            cached: false,
        })
    }

    /// The number.
    pub fn value(&self) -> i128 {
        if self.signed {
            let unused = 64 - 8 * u32::from(self.bytes);
            i128::from(self.bits.wrapping_shl(unused).cast_signed() >> unused)
        } else {
            i128::from(self.bits)
        }
    }

    /// Its bits, without those of a sign above its width.
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// Bytes that it takes: 1, 2, 4 or 8.
    pub fn width(&self) -> usize {
        self.bytes.into()
    }

    /// How to show it.
    pub fn hint(&self) -> Option<DisplayHint> {
        self.hint
    }

    /// What the value is called, where it is one of an enum.
    pub fn name(&self) -> Option<&'a str> {
        let (names, as_flags) = self.names?;
        let value = i64::try_from(self.value()).ok().filter(|_| !as_flags)?;
        names.by_value(value).map(|it| it.name.as_str())
    }

    /// The enum that names its bits, where it is a set of flags.
    pub fn flags(&self) -> Option<Flags<'a>> {
        let (names, as_flags) = self.names?;
        as_flags.then_some(Flags {
            names: Some(names),
            left: self.bits,
            cached: self.cached,
        })
    }
}

/// A plain number: an index, or a key.
impl From<u16> for Number<'_> {
    fn from(number: u16) -> Self {
        Self {
            bits: number.into(),
            bytes: 2,
            signed: false,
            names: None,
            hint: None,
            cached: false,
        }
    }
}

/// RTM_F_CLONED of linux/rtnetlink.h: the route is the answer to a lookup. Of IPv4, the upper
/// half of its flags are then those of the routing cache (RTCF_*, linux/in_route.h), one of which
/// has the bit of RTM_F_OFFLOAD_FAILED.
const CLONED: (u32, &str) = (9, "cloned");
const AF_INET: u8 = 2;
const CACHE: [&str; 16] = [
    "notify",
    "directdst",
    "redirected",
    "tproxy",
    "",
    "fast",
    "masq",
    "snat",
    "doredirect",
    "",
    "directsrc",
    "dnat",
    "broadcast",
    "multicast",
    "reject",
    "local",
];

/// Iterator over the bits of a set of flags: the name of each, or the bit.
#[derive(Debug, Clone)]
pub struct Flags<'a> {
    names: Option<&'a Enum>,
    left: u64,
    cached: bool,
}

impl<'a> Flags<'a> {
    /// The bits of a bitfield.
    pub fn of(bits: u32, names: Option<&'a Enum>) -> Self {
        Self {
            names,
            left: bits.into(),
            cached: false,
        }
    }
}

impl<'a> Iterator for Flags<'a> {
    type Item = Result<&'a str, u64>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.left != 0).then_some(())?;
        let bit = self.left.trailing_zeros();
        self.left &= self.left - 1;
        if self.cached
            && let Some(at) = bit.checked_sub(16)
        {
            let name = CACHE.get(at as usize).filter(|it| !it.is_empty());
            return Some(name.copied().ok_or(1 << bit));
        }
        let entry = self.names.and_then(|names| names.by_value(bit.into()));
        Some(entry.map(|it| it.name.as_str()).ok_or(1 << bit))
    }
}

/// A C array of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a> {
    family: &'a Family,
    scalar: Scalar,
    endian: Endian,
    bytes: &'a [u8],
}

impl<'a> Numbers<'a> {
    pub(super) fn new(family: &'a Family, scalar: Scalar, endian: Endian, bytes: &'a [u8]) -> Self {
        Self {
            family,
            scalar,
            endian,
            bytes,
        }
    }

    /// The numbers; bytes that are left after them are not given.
    pub fn iter(&self) -> impl Iterator<Item = Number<'a>> + use<'a> {
        let Self {
            family,
            scalar,
            endian,
            bytes,
        } = *self;
        let size = scalar.width.size().unwrap_or(4);
        (bytes.chunks_exact(size))
            .filter_map(move |bytes| Number::read(family, scalar, endian, bytes))
    }
}

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

    /// Whether a number is the flags of a route that is the answer to a lookup.
    fn is_of_cache(&self, number: &Number<'_>) -> bool {
        let (bit, name) = CLONED;
        number.bits & (1 << bit) != 0
            && self.bytes.first() == Some(&AF_INET)
            && number.names.is_some_and(|(names, as_flags)| {
                as_flags && names.by_value(bit.into()).is_some_and(|it| it.name == name)
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
                    Some(number) => Value::Number(Number {
                        cached: self.is_of_cache(&number),
                        ..number
                    }),
                    None => Value::Odd(bytes),
                }
            }
            MemberKind::String => Value::Text(until_nul(bytes)),
            MemberKind::Binary {
                hint: Some(DisplayHint::GroupAddress),
            } => self.group_address(bytes),
            // What a struct ends with may be of any length.
            MemberKind::Binary { hint } if is_whole || self.ends_with(member) => {
                Value::Bytes { bytes, hint }
            }
            MemberKind::Struct(id) => Value::Struct(Self {
                layout: &self.family[id],
                bytes,
                offset: self.offset + start,
                ..*self
            }),
            MemberKind::Array(scalar) if is_whole || member.is_open() => {
                Value::Array(Numbers::new(self.family, scalar, self.endian, bytes))
            }
            MemberKind::Structs(id) => {
                let offset = self.offset + start;
                let level = Level::new(Some(self.family), None, self.endian, bytes, offset);
                Value::Records(Records::structs(self.family, &self.family[id], level))
            }
            MemberKind::Binary { .. } | MemberKind::Array(_) | MemberKind::Pad => Value::Odd(bytes),
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

/// Attributes whose numbers are array indexes.
#[derive(Debug, Clone, Copy)]
pub struct Indexed<'a> {
    pub(super) level: Level<'a>,
    pub(super) element: &'a ArrayElement,
}

impl<'a> Indexed<'a> {
    /// The elements; each one's number is its index.
    pub fn fields(&self) -> Fields<'a> {
        self.level.fields()
    }

    /// The elements as attributes of which nothing is known.
    pub fn level(&self) -> &Level<'a> {
        &self.level
    }

    /// Whether it is attributes to the last byte.
    pub fn is_whole(&self) -> bool {
        self.level.is_whole()
    }

    /// What an element holds.
    pub fn read<'b>(&'b self, field: &Field<'b>) -> Value<'b> {
        self.level.element(self.element, field)
    }
}
