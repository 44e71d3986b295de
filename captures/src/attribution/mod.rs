// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose message it is: the command's process tree, watched by a seccomp filter with user
//! notification for which sockets it has and what it sends, and held against frames.
//!
//! A frame comes in and its owner goes out: where it was seen, whether it is kept and where it
//! goes is for [taps](crate::taps) and [session](crate::session), which is why what is done
//! in another network namespace is asked for through [`Namespaces`].
//!
//! # Design decisions
//!
//! - A call waits until we answer it, and in that time we look at the caller's
//!   socket through a duplicate. Before it goes on the duplicate is closed: a
//!   socket lives no longer than without us.
//! - The kernel gives a socket its port id when it is first sent from. That is
//!   too late for us, so the duplicate is bound to the very number that the
//!   kernel would take: the process id as its own namespace has it, or a random
//!   negative one. A bind(2) that leaves the number to the kernel is done for the
//!   caller in the same way.
//! - What cannot be seen is counted, never passed over.

mod abi;
mod descriptors;
mod filter;
mod gaps;
mod groups;
mod guardian;
mod held;
mod makers;
mod multicast;
mod owner;
mod owners;
mod processes;
mod raising;
mod runs;
mod seen;
mod sent;
mod supervisor;
mod table;
mod tasks;

use std::io;
use std::os::fd::OwnedFd;

pub(crate) use self::gaps::Gaps;
pub(crate) use self::guardian::Guardian;
pub(crate) use self::held::Held;
pub(crate) use self::owner::{Event, Known, Told};
pub(crate) use self::owners::Owners;
pub(crate) use self::processes::Processes;
pub(crate) use self::seen::{Seen, namespace};
pub(crate) use self::supervisor::Supervisor;
pub(crate) use self::table::Table;

/// What is recorded of network namespaces, and their sockets.
pub(crate) trait Namespaces {
    /// Whether messages of this netlink protocol come to the tap.
    fn sees(&self, protocol: u16) -> bool;

    /// The interface that records the namespace of a socket, begun now where it is a new
    /// one; None where that cannot be.
    fn interface(&mut self, seen: &Seen) -> Option<u32>;

    /// A new socket of our own in the namespace that an interface records.
    fn socket(&mut self, interface: u32, protocol: u16) -> nix::Result<OwnedFd>;

    /// The table of the sockets in that namespace.
    fn table(&mut self, interface: u32) -> io::Result<Table>;
}

/// The filter that the command is put under.
pub(crate) fn filter() -> Vec<libc::sock_filter> {
    filter::program()
}
