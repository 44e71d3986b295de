// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink by YNL specifications: a [`model`] of what a family's specification says,
//! [`decode`], which takes netlink bytes apart by it, and the [`table`] of what is built in.
//!
//! Nothing here prints, and nothing knows where bytes come from: what writes a family down
//! in another language is the crate `nl-dissector`, what records and shows messages `nlcap`.

pub mod decode;
pub mod model;
pub mod table;
