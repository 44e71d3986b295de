// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask bench`: how fast things are, as ratios against peers in the same run.

mod burst;
mod client;
mod decode;
mod dissector;
mod guest;
mod module;
mod record;
mod samples;

pub(crate) use self::decode::look;
use crate::args::BenchArgs;
use anyhow::Result;

/// `cargo xtask bench`.
pub(crate) fn task(args: &BenchArgs) -> Result<()> {
    match args {
        BenchArgs::Module(args) => module::task(args),
        BenchArgs::ModuleInGuest(args) => module::in_guest(args),
        BenchArgs::Decode(args) => decode::task(args),
        BenchArgs::Dissector(args) => dissector::task(args),
        BenchArgs::Guest(args) => guest::task(args),
        BenchArgs::GuestInGuest(args) => guest::in_guest(args),
        BenchArgs::Record(args) => record::task(args),
        BenchArgs::RecordInGuest(args) => record::in_guest(args),
    }
}
