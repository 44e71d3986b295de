// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask dist`: what people install, made of the checkout's last commit.
//!
//! The commit's files and all crates are laid into a folder, which becomes the source tarball; the
//! programs are built in it without a network, and asked for their pages and completions. Nothing
//! of the machine may show in what comes out: two builds give the same bytes, in whatever folder,
//! as long as rustc, the C library and xz are the same.

mod archive;
mod content;
mod deb;
mod licences;
mod programs;
mod release;
mod source;
mod tarball;
mod vendor;

use crate::{packages, paths};
use anyhow::{Context, Result, ensure};
use release::Release;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// What the sums of the other files are in.
const SUMS: &str = "SHA256SUMS";

#[derive(clap::Args)]
#[command(after_help = "Made from the last commit; changes that are not committed are left out.")]
pub(crate) struct DistArgs {
    /// Output directory [default: dist/ in the checkout]
    #[arg(short, long = "output", value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build everything twice, in two directories, and fail if the files differ
    #[arg(long)]
    twice: bool,
}

/// `cargo xtask dist`.
pub(crate) fn task(args: &DistArgs) -> Result<()> {
    packages::ensure_only(packages::DIST)?;
    let out = match &args.out {
        Some(dir) => dir.clone(),
        None => paths::root().join("dist"),
    };
    let release = Release::of_checkout()?;
    let sums = make(&release, &out)?;
    if args.twice {
        compare(&release, &sums)?;
    }
    print!("{sums}");
    println!("{}", out.display());
    Ok(())
}

/// Writes all files into `out`, and fails if a second build differs.
pub(crate) fn twice(out: &Path) -> Result<()> {
    packages::ensure_only(packages::DIST)?;
    let release = Release::of_checkout()?;
    let sums = make(&release, out)?;
    compare(&release, &sums)
}

/// Makes everything once more, elsewhere.
fn compare(release: &Release, sums: &str) -> Result<()> {
    let other = tempfile::Builder::new()
        .prefix("nl-util-dist-in-a-folder-of-another-name-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let others = make(release, other.path())?;
    ensure!(
        others == sums,
        "two builds differ:\n{sums}and\n{others}the second is in {}",
        other.keep().display()
    );
    Ok(())
}

/// Writes all files into `out`, which holds nothing else after it; returns their sums.
fn make(release: &Release, out: &Path) -> Result<String> {
    let work = tempfile::Builder::new()
        .prefix("nl-util-dist-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    empty(out)?;
    let source = source::lay(release, work.path())?;
    let name = format!("{}-source.tar.xz", release.name());
    archive::write(&source, release, &out.join(name))?;
    let built = programs::build(release, &source, work.path())?;
    let content = content::gather(release, &source, &built, work.path())?;
    tarball::write(release, &content, work.path(), out)?;
    deb::write(release, &content, work.path(), out)?;
    let sums = sums(out)?;
    fs::write(out.join(SUMS), &sums).with_context(|| format!("cannot write {SUMS}"))?;
    Ok(sums)
}

/// Removes what an earlier call has made: files of another version must not be taken for this
/// one's. A folder with anything else is not ours.
fn empty(out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let mut ours = Vec::new();
    for path in files(out)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ensure!(
            name == SUMS || name.starts_with("nl-util"),
            "{} is not a file of `cargo xtask dist`: name another directory by --output",
            path.display()
        );
        ours.push(path);
    }
    for path in ours {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// As `sha256sum` writes and checks them.
fn sums(out: &Path) -> Result<String> {
    let mut text = String::new();
    for path in files(out)? {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for byte in Sha256::digest(&bytes) {
            write!(text, "{byte:02x}")?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "  {name}")?;
    }
    Ok(text)
}

/// What is in a folder, sorted.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let read = || format!("cannot read {}", dir.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).with_context(read)? {
        paths.push(entry.with_context(read)?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_sha256sum_in_the_order_of_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b"), "").unwrap();
        fs::write(dir.path().join("a"), "abc").unwrap();
        assert_eq!(
            sums(dir.path()).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
        );
    }

    #[test]
    fn a_folder_with_the_files_of_others_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        for name in ["SHA256SUMS", "nl-util_0.0.9_amd64.deb"] {
            fs::write(place(name), "").unwrap();
        }
        empty(dir.path()).unwrap();
        assert!(files(dir.path()).unwrap().is_empty());
        fs::write(place("nl-util.deb"), "").unwrap();
        fs::write(place("thesis.tex"), "").unwrap();
        let err = empty(dir.path()).unwrap_err().to_string();
        assert!(
            err.contains("thesis.tex") && err.contains("--output"),
            "{err}"
        );
        assert!(place("nl-util.deb").exists());
    }
}
