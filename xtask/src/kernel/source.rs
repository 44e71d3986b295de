// SPDX-License-Identifier: GPL-2.0-or-later
//! A kernel's source: where it comes from, unpacked and patched in the cache.

use super::{Kernel, apt::Apt, release::Release, unstable::Question};
use crate::{lock, packages, paths, run};
use anyhow::{Context, Result};
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
        version: packages::version(package)?,
        image: None,
    })
}

/// Where the source lies: one folder for each release and each set of patches.
pub(super) fn dir(release: &Release, patches: &[&str]) -> Result<PathBuf> {
    let mut name = format!("{}_{}", release.package, release.version);
    if !patches.is_empty() {
        let mut hash = Sha256::new();
        hash_patches(&mut hash, patches);
        name = format!("{name}+{}", super::short_hex(&hash.finalize()));
    }
    Ok(paths::cache()?.join("source").join(name))
}

/// Adds what changes a source to a key; the words before a patch's first file do not.
pub(super) fn hash_patches(hash: &mut Sha256, patches: &[&str]) {
    for patch in patches {
        let changes = patch.split_once("\n---\n").map_or(*patch, |(_, it)| it);
        hash.update(format!("\n{} {changes}", changes.len()));
    }
}

/// The source tree of `kernel`, made where it is missing.
pub(super) fn ensure(kernel: &Kernel) -> Result<PathBuf> {
    let release = kernel.release()?;
    let place = dir(release, kernel.patches)?;
    if place.is_dir() {
        return Ok(place);
    }
    let _lock = lock::hold_cache()?;
    let pristine = dir(release, &[])?;
    if !pristine.is_dir() {
        whole(&pristine, |partial| unpack(kernel, release, partial))?;
    }
    if kernel.patches.is_empty() {
        return Ok(pristine);
    }
    let patched = dir(release, kernel.patches)?;
    if !patched.is_dir() {
        whole(&patched, |partial| {
            patch(&pristine, kernel.patches, partial)
        })?;
    }
    Ok(patched)
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

/// A copy of hard links, but for the patched files.
fn patch(pristine: &Path, patches: &[&str], to: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--archive", "--link", "--no-target-directory"])
        .arg(pristine)
        .arg(to);
    run::check(&mut copy)?;
    for text in patches {
        let mut patch = Command::new("patch");
        // A file is written anew and moved to its name, which then no longer means the
        // pristine one. Where a line around a change differs, somebody has to look.
        patch
            .args(["--strip=1", "--fuzz=0", "--batch", "--forward"])
            .args(["--no-backup-if-mismatch", "--reject-file=-", "--directory"])
            .arg(to);
        run::fed(&mut patch, text.as_bytes())
            .with_context(|| format!("the source does not take {:?}", title(text)))?;
    }
    Ok(())
}

/// What a patch is about: its first line behind that of its licence.
fn title(patch: &str) -> &str {
    let mut lines = patch.lines().skip(1);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    const PATCH: &str = "\
SPDX-License-Identifier: GPL-2.0-only

script: more numbers
---
--- a/sub/script
+++ b/sub/script
@@ -1,3 +1,4 @@
 one
 two
+and a half
 three
";

    /// A folder with the file that [`PATCH`] is for and another.
    fn source(script: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("sub")).unwrap();
        fs::write(from.join("sub/script"), script).unwrap();
        fs::write(from.join("other"), "same").unwrap();
        fs::create_dir(&to).unwrap();
        (dir, from, to)
    }

    #[test]
    fn a_patched_source_leaves_the_pristine_one_alone_and_shares_the_rest() {
        let (_dir, from, to) = source("zero\none\ntwo\nthree\n");
        patch(&from, &[PATCH], &to).unwrap();
        let text = |file: PathBuf| fs::read_to_string(file).unwrap();
        assert_eq!(text(from.join("sub/script")), "zero\none\ntwo\nthree\n");
        assert_eq!(
            text(to.join("sub/script")),
            "zero\none\ntwo\nand a half\nthree\n"
        );
        let inode = |file: PathBuf| fs::metadata(file).unwrap().ino();
        assert_eq!(inode(from.join("other")), inode(to.join("other")));
    }

    #[test]
    fn a_patch_that_does_not_fit_to_the_letter_is_refused_by_its_title() {
        for script in [
            "one\nthree\n",
            "one\ntwo\nand a half\nthree\n",
            "1\ntwo\nthree\n",
        ] {
            let (_dir, from, to) = source(script);
            let err = patch(&from, &[PATCH], &to).unwrap_err();
            assert!(
                format!("{err:#}").contains("script: more numbers"),
                "{err:#}"
            );
        }
    }

    #[test]
    fn the_words_before_a_patch_build_no_other_kernel() {
        let key = |patches: &[&str]| {
            let mut hash = Sha256::new();
            hash_patches(&mut hash, patches);
            hash.finalize()
        };
        let reworded = PATCH.replace("more numbers", "other words");
        assert_eq!(key(&[PATCH]), key(&[&reworded]));
        let other = PATCH.replace("and a half", "and more");
        assert_ne!(key(&[PATCH]), key(&[&other]));
        assert_ne!(key(&[PATCH]), key(&[]));
    }

    #[test]
    fn a_folder_that_could_not_be_made_whole_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("source");
        assert!(whole(&place, |_| anyhow::bail!("no")).is_err());
        assert!(!place.exists());
        whole(&place, |partial| Ok(fs::write(partial.join("a"), "")?)).unwrap();
        assert!(place.join("a").is_file());
    }
}
