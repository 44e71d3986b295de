// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask demo`: the whole chain, once, in the guest.

use crate::{cargo, codegen, guest, kernel::Kernel, kmod, packages, paths, run};
use anyhow::{Context, Result};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// A small machine: a bridge with a veth in it, VLAN and dummy interfaces, each
/// with the address that makes one recording like the next.
pub(crate) const MACHINE: &str = "\
    ip link set lo up
    ip link set dummy0 address 02:00:00:00:00:02 up
    ip link add br0 address 02:00:00:00:00:10 type bridge
    ip link add veth0 address 02:00:00:00:00:20 type veth \
        peer name veth1 address 02:00:00:00:00:21
    ip link set veth0 master br0 up
    ip link set veth1 up
    ip link set br0 up
    ip link add link veth1 name veth1.7 address 02:00:00:00:00:27 mtu 1400 \
        type vlan id 7
    ip tuntap add tun0 mode tun
";

/// Runs shell commands in the guest, in which [`MACHINE`] is set up.
pub(crate) fn in_guest(script: &str) -> Result<()> {
    guest::run_script(&format!("{MACHINE}\n{script}"))
}

fn title(text: &str) {
    println!("\n== {text}");
}

/// What ip and the machine's own kernel say to each other. It needs neither privilege nor a
/// guest, and is there a minute after a fresh checkout. Where the host forbids it, as some
/// containers do, nlcap says why, and the rest of the demo does without.
fn on_this_machine() -> Result<()> {
    title("On this machine: nlcap trace -- ip link show");
    let nlcap = cargo::build_nlcap()?;
    let mut trace = Command::new(nlcap);
    trace.args(["trace", "--tap", "syscalls", "--", "ip", "link", "show"]);
    let status = trace.stdin(Stdio::null()).status();
    if !status.context("cannot run nlcap")?.success() {
        println!("not here; in the guest it goes on");
    }
    Ok(())
}

/// `cargo xtask demo`.
pub(crate) fn task() -> Result<()> {
    let dir = paths::target_dir()?.join("demo");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let ours = dir.join("nl_user-show.pcapng");
    let theirs = dir.join("ip-link-show.pcapng");

    on_this_machine()?;

    title("A kernel with Rust, our module for it, our programs");
    packages::ensure()?;
    let kernel = Kernel::named("default")?;
    println!("kernel  {}", kernel.ensure()?.join("linux").display());
    println!("module  {}", kmod::ensure(kernel)?.display());
    cargo::build_release()?;
    println!("programs {}", paths::release_dir()?.display());
    codegen::all(true)?;

    title("In the guest: nl_user and ip, each recorded");
    in_guest(&format!(
        "echo '# uname -r -v; lsmod'; uname -r -v; cat /proc/modules
         echo; echo '# nlcap record -- nl_user show'
         nlcap record -w {ours} -- nl_user show
         echo; echo '# nlcap record -- ip link show'
         nlcap record -w {theirs} -- ip link show",
        ours = quoted(&ours),
        theirs = quoted(&theirs),
    ))?;

    title("tshark decodes the first, field by field");
    let lua = paths::root().join("dissector/nl_util.lua");
    run::check(
        Command::new("tshark")
            .arg("-X")
            .arg(format!("lua_script:{}", lua.display()))
            .arg("-r")
            .arg(&ours)
            .args(["-Y", "nl_util", "-O", "nl_util"])
            .stdin(Stdio::null()),
    )?;

    title("What was made, and how to look at it again");
    let nlcap = paths::release_dir()?.join("nlcap");
    println!(
        "{}\n{}\n{}",
        ours.display(),
        theirs.display(),
        lua.display()
    );
    println!("  cargo xtask guest -- nl_user show");
    println!(
        "  {} report {} {}",
        nlcap.display(),
        ours.display(),
        theirs.display()
    );
    println!(
        "  tshark -X lua_script:{} -r {} -Y nl_util -V",
        lua.display(),
        ours.display()
    );
    println!(
        "  wireshark -X lua_script:{} {}",
        lua.display(),
        ours.display()
    );

    title("The two side by side");
    let page = dir.join("report.html");
    let mut report = Command::new(&nlcap);
    report
        .args(["report", "-f", "text", "-o"])
        .arg(&page)
        .args([&ours, &theirs]);
    run::check(&mut report)?;
    println!("\nThe same with pictures: {}", page.display());
    Ok(())
}

/// A path as one word of the shell.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_path_stays_inside_the_word() {
        assert_eq!(quoted(Path::new("/a'b c")), r"'/a'\''b c'");
    }
}
