// SPDX-License-Identifier: GPL-2.0-or-later
//! Attributes by a specification: which set they are of, and what they hold.

use std::iter::successors;

use super::fields::{Field, Fields, HEADER};
use super::guess::guess;
use super::keyed::{Holds, Keyed};
use super::record::{Record, by_family};
use super::records::Records;
use super::secrets;
use super::selector::format_of;
use super::value::{Indexed, Number, Numbers, Value};
use super::{Endian, Malformed};
use crate::model::{
    ArrayElement, AttrKind, AttrSet, DisplayHint, Family, Scalar, SetId, SubMessageFormat,
};

/// The most levels of attributes that are entered. The kernel's own families
/// have no more than a dozen; a message could have 65,536.
pub const DEEPEST: u8 = 32;

/// The member of `struct rtmsg` that says of which family a route is, and AF_MPLS.
const ROUTE_FAMILY: &str = "rtm-family";
const AF_MPLS: u64 = 28;

/// A place in a message where attributes stand: the message's end, or a nest.
///
/// Without a family or a set nothing is known of the attributes, and their
/// values are guessed.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    pub(super) family: Option<&'a Family>,
    pub(super) set: Option<&'a AttrSet>,
    endian: Endian,
    /// The byte order of numbers of which nothing is known.
    number_order: Endian,
    bytes: &'a [u8],
    offset: usize,
    depth: u8,
    /// The struct before the attributes, a member of which may be a selector.
    pub(super) header: Option<Record<'a>>,
    /// The level that this one is in, where selectors are looked for too.
    pub(super) outer: Option<&'a Level<'a>>,
    /// Which protocol's sockets the request asked for that the message answers.
    pub(super) asked: Option<u64>,
    /// Those of its attributes that are secret, or have secrets in them.
    pub(super) secrets: secrets::Attributes,
}

/// A set, and the family that its ids index.
pub(super) type SetOf<'a> = (&'a Family, &'a AttrSet);

/// A value, and whether it is certain.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Nothing says that it is of this type; it merely looks like it.
    pub guessed: bool,
}

impl<'a> Level<'a> {
    /// The attributes `bytes`, with `offset` bytes before them in the message.
    pub fn new(
        family: Option<&'a Family>,
        set: Option<&'a AttrSet>,
        endian: Endian,
        bytes: &'a [u8],
        offset: usize,
    ) -> Self {
        Self {
            family,
            set,
            endian,
            number_order: endian,
            bytes,
            offset,
            depth: 0,
            header: None,
            outer: None,
            asked: None,
            secrets: &[],
        }
    }

    /// Says in which byte order numbers are of which nothing is known, and behind which struct
    /// the attributes are.
    pub(super) fn describe(&mut self, number_order: Endian, header: Option<Record<'a>>) {
        self.number_order = number_order;
        self.header = header;
    }

    /// The same attributes, with numbers of which nothing is known in this byte order
    /// ([`Message::number_order`](super::Message::number_order)); by default that of the machine.
    pub fn with_number_order(self, number_order: Endian) -> Self {
        Self {
            number_order,
            ..self
        }
    }

    /// The byte order of numbers of which nothing is known.
    pub(super) fn number_order(&self) -> Endian {
        self.number_order
    }

    /// Says which protocol's sockets were asked for.
    pub(super) fn asked(&mut self, protocol: Option<u64>) {
        self.asked = protocol;
    }

    /// Other attributes at the same depth, behind a struct.
    pub(super) fn moved(self, bytes: &'a [u8], offset: usize, header: Record<'a>) -> Self {
        Self {
            bytes,
            offset,
            header: Some(header),
            ..self
        }
    }

    /// Other attributes at the same depth, behind no struct.
    pub(super) fn at(self, bytes: &'a [u8], offset: usize) -> Self {
        Self {
            bytes,
            offset,
            header: None,
            ..self
        }
    }

    /// The same bytes as attributes of another set.
    pub(super) fn of_set(self, family: &'a Family, set: Option<&'a AttrSet>) -> Self {
        Self {
            family: Some(family),
            set,
            ..self
        }
    }

    /// The set that the attributes are of, if that is known.
    pub fn set(&self) -> Option<&'a AttrSet> {
        self.set
    }

    /// The attributes, as bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes before them in the message.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether that byte of the message is in it.
    pub(super) fn has(&self, target: usize) -> bool {
        (self.offset..self.offset + self.bytes.len()).contains(&target)
    }

    /// The bytes from what is no attribute to the end.
    pub fn rest(&self, malformed: &Malformed) -> &'a [u8] {
        let at = malformed.offset.saturating_sub(self.offset);
        self.bytes.get(at..).unwrap_or(&[])
    }

    /// Whether it is attributes to the last byte.
    pub fn is_whole(&self) -> bool {
        self.fields()
            .all(|field| field.is_ok_and(|it| it.missing == 0))
    }

    /// The byte order of the machine that spoke.
    pub fn endian(&self) -> Endian {
        self.endian
    }

    /// The attributes one after another; one that is cut off is the last.
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.set, self.endian, self.bytes, self.offset)
    }

    /// What an attribute of this level holds.
    pub fn read<'b>(&'b self, field: &Field<'b>) -> Read<'b> {
        let read = self.read_all(field);
        let value = self.cover(read.value, field);
        Read {
            guessed: read.guessed && !matches!(value, Value::Secret(_)),
            value,
        }
    }

    fn read_all<'b>(&'b self, field: &Field<'b>) -> Read<'b> {
        let certain = |value| Read {
            value,
            guessed: false,
        };
        let guessed = || Read {
            value: guess(self, field),
            guessed: true,
        };
        let (Some(family), Some(spec)) = (self.family, field.spec) else {
            return guessed();
        };
        let payload = field.attribute.payload;
        let set = |id: SetId| Some((family, &family[id]));
        certain(match &spec.kind {
            AttrKind::Unused | AttrKind::Pad => Value::Padding(payload),
            AttrKind::Flag => Value::Flag,
            AttrKind::Scalar(scalar) => self.number(family, *scalar, field),
            AttrKind::String => Value::Text(until_nul(payload)),
            AttrKind::Binary {
                hint: Some(DisplayHint::InetAddress),
            } => by_family(self.address_family(), payload),
            AttrKind::Binary { hint } => Value::Bytes {
                bytes: payload,
                hint: self.concrete(*hint),
            },
            AttrKind::Struct(id) => Value::Struct(Record::new(
                family,
                &family[*id],
                self.endian,
                payload,
                field.offset + HEADER,
            )),
            AttrKind::Array(scalar) => {
                Value::Array(Numbers::new(family, *scalar, self.endian, payload))
            }
            AttrKind::Structs(id) => {
                let level = self.inside(None, field);
                Value::Records(Records::structs(family, &family[*id], level))
            }
            AttrKind::Entries {
                head,
                length,
                set: inner,
            } => match self.inner(set(*inner), field) {
                Some(level) => {
                    Value::Records(Records::entries(family, &family[*head], *length, level))
                }
                None => Value::TooDeep(payload),
            },
            AttrKind::Sized { head, length } => {
                let level = self.inside(None, field);
                Value::Records(Records::sized(family, &family[*head], *length, level))
            }
            AttrKind::Bitfield32 { bits } => {
                let word = |at: usize| self.endian.u32(payload.get(at..)?);
                match (payload.len(), word(0), word(4)) {
                    (8, Some(value), Some(selector)) => Value::Bits {
                        value,
                        selector,
                        names: bits.map(|id| &family[id]),
                    },
                    _ => Value::Odd(payload),
                }
            }
            AttrKind::Nest(id) => self.nest(set(*id), field),
            AttrKind::IndexedArray(element) => match self.inner(None, field) {
                Some(level) => Value::Indexed(Indexed {
                    level: level.of_set(family, None),
                    element,
                }),
                None => Value::TooDeep(payload),
            },
            AttrKind::NestTypeValue { keys, set } => {
                self.keyed(keys, Holds::Attributes((family, &family[*set])), field)
            }
            AttrKind::ScalarTypeValue { keys, scalar } => {
                self.keyed(keys, Holds::Number(family, *scalar), field)
            }
            AttrKind::SubMessage { message, selector } => {
                let formats = &family[*message].formats;
                match self.selected(selector, formats, payload.len()) {
                    Some(format) => self.sub_message(family, format, field),
                    None => return guessed(),
                }
            }
        })
    }

    /// How to show an address, where the header of the message says of which kind it is.
    fn concrete(&self, hint: Option<DisplayHint>) -> Option<DisplayHint> {
        if hint != Some(DisplayHint::RouteAddress) {
            return hint;
        }
        let mut levels = successors(Some(self), |it| it.outer).take(usize::from(DEEPEST));
        let family = levels.find_map(|it| it.header?.by_name(ROUTE_FAMILY));
        Some(match family {
            Some(Value::Number(family)) if family.bits() == AF_MPLS => DisplayHint::Mpls,
            _ => DisplayHint::Ipv4OrV6,
        })
    }

    /// The address family that the header of the message names.
    fn address_family(&self) -> Option<u64> {
        let mut levels = successors(Some(self), |it| it.outer).take(usize::from(DEEPEST));
        levels.find_map(|it| it.header?.address_family(""))
    }

    pub(super) fn number<'b>(
        &'b self,
        family: &'b Family,
        scalar: Scalar,
        field: &Field<'b>,
    ) -> Value<'b> {
        let net = field.attribute.net_byteorder;
        let endian = if net { Endian::Big } else { self.endian };
        let payload = field.attribute.payload;
        match Number::read(family, scalar, endian, payload) {
            Some(number) => Value::Number(number),
            None => Value::Odd(payload),
        }
    }

    /// The level in an attribute of this one; `None` where it is too deep.
    pub(super) fn inner<'b>(
        &'b self,
        set: Option<SetOf<'b>>,
        field: &Field<'b>,
    ) -> Option<Level<'b>> {
        (self.depth < DEEPEST).then(|| self.inside(set, field))
    }

    fn inside<'b>(&'b self, set: Option<SetOf<'b>>, field: &Field<'b>) -> Level<'b> {
        Level {
            family: set.map_or(self.family, |(family, _)| Some(family)),
            set: set.map(|(_, set)| set),
            endian: self.endian,
            number_order: self.number_order,
            bytes: field.attribute.payload,
            offset: field.offset + HEADER,
            depth: self.depth.saturating_add(1),
            header: None,
            outer: Some(self),
            asked: self.asked,
            secrets: secrets::inside(self.secrets, field.attribute.number),
        }
    }

    pub(super) fn nest<'b>(&'b self, set: Option<SetOf<'b>>, field: &Field<'b>) -> Value<'b> {
        match self.inner(set, field) {
            Some(level) => Value::Nest(level),
            None => Value::TooDeep(field.attribute.payload),
        }
    }

    /// What an element of an indexed array holds.
    pub(super) fn element<'b>(&'b self, element: &'b ArrayElement, field: &Field<'b>) -> Value<'b> {
        let payload = field.attribute.payload;
        let Some(family) = self.family else {
            return self.cover(Value::Odd(payload), field);
        };
        let value = match element {
            ArrayElement::Nest(id) => self.nest(Some((family, &family[*id])), field),
            ArrayElement::Scalar(scalar) => self.number(family, *scalar, field),
            ArrayElement::Binary {
                hint: Some(DisplayHint::InetAddress),
            } => by_family(self.address_family(), payload),
            ArrayElement::Binary { hint } => Value::Bytes {
                bytes: payload,
                hint: *hint,
            },
            ArrayElement::String => Value::Text(until_nul(payload)),
            ArrayElement::SubMessage {
                head,
                message,
                selector,
            } => {
                let start = field.offset + HEADER;
                let head = Record::new(family, &family[*head], self.endian, payload, start);
                let formats = &family[*message].formats;
                let selects = head.by_name(selector);
                match selects.and_then(|it| format_of(&it, formats)) {
                    Some(format) => self.sub_message(family, format, field),
                    None => Value::Struct(head),
                }
            }
        };
        self.cover(value, field)
    }

    /// Nests in nests, whose numbers are values.
    fn keyed<'b>(&'b self, keys: &'b [String], holds: Holds<'b>, field: &Field<'b>) -> Value<'b> {
        match Keyed::new(self, field, keys, holds) {
            Some(keyed) => Value::Keyed(keyed),
            None => Value::Odd(field.attribute.payload),
        }
    }

    fn sub_message<'b>(
        &'b self,
        family: &'b Family,
        format: &'b SubMessageFormat,
        field: &Field<'b>,
    ) -> Value<'b> {
        let payload = field.attribute.payload;
        let start = field.offset + HEADER;
        let layout = format.fixed_header.map(|id| &family[id]);
        let header = layout.map(|layout| {
            // Behind it are the attributes, or nothing that is known.
            let end = format.set.map_or(payload.len(), |_| layout.size);
            let bytes = payload.get(..end).unwrap_or(payload);
            Record::new(family, layout, self.endian, bytes, start)
        });
        let length = layout.map_or(0, |layout| layout.size.next_multiple_of(4));
        let level = format.set.and_then(|id| {
            let mut level = self.inner(Some((family, &family[id])), field)?;
            level.bytes = payload.get(length..).unwrap_or(&[]);
            level.offset += length;
            level.header = header;
            Some(level)
        });
        if format.set.is_some() && level.is_none() {
            return Value::TooDeep(payload);
        }
        Value::SubMessage { header, level }
    }
}

/// The text before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}
