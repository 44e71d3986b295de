// SPDX-License-Identifier: GPL-2.0-or-later
//! Strings, keys and lists of JSON.

use crate::values::{self, push_hex, write};

/// A comma, and the key of the next member.
pub(crate) fn push_key(out: &mut String, key: &str) {
    out.push(',');
    push_text(out, key);
    out.push(':');
}

/// A string, escaped as RFC 8259 has it, and DEL and the marks that turn the
/// direction of writing as well, for a terminal may be next.
pub(crate) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if crate::terminal::text::is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write(out, format_args!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Elements with commas between them.
pub(crate) fn push_list<T>(
    out: &mut String,
    all: impl Iterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    for (at, it) in all.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(out, it);
    }
}

/// Bytes as a string of hexadecimal digits.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    out.push('"');
    push_hex(out, bytes);
    out.push('"');
}

/// A string that stands for a key or a password.
pub(super) fn push_secret(out: &mut String, length: usize) {
    out.push('"');
    values::push_secret(out, length);
    out.push('"');
}
