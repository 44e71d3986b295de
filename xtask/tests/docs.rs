// SPDX-License-Identifier: GPL-2.0-or-later
//! Examples of the documents that want the module: run in the guest, with the interfaces of the
//! demo, those of one document in one.

mod common;
#[path = "../../captures/tests/docs/examples.rs"]
mod examples;

use common::{root, sh, text};
use examples::{Example, Kind, constant_part};
use std::{fs, path::Path, process::Command};

/// As `cargo xtask demo` makes it.
const MACHINE: &str = "\
    ip link set lo up
    ip link set dummy0 address 02:00:00:00:00:02 up
    ip link add br0 address 02:00:00:00:00:10 type bridge
    ip link add veth0 address 02:00:00:00:00:20 type veth \
        peer name veth1 address 02:00:00:00:00:21
    ip link set veth0 master br0 up
    ip link set veth1 up
    ip link set br0 up
    ip link set veth0 allmulticast on";

/// What enters the guest is not run in it.
const GUEST: &str = "cargo xtask guest ";

fn of(document: &str) -> Vec<Example> {
    let document = fs::read_to_string(root().join(document)).unwrap();
    let mut all = examples::examples(&document);
    all.retain(|it| it.kind == Kind::InGuest && !it.command.starts_with(GUEST));
    all
}

/// An example may be about what fails.
fn check(example: &Example, at: &str, run: impl FnOnce(&str) -> std::process::Output) {
    let out = run(&format!("{{ {}\n}} 2>&1", example.command));
    let shown = text(&out.stdout);
    if example.output.is_empty() {
        assert!(out.status.success(), "{at}: {shown}");
    } else {
        assert_eq!(
            constant_part(&shown),
            constant_part(&example.output),
            "{at}: {shown}"
        );
    }
}

guest_tests! {
    fn the_examples_of_the_readme_that_want_the_module_print_what_is_shown() {
        sh(MACHINE);
        let dir = tempfile::tempdir().unwrap();
        let examples = of("README.md");
        assert!(!examples.is_empty());
        for it in examples {
            let at = format!("README.md:{}: {}", it.line, it.command);
            check(&it, &at, |script| shell(script, dir.path()));
        }
    }

    fn the_examples_of_the_guide_to_the_report_run() {
        sh(MACHINE);
        let dir = tempfile::tempdir().unwrap();
        let examples = of("docs/nlcap-report.md");
        assert!(!examples.is_empty());
        for it in examples {
            let at = format!("docs/nlcap-report.md:{}: {}", it.line, it.command);
            check(&it, &at, |script| shell(script, dir.path()));
        }
    }
}

fn shell(script: &str, dir: &Path) -> std::process::Output {
    let mut sh = Command::new("sh");
    sh.args(["-c", script]).current_dir(dir).output().unwrap()
}

#[test]
fn the_examples_of_the_guest_itself_print_what_is_shown() {
    let document = fs::read_to_string(root().join("README.md")).unwrap();
    let examples = examples::examples(&document);
    let it = examples.iter().find(|it| it.command.starts_with(GUEST));
    let it = it.expect("README.md enters the guest");
    check(it, &it.command, |script| {
        let script = script.replace("cargo xtask", env!("CARGO_BIN_EXE_xtask"));
        shell(&script, root())
    });
}
