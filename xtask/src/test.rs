// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask test`: every check and test, counted in the last line.

use crate::{
    args::TestArgs,
    cargo, codegen, exit,
    kernel::Kernel,
    kmod::{self, Build},
    paths, run, setup,
};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

/// Tests that may be skipped, by name: none is.
const ALLOWED_SKIPS: &[&str] = &[];

/// A check that is no `#[test]`: what it states, and how it is checked.
type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("the sources are formatted", || {
        run::check(cargo::command().args(["fmt", "--all", "--check"]))
    }),
    (
        "the module's sources are formatted as the kernel's are",
        module_fmt,
    ),
    ("what is generated from the definition is not stale", || {
        codegen::all(true)
    }),
    ("clippy has nothing to say", || {
        run::check(cargo::command().args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-Dwarnings",
        ]))
    }),
    (
        "the kernel's clippy has nothing to say of the module",
        || kmod::build(Kernel::named("default")?, Build::Clippy).map(drop),
    ),
    ("the documentation builds without a warning", || {
        run::check(
            cargo::command()
                .args([
                    "doc",
                    "--quiet",
                    "--workspace",
                    "--no-deps",
                    "--document-private-items",
                ])
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

/// `cargo xtask test`.
pub(crate) fn task(args: &TestArgs) -> Result<ExitCode> {
    setup::packages()?;
    let kernel = Kernel::named("default")?;
    kernel.ensure()?;
    kmod::ensure(kernel)?;
    cargo::build_release()?;

    let mut tally = Tally::default();
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
                Err(err) => {
                    eprintln!("{err:#}");
                    tally.failed += 1;
                }
            }
        }
    }
    cargo_test(args, &mut tally)?;

    for name in &tally.skipped {
        println!("skipped: {name}");
    }
    let refused: Vec<_> = tally
        .skipped
        .iter()
        .filter(|name| !ALLOWED_SKIPS.contains(&name.as_str()))
        .collect();
    for name in &refused {
        eprintln!("{name} is not on the list of allowed skips");
    }
    println!(
        "{} passed, {} failed, {} skipped",
        tally.passed,
        tally.failed,
        tally.skipped.len()
    );
    let green = tally.failed == 0 && refused.is_empty() && tally.passed > 0;
    Ok(if green {
        ExitCode::SUCCESS
    } else {
        exit::FAILED.into()
    })
}

/// rustfmt with the kernel's own settings; the crate's root leads it to the rest.
fn module_fmt() -> Result<()> {
    let source = Kernel::named("default")?.source()?;
    run::check(
        Command::new("rustfmt")
            .args(["--check", "--edition", "2021", "--config-path"])
            .arg(source.join(".rustfmt.toml"))
            .arg(paths::root().join("kmod/nl_kernel_main.rs")),
    )
}

/// All `#[test]`s of the workspace, those in the guest among them.
fn cargo_test(args: &TestArgs, tally: &mut Tally) -> Result<()> {
    let mut cmd = cargo::command();
    cmd.args(["test", "--workspace", "--no-fail-fast"]);
    if args.bless {
        cmd.env("BLESS", "1").env("INSTA_UPDATE", "always");
    } else {
        cmd.env("INSTA_UPDATE", "no");
    }
    cmd.arg("--").args(&args.filter);
    let mut child = cmd
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let out = child.stdout.take().context("cargo test has no output")?;
    let mut results = 0;
    for line in BufReader::new(out).split(b'\n') {
        let line = line.context("cannot read the tests' output")?;
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
        let text = String::from_utf8_lossy(&line);
        if let Some(name) = text.strip_prefix("test ").and_then(ignored) {
            tally.skipped.push(name.to_owned());
        }
        if let Some((passed, failed)) = counts(&text) {
            tally.passed += passed;
            tally.failed += failed;
            results += 1;
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    if results == 0 || (!status.success() && tally.failed == 0) {
        bail!("cargo test did not run its tests to the end: {status}");
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
    fn an_ignored_test_is_noticed_with_its_name() {
        assert_eq!(ignored("a::b ... ignored, too slow"), Some("a::b"));
        assert_eq!(ignored("a::b ... ok"), None);
    }
}
