// SPDX-License-Identifier: GPL-2.0-or-later
//! What the tasks say when something that they need is not there.

mod common;

use common::text;
use std::process::Command;

fn xtask(args: &[&str]) -> Command {
    let mut cmd = Command::new(env!("CARGO_BIN_EXE_xtask"));
    cmd.args(args);
    cmd
}

#[test]
fn the_last_line_of_the_tests_is_the_tally_even_where_nothing_could_be_built() {
    // `false` stands for a cargo whose build fails.
    let out = xtask(&["test"]).env("CARGO", "false").output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert_eq!(
        text(&out.stdout).lines().last(),
        Some("0 passed, 1 failed, 0 skipped")
    );
}

#[test]
fn a_kernel_whose_source_cannot_be_fetched_is_unavailable() {
    let cache = tempfile::tempdir().unwrap();
    let out = xtask(&["guest", "--kernel", "newest", "--module", "none"])
        .args(["--", "true"])
        .env("XDG_CACHE_HOME", cache.path())
        .env("NL_UTIL_DEBIAN_MIRROR", "file:/nonexistent/mirror")
        .output()
        .unwrap();
    let complaint = text(&out.stderr);
    assert_eq!(out.status.code(), Some(69), "{complaint}");
    assert!(
        complaint.contains("no kernel `newest`") && complaint.contains("/nonexistent/mirror"),
        "{complaint}"
    );
}

#[test]
fn a_kernel_without_a_build_tree_is_reported_before_make_is_asked() {
    for action in ["build", "load"] {
        let out = xtask(&["kmod", action, "KDIR=/nonexistent/tree"])
            .output()
            .unwrap();
        let complaint = text(&out.stderr);
        assert_eq!(out.status.code(), Some(69), "{complaint}");
        for word in ["/nonexistent/tree", "kmod/README.md", "cargo xtask guest"] {
            assert!(complaint.contains(word), "{word}: {complaint}");
        }
        assert!(!complaint.contains("make"), "{complaint}");
    }
}
