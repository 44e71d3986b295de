// SPDX-License-Identifier: GPL-2.0-or-later
//! What `cargo xtask guest` takes.

use crate::kernel::KernelChoice;
use std::{ffi::OsString, path::PathBuf};

#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: CMD's own (128+n if signal n killed it, 127 not found, 126 not \
    executable), or 69 if the guest could not run it: no kernel, crashed, timed out.\n\n\
    Examples:\n  cargo xtask guest -- nl_user show\n  cargo xtask guest -- bash\n  \
    cargo xtask guest --module none --dmesg /tmp/log -- ip -br link"
)]
pub(crate) struct GuestArgs {
    /// List the guest kernels
    #[arg(long)]
    pub(super) list: bool,
    #[command(flatten)]
    pub(super) on: KernelChoice,
    /// Module to load first, or `none` [default: nl_kernel.ko, built if stale]
    #[arg(long, value_name = "FILE|none")]
    pub(super) module: Option<PathBuf>,
    /// Guest memory [default: as the kernel needs]
    #[arg(long, value_name = "SIZE")]
    pub(super) mem: Option<String>,
    /// Write the guest's kernel log to FILE
    #[arg(long, value_name = "FILE")]
    pub(super) dmesg: Option<PathBuf>,
    /// Stop the guest after S seconds, 0 for never
    #[arg(long, value_name = "S", default_value_t = 600)]
    pub(super) timeout: u64,
    /// Let the guest's root write wherever the caller can
    #[arg(long)]
    pub(super) rw: bool,
    /// Enable kmemleak from boot; off by default on `debug-smp`, which is many times slower
    /// with it
    #[arg(long)]
    pub(super) kmemleak: bool,
    /// The command and its arguments
    #[arg(last = true, value_name = "CMD", required_unless_present = "list")]
    pub(super) command: Vec<OsString>,
}

impl GuestArgs {
    /// `guest --kernel NAME --module none --kmemleak -- true`.
    pub(super) fn proof(kernel: &str) -> Self {
        Self {
            list: false,
            on: KernelChoice {
                kernel: kernel.to_owned(),
            },
            module: Some("none".into()),
            mem: None,
            dmesg: None,
            timeout: 600,
            rw: false,
            kmemleak: true,
            command: vec!["true".into()],
        }
    }
}
