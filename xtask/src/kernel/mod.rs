// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest kernels: which there are, where they lie, how they are built.

mod apt;
mod bindgen;
mod build;
mod initramfs;
mod make;
mod registry;
mod release;
mod shipped;
mod source;
mod toolchain;
mod toolroot;
mod unstable;

use crate::{exit::UnavailableError, packages, paths, room::FullDisk};
use anyhow::{Context, Result};
use clap::{ValueEnum, builder::PossibleValuesParser};
pub(crate) use make::is_step;
use registry::KERNELS;
use release::{Image, Release};
use source::Source;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use toolchain::Toolchain;
use toolroot::ToolRoot;

/// The guest kernel that a task is about.
#[derive(clap::Args)]
pub(crate) struct KernelChoice {
    /// The kernel to use
    #[arg(
        long,
        value_name = "NAME",
        env = "NL_UTIL_KERNEL",
        default_value = "default",
        value_parser = PossibleValuesParser::new(names())
    )]
    pub(crate) kernel: String,
}

#[derive(clap::Args)]
pub(crate) struct KernelArgs {
    /// The path to print
    #[arg(long, value_name = "WHAT")]
    print: KernelPath,
    #[command(flatten)]
    on: KernelChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum KernelPath {
    /// The unpacked source
    Source,
    /// The build directory, for `make -C BUILD M=…`
    Build,
}

/// What a kernel runs on. Neither needs root, nor an image of a disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// User-Mode Linux: the kernel is an ordinary process.
    Uml,
    /// A PC that qemu emulates. Without KVM, which may be there and not work.
    Qemu,
}

impl Machine {
    /// What make calls it.
    fn arch(self) -> &'static str {
        match self {
            Self::Uml => "um",
            Self::Qemu => "x86_64",
        }
    }

    /// What make is asked for.
    fn target(self) -> &'static str {
        match self {
            Self::Uml => "linux",
            Self::Qemu => "bzImage",
        }
    }

    /// The packages that it needs beside those of every task.
    fn packages(self) -> &'static str {
        match self {
            Self::Uml => "",
            Self::Qemu => "qemu-system-x86 busybox-static",
        }
    }

    /// The program that boots, in the build folder.
    fn program(self) -> &'static str {
        match self {
            Self::Uml => "linux",
            Self::Qemu => "arch/x86/boot/bzImage",
        }
    }
}

/// The checkers of a kernel, which must prove that they work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checkers {
    /// It has none.
    None,
    /// lockdep and kmemleak.
    All,
    /// Both, but kmemleak, with which it is many times slower, only where it is asked for.
    KmemleakOnRequest,
}

/// A kernel in which commands can be run.
pub(crate) struct Kernel {
    /// What `--kernel` takes.
    pub(crate) name: &'static str,
    /// One line for `--list`.
    pub(crate) about: &'static str,
    pub(crate) machine: Machine,
    source: Source,
    /// The wanted options over allnoconfig, in files.
    fragments: &'static [&'static str],
    /// What is changed in its source: files of `patches/`.
    patches: &'static [&'static str],
    /// The guest's memory where the caller names none.
    pub(crate) mem: &'static str,
    /// Words for its command line.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) checkers: Checkers,
    /// Modules of its own that are inserted first.
    pub(crate) modules: &'static [&'static str],
    /// See [`Kernel::release`].
    release: OnceLock<Release>,
    /// See [`Kernel::dir`]; its name asks four programs for their versions.
    dir: OnceLock<PathBuf>,
}

/// All of them, the default one first.
pub(crate) fn all() -> impl Iterator<Item = &'static Kernel> {
    KERNELS.iter()
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
        source::dir(self.release()?, self.patches)
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

    /// The kernel as it ships, where it is not built here.
    fn image(&self) -> Result<Option<&Image>> {
        Ok(self.release()?.image.as_ref())
    }

    /// The program that is this kernel.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        let dir = self.dir()?;
        Ok(match self.image()? {
            None => dir.join("build").join(self.machine.program()),
            Some(image) => shipped::program(dir, image),
        })
    }

    /// The initramfs, where it needs one to mount its root.
    pub(crate) fn initramfs(&self) -> Result<Option<PathBuf>> {
        let dir = self.dir()?;
        Ok(self.image()?.map(|_| shipped::initramfs(dir)))
    }

    /// The program that loads its own modules by name, where it has any.
    pub(crate) fn modprobe(&self) -> Result<Option<PathBuf>> {
        let dir = self.dir()?;
        Ok(self.image()?.map(|_| shipped::modprobe(dir)))
    }

    /// `make` in its build folder, for a module.
    pub(crate) fn make(&self) -> Result<Command> {
        let build = self.dir()?.join("build");
        match self.image()? {
            None => Ok(Toolchain::new(self.machine)?.make(&build)),
            Some(image) => shipped::make(&ToolRoot::ensure(image)?, image, &build),
        }
    }

    /// Whether it is built.
    pub(crate) fn is_built(&self) -> Result<bool> {
        Ok(self.dir()?.join(build::STAMP).is_file())
    }

    /// Installs the packages that are missing to build and boot it.
    pub(crate) fn ensure_packages(&self) -> Result<()> {
        packages::ensure_with(self.machine.packages())
    }

    /// Gets its source, unless it is built already. An error is an
    /// [`UnavailableError`]: where there is no source, there is nothing to test.
    pub(crate) fn ensure_source(&self) -> Result<()> {
        let ensure = || -> Result<()> {
            if !self.is_built()? {
                source::ensure(self)?;
            }
            Ok(())
        };
        ensure().map_err(|err| self.unavailable(err))
    }

    /// Its unpacked source, fetched where it is missing; nothing is built. Every error is an
    /// [`UnavailableError`].
    pub(crate) fn unpacked(&self) -> Result<PathBuf> {
        source::ensure(self).map_err(|err| self.unavailable(err))
    }

    /// Its unpacked source, where the cache has it. Asks no network.
    pub(crate) fn cached_source(&self) -> Option<PathBuf> {
        let release = self.source.known_release()?;
        let dir = source::dir(&release, self.patches).ok()?;
        dir.is_dir().then_some(dir)
    }

    fn unavailable(&self, err: anyhow::Error) -> anyhow::Error {
        let err = FullDisk::explain(err);
        UnavailableError(format!("no kernel `{}`: {err:#}", self.name)).into()
    }

    /// Builds it if it is not built; returns the build folder. Every error is
    /// an [`UnavailableError`].
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
            Source::Unstable(question) => question.forget(),
        }
    }
}

/// `cargo xtask kernel`.
pub(crate) fn task(args: &KernelArgs) -> Result<()> {
    let kernel = Kernel::named(&args.on.kernel)?;
    kernel.ensure_packages()?;
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
