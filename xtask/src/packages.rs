// SPDX-License-Identifier: GPL-2.0-or-later
//! The distribution's packages that the project stands on.

use crate::{
    exit::{self, UnavailableError},
    paths, run,
};
use anyhow::Result;
use std::{collections::HashSet, process::Command};

/// The guest kernel's source.
pub(crate) const KERNEL_SOURCE: &str = "linux-source-6.12";

/// What builds the guest kernel and a Rust module for it. Clippy's driver must be the very
/// build of the rustc that built the kernel.
const BUILD: &str = "rustc-web rust-web-src rust-web-clippy clang-19 lld-19 llvm-19 \
    libclang-19-dev build-essential flex bison \
    libelf-dev libssl-dev bc cpio kmod rsync pahole patch xz-utils";

/// What runs in the guest, or judges what came out of it.
const TOOLS: &str = "iproute2 ethtool libteam-utils tshark wireshark-common tcpdump \
    python3-yaml python3-jsonschema chromium mmdebstrap wireguard-tools \
    busybox-static python3-pyroute2 sudo iputils-ping libcap2-bin \
    bash-completion fish jq mandoc zsh";

/// What packs the files that people install.
pub(crate) const DIST: &str = "build-essential git tar xz-utils gzip dpkg";

/// What else their tests need.
pub(crate) const DIST_TESTS: &str = "lintian mmdebstrap busybox-static uidmap";

/// Installs what is missing of the packages that every task stands on; without root an
/// error that gives the command.
pub(crate) fn ensure() -> Result<()> {
    ensure_with("")
}

/// [`ensure`], and `more` packages.
pub(crate) fn ensure_with(more: &str) -> Result<()> {
    ensure_only(&[KERNEL_SOURCE, BUILD, TOOLS, more].join(" "))
}

/// The same of these packages alone.
pub(crate) fn ensure_only(wanted: &str) -> Result<()> {
    let missing = missing(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        let text = format!("packages are missing; run: {}", command(&missing));
        return Err(UnavailableError(text).into());
    }
    install(&missing).map_err(|err| exit::unavailable(err, "packages are missing"))
}

/// What to type; a fresh machine has no package lists yet.
fn command(missing: &[&str]) -> String {
    format!(
        "sudo sh -c 'apt-get update && apt-get install --no-install-recommends -y {}'",
        missing.join(" ")
    )
}

fn install(missing: &[&str]) -> Result<()> {
    let log = paths::cache()?.join("packages.log");
    let apt = |args: &[&str], title: &str, step| {
        let mut cmd = Command::new("apt-get");
        // Its lock may be held by the machine's own daily update.
        cmd.args(["-o", "DPkg::Lock::Timeout=300"])
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive");
        run::logged(&mut cmd, &log, title, 0, step)
    };
    apt(&["update"], "reading package lists", |_| true)?;
    let mut args = vec!["install", "--no-install-recommends", "-y"];
    args.extend(missing);
    let title = format!("installing {} packages", missing.len());
    apt(&args, &title, |line| line.starts_with("Setting up"))?;
    Ok(())
}

/// Those of the wanted packages that are not installed.
fn missing(wanted: &str) -> Result<Vec<&str>> {
    let out = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Package}\n"])
        .output()
        .map_err(|err| {
            UnavailableError(format!(
                "cannot run dpkg-query ({err}): the set-up knows Debian's packages alone; \
                 elsewhere, install what corresponds to: {wanted}"
            ))
        })?;
    let text = String::from_utf8_lossy(&out.stdout);
    let lines = text.lines();
    let installed: HashSet<&str> = lines
        .filter_map(|it| it.strip_prefix("installed "))
        .collect();
    let wanted = wanted.split_whitespace();
    Ok(wanted.filter(|name| !installed.contains(name)).collect())
}

/// The installed version of a package.
pub(crate) fn version(package: &str) -> Result<String> {
    run::output(Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_type_works_on_a_machine_without_package_lists() {
        let command = command(&["bc", "kmod"]);
        let (update, install) = command.split_once(" && ").unwrap();
        assert_eq!(update, "sudo sh -c 'apt-get update");
        assert!(install.ends_with("-y bc kmod'"), "{install}");
    }
}
