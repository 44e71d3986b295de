// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose message it is: a seccomp filter with user notification intercepts the calls of the
//! command's process tree that make, name or send on sockets, and what they show is compared
//! with the frames of the tap.
//!
//! A frame comes in and its owner goes out: where it was seen, whether it is kept and where it
//! goes is for [taps](crate::taps) and [session](crate::session), which is why what is done
//! in another network namespace is asked for through [`Namespaces`].
//!
//! # Parts
//!
//! - [`mod@filter`] and [`guardian`]: which calls are intercepted, and who answers them when
//!   nlcap is gone. [`Supervisor`]: what is done about an intercepted call, with the caller's
//!   [task](tasks), its [socket](socket_info) and what it [sends](outgoing); [`helper`]: what
//!   of this may never come.
//! - [`Processes`]: for a subject that runs already, without a filter.
//! - [`Attributor`]: whose a frame is, by what these two have learnt; [`multicast`] knows
//!   which frames are multicasts, [`uninspected`] whose sockets were not looked at.
//! - [`PendingFrames`]: frames that wait until it is known whose they are.
//!
//! # Design decisions
//!
//! - A call waits until we answer it, and in that time we look at the caller's
//!   socket through a duplicate, which is closed before the call goes on: so a socket
//!   lives no longer than it would without us.
//! - The kernel gives a socket its port id when it is first sent from. That is
//!   too late for us, so the duplicate is bound to the very number that the
//!   kernel would take: the process id as its own namespace has it, or a random
//!   negative one. A bind(2) that leaves the number to the kernel is done for the
//!   caller in the same way.
//! - What cannot be seen is counted, never passed over.

mod abi;
mod attributor;
mod descriptors;
mod filter;
mod gaps;
mod groups;
mod guardian;
mod helper;
mod intercepted;
mod multicast;
mod outgoing;
mod owner;
mod pending;
mod processes;
mod raising;
mod runs;
mod socket_info;
mod socket_table;
mod supervisor;
mod tasks;
mod uninspected;

use std::io;
use std::os::fd::OwnedFd;

pub(crate) use self::abi::ARCH;
pub(crate) use self::attributor::Attributor;
pub(crate) use self::descriptors::{OtherSockets, socket as socket_inode};
pub(crate) use self::filter::{foreign_calls, listeners_and_names, reads, writes, x32_socket};
pub(crate) use self::gaps::Gaps;
pub(crate) use self::guardian::Guardian;
pub(crate) use self::owner::{Attribution, Owner, Program, SocketEvent};
pub(crate) use self::pending::PendingFrames;
pub(crate) use self::processes::Processes;
pub(crate) use self::raising::{LostPrivilege, raises};
pub(crate) use self::socket_info::{SocketInfo, namespace};
pub(crate) use self::socket_table::SocketTable;
pub(crate) use self::supervisor::Supervisor;
pub(crate) use self::tasks::ThreadStatus;

/// What is recorded of network namespaces, and their sockets.
pub(crate) trait Namespaces {
    /// Whether messages of this netlink protocol come to the tap.
    fn mirrors(&self, protocol: u16) -> bool;

    /// The interface that records the namespace of a socket, begun now where it is a new
    /// one; None where that cannot be.
    fn interface(&mut self, socket: &SocketInfo) -> Option<u32>;

    /// A new socket of our own in the namespace that an interface records.
    fn socket(&mut self, interface: u32, protocol: u16) -> nix::Result<OwnedFd>;

    /// The table of the sockets in that namespace.
    fn table(&mut self, interface: u32) -> io::Result<SocketTable>;
}

/// The filter that the command is put under.
pub(crate) fn filter() -> Vec<libc::sock_filter> {
    filter::program()
}
