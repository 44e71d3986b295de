// SPDX-License-Identifier: GPL-2.0-or-later
//! The module removed and inserted under load, and namespaces that end with sockets open.

use super::namespace::inside;
use super::socket::{Read, Socket};
use crate::{
    netlink::{NLM_F_DUMP, NLM_F_REQUEST},
    run::sh,
};
use anyhow::{Result, ensure};
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

/// Does both `rounds` times, with the module that the guest has loaded.
pub(super) fn run(rounds: u64, module: &Path) -> Result<()> {
    let (is_over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let result = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // Between two modules there is no family, and a dump may end early.
                    answered.fetch_add(u64::from(ask().is_ok()), Ordering::Relaxed);
                }
            });
        }
        let result = reload(rounds, module);
        is_over.store(true, Ordering::Relaxed);
        result
    });
    let busy = result?;
    let answered = answered.into_inner();
    ensure!(answered > 0, "nobody was answered meanwhile");
    println!(
        "{rounds} times removed and inserted ({busy} times it was busy), {answered} requests \
         answered meanwhile"
    );
    for _ in 0..rounds {
        namespace()?;
    }
    println!("{rounds} namespaces ended with sockets open, a dump half read and a group joined");
    Ok(())
}

fn reload(rounds: u64, module: &Path) -> Result<u64> {
    let mut busy = 0;
    for _ in 0..rounds {
        while !Command::new("rmmod")
            .arg("nl_kernel")
            .stderr(Stdio::null())
            .status()?
            .success()
        {
            busy += 1;
            ensure!(busy < rounds * 1000, "the module is busy for ever");
            thread::yield_now();
        }
        let status = Command::new("insmod").arg(module).status()?;
        ensure!(status.success(), "insmod failed: {status}");
    }
    Ok(busy)
}

/// A list, and a dump whose end nobody reads.
fn ask() -> Result<()> {
    let mut socket = Socket::new(8192)?;
    socket.join()?;
    socket.send(NLM_F_REQUEST, &[2, 1, 0, 0])?;
    ensure!(matches!(socket.read()?, Read::Messages(_)), "no answer");
    socket.send(NLM_F_REQUEST | NLM_F_DUMP, &[1, 1, 0, 0])?;
    ensure!(matches!(socket.read()?, Read::Messages(_)), "no answer");
    Ok(())
}

/// A namespace that is deleted while sockets of it are open.
fn namespace() -> Result<()> {
    sh("ip netns add brief
        for i in 1 2 3; do ip -n brief link add b$i type dummy; done
        ip -n brief link add bv type veth peer name vb netns 1")?;
    let sockets = inside("brief", || {
        let (listener, mut dumper) = (Socket::new(8192)?, Socket::new(8192)?);
        listener.join()?;
        dumper.send(NLM_F_REQUEST | NLM_F_DUMP, &[1, 1, 0, 0])?;
        Ok([listener, dumper])
    })?;
    sh("ip netns del brief")?;
    // The sockets hold the namespace; its end begins with the last of them.
    drop(sockets);
    Ok(())
}
