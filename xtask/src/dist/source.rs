// SPDX-License-Identifier: GPL-2.0-or-later
//! The commit's files with all crates, which build without a network.

use super::{release::Release, vendor};
use crate::{cargo, paths, run};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where the crates lie in it.
pub(super) const VENDOR: &str = "vendor";

/// The settings of cargo in it, which those of the project are continued by.
const CONFIG: &str = ".cargo/config.toml";

/// Lays the tree below `work`, in a folder that is named as the release is.
pub(super) fn lay(release: &Release, work: &Path) -> Result<PathBuf> {
    let tree = work.join(release.name());
    fs::create_dir(&tree).with_context(|| format!("cannot create {}", tree.display()))?;
    let mut git = Command::new("git");
    git.args(["archive", "--format=tar", &release.commit]);
    let mut archive = git
        .current_dir(paths::root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run git archive")?;
    let files = archive.stdout.take().context("git archive has no output")?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--directory"]).arg(&tree);
    run::check(tar.stdin(files))?;
    let status = archive.wait().context("cannot wait for git archive")?;
    anyhow::ensure!(status.success(), "git archive failed: {status}");
    add_crates(&tree)?;
    Ok(tree)
}

fn add_crates(tree: &Path) -> Result<()> {
    let mut fetch = cargo::command("vendor --locked --versioned-dirs --color never");
    fetch.arg(VENDOR).current_dir(tree);
    // Where it is called from has no part in it.
    fetch.env_remove("CARGO_TERM_QUIET");
    let settings = run::output(&mut fetch)?;
    vendor::prune(tree)?;
    let path = tree.join(CONFIG);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = format!(
        "{text}\n# All crates are here: `cargo build --offline --locked` needs no network.\n{settings}\n"
    );
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
