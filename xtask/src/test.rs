// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask test`: every check and test, counted in the last line.

use crate::{
    cargo, codegen,
    debian::Debian,
    dist,
    exit::{self, UnavailableError},
    kernel::{self, Checkers, Kernel},
    kmod::{self, Build},
    packages, paths, run,
    wait::wait_for,
};
use anyhow::{Context, Result, bail};
use std::{
    fmt,
    io::{BufRead, BufReader, Write},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

/// Tests that may be skipped, by the beginning of their names: those in a kernel, a
/// Wireshark or a Debian that has to be fetched from the network, and those on this machine's own
/// kernel, where a container forbids to trace programs.
const ALLOWED_SKIPS: &[&str] = &[
    "newest: ",
    "distro: ",
    "Wireshark of ",
    "Debian ",
    "own kernel: ",
];

/// The tests of the module, files of xtask/tests/.
const MODULE_TESTS: &[&str] = &["module", "list", "notify", "soak"];

/// Those beside them that want a kernel with checkers.
const CHECKER_TESTS: &[&str] = &["checkers"];

/// Those beside them that read the kernel's specifications, of which newer kernels
/// have more.
const SPEC_TESTS: &[&str] = &["specs"];

/// Debian's suites whose Wiresharks are tried beside the machine's, for `--full`.
const MORE_WIRESHARKS: &[&str] = &["trixie", "unstable"];

/// The tests of what a Wireshark shows, files of dissector/tests/ and xtask/tests/.
const WIRESHARK_TESTS: &[&str] = &["golden", "kinds", "filters", "damage", "wireshark"];

/// Debian's suites in which the package is installed, for `--full`.
const DEBIANS: &[&str] = &["bookworm", "trixie", "unstable"];

/// What asks for the package's parts there.
const ASKING: &[&str] = &["man-db", "bash-completion", "fish", "tshark", "zsh"];

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Rewrite the golden files; review them before committing
    #[arg(long)]
    bless: bool,
    /// Also run the module's tests under the other kernels (`guest --list`), the
    /// dissector's with the Wireshark of Debian trixie and unstable, and those of what
    /// `cargo xtask dist` makes
    #[arg(long)]
    full: bool,
    /// Only tests whose names contain FILTER
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// A check that is no `#[test]`: what it states, and how it is checked.
type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("the sources are formatted", || {
        run::check(&mut cargo::command("fmt --all --check"))
    }),
    (
        "the modules' sources are formatted as the kernel's are",
        module_fmt,
    ),
    ("generated files are up to date", || codegen::all(true)),
    ("clippy has no warnings", || {
        run::check(&mut cargo::command(
            "clippy --quiet --workspace --all-targets -- -Dwarnings",
        ))
    }),
    ("the kernel's clippy has no warnings for the module", || {
        kmod::build(Kernel::named("default")?, Build::Clippy).map(drop)
    }),
    ("the documentation builds without warnings", || {
        run::check(
            cargo::command("doc --quiet --workspace --no-deps --document-private-items")
                .env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    }),
];

/// What was counted.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: Vec<String>,
}

impl Tally {
    fn fail(&mut self, err: &anyhow::Error) {
        eprintln!("{err:#}");
        self.failed += 1;
    }

    fn skips_refused(&self) -> Vec<&str> {
        let names = self.skipped.iter().map(String::as_str);
        let allowed = |name: &&str| ALLOWED_SKIPS.iter().any(|start| name.starts_with(start));
        names.filter(|name| !allowed(name)).collect()
    }

    fn is_green(&self) -> bool {
        self.failed == 0 && self.passed > 0 && self.skips_refused().is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed,
            self.skipped.len()
        )
    }
}

/// `cargo xtask test`. Whatever happens, the last line is the tally.
pub(crate) fn task(args: &TestArgs) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let outcome = run_all(args, &mut tally);
    for name in &tally.skipped {
        println!("skipped: {name}");
    }
    for name in tally.skips_refused() {
        eprintln!("{name} is not on the list of allowed skips");
    }
    let code = match outcome {
        Err(err) if err.is::<UnavailableError>() => {
            eprintln!("xtask: {err:#}");
            exit::code_of(&err)
        }
        Err(err) => {
            tally.fail(&err);
            exit::FAILED.into()
        }
        Ok(()) if tally.is_green() => ExitCode::SUCCESS,
        Ok(()) => exit::FAILED.into(),
    };
    println!("{tally}");
    Ok(code)
}

fn run_all(args: &TestArgs, tally: &mut Tally) -> Result<()> {
    packages::ensure()?;
    let kernel = Kernel::named("default")?;
    kernel.ensure()?;
    kmod::ensure(kernel)?;
    cargo::build_release()?;
    if args.filter.is_none() && !args.bless {
        for (statement, check) in CHECKS {
            let start = Instant::now();
            let result = check();
            let verdict = if result.is_ok() { "ok" } else { "FAILED" };
            println!(
                "check {statement} ... {verdict} ({:.1} s)",
                start.elapsed().as_secs_f64()
            );
            match result {
                Ok(()) => tally.passed += 1,
                Err(err) => tally.fail(&err),
            }
        }
    }
    let mut cmd = cargo::command("test --workspace --no-fail-fast");
    if args.bless {
        cmd.env("BLESS", "1").env("INSTA_UPDATE", "always");
    } else {
        cmd.env("INSTA_UPDATE", "no");
    }
    cmd.arg("--").args(&args.filter);
    // A suite that could not be run to its end has failed, as one.
    if let Err(err) = cargo_test(&mut cmd, "", tally) {
        tally.fail(&err);
    }
    if let Err(err) = on_own_kernel(args, tally) {
        tally.fail(&err);
    }
    if args.full {
        for other in kernel::all().filter(|other| other.name != kernel.name) {
            if let Err(err) = in_kernel(other, args, tally) {
                tally.fail(&err);
            }
        }
        for suite in MORE_WIRESHARKS {
            if let Err(err) = in_wireshark(suite, args, tally) {
                tally.fail(&err);
            }
        }
        if let Err(err) = of_distribution(args, tally) {
            tally.fail(&err);
        }
    }
    Ok(())
}

/// What people install: two builds of it are the same, and it is installed, used and removed in
/// folders with several Debians, and with next to nothing.
fn of_distribution(args: &TestArgs, tally: &mut Tally) -> Result<()> {
    packages::ensure_only(packages::DIST_TESTS)?;
    let dir = paths::target_dir()?.join("dist");
    dist::twice(&dir)?;
    tally.passed += 1;
    let tests = |name: &str| {
        let mut cmd = cargo::command("test --package xtask --no-fail-fast --test");
        cmd.arg(name).env("NL_UTIL_DIST", &dir);
        cmd.arg("--").args(&args.filter);
        cmd
    };
    cargo_test(&mut tests("dist"), "dist: ", tally)?;
    for suite in DEBIANS {
        let title = format!("Debian {suite}");
        let mut cmd = tests("installed");
        match Debian::with(suite, ASKING) {
            Err(err) if err.is::<UnavailableError>() => {
                println!("{title}: {err:#}");
                skip(&mut cmd, &title, tally)?;
            }
            made => {
                cmd.env("NL_UTIL_DEBIAN", made?.root);
                cargo_test(&mut cmd, &format!("{title}: "), tally)?;
            }
        }
    }
    Ok(())
}

/// What nl_user and Chromium ask this machine's own kernel, and what nlcap does there: trace the
/// calls of programs. Where the kernel answers no more, or tracing is forbidden, the tests are skipped.
fn on_own_kernel(args: &TestArgs, tally: &mut Tally) -> Result<()> {
    let taps = taps_here();
    let answers = taps.is_ok();
    let taps = taps.unwrap_or_else(|err| format!("{err:#}"));
    let traces = taps.contains(r#""tap":"syscalls","available":true"#);
    if !traces {
        println!("own kernel: {taps}");
    }
    for (package, test, is_possible) in [
        ("nl_user", "own_kernel", answers),
        ("nlcap", "syscalls", traces),
        // Chromium asks it for addresses, and answers nobody before it knows them.
        ("xtask", "page", answers),
        ("xtask", "report", answers),
    ] {
        let mut cmd = cargo::command("test --no-fail-fast");
        cmd.args(["--package", package, "--test", test, "--"]);
        cmd.args(&args.filter);
        match is_possible {
            true => cargo_test(&mut cmd, "own kernel: ", tally)?,
            false => skip(&mut cmd, "own kernel", tally)?,
        }
    }
    Ok(())
}

/// What nlcap says of the taps of this machine. On a kernel that crashed while it held the lock of
/// rtnetlink, it says nothing, and cannot be ended: it is left alone.
fn taps_here() -> Result<String> {
    let mut nlcap = Command::new(paths::release_dir()?.join("nlcap"))
        .args(["taps", "-j"])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start nlcap")?;
    wait_for(
        "this machine's kernel does not answer rtnetlink: restart the machine",
        || Ok(nlcap.try_wait()?),
    )?;
    let mut taps = String::new();
    if let Some(mut stdout) = nlcap.stdout.take() {
        std::io::Read::read_to_string(&mut stdout, &mut taps)?;
    }
    Ok(taps)
}

/// The dissector's tests with the Wireshark of another Debian. Where it cannot be
/// fetched they are skipped.
fn in_wireshark(suite: &str, args: &TestArgs, tally: &mut Tally) -> Result<()> {
    let mut cmd = cargo::command("test --package nl-dissector --package xtask --no-fail-fast");
    for test in WIRESHARK_TESTS {
        cmd.args(["--test", test]);
    }
    cmd.arg("--").args(&args.filter);
    let title = format!("Wireshark of {suite}");
    let debian = match Debian::with(suite, &["tshark"]) {
        Err(err) if err.is::<UnavailableError>() => {
            println!("{title}: {err:#}");
            return skip(&mut cmd, &title, tally);
        }
        made => made?,
    };
    println!("{title}: {}", debian.root.display());
    cmd.env("NL_UTIL_WIRESHARK", &debian.root);
    cargo_test(&mut cmd, &format!("{title}: "), tally)
}

/// Counts the tests of a command as skipped, by their names.
fn skip(cmd: &mut Command, title: &str, tally: &mut Tally) -> Result<()> {
    let list = run::output(cmd.args(["--list", "--format", "terse"]))?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    tally
        .skipped
        .extend(names.map(|name| format!("{title}: {name}")));
    Ok(())
}

/// The module's tests under another kernel. Without its source they are
/// skipped; a kernel or a module that cannot be built is a failure.
fn in_kernel(kernel: &Kernel, args: &TestArgs, tally: &mut Tally) -> Result<()> {
    let mut cmd = cargo::command("test --package xtask --no-fail-fast");
    let has_checkers = kernel.checkers != Checkers::None;
    let checkers = CHECKER_TESTS.iter().filter(|_| has_checkers);
    let specs = SPEC_TESTS.iter().filter(|_| kernel.name == "newest");
    for test in MODULE_TESTS.iter().chain(checkers).chain(specs) {
        cmd.args(["--test", test]);
    }
    cmd.arg("--").args(&args.filter);
    kernel.ensure_packages()?;
    if let Err(err) = kernel.ensure_source() {
        println!("kernel {}: {err:#}", kernel.name);
        return skip(&mut cmd, kernel.name, tally);
    }
    kernel.ensure()?;
    kmod::ensure(kernel)?;
    println!("kernel {} {}:", kernel.name, kernel.version()?);
    cmd.env("NL_UTIL_KERNEL", kernel.name);
    cargo_test(&mut cmd, &format!("{}: ", kernel.name), tally)
}

/// rustfmt with the kernel's own settings; a crate's root leads it to the rest. That of the
/// tests' module has its rest beside it only where it is built.
fn module_fmt() -> Result<()> {
    let kernel = Kernel::named("default")?;
    let tests = kmod::build(kernel, Build::Tests)?;
    run::check(
        Command::new("rustfmt")
            .args(["--check", "--edition", "2021", "--config-path"])
            .arg(kernel.source()?.join(".rustfmt.toml"))
            .arg(paths::root().join("kmod/nl_kernel_main.rs"))
            .arg(tests.join("nl_tests_main.rs")),
    )
}

/// Runs `cargo test`, shows what it says, and counts; `prefix` stands before
/// the names of tests that were skipped.
fn cargo_test(cmd: &mut Command, prefix: &str, tally: &mut Tally) -> Result<()> {
    let mut child = cmd
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let out = child.stdout.take().context("cargo test has no output")?;
    let (mut results, failed_before) = (0, tally.failed);
    for line in BufReader::new(out).split(b'\n') {
        let line = line.context("cannot read the tests' output")?;
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
        let text = String::from_utf8_lossy(&line);
        if let Some(name) = text.strip_prefix("test ").and_then(ignored) {
            tally.skipped.push(format!("{prefix}{name}"));
        }
        if let Some((passed, failed)) = counts(&text) {
            tally.passed += passed;
            tally.failed += failed;
            results += 1;
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    if results == 0 || (!status.success() && tally.failed == failed_before) {
        bail!("cargo test did not complete: {status}");
    }
    Ok(())
}

/// The test's name, where libtest says that it was ignored.
fn ignored(line: &str) -> Option<&str> {
    let (name, verdict) = line.split_once(" ... ")?;
    verdict.starts_with("ignored").then_some(name)
}

/// Passed and failed of libtest's `test result: ok. 3 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = rest.split(word).next()?.trim_end();
        before.rsplit([' ', ';']).next()?.parse().ok()
    };
    Some((number(" passed")?, number(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_libtest_is_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test result: nothing"), None);
        assert_eq!(counts("test a ... ok"), None);
    }

    #[test]
    fn only_a_listed_skip_leaves_the_tally_green() {
        let mut tally = Tally {
            passed: 3,
            ..Tally::default()
        };
        tally.skipped.push("newest: a_dump".into());
        assert!(tally.is_green());
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 1 skipped");
        tally.skipped.push("debug: a_dump".into());
        assert!(!tally.is_green());
        assert_eq!(tally.skips_refused(), ["debug: a_dump"]);
        assert!(!Tally::default().is_green(), "nothing was tested");
    }

    #[test]
    fn an_ignored_test_is_noticed_with_its_name() {
        assert_eq!(ignored("a::b ... ignored, too slow"), Some("a::b"));
        assert_eq!(ignored("a::b ... ok"), None);
    }
}
