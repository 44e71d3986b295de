// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest kernels, and all in which they differ.

use super::{Kernel, source::Mend, source::Source};
use crate::setup;
use std::sync::OnceLock;

/// What every kernel has: Rust, modules, the machine that the tests stand on.
const UML: &str = include_str!("uml.config");
/// Two CPUs.
const SMP: &str = include_str!("smp.config");
/// The kernel's own checkers.
const CHECKERS: &str = include_str!("debug.config");

pub(super) static KERNELS: [Kernel; 3] = [
    Kernel {
        name: "default",
        about: "User-Mode Linux, with Rust, one CPU",
        source: Source::Installed(setup::KERNEL_SOURCE),
        fragments: &[UML],
        mends: &[],
        mem: "512M",
        parameters: &[],
        has_checkers: false,
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "debug",
        about: "the same with KASAN, lockdep, kmemleak, UBSAN and fault injection; slow",
        source: Source::Installed(setup::KERNEL_SOURCE),
        fragments: &[UML, CHECKERS],
        mends: DATA_OF_THE_LARGE_CODE_MODEL,
        // KASAN's shadow takes an eighth, its quarantine and redzones more.
        mem: "1536M",
        parameters: &["panic_on_warn=1"],
        has_checkers: true,
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
    Kernel {
        name: "newest",
        about: "the newest kernel of Debian unstable, User-Mode Linux, two CPUs",
        source: Source::Unstable,
        fragments: &[UML, SMP],
        mends: &[],
        mem: "512M",
        // User-Mode Linux runs more than one CPU only where seccomp, not
        // ptrace, stops its processes.
        parameters: &["seccomp=on", "ncpus=2"],
        has_checkers: false,
        release: OnceLock::new(),
        dir: OnceLock::new(),
    },
];

/// User-Mode Linux is compiled with `-mcmodel=large`, for which clang puts data
/// into `.ldata` and `.lbss`. Its linker script does not know them, so they end
/// up outside of `_sdata … _edata` and `__bss_start … __bss_stop`: lockdep takes
/// static locks there for no kernel memory and turns itself off, and kmemleak
/// does not look there for pointers and reports hundreds of leaks.
const DATA_OF_THE_LARGE_CODE_MODEL: &[Mend] = &[
    Mend {
        file: "arch/um/kernel/dyn.lds.S",
        after: "    *(.data.* .gnu.linkonce.d.*)\n",
        add: "    *(.ldata .ldata.*)\n",
    },
    Mend {
        file: "arch/um/kernel/dyn.lds.S",
        after: "   *(.bss .bss.* .gnu.linkonce.b.*)\n",
        add: "   *(.lbss .lbss.*)\n",
    },
];
