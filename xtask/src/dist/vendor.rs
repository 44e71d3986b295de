// SPDX-License-Identifier: GPL-2.0-or-later
//! Crates that no Linux builds, emptied.
//!
//! cargo vendors for all systems at once, and wants to see each crate's manifest wherever it
//! builds. Those for Windows, with its libraries, are two thirds of all bytes.

use super::source::VENDOR;
use crate::{cargo, run};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{collections::HashSet, fs, path::Path};

/// The systems that the source is for.
const TARGETS: &[&str] = &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What cargo compares a crate's files with.
const CHECKSUMS: &str = ".cargo-checksum.json";

/// Empties the crates of `tree` that none of [`TARGETS`] builds.
pub(super) fn prune(tree: &Path) -> Result<()> {
    let used = used(tree)?;
    for dir in super::files(&tree.join(VENDOR))? {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        if !used.contains(name.as_ref()) {
            empty(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
    }
    Ok(())
}

/// The folders of crates that are built somewhere.
fn used(tree: &Path) -> Result<HashSet<String>> {
    let mut all = HashSet::new();
    for target in TARGETS {
        let mut cmd = cargo::command("metadata --format-version 1 --locked --filter-platform");
        cmd.arg(target).current_dir(tree);
        let metadata: Value = serde_json::from_str(&run::output(&mut cmd)?)?;
        let nodes = metadata["resolve"]["nodes"].as_array();
        let ids: HashSet<&str> = nodes
            .context("cargo metadata names no crates")?
            .iter()
            .filter_map(|node| node["id"].as_str())
            .collect();
        let packages = metadata["packages"].as_array();
        for package in packages.context("cargo metadata names no packages")? {
            let text = |key: &str| package[key].as_str().unwrap_or_default();
            if ids.contains(text("id")) {
                all.insert(format!("{}-{}", text("name"), text("version")));
            }
        }
    }
    Ok(all)
}

/// Leaves the manifest, and a library of nothing for it to be about.
fn empty(dir: &Path) -> Result<()> {
    let manifest = fs::read(dir.join("Cargo.toml"))?;
    let checksums: Value = serde_json::from_slice(&fs::read(dir.join(CHECKSUMS))?)?;
    fs::remove_dir_all(dir)?;
    fs::create_dir_all(dir.join("src"))?;
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::write(dir.join("src/lib.rs"), "")?;
    let without_files = json!({ "files": {}, "package": checksums["package"] });
    fs::write(dir.join(CHECKSUMS), without_files.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emptied_crate_has_its_manifest_and_its_sum_and_no_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join("w-1.0.0").join(name);
        fs::create_dir_all(at("lib")).unwrap();
        fs::write(at("Cargo.toml"), "[package]").unwrap();
        fs::write(at("lib/w.a"), "much").unwrap();
        let sums = r#"{"files":{"lib/w.a":"00"},"package":"ff"}"#;
        fs::write(at(CHECKSUMS), sums).unwrap();
        empty(&dir.path().join("w-1.0.0")).unwrap();
        assert!(!at("lib").exists() && at("src/lib.rs").exists());
        assert_eq!(fs::read_to_string(at("Cargo.toml")).unwrap(), "[package]");
        let sums = fs::read_to_string(at(CHECKSUMS)).unwrap();
        assert_eq!(sums, r#"{"files":{},"package":"ff"}"#);
    }
}
