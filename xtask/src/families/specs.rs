// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications that there are: ours, and the kernel's.

use crate::paths;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use ynl::model::Family;

/// Who wrote a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Ours,
    Kernel,
}

/// A specification and where it comes from.
pub(crate) struct Spec {
    pub(crate) origin: Origin,
    /// Its file: `route/link.yaml`.
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) family: Family,
}

/// All that is known of netlink: our specifications, then those of a kernel's source.
pub(crate) fn all(source: &Path) -> Result<Vec<Spec>> {
    let mut all = ours()?;
    let kernel = source.join("Documentation/netlink/specs");
    all.extend(folder(&kernel, Origin::Kernel)?);
    Ok(all)
}

/// Our specifications, as they are in the checkout.
pub(crate) fn ours() -> Result<Vec<Spec>> {
    let mut all = folder(&paths::root().join("dissector/ynl/specs"), Origin::Ours)?;
    let own = ynl::model::NL_UTIL_PATH;
    all.push(spec(
        &paths::root().join(own),
        own.to_owned(),
        Origin::Ours,
    )?);
    Ok(all)
}

/// The specifications of a folder, in the order of their names.
fn folder(folder: &Path, origin: Origin) -> Result<Vec<Spec>> {
    let mut paths = Vec::new();
    find(folder, &mut paths)?;
    paths.sort();
    (paths.iter())
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            spec(path, name.display().to_string(), origin)
        })
        .collect()
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot list the specifications in {}", folder.display()))?;
    for entry in entries {
        let path = entry.context("cannot list specifications")?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
    Ok(())
}

fn spec(path: &Path, file: String, origin: Origin) -> Result<Spec> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let family = Family::parse(&text, &path.display().to_string())?;
    Ok(Spec {
        origin,
        file,
        text,
        family,
    })
}
