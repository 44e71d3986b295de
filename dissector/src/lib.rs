// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink families from their YNL specifications: a [`model`] of what a family
//! says, [`emit`]ters that write it down for others, and [`decode`], which takes
//! netlink bytes apart.

pub mod decode;
pub mod emit;
pub mod model;
