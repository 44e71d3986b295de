// SPDX-License-Identifier: GPL-2.0-or-later
//! What is in a package, whatever its form.

use super::{
    licences,
    programs::{Built, PROGRAMS},
    release::Release,
};
use crate::{dissector, run};
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// What a file is, by which each form of package knows its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Program,
    ManPage,
    BashCompletion,
    ZshCompletion,
    FishCompletion,
    WiresharkPlugin,
    WiresharkProfile,
    Document,
    Licence,
}

/// A file.
pub(super) struct Item {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Item {
    fn new(role: Role, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            role,
            name: name.into(),
            bytes: bytes.into(),
        }
    }

    /// Writes it below `root`, where `folder` says that its role belongs.
    pub(super) fn write(&self, root: &Path, folder: &str) -> Result<()> {
        let mode = if self.role == Role::Program {
            0o755
        } else {
            0o644
        };
        write(&root.join(folder).join(&self.name), &self.bytes, mode)
    }
}

/// Writes a file with its folders, whose modes depend on no umask.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let parent = path.parent().with_context(cannot)?;
    let missing: Vec<_> = parent.ancestors().take_while(|it| !it.is_dir()).collect();
    for dir in missing.into_iter().rev() {
        fs::create_dir(dir).with_context(cannot)?;
        set_mode(dir, 0o755).with_context(cannot)?;
    }
    fs::write(path, bytes).with_context(cannot)?;
    set_mode(path, mode).with_context(cannot)
}

fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Reads and makes all files. The programs that were built are run for it.
pub(super) fn gather(
    release: &Release,
    source: &Path,
    built: &Built,
    work: &Path,
) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for name in PROGRAMS {
        let program = built.dir.join(name);
        items.push(Item::new(Role::Program, *name, read(&program)?));
        pages(release, &program, &work.join("man"), &mut items)?;
        for (shell, role, file) in [
            ("bash", Role::BashCompletion, (*name).to_owned()),
            ("zsh", Role::ZshCompletion, format!("_{name}")),
            ("fish", Role::FishCompletion, format!("{name}.fish")),
        ] {
            let mut cmd = Command::new(&program);
            let text = run::output(cmd.args(["completions", shell]))?;
            items.push(Item::new(role, file, format!("{text}\n")));
        }
    }
    // Each Lua file there is a plugin.
    for path in super::files(&source.join("dissector"))? {
        if path.extension().is_some_and(|it| it == "lua") {
            items.push(Item::new(Role::WiresharkPlugin, name(&path), read(&path)?));
        }
    }
    for (name, text) in dissector::PROFILE_FILES {
        items.push(Item::new(Role::WiresharkProfile, *name, *text));
    }
    let changes = read(&source.join("CHANGELOG.md"))?;
    items.push(Item::new(Role::Document, "CHANGELOG.md", changes));
    for (name, bytes) in licences::all(source, &built.by)? {
        items.push(Item::new(Role::Licence, name, bytes));
    }
    Ok(items)
}

fn pages(release: &Release, program: &Path, dir: &Path, items: &mut Vec<Item>) -> Result<()> {
    let dir = dir.join(name(program));
    let mut cmd = Command::new(program);
    cmd.args(["man", "--all"])
        .arg(&dir)
        .env("SOURCE_DATE_EPOCH", release.time.to_string());
    run::check(&mut cmd)?;
    for page in super::files(&dir)? {
        items.push(Item::new(Role::ManPage, name(&page), read(&page)?));
    }
    Ok(())
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

pub(super) fn read(path: &PathBuf) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_mode_and_its_folders_are_what_they_should_be_under_any_umask() {
        let dir = tempfile::tempdir().unwrap();
        Item::new(Role::Program, "p", "x")
            .write(dir.path(), "a/b")
            .unwrap();
        Item::new(Role::ManPage, "p.1", "x")
            .write(dir.path(), "a/c")
            .unwrap();
        for (path, mode) in [
            ("a", 0o755),
            ("a/b", 0o755),
            ("a/b/p", 0o755),
            ("a/c/p.1", 0o644),
        ] {
            let meta = fs::metadata(dir.path().join(path)).unwrap();
            assert_eq!(meta.permissions().mode() & 0o7777, mode, "{path}");
        }
    }
}
