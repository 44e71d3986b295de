// SPDX-License-Identifier: GPL-2.0-or-later
//! The tap of the kernel's nlmon links: one in each network namespace that is recorded, with
//! a packet socket on it.

pub(crate) mod link;
mod ring;
mod socket;
pub(crate) mod sources;
