// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest kernels: which there are, where they lie, how they are built.

mod build;
mod registry;
mod source;
mod toolchain;
mod unstable;

pub(crate) use toolchain::Toolchain;

use crate::{
    args::{KernelArgs, KernelPath},
    exit::Unavailable,
    paths, setup,
};
use anyhow::{Context, Result};
use registry::KERNELS;
use source::{Mend, Release, Source};
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// A kernel in which commands can be run: User-Mode Linux, an ordinary process
/// that needs no root, no virtual machine and no image.
pub(crate) struct Kernel {
    /// What `--kernel` takes.
    pub(crate) name: &'static str,
    /// One line for `--list`.
    pub(crate) about: &'static str,
    source: Source,
    /// The wanted options over allnoconfig, in files.
    fragments: &'static [&'static str],
    /// What is changed in its source.
    mends: &'static [Mend],
    /// The guest's memory where the caller names none.
    pub(crate) mem: &'static str,
    /// Words for its command line.
    pub(crate) parameters: &'static [&'static str],
    /// It has lockdep and kmemleak, which must prove that they work.
    pub(crate) has_checkers: bool,
    /// See [`Kernel::release`].
    release: OnceLock<Release>,
    /// See [`Kernel::dir`]; its name asks four programs for their versions.
    dir: OnceLock<PathBuf>,
}

/// What `--kernel` can be.
pub(crate) fn names() -> [&'static str; KERNELS.len()] {
    std::array::from_fn(|i| KERNELS[i].name)
}

/// The first bytes of a hash, enough for a name.
fn short_hex(digest: &[u8]) -> String {
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Kernel {
    /// The kernel of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        KERNELS
            .iter()
            .find(|kernel| kernel.name == name)
            .with_context(|| {
                let names = names().join(", ");
                format!("there is no kernel `{name}`; there are: {names}")
            })
    }

    /// What it is built of; the same during one run.
    fn release(&self) -> Result<&Release> {
        if let Some(release) = self.release.get() {
            return Ok(release);
        }
        let release = self.source.release()?;
        Ok(self.release.get_or_init(|| release))
    }

    /// The version of its source, as the package has it.
    pub(crate) fn version(&self) -> Result<&str> {
        Ok(&self.release()?.version)
    }

    /// The unpacked source.
    pub(crate) fn source(&self) -> Result<PathBuf> {
        source::dir(self.release()?, self.mends)
    }

    /// The folder of this kernel with these tools: whatever changes the result
    /// changes the name.
    pub(crate) fn dir(&self) -> Result<&Path> {
        if let Some(dir) = self.dir.get() {
            return Ok(dir);
        }
        let name = format!("{}-{}", self.name, build::key(self)?);
        let dir = paths::cache()?.join("kernel").join(name);
        Ok(self.dir.get_or_init(|| dir))
    }

    /// The program that is this kernel.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        Ok(self.dir()?.join("build/linux"))
    }

    /// Whether it is built.
    pub(crate) fn is_built(&self) -> Result<bool> {
        Ok(self.dir()?.join(build::STAMP).is_file())
    }

    /// Gets its source, unless it is built already. An error is an
    /// [`Unavailable`]: where there is no source, there is nothing to test.
    pub(crate) fn ensure_source(&self) -> Result<()> {
        let ensure = || -> Result<()> {
            if !self.is_built()? {
                let _lock = setup::hold_cache(&paths::cache()?)?;
                source::ensure(self)?;
            }
            Ok(())
        };
        ensure().map_err(|err| self.unavailable(err))
    }

    fn unavailable(&self, err: anyhow::Error) -> anyhow::Error {
        Unavailable(format!("no kernel `{}`: {err:#}", self.name)).into()
    }

    /// Builds it if it is not built; returns the build folder. Every error is
    /// an [`Unavailable`].
    pub(crate) fn ensure(&self) -> Result<PathBuf> {
        let ensure = || -> Result<PathBuf> {
            let dir = self.dir()?;
            if !self.is_built()? {
                build::build(self, dir)?;
            }
            Ok(dir.join("build"))
        };
        ensure().map_err(|err| self.unavailable(err))
    }

    /// Whatever was found out about its source is found out anew.
    pub(crate) fn refresh(&self) -> Result<()> {
        match self.source {
            Source::Installed(_) => Ok(()),
            Source::Unstable => unstable::forget(),
        }
    }
}

/// `cargo xtask kernel`.
pub(crate) fn task(args: &KernelArgs) -> Result<()> {
    setup::packages()?;
    let kernel = Kernel::named(&args.on.kernel)?;
    let build = kernel.ensure()?;
    let path = match args.print {
        KernelPath::Source => kernel.source()?,
        KernelPath::Build => build,
    };
    println!("{}", path.display());
    Ok(())
}

/// `cargo xtask guest --list`.
pub(crate) fn list() -> Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["NAME", "SOURCE", "STATE", "WHAT"]);
    for kernel in &KERNELS {
        // A list must not wait for the network.
        let (version, state) = match kernel.source.known_release() {
            None => ("not known yet".to_owned(), "-"),
            Some(release) => {
                let version = kernel.release.get_or_init(|| release).version.clone();
                let state = if kernel.is_built()? {
                    "built"
                } else {
                    "not built"
                };
                (version, state)
            }
        };
        table.add_row([kernel.name, &version, state, kernel.about]);
    }
    println!("{table}");
    Ok(())
}
