// SPDX-License-Identifier: GPL-2.0-or-later
//! What every build by the kernel's make has in common, be it of a kernel or of the Rust
//! metadata of one.

use anyhow::{Context, Result, bail};
use std::{collections::HashSet, fs, path::Path, thread};

/// The options of a fragment, without comments: those change nothing.
pub(super) fn options(fragment: &str) -> impl Iterator<Item = &str> {
    let lines = fragment.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// make's option for this machine's CPUs.
pub(super) fn jobs() -> String {
    let jobs = thread::available_parallelism().map_or(2, usize::from) + 1;
    format!("-j{jobs}")
}

/// `  CC      net/core/dev.o`: two blanks and a capital; warnings are not steps.
pub(crate) fn is_step(line: &str) -> bool {
    line.starts_with("  ") && line.as_bytes().get(2).is_some_and(u8::is_ascii_uppercase)
}

/// Removes from a build what neither the machine boots nor a module is built against.
pub(super) fn trim(dir: &Path) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_useless = name.ends_with(".o")
            || name.ends_with(".a")
            || matches!(&*name, "vmlinux" | "vmlinux.unstripped" | "vmlinux.bin");
        if kind.is_dir() {
            trim(&path)?;
        } else if is_useless {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Kconfig drops what it cannot set without a word: each wanted option must
/// stand in the result.
pub(super) fn verify(fragment: &str, config: &Path) -> Result<()> {
    let text =
        fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let lost = lost_options(fragment, &text);
    if !lost.is_empty() {
        bail!(
            "the kernel's configuration refused {} (a dependency is missing from the fragment)",
            lost.join(", ")
        );
    }
    Ok(())
}

fn lost_options<'a>(fragment: &'a str, config: &str) -> Vec<&'a str> {
    let set: HashSet<&str> = config.lines().collect();
    options(fragment)
        .filter(|line| !set.contains(line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_kconfig_dropped_is_named() {
        let fragment = "# comment\nCONFIG_NLMON=y\nCONFIG_RUST=y\n";
        let config = "CONFIG_NLMON=y\n# CONFIG_RUST is not set\n";
        assert_eq!(lost_options(fragment, config), ["CONFIG_RUST=y"]);
    }

    #[test]
    fn what_is_trimmed_is_what_no_module_is_built_against() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("arch/x86/boot");
        fs::create_dir_all(&sub).unwrap();
        let names = [
            "bzImage",
            "vmlinux.bin",
            "head.o",
            "lib.a",
            "head.o.d",
            "k.rmeta",
        ];
        for name in names {
            fs::write(sub.join(name), "").unwrap();
        }
        trim(dir.path()).unwrap();
        let left = names.map(|name| sub.join(name).exists());
        assert_eq!(left, [true, false, false, false, true, true]);
    }

    #[test]
    fn comments_in_the_fragment_are_no_options() {
        assert_eq!(
            options("# a\n\n  CONFIG_A=y  \n").collect::<Vec<_>>(),
            ["CONFIG_A=y"]
        );
    }
}
