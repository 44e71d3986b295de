// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask dissector --install` and `--uninstall`: plugins and a profile, where
//! this user's Wireshark looks for them.

use crate::codegen;
use anyhow::{Context, Result, bail};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The profile's name.
pub(crate) const PROFILE: &str = "nl-util";

/// The profile's files. Colours are of 16 bits, background first; the first rule
/// that matches counts. A button is: enabled, label, filter, comment.
pub(crate) const PROFILE_FILES: &[(&str, &str)] = &[
    (
        "colorfilters",
        "@Netlink: malformed@netlink && _ws.expert.severity == error@[54484,20817,20817][65535,65535,65535]\n\
         @Netlink: error@nlmsg.error < 0@[65535,52428,52428][32768,0,0]\n\
         @Netlink: inconsistent dump@nlmsg.dump_interrupted@[65535,62194,49087][26214,13107,0]\n\
         @Netlink: request@netlink.hdr_flags.request == 1@[59367,61166,65535][4626,10023,11822]\n",
    ),
    (
        "dfilter_buttons",
        "\"TRUE\",\"Errors\",\"nlmsg.error < 0\",\"requests refused by the kernel\"\n\
         \"TRUE\",\"Inconsistent dumps\",\"nlmsg.dump_interrupted\",\"NLM_F_DUMP_INTR\"\n\
         \"TRUE\",\"Slower than 1 ms\",\"nlmsg.time > 0.001\",\"since the request\"\n\
         \"TRUE\",\"Damaged\",\"netlink && _ws.expert.severity == error\",\"malformed messages\"\n",
    ),
    (
        "preferences",
        "gui.column.format: \n\
         \t\"No.\", \"%m\",\n\
         \t\"Time\", \"%t\",\n\
         \t\"Process\", \"%Cus:nlcap.comm:0:R\",\n\
         \t\"PID\", \"%Cus:nlcap.pid:0:R\",\n\
         \t\"Protocol\", \"%p\",\n\
         \t\"Length\", \"%L\",\n\
         \t\"Answers\", \"%Cus:nlmsg.request_in:0:R\",\n\
         \t\"Info\", \"%i\"\n",
    ),
];

/// A folder of this user's Wireshark; tshark knows.
fn folder(name: &str) -> Result<PathBuf> {
    let out = Command::new("tshark")
        .args(["-G", "folders"])
        .output()
        .context("cannot run tshark to find its plugin directory")?;
    let text = String::from_utf8_lossy(&out.stdout);
    let line = text.lines().find_map(|it| it.strip_prefix(name));
    match line.and_then(|it| it.strip_prefix(':')).map(str::trim) {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => bail!("`tshark -G folders` has no line {name:?}"),
    }
}

/// Where Lua of this user's is looked for.
pub(super) fn plugins_folder() -> Result<PathBuf> {
    folder("Personal Lua Plugins")
}

fn profile_folder() -> Result<PathBuf> {
    Ok(folder("Personal configuration")?
        .join("profiles")
        .join(PROFILE))
}

/// Writes the profile: colouring rules, filter buttons, columns. What somebody has
/// changed in it stays.
pub(super) fn profile() -> Result<()> {
    let dir = profile_folder()?;
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for (name, text) in PROFILE_FILES {
        let path = dir.join(name);
        if path.exists() && !is_ours(&path, text) {
            println!("{}: modified since, left unchanged", path.display());
            continue;
        }
        codegen::write_file(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}

fn is_ours(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|it| it == text)
}

/// Removes what installing wrote: plugins that say that they are this task's, and the
/// profile as far as nobody has changed it.
pub(super) fn undo() -> Result<()> {
    for path in plugins(&plugins_folder()?)? {
        remove(&path)?;
    }
    let dir = profile_folder()?;
    for (name, text) in PROFILE_FILES {
        let path = dir.join(name);
        if is_ours(&path, text) {
            remove(&path)?;
        } else if path.exists() {
            println!("{}: modified since, left unchanged", path.display());
        }
    }
    // Wireshark's own memory of a profile, of no use without it.
    let only_recent = |entries: fs::ReadDir| entries.flatten().all(|it| it.file_name() == "recent");
    if fs::read_dir(&dir).is_ok_and(only_recent) {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        println!("removed {}", dir.display());
    }
    Ok(())
}

fn plugins(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(err).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut ours = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_made_here = |text: String| {
            let second = text.lines().nth(1).unwrap_or_default();
            second.contains("`cargo xtask codegen`")
                || second.contains("`cargo xtask dissector --spec`")
        };
        if path.extension().is_some_and(|it| it == "lua")
            && fs::read_to_string(&path).is_ok_and(is_made_here)
        {
            ours.push(path);
        }
    }
    ours.sort();
    Ok(ours)
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    println!("removed {}", path.display());
    Ok(())
}
