// SPDX-License-Identifier: GPL-2.0-or-later
//! Structs one after another: C arrays (`struct nexthop_grp`), structs that have
//! attributes behind them and say how long both are (`struct rtnexthop`), and structs that say
//! how long they are themselves (`struct inet_diag_bc_op`).

use super::record::Record;
use super::value::Value;
use super::{Level, Malformed};
use crate::model::{Family, Member, MemberKind, Struct};

/// Structs one after another, which may have attributes behind them.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    family: &'a Family,
    layout: &'a Struct,
    /// All of them as bytes; of entries what their attributes are of, too.
    level: Level<'a>,
    /// The member that has the length, of structs that have one.
    length: Option<usize>,
    /// Whether there may be attributes behind each.
    has_attributes: bool,
    /// The first byte of each that is secret, as all behind it are.
    secret_from: usize,
}

/// One of [`Records`].
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its place in the array, from 0.
    pub index: usize,
    /// Bytes before it in the message.
    pub offset: usize,
    /// Bytes of it that there are.
    pub size: usize,
    /// Bytes of it that there are not; such a one is the last.
    pub missing: usize,
    /// A [`Value::Struct`], or a [`Value::SubMessage`] with both parts where there may
    /// be attributes.
    pub value: Value<'a>,
}

impl<'a> Records<'a> {
    /// A C array, of a struct that has bytes.
    pub(super) fn structs(family: &'a Family, layout: &'a Struct, level: Level<'a>) -> Self {
        Self {
            family,
            layout,
            level,
            length: None,
            has_attributes: false,
            secret_from: usize::MAX,
        }
    }

    /// Structs whose member at the place `length` has the length of each and its
    /// attributes.
    pub(super) fn entries(
        family: &'a Family,
        layout: &'a Struct,
        length: usize,
        level: Level<'a>,
    ) -> Self {
        Self {
            family,
            layout,
            level,
            length: Some(length),
            has_attributes: true,
            secret_from: usize::MAX,
        }
    }

    /// Structs whose member at the place `length` has the length of each.
    pub(super) fn sized(
        family: &'a Family,
        layout: &'a Struct,
        length: usize,
        level: Level<'a>,
    ) -> Self {
        Self {
            has_attributes: false,
            ..Self::entries(family, layout, length, level)
        }
    }

    /// The least bytes of one that has its length in it.
    fn least(&self) -> usize {
        match self.layout.members.last() {
            Some(Member {
                kind: MemberKind::Binary { .. },
                offset,
                ..
            }) if !self.has_attributes => *offset,
            _ => self.layout.size,
        }
    }

    /// The same with the bytes of each struct from `secret_from` on secret.
    pub(super) fn hiding(self, secret_from: usize) -> Self {
        Self {
            secret_from,
            ..self
        }
    }

    /// What each of the structs looks like.
    pub fn layout(&self) -> &'a Struct {
        self.layout
    }

    /// The elements; one that is cut off is the last.
    pub fn elements(&self) -> Elements<'a> {
        Elements {
            records: *self,
            at: 0,
            index: 0,
        }
    }

    /// The bytes from what is no element to the end.
    pub fn rest(&self, malformed: &Malformed) -> &'a [u8] {
        self.level.rest(malformed)
    }

    /// Whether it is elements to the last byte, and what is behind their structs are
    /// attributes.
    pub fn is_whole(&self) -> bool {
        self.elements().all(|it| {
            it.is_ok_and(|it| {
                it.missing == 0
                    && match &it.value {
                        Value::SubMessage { level, .. } => {
                            level.as_ref().is_none_or(Level::is_whole)
                        }
                        _ => true,
                    }
            })
        })
    }
}

/// Iterator over the elements of [`Records`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    records: Records<'a>,
    at: usize,
    index: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let Records {
            family,
            layout,
            level,
            length,
            has_attributes,
            secret_from,
        } = self.records;
        let least = self.records.least();
        let rest = level.bytes().get(self.at..).filter(|it| !it.is_empty())?;
        let offset = level.offset() + self.at;
        let record =
            |bytes| Record::new(family, layout, level.endian(), bytes, offset).hiding(secret_from);
        // What a struct says of its length is true where it is not less than its own.
        let said = match length {
            None => Ok(layout.size),
            Some(member) => {
                let said = record(rest).bits(member);
                let said = said.and_then(|it| usize::try_from(it).ok());
                match said {
                    Some(said) if said >= least && rest.len() >= least => Ok(said),
                    other => Err(other.unwrap_or(rest.len())),
                }
            }
        };
        let said = match said {
            Ok(said) if said > 0 => said,
            Ok(length) | Err(length) => {
                self.at = level.bytes().len();
                return Some(Err(Malformed {
                    offset,
                    length,
                    left: rest.len(),
                }));
            }
        };
        let bytes = rest.get(..said).unwrap_or(rest);
        let header = record(match has_attributes {
            true => bytes.get(..layout.size).unwrap_or(bytes),
            false => bytes,
        });
        let element = Element {
            index: self.index,
            offset,
            size: bytes.len(),
            missing: said - bytes.len(),
            value: match has_attributes {
                false => Value::Struct(header),
                true => {
                    let start = layout.size.next_multiple_of(4);
                    let behind = bytes.get(start..).unwrap_or(&[]);
                    Value::SubMessage {
                        header: Some(header),
                        level: Some(level.moved(behind, offset + start, header)),
                    }
                }
            },
        };
        let step = match length {
            None => said,
            Some(_) => said.checked_next_multiple_of(4).unwrap_or(usize::MAX),
        };
        self.at = self.at.saturating_add(step);
        self.index += 1;
        Some(Ok(element))
    }
}
