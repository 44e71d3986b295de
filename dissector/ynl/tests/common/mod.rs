// SPDX-License-Identifier: GPL-2.0-or-later
//! Attributes that are made up, and what is read of them, as text.

use std::fmt::Write;

use ynl::decode::{Level, Number, Record, Value};
use ynl::model::DisplayHint;

/// The bit of an attribute's type that says that it is a nest.
pub(crate) const NESTED: u16 = 0x8000;

pub(crate) fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((4 + payload.len() as u16).to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(crate) fn nest(kind: u16, inner: &[Vec<u8>]) -> Vec<u8> {
    attribute(kind | NESTED, &inner.concat())
}

pub(crate) fn level(out: &mut String, level: &Level<'_>) {
    for field in level.fields() {
        let field = field.unwrap();
        let name = field.name().unwrap_or("?");
        write!(out, " {name}=").unwrap();
        value(out, &level.read(&field).value);
    }
}

pub(crate) fn record(out: &mut String, record: &Record<'_>) {
    for (member, held) in record.members() {
        write!(out, " {}=", member.name).unwrap();
        value(out, &held);
    }
}

fn value(out: &mut String, held: &Value<'_>) {
    match held {
        Value::Flag => out.push_str("yes"),
        Value::Number(it) => number(out, it),
        Value::Text(text) => out.push_str(std::str::from_utf8(text).unwrap()),
        Value::Bytes { bytes, .. } => bytes
            .iter()
            .for_each(|byte| write!(out, "{byte:02x}").unwrap()),
        Value::Nest(inner) => braced(out, |out| level(out, inner)),
        Value::Struct(inner) => braced(out, |out| record(out, inner)),
        Value::Indexed(all) => braced(out, |out| {
            for field in all.fields() {
                let field = field.unwrap();
                write!(out, " {}=", field.attribute.number).unwrap();
                value(out, &all.read(&field));
            }
        }),
        Value::SubMessage {
            header,
            level: inner,
        } => braced(out, |out| {
            header.iter().for_each(|it| record(out, it));
            inner.iter().for_each(|it| level(out, it));
        }),
        other => panic!("{other:?}"),
    }
}

fn braced(out: &mut String, inner: impl FnOnce(&mut String)) {
    out.push('{');
    inner(out);
    out.push_str(" }");
}

fn number(out: &mut String, it: &Number<'_>) {
    if let Some(name) = it.name() {
        out.push_str(name);
    } else if let Some(flags) = it.flags() {
        let names: Vec<_> = flags.map(|it| it.unwrap_or("?")).collect();
        out.push_str(&names.join("|"));
    } else if it.hint() == Some(DisplayHint::Ipv4) {
        let address = std::net::Ipv4Addr::from(it.bits() as u32);
        write!(out, "{address}").unwrap();
    } else {
        write!(out, "{}", it.value()).unwrap();
    }
}
