// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench`: how fast things are, as ratios against peers in the same run, and how
//! much of netlink has names.

mod burst;
mod client;
mod decode;
mod dissector;
mod guest;
mod module;
mod names;
mod record;
mod recorders;
mod samples;
mod table;
mod tap;
pub(crate) mod usage;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum BenchArgs {
    /// The module, against rtnetlink and another module with the same protocol
    Module(module::Args),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    ModuleInGuest(module::GuestArgs),
    /// `nlcap show`, against tshark
    Decode(decode::Args),
    /// The Wireshark dissector, against no plugin and against Wireshark's own C dissector
    Dissector(dissector::Args),
    /// `nlcap record`, against strace and tcpdump
    Record(record::Args),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    RecordInGuest(record::GuestArgs),
    /// `nlcap record --tap syscalls`, against strace: processor time of the whole tree
    Tap(tap::Args),
    /// The part of it that runs in the guest, or in a namespace of its own
    #[command(hide = true)]
    TapInPlace(tap::PlaceArgs),
    /// What `nlcap show` has names for in other projects' test messages, beside tshark
    Names(names::Args),
    /// What the guest costs: a system call, a page fault, a signal, a process
    Guest(guest::Args),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    GuestInGuest(guest::GuestArgs),
}

/// `cargo xtask bench`.
pub(crate) fn task(args: &BenchArgs) -> Result<()> {
    match args {
        BenchArgs::Module(args) => module::task(args),
        BenchArgs::ModuleInGuest(args) => module::in_guest(args),
        BenchArgs::Decode(args) => decode::task(args),
        BenchArgs::Dissector(args) => dissector::task(args),
        BenchArgs::Tap(args) => tap::task(args),
        BenchArgs::TapInPlace(args) => tap::in_place(args),
        BenchArgs::Names(args) => names::task(args),
        BenchArgs::Guest(args) => guest::task(args),
        BenchArgs::GuestInGuest(args) => guest::in_guest(args),
        BenchArgs::Record(args) => record::task(args),
        BenchArgs::RecordInGuest(args) => record::in_guest(args),
    }
}
