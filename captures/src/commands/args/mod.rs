// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line, and what each command makes of it: the one place that knows clap.

mod help;
pub(super) mod report;
mod session;
mod view;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use usage::{CompletionsArgs, ManArgs};

use self::report::{COMPARE_HELP, CompareArgs, REPORT_HELP, ReportArgs};
pub(super) use self::session::{SessionArgs, TapName};
pub(super) use self::view::ViewArgs;
use crate::file::SNAP_LENGTH;

/// Records the netlink messages of a command or traces them live; prints recordings, and
/// compares them.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do. The options of one that was not asked for are never built, and with them
/// its own description: the list of commands has the first line of it from here.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Action {
    /// Record the netlink messages of a command, or of a network namespace
    #[command(after_long_help = help::RECORD_HELP)]
    Record(RecordArgs),
    /// Trace the netlink messages of a command, or of running processes, as strace does
    #[command(after_long_help = help::TRACE_HELP)]
    Trace(TraceArgs),
    /// Print the messages of recordings, one per line
    #[command(after_long_help = help::SHOW_HELP)]
    Show(ShowArgs),
    /// Summarize recordings: requests and answers by process, bytes, errors and problems
    #[command(after_long_help = REPORT_HELP)]
    Report(ReportArgs),
    /// Record commands in turn, several times, and report them side by side
    #[command(after_long_help = COMPARE_HELP)]
    Compare(CompareArgs),
    /// List the taps: where messages can be recorded from on this machine
    #[command(after_long_help = help::TAPS_HELP)]
    Taps(TapsArgs),
    /// List the generic netlink families of this machine, or of a recording
    #[command(after_long_help = help::FAMILIES_HELP)]
    Families(FamiliesArgs),
    /// Print completions for a shell
    #[command(after_long_help = help::COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Print a man page, or write all of them
    #[command(after_long_help = help::MAN_HELP)]
    Man(ManArgs),
}

/// Record the netlink messages of a command, or of a network namespace.
///
/// Every netlink message that CMD and its descendants send and receive, and no
/// other, goes into a pcapng file (link type 253, NETLINK), which Wireshark, tshark
/// and tcpdump read, with its direction and the process, thread and socket it belongs
/// to. The recording ends when the last of those processes has exited. Without CMD,
/// all messages in the network namespace are recorded until Ctrl-C. The file begins
/// with the kernel's list of generic netlink families, so that readers can name them;
/// packets that nlcap adds have the comment `added by nlcap`.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The file to write, `-` for standard output [default: CMD and the time,
    /// as in ip-20260102-030405.pcapng]
    ///
    /// A new file has mode 0600, and under sudo belongs to the calling user. An
    /// existing FILE is overwritten, but only once CMD has started; a file with a
    /// default name never is. With `-`, CMD's standard output goes to standard error,
    /// to keep it out of the recording.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// Do not store the host name in the file
    #[arg(long)]
    pub(crate) anonymous: bool,

    /// Write zeros in place of keys and passwords
    #[arg(long)]
    pub(crate) redact: bool,

    /// Snapshot length: bytes kept of each packet, including its 16-byte header; at most
    /// 262144
    #[arg(
        short,
        long,
        value_name = "BYTES",
        default_value_t = SNAP_LENGTH,
        value_parser = clap::value_parser!(u32).range(48..=i64::from(SNAP_LENGTH)),
    )]
    pub(crate) snaplen: u32,

    /// Exit with 123 if messages were lost or the recording is incomplete
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Print the messages of recordings, one per line.
///
/// Reads pcapng and pcap files of link type 253 (NETLINK), as written by nlcap,
/// tcpdump, dumpcap and Wireshark, and files of rtmon, also compressed by gzip, zstd or
/// lz4, from machines of either byte order. A line has
/// the time, the process (or the port id of its socket), `>` for messages to the
/// kernel, `<` for answers or `*` for messages that the kernel sends unprompted,
/// family and operation, the first values, and for an answer the time since its
/// request.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ShowArgs {
    /// The recordings, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

/// Trace the netlink messages of a command, or of running processes, as strace does.
///
/// Prints a line on standard error for each message that CMD and its descendants send
/// and receive, in the format of `nlcap show`. A line appears a few milliseconds after
/// its message, possibly after output that CMD wrote later. With -p, traces running
/// processes; without -p and CMD, all messages in the network namespace.
#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,

    /// Write the lines to FILE instead of standard error
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Also write a recording, `-` for standard output: every message, whatever is shown
    ///
    /// As `nlcap record` does.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// Do not store the host name in the recording
    #[arg(long, requires = "write")]
    pub(crate) anonymous: bool,

    /// Write zeros in place of keys and passwords in the recording
    #[arg(long, requires = "write")]
    pub(crate) redact: bool,

    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// List the taps: where messages can be recorded from on this machine.
///
/// One line per tap: its name, whether it can be used here and now, and what it sees, or why
/// it cannot be used and what to do.
#[derive(Debug, clap::Args)]
pub(crate) struct TapsArgs {
    /// Print a JSON object for each tap instead
    #[arg(short, long)]
    pub(crate) json: bool,
}

/// List the generic netlink families of this machine, or of a recording.
///
/// One line per family: id (which the kernel assigns anew at each boot), name, version,
/// number of operations, multicast groups, and the specification from which `nlcap show`
/// takes its attribute names.
#[derive(Debug, clap::Args)]
pub(crate) struct FamiliesArgs {
    /// A recording, `-` for standard input [default: the running kernel]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Print operations and groups under each line
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print a JSON object for each family instead
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) json: bool,

    /// Use this YNL specification, or directory of them
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub(crate) spec: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::session::{seconds, size};
    use super::*;

    fn record(line: &[&str]) -> Result<RecordArgs, clap::Error> {
        match Args::try_parse_from(line)?.action {
            Action::Record(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn options_of_the_command_are_left_alone() {
        let args = record(&["nlcap", "record", "-w", "x", "--", "ip", "-w", "--", "-i"]).unwrap();
        assert_eq!(args.write.unwrap(), PathBuf::from("x"));
        assert_eq!(args.session.interface, None);
        assert_eq!(args.session.command, ["ip", "-w", "--", "-i"]);
    }

    #[test]
    fn without_a_command_it_is_the_namespace() {
        for line in [&["nlcap", "record"][..], &["nlcap", "record", "--"]] {
            assert!(record(line).unwrap().session.command.is_empty());
        }
    }

    #[test]
    fn a_command_begins_with_the_first_word_that_is_no_option() {
        let line = ["nlcap", "record", "-f", "route", "ip", "-w", "--all", "--"];
        let args = record(&line).unwrap();
        assert_eq!((args.write, args.session.all), (None, false));
        assert_eq!(args.session.filter, ["route"]);
        assert_eq!(args.session.command, ["ip", "-w", "--all", "--"]);
        let line = ["nlcap", "trace", "-v", "ip", "-j", "link"];
        let Action::Trace(args) = Args::try_parse_from(line).unwrap().action else {
            panic!("no trace");
        };
        assert!(args.view.verbose && !args.view.json);
        assert_eq!(args.session.command, ["ip", "-j", "link"]);
    }

    #[test]
    fn an_option_that_is_not_known_is_no_command() {
        for line in [&["-q"][..], &["--bogus", "ip"], &["-p", "1", "ip"]] {
            let line = [&["nlcap", "record"][..], line].concat();
            assert_eq!(record(&line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }

    #[test]
    fn the_list_of_commands_says_of_each_what_its_own_help_begins_with() {
        use clap::CommandFactory;
        let list = Args::command().term_width(100).render_help().to_string();
        let mut built = Args::command();
        built.build();
        for command in built.get_subcommands() {
            let (name, about) = (command.get_name(), command.get_about().unwrap());
            let about = about.to_string();
            let mut described = list
                .lines()
                .filter_map(|line| Some(line.trim().strip_prefix(name)?.trim()));
            assert!(described.any(|it| it == about), "{name}: {about}: {list}");
        }
    }

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        assert_eq!(size("2M"), Ok(2 << 20));
        assert_eq!(size("1024k"), Ok(1 << 20));
        assert_eq!(size("1048576"), Ok(1 << 20));
        for wrong in ["", "M", "1K", "-1M", "2G", "99999999999999999999M", "1Mé"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["0", "-1", "nan", "inf", "1s", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            ["-s", "10"],
            ["-s", "262145"],
            ["-c", "0"],
            ["-u", "nobody"],
        ] {
            let line = [&["nlcap", "record"][..], &wrong].concat();
            assert_eq!(record(&line).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn an_attribute_to_look_for_has_a_name() {
        for (typed, exit) in [("=x", Some(2)), ("", Some(2)), ("a.b=", None), ("a", None)] {
            let parsed = Args::try_parse_from(["nlcap", "show", "--attr", typed, "FILE"]);
            assert_eq!(parsed.err().map(|it| it.exit_code()), exit, "{typed}");
        }
    }

    #[test]
    fn a_report_needs_a_file() {
        let error = Args::try_parse_from(["nlcap", "report"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
