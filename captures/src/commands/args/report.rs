// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line of `nlcap report` and `nlcap compare`.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;

use crate::exit::WrongUsage;
use crate::report::Output;
use crate::report::export::Format;
use crate::terminal::colour::Color;
use crate::terminal::text::escape_os;

/// Report what recordings hold: who asked what, what came back, and what of it was wrong.
///
/// For each recording: processes, conversations, the exchange, bytes by attribute, failures,
/// waste, and the health of dumps. Several are set side by side: figures with their ratios to
/// the first, and what each learns about interfaces that the other does not; where two
/// disagree, that is the first line. Reads pcapng, and pcap as tcpdump writes it, of link type
/// 253 (NETLINK).
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The recordings, `-` for standard input; a .json that nlcap wrote is taken as it is
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Record commands in turn, several times, and report them side by side.
///
/// Each COMMAND is one word of the command line, in quotes; it is split into words as a shell
/// would, and run without one. Rounds are interleaved, and each begins with another command.
/// The recording of median time is reported in full, and how the figures of all rounds differ.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// The commands, as in 'ip link show'
    #[arg(required = true, value_name = "COMMAND")]
    pub(crate) commands: Vec<String>,

    /// How often each is recorded
    #[arg(
        short = 'n',
        long,
        value_name = "ROUNDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(crate) rounds: u32,

    /// Keep the recordings there, as COMMAND-ROUND.pcapng by number
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Where a report goes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OutputArgs {
    /// Write the report there, in the format of the name: .txt, .md, .html or .json; may be
    /// given several times
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,

    /// The format on standard output [default: text, and nothing where there is -o]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// A heading over the recordings
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,

    /// A sentence under the report's title: how it came about
    #[arg(long, value_name = "TEXT")]
    pub(crate) about: Option<String>,

    /// A YNL specification, or a folder of them, to read messages by
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub(crate) spec: Vec<PathBuf>,

    /// When to colour [default: on a terminal, unless NO_COLOR is set]
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
    /// Where the report goes; an error where a file's name tells no format. Asked before
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
            "cannot tell the format of {} from its end: .txt, .md, .html or .json",
            escape_os(path)
        ))
    })
}

pub(crate) const REPORT_HELP: &str = "\
docs/nlcap-report.md says what each figure means. A field that a file does not hold is `not known`.

Exit status: 0, 1 where a file cannot be read or is damaged, 2 for wrong usage.

Examples:
  nlcap report nl_user-20260102-030405.pcapng ip-20260102-030410.pcapng
  nlcap report -o report.html -o report.json *.pcapng
  nlcap report -f json FILE | jq '.groups[].recordings[].health'";

pub(crate) const COMPARE_HELP: &str = "\
What the commands print is counted and thrown away.

Privilege: that of nlcap record, CAP_NET_ADMIN and CAP_NET_RAW.

Exit status: 0, 1 where a command cannot be recorded, 128+N after signal N, 2 for wrong usage.

Examples:
  nlcap compare 'nl_user show' 'ip link show'
  nlcap compare -n 21 -o links.html 'ip link show' 'ip -d -s link show'
  nlcap compare \"sh -c 'ip route | wc -l'\" 'ip -j route'";
