// SPDX-License-Identifier: GPL-2.0-or-later
//! The Debian package. It depends on nothing, so that one serves all suites.

use super::{
    content::{Item, Role, write as write_file},
    programs::TARGET,
    release::{NAME, Release},
};
use crate::{dissector, run};
use anyhow::{Context, Result};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Debian's name of the machine.
const ARCHITECTURE: &str = "amd64";

/// An address that reaches nobody, and says so: the project has none.
const MAINTAINER: &str = "nl-util developers <nl-util@project.invalid>";

/// What lintian finds that is meant, each with its reason.
const OVERRIDES: &str = include_str!("lintian-overrides");

/// Where Debian's programs look.
fn folder(role: Role) -> String {
    let multiarch = TARGET.replace("-unknown", "");
    match role {
        Role::Program => "usr/bin".to_owned(),
        Role::ManPage => "usr/share/man/man1".to_owned(),
        Role::BashCompletion => "usr/share/bash-completion/completions".to_owned(),
        Role::ZshCompletion => "usr/share/zsh/vendor-completions".to_owned(),
        Role::FishCompletion => "usr/share/fish/vendor_completions.d".to_owned(),
        // Lua's are in the folder itself; those below it, by version, are for plugins in C.
        Role::WiresharkPlugin => format!("usr/lib/{multiarch}/wireshark/plugins"),
        Role::WiresharkProfile => format!("usr/share/wireshark/profiles/{}", dissector::PROFILE),
        Role::Document | Role::Licence => format!("usr/share/doc/{NAME}"),
    }
}

/// Writes it into `out`.
pub(super) fn write(release: &Release, items: &[Item], work: &Path, out: &Path) -> Result<()> {
    let tree = work.join("deb");
    for item in items {
        match item.role {
            // Those that Debian has are named, not repeated.
            Role::Licence if item.name != super::licences::OTHERS => {}
            Role::ManPage => {
                let gz = compressed(&item.bytes)?;
                let path = format!("{}/{}.gz", folder(item.role), item.name);
                write_file(&tree.join(path), &gz, 0o644)?;
            }
            Role::Document if item.name == "CHANGELOG.md" => {
                let path = format!("{}/NEWS.md.gz", folder(item.role));
                write_file(&tree.join(path), &compressed(&item.bytes)?, 0o644)?;
            }
            role => item.write(&tree, &folder(role))?,
        }
    }
    let documents = tree.join(folder(Role::Document));
    let changes = compressed(changelog(release)?.as_bytes())?;
    write_file(&documents.join("changelog.gz"), &changes, 0o644)?;
    let copyright = COPYRIGHT.replace("YEAR", &release.date("+%Y")?);
    write_file(&documents.join("copyright"), copyright.as_bytes(), 0o644)?;
    let overrides = tree.join("usr/share/lintian/overrides").join(NAME);
    write_file(&overrides, OVERRIDES.as_bytes(), 0o644)?;
    let sums = sums(&tree)?;
    let control = control(release, kilobytes(&tree)?);
    write_file(&tree.join("DEBIAN/md5sums"), sums.as_bytes(), 0o644)?;
    write_file(&tree.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    let file = format!("{NAME}_{}_{ARCHITECTURE}.deb", release.version);
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "-Zxz", "--threads-max=1", "--build"])
        .arg(&tree)
        .arg(out.join(file))
        .env("SOURCE_DATE_EPOCH", release.time.to_string())
        .stdout(Stdio::null());
    run::check(&mut pack)
}

/// By gzip(1) without the time, as Debian wants it.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
    std::io::Write::write_all(&mut file, bytes)
        .and_then(|()| std::io::Seek::rewind(&mut file))
        .context("cannot write a temporary file")?;
    let mut gzip = Command::new("gzip");
    let out = gzip
        .args(["-9", "--no-name", "--stdout"])
        .stdin(file)
        .output();
    let out = out.context("cannot run gzip")?;
    anyhow::ensure!(out.status.success(), "gzip failed: {}", out.status);
    Ok(out.stdout)
}

/// The sums of all files, by which dpkg verifies them.
fn sums(tree: &Path) -> Result<String> {
    const SUMS: &str = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum";
    let mut sh = Command::new("sh");
    let text = run::output(sh.args(["-euc", SUMS]).current_dir(tree))?;
    Ok(format!("{text}\n"))
}

/// What is installed, by Debian's rule: whole kilobytes, and one for each folder.
fn kilobytes(tree: &Path) -> Result<u64> {
    let mut sum = 0;
    for path in super::files(tree)? {
        let meta = fs::symlink_metadata(&path)?;
        sum += match meta.is_dir() {
            true => 1 + kilobytes(&path)?,
            false => meta.len().div_ceil(1024),
        };
    }
    Ok(sum)
}

fn control(release: &Release, kilobytes: u64) -> String {
    format!(
        "Package: {NAME}\n\
         Version: {}\n\
         Architecture: {ARCHITECTURE}\n\
         Maintainer: {MAINTAINER}\n\
         Installed-Size: {kilobytes}\n\
         Suggests: tshark | wireshark\n\
         Section: net\n\
         Priority: optional\n\
         Description: record, trace and compare netlink conversations\n\
         \x20nlcap shows what programs and the kernel say to each other over netlink: live,\n\
         \x20as strace shows system calls, from recordings, or as reports that compare\n\
         \x20commands. A command's messages need no privilege.\n\
         \x20.\n\
         \x20The package has nl_user, too, the client of the kernel module nl_kernel, and\n\
         \x20Wireshark's plugin for it with a profile for netlink.\n",
        release.version
    )
}

fn changelog(release: &Release) -> Result<String> {
    Ok(format!(
        "{NAME} ({}) unstable; urgency=medium\n\n  \
           * Commit {}; NEWS.md.gz has what changed.\n\n -- {MAINTAINER}  {}\n",
        release.version,
        &release.commit[..release.commit.len().min(12)],
        release.date("+%a, %d %b %Y %H:%M:%S +0000")?
    ))
}

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: nl-util
Comment: The programs are static. THIRD-PARTY.txt beside this file names what they are
 linked with, under which licences: crates, Rust's standard library, and the GNU C Library
 (LGPL-2.1-or-later, /usr/share/common-licenses/LGPL-2.1). nlcap has names and numbers of
 the Linux kernel's YNL specifications, which are ((GPL-2.0-only WITH Linux-syscall-note) OR
 BSD-3-Clause).

Files: *
Copyright: YEAR the authors of nl-util
License: GPL-2+
 This program is free software; you can redistribute it and/or modify it under the terms
 of the GNU General Public License as published by the Free Software Foundation; either
 version 2 of the License, or (at your option) any later version.
 .
 On Debian systems, the text of version 2 is in /usr/share/common-licenses/GPL-2.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_kilobytes_and_folders_count() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/a"), vec![0; 1025]).unwrap();
        fs::write(dir.path().join("empty"), "").unwrap();
        assert_eq!(kilobytes(dir.path()).unwrap(), 3);
    }

    #[test]
    fn no_line_of_the_description_is_too_long_for_a_terminal() {
        let release = Release {
            version: "1.0.0",
            commit: String::new(),
            time: 0,
        };
        let control = control(&release, 1);
        assert!(control.lines().all(|line| line.len() <= 80), "{control}");
        assert!(control.ends_with('\n') && !control.contains("\n\n"));
    }
}
