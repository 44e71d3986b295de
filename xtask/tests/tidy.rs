// SPDX-License-Identifier: GPL-2.0-or-later
//! What holds for every file of the repository.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The files that git tracks or would track, by name, with their text.
fn files(keep: fn(&str) -> bool) -> Vec<(String, String)> {
    let out = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(common::root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", common::text(&out.stderr));
    let names = String::from_utf8(out.stdout).unwrap();
    let found: Vec<_> = names
        .split_terminator('\0')
        .filter(|name| keep(name))
        .map(|name| (name.to_owned(), common::root().join(name)))
        .filter(|(_, path): &(String, PathBuf)| path.is_file())
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect();
    assert!(!found.is_empty());
    found
}

fn is_source(name: &str) -> bool {
    let ends = [
        ".rs", ".lua", ".py", ".sh", ".h", ".c", ".toml", ".yaml", ".config", ".patch",
    ];
    let named = ["Kbuild", "Makefile", ".ci/run", ".gitignore"];
    ends.iter().any(|end| name.ends_with(end)) || named.iter().any(|it| name.ends_with(it))
}

fn is_generated(text: &str) -> bool {
    text.lines()
        .take(4)
        .any(|line| line.contains("Generated from"))
}

/// A failure that names every place at once.
fn none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_source_begins_with_its_licence() {
    let lacks = |(name, text): (String, String)| {
        let first = text
            .lines()
            .take(2)
            .any(|line| line.contains("SPDX-License-Identifier: "));
        (!first).then_some(name)
    };
    none(files(is_source).into_iter().filter_map(lacks).collect());
}

#[test]
fn every_rust_file_says_what_it_is() {
    let lacks = |(name, text): (String, String)| {
        let doc = text.lines().take(5).any(|line| line.starts_with("//!"));
        (!doc).then_some(name)
    };
    none(
        files(|name| name.ends_with(".rs"))
            .into_iter()
            .filter_map(lacks)
            .collect(),
    );
}

#[test]
fn no_line_ends_in_a_blank_and_every_file_ends_in_one_newline() {
    let mut found = Vec::new();
    for (name, text) in files(|name| is_source(name) || name.ends_with(".md")) {
        for (at, line) in text.lines().enumerate() {
            if line.ends_with([' ', '\t']) {
                found.push(format!("{name}:{}: a blank at the line's end", at + 1));
            }
        }
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            found.push(format!("{name}: not one newline at the end"));
        }
    }
    none(found);
}

#[test]
fn no_hand_written_source_is_longer_than_a_reader_can_hold() {
    let long = |(name, text): (String, String)| {
        let lines = text.lines().count();
        (lines > 560 && !is_generated(&text)).then(|| format!("{name}: {lines} lines"))
    };
    let keep = |name: &str| {
        [".rs", ".lua", ".py", ".sh", ".c"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    none(files(keep).into_iter().filter_map(long).collect());
}

#[test]
fn the_modules_unsafe_code_is_in_its_safe_layer_alone() {
    let layer = ["kmod/genl.rs", "kmod/netdev.rs", "kmod/bindings.rs"];
    let mut found = Vec::new();
    for (name, text) in files(|name| name.starts_with("kmod/") && name.ends_with(".rs")) {
        let folders = ["kmod/genl/", "kmod/netdev/"];
        if layer.contains(&name.as_str()) || folders.iter().any(|it| name.starts_with(it)) {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe") {
                found.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    none(found);
}

/// Whether a word in backquotes is a path of the tree: it has a slash, and ends in one or in
/// the extension of a file that we have. Absolute paths, those of a home and of variables are
/// not; paths of other trees stand without backquotes.
fn is_path(word: &str) -> bool {
    let ends = [
        "/", ".rs", ".lua", ".py", ".sh", ".h", ".c", ".toml", ".yaml", ".json", ".md", ".html",
    ];
    word.contains('/')
        && !word.starts_with(['/', '~', '$', '-', '.'])
        && !word.contains([' ', '*', '<', ':'])
        && ends.iter().any(|end| word.ends_with(end))
}

/// The words in backquotes, outside of blocks of code.
fn quoted(text: &str) -> Vec<&str> {
    let blocks = text.split("```").step_by(2);
    blocks
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .collect()
}

/// A path is relative to the root, to the document's own folder, or to a folder that the
/// document names by its path from the root, such as `captures/`, or to the `src` in that.
#[test]
fn every_path_in_the_documents_exists() {
    let is_document = |name: &str| {
        let is_guide = name.starts_with("docs/") && name.ends_with(".md");
        is_guide || ["README.md", "kmod/README.md"].contains(&name)
    };
    let mut missing = Vec::new();
    for (name, text) in files(is_document) {
        let words: Vec<_> = quoted(&text).into_iter().filter(|it| is_path(it)).collect();
        let root = common::root();
        let own = Path::new(&name).parent().unwrap();
        let mut rooms = vec![root.to_owned(), root.join(own)];
        for folder in words.iter().filter(|it| it.ends_with('/')) {
            let folder = root.join(folder);
            rooms.extend(
                [folder.join("src"), folder]
                    .into_iter()
                    .filter(|it| it.is_dir()),
            );
        }
        for word in words {
            if !rooms.iter().any(|room| room.join(word).exists()) {
                missing.push(format!("{name}: there is no {word}"));
            }
        }
    }
    none(missing);
}
