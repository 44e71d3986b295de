// SPDX-License-Identifier: GPL-2.0-or-later
//! A netlink message and what it means: who asked what, and what it answers.
//!
//! Nothing here knows where a message comes from, a file or a tap, or who will read it:
//! printers, reports and the recording itself use it alike.

pub(crate) mod answers;
pub(crate) mod controller;
pub(crate) mod conversation;
pub(crate) mod event;
mod layout;
pub(crate) mod links;
pub(crate) mod names;
pub(crate) mod packet;
pub(crate) mod process;
pub(crate) mod requests;
pub(crate) mod secrets;
pub(crate) mod specs;
pub(crate) mod uevent;
