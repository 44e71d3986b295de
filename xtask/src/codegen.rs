// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask codegen`: what is generated from `kmod/uapi/nl_util.yaml` and from the
//! specifications that are built in.

use crate::{families, paths};
use anyhow::{Context, Result, bail};
use nl_dissector::emit;
use std::{fs, path::Path};
use ynl::model::Family;

pub(crate) const SPEC: &str = "kmod/uapi/nl_util.yaml";
const LUA: &str = "dissector/nl_util.lua";
/// The name of that file.
pub(crate) const LUA_NAME: &str = "nl_util.lua";

/// A generated file: where it lies, and what it holds.
type Output = (&'static str, fn(&Family) -> Result<String>);

const OUTPUTS: &[Output] = &[
    ("kmod/uapi/nl_util.h", |family| {
        Ok(emit::c_header::emit(family)?)
    }),
    ("kmod/uapi/nl_util.rs", |family| {
        Ok(emit::rust_kernel::emit(family)?)
    }),
    ("cli/src/uapi.rs", |family| {
        Ok(emit::rust_neli::emit(family)?)
    }),
    (LUA, lua),
    ("docs/protocol.md", |family| {
        Ok(emit::protocol::emit(family)?)
    }),
];

/// Read from the checkout, not the copy in the crate ynl: that one is as
/// old as this program.
pub(crate) fn family() -> Result<Family> {
    let path = paths::root().join(SPEC);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Family::parse(&text, SPEC)?)
}

/// The plugin, proven to be Lua before anybody sees it.
fn lua(family: &Family) -> Result<String> {
    let text = emit::lua::emit(family)?;
    check_lua(LUA, &text)?;
    Ok(text)
}

/// Whether a text is Lua.
pub(crate) fn check_lua(name: &str, text: &str) -> Result<()> {
    mlua::Lua::new()
        .load(text)
        .set_name(name)
        .into_function()
        .map_err(|err| anyhow::anyhow!("the generated Lua does not compile: {err}"))?;
    Ok(())
}

/// Writes all outputs that differ, or only says which do.
pub(crate) fn all(check: bool) -> Result<()> {
    let family = family()?;
    let mut files = families::table::own()?;
    let leftovers = families::table::leftovers(&files)?;
    // All are made before any is written: a generator's fault leaves all as they were.
    for (name, emit) in OUTPUTS {
        let text = emit(&family).with_context(|| format!("cannot generate {name}"))?;
        files.insert((*name).to_owned(), text);
    }
    files.retain(|name, text| !is_fresh(name, text));
    if check && !(files.is_empty() && leftovers.is_empty()) {
        let names = files.into_keys();
        let leftovers = leftovers.iter().map(|it| it.display().to_string());
        let names: Vec<_> = names.chain(leftovers).collect();
        bail!("stale: {}; run `cargo xtask codegen`", names.join(", "));
    }
    for path in &leftovers {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        println!("removed {}", path.display());
    }
    for (name, text) in &files {
        write(name, text)?;
    }
    Ok(())
}

/// Brings the project's own plugin up to date; returns it.
pub(crate) fn dissector() -> Result<String> {
    let text = lua(&family()?).with_context(|| format!("cannot generate {LUA}"))?;
    if !is_fresh(LUA, &text) {
        write(LUA, &text)?;
    }
    Ok(text)
}

fn is_fresh(name: &str, text: &str) -> bool {
    fs::read_to_string(paths::root().join(name)).is_ok_and(|old| old == text)
}

fn write(name: &str, text: &str) -> Result<()> {
    write_file(&paths::root().join(name), text)?;
    println!("wrote {name}");
    Ok(())
}

/// Beside its place first: a reader never sees half a file.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let mut file = tempfile::NamedTempFile::new_in(parent)
        .with_context(|| format!("cannot write into {}", parent.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode)?;
    file.persist(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
