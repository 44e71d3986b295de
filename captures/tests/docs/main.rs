// SPDX-License-Identifier: GPL-2.0-or-later
//! Examples in the documents, run as they stand there, and the picture in README.md.

mod examples;
mod picture;
mod place;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use examples::Kind;
use place::{Place, ROOT, documents};

/// Documents that have examples, each with the number of those that are run here (what depends on the
/// machine's kernel by the tests in `captures/tests/syscalls/`, where that lets programs be
/// traced), are run in the guest, and say why they are not run.
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
                Kind::Exact => {
                    here += 1;
                    place.check(&it, &at);
                }
                Kind::Varies => here += 1,
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
