// SPDX-License-Identifier: GPL-2.0-or-later
//! A kernel's source: where it comes from, unpacked and mended in the cache.

use super::{Kernel, apt::Apt, unstable::Question};
use crate::{paths, run, setup};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a source comes from.
pub(super) enum Source {
    /// This Debian package, installed; its tarball is under /usr/src.
    Installed(&'static str),
    /// A package of Debian unstable, fetched, not installed.
    Unstable(Question),
}

/// A source package and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) package: String,
    pub(super) version: String,
    /// The kernel that was built of it, where it is not built here.
    pub(super) image: Option<Image>,
}

/// A kernel as a distribution ships it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// What `uname -r` says in it.
    pub(super) name: String,
    /// The packages whose programs build for it, as `NAME=VERSION`.
    pub(super) tools: Vec<String>,
}

/// A change to the source: `add` behind the one place where `after` stands.
pub(super) struct Mend {
    /// Relative to the source's root.
    pub(super) file: &'static str,
    pub(super) after: &'static str,
    pub(super) add: &'static str,
}

impl Source {
    /// The release to build; may ask the network.
    pub(super) fn release(&self) -> Result<Release> {
        match self {
            Self::Installed(package) => installed(package),
            Self::Unstable(question) => question.answer(),
        }
    }

    /// The release to build, where that is known without the network.
    pub(super) fn known_release(&self) -> Option<Release> {
        match self {
            Self::Installed(package) => installed(package).ok(),
            Self::Unstable(question) => question.recorded(),
        }
    }
}

fn installed(package: &str) -> Result<Release> {
    Ok(Release {
        package: package.to_owned(),
        version: setup::package_version(package)?,
        image: None,
    })
}

/// Where the source lies: one folder for each release and each set of mends.
pub(super) fn dir(release: &Release, mends: &[Mend]) -> Result<PathBuf> {
    let mut name = format!("{}_{}", release.package, release.version);
    if !mends.is_empty() {
        let mut hash = Sha256::new();
        hash_mends(&mut hash, mends);
        name = format!("{name}+{}", super::short_hex(&hash.finalize()));
    }
    Ok(paths::cache()?.join("source").join(name))
}

/// Adds what changes a source to a key.
pub(super) fn hash_mends(hash: &mut Sha256, mends: &[Mend]) {
    for mend in mends {
        for part in [mend.file, mend.after, mend.add] {
            hash.update(format!("\n{} {part}", part.len()));
        }
    }
}

/// The source tree of `kernel`, made where it is missing.
pub(super) fn ensure(kernel: &Kernel) -> Result<PathBuf> {
    let release = kernel.release()?;
    let place = dir(release, kernel.mends)?;
    if place.is_dir() {
        return Ok(place);
    }
    let _lock = setup::hold_cache(&paths::cache()?)?;
    let pristine = dir(release, &[])?;
    if !pristine.is_dir() {
        whole(&pristine, |partial| unpack(kernel, release, partial))?;
    }
    if kernel.mends.is_empty() {
        return Ok(pristine);
    }
    let mended = dir(release, kernel.mends)?;
    if !mended.is_dir() {
        whole(&mended, |partial| mend(&pristine, kernel.mends, partial))?;
    }
    Ok(mended)
}

/// Makes a folder beside its place and moves it there, so that it is all there
/// or not at all.
pub(super) fn whole(dir: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = dir.with_file_name(name);
    if partial.exists() {
        fs::remove_dir_all(&partial)
            .with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    make(&partial)?;
    fs::rename(&partial, dir).with_context(|| format!("cannot move a folder to {}", dir.display()))
}

fn unpack(kernel: &Kernel, release: &Release, to: &Path) -> Result<()> {
    match kernel.source {
        Source::Installed(_) => untar(Path::new("/usr/src"), release, to),
        Source::Unstable(_) => {
            let package = format!("{}={}", release.package, release.version);
            let files = Apt::new()?.fetch(&[package])?;
            untar(&files.path().join("usr/src"), release, to)
        }
    }
}

fn untar(from: &Path, release: &Release, to: &Path) -> Result<()> {
    let tarball = from.join(format!("{}.tar.xz", release.package));
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--strip-components=1", "--file"])
        .arg(&tarball)
        .arg("--directory")
        .arg(to);
    let log = paths::cache()?.join("source").join("unpack.log");
    run::logged(&mut tar, &log, "unpacking the kernel's source", 0, |_| true)
}

/// A copy of hard links, but for the mended files.
fn mend(pristine: &Path, mends: &[Mend], to: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--archive", "--link", "--no-target-directory"])
        .arg(pristine)
        .arg(to);
    run::check(&mut copy)?;
    for mend in mends {
        let path = to.join(mend.file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = mended(&text, mend).with_context(|| format!("in {}", path.display()))?;
        // Removed first: the name must stop to mean the pristine file.
        fs::remove_file(&path)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn mended(text: &str, mend: &Mend) -> Result<String> {
    let found = text.matches(mend.after).count();
    if found != 1 {
        bail!(
            "the line to mend, {:?}, is there {found} times, not once",
            mend.after.trim()
        );
    }
    Ok(text.replace(mend.after, &format!("{}{}", mend.after, mend.add)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    const MEND: Mend = Mend {
        file: "sub/script",
        after: "two\n",
        add: "and a half\n",
    };

    #[test]
    fn a_mend_stands_behind_its_one_line() {
        assert_eq!(
            mended("one\ntwo\nthree\n", &MEND).unwrap(),
            "one\ntwo\nand a half\nthree\n"
        );
        assert!(mended("one\n", &MEND).is_err());
        assert!(mended("two\ntwo\n", &MEND).is_err());
    }

    #[test]
    fn a_mended_source_leaves_the_pristine_one_alone_and_shares_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("sub")).unwrap();
        fs::write(from.join("sub/script"), "two\n").unwrap();
        fs::write(from.join("other"), "same").unwrap();
        fs::create_dir(&to).unwrap();
        mend(&from, &[MEND], &to).unwrap();
        let text = |file: PathBuf| fs::read_to_string(file).unwrap();
        assert_eq!(text(from.join("sub/script")), "two\n");
        assert_eq!(text(to.join("sub/script")), "two\nand a half\n");
        let inode = |file: PathBuf| fs::metadata(file).unwrap().ino();
        assert_eq!(inode(from.join("other")), inode(to.join("other")));
    }

    #[test]
    fn a_folder_that_could_not_be_made_whole_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("source");
        assert!(whole(&place, |_| bail!("no")).is_err());
        assert!(!place.exists());
        whole(&place, |partial| Ok(fs::write(partial.join("a"), "")?)).unwrap();
        assert!(place.join("a").is_file());
    }
}
