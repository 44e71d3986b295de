// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask guest`: the one door to a kernel of our own.
//!
//! The kernel is a process ([`host`]). Its pid 1 is this very program
//! ([`init`]), found through hostfs; it mounts, loads the module, runs the
//! command and speaks with the host in [`frame`]s over the kernel's second
//! console, so that the kernel's log never mixes with the command's output.

mod frame;
mod host;
pub(crate) mod init;
mod terminal;

use crate::{
    args::GuestArgs, cargo, exit::Unavailable, kernel, kernel::Kernel, kmod, paths, setup,
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What pid 1 of the guest is to do; it finds it as JSON.
#[derive(Serialize, Deserialize)]
struct Job {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    /// Folders that hostfs gives read-write.
    writable: Vec<PathBuf>,
    module: Option<PathBuf>,
    /// Give the command a terminal of this many rows and columns.
    terminal: Option<(u16, u16)>,
}

/// `cargo xtask guest`.
pub(crate) fn task(args: GuestArgs) -> Result<ExitCode> {
    if args.list {
        kernel::list()?;
        return Ok(ExitCode::SUCCESS);
    }
    setup::packages()?;
    let kernel = Kernel::named(&args.kernel)?;
    kernel.ensure()?;
    let prepared = prepare(&args, kernel).map_err(|err| match err.downcast::<Unavailable>() {
        Ok(unavailable) => unavailable,
        Err(err) => Unavailable(format!("the guest could not run the command: {err:#}")),
    })?;
    let status = host::run(&args, kernel, &prepared)?;
    Ok(ExitCode::from(status))
}

/// All that must be there before the guest boots.
fn prepare(args: &GuestArgs, kernel: &Kernel) -> Result<Job> {
    let module = match &args.module {
        None => Some(kmod::ensure(kernel)?),
        Some(file) if file == Path::new("none") => None,
        Some(file) => Some(
            std::path::absolute(file)
                .ok()
                .filter(|file| file.is_file())
                .with_context(|| format!("there is no module {}", file.display()))?,
        ),
    };
    cargo::build_release()?;
    let mut env: Vec<_> = env::vars_os().filter(|(name, _)| name != "PATH").collect();
    env.push(("PATH".into(), path()?));
    let mut writable = vec![paths::root().to_owned(), paths::cache()?, "/tmp".into()];
    writable.extend(env::var_os("TMPDIR").map(PathBuf::from));
    Ok(Job {
        argv: args.command.clone(),
        env,
        cwd: env::current_dir().context("this working directory is gone")?,
        writable: if args.rw { Vec::new() } else { writable },
        module,
        terminal: terminal::size(),
    })
}

/// The caller's PATH behind the release binaries; the folders with `ip` and
/// `insmod` at its end, where a user's PATH lacks them.
fn path() -> Result<OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let mut dirs = vec![paths::release_dir()?];
    dirs.extend(env::split_paths(&old));
    for sbin in ["/usr/sbin", "/sbin"].map(PathBuf::from) {
        if !dirs.contains(&sbin) {
            dirs.push(sbin);
        }
    }
    Ok(env::join_paths(dirs)?)
}
