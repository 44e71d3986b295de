// SPDX-License-Identifier: GPL-2.0-or-later
//! Attribute sets, attributes, and what these hold.

use super::{DisplayHint, EnumId, Scalar, SetId, StructId, SubMessageId};

/// The most nests in nests whose numbers are values that there are.
pub const MOST_KEYS: usize = 4;

/// What begins the name of an attribute that has none: its number follows. The kernel's
/// policies ([`Policies`](crate::decode::Policies)) know attributes by their number only.
pub const UNNAMED: char = '#';

/// A space of attribute numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttrSet {
    /// Name in the specification: `netdev`.
    pub name: String,
    /// The set whose numbers, names and C names this one shares.
    pub subset_of: Option<SetId>,
    /// The C enum's name; `None` for an anonymous one.
    pub c_enum_name: Option<String>,
    /// What C names of attributes begin with: `NL_UTIL_NESTED_A_`.
    pub c_prefix: String,
    /// C name of the greatest number: `NL_UTIL_NESTED_A_MAX`.
    pub c_max_name: String,
    /// C name of the number after it: `__NL_UTIL_NESTED_A_MAX`.
    pub c_count_name: String,
    /// What the set is.
    pub doc: String,
    /// Attributes, in the order of the file.
    pub attributes: Vec<Attribute>,
}

impl AttrSet {
    /// The attribute of that name.
    pub fn by_name(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|it| it.name == name)
    }

    /// The attribute of that number, as it stands in `nla_type` without the
    /// two flags.
    pub fn by_number(&self, number: u16) -> Option<&Attribute> {
        // Nearly all sets count up from 0 or 1 without a gap.
        let first = self.attributes.first()?.number;
        let at = usize::from(number.wrapping_sub(first));
        let hit = self.attributes.get(at).filter(|it| it.number == number);
        hit.or_else(|| self.attributes.iter().find(|it| it.number == number))
    }

    /// The greatest number in use; 0 for an empty set.
    pub fn max_number(&self) -> u16 {
        (self.attributes.iter().map(|it| it.number).max()).unwrap_or(0)
    }
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name in the specification: `ifindex`.
    pub name: String,
    /// Name in C: `NL_UTIL_NESTED_A_IFINDEX`.
    pub c_name: String,
    /// `nla_type` without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    pub number: u16,
    /// May stand several times in a row, once for each element of an array.
    pub multi: bool,
    /// What it holds.
    pub kind: AttrKind,
    /// What the kernel checks in requests.
    pub checks: Checks,
    /// What it means.
    pub doc: String,
}

impl Attribute {
    /// Its name, unless it has none but its number.
    pub fn known_name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.starts_with(UNNAMED))
    }
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttrKind {
    /// A number that is kept free.
    Unused,
    /// Padding, so that what follows is aligned.
    Pad,
    /// No payload: to be there is its value.
    Flag,
    /// A number.
    Scalar(Scalar),
    /// A text, ended by a NUL.
    String,
    /// Bytes.
    Binary {
        /// How to show them.
        hint: Option<DisplayHint>,
    },
    /// A C struct. Kernels append members: a reader takes what it knows.
    Struct(StructId),
    /// A C array of numbers.
    Array(Scalar),
    /// A C array of structs of at least one byte.
    Structs(StructId),
    /// Structs with attributes behind each, which has the length of both in a member.
    /// The next one begins at a multiple of 4 bytes.
    Entries {
        /// The struct.
        head: StructId,
        /// Which of its members has the length, the struct's own bytes among them: an
        /// unsigned number.
        length: usize,
        /// The set of the attributes.
        set: SetId,
    },
    /// Structs each of which has its own length in a member; the last member is bytes up to
    /// there. The next one begins at a multiple of 4 bytes.
    Sized {
        /// The struct.
        head: StructId,
        /// Which of its members has the length: an unsigned number.
        length: usize,
    },
    /// `struct nla_bitfield32`: value and selector, u32 each.
    Bitfield32 {
        /// The enum whose entries name the bits.
        bits: Option<EnumId>,
    },
    /// Attributes of a set.
    Nest(SetId),
    /// Attributes whose numbers are array indexes, each holding an element.
    IndexedArray(ArrayElement),
    /// Nests in nests whose numbers are values, with attributes of a set in
    /// the innermost.
    NestTypeValue {
        /// What the numbers are, outermost first.
        keys: Vec<String>,
        /// The set.
        set: SetId,
    },
    /// Nests in nests whose numbers are values, with a number in the innermost
    /// (a number with `type-value`, as ethtool's statistics have it).
    ScalarTypeValue {
        /// What the numbers of the nests are, outermost first.
        keys: Vec<String>,
        /// What the innermost holds.
        scalar: Scalar,
    },
    /// A payload whose form another attribute of the message selects.
    SubMessage {
        /// The forms that there are.
        message: SubMessageId,
        /// Name of the attribute that selects.
        selector: String,
    },
}

/// What an [`AttrKind::IndexedArray`] holds at each index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrayElement {
    /// Attributes of a set.
    Nest(SetId),
    /// A number.
    Scalar(Scalar),
    /// Bytes.
    Binary {
        /// How to show them.
        hint: Option<DisplayHint>,
    },
    /// A text.
    String,
    /// A payload of several forms, each of which begins with the same struct.
    SubMessage {
        /// The struct.
        head: StructId,
        /// The forms that there are.
        message: SubMessageId,
        /// Name of the struct's member that selects.
        selector: String,
    },
}

/// What the kernel checks of an attribute in a request. Lengths are bytes of
/// the payload; of strings without the NUL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// The flags that may be set.
    pub flags_mask: Option<EnumId>,
    /// Least value.
    pub min: Option<i128>,
    /// Greatest value.
    pub max: Option<i128>,
    /// Least length.
    pub min_len: Option<u32>,
    /// Greatest length.
    pub max_len: Option<u32>,
    /// The one length that there is.
    pub exact_len: Option<u32>,
    /// A string need not end with a NUL.
    pub unterminated_ok: bool,
}

/// A payload of several forms (netlink-raw).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubMessage {
    /// Name in the specification.
    pub name: String,
    /// Its forms.
    pub formats: Vec<SubMessageFormat>,
}

/// One form of a [`SubMessage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubMessageFormat {
    /// The selecting attribute's value.
    pub value: String,
    /// The struct that comes first.
    pub fixed_header: Option<StructId>,
    /// The set of the attributes that follow.
    pub set: Option<SetId>,
}
