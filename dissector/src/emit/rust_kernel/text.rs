// SPDX-License-Identifier: GPL-2.0-or-later
//! Rust source laid out as rustfmt would, and names that it can tell apart.

use std::collections::BTreeSet;

use super::{Result, put, unsupported};

/// A name that makes a Rust identifier in each spelling.
pub(super) fn identifier(name: &str, place: &str) -> Result {
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    if begins && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Ok(());
    }
    unsupported(place, format!("a name like {name:?}"))
}

/// Names that must differ once they are spelt in Rust.
pub(super) struct Scope {
    place: String,
    taken: BTreeSet<String>,
}

impl Scope {
    pub(super) fn new(place: impl Into<String>, taken: &[&str]) -> Self {
        Self {
            place: place.into(),
            taken: taken.iter().copied().map(str::to_owned).collect(),
        }
    }

    pub(super) fn claim(&mut self, name: &str, spelt: String) -> Result {
        identifier(name, &self.place)?;
        if self.taken.insert(spelt) {
            return Ok(());
        }
        unsupported(&self.place, format!("{name:?}, whose name is taken"))
    }
}

/// Longest line that rustfmt leaves in one piece.
const WIDTH: usize = 100;

/// `left = right;`, broken behind the sign where one line is too short.
pub(super) fn assign(out: &mut String, left: &str, right: &str) {
    let line = format!("{left} = {right};");
    if line.len() <= WIDTH {
        put(out, format_args!("{line}\n"));
        return;
    }
    let indent = " ".repeat(left.len() - left.trim_start().len() + 4);
    put(out, format_args!("{left} =\n{indent}{right};\n"));
}

/// `left = [entries];`, an entry a line where one line is too short.
pub(super) fn array(out: &mut String, left: &str, entries: &[String]) {
    let line = format!("{left} = [{}];", entries.join(", "));
    if line.len() <= WIDTH {
        put(out, format_args!("{line}\n"));
        return;
    }
    put(out, format_args!("{left} = [\n"));
    for entry in entries {
        put(out, format_args!("    {entry},\n"));
    }
    out.push_str("];\n");
}

/// The head of a function; its arguments get a line of their own where one line
/// for everything is too short.
pub(super) fn signature(out: &mut String, open: &str, arguments: &str, close: &str) {
    let open = format!("    fn {open}(");
    if open.len() + arguments.len() + close.len() < WIDTH {
        put(out, format_args!("{open}{arguments}){close}\n"));
    } else {
        put(
            out,
            format_args!("{open}\n        {arguments},\n    ){close}\n"),
        );
    }
}
