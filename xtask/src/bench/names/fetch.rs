// SPDX-License-Identifier: GPL-2.0-or-later
//! Other projects' sources, each from its registry by that registry's client, unpacked in the
//! cache.

use crate::{cargo, debian, exit::UnavailableError, lock, paths, run};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a project's source comes from.
pub(super) enum From {
    /// Rust's registry of crates, by cargo.
    Crate,
    /// PyPI's source package, by pip.
    Python,
    /// A tar archive or a package in Debian's pool: its path there, and its SHA-256.
    Debian {
        path: &'static str,
        sha256: &'static str,
    },
}

/// The folder with the source of this version of a project, fetched where it is missing;
/// `more` is done in the folder once.
pub(super) fn ensure(
    name: &str,
    version: &str,
    from: &From,
    more: fn(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let dir = paths::cache()?
        .join("names")
        .join(format!("{name}-{version}"));
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let source = dir.join("source");
    lock::once(&dir, "source", || {
        let _ = fs::remove_dir_all(&source);
        fs::create_dir(&source).with_context(|| format!("cannot make {}", source.display()))?;
        match from {
            From::Crate => fetch_crate(name, version, &source),
            From::Python => fetch_python(name, version, &dir, &source),
            From::Debian { path, sha256 } => fetch_debian(path, sha256, &dir, &source),
        }
        .map_err(|err| UnavailableError(format!("cannot fetch {name} {version}: {err:#}")))?;
        more(&source)
    })?;
    Ok(source)
}

/// Has cargo fetch a crate, as what a package in a temporary folder depends on, and copies it
/// from cargo's own folder.
fn fetch_crate(name: &str, version: &str, to: &Path) -> Result<()> {
    let package = tempfile::tempdir().context("cannot make a folder")?;
    let manifest = package.path().join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"of-names\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n\
         [workspace]\n[dependencies]\n{name} = \"={version}\"\n"
    );
    fs::write(&manifest, text)
        .and_then(|()| fs::write(package.path().join("lib.rs"), ""))
        .context("cannot write a package")?;
    let mut cmd = cargo::command("metadata --quiet --format-version 1 --manifest-path");
    let text = run::output(cmd.arg(&manifest))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&text).context("cargo prints no JSON")?;
    let packages = metadata["packages"].as_array();
    let found = packages
        .into_iter()
        .flatten()
        .find(|it| it["name"] == name && it["version"] == version);
    let manifest = found
        .and_then(|it| it["manifest_path"].as_str())
        .context("cargo does not say where it is")?;
    let folder = Path::new(manifest)
        .parent()
        .context("a manifest lies in no folder")?;
    let mut copy = Command::new("cp");
    run::check(copy.args(["-RT"]).arg(folder).arg(to))
}

fn fetch_python(name: &str, version: &str, dir: &Path, to: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--no-binary", ":all:", "--dest"])
        .arg(dir)
        .arg(format!("{name}=={version}"));
    run::logged(
        &mut pip,
        &dir.join("log"),
        &format!("fetching {name}"),
        0,
        |_| true,
    )?;
    untar(&dir.join(format!("{name}-{version}.tar.gz")), to)
}

/// A file of the machine's Debian mirror.
fn fetch_debian(path: &str, sha256: &str, dir: &Path, to: &Path) -> Result<()> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let file = dir.join(name);
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--location"])
        .args(["--max-time", "300", "--output"])
        .arg(&file)
        .arg(format!(
            "{}/pool/main/{path}",
            debian::mirror()?.trim_end_matches('/')
        ));
    run::logged(
        &mut curl,
        &dir.join("log"),
        &format!("fetching {name}"),
        0,
        |_| true,
    )?;
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut sum = String::new();
    for byte in Sha256::digest(&bytes) {
        let _ = write!(sum, "{byte:02x}");
    }
    if sum != sha256 {
        bail!("{name} has the SHA-256 {sum}, not {sha256}: the mirror has another file");
    }
    if path.ends_with(".deb") {
        let mut unpack = Command::new("dpkg-deb");
        return run::check(unpack.arg("--extract").arg(&file).arg(to));
    }
    untar(&file, to)
}

fn untar(archive: &Path, to: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--strip-components=1", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(to);
    run::check(&mut tar)
}

/// The files below a folder whose names end so, sorted; paths relative to the folder.
pub(super) fn files(dir: &Path, end: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry.context("cannot read a folder")?;
            let path = entry.path();
            if entry.file_type().context("cannot read a folder")?.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end)
                && let Ok(path) = path.strip_prefix(dir)
            {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_all_folders_by_their_ends() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        for name in ["b.rs", "sub/a.rs", "c.txt"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(files(dir.path(), ".rs").unwrap(), ["b.rs", "sub/a.rs"]);
    }
}
