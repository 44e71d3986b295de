// SPDX-License-Identifier: GPL-2.0-or-later
//! The client against a peer that plays the kernel, byte by byte.

mod answers;
mod errors;
mod hostile;
mod peer;
