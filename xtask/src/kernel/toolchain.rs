// SPDX-License-Identifier: GPL-2.0-or-later
//! The tools that build a kernel and every module for it: always the same, for
//! Rust metadata of one rustc is refused by any other.

use super::{Machine, bindgen};
use crate::run;
use anyhow::Result;
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The distribution's rustc: rustup's toolchain comes without the standard
/// library's source, which the kernel builds for itself.
const RUSTC: &str = "/usr/bin/rustc";
const LLVM: &str = "/usr/lib/llvm-19/bin";

/// `make` for a kernel tree.
pub(super) struct Toolchain {
    path: std::ffi::OsString,
    machine: Machine,
}

impl Toolchain {
    /// The tools, bindgen installed where it is missing.
    pub(super) fn new(machine: Machine) -> Result<Self> {
        let bindgen = bindgen::ensure()?;
        let old = env::var_os("PATH").unwrap_or_default();
        let dirs = [PathBuf::from(LLVM), bindgen]
            .into_iter()
            .chain(env::split_paths(&old));
        Ok(Self {
            path: env::join_paths(dirs)?,
            machine,
        })
    }

    /// `make -C dir`, with clang and the kernel's rustc.
    pub(super) fn make(&self, dir: &Path) -> Command {
        let mut cmd = Command::new("make");
        cmd.arg("-C")
            .arg(dir)
            .arg(format!("ARCH={}", self.machine.arch()))
            .arg("LLVM=1")
            .arg(format!("RUSTC={RUSTC}"))
            .arg(format!("HOSTRUSTC={RUSTC}"))
            .env("PATH", &self.path)
            // Cargo's jobserver and flags are not the kernel's.
            .env_remove("MAKEFLAGS")
            .env_remove("CARGO_MAKEFLAGS")
            .env_remove("RUSTFLAGS")
            .env("LC_ALL", "C");
        cmd
    }
}

/// What the tools call themselves: part of a kernel's key.
pub(super) fn identity() -> Result<String> {
    let rustc = run::output(Command::new(RUSTC).arg("-vV"))?;
    let clang = run::output(Command::new(Path::new(LLVM).join("clang")).arg("--version"))?;
    let clang = clang.lines().next().unwrap_or_default();
    Ok(format!("{rustc}\n{clang}\nbindgen {}", bindgen::VERSION))
}
