// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families`: netlink's families by the kernel's source, and what is known of
//! them here.

mod check;
mod coverage;
mod skeleton;
mod source;
mod specs;
mod structs;
mod uapi;

use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct FamiliesArgs {
    #[command(subcommand)]
    action: FamiliesAction,
}

#[derive(Subcommand)]
enum FamiliesAction {
    /// Print a header's names and numbers as a specification has them
    Uapi(skeleton::UapiArgs),
    /// Compare all numbers of our specifications with the kernel's headers
    Check(check::CheckArgs),
    /// Write docs/families.md: which families there are, and what is known of each
    Coverage(coverage::CoverageArgs),
}

/// `cargo xtask families`.
pub(crate) fn task(args: &FamiliesArgs) -> Result<ExitCode> {
    match &args.action {
        FamiliesAction::Uapi(args) => skeleton::task(args)?,
        FamiliesAction::Check(args) => check::task(args)?,
        FamiliesAction::Coverage(args) => coverage::task(args)?,
    }
    Ok(ExitCode::SUCCESS)
}
