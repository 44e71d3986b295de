// SPDX-License-Identifier: GPL-2.0-or-later
//! Short forms of `cargo xtask soak`, which does the same at length.

mod common;

use common::text;
use std::process::{Command, Stdio};

/// Runs one of them; its last lines.
fn soak(what: &str, count: u32) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["soak", what, "--count", &count.to_string()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    text(&out.stdout)
}

#[test]
fn twenty_thousand_hostile_messages_are_answered_by_an_errno_or_well_formed() {
    let said = soak("hostile", 20_000);
    for outcome in [
        "an answer of command 1",
        "an answer of command 2",
        "the end of a dump",
        "errno 22",
    ] {
        assert!(said.contains(outcome), "{outcome} in {said}");
    }
}

#[test]
fn what_stays_is_in_every_list_while_others_come_and_go() {
    let said = soak("churn", 8);
    assert!(said.contains("8 rounds"), "{said}");
}

#[test]
fn each_recorded_command_has_its_own_messages_all_of_them_and_nobody_elses() {
    let said = soak("record", 1);
    assert!(said.contains("none missing, none foreign"), "{said}");
}

#[test]
fn the_module_goes_and_comes_under_load_and_namespaces_end_with_sockets_open() {
    let said = soak("reload", 10);
    assert!(said.contains("10 namespaces ended"), "{said}");
}
