// SPDX-License-Identifier: GPL-2.0-or-later
//! Emitters: each turns a [`Family`](ynl::model::Family) into one text.
//!
//! A construct that an output cannot express is an error that names it, never a
//! hole in what is written.

pub mod c_header;
pub mod lua;
pub mod protocol;
pub mod rust_kernel;
pub mod rust_neli;

use std::fmt::Write;

use ynl::model::NL_UTIL_PATH;

/// A construct that an output cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {output} cannot have {what}")]
pub struct Unsupported {
    /// What was to be written.
    pub output: &'static str,
    /// Where in the specification: `attribute-sets[netdev].attributes[state]`.
    pub place: String,
    /// What stands there.
    pub what: String,
}

/// What a generated file says of itself, behind its comment sign.
fn banner() -> String {
    format!("Generated from {NL_UTIL_PATH} by `cargo xtask codegen`; do not edit.")
}

/// Appends a text; writing to a String does not fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// The lines of a text, each behind `mark`; nothing for no text.
fn comment(out: &mut String, mark: &str, text: &str) {
    for line in text.trim().lines() {
        let line = line.trim_end();
        let space = if line.is_empty() { "" } else { " " };
        put(out, format_args!("{mark}{space}{line}\n"));
    }
}
