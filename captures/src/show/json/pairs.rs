// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts of `key=value` pairs as objects.

use std::collections::BTreeMap;

use ynl::decode::{PairValue, Pairs};
use ynl::model::DisplayHint;

use super::strings::{push_key, push_list, push_text};
use crate::messages::uevent::Uevent;
use crate::values::{self, WORDS};

/// An object of the pairs; those of one key are one list, at the place of the first.
pub(super) fn push(out: &mut String, pairs: Pairs<'_>) {
    let mut keys = Vec::new();
    let mut all: BTreeMap<&[u8], Vec<PairValue<'_>>> = BTreeMap::new();
    for (key, value) in pairs {
        let key = key.unwrap_or(WORDS.as_bytes());
        let same = all.entry(key).or_default();
        if same.is_empty() {
            keys.push(key);
        }
        same.push(value);
    }
    out.push('{');
    push_list(out, keys.into_iter(), |out, key| {
        push_text(out, &String::from_utf8_lossy(key));
        out.push(':');
        let mut same = all.remove(key).unwrap_or_default();
        match (same.pop(), same.is_empty()) {
            (Some(only), true) => push_value(out, only),
            (last, _) => {
                out.push('[');
                push_list(out, same.into_iter().chain(last), push_value);
                out.push(']');
            }
        }
    });
    out.push('}');
}

fn push_value(out: &mut String, value: PairValue<'_>) {
    match value {
        PairValue::Text(text) => push_text(out, &String::from_utf8_lossy(&text)),
        PairValue::Address(bytes) => {
            // Digits and what is between them.
            out.push('"');
            values::push_bytes(out, &bytes, Some(DisplayHint::SocketAddress));
            out.push('"');
        }
        PairValue::Pairs(inner) => push(out, inner),
    }
}

/// The members of an object that say what happened to a device.
pub(super) fn push_uevent(out: &mut String, uevent: &Uevent<'_>) {
    let text = String::from_utf8_lossy;
    let words = [("op", uevent.action), ("device", uevent.device)];
    for (key, word) in words {
        push_key(out, key);
        push_text(out, &text(word));
    }
    if uevent.by_udev {
        out.push_str(",\"udev\":true");
    }
    push_key(out, "msg");
    out.push('{');
    push_list(out, uevent.pairs(), |out, (key, value)| {
        push_text(out, &text(key));
        out.push(':');
        push_text(out, &text(value));
    });
    out.push('}');
}
