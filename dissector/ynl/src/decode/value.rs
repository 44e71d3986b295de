// SPDX-License-Identifier: GPL-2.0-or-later
//! What attributes and members of structs hold.

use super::Endian;
use super::fields::{Field, Fields};
use super::keyed::Keyed;
use super::level::Level;
use super::record::Record;
use super::records::Records;
use crate::model::{ArrayElement, Bits, ByteOrder, DisplayHint, Enum, Family, Scalar};

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
        Some(Self {
            bits: scalar.byte_order.of(endian).number(bytes)?,
            bytes: bytes.len() as u8,
            signed: scalar.width.is_signed(),
            names: scalar.names.map(|it| (&family[it.id], it.as_flags)),
            hint: scalar.hint,
            cached: false,
        })
    }

    /// The same in a struct of these bytes, which may be the header of a route that is the answer
    /// to a lookup.
    pub(super) fn behind(self, header: &[u8]) -> Self {
        let (bit, name) = CLONED;
        let cached = self.bits & (1 << bit) != 0
            && header.first() == Some(&AF_INET)
            && self.names.is_some_and(|(names, as_flags)| {
                as_flags && names.by_value(bit.into()).is_some_and(|it| it.name == name)
            });
        Self { cached, ..self }
    }

    /// The bit-field in it.
    pub(super) fn part(self, field: Bits, endian: Endian) -> Self {
        let unused = 64 - u32::from(field.count);
        let behind = match endian {
            Endian::Little => field.before,
            Endian::Big => (self.bytes * 8).saturating_sub(field.before + field.count),
        };
        let bits = self.bits.checked_shr(behind.into()).unwrap_or(0);
        Self {
            bits: bits & u64::MAX.checked_shr(unused).unwrap_or(0),
            ..self
        }
    }

    /// A number by its enum, as if it had been on the wire.
    pub(super) fn named(family: &'a Family, scalar: Scalar, bits: u64) -> Self {
        Self {
            bits,
            bytes: 8,
            signed: false,
            names: scalar.names.map(|it| (&family[it.id], it.as_flags)),
            hint: scalar.hint,
            cached: false,
        }
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
        (!as_flags).then_some(())?;
        // The greatest number of 64 bits is called -1.
        let value = i64::try_from(self.value()).unwrap_or(self.bits.cast_signed());
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

impl ByteOrder {
    /// The order that it is where the machine's is `host`.
    pub(super) fn of(self, host: Endian) -> Endian {
        match self {
            Self::Host => host,
            Self::LittleEndian => Endian::Little,
            Self::BigEndian => Endian::Big,
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
