// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask guest`: the one door to a kernel of our own.
//!
//! The kernel runs on a [`machine`], a process ([`host`]). Its pid 1 is this very
//! program ([`init`]), found in the host's files; it mounts, loads the module, runs
//! the command and speaks with the host in [`frame`]s over a console of their own, so
//! that the kernel's log never mixes with the command's output.

mod args;
pub(crate) mod checkers;
pub(crate) mod complaints;
mod death;
mod env;
mod frame;
mod host;
pub(crate) mod init;
mod job;
mod last_words;
mod machine;
mod modules;
mod streams;
mod terminal;
mod text;

use crate::{
    cargo, exit, kernel,
    kernel::{Checkers as KernelCheckers, Kernel},
    kmod, lock, paths, run,
};
use anyhow::{Context, Result, bail};
pub(crate) use args::GuestArgs;
use job::{Checkers, Job};
use std::{
    ffi::OsStr,
    path::{self, Path},
    process::{Command, ExitCode, Stdio},
};

/// Of the kernel's own samples (`SAMPLE_KMEMLEAK`), in a kernel's folder.
const LEAKY_MODULE: &str = "build/samples/kmemleak/kmemleak-test.ko";

/// `cargo xtask guest`: the command's own status, and 69 for all else.
pub(crate) fn task(args: &GuestArgs) -> Result<ExitCode> {
    if args.list {
        kernel::list()?;
        return Ok(ExitCode::SUCCESS);
    }
    match boot(args) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(err) => Err(exit::unavailable(
            err,
            "the guest could not run the command",
        )),
    }
}

/// `xtask guest OPTIONS -- xtask`, for a task of which a part runs in the guest.
pub(crate) fn command_of_own<T: AsRef<OsStr>>(
    options: impl IntoIterator<Item = T>,
) -> Result<Command> {
    let xtask = paths::own()?;
    let mut guest = Command::new(&xtask);
    guest.arg("guest").args(options).arg("--").arg(xtask);
    Ok(guest)
}

/// Runs a shell script (`sh -eu`) in a guest, at the checkout's root.
pub(crate) fn run_script(script: &str) -> Result<()> {
    let mut guest = Command::new(paths::own()?);
    guest
        .args(["guest", "--", "sh", "-euc", script])
        .current_dir(paths::root())
        .stdin(Stdio::null());
    run::check(&mut guest)
}

fn boot(args: &GuestArgs) -> Result<u8> {
    let kernel = Kernel::named(&args.on.kernel)?;
    kernel.ensure_packages()?;
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
