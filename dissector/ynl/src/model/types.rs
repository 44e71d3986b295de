// SPDX-License-Identifier: GPL-2.0-or-later
//! The resolved model: every reference looked up, every number known.

mod attributes;
mod ids;
mod operations;
mod structs;

use std::fmt;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use super::error::Refusal;
use crate::decode::GENERIC;

pub use attributes::*;
pub use ids::*;
pub use operations::*;
pub use structs::*;

/// A netlink family as its specification describes it.
///
/// Enums, structs, attribute sets and sub-messages are named by small ids that
/// index the family: `family[set_id]`, `family[enum_id]`. Sets may nest in
/// each other in cycles, which ids say without ownership.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Family {
    /// Name of the family, as the kernel registers it: `nl_util`.
    pub name: String,
    /// Over which netlink protocol, and by which schema.
    pub protocol: Protocol,
    /// What the family is for; may have several paragraphs.
    pub doc: String,
    /// Version of the family in the generic netlink header; 1 by default.
    pub version: u8,
    /// The C header that has the family's numbers: `linux/nl_util.h`.
    pub uapi_header: String,
    /// C constant of the family's name: `NL_UTIL_FAMILY_NAME`.
    pub c_family_name: String,
    /// C constant of the family's version: `NL_UTIL_FAMILY_VERSION`.
    pub c_version_name: String,
    /// In C the counts of attributes and operations are `#define`s, not
    /// members of their enums.
    pub max_by_define: bool,
    /// For which messages the kernel has policies of their own.
    pub kernel_policy: KernelPolicy,
    /// Constants, in the order of the file.
    pub constants: Vec<Constant>,
    /// Enums and flags, in the order of the file. Indexed by [`EnumId`].
    pub enums: Vec<Enum>,
    /// Structs, in the order of the file. Indexed by [`StructId`].
    pub structs: Vec<Struct>,
    /// Attribute sets, in the order of the file. Indexed by [`SetId`].
    pub sets: Vec<AttrSet>,
    /// Sub-messages (netlink-raw only). Indexed by [`SubMessageId`].
    pub sub_messages: Vec<SubMessage>,
    /// Operations, notifications and events, in the order of the file.
    pub operations: Vec<Operation>,
    /// C names around the operations.
    pub operation_names: OperationNames,
    /// Multicast groups, in the order of the file.
    pub groups: Vec<McastGroup>,
    /// What is wrong in the specification but takes nothing from what it says:
    /// the kernel's netlink-raw specifications, from which it generates no
    /// code, list attributes of operations that exist nowhere.
    pub oddities: Vec<Refusal>,
}

impl Family {
    /// The attribute set of that name.
    pub fn set(&self, name: &str) -> Option<SetId> {
        self.sets
            .iter()
            .position(|it| it.name == name)
            .map(SetId::at)
    }

    /// The enum or flags of that name.
    pub fn enumeration(&self, name: &str) -> Option<EnumId> {
        self.enums
            .iter()
            .position(|it| it.name == name)
            .map(EnumId::at)
    }

    /// The struct of that name.
    pub fn structure(&self, name: &str) -> Option<StructId> {
        (self.structs.iter().position(|it| it.name == name)).map(StructId::at)
    }

    /// The ids of all attribute sets, in the order of the file.
    pub fn set_ids(&self) -> impl Iterator<Item = SetId> + use<> {
        (0..self.sets.len()).map(SetId::at)
    }

    /// The ids of all enums, in the order of the file.
    pub fn enum_ids(&self) -> impl Iterator<Item = EnumId> + use<> {
        (0..self.enums.len()).map(EnumId::at)
    }

    /// The ids of all structs, in the order of the file.
    pub fn struct_ids(&self) -> impl Iterator<Item = StructId> + use<> {
        (0..self.structs.len()).map(StructId::at)
    }

    /// The operation of that name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|it| it.name == name)
    }

    /// The operation that a message from user space with this number asks for.
    pub fn request(&self, number: u16) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|it| it.request_number == Some(number))
    }

    /// The operation, notification or event that a message from the kernel
    /// with this number belongs to; the first, where a directional family
    /// answers several operations alike.
    pub fn reply(&self, number: u16) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|it| it.reply_number == Some(number))
    }

    /// The operation that an answer with this number belongs to, in generic netlink also one of
    /// which the specification has no answer: it has the request's number and attributes, as
    /// devlink's `health-reporter-diagnose` has.
    pub fn answer(&self, number: u16) -> Option<&Operation> {
        self.reply(number).or_else(|| {
            self.request(number)
                .filter(|it| self.protocol.is_generic() && it.reply_number.is_none())
        })
    }

    /// Whether the kernel sends messages of this number by itself alone: in some families events
    /// are numbered as answers are.
    pub fn is_unasked(&self, number: u16) -> bool {
        let mut all = (self
            .operations
            .iter()
            .filter(|it| it.reply_number == Some(number)))
        .peekable();
        all.peek().is_some() && all.all(Operation::is_async)
    }

    /// The struct before the attributes and the set of these that all operations have in common:
    /// a message of one that the specification does not list has them, too.
    pub fn common(&self) -> (Option<StructId>, Option<SetId>) {
        let mut all = self.operations.iter().filter(|it| it.set.is_some());
        let Some(first) = all.next() else {
            return (None, None);
        };
        let mut common = (first.fixed_header, first.set);
        for it in all {
            if it.fixed_header != first.fixed_header {
                common.0 = None;
            }
            if it.set != first.set {
                common.1 = None;
            }
        }
        common
    }

    /// The attributes that a message of the operation lists.
    pub fn attributes_of<'a>(
        &'a self,
        operation: &Operation,
        message: &'a Message,
    ) -> impl Iterator<Item = &'a Attribute> {
        let set = operation.set_of(Some(message)).map(|id| &self[id]);
        message
            .attributes
            .iter()
            .filter_map(move |name| set?.by_name(name))
    }
}

/// The netlink protocol of a family, and the schema of its specification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Generic netlink, by the schema `genetlink`.
    #[default]
    Genetlink,
    /// Generic netlink, by the schema `genetlink-c`.
    GenetlinkC,
    /// Generic netlink, by the schema `genetlink-legacy`.
    GenetlinkLegacy,
    /// A netlink protocol of its own, by the schema `netlink-raw`.
    Raw {
        /// The protocol's number: 0 for `NETLINK_ROUTE`.
        number: u8,
    },
}

impl Protocol {
    /// Whether the family lives in generic netlink.
    pub fn is_generic(self) -> bool {
        !matches!(self, Self::Raw { .. })
    }

    /// Its number, `NETLINK_*` of linux/netlink.h.
    pub fn number(self) -> u16 {
        match self {
            Self::Raw { number } => number.into(),
            _ => GENERIC,
        }
    }
}

/// For which messages the kernel checks attributes by a policy of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelPolicy {
    /// For do and dump of each operation.
    #[default]
    Split,
    /// For each operation.
    PerOp,
    /// One for the family.
    Global,
}

/// A named constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// Name in the specification.
    pub name: String,
    /// Name in C.
    pub c_name: String,
    /// Its value.
    pub value: ConstantValue,
    /// The C header that defines it, if it is not the family's own.
    pub header: Option<String>,
    /// Whether it belongs to the family's uapi header.
    pub uapi: bool,
    /// What it means.
    pub doc: String,
}

/// What a constant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstantValue {
    /// A number.
    Number(i128),
    /// A text.
    Text(String),
}

/// An enum, or a set of flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enum {
    /// Name in the specification: `device-flags`.
    pub name: String,
    /// The C enum's name; `None` for an anonymous one.
    pub c_enum_name: Option<String>,
    /// What C names of entries begin with: `IFF_`.
    pub c_prefix: String,
    /// Entries are bits, and their values bit numbers.
    pub is_flags: bool,
    /// In C a last member tells the greatest value (or mask) that there is.
    pub render_max: bool,
    /// The C header that defines it, if it is not the family's own.
    pub header: Option<String>,
    /// Whether it belongs to the family's uapi header.
    pub uapi: bool,
    /// What it means.
    pub doc: String,
    /// Entries, in the order of the file.
    pub entries: Vec<EnumEntry>,
}

impl Enum {
    /// The entry of that value (for flags: bit number).
    pub fn by_value(&self, value: i64) -> Option<&EnumEntry> {
        let first = self.entries.first()?.value;
        // Nearly all enums count up without a gap.
        let at = usize::try_from(value.wrapping_sub(first)).unwrap_or(usize::MAX);
        let hit = self.entries.get(at).filter(|it| it.value == value);
        hit.or_else(|| self.entries.iter().find(|it| it.value == value))
    }

    /// All bits that have a name; the entries' values are taken as bit
    /// numbers, those that do not fit are left out.
    pub fn mask(&self) -> u64 {
        self.entries
            .iter()
            .filter_map(|it| 1u64.checked_shl(u32::try_from(it.value).ok()?))
            .fold(0, |mask, bit| mask | bit)
    }
}

/// One value of an [`Enum`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumEntry {
    /// Name in the specification: `lower-up`.
    pub name: String,
    /// Name in C: `IFF_LOWER_UP`.
    pub c_name: String,
    /// The value; of flags the number of the bit, counted from 0.
    pub value: i64,
    /// What it means.
    pub doc: String,
}

/// A number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar {
    /// Width and sign.
    pub width: ScalarType,
    /// Order of its bytes.
    pub byte_order: ByteOrder,
    /// The enum that names its values.
    pub names: Option<EnumUse>,
    /// How to show it.
    pub hint: Option<DisplayHint>,
}

/// Width and sign of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ScalarType {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    /// Unsigned, of 4 or 8 bytes; the length of the attribute tells.
    Uint,
    /// Signed, of 4 or 8 bytes; the length of the attribute tells.
    Sint,
}

impl ScalarType {
    /// Its name in specifications: `u32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::Uint => "uint",
            Self::Sint => "sint",
        }
    }

    /// The type of that name in specifications.
    pub fn by_name(name: &str) -> Option<Self> {
        let all = [
            Self::U8,
            Self::U16,
            Self::U32,
            Self::U64,
            Self::S8,
            Self::S16,
            Self::S32,
            Self::S64,
            Self::Uint,
            Self::Sint,
        ];
        all.into_iter().find(|it| it.name() == name)
    }

    /// Bytes on the wire; `None` where each attribute tells by its length.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::U8 | Self::S8 => Some(1),
            Self::U16 | Self::S16 => Some(2),
            Self::U32 | Self::S32 => Some(4),
            Self::U64 | Self::S64 => Some(8),
            Self::Uint | Self::Sint => None,
        }
    }

    /// Whether it has a sign.
    pub fn is_signed(self) -> bool {
        matches!(
            self,
            Self::S8 | Self::S16 | Self::S32 | Self::S64 | Self::Sint
        )
    }
}

/// Order of a number's bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteOrder {
    /// That of the machine that speaks.
    #[default]
    #[serde(skip)]
    Host,
    /// Least significant byte first, on every machine.
    LittleEndian,
    /// Most significant byte first, on every machine.
    BigEndian,
}

/// Which enum names a number, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnumUse {
    /// The enum.
    pub id: EnumId,
    /// The number is a set of bits: the enum is flags, or the attribute asks
    /// for its entries as bit numbers (`enum-as-flags`).
    pub as_flags: bool,
}

/// How people like to see a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisplayHint {
    /// Hexadecimal digits.
    Hex,
    /// An address of the link layer: of Ethernet 6 bytes, of a tunnel the 4 of IPv4 or the 16 of
    /// IPv6; 32 bytes are room for one.
    Mac,
    /// An FDDI address, 6 bytes.
    Fddi,
    /// An IPv4 address, 4 bytes.
    Ipv4,
    /// An IPv6 address, 16 bytes, or several of them.
    Ipv6,
    /// An IPv4 or IPv6 address; the length tells.
    Ipv4OrV6,
    /// An IPv4 or IPv6 address in 16 bytes, the former in the first four: by the address family
    /// that the struct says, else by whether zeros follow (not in YNL).
    InetAddress,
    /// A `struct sockaddr` with an address of IPv4 or IPv6 and a port (not in YNL).
    SocketAddress,
    /// A UUID, 16 bytes.
    Uuid,
    /// A stack of MPLS labels, 4 bytes each (not in YNL).
    Mpls,
    /// The number of a link, which has a name (not in YNL).
    Ifindex,
    /// An address of a route, by the family in its header: MPLS labels, or an IPv4 or IPv6
    /// address (not in YNL).
    RouteAddress,
    /// The address of a multicast group, by the number called `proto` in the same struct: of
    /// IPv4, IPv6 or Ethernet (not in YNL).
    GroupAddress,
    /// Two realms of routes in one number, from which and to which (not in YNL).
    Realms,
    /// A handle of traffic control, 4 bytes: `1:10` (not in YNL).
    TcHandle,
    /// What an action of traffic control decides, 4 bytes: a jump, another chain (not in YNL).
    TcVerdict,
    /// The name of a socket of this machine: a path, or behind a NUL an abstract name (not in
    /// YNL).
    SocketName,
    /// A text of `key=value` pairs, as records of the audit system are (not in YNL).
    KeyValue,
}

impl DisplayHint {
    /// The hint of that name in specifications.
    pub fn by_name(name: &str) -> Option<Self> {
        let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            name.into_deserializer();
        Self::deserialize(name).ok()
    }
}

/// Its name in specifications: `ipv4-or-v6`.
impl fmt::Display for DisplayHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
