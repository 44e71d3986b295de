// SPDX-License-Identifier: GPL-2.0-or-later
//! The command line of `cargo xtask`: which tasks there are. What a task takes stands
//! with it.

use crate::{
    bench::BenchArgs, dissector::DissectorArgs, dist::DistArgs, families::FamiliesArgs,
    guest::GuestArgs, kernel::KernelArgs, kmod::KmodAction, report::ReportArgs, setup::SetupArgs,
    soak::SoakArgs, test::TestArgs,
};
use clap::{Parser, Subcommand};

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
    #[command(subcommand)]
    Kmod(KmodAction),
    /// Generate all files derived from kmod/uapi/nl_util.yaml and dissector/ynl/specs/
    Codegen {
        /// Write nothing; fail if a file is stale, and name it
        #[arg(long)]
        check: bool,
    },
    /// Make the table of families anew from the newest kernel's specifications
    ///
    /// With a command: what the kernel's source says of families, and how much of it is known.
    Families(FamiliesArgs),
    /// Write the Wireshark dissector and say how to load it
    ///
    /// Without --spec: dissector/nl_util.lua, and how to load it. With --spec: a plugin
    /// for each generic netlink family, in DIR; any of them may be loaded together.
    Dissector(DissectorArgs),
    /// Build the packages that people install, into dist/
    ///
    /// A static tarball, a Debian package, the source with all crates, and SHA256SUMS. A second
    /// build of the same commit by the same tools gives the same bytes.
    Dist(DistArgs),
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
