// SPDX-License-Identifier: GPL-2.0-or-later
//! Network namespaces that `ip netns` has made.

use anyhow::{Context, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{fs::File, os::fd::AsFd, path::Path, thread};

/// Runs `what` in a namespace: processes that it starts, sockets that it opens.
pub(super) fn inside<T: Send>(name: &str, what: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let file = File::open(Path::new("/run/netns").join(name)).context("no such namespace")?;
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
                .context("cannot enter a namespace")?;
            what()
        });
        thread
            .join()
            .map_err(|_| anyhow::anyhow!("a thread panicked"))?
    })
}
