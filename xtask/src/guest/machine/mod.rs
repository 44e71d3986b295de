// SPDX-License-Identifier: GPL-2.0-or-later
//! The machines that a guest's kernel runs on: all in which they differ, for the host
//! ([`command`], [`mount`]) and for pid 1 ([`of_guest`], [`console`], [`end`]).

mod qemu;
mod uml;

use super::job::Mount;
use crate::{
    kernel::{Checkers, Kernel, Machine},
    wait::wait_for,
};
use anyhow::{Context, Result, bail};
use rustix::system::{RebootCommand, reboot};
use std::{
    env, fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Command,
};

/// In pid 1's environment: the machine. The kernel hands on what it does not know of its
/// command line.
const VARIABLE: &str = "NL_UTIL_MACHINE";

/// What is booted.
pub(super) struct Boot<'a> {
    pub(super) kernel: &'a Kernel,
    /// As the kernel's `mem=` has it.
    pub(super) mem: &'a str,
    /// The root can be written to.
    pub(super) rw: bool,
    /// kmemleak watches from the start.
    pub(super) kmemleak: bool,
    /// Pid 1, a static program of the host.
    pub(super) init: &'a Path,
    /// A folder of this guest's own.
    pub(super) dir: &'a Path,
    /// The file for the kernel's log.
    pub(super) log: &'a Path,
    /// Folders that can be written to whatever `rw` says; [`mount`] by their place here.
    pub(super) writable: &'a [PathBuf],
    /// The other side of the console that carries the frames.
    pub(super) console: OwnedFd,
}

impl Boot<'_> {
    /// The words of the kernel's command line that are the same everywhere.
    fn words(&self) -> Result<Vec<String>> {
        let mut words = vec![
            if self.rw { "rw" } else { "ro" }.to_owned(),
            // A guest that stumbles must not go on and read as a success.
            "oops=panic".to_owned(),
            "panic=-1".to_owned(),
            "ignore_loglevel".to_owned(),
            format!("{VARIABLE}={}", name(self.kernel.machine)),
            format!("init={}", plain(self.init)?),
        ];
        words.extend(self.kernel.parameters.iter().map(|it| (*it).to_owned()));
        if self.kernel.checkers == Checkers::KmemleakOnRequest && !self.kmemleak {
            words.push("kmemleak=off".to_owned());
        }
        Ok(words)
    }
}

/// Adds the program that boots it to a command, with its arguments and streams.
pub(super) fn command(command: &mut Command, boot: Boot<'_>) -> Result<()> {
    match boot.kernel.machine {
        Machine::Uml => uml::command(command, boot),
        Machine::Qemu => qemu::command(command, boot),
    }
}

/// How pid 1 mounts the `index`th folder that can be written to.
pub(super) fn mount(machine: Machine, index: usize, dir: &Path) -> Mount {
    match machine {
        Machine::Uml => uml::mount(dir),
        Machine::Qemu => qemu::mount(index, dir),
    }
}

/// In the guest: the machine that it runs on.
pub(super) fn of_guest() -> Result<Machine> {
    let name_here = env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
    [Machine::Uml, Machine::Qemu]
        .into_iter()
        .find(|machine| name(*machine) == name_here)
        .with_context(|| format!("{VARIABLE} says {name_here}"))
}

fn name(machine: Machine) -> &'static str {
    match machine {
        Machine::Uml => "uml",
        Machine::Qemu => "qemu",
    }
}

/// In the guest: the console that carries the frames, once it is there.
pub(super) fn console(machine: Machine) -> Result<PathBuf> {
    let path = match machine {
        Machine::Uml => uml::CONSOLE,
        Machine::Qemu => qemu::CONSOLE,
    };
    // A port appears some time after its bus.
    wait_for(&format!("there is no {path}"), || {
        Ok(fs::exists(path).unwrap_or_default().then(|| path.into()))
    })
}

/// In the guest: its end. Returns only where the kernel refuses.
pub(super) fn end() {
    // What is still to be written to the host's files.
    rustix::fs::sync();
    let command = match of_guest() {
        // Without ACPI a PC cannot be switched off; qemu ends instead of restarting.
        Ok(Machine::Qemu) => RebootCommand::Restart,
        _ => RebootCommand::PowerOff,
    };
    let _ = reboot(command);
}

/// The kernel's command line ends a word at each blank, and not all that read it
/// know quotes.
fn plain(path: &Path) -> Result<&str> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_whitespace) => Ok(text),
        _ => bail!(
            "{}: the guest cannot be given a path with blanks in it",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_blank_is_refused_in_words() {
        assert_eq!(plain(Path::new("/a/b")).unwrap(), "/a/b");
        let err = plain(Path::new("/a b")).unwrap_err().to_string();
        assert!(err.contains("/a b") && err.contains("blank"), "{err}");
    }
}
