// SPDX-License-Identifier: GPL-2.0-or-later
//! [`emit`]ters, which write a netlink family down for others: C, Rust, Lua for Wireshark,
//! and a page for people. What a family is, they have from the crate `ynl`.

pub mod emit;
