// SPDX-License-Identifier: GPL-2.0-or-later
//! Netlink families from their YNL specifications: a [`model`] of what a
//! family says and emitters that write it down for others.

pub mod model;
