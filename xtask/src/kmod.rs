// SPDX-License-Identifier: GPL-2.0-or-later
//! Building our module: for a guest kernel, and for people's own.

use crate::{
    exit::UnavailableError,
    kernel::{self, Kernel, KernelChoice},
    lock, paths, run,
};
use anyhow::{Context, Result};
use clap::Subcommand;
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The module's name, as `lsmod` shows it.
const NAME: &str = "nl_kernel";

/// Roughly the steps that make prints for it.
const STEPS: u64 = 14;

/// The module of the tests.
const TESTS: &str = "nl_tests";

/// What kbuild is to do in the mirror.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// The module.
    Module,
    /// The kernel's own clippy lints, warnings being errors. The object that it
    /// leaves is not optimised, so it has a mirror of its own.
    Clippy,
    /// The module of the tests, which stands on the sources of ours.
    Tests,
}

#[derive(Subcommand)]
pub(crate) enum KmodAction {
    /// Build nl_kernel.ko for the running kernel
    Build(MakeArgs),
    /// Build and load it
    Load(MakeArgs),
    /// Unload it
    Unload,
    /// Show its lines in the kernel log
    Log,
    /// Build the tests' module for a guest kernel, and print where it is
    #[command(hide = true)]
    Tests(KernelChoice),
}

#[derive(clap::Args)]
pub(crate) struct MakeArgs {
    /// Passed to make: LLVM=1 and RUSTC=… as the kernel was built, KDIR=… for its tree
    #[arg(value_name = "VAR=VALUE", value_parser = variable)]
    variables: Vec<String>,
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() && !name.starts_with('-') => Ok(text.to_owned()),
        _ => Err("not VAR=VALUE".to_owned()),
    }
}

/// Our module for `kernel`, built if anything that it is made of has changed.
pub(crate) fn ensure(kernel: &Kernel) -> Result<PathBuf> {
    build(kernel, Build::Module)?;
    file(kernel.name)
}

/// Where our module for the kernel of that name is, once it is built.
pub(crate) fn file(kernel: &str) -> Result<PathBuf> {
    Ok(folder(kernel)?.join(format!("{NAME}.ko")))
}

/// The mirror, and where it is built.
fn folder(name: &str) -> Result<PathBuf> {
    Ok(paths::target_dir()?.join("kmod").join(name))
}

/// Builds in a mirror of kmod/ in the target folder: one for each kernel, the
/// checkout stays clean.
pub(crate) fn build(kernel: &Kernel, what: Build) -> Result<PathBuf> {
    let tree = kernel.ensure()?;
    let suffix = match what {
        Build::Module => "",
        Build::Clippy => "-clippy",
        Build::Tests => "-tests",
    };
    let dir = folder(&format!("{}{suffix}", kernel.name))?;
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut sources = sources(&paths::root().join("kmod"))?;
    if let Build::Tests = what {
        for (name, _) in &mut sources {
            if name == Path::new("Kbuild") {
                *name = "kmod.Kbuild".into();
            }
        }
        sources.extend(self::sources(&paths::root().join("xtask/tests/kmod"))?);
    }
    let stamp = stamp(&sources, &tree);
    lock::once(&dir, &stamp, || make(kernel, &sources, &dir, what))?;
    Ok(dir)
}

fn make(kernel: &Kernel, sources: &[(PathBuf, Vec<u8>)], dir: &Path, what: Build) -> Result<()> {
    mirror(sources, dir)?;
    let mut make = kernel.make()?;
    make.arg(format!("M={}", dir.display()))
        .args(["KCFLAGS=-Werror", "KRUSTFLAGS=-Dwarnings"]);
    if let Build::Clippy = what {
        make.args(["CLIPPY=1", "CLIPPY_DRIVER=/usr/bin/clippy-driver"]);
    }
    make.arg("modules");
    let log = dir.join("build.log");
    run::logged(
        &mut make,
        &log,
        "building the module",
        STEPS,
        kernel::is_step,
    )
}

/// The files of kmod/ that are ours, with their content, by relative name.
fn sources(dir: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(dir.join(&folder))
            .with_context(|| format!("cannot read {}", dir.join(&folder).display()))?;
        for entry in entries {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if is_source(&name) {
                let content = fs::read(entry.path())
                    .with_context(|| format!("cannot read {}", entry.path().display()))?;
                found.push((name, content));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What `make -C kmod` leaves in the checkout must not get into a mirror.
fn is_source(name: &Path) -> bool {
    let file = name
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(".");
    if file.starts_with('.')
        || file.starts_with("bindings_generated")
        || file == "bindings_static.c"
    {
        return false;
    }
    matches!(file, "Kbuild" | "Makefile")
        || file.ends_with(".rs")
        || file.ends_with(".h")
        || file.ends_with(".c") && !file.ends_with(".mod.c")
}

fn stamp(sources: &[(PathBuf, Vec<u8>)], tree: &Path) -> String {
    let mut hash = Sha256::new();
    hash.update(tree.as_os_str().as_encoded_bytes());
    for (name, content) in sources {
        hash.update(format!("\n{} {}\n", name.display(), content.len()));
        hash.update(content);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Writes only what differs: make goes by the files' times.
fn mirror(sources: &[(PathBuf, Vec<u8>)], to: &Path) -> Result<()> {
    for (name, content) in sources {
        let file = to.join(name);
        if fs::read(&file).is_ok_and(|old| old == *content) {
            continue;
        }
        let parent = file.parent().unwrap_or(to);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, content))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// `cargo xtask kmod`: on the machine's own kernel, by kmod/Makefile.
pub(crate) fn task(action: &KmodAction) -> Result<()> {
    let dir = paths::root().join("kmod");
    match action {
        KmodAction::Build(with) => build_for_own(&dir, with),
        KmodAction::Load(with) => {
            build_for_own(&dir, with)?;
            run::check(as_root("insmod").arg(dir.join(format!("{NAME}.ko"))))
        }
        KmodAction::Tests(on) => {
            let dir = build(Kernel::named(&on.kernel)?, Build::Tests)?;
            println!("{}", dir.join(format!("{TESTS}.ko")).display());
            Ok(())
        }
        KmodAction::Unload => run::check(as_root("rmmod").arg(NAME)),
        KmodAction::Log => {
            let text = run::output(&mut as_root("dmesg"))?;
            for line in text
                .lines()
                .filter(|line| line.contains(&format!("{NAME}: ")))
            {
                println!("{line}");
            }
            Ok(())
        }
    }
}

/// Builds for the running kernel, or for another one of the caller's.
fn build_for_own(dir: &Path, with: &MakeArgs) -> Result<()> {
    let tree = tree(with, std::env::var("KDIR").ok());
    // Another path is make's to understand: from kmod/ on, or with a `~`.
    if tree.is_absolute() && !tree.is_dir() {
        let tree = tree.display();
        return Err(UnavailableError(format!(
            "no kernel build tree {tree}: see kmod/README.md for the requirements, set KDIR=DIR for \
             another tree, or use `cargo xtask guest`, which has its own kernel"
        ))
        .into());
    }
    run::check(&mut make_for_own(dir, with))
}

/// The build tree that kmod/Makefile takes, `from_environment` being KDIR's there.
fn tree(with: &MakeArgs, from_environment: Option<String>) -> PathBuf {
    let given = with.variables.iter().rev();
    let mut given = given.filter_map(|it| it.strip_prefix("KDIR="));
    match given.next().map(String::from).or(from_environment) {
        Some(tree) => tree.into(),
        None => {
            let release = rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned();
            Path::new("/lib/modules").join(release).join("build")
        }
    }
}

/// What people would type in kmod/.
fn make_for_own(dir: &Path, with: &MakeArgs) -> Command {
    let mut make = Command::new("make");
    make.arg("-C").arg(dir).args(&with.variables);
    make
}

/// The program, through sudo where the caller is not root.
fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.arg(program);
    sudo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_variables_reach_make() {
        let with = MakeArgs {
            variables: vec!["LLVM=1".into(), "RUSTC=/usr/bin/rustc".into()],
        };
        let make = make_for_own(Path::new("/k"), &with);
        let args: Vec<_> = make.get_args().collect();
        assert_eq!(args, ["-C", "/k", "LLVM=1", "RUSTC=/usr/bin/rustc"]);
    }

    #[test]
    fn the_build_tree_is_the_one_that_make_would_take() {
        let none = MakeArgs { variables: vec![] };
        let given = MakeArgs {
            variables: vec!["KDIR=/a".into(), "LLVM=1".into(), "KDIR=/b".into()],
        };
        let environment = || Some(String::from("/e"));
        assert_eq!(tree(&given, environment()), Path::new("/b"));
        assert_eq!(tree(&none, environment()), Path::new("/e"));
        let own = tree(&none, None);
        assert!(own.starts_with("/lib/modules") && own.ends_with("build"));
    }

    #[test]
    fn what_a_build_leaves_is_no_source() {
        for name in [
            "nl_kernel.mod.c",
            ".nl_kernel.o.cmd",
            "bindings_static.c",
            "a.o",
        ] {
            assert!(!is_source(Path::new(name)), "{name}");
        }
        for name in ["Kbuild", "genl/msg.rs", "uapi/nl_util.h", "helpers.c"] {
            assert!(is_source(Path::new(name)), "{name}");
        }
    }
}
