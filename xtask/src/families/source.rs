// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's source that is read, and which kernel it is.

use super::uapi;
use crate::kernel::Kernel;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which kernel's source to read.
#[derive(clap::Args)]
pub(crate) struct SourceChoice {
    /// A kernel's source [default: that of the kernel `newest`, fetched where it is missing]
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
}

impl SourceChoice {
    pub(crate) fn is_given(&self) -> bool {
        self.source.is_some()
    }

    pub(crate) fn folder(&self) -> Result<PathBuf> {
        match &self.source {
            Some(folder) => Ok(folder.clone()),
            None => Kernel::named("newest")?.unpacked(),
        }
    }
}

/// The version that a source's Makefile says: `7.2.13`.
pub(crate) fn version(source: &Path) -> Result<String> {
    let text = uapi::read(&source.join("Makefile"))?;
    version_of(&text).with_context(|| {
        format!(
            "{}/Makefile names no version: it is no kernel's source",
            source.display()
        )
    })
}

fn version_of(makefile: &str) -> Option<String> {
    let value = |name: &str| {
        makefile.lines().find_map(|line| {
            let rest = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
            Some(rest.trim().to_owned())
        })
    };
    let parts = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(value);
    let [Some(a), Some(b), Some(c)] = parts else {
        return None;
    };
    Some(format!("{a}.{b}.{c}"))
}

/// Where netlink is spoken.
const PLACES: [&str; 10] = [
    "net",
    "drivers",
    "fs",
    "kernel",
    "security",
    "crypto",
    "lib",
    "block",
    "include/net",
    "include/linux",
];

/// A source file, and its text without comments.
pub(crate) struct Code {
    /// Below the source: `net/core/rtnetlink.c`.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The files of a source that say something of netlink, in the order of their names.
pub(crate) fn code(source: &Path) -> Result<Vec<Code>> {
    let mut found = Vec::new();
    for place in PLACES {
        let folder = source.join(place);
        if folder.is_dir() {
            search(source, &folder, &mut found)?;
        }
    }
    found.sort_by(|a: &Code, b: &Code| a.name.cmp(&b.name));
    Ok(found)
}

/// The words of which one is in each such file.
const WORDS: [&[u8]; 6] = [
    b"nla_",
    b"nlattr",
    b"genl_",
    b"nfnetlink_subsystem",
    b"netlink_kernel_create",
    b"_ATTR_MAX",
];

fn search(source: &Path, folder: &Path, found: &mut Vec<Code>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot list the source in {}", folder.display()))?;
    for entry in entries {
        let entry = entry.context("cannot list a source")?;
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.context("cannot list a source")?.is_dir() {
            search(source, &path, found)?;
            continue;
        }
        if !path.extension().is_some_and(|it| it == "c" || it == "h") {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if WORDS.iter().any(|it| contains(&bytes, it)) {
            let name = path.strip_prefix(source).unwrap_or(&path);
            found.push(Code {
                name: name.display().to_string(),
                text: uapi::text::clean(&String::from_utf8_lossy(&bytes)),
            });
        }
    }
    Ok(())
}

/// Whether a word is in a text. Both are bytes: most files are no concern of ours, and to
/// read them as texts costs more than to read them.
fn contains(text: &[u8], word: &[u8]) -> bool {
    let (first, rest) = (word[0], &word[1..]);
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|it| *it == first) {
        from += at + 1;
        if text[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_makefile() {
        let text = "# x\nVERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 13\nEXTRAVERSION =\n";
        assert_eq!(version_of(text).as_deref(), Some("7.2.13"));
        assert_eq!(version_of("VERSION = 7\n"), None);
    }

    #[test]
    fn only_what_speaks_netlink_is_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("net/box")).unwrap();
        for (name, text) in [
            ("net/box/a.c", "nnla_put(/* x */);"),
            ("net/box/b.c", "int nl;"),
            ("net/c.txt", "nla_put();"),
            ("top.c", "nla_put();"),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let found = code(dir.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&*found[0].name, &*found[0].text),
            ("net/box/a.c", "nnla_put( );")
        );
    }
}
