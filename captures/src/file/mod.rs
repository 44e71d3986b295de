// SPDX-License-Identifier: GPL-2.0-or-later
//! Capture files: pcapng, written and read; pcap and what rtmon writes, read.
//!
//! What stands in a file is known here and nowhere else, comments too; what its messages mean
//! is not.

mod blocks;
pub(crate) mod comment;
pub(crate) mod cooked;
pub(crate) mod reader;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

/// LINKTYPE_NETLINK: a cooked header, then netlink messages in host byte order.
pub(crate) const LINKTYPE_NETLINK: u16 = 253;

/// Wireshark refuses a netlink packet longer than this, and with it the rest of
/// the file.
pub(crate) const SNAP_LENGTH: u32 = 262_144;

/// The name of an interface whose packets are what system calls sent and received: in such a
/// file are the results of calls, too.
pub(crate) const SYSCALLS: &str = "syscalls";

/// The name by which a section says who wrote it, before the version.
pub(crate) const APPLICATION: &str = "nlcap";
