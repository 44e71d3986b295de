// SPDX-License-Identifier: GPL-2.0-or-later
//! A folder as .tar.xz, the same bytes for the same files: sorted, of nobody, of the commit's time.

use super::release::Release;
use crate::{progress::Progress, run};
use anyhow::{Context, Result, ensure};
use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

/// Packs the folder `dir`, by its own name, into `file`.
pub(super) fn write(dir: &Path, release: &Release, file: &Path) -> Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
        anyhow::bail!("{} has no name", dir.display());
    };
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=gnu", "--sort=name"])
        .args(["--owner=0", "--group=0", "--numeric-owner"])
        .arg(format!("--mtime=@{}", release.time))
        // Whatever the umask was, and the file system makes of modes.
        .arg("--mode=a-s,a-t,u=rwX,go=rX")
        .arg("--directory")
        .arg(parent)
        .arg(name)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut progress = Progress::new(&format!("packing {}", name.to_string_lossy()), 0);
    progress.step();
    let mut packing = tar.spawn().context("cannot run tar")?;
    let packed = packing.stdout.take().context("tar has no output")?;
    // How many threads there are decides where xz begins its blocks.
    let mut xz = Command::new("xz");
    xz.args(["--compress", "--stdout", "-6", "--threads=1"])
        .env_remove("XZ_DEFAULTS")
        .env_remove("XZ_OPT")
        .stdin(packed)
        .stdout(File::create(file).with_context(cannot)?);
    run::check(&mut xz).with_context(cannot)?;
    let status = packing.wait().context("cannot wait for tar")?;
    ensure!(status.success(), "{}: tar failed: {status}", cannot());
    progress.done();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn the_same_files_give_the_same_bytes_whatever_their_times_modes_and_order() {
        let dir = tempfile::tempdir().unwrap();
        let release = Release {
            version: "1.2.3",
            commit: String::new(),
            time: 1_000_000_000,
        };
        let pack = |place: &str, names: &[&str], mode: u32| {
            let tree = dir.path().join(place).join("tree");
            fs::create_dir_all(tree.join("sub")).unwrap();
            for name in names {
                fs::write(tree.join(name), name).unwrap();
                let mode = fs::Permissions::from_mode(mode);
                fs::set_permissions(tree.join(name), mode).unwrap();
            }
            let file = dir.path().join(format!("{place}.tar.xz"));
            write(&tree, &release, &file).unwrap();
            fs::read(file).unwrap()
        };
        let first = pack("a", &["sub/x", "b", "a"], 0o600);
        let second = pack("other", &["a", "b", "sub/x"], 0o664);
        assert_eq!(first, second);
        assert_ne!(first, pack("program", &["a", "b", "sub/x"], 0o775));
    }
}
