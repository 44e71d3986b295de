// SPDX-License-Identifier: GPL-2.0-or-later
//! A PC that qemu emulates: the host's files through virtio-9p, the frames through a
//! virtio serial port, the kernel's log through a serial line.

use super::{super::job::Mount, Boot};
use anyhow::{Context, Result};
use std::{
    ffi::OsString,
    fs::File,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The only port of the only virtio serial bus, behind the one that is kept for a console.
pub(super) const CONSOLE: &str = "/dev/vport0p1";

/// The name under which the guest finds the host's root.
const ROOT: &str = "root";

/// Options of every mount of the host's files. The longest message is as long as qemu's
/// ring lets it be.
const NINE_P: &str = "trans=virtio,version=9p2000.L,msize=262144";

/// What the guest reads of a file that only it may change, it need not read again.
const KEPT: &str = "cache=loose";
/// What the host may change too is looked at at each opening; it can be mapped.
const SHARED: &str = "cache=mmap";

pub(super) fn command(command: &mut Command, boot: Boot<'_>) -> Result<()> {
    let log = File::options()
        .append(true)
        .open(boot.log)
        .context("cannot write the guest's log")?;
    let mut words = boot.words()?;
    let cache = if boot.rw { SHARED } else { KEPT };
    words.extend([
        format!("root={ROOT} rootfstype=9p rootflags={NINE_P},{cache}"),
        "console=ttyS0".to_owned(),
        // What ACPI would report is known, and its code is slow under KASAN. Without it, no
        // other way to restart is there than a triple fault.
        "acpi=off reboot=t".to_owned(),
    ]);
    // A busy host makes the other clocks, by which the kernel would judge and measure this
    // one, run unevenly.
    words.push("tsc=reliable".to_owned());
    words.extend(counter_khz().map(|khz| format!("tsc_early_khz={khz}")));

    command
        .arg("qemu-system-x86_64")
        .args(["-nodefaults", "-no-user-config", "-display", "none"])
        // Not KVM: where /dev/kvm is, it may still not run a guest.
        .args(["-accel", "tcg,thread=multi", "-cpu", "max"])
        // A CPU each: without ACPI a kernel learns of no more in a socket than one.
        .args(["-machine", "pc", "-smp", "2,sockets=2"])
        .args(["-m", boot.mem, "-no-reboot"])
        .arg("-kernel")
        .arg(boot.kernel.program()?)
        .arg("-append")
        .arg(words.join(" "));
    if let Some(initramfs) = boot.kernel.initramfs()? {
        command.arg("-initrd").arg(initramfs);
    }
    command
        .arg("-chardev")
        .arg(with_path("file,id=log,append=on,path=", boot.log))
        .args(["-serial", "chardev:log"])
        // Descriptor 0 is the socket.
        .args(["-chardev", "socket,id=frames,fd=0"])
        .args(["-device", "virtio-serial-pci"])
        .args(["-device", "virtserialport,chardev=frames,name=frames"]);
    let readonly = if boot.rw { "off" } else { "on" };
    share(command, ROOT, readonly, Path::new("/"));
    for (index, dir) in boot.writable.iter().enumerate() {
        share(command, &tag(index), "off", dir);
    }
    command
        .stdin(boot.console)
        .stdout(log.try_clone().context("cannot share the log")?)
        .stderr(log);
    Ok(())
}

pub(super) fn mount(index: usize, dir: &Path) -> Mount {
    Mount {
        source: tag(index),
        on: dir.into(),
        kind: "9p".to_owned(),
        options: format!("{NINE_P},{SHARED}").into(),
    }
}

fn tag(index: usize) -> String {
    format!("writable{index}")
}

/// Gives the guest a folder of the host's. Whoever runs qemu owns what it writes.
fn share(command: &mut Command, tag: &str, readonly: &str, dir: &Path) {
    let options =
        format!("local,id={tag},security_model=none,multidevs=remap,readonly={readonly},path=");
    command
        .arg("-fsdev")
        .arg(with_path(&options, dir))
        .arg("-device")
        .arg(format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}"));
}

/// Options of qemu's that end with a path: a comma in it is written twice.
fn with_path(options: &str, path: &Path) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut bytes = options.as_bytes().to_vec();
    for byte in path.as_os_str().as_bytes() {
        bytes.push(*byte);
        if *byte == b',' {
            bytes.push(b',');
        }
    }
    OsString::from_vec(bytes)
}

/// How fast this machine's time stamp counter runs, in kHz: the guest's is the same one.
#[cfg(target_arch = "x86_64")]
fn counter_khz() -> Option<u64> {
    let read = || {
        // SAFETY: Every x86-64 has the instruction, which reads a counter. A kernel that
        // forbids it to user space (PR_SET_TSC) does so at a program's own wish.
        unsafe { core::arch::x86_64::_rdtsc() }
    };
    let (start, from) = (Instant::now(), read());
    thread::sleep(Duration::from_millis(20));
    let (elapsed, to) = (start.elapsed(), read());
    let micros = u64::try_from(elapsed.as_micros()).ok()?;
    (to.checked_sub(from)? * 1000).checked_div(micros)
}

/// Elsewhere qemu counts by itself.
#[cfg(not(target_arch = "x86_64"))]
fn counter_khz() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_is_no_end_of_an_option() {
        assert_eq!(
            with_path("file,path=", Path::new("/a,b c")),
            "file,path=/a,,b c"
        );
    }

    #[test]
    fn the_counter_runs_at_some_speed_of_this_age() {
        if let Some(khz) = counter_khz() {
            assert!((100_000..10_000_000).contains(&khz), "{khz} kHz");
        }
    }
}
