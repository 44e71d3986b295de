// SPDX-License-Identifier: GPL-2.0-or-later
//! The command's process tree, watched by a seccomp filter with user
//! notification: which sockets it has, and what it sends.
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
mod filter;
mod groups;
mod guardian;
mod owner;
mod supervisor;
mod tasks;

pub(super) use self::groups::families;
pub(super) use self::guardian::Guardian;
pub(super) use self::owner::Owners;
pub(crate) use self::owner::{Certainty, Direction, Known, Owner};
pub(super) use self::supervisor::{Gaps, Supervisor};
#[cfg(test)]
pub(super) use self::tasks::Program;

/// The filter that the command is put under.
pub(super) fn filter() -> Vec<libc::sock_filter> {
    filter::program()
}
