// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Parser, Subcommand};
use nl_user::escape::Escaped;
use nl_user::interface::Interface;

const EXAMPLES: &str = "\
Examples:
  nl_user show          list the Ethernet interfaces of this network namespace
  nl_user show eth0     show eth0, with its counters
  nl_user show 2        show the interface with index 2, with its counters

Exit status:
  0  success
  1  failure, reported on standard error
  2  wrong usage";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(nl_user completions bash)
  nl_user completions fish > ~/.config/fish/completions/nl_user.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  nl_user man | man -l -
  nl_user man --all ~/.local/share/man/man1";

/// Shows Ethernet interfaces as reported by the kernel module nl_kernel over
/// generic netlink.
#[derive(Debug, Parser)]
#[command(name = "nl_user", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do. The options of one that was not asked for are never built.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Show all Ethernet interfaces, or one with its counters
    ///
    /// Control characters, backslashes and invalid UTF-8 in names are printed as
    /// \xNN. A request fails if the kernel does not answer within five seconds.
    #[command(after_help = EXAMPLES)]
    Show {
        /// Index, name or alternative name of an interface; a number is an index
        #[arg(
            value_name = "IFINDEX|IFNAME",
            allow_negative_numbers = true,
            value_parser = InterfaceParser
        )]
        interface: Option<Interface>,
    },
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(usage::CompletionsArgs),
    /// Print a man page, or write all of them
    #[command(after_help = MAN_EXAMPLES)]
    Man(usage::ManArgs),
}

/// clap's own parsers repeat a bad argument as it is: this one escapes it.
#[derive(Clone, Debug)]
struct InterfaceParser;

impl TypedValueParser for InterfaceParser {
    type Value = Interface;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&Arg>,
        argument: &OsStr,
    ) -> Result<Interface, clap::Error> {
        Interface::parse(argument).map_err(|error| {
            let shown = Escaped(argument.as_bytes());
            let text = format!("invalid interface '{shown}': {error}");
            command.clone().error(ErrorKind::ValueValidation, text)
        })
    }
}
