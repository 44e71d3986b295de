// SPDX-License-Identifier: GPL-2.0-or-later
//! Examples in the documents, run as they stand there, and the picture in README.md.

mod examples;
mod picture;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use examples::{Example, Kind, constant_part};

/// The checkout.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Documents that have examples, each with the number of those that are run here, are run in the
/// guest, and say why they are not run.
const DOCUMENTS: [(&str, usize, usize, usize); 8] = [
    ("README.md", 5, 6, 7),
    ("docs/benchmarks.md", 0, 0, 1),
    ("docs/install.md", 0, 0, 3),
    ("docs/nlcap-report.md", 3, 1, 0),
    ("docs/show.md", 2, 0, 1),
    ("docs/testing.md", 0, 0, 13),
    ("docs/wireshark.md", 2, 0, 5),
    ("kmod/README.md", 0, 0, 9),
];

/// The documents of the project, by their paths in it.
fn documents() -> Vec<String> {
    let mut all = vec!["README.md".to_owned(), "kmod/README.md".to_owned()];
    for entry in fs::read_dir(Path::new(ROOT).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            all.push(format!("docs/{name}"));
        }
    }
    all.sort();
    all
}

/// Where examples are run: what they write is gone with it.
struct Place {
    dir: tempfile::TempDir,
    path: std::ffi::OsString,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(ROOT).unwrap() {
            let entry = entry.unwrap();
            let link = dir.path().join(entry.file_name());
            std::os::unix::fs::symlink(entry.path(), link).unwrap();
        }
        let nlcap = Path::new(env!("CARGO_BIN_EXE_nlcap")).parent().unwrap();
        let path = env::var_os("PATH").unwrap();
        let path = [PathBuf::from(nlcap)]
            .into_iter()
            .chain(env::split_paths(&path));
        Self {
            path: env::join_paths(path).unwrap(),
            dir,
        }
    }

    fn run(&self, example: &Example) -> Output {
        // Both streams as a terminal shows them.
        let streams = match example.kind {
            Kind::Varies => " 2>&1",
            _ => "",
        };
        let script = format!("{{ {}\n}}{streams}", example.command);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).env("PATH", &self.path);
        // Specifications and plugins of this machine have no part in it.
        command
            .current_dir(&self.dir)
            .env("HOME", self.dir.path())
            .env("TZ", "UTC")
            .env_remove("NLCAP_SPECS")
            .output()
            .unwrap()
    }
}

#[test]
fn the_examples_of_the_documents_print_what_is_shown() {
    let place = Place::new();
    let mut counts = Vec::new();
    let mut reasons = BTreeMap::new();
    for document in documents() {
        let text = fs::read_to_string(Path::new(ROOT).join(&document)).unwrap();
        let (mut here, mut guest, mut none) = (0, 0, 0);
        for it in examples::examples(&text) {
            let at = format!("{document}:{}: {}", it.line, it.command);
            match &it.kind {
                Kind::InGuest => guest += 1,
                Kind::NotRun(reason) => {
                    none += 1;
                    *reasons.entry(format!("{document}: {reason}")).or_insert(0) += 1;
                }
                Kind::Exact | Kind::Varies => {
                    here += 1;
                    check(&place.run(&it), &it, &at);
                }
            }
        }
        if here + guest + none > 0 {
            counts.push((document, here, guest, none));
        }
    }
    // Past the harness, which keeps for itself what a test that passes prints.
    let sum =
        |of: fn(&(String, usize, usize, usize)) -> usize| counts.iter().map(of).sum::<usize>();
    let _ = writeln!(
        std::io::stderr(),
        "examples: {} run, {} run in the guest, {} not run",
        sum(|it| it.1),
        sum(|it| it.2),
        sum(|it| it.3)
    );
    for (reason, number) in reasons {
        let _ = writeln!(std::io::stderr(), "  {number} in {reason}");
    }
    let counts: Vec<_> = (counts.iter())
        .map(|(document, here, guest, none)| (document.as_str(), *here, *guest, *none))
        .collect();
    assert_eq!(counts, DOCUMENTS);
}

fn check(output: &Output, example: &Example, at: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{at}: {said}{shown}");
    if example.output.is_empty() {
        return;
    }
    match example.kind {
        Kind::Varies => assert_eq!(
            constant_part(&shown),
            constant_part(&example.output),
            "{at}: {shown}"
        ),
        _ => assert_eq!(shown, example.output, "{at}: {said}"),
    }
}
