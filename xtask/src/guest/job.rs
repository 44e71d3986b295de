// SPDX-License-Identifier: GPL-2.0-or-later
//! What pid 1 of the guest is to do, as the host sends it.

use serde::{Deserialize, Serialize};
use std::{ffi::OsString, path::PathBuf};

/// What pid 1 of the guest is to do; the host sends it as JSON. Paths are
/// `OsString`s: serde refuses a `PathBuf` that is not UTF-8.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) argv: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) cwd: OsString,
    /// The host's folders that can be written to.
    pub(super) mounts: Vec<Mount>,
    /// What loads the kernel's own modules, and which it loads first.
    pub(super) modprobe: Option<OsString>,
    pub(super) modules: Vec<String>,
    pub(super) module: Option<OsString>,
    pub(super) checkers: Option<Checkers>,
    /// Give the command a terminal of this many rows and columns.
    pub(super) terminal: Option<(u16, u16)>,
}

impl Job {
    /// The host's folders that can be written to.
    pub(super) fn writable(&self) -> Vec<PathBuf> {
        self.mounts.iter().map(|it| (&it.on).into()).collect()
    }
}

/// A file system for the guest.
#[derive(Serialize, Deserialize)]
pub(super) struct Mount {
    pub(super) source: String,
    pub(super) on: OsString,
    pub(super) kind: String,
    pub(super) options: OsString,
}

/// The kernel has checkers; the guest is to prove that they work.
#[derive(Serialize, Deserialize)]
pub(super) struct Checkers {
    /// Is there where a guest has seen all of it.
    pub(super) stamp: OsString,
    /// A module that leaks on purpose.
    pub(super) leaky_module: OsString,
    /// kmemleak watches.
    pub(super) kmemleak: bool,
}
