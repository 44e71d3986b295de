// SPDX-License-Identifier: GPL-2.0-or-later
//! Where frames come from.
//!
//! A tap gives frames, and says where they were seen and what was lost. Whose they are and
//! what becomes of them is not its business.

pub(crate) mod nlmon;
