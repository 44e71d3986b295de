// SPDX-License-Identifier: GPL-2.0-or-later

//! What the kernel log shows of a request.
//!
//! Anybody may send requests, so each asks once whether it may log: a burst of 16
//! passes, then about three a second (`nl_kernel_may_log()` in `bindings.h`).

use crate::{genl::GenlInfo, netdev::NetDev};
use kernel::prelude::*;

/// `Found device` lines that one request may write.
const MAX_DEVICES: usize = 64;

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
        let enabled = info.may_log();
        if enabled {
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
