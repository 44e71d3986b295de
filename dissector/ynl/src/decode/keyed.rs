// SPDX-License-Identifier: GPL-2.0-or-later
//! Nests in nests whose numbers are values: of a policy of the kernel the number of the policy
//! and that of the attribute.

use super::Malformed;
use super::fields::{Field, Fields, HEADER};
use super::level::{Level, SetOf};
use super::value::{Number, Value};
use crate::model::{Family, MOST_KEYS, Scalar};

/// Nests whose numbers are values; the kernel mostly sends one entry in each.
#[derive(Debug, Clone, Copy)]
pub struct Keyed<'a> {
    level: &'a Level<'a>,
    field: Field<'a>,
    keys: &'a [String],
    holds: Holds<'a>,
}

/// What the innermost nests hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holds<'a> {
    Attributes(SetOf<'a>),
    Number(&'a Family, Scalar),
}

/// One of [`Keyed`].
#[derive(Debug, Clone, Copy)]
pub struct KeyedEntry<'a> {
    keys: &'a [String],
    numbers: [u16; MOST_KEYS],
    /// What the innermost nest holds.
    pub inner: Inner<'a>,
}

/// What the innermost of nests whose numbers are values holds.
#[derive(Debug, Clone, Copy)]
pub enum Inner<'a> {
    /// Attributes.
    Nest(Level<'a>),
    /// A number.
    Number(Number<'a>),
    /// Bytes that are not as many as the number has.
    Odd(&'a [u8]),
    /// Attributes below the deepest level that is entered.
    TooDeep,
    /// A nest ends before the innermost: the last values are not there.
    Missing,
}

impl<'a> Keyed<'a> {
    /// The nests in an attribute; `None` where not even one is there.
    pub(super) fn new(
        level: &'a Level<'a>,
        field: &Field<'a>,
        keys: &'a [String],
        holds: Holds<'a>,
    ) -> Option<Self> {
        let keyed = Self {
            level,
            field: *field,
            keys,
            holds,
        };
        keyed.entries().next()?.ok()?;
        Some(keyed)
    }

    /// All of them, in the order of the message.
    pub fn entries(&self) -> KeyedEntries<'a> {
        let mut open = [const { None }; MOST_KEYS];
        open[0] = Some(self.fields(&self.field));
        KeyedEntries {
            keyed: *self,
            open,
            depth: 0,
            numbers: [0; MOST_KEYS],
        }
    }

    /// Whether it is attributes to the last byte.
    pub fn is_whole(&self) -> bool {
        self.entries().all(|it| {
            it.is_ok_and(|it| match &it.inner {
                Inner::Nest(level) => level.is_whole(),
                _ => true,
            })
        })
    }

    /// The bytes from what is no attribute to the end of the nest.
    pub fn rest(&self, malformed: &Malformed) -> &'a [u8] {
        let at = malformed.offset.saturating_sub(self.field.offset + HEADER);
        let rest = self.field.attribute.payload.get(at..).unwrap_or(&[]);
        &rest[..malformed.left.min(rest.len())]
    }

    fn fields(&self, nest: &Field<'a>) -> Fields<'a> {
        let (payload, offset) = (nest.attribute.payload, nest.offset + HEADER);
        Fields::new(None, self.level.endian(), payload, offset)
    }

    fn inner(&self, nest: &Field<'a>) -> Inner<'a> {
        match self.holds {
            Holds::Attributes(set) => match self.level.inner(Some(set), nest) {
                Some(level) => Inner::Nest(level),
                None => Inner::TooDeep,
            },
            Holds::Number(family, scalar) => match self.level.number(family, scalar, nest) {
                Value::Number(number) => Inner::Number(number),
                _ => Inner::Odd(nest.attribute.payload),
            },
        }
    }
}

impl<'a> KeyedEntry<'a> {
    /// The names of the values and the values, outermost first.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, u16)> + use<'a> {
        let numbers = self.numbers.into_iter();
        self.keys.iter().map(String::as_str).zip(numbers)
    }
}

/// Iterator over the entries of [`Keyed`].
#[derive(Debug, Clone)]
pub struct KeyedEntries<'a> {
    keyed: Keyed<'a>,
    /// The nests that are entered, outermost first.
    open: [Option<Fields<'a>>; MOST_KEYS],
    /// The innermost of them.
    depth: usize,
    numbers: [u16; MOST_KEYS],
}

impl<'a> Iterator for KeyedEntries<'a> {
    type Item = Result<KeyedEntry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let keyed = self.keyed;
        loop {
            let field = match self.open.get_mut(self.depth)?.as_mut()?.next() {
                Some(Ok(field)) => field,
                Some(Err(malformed)) => return Some(Err(malformed)),
                None => {
                    self.depth = self.depth.checked_sub(1)?;
                    continue;
                }
            };
            self.numbers[self.depth] = field.attribute.number;
            let known = self.depth + 1;
            let inner = match known == keyed.keys.len() {
                true => keyed.inner(&field),
                false if field.attribute.payload.is_empty() => Inner::Missing,
                false => {
                    *self.open.get_mut(known)? = Some(keyed.fields(&field));
                    self.depth = known;
                    continue;
                }
            };
            return Some(Ok(KeyedEntry {
                keys: &keyed.keys[..known],
                numbers: self.numbers,
                inner,
            }));
        }
    }
}
