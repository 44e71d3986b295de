// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand};
use nl_user::interface::Interface;

const EXAMPLES: &str = "\
Examples:
  nl_user show          the Ethernet interfaces of this network namespace
  nl_user show eth0     the one called eth0, with its counters
  nl_user show 2        the one with index 2, with its counters

Exit status:
  0  shown
  1  failed: the reason is on standard error
  2  wrong usage";

/// Shows Ethernet interfaces, asking the kernel module nl_kernel over generic
/// netlink.
#[derive(Debug, Parser)]
#[command(name = "nl_user", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints all Ethernet interfaces, or one with its counters
    ///
    /// Control characters, backslashes and what is not UTF-8 in a name are
    /// printed as \xNN. A request that the kernel does not answer fails after
    /// five seconds.
    #[command(after_help = EXAMPLES)]
    Show {
        /// Index or name of an interface; digits are an index
        #[arg(
            value_name = "IFINDEX|IFNAME",
            allow_negative_numbers = true,
            value_parser = OsStringValueParser::new().try_map(|argument| Interface::parse(&argument))
        )]
        interface: Option<Interface>,
    },
}
