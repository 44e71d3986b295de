// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest kernels: which there are, where they lie, how they are built.

mod build;
mod toolchain;

pub(crate) use toolchain::Toolchain;

use crate::{
    args::{KernelArgs, KernelPath},
    exit::Unavailable,
    paths, setup,
};
use anyhow::{Result, bail};
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
    /// The Debian package with its source, under /usr/src.
    package: &'static str,
    /// The wanted options over allnoconfig.
    fragment: &'static str,
    /// See [`Kernel::dir`]; its name asks four programs for their versions.
    dir: OnceLock<PathBuf>,
}

static KERNELS: [Kernel; 1] = [Kernel {
    name: "default",
    about: "User-Mode Linux, with Rust, one CPU",
    package: setup::KERNEL_SOURCE,
    fragment: include_str!("uml.config"),
    dir: OnceLock::new(),
}];

impl Kernel {
    /// The kernel of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        match KERNELS.iter().find(|kernel| kernel.name == name) {
            Some(kernel) => Ok(kernel),
            None => {
                let names: Vec<_> = KERNELS.iter().map(|kernel| kernel.name).collect();
                bail!(
                    "there is no kernel `{name}`; there are: {}",
                    names.join(", ")
                )
            }
        }
    }

    /// The version of its source, as the package has it.
    pub(crate) fn version(&self) -> Result<String> {
        setup::package_version(self.package)
    }

    /// The unpacked source.
    pub(crate) fn source(&self) -> Result<PathBuf> {
        let name = format!("{}_{}", self.package, self.version()?);
        Ok(paths::cache()?.join("source").join(name))
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

    /// Builds it if it is not built; returns the build folder.
    pub(crate) fn ensure(&self) -> Result<PathBuf> {
        let dir = self.dir()?;
        if !self.is_built()? {
            build::build(self, dir)
                .map_err(|err| Unavailable(format!("no guest kernel: {err:#}")))?;
        }
        Ok(dir.join("build"))
    }
}

/// `cargo xtask kernel`.
pub(crate) fn task(args: &KernelArgs) -> Result<()> {
    setup::packages()?;
    let kernel = Kernel::named(&args.kernel)?;
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
        let (version, state) = match kernel.version() {
            Err(_) => ("not installed".to_owned(), "-"),
            Ok(version) if kernel.is_built()? => (version, "built"),
            Ok(version) => (version, "not built"),
        };
        table.add_row([kernel.name, &version, state, kernel.about]);
    }
    println!("{table}");
    Ok(())
}
