// SPDX-License-Identifier: GPL-2.0-or-later
//! Numbers and flags.

use ynl::decode::{Flags, Number};

use super::strings::{push_list, push_text};
use crate::values::{hinted_number, push_decimal, write};

/// A number: by its name, the names of its bits, or its hint.
pub(super) fn push_number(out: &mut String, number: &Number<'_>) {
    if let Some(name) = number.name() {
        push_text(out, name);
    } else if let Some(flags) = number.flags() {
        push_flags(out, flags);
    } else {
        match hinted_number(number) {
            Some(text) => push_text(out, &text),
            None => push_decimal(out, number.value()),
        }
    }
}

/// The names of the bits that are set; a bit without a name in hexadecimal.
pub(super) fn push_flags(out: &mut String, flags: Flags<'_>) {
    out.push('[');
    push_list(out, flags, |out, flag| match flag {
        Ok(name) => push_text(out, name),
        Err(bit) => write(out, format_args!("\"{bit:#x}\"")),
    });
    out.push(']');
}
