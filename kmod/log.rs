// SPDX-License-Identifier: GPL-2.0-or-later

//! What the kernel log shows of a request.
//!
//! Anybody may send requests, so each asks once whether it may log: a burst of 16
//! passes, then about three a second (`nl_kernel_may_log()` in `bindings.h`), whichever
//! operation they ask for.
//!
//! Anybody may also make a user namespace, and interfaces of any name in it. Its requests
//! are counted, log nothing, and take nothing of what the others may log.

use crate::{genl::GenlInfo, netdev::NetDev};
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::prelude::*;

/// `Found device` lines that one request may write.
const MAX_DEVICES: usize = 8;

/// Requests of other user namespaces that no line tells of yet.
static UNTOLD: AtomicUsize = AtomicUsize::new(0);

/// The log lines of one request.
///
/// Devices beyond the first [`MAX_DEVICES`] are counted; their number is logged when
/// this is dropped.
pub(crate) struct RequestLog {
    /// The one decision for all lines of the request.
    enabled: bool,
    devices: usize,
}

impl RequestLog {
    /// Logs that the handler named `callback` was called for `info`.
    pub(crate) fn new(info: &GenlInfo, callback: &str) -> Self {
        let enabled = if info.is_of_initial_user() {
            info.may_log()
        } else {
            UNTOLD.fetch_add(1, Ordering::Relaxed);
            false
        };
        if enabled {
            tell_untold();
            pr_info!("Callback {callback}() invoked\n");
        }
        Self {
            enabled,
            devices: 0,
        }
    }

    /// Logs that a walk came to `dev`.
    pub(crate) fn found(&mut self, dev: NetDev<'_>) {
        self.devices += 1;
        if self.enabled && self.devices <= MAX_DEVICES {
            let name = dev.name().printable();
            pr_info!("Found device with name: [{}]\n", name.as_str());
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if self.enabled && self.devices > MAX_DEVICES {
            pr_info!("… and {} more\n", self.devices - MAX_DEVICES);
        }
    }
}

/// Logs how many requests of other user namespaces were not logged, if there were any since
/// the last time.
pub(crate) fn tell_untold() {
    let untold = UNTOLD.swap(0, Ordering::Relaxed);
    if untold > 0 {
        pr_info!("Requests from other user namespaces, not logged: {untold}\n");
    }
}
