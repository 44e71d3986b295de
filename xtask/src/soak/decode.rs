// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask soak decode`: libFuzzer on what `nlcap show` makes of any bytes.
//!
//! This is what cargo-fuzz does with `--sanitizer none`, without cargo-fuzz and with stable
//! Rust: its sanitizers want nightly, but the only `unsafe` below `nlcap show` is in crates of
//! others, and Rust's own checks find what can go wrong here: a panic, an overflow, a loop or
//! memory without a bound. What libFuzzer is led by, the coverage, is a pass of LLVM.

use crate::{cargo, paths, run};
use anyhow::{Context, Result, bail};
use std::{fs, process::Command};

/// What cargo-fuzz gives to rustc.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// How the target is built: no optimization over all crates, for which coverage would have to
/// wait, and with Rust's checks.
const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
    ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
];

/// Bounds of one input: bytes, seconds, and MiB of the whole program.
const LIMITS: [&str; 3] = ["-max_len=16384", "-timeout=5", "-rss_limit_mb=512"];

/// libFuzzer's status after Ctrl-C (`InterruptExitCode` of its options).
const INTERRUPTED: i32 = 72;

/// Tries `count` inputs.
pub(super) fn run(count: u64, seed: u64) -> Result<()> {
    let target = paths::target_dir()?.join("fuzz");
    let mut build = cargo::command(
        "build --release --package nlcap --features fuzz --bin nlcap-fuzz \
         --message-format json-render-diagnostics --target-dir",
    );
    build
        .arg(&target)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .envs(PROFILE.iter().copied());
    let made = run::output(&mut build)?;
    let program = (made.lines())
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|it| {
            let is_ours = it["target"]["name"] == "nlcap-fuzz";
            it["executable"]
                .as_str()
                .filter(|_| is_ours)
                .map(str::to_owned)
        })
        .context("cargo names no program nlcap-fuzz")?;
    // What was found to lead further is kept for the next time.
    let corpus = target.join("corpus");
    fs::create_dir_all(&corpus).context("cannot create a directory for the corpus")?;
    // libFuzzer's seed has 32 bits, and 0 means any.
    let seed = seed as u32 | 1;
    let status = Command::new(program)
        .args(LIMITS)
        .arg(format!("-runs={count}"))
        .arg(format!("-seed={seed}"))
        .arg(format!("-artifact_prefix={}/", target.display()))
        .args("-print_final_stats=1 -print_funcs=0 -reduce_inputs=0 -reload=0".split(' '))
        .arg(&corpus)
        .arg(paths::root().join("captures/samples"))
        .status()
        .context("cannot run the fuzzer")?;
    if status.code() == Some(INTERRUPTED) {
        bail!("interrupted; no input made nlcap show fail");
    }
    if !status.success() {
        bail!(
            "nlcap show fails on an input, saved in {}: {status}",
            target.display()
        );
    }
    Ok(())
}
