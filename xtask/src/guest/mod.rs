// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask guest`: the one door to a kernel of our own.
//!
//! The kernel runs on a [`machine`], a process ([`host`]). Its pid 1 is this very
//! program ([`init`]), found in the host's files; it mounts, loads the module, runs
//! the command and speaks with the host in [`frame`]s over a console of their own, so
//! that the kernel's log never mixes with the command's output.

pub(crate) mod checkers;
pub(crate) mod complaints;
mod death;
mod env;
mod frame;
mod host;
pub(crate) mod init;
mod last_words;
mod machine;
mod streams;
mod terminal;
mod text;

use crate::{
    args::GuestArgs,
    cargo, exit, kernel,
    kernel::{Checkers as KernelCheckers, Kernel},
    kmod, lock, paths, setup,
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    path::{self, Path, PathBuf},
    process::ExitCode,
};

/// Of the kernel's own samples (`SAMPLE_KMEMLEAK`), in a kernel's folder.
const LEAKY_MODULE: &str = "build/samples/kmemleak/kmemleak-test.ko";

/// What pid 1 of the guest is to do; the host sends it as JSON. Paths are
/// `OsString`s: serde refuses a `PathBuf` that is not UTF-8.
#[derive(Serialize, Deserialize)]
struct Job {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: OsString,
    /// The host's folders that can be written to.
    mounts: Vec<Mount>,
    /// What loads the kernel's own modules, and which it loads first.
    modprobe: Option<OsString>,
    modules: Vec<String>,
    module: Option<OsString>,
    checkers: Option<Checkers>,
    /// Give the command a terminal of this many rows and columns.
    terminal: Option<(u16, u16)>,
}

impl Job {
    /// The host's folders that can be written to.
    fn writable(&self) -> Vec<PathBuf> {
        self.mounts.iter().map(|it| (&it.on).into()).collect()
    }
}

/// A file system for the guest.
#[derive(Serialize, Deserialize)]
struct Mount {
    source: String,
    on: OsString,
    kind: String,
    options: OsString,
}

/// The kernel has checkers; the guest is to prove that they work.
#[derive(Serialize, Deserialize)]
struct Checkers {
    /// Is there where a guest has seen all of it.
    stamp: OsString,
    /// A module that leaks on purpose.
    leaky_module: OsString,
    /// kmemleak watches.
    kmemleak: bool,
}

/// `cargo xtask guest`: the command's own status, and 69 for all else.
pub(crate) fn task(args: &GuestArgs) -> Result<ExitCode> {
    if args.list {
        kernel::list()?;
        return Ok(ExitCode::SUCCESS);
    }
    match run(args) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(err) => Err(exit::unavailable(
            err,
            "the guest could not run the command",
        )),
    }
}

fn run(args: &GuestArgs) -> Result<u8> {
    let kernel = Kernel::named(&args.on.kernel)?;
    setup::packages_for(kernel)?;
    kernel.ensure()?;
    let job = prepare(args, kernel)?;
    if let Some(checkers) = &job.checkers
        && !checkers.kmemleak
    {
        prove(kernel, Path::new(&checkers.stamp))?;
    }
    host::run(args, kernel, &job)
}

/// Has a guest see that kmemleak works in `kernel`, once.
fn prove(kernel: &Kernel, stamp: &Path) -> Result<()> {
    if stamp.exists() {
        return Ok(());
    }
    let waiting = "waiting for another proof that the kernel's checkers work";
    let _lock = lock::hold(&stamp.with_extension("lock"), waiting)?;
    if stamp.exists() {
        return Ok(());
    }
    eprintln!(
        "proving that the checkers of the kernel `{}` work …",
        kernel.name
    );
    let args = GuestArgs::proof(kernel.name);
    match host::run(&args, kernel, &prepare(&args, kernel)?)? {
        0 => Ok(()),
        status => bail!("`true` ends with status {status}"),
    }
}

/// All that must be there before the guest boots.
fn prepare(args: &GuestArgs, kernel: &Kernel) -> Result<Job> {
    let module = match &args.module {
        None => Some(kmod::ensure(kernel)?),
        Some(file) if file == Path::new("none") => None,
        Some(file) => Some(
            path::absolute(file)
                .ok()
                .filter(|file| file.is_file())
                .with_context(|| format!("there is no module {}", file.display()))?,
        ),
    };
    cargo::build_release()?;
    // Always the temporary folder: it may lie below /run or /dev, which the
    // guest has its own of.
    let temporary = path::absolute(std::env::temp_dir()).context("no temporary folder")?;
    let mut writable = vec![temporary];
    if !args.rw {
        writable.extend([paths::root().into(), paths::cache()?, "/tmp".into()]);
    }
    let checkers = match kernel.checkers {
        KernelCheckers::None => None,
        which => Some(Checkers {
            stamp: kernel.dir()?.join("trusted").into(),
            leaky_module: kernel.dir()?.join(LEAKY_MODULE).into(),
            kmemleak: which == KernelCheckers::All || args.kmemleak,
        }),
    };
    let cwd = std::env::current_dir().context("this working directory is gone")?;
    Ok(Job {
        argv: args.command.clone(),
        env: env::of_command(
            std::env::vars_os().collect(),
            &paths::target_dir()?,
            &paths::release_dir()?,
        ),
        cwd: cwd.into(),
        mounts: writable
            .iter()
            .enumerate()
            .map(|(index, dir)| machine::mount(kernel.machine, index, dir))
            .collect(),
        modprobe: kernel.modprobe()?.map(Into::into),
        modules: kernel.modules.iter().map(|it| (*it).to_owned()).collect(),
        module: module.map(Into::into),
        checkers,
        terminal: terminal::size(),
    })
}
