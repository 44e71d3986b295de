// SPDX-License-Identifier: GPL-2.0-or-later
//! Examples in the documents, run as they stand there.
//!
//! An example is a block of code that begins with a prompt; what follows a command, up to the
//! next prompt, is its output. One that needs root (`#`) or cannot be run for another reason has
//! a comment before it, `<!-- not run: REASON -->`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Documents, with the number of commands that are run and of examples that say why they are not.
const DOCUMENTS: [(&str, usize, usize); 2] = [("docs/show.md", 2, 1), ("docs/wireshark.md", 2, 0)];

/// A command with the output that the document shows; none where it shows none.
struct Example {
    line: usize,
    command: String,
    output: String,
}

/// The examples of a document, and the number of those that are not run.
fn examples(text: &str) -> (Vec<Example>, usize) {
    let (mut examples, mut marked) = (Vec::new(), 0);
    let mut lines = text.lines().zip(1..).peekable();
    let mut before = "";
    while let Some((line, _)) = lines.next() {
        if !line.starts_with("```") {
            before = if line.is_empty() { before } else { line };
            continue;
        }
        let reason = before.strip_prefix("<!-- not run: ");
        let reason = reason.and_then(|it| it.strip_suffix(" -->"));
        before = "";
        let block: Vec<_> = lines.by_ref().take_while(|(it, _)| *it != "```").collect();
        let is_prompt = |it: &str| it.starts_with("$ ") || it.starts_with("# ");
        let is_example = block.first().is_some_and(|(it, _)| is_prompt(it));
        if reason.is_some_and(|it| !it.is_empty()) {
            assert!(is_example, "no example behind the reason: {block:?}");
            marked += 1;
            continue;
        }
        if !is_example {
            continue;
        }
        for (line, number) in block {
            assert!(
                !line.starts_with("# "),
                "line {number} needs root, or a reason"
            );
            let last: Option<&mut Example> = examples.last_mut();
            match (line.strip_prefix("$ "), last) {
                (Some(command), _) => examples.push(Example {
                    line: number,
                    command: command.to_owned(),
                    output: String::new(),
                }),
                (None, Some(it)) if it.output.is_empty() && it.command.ends_with('\\') => {
                    it.command += "\n";
                    it.command += line;
                }
                (None, Some(it)) => it.output += &format!("{line}\n"),
                (None, None) => unreachable!("the first line has a prompt"),
            }
        }
    }
    (examples, marked)
}

#[test]
fn the_examples_of_the_documents_print_what_is_shown() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let nlcap = Path::new(env!("CARGO_BIN_EXE_nlcap")).parent().unwrap();
    let home = tempfile::tempdir().unwrap();
    let path = env::var_os("PATH").unwrap();
    let path = [PathBuf::from(nlcap)]
        .into_iter()
        .chain(env::split_paths(&path));
    let path = env::join_paths(path).unwrap();
    for (document, run, not_run) in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let (examples, marked) = examples(&text);
        for it in &examples {
            // Specifications and plugins of this machine have no part in it.
            let output = Command::new("sh")
                .args(["-c", &it.command])
                .current_dir(root)
                .env("PATH", &path)
                .env("HOME", home.path())
                .env("TZ", "UTC")
                .env_remove("NLCAP_SPECS")
                .output()
                .unwrap();
            let at = format!("{document}:{}: {}", it.line, it.command);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{at}: {said}");
            if !it.output.is_empty() {
                let shown = String::from_utf8(output.stdout).unwrap();
                assert_eq!(shown, it.output, "{at}: {said}");
            }
        }
        assert_eq!((examples.len(), marked), (run, not_run), "{document}");
    }
}

#[test]
fn an_example_is_a_command_with_its_output_and_one_with_a_reason_is_counted() {
    let text = "```\n$ a \\\n  b\nout\n$ c\n```\n<!-- not run: needs root -->\n```\n# d\n```\n\
                ```\nno command\n```\n";
    let (examples, marked) = examples(text);
    let all: Vec<_> = (examples.iter())
        .map(|it| (it.line, &it.command[..], &it.output[..]))
        .collect();
    assert_eq!(all, [(2, "a \\\n  b", "out\n"), (5, "c", "")]);
    assert_eq!(marked, 1);
}
