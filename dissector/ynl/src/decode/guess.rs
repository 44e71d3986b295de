// SPDX-License-Identifier: GPL-2.0-or-later
//! What an attribute without a specification looks like.
//!
//! In this order: a nest, where `NLA_F_NESTED` says so; a flag, where there is
//! no payload; a text, where there are printable characters up to a NUL at the
//! end; a number, of 1, 2, 4 or 8 bytes; a nest, where the payload is attributes
//! to its last byte; a text, where all is printable ASCII (programs leave the NUL
//! out); else bytes. Only 8 bytes that would be a number of 2^32 or more are
//! looked at as a nest first: such a number seldom has an attribute's length in
//! its lowest bytes, and many nests hold one number.

use super::fields::Field;
use super::level::Level;
use super::value::{Number, Value};
use super::{Endian, attributes};

pub(super) fn guess<'b>(level: &'b Level<'b>, field: &Field<'b>) -> Value<'b> {
    let attribute = &field.attribute;
    let (payload, endian) = (attribute.payload, level.endian());
    if field.missing > 0 && !attribute.nested {
        return Value::Odd(payload);
    }
    if attribute.nested
        && (field.missing > 0 || payload.is_empty() || are_attributes(payload, endian, true))
    {
        return level.nest(None, field);
    }
    if payload.is_empty() {
        return Value::Flag;
    }
    if let Some(text) = text(payload) {
        return Value::Text(text);
    }
    let is_small = endian
        .number(payload)
        .is_some_and(|it| it <= u32::MAX.into());
    if !is_small && are_attributes(payload, endian, false) {
        return level.nest(None, field);
    }
    let order = if attribute.net_byteorder {
        Endian::Big
    } else {
        level.number_order()
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

/// Whether the payload is attributes to its last byte. An empty one with the number 0 is
/// padding before one of 64 bits (`nla_align_64bit` of the kernel); where nothing says that
/// it is a nest, those are zeros and fours unless such an attribute follows.
fn are_attributes(payload: &[u8], endian: Endian, is_nest: bool) -> bool {
    let mut left = payload.len();
    let mut is_padded = false;
    for attribute in attributes(payload, endian) {
        let Ok(it) = attribute else { return false };
        if is_padded && (it.number == 0 || it.payload.len() < 8) {
            return false;
        }
        is_padded = !is_nest && it.number == 0 && it.payload.is_empty();
        left = left.saturating_sub((4 + it.payload.len()).next_multiple_of(4));
    }
    left == 0 && !is_padded
}
