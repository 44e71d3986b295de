// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest kernels, and all in which they differ.

use super::{Checkers, Kernel, Machine, source::Source, unstable::Question};
use crate::packages;
use std::sync::OnceLock;

/// What every kernel has: Rust, modules, what programs stand on.
const BASE: &str = include_str!("base.config");
/// Devices to list, families to talk to.
const NET: &str = include_str!("net.config");
/// A process as a machine.
const UML: &str = include_str!("uml.config");
/// Two CPUs there.
const UML_SMP: &str = include_str!("smp.config");
/// Room for KASAN there.
const UML_STACK: &str = include_str!("uml-stack.config");
/// A PC of two CPUs.
const X86: &str = include_str!("x86.config");
/// The kernel's own checkers.
const KASAN: &str = include_str!("kasan.config");
const CHECKERS: &str = include_str!("debug.config");

/// The host's FPU state, however large: 6.13 and later have the like.
const FPU_STATE: &str = include_str!("patches/um-fpu-state.patch");
/// What lockdep and kmemleak stand on there.
const LARGE_CODE_MODEL: &str = include_str!("patches/um-large-code-model.patch");

pub(super) static KERNELS: [Kernel; 5] = [
    Kernel {
        name: "default",
        about: "User-Mode Linux, with Rust, one CPU",
        machine: Machine::Uml,
        source: Source::Installed(packages::KERNEL_SOURCE),
        fragments: &[BASE, UML, NET],
        patches: &[FPU_STATE],
        mem: "512M",
        parameters: &[],
        checkers: Checkers::None,
        modules: &[],
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "debug",
        about: "the same with KASAN, lockdep, kmemleak, UBSAN and fault injection; slow",
        machine: Machine::Uml,
        source: Source::Installed(packages::KERNEL_SOURCE),
        fragments: &[BASE, UML, NET, KASAN, UML_STACK, CHECKERS],
        patches: &[FPU_STATE, LARGE_CODE_MODEL],
        // KASAN's shadow takes an eighth, its quarantine and redzones more.
        mem: "1536M",
        parameters: &["panic_on_warn=1"],
        checkers: Checkers::All,
        modules: &[],
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "newest",
        about: "the newest kernel of Debian unstable, User-Mode Linux, two CPUs",
        machine: Machine::Uml,
        source: Source::Unstable(Question::Source),
        fragments: &[BASE, UML, NET, UML_SMP],
        patches: &[],
        mem: "512M",
        // User-Mode Linux runs more than one CPU only where seccomp, not
        // ptrace, stops its processes.
        parameters: &["seccomp=on", "ncpus=2"],
        checkers: Checkers::None,
        modules: &[],
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "debug-smp",
        about: "the checkers of `debug` on a PC of two CPUs, preemptible, under qemu; slow",
        machine: Machine::Qemu,
        source: Source::Installed(packages::KERNEL_SOURCE),
        fragments: &[BASE, NET, KASAN, CHECKERS, X86],
        patches: &[],
        mem: "2G",
        parameters: &["panic_on_warn=1"],
        checkers: Checkers::KmemleakOnRequest,
        modules: &[],
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "distro",
        about: "Debian unstable's own kernel, as it ships it, under qemu",
        machine: Machine::Qemu,
        source: Source::Unstable(Question::Image),
        fragments: &[],
        patches: &[],
        mem: "1G",
        parameters: &[],
        checkers: Checkers::None,
        // What the others have built in and nothing loads by itself: dummy0, /dev/net/tun.
        modules: &["dummy", "tun"],
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
];
