// SPDX-License-Identifier: GPL-2.0-or-later
//! Emitters: each turns a [`Family`](crate::model::Family) into one text.
//!
//! A construct that an output cannot express is an error that names it, never a
//! hole in what is written.

pub mod c_header;
pub mod lua;
pub mod rust_kernel;
pub mod rust_neli;

use crate::model::NL_UTIL_PATH;

/// What a generated file says of itself, behind its comment sign.
fn banner() -> String {
    format!("Generated from {NL_UTIL_PATH} by `cargo xtask codegen`; do not edit.")
}
