// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families`: what is known of Linux's netlink families, from a kernel's source.

pub(crate) mod table;

use anyhow::Result;
use std::path::PathBuf;

/// What `cargo xtask families` takes.
#[derive(clap::Args)]
pub(crate) struct FamiliesArgs {
    /// The kernel's source
    #[arg(long, value_name = "DIR")]
    source: PathBuf,
}

pub(crate) fn task(args: &FamiliesArgs) -> Result<()> {
    table::write_kernel(&args.source, &version(&args.source)?)
}

/// The version that a kernel's Makefile says it is.
fn version(source: &std::path::Path) -> Result<String> {
    use anyhow::Context;
    let path = source.join("Makefile");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: not a kernel's source", path.display()))?;
    let part = |key: &str| {
        let mut lines = text
            .lines()
            .filter_map(|it| it.strip_prefix(key)?.trim().strip_prefix('='));
        lines.next().map(|it| it.trim().to_owned())
    };
    let parts: Vec<_> = ["VERSION", "PATCHLEVEL", "SUBLEVEL"]
        .into_iter()
        .filter_map(part)
        .collect();
    Ok(parts.join("."))
}
