// SPDX-License-Identifier: GPL-2.0-or-later
//! Messages as people and programs read them: lines, trees, JSON, a table of counts.
//!
//! Printers only: what a message means was found out before (`messages/`), and where the text
//! goes is the caller's business.

mod clock;
mod count;
mod filter;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
pub(crate) mod json;
mod line;
pub(crate) mod options;
mod tree;
pub(crate) mod view;

#[cfg(test)]
mod knowledge_tests;
#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod lead_tests;
#[cfg(test)]
mod oddity_tests;
#[cfg(test)]
mod raw_tests;
#[cfg(test)]
mod records_tests;
#[cfg(test)]
pub(crate) mod secrets_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traffic_tests;
