// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line of `cargo xtask`, all of it in one place.

use crate::kernel;
use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use std::{ffi::OsString, path::PathBuf};

/// The tasks of nl-util.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "Exit codes: 0 success, 1 failure, 2 wrong usage, 69 a requirement is missing."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Run the whole chain once: kernel, module, recordings, dissection, comparison
    Demo,
    /// Install missing packages and build the guest kernel (other tasks do so automatically)
    Setup(SetupArgs),
    /// Run a command in the guest kernel, with the module loaded
    ///
    /// CMD runs as root in the current directory and environment, with the
    /// workspace's release binaries first in PATH. Standard output, standard error
    /// and the exit status are CMD's own.
    ///
    /// The host's files are visible, read-only except the checkout, the cache,
    /// /tmp and $TMPDIR. /proc, /sys, /dev and /run are the guest's own. On a
    /// terminal the guest gets a terminal; a pipe or file on standard input is
    /// passed on.
    Guest(GuestArgs),
    /// Print the path of a guest kernel's source or build
    Kernel(KernelArgs),
    /// Build, load or unload the module on this machine's kernel, or show its log
    Kmod(KmodArgs),
    /// Generate all files derived from kmod/uapi/nl_util.yaml
    Codegen(CodegenArgs),
    /// Write the Wireshark dissector and say how to load it
    ///
    /// Without --spec: dissector/nl_util.lua, and how to load it. With --spec: a plugin
    /// for each generic netlink family, in DIR; any of them may be loaded together.
    Dissector(DissectorArgs),
    /// Record captures/samples/ again, in the guest
    Samples,
    /// Regenerate the sample report: docs/report.md, docs/report.html, docs/img/report.png
    Report(ReportArgs),
    /// Retake the screenshots in docs/wireshark.md, with the real Wireshark
    Screenshots,
    /// Run all checks and tests
    Test(TestArgs),
    /// Run benchmarks against comparable programs, in the guest
    #[command(subcommand)]
    Bench(BenchArgs),
    /// Stress-test the module or the recorder, in a separate guest
    Soak(SoakArgs),
}

/// The guest kernel that a task is about.
#[derive(clap::Args)]
pub(crate) struct OnKernel {
    /// The kernel to use
    #[arg(
        long,
        value_name = "NAME",
        env = "NL_UTIL_KERNEL",
        default_value = "default",
        value_parser = PossibleValuesParser::new(kernel::names())
    )]
    pub(crate) kernel: String,
}

#[derive(clap::Args)]
pub(crate) struct ReportArgs {
    /// Number of times to record each command
    #[arg(short = 'n', long, value_name = "N", default_value_t = 11)]
    pub(crate) rounds: u32,
    /// Number of Ethernet interfaces; may be repeated
    #[arg(long, value_name = "N", default_values_t = [3, 100, 5000], value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) interfaces: Vec<u32>,
    /// Output directory [default: docs/]
    #[arg(short, long = "output", value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl ReportArgs {
    /// The numbers of interfaces, smallest first: none is removed in between.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u32> + use<> {
        let mut counts = self.interfaces.clone();
        counts.sort_unstable();
        counts.dedup();
        counts.into_iter()
    }
}

#[derive(clap::Args)]
pub(crate) struct SoakArgs {
    /// The test to run
    pub(crate) what: SoakWhat,
    #[command(flatten)]
    pub(crate) on: OnKernel,
    /// Number of messages, inputs, rounds, allocations, or runs of each command
    /// [default: 1000000, 1000000, 100000, 300, 100, 2000, 500, 100]
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Only commands of `record` whose names contain TEXT
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Repeat the run with this seed
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// This is the half that runs in the guest
    #[arg(long, hide = true)]
    pub(crate) in_guest: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SoakWhat {
    /// Hostile messages, mutated from the definition and random
    Hostile,
    /// Arbitrary bytes as a capture file for `nlcap show`, with libFuzzer (on this machine)
    Decode,
    /// Answers tied to their requests by `nlcap show`, against what a generator of
    /// conversations knows (on this machine)
    Ties,
    /// Interfaces created, deleted and moved while clients list, dump and listen
    Churn,
    /// The module unloaded and loaded under load; namespaces deleted with sockets open
    Reload,
    /// The Wireshark dissector: corrupted recordings through tshark, and 50 times as many
    /// payloads through Lua; needs no guest
    Dissector,
    /// Allocation failures, injected one after the other (needs a kernel with checkers)
    Faults,
    /// Commands recorded by nlcap while others send the same messages: none missing, none
    /// foreign
    Record,
}

impl SoakWhat {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hostile => "hostile",
            Self::Decode => "decode",
            Self::Ties => "ties",
            Self::Churn => "churn",
            Self::Reload => "reload",
            Self::Dissector => "dissector",
            Self::Faults => "faults",
            Self::Record => "record",
        }
    }

    /// How much of it there is by default.
    pub(crate) fn count(self) -> u64 {
        match self {
            Self::Hostile | Self::Decode => 1_000_000,
            Self::Ties => 100_000,
            Self::Churn => 300,
            Self::Reload => 100,
            Self::Dissector => 2000,
            Self::Faults => 500,
            Self::Record => 100,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum BenchArgs {
    /// The module, against rtnetlink and another module with the same protocol
    Module(BenchModuleArgs),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    ModuleInGuest(BenchModuleInGuestArgs),
    /// `nlcap show`, against tshark
    Decode(BenchDecodeArgs),
    /// The Wireshark dissector, against no plugin and against Wireshark's own C dissector
    Dissector(BenchDissectorArgs),
    /// `nlcap record`, against strace and tcpdump
    Record(BenchRecordArgs),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    RecordInGuest(BenchRecordInGuestArgs),
    /// What the guest costs: a system call, a page fault, a signal, a process
    Guest(BenchGuestArgs),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    GuestInGuest(BenchGuestInGuestArgs),
}

#[derive(clap::Args)]
pub(crate) struct BenchGuestArgs {
    #[command(flatten)]
    pub(crate) on: OnKernel,
    /// How often each is measured
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchGuestInGuestArgs {
    #[arg(long)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchRecordArgs {
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchRecordInGuestArgs {
    #[arg(long)]
    pub(crate) empty: PathBuf,
    #[arg(long)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchDecodeArgs {
    /// Number of messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) messages: u32,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchDissectorArgs {
    /// Number of messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 100_000)]
    pub(crate) messages: u32,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchModuleArgs {
    /// Another module that implements the family, loaded in turn with nl_kernel
    #[arg(long, value_name = "FILE.ko")]
    pub(crate) peer_module: Option<PathBuf>,
    /// Number of rounds per contender
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: u32,
    /// Also write all figures to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct BenchModuleInGuestArgs {
    #[arg(long)]
    pub(crate) ours: PathBuf,
    #[arg(long)]
    pub(crate) peer: Option<PathBuf>,
    #[arg(long)]
    pub(crate) rounds: u32,
    #[arg(long)]
    pub(crate) results: PathBuf,
}

#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: CMD's own (128+n if signal n killed it, 127 not found, 126 not \
    executable), or 69 if the guest could not run it: no kernel, crashed, timed out.\n\n\
    Examples:\n  cargo xtask guest -- nl_user show\n  cargo xtask guest -- bash\n  \
    cargo xtask guest --module none --dmesg /tmp/log -- ip -br link"
)]
pub(crate) struct GuestArgs {
    /// List the guest kernels
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) on: OnKernel,
    /// Module to load first, or `none` [default: nl_kernel.ko, built if stale]
    #[arg(long, value_name = "FILE|none")]
    pub(crate) module: Option<PathBuf>,
    /// Guest memory [default: as the kernel needs]
    #[arg(long, value_name = "SIZE")]
    pub(crate) mem: Option<String>,
    /// Write the guest's kernel log to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) dmesg: Option<PathBuf>,
    /// Stop the guest after S seconds, 0 for never
    #[arg(long, value_name = "S", default_value_t = 600)]
    pub(crate) timeout: u64,
    /// Let the guest's root write wherever the caller can
    #[arg(long)]
    pub(crate) rw: bool,
    /// Enable kmemleak from boot; off by default on `debug-smp`, which is many times slower
    /// with it
    #[arg(long)]
    pub(crate) kmemleak: bool,
    /// The command and its arguments
    #[arg(last = true, value_name = "CMD", required_unless_present = "list")]
    pub(crate) command: Vec<OsString>,
}

impl GuestArgs {
    /// `guest --kernel NAME --module none --kmemleak -- true`.
    pub(crate) fn proof(kernel: &str) -> Self {
        Self {
            list: false,
            on: OnKernel {
                kernel: kernel.to_owned(),
            },
            module: Some("none".into()),
            mem: None,
            dmesg: None,
            timeout: 600,
            rw: false,
            kmemleak: true,
            command: vec!["true".into()],
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct SetupArgs {
    /// Build this kernel; for `newest` and `distro`, look up the current version first
    #[arg(
        long,
        value_name = "NAME",
        default_value = "default",
        value_parser = PossibleValuesParser::new(kernel::names())
    )]
    pub(crate) kernel: String,
}

#[derive(clap::Args)]
pub(crate) struct KernelArgs {
    /// The path to print
    #[arg(long, value_name = "WHAT")]
    pub(crate) print: KernelPath,
    #[command(flatten)]
    pub(crate) on: OnKernel,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KernelPath {
    /// The unpacked source
    Source,
    /// The build directory, for `make -C BUILD M=…`
    Build,
}

#[derive(clap::Args)]
pub(crate) struct KmodArgs {
    #[command(subcommand)]
    pub(crate) action: KmodAction,
}

#[derive(Subcommand)]
pub(crate) enum KmodAction {
    /// Build nl_kernel.ko for the running kernel
    Build(MakeArgs),
    /// Build and load it
    Load(MakeArgs),
    /// Unload it
    Unload,
    /// Show its lines in the kernel log
    Log,
    /// Build the tests' module for a guest kernel, and print where it is
    #[command(hide = true)]
    Tests(OnKernel),
}

#[derive(clap::Args)]
pub(crate) struct MakeArgs {
    /// Passed to make: LLVM=1 and RUSTC=… as the kernel was built, KDIR=… for its tree
    #[arg(value_name = "VAR=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<String>,
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() && !name.starts_with('-') => Ok(text.to_owned()),
        _ => Err("not VAR=VALUE".to_owned()),
    }
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask dissector --install\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs --list\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs/ethtool.yaml -o /tmp")]
pub(crate) struct DissectorArgs {
    /// A YNL specification, or directory of them; may be repeated
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) spec: Vec<PathBuf>,
    /// Output directory for the plugins of --spec
    #[arg(short, long = "output", value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Write one file, nl_families.lua, for all families
    #[arg(long, requires = "spec")]
    pub(crate) bundle: bool,
    /// Write nothing; print a table of the families and what is not supported
    #[arg(long)]
    pub(crate) list: bool,
    /// Include families that Wireshark itself dissects, except nlctrl
    #[arg(long, requires = "spec")]
    pub(crate) r#override: bool,
    /// Install the plugins for your user's Wireshark
    #[arg(long, conflicts_with_all = ["list", "out"])]
    pub(crate) install: bool,
    /// Remove what --install installed
    #[arg(long, exclusive = true)]
    pub(crate) uninstall: bool,
}

#[derive(clap::Args)]
pub(crate) struct CodegenArgs {
    /// Write nothing; fail if a file is stale, and name it
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Rewrite the golden files; review them before committing
    #[arg(long)]
    pub(crate) bless: bool,
    /// Also run the module's tests under the other kernels (`guest --list`), and the
    /// dissector's with the Wireshark of Debian trixie and unstable
    #[arg(long)]
    pub(crate) full: bool,
    /// Only tests whose names contain FILTER
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, error::ErrorKind};

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn make_gets_variables_and_nothing_else() {
        let parse = |word: &str| Args::try_parse_from(["xtask", "kmod", "build", word]);
        assert!(parse("LLVM=1").is_ok());
        for word in ["clean", "=1", "--=1"] {
            assert!(parse(word).is_err(), "{word}");
        }
        assert!(Args::try_parse_from(["xtask", "kmod", "log", "LLVM=1"]).is_err());
    }

    #[test]
    fn an_unknown_kernel_is_a_mistake_in_usage() {
        let words = ["xtask", "guest", "--kernel", "nope", "--", "true"];
        let err = Args::try_parse_from(words).err().unwrap();
        assert_eq!(err.kind(), ErrorKind::InvalidValue);
        assert_eq!(err.exit_code(), 2);
    }
}
