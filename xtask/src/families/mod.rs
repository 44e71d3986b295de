// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families`: netlink's families by the kernel's source, and what is known of
//! them here.

mod check;
mod coverage;
mod skeleton;
mod source;
mod specs;
mod structs;
pub(crate) mod table;
mod uapi;

use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct FamiliesArgs {
    #[command(flatten)]
    source: source::SourceChoice,
    #[command(subcommand)]
    action: Option<FamiliesAction>,
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
        None => {
            let source = args.source.folder()?;
            table::write_kernel(&source, &source::version(&source)?)?;
        }
        Some(FamiliesAction::Uapi(args)) => skeleton::task(args)?,
        Some(FamiliesAction::Check(args)) => check::task(args)?,
        Some(FamiliesAction::Coverage(args)) => coverage::task(args)?,
    }
    Ok(ExitCode::SUCCESS)
}
