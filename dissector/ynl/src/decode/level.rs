// SPDX-License-Identifier: GPL-2.0-or-later
//! Attributes by a specification: which set they are of, and what they hold.

use super::guess::guess;
use super::records::Records;
use super::value::{Indexed, Inner, Keyed, Number, Numbers, Record, Value};
use super::{Attribute, Endian, Malformed};
use crate::model::{
    self, ArrayElement, AttrKind, AttrSet, Family, MOST_KEYS, Scalar, SubMessageFormat,
};

/// The most levels of attributes that are entered. The kernel's own families
/// have no more than a dozen; a message could have 65,536.
pub const DEEPEST: u8 = 32;

/// How many attributes of a level are looked through for a selector.
const SELECTOR_REACH: usize = 256;

/// A place in a message where attributes stand: the message's end, or a nest.
///
/// Without a family or a set nothing is known of the attributes, and their
/// values are guessed.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    family: Option<&'a Family>,
    set: Option<&'a AttrSet>,
    endian: Endian,
    /// The byte order of numbers of which nothing is known.
    number_order: Endian,
    bytes: &'a [u8],
    offset: usize,
    depth: u8,
    /// The struct before the attributes, a member of which may be a selector.
    header: Option<Record<'a>>,
    /// The level that this one is in, where selectors are looked for too.
    outer: Option<&'a Level<'a>>,
}

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
}

impl<'a> Field<'a> {
    /// What the specification calls it; `None` where it has no name.
    pub fn name(&self) -> Option<&'a str> {
        self.spec?.known_name()
    }
}

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
        }
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

    /// Other attributes at the same depth, behind a struct.
    pub(super) fn moved(self, bytes: &'a [u8], offset: usize, header: Record<'a>) -> Self {
        Self {
            bytes,
            offset,
            header: Some(header),
            ..self
        }
    }

    /// The same attributes, behind a struct.
    pub(super) fn behind(self, header: Option<Record<'a>>) -> Self {
        Self { header, ..self }
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
    pub(super) fn offset(&self) -> usize {
        self.offset
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
        Fields {
            set: self.set,
            endian: self.endian,
            bytes: self.bytes,
            at: 0,
            offset: self.offset,
        }
    }

    /// What an attribute of this level holds.
    pub fn read<'b>(&'b self, field: &Field<'b>) -> Read<'b> {
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
        certain(match &spec.kind {
            AttrKind::Unused | AttrKind::Pad => Value::Padding(payload),
            AttrKind::Flag => Value::Flag,
            AttrKind::Scalar(scalar) => self.number(family, *scalar, field),
            AttrKind::String => Value::Text(until_nul(payload)),
            AttrKind::Binary { hint } => Value::Bytes {
                bytes: payload,
                hint: *hint,
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
            AttrKind::Entries { head, length, set } => {
                match self.inner(Some(&family[*set]), field) {
                    Some(level) => {
                        Value::Records(Records::entries(family, &family[*head], *length, level))
                    }
                    None => Value::TooDeep(payload),
                }
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
            AttrKind::Nest(id) => self.nest(Some(&family[*id]), field),
            AttrKind::IndexedArray(element) => match self.inner(None, field) {
                Some(level) => Value::Indexed(Indexed { level, element }),
                None => Value::TooDeep(payload),
            },
            AttrKind::NestTypeValue { keys, set } => {
                self.keyed(keys, field, |inner| match inner.nest_level(&family[*set]) {
                    Some(level) => Some(Inner::Nest(level)),
                    None => Some(Inner::TooDeep),
                })
            }
            AttrKind::ScalarTypeValue { keys, scalar } => {
                self.keyed(keys, field, |inner| {
                    match self.number(family, *scalar, &inner.field) {
                        Value::Number(number) => Some(Inner::Number(number)),
                        _ => None,
                    }
                })
            }
            AttrKind::SubMessage { message, selector } => {
                let formats = &family[*message].formats;
                match self.selected(selector, formats, 0) {
                    Some(format) => self.sub_message(family, format, field),
                    None => return guessed(),
                }
            }
        })
    }

    fn number<'b>(&'b self, family: &'b Family, scalar: Scalar, field: &Field<'b>) -> Value<'b> {
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
        set: Option<&'b AttrSet>,
        field: &Field<'b>,
    ) -> Option<Level<'b>> {
        (self.depth < DEEPEST).then(|| self.inside(set, field))
    }

    fn inside<'b>(&'b self, set: Option<&'b AttrSet>, field: &Field<'b>) -> Level<'b> {
        Level {
            family: self.family,
            set,
            endian: self.endian,
            number_order: self.number_order,
            bytes: field.attribute.payload,
            offset: field.offset + HEADER,
            depth: self.depth.saturating_add(1),
            header: None,
            outer: Some(self),
        }
    }

    pub(super) fn nest<'b>(&'b self, set: Option<&'b AttrSet>, field: &Field<'b>) -> Value<'b> {
        match self.inner(set, field) {
            Some(level) => Value::Nest(level),
            None => Value::TooDeep(field.attribute.payload),
        }
    }

    /// What an element of an indexed array holds.
    pub(super) fn element<'b>(&'b self, element: &'b ArrayElement, field: &Field<'b>) -> Value<'b> {
        let payload = field.attribute.payload;
        let Some(family) = self.family else {
            return Value::Odd(payload);
        };
        match element {
            ArrayElement::Nest(id) => self.nest(Some(&family[*id]), field),
            ArrayElement::Scalar(scalar) => self.number(family, *scalar, field),
            ArrayElement::Binary { hint } => Value::Bytes {
                bytes: payload,
                hint: *hint,
            },
            ArrayElement::String => Value::Text(until_nul(payload)),
        }
    }

    /// Nests in nests, whose numbers are values.
    fn keyed<'b>(
        &'b self,
        keys: &'b [String],
        field: &Field<'b>,
        inner: impl FnOnce(Innermost<'b>) -> Option<Inner<'b>>,
    ) -> Value<'b> {
        let mut numbers = [0; MOST_KEYS];
        let mut field = *field;
        for number in numbers.iter_mut().take(keys.len()) {
            let nested = Fields {
                set: None,
                endian: self.endian,
                bytes: field.attribute.payload,
                at: 0,
                offset: field.offset + HEADER,
            };
            match nested.flatten().next() {
                Some(nested) => {
                    field = nested;
                    *number = field.attribute.number;
                }
                None => return Value::Odd(field.attribute.payload),
            }
        }
        match inner(Innermost { level: self, field }) {
            Some(inner) => Value::Keyed(Keyed {
                keys,
                numbers,
                inner,
            }),
            None => Value::Odd(field.attribute.payload),
        }
    }

    /// The form that the attribute called `selector` selects, which stands in
    /// this level or in one around it; or the member of a struct before one of
    /// them, which YNL does not have: the kernel numbers the attributes of a link
    /// otherwise where the header says that it is of a bridge.
    fn selected<'b>(
        &self,
        selector: &str,
        formats: &'b [SubMessageFormat],
        steps: u8,
    ) -> Option<&'b SubMessageFormat> {
        let outer = || {
            let mut members = self.header.iter().flat_map(|it| it.members());
            if let Some((_, value)) = members.find(|(member, _)| member.name == selector) {
                return format_of(&value, formats);
            }
            let outer = self.outer.filter(|_| steps < DEEPEST)?;
            outer.selected(selector, formats, steps + 1)
        };
        let Some(spec) = self.set.and_then(|set| set.by_name(selector)) else {
            return outer();
        };
        let mut near = self.fields().take(SELECTOR_REACH).flatten();
        match near.find(|it| it.attribute.number == spec.number) {
            Some(field) => format_of(&self.read(&field).value, formats),
            None => outer(),
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
        let header = layout.map(|layout| Record::new(family, layout, self.endian, payload, start));
        let length = layout.map_or(0, |layout| layout.size.next_multiple_of(4));
        let level = format.set.and_then(|id| {
            let mut level = self.inner(Some(&family[id]), field)?;
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

/// The form of a sub-message for that value of its selector.
fn format_of<'a>(
    value: &Value<'_>,
    formats: &'a [SubMessageFormat],
) -> Option<&'a SubMessageFormat> {
    match value {
        Value::Text(text) => formats.iter().find(|it| it.value.as_bytes() == *text),
        Value::Number(number) => match number.name() {
            Some(name) => formats.iter().find(|it| it.value == name),
            None => {
                let digits = number.value().to_string();
                formats.iter().find(|it| it.value == digits)
            }
        },
        _ => None,
    }
}

/// The innermost of nests whose numbers are values.
struct Innermost<'a> {
    level: &'a Level<'a>,
    field: Field<'a>,
}

impl<'a> Innermost<'a> {
    fn nest_level(&self, set: &'a AttrSet) -> Option<Level<'a>> {
        self.level.inner(Some(set), &self.field)
    }
}

/// Bytes of `struct nlattr`.
pub(super) const HEADER: usize = 4;

/// The text before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}

/// Iterator over the attributes of a [`Level`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    set: Option<&'a AttrSet>,
    endian: Endian,
    bytes: &'a [u8],
    at: usize,
    offset: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let header = Attribute::header(rest, self.endian);
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
            attribute,
        };
        self.at += length.next_multiple_of(4);
        Some(Ok(field))
    }
}
