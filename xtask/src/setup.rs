// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask setup`: what the project needs, installed and built once.
//!
//! Every task that needs a part of it calls that part itself; with nothing to
//! do, a part costs milliseconds.

use crate::{
    kernel::{self, Kernel},
    paths,
};
use anyhow::Result;
use clap::builder::PossibleValuesParser;

#[derive(clap::Args)]
pub(crate) struct SetupArgs {
    /// Build this kernel; for `newest` and `distro`, look up the current version first
    #[arg(
        long,
        value_name = "NAME",
        default_value = "default",
        value_parser = PossibleValuesParser::new(kernel::names())
    )]
    kernel: String,
}

/// Everything, with a word on where it lies.
pub(crate) fn task(args: &SetupArgs) -> Result<()> {
    let kernel = Kernel::named(&args.kernel)?;
    kernel.ensure_packages()?;
    kernel.refresh()?;
    let build = kernel.ensure()?;
    eprintln!(
        "kernel {} {}: {}",
        kernel.name,
        kernel.version()?,
        build.display()
    );
    eprintln!("cache: {}", paths::cache()?.display());
    Ok(())
}
