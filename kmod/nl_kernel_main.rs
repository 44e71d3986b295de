// SPDX-License-Identifier: GPL-2.0-or-later

//! Generic netlink family `nl_util`: the Ethernet interfaces of the caller's network
//! namespace.
//!
//! The protocol is `uapi/nl_util.yaml`; numbers, policies and the table of operations
//! are generated from it. `handlers.rs` is what the operations do, `fill.rs` what is said of
//! an interface. README.md says how to build and load the module, and what it logs.

use kernel::prelude::*;

mod bindings;
mod fill;
mod genl;
mod handlers;
mod log;
mod netdev;
#[path = "uapi/nl_util.rs"]
mod uapi;

use genl::{Family, SplitOp};
use netdev::notifier::{Listening, Notifier};

module! {
    type: NlKernel,
    name: "nl_kernel",
    description: "Ethernet interfaces over generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-nl_util"],
}

static OPS: [SplitOp; uapi::N_SPLIT_OPS] = uapi::split_ops::<NlKernel>();

static FAMILY: Family = Family::const_new(
    &THIS_MODULE,
    uapi::FAMILY_NAME,
    uapi::FAMILY_VERSION,
    &OPS,
    &uapi::MCAST_GROUPS,
);

static NOTIFIER: Notifier = Notifier::const_new::<NlKernel>(&FAMILY);

/// The module while it is loaded.
struct NlKernel {
    /// Taken out when the module unloads, so that the log can say what is done.
    listening: Option<Listening>,
}

impl kernel::Module for NlKernel {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("Initializing module\n");
        let family = FAMILY.register().inspect_err(|errno| {
            pr_err!("Failed to register family 'nl_util': {errno:?}\n");
        })?;
        let listening = NOTIFIER.register(family).inspect_err(|errno| {
            pr_err!("Failed to listen for changes of interfaces: {errno:?}\n");
        })?;
        pr_info!("Successfully registered family 'nl_util'\n");
        Ok(Self {
            listening: Some(listening),
        })
    }
}

impl Drop for NlKernel {
    fn drop(&mut self) {
        pr_info!("Unloading module\n");
        drop(self.listening.take());
        // Now none can come any more.
        log::tell_untold();
        pr_info!("Successfully unregistered family 'nl_util'\n");
    }
}
