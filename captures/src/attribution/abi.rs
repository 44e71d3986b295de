// SPDX-License-Identifier: GPL-2.0-or-later
//! System call tables: which one is ours, and which others a command could use.

/// Another table than our own.
pub(super) struct ForeignAbi {
    /// AUDIT_ARCH_* of linux/audit.h.
    pub(super) arch: u32,
    /// socket, socketcall and io_uring_setup, as far as it has them.
    pub(super) calls: &'static [u32],
}

#[cfg(target_arch = "x86_64")]
mod table {
    use super::ForeignAbi;

    pub(crate) const ARCH: u32 = 0xc000_003e;
    pub(in super::super) const FOREIGN: Option<ForeignAbi> = Some(ForeignAbi {
        arch: 0x4000_0003,
        calls: &[102, 359, 425],
    });
    /// x32 has our arch, and its numbers a bit of their own.
    pub(in super::super) const X32_SOCKET: Option<u32> = Some(0x4000_0000 | 41);
}

#[cfg(target_arch = "aarch64")]
mod table {
    use super::ForeignAbi;

    pub(crate) const ARCH: u32 = 0xc000_00b7;
    pub(in super::super) const FOREIGN: Option<ForeignAbi> = Some(ForeignAbi {
        arch: 0x4000_0028,
        calls: &[281, 425],
    });
    pub(in super::super) const X32_SOCKET: Option<u32> = None;
}

pub(crate) use table::ARCH;
pub(super) use table::{FOREIGN, X32_SOCKET};
