// SPDX-License-Identifier: GPL-2.0-or-later
//! What an attribute without a specification looks like.
//!
//! In this order: a nest, where `NLA_F_NESTED` says so; a flag, where there is
//! no payload; a text, where there are printable characters up to a NUL at the
//! end; a number, of 1, 2, 4 or 8 bytes; a nest, where the payload is attributes
//! to its last byte; a text, where all is printable ASCII (programs leave the NUL
//! out); else bytes. A payload of 8 bytes that is one attribute is
//! taken for a nest: as a number it would be above 2^32 and have an attribute's
//! length in its lowest bytes.

use super::level::{Field, Level};
use super::value::{Number, Value};
use super::{Endian, attributes};

pub(super) fn guess<'b>(level: &'b Level<'b>, field: &Field<'b>) -> Value<'b> {
    let attribute = &field.attribute;
    let (payload, endian) = (attribute.payload, level.endian());
    let is_nest = |payload| are_attributes(payload, endian);
    if field.missing > 0 && !attribute.nested {
        return Value::Odd(payload);
    }
    if attribute.nested && (field.missing > 0 || payload.is_empty() || is_nest(payload)) {
        return level.nest(None, field);
    }
    if payload.is_empty() {
        return Value::Flag;
    }
    if let Some(text) = text(payload) {
        return Value::Text(text);
    }
    if payload.len() > 4 && is_nest(payload) {
        return level.nest(None, field);
    }
    let order = if attribute.net_byteorder {
        Endian::Big
    } else {
        endian
    };
    match Number::plain(order, payload) {
        Some(number) => Value::Number(number),
        None if payload.iter().all(|byte| (b' '..=b'~').contains(byte)) => Value::Text(payload),
        None => Value::Bytes {
            bytes: payload,
            hint: None,
        },
    }
}

/// The text, where it is one of at least one character.
fn text(payload: &[u8]) -> Option<&[u8]> {
    let (0, text) = payload.split_last()? else {
        return None;
    };
    let shown = std::str::from_utf8(text).ok()?;
    (!shown.is_empty() && !shown.contains(char::is_control)).then_some(text)
}

/// Whether the payload is attributes to its last byte.
fn are_attributes(payload: &[u8], endian: Endian) -> bool {
    let mut left = payload.len();
    for attribute in attributes(payload, endian) {
        match attribute {
            Ok(it) if it.number != 0 || !it.payload.is_empty() => {
                left = left.saturating_sub((4 + it.payload.len()).next_multiple_of(4));
            }
            _ => return false,
        }
    }
    left == 0
}
