// SPDX-License-Identifier: GPL-2.0-or-later
//! The options of what shows messages: which of them, and how.

use std::path::PathBuf;

use clap::builder::PossibleValue;

use crate::messages::specs::Specs;
use crate::show::options::Options;
use crate::terminal::colour::Color;

/// Which messages are shown, and how.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ViewArgs {
    /// Timestamps as in tcpdump: -t none; -tt since 1970; -ttt since the previous line;
    /// -tttt with the date; -ttttt since the first line
    #[arg(
        short = 't',
        action = clap::ArgAction::Count,
        value_parser = clap::value_parser!(u8).range(..=5)
    )]
    pub(crate) time: u8,

    /// Print every attribute under each line
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print the bytes of the message under each line
    #[arg(short = 'x', long)]
    pub(crate) bytes: bool,

    /// Print a JSON object for each message instead
    #[arg(short, long, conflicts_with_all = ["verbose", "bytes", "count", "time"])]
    pub(crate) json: bool,

    /// Print a table of message counts by family, operation and process instead
    #[arg(long, conflicts_with_all = ["verbose", "bytes", "time"])]
    pub(crate) count: bool,

    /// Only messages of this family or netlink protocol
    #[arg(long, value_name = "NAME")]
    pub(crate) family: Vec<String>,

    /// Only messages of this operation
    #[arg(long, value_name = "NAME")]
    pub(crate) op: Vec<String>,

    /// Only messages of this process
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,

    /// Only errors
    #[arg(long)]
    pub(crate) errors: bool,

    /// Only messages with this attribute, or with this value of it
    ///
    /// NAME may be a path, as in `netdev.ifindex=2`. VALUE is written as in the output; quotes
    /// may be omitted if nothing in it is escaped.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = attribute)]
    pub(crate) attr: Vec<String>,

    /// Include the messages that nlcap added to the recording: the list of families
    #[arg(long)]
    pub(crate) added: bool,

    /// Show keys and passwords, which are otherwise `(secret, 32 bytes)`
    #[arg(long)]
    pub(crate) secrets: bool,

    /// Decode messages by this YNL specification, or directory of them
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub(crate) spec: Vec<PathBuf>,

    /// Know nothing but what --spec names: shows what a specification says by itself
    #[arg(long, requires = "spec")]
    pub(crate) spec_only: bool,

    /// When to use colour [default: on a terminal, unless NO_COLOR is set]
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_default_value = true,
        value_name = "WHEN"
    )]
    pub(crate) color: Color,
}

impl ViewArgs {
    /// The specifications that messages are read by.
    pub(crate) fn specs(&self) -> anyhow::Result<Specs> {
        match self.spec_only {
            true => Specs::only(&self.spec),
            false => Specs::gather(&self.spec),
        }
    }

    /// The options of the printers.
    pub(crate) fn options(&self) -> Options {
        Options {
            time: self.time,
            verbose: self.verbose,
            bytes: self.bytes,
            json: self.json,
            count: self.count,
            family: self.family.clone(),
            op: self.op.clone(),
            pid: self.pid.clone(),
            errors: self.errors,
            attr: self.attr.clone(),
            added: self.added,
            secrets: self.secrets,
            color: self.color,
        }
    }
}

impl clap::ValueEnum for Color {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => PossibleValue::new("auto").help("On a terminal"),
            Self::Always => PossibleValue::new("always").help("Always"),
            Self::Never => PossibleValue::new("never").help("Never"),
        })
    }
}

/// An attribute to look for, as it was typed.
fn attribute(text: &str) -> Result<String, String> {
    match text.split('=').next() {
        None | Some("") => Err("missing attribute name".into()),
        Some(_) => Ok(text.to_owned()),
    }
}
