// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line of `nlcap report` and `nlcap compare`.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use clap::builder::PossibleValue;

use super::session::TapName;
use crate::exit::WrongUsage;
use crate::report::Output;
use crate::report::export::Format;
use crate::terminal::colour::Color;
use crate::terminal::text::escape_os;

/// Summarize recordings: requests and answers by process, bytes, errors and problems.
///
/// For each recording: processes, conversations, the exchange, bytes by attribute, failures,
/// waste, and the health of dumps. Several recordings are set side by side: figures with their
/// ratios to the first, and the facts about interfaces that only one of them has; any
/// disagreement comes first. Reads pcapng, and pcap as written by tcpdump, of link type 253
/// (NETLINK).
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The recordings, `-` for standard input; .json reports written by nlcap are included
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Record commands in turn, several times, and report them side by side.
///
/// Each COMMAND is one argument, in quotes; it is split into words as by a shell, but run without
/// one. Rounds are interleaved, and each begins with a different command. The recording with the
/// median time is reported in full, with the spread of the figures over all rounds.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// The commands, as in 'ip link show'
    #[arg(required = true, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    pub(crate) commands: Vec<String>,

    /// Number of times to record each command
    #[arg(
        short = 'n',
        long,
        value_name = "ROUNDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(crate) rounds: u32,

    /// Where messages come from, as of `nlcap record`
    #[arg(long, value_name = "TAP", value_enum, default_value_t = TapName::Auto)]
    pub(crate) tap: TapName,

    /// Keep the recordings in DIR, as COMMAND-ROUND.pcapng by number
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) keep: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Where a report goes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OutputArgs {
    /// Write the report to FILE, in the format of its extension: .txt, .md, .html or .json; may
    /// be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,

    /// Format for standard output [default: text; nothing with -o]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// A heading above the recordings
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,

    /// A sentence under the report's title, saying how it was made
    #[arg(long, value_name = "TEXT")]
    pub(crate) about: Option<String>,

    /// Decode messages by this YNL specification, or directory of them
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub(crate) spec: Vec<PathBuf>,

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

impl OutputArgs {
    /// Where the report goes; an error where a file's name names no format. Asked before
    /// anything else is done, for a comparison may take long.
    pub(crate) fn output(&self) -> Result<Output, WrongUsage> {
        let format = |path: &PathBuf| Ok((path.clone(), format_of(path)?));
        let default = self.output.is_empty().then_some(Format::Text);
        Ok(Output {
            files: self.output.iter().map(format).collect::<Result<_, _>>()?,
            stdout: self.format.or(default),
            color: self.color,
        })
    }
}

impl clap::ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Text => PossibleValue::new("text").help("Aligned text"),
            Self::Md => PossibleValue::new("md").alias("markdown").help("Markdown"),
            Self::Html => PossibleValue::new("html").help("One HTML file, with pictures"),
            Self::Json => PossibleValue::new("json")
                .help("The data, as docs/report.schema.json describes them"),
        })
    }
}

/// The format of a file, by its name.
fn format_of(path: &Path) -> Result<Format, WrongUsage> {
    Format::of(path).ok_or_else(|| {
        WrongUsage(format!(
            "cannot tell the format of {} from its extension: use .txt, .md, .html or .json",
            escape_os(path)
        ))
    })
}

pub(crate) const REPORT_HELP: &str = "\
docs/nlcap-report.md explains each figure. Figures that a file does not contain are `not known`.

Exit status: 0; 1 if a file cannot be read or is damaged; 2 for wrong usage.

Examples:
  nlcap report nl_user-20260102-030405.pcapng ip-20260102-030410.pcapng
  nlcap report -o report.html -o report.json *.pcapng
  nlcap report -f json FILE | jq '.groups[].recordings[].health'";

pub(crate) const COMPARE_HELP: &str = "\
The commands' output is counted and discarded.

Privileges: as for nlcap record, CAP_NET_ADMIN and CAP_NET_RAW.

Exit status: 0; 1 if a command cannot be recorded; 128+N after signal N; 2 for wrong usage.

Examples:
  nlcap compare 'nl_user show' 'ip link show'
  nlcap compare -n 21 -o links.html 'ip link show' 'ip -d -s link show'
  nlcap compare \"sh -c 'ip route | wc -l'\" 'ip -j route'";
