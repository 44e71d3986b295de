// SPDX-License-Identifier: GPL-2.0-or-later
//! What goes to a terminal: text that is fit for one, and colour.
//!
//! Used by all rooms, and knows none of them.

pub(crate) mod colour;
pub(crate) mod paint;
pub(crate) mod text;
