// SPDX-License-Identifier: GPL-2.0-or-later
//! Capabilities, and how few of them are in effect while messages are read.
//!
//! # Design decisions
//!
//! The kernel lets us look at the command's sockets only while we are *permitted* all
//! that the command is (cap_ptrace_access_check() of security/commoncap.c). So what we
//! have stays permitted while there is a command, but is not in effect; with nobody to
//! look at it is given up for good, but for what removes the link.

use std::io;

use super::process::{Capabilities, capabilities, set_capabilities};

/// What to do without the privilege to record.
pub(crate) const PRIVILEGE: &str = "run nlcap with sudo, or in your own network namespace: \
                                    `unshare -rn nlcap record -- CMD`";

/// CAP_* of linux/capability.h.
const DAC_READ_SEARCH: u8 = 2;
const KILL: u8 = 5;
const NET_ADMIN: u8 = 12;
pub(crate) const NET_RAW: u8 = 13;
const SYS_PTRACE: u8 = 19;
pub(crate) const SYS_ADMIN: u8 = 21;

/// What capabilities are needed for from now on: whose messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrivilegeScope {
    /// A command's: it is looked at, and gets our signals.
    Command,
    /// Those of a command's calls: its descriptors are looked at in /proc, whoever it runs as.
    Calls,
    /// Everybody's.
    Namespace,
}

/// Takes out of effect what is not needed from now on. Links and taps are there.
pub(crate) fn lower(scope: PrivilegeScope) {
    let Ok(mut sets) = capabilities() else {
        return;
    };
    let wanted = match scope {
        PrivilegeScope::Command => mask(KILL) | mask(SYS_PTRACE),
        PrivilegeScope::Calls => mask(KILL) | mask(SYS_PTRACE) | mask(DAC_READ_SEARCH),
        PrivilegeScope::Namespace => {
            sets.permitted &= mask(NET_ADMIN);
            0
        }
    };
    sets.effective = sets.permitted & wanted;
    // Fewer are always granted.
    let _ = set_capabilities(sets);
}

/// Gives up all, for good.
pub(crate) fn drop_all() {
    let _ = set_capabilities(Capabilities::default());
}

/// Does something with all that is permitted in effect.
pub(crate) fn raised<T>(what: impl FnOnce() -> T) -> T {
    let before = capabilities().ok();
    if let Some(sets) = before {
        let _ = set_capabilities(Capabilities {
            effective: sets.permitted,
            ..sets
        });
    }
    let result = what();
    if let Some(sets) = before {
        let _ = set_capabilities(sets);
    }
    result
}

/// Looks at something; with all that is permitted in effect where it is refused else.
pub(crate) fn raised_if_refused<T>(look: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match look() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => raised(look),
        looked => looked,
    }
}

/// Whether this capability is in effect.
pub(crate) fn is_effective(number: u8) -> bool {
    capabilities().is_ok_and(|sets| sets.effective & mask(number) != 0)
}

fn mask(number: u8) -> u64 {
    1 << number
}
