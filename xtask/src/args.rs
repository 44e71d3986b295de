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
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 69 something the task needs is missing."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Run the whole chain once: kernel, module, recordings, dissection, comparison
    Demo,
    /// Install what is missing and build the guest kernel (other tasks do it by themselves)
    Setup(SetupArgs),
    /// Run a command in the guest kernel, with our module loaded
    ///
    /// CMD runs as root with this working directory, this environment, and PATH
    /// with the workspace's release binaries first. Standard output, standard
    /// error and the exit status are CMD's own.
    ///
    /// The host's files are in sight, read-only except the checkout, the cache,
    /// /tmp and $TMPDIR. /proc, /sys, /dev and /run are the guest's own. From a
    /// terminal the guest gets a terminal; a pipe or file on standard input is
    /// passed on.
    Guest(GuestArgs),
    /// Print where a guest kernel's source and build are
    Kernel(KernelArgs),
    /// Build, load, unload the module, or show its log, on this machine's own kernel
    Kmod(KmodArgs),
    /// Write everything that is generated from kmod/uapi/nl_util.yaml
    Codegen(CodegenArgs),
    /// Write the Wireshark dissector and say how to load it
    ///
    /// Without --spec: dissector/nl_util.lua, and how to load it. With it: a plugin
    /// for each generic netlink family, in DIR; any set of them may be loaded together.
    Dissector(DissectorArgs),
    /// Record captures/samples/ anew in the guest
    Samples,
    /// Make the reference report anew: docs/report.md, docs/report.html, docs/img/report.png
    Report(ReportArgs),
    /// Make the pictures of docs/wireshark.md anew, of the real Wireshark
    Screenshots,
    /// Run all checks and tests
    Test(TestArgs),
    /// Measure against peers, in the guest
    #[command(subcommand)]
    Bench(BenchArgs),
    /// Try to break the module or the recorder, at length, in a guest of its own
    Soak(SoakArgs),
}

/// The guest kernel that a task is about.
#[derive(clap::Args)]
pub(crate) struct OnKernel {
    /// Which kernel
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
    /// How often each command is recorded
    #[arg(short = 'n', long, value_name = "N", default_value_t = 11)]
    pub(crate) rounds: u32,
    /// How many Ethernet interfaces there are; may be given several times
    #[arg(long, value_name = "N", default_values_t = [3, 100, 5000], value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) interfaces: Vec<u32>,
    /// Where to write it [default: docs/]
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
    /// What to try
    pub(crate) what: SoakWhat,
    #[command(flatten)]
    pub(crate) on: OnKernel,
    /// How many messages, inputs, rounds, allocations, or runs of each command
    /// [default: 1000000, 1000000, 300, 100, 500, 100]
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Only those commands of `record` whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Repeat what was done with this seed
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// This is the half that runs in the guest
    #[arg(long, hide = true)]
    pub(crate) in_guest: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SoakWhat {
    /// Hostile messages, made from the definition and from nothing
    Hostile,
    /// Any bytes as a capture file, by libFuzzer, for `nlcap show` (on this machine)
    Decode,
    /// Interfaces that come, go and move while clients list, dump and watch
    Churn,
    /// The module removed and inserted under load; namespaces ended with sockets open
    Reload,
    /// The Wireshark dissector: recordings with changed bytes through tshark, and 50 times
    /// as many payloads through Lua; needs no guest
    Dissector,
    /// Allocations that fail, one after the other (needs a kernel with checkers)
    Faults,
    /// Commands recorded by nlcap among others that say the same: none missing, none foreign
    Record,
}

impl SoakWhat {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hostile => "hostile",
            Self::Decode => "decode",
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
    /// The module, against rtnetlink and another module of the same protocol
    Module(BenchModuleArgs),
    /// The half of it that runs in the guest
    #[command(hide = true)]
    ModuleInGuest(BenchModuleInGuestArgs),
    /// `nlcap show`, against tshark
    Decode(BenchDecodeArgs),
    /// The Wireshark dissector, against no plugin and against Wireshark's own in C
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
    /// How often each contender is measured
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
    /// How many messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) messages: u32,
    /// How often each contender is measured
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchDissectorArgs {
    /// How many messages
    #[arg(short = 'm', long, value_name = "N", default_value_t = 100_000)]
    pub(crate) messages: u32,
    /// How often each contender is measured
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: u32,
}

#[derive(clap::Args)]
pub(crate) struct BenchModuleArgs {
    /// Another module that answers the family, loaded in turn with ours
    #[arg(long, value_name = "FILE.ko")]
    pub(crate) peer_module: Option<PathBuf>,
    /// How often each contender is measured
    #[arg(short = 'n', long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: u32,
    /// Write all figures there, too
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
    after_help = "Exit codes: CMD's own (128+n when signal n ended it, 127 not found, 126 not \
    executable), or 69 when the guest could not run it: no kernel, crashed, timed out.\n\n\
    Examples:\n  cargo xtask guest -- nl_user show\n  cargo xtask guest -- bash\n  \
    cargo xtask guest --module none --dmesg /tmp/log -- ip -br link"
)]
pub(crate) struct GuestArgs {
    /// List the guest kernels
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) on: OnKernel,
    /// Module to load first; `none` for none [default: nl_kernel.ko, built if stale]
    #[arg(long, value_name = "FILE|none")]
    pub(crate) module: Option<PathBuf>,
    /// The guest's memory [default: what the kernel needs]
    #[arg(long, value_name = "SIZE")]
    pub(crate) mem: Option<String>,
    /// Write the guest's kernel log there
    #[arg(long, value_name = "FILE")]
    pub(crate) dmesg: Option<PathBuf>,
    /// End the guest after S seconds, 0 for never
    #[arg(long, value_name = "S", default_value_t = 600)]
    pub(crate) timeout: u64,
    /// Let the guest's root write wherever the caller may
    #[arg(long)]
    pub(crate) rw: bool,
    /// Let kmemleak watch from the start; `debug-smp`, many times slower with it, does not
    /// by itself
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
    /// Build this kernel; for `newest` and `distro`, ask anew which that is
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
    /// Which path
    #[arg(long, value_name = "WHAT")]
    pub(crate) print: KernelPath,
    #[command(flatten)]
    pub(crate) on: OnKernel,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KernelPath {
    /// The unpacked source
    Source,
    /// The build folder, for `make -C BUILD M=…`
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
    /// Build and insert it
    Load(MakeArgs),
    /// Remove it
    Unload,
    /// Show its lines of the kernel log
    Log,
    /// Build the tests' module for a guest kernel, and print where it is
    #[command(hide = true)]
    Tests(OnKernel),
}

#[derive(clap::Args)]
pub(crate) struct MakeArgs {
    /// For make: LLVM=1 and RUSTC=… as the kernel was built, KDIR=… for its tree
    #[arg(value_name = "VAR=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<String>,
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() && !name.starts_with('-') => Ok(text.to_owned()),
        _ => Err("not a VAR=VALUE".to_owned()),
    }
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask dissector --install\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs --list\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs/ethtool.yaml -o /tmp")]
pub(crate) struct DissectorArgs {
    /// A YNL specification, or a folder of them; may be given several times
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) spec: Vec<PathBuf>,
    /// Where to write the plugins of --spec
    #[arg(short, long = "output", value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// One file, nl_families.lua, for all families
    #[arg(long, requires = "spec")]
    pub(crate) bundle: bool,
    /// Write nothing; a table of the families and what could not be expressed
    #[arg(long)]
    pub(crate) list: bool,
    /// Also for families that Wireshark dissects by itself; never for nlctrl
    #[arg(long, requires = "spec")]
    pub(crate) r#override: bool,
    /// Put the plugins where this user's Wireshark looks
    #[arg(long, conflicts_with_all = ["list", "out"])]
    pub(crate) install: bool,
    /// Remove what --install put there
    #[arg(long, exclusive = true)]
    pub(crate) uninstall: bool,
}

#[derive(clap::Args)]
pub(crate) struct CodegenArgs {
    /// Write nothing; fail when a file is stale, and say which
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Write the golden files anew; read them before you commit
    #[arg(long)]
    pub(crate) bless: bool,
    /// Then the module's tests under the other kernels (`guest --list`), and the
    /// dissector's with the Wiresharks of Debian trixie and unstable
    #[arg(long)]
    pub(crate) full: bool,
    /// Only tests whose name contains this
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
