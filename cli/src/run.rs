// SPDX-License-Identifier: GPL-2.0-or-later
//! What the commands do.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result, anyhow};
use clap::CommandFactory;
use nl_user::client::Client;
use nl_user::error::SystemError;
use nl_user::interface::Interface;
use nl_user::netdev::Netdev;
use nl_user::text::{write_netdev, write_stats};

use crate::args::{Args, Command};

/// Runs the command of `args`.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Show { interface } => show(interface.as_ref()),
        Command::Completions(completions) => Ok(completions.run(Args::command())?),
        Command::Man(man) => Ok(man.run(Args::command())?),
    }
}

/// Nothing is printed unless the answer is whole.
fn show(interface: Option<&Interface>) -> Result<()> {
    let netdevs = match interface {
        None => list().context("cannot list the interfaces")?,
        Some(interface) => {
            one(interface).with_context(|| format!("cannot show interface {interface}"))?
        }
    };
    print(&netdevs, interface.is_some())
        .map_err(|error| anyhow!("cannot write to standard output: {}", SystemError(&error)))
}

fn list() -> Result<Vec<Netdev>> {
    Ok(Client::connect()?.l2_list()?)
}

fn one(interface: &Interface) -> Result<Vec<Netdev>> {
    let index = interface.index()?;
    Ok(Client::connect()?.l2_iid(index)?)
}

/// Writes all at once: the lines of one run stay together in a shared file, and
/// a thousand interfaces take one system call.
fn print(netdevs: &[Netdev], with_stats: bool) -> io::Result<()> {
    let mut text = Vec::new();
    for netdev in netdevs {
        write_netdev(&mut text, netdev)?;
        if let Some(stats) = netdev.stats.filter(|_| with_stats) {
            write_stats(&mut text, &stats)?;
        }
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(&text).and_then(|()| stdout.flush()) {
        // The reader has what it wanted, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
