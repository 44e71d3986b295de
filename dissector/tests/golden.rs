// SPDX-License-Identifier: GPL-2.0-or-later
//! What the real tshark shows with our plugin: of the recordings in
//! captures/samples/, and of messages that no kernel sends.

mod common;

use common::{
    messages::{capture, odd_messages},
    tshark::{compare, root, tshark},
};
use std::{fs, path::Path};

/// The summary of every generic netlink frame, and the trees of our messages:
/// what does not depend on when and where the file was made.
fn shown(file: &Path) -> String {
    let columns = [
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.col.Protocol",
        "-e",
        "_ws.col.Info",
    ];
    let ours = ["-Y", "nl_util || nlmsg.family == \"nl_util\""];
    let mut text = tshark(file, &[&ours[..], &columns].concat());
    text.push('\n');
    let mut inside = false;
    // Read twice, so that a request knows its answer.
    let trees = ["-2", "-O", "nl_util,nlmsg"];
    for line in tshark(file, &[&ours[..], &trees].concat()).lines() {
        if !line.starts_with(' ') {
            inside = line.starts_with("nl_util: ") || line == "[Netlink exchange]";
        }
        if inside && !line.contains("[Time since request: ") {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text.trim_end().to_owned() + "\n"
}

#[test]
fn samples_are_shown_as_before() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("captures/samples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|it| it == "pcapng") && name.starts_with("nl_user") {
            compare(&name, &shown(&path));
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen} samples");
}

#[test]
fn odd_and_damaged_messages_become_expert_items() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &odd_messages(), usize::MAX);
    let text = shown(file.path());
    assert!(!text.contains("The dissector failed"), "{text}");
    compare("odd", &text);
}

#[test]
fn statistics_leave_out_what_the_recorder_added() {
    let sample = root().join("captures/samples/nl_user-show-99.pcapng");
    let text = tshark(&sample, &["-q", "-z", "nl_util,tree"]);
    let rows: Vec<Vec<_>> = text
        .lines()
        .skip(3)
        .map(|line| line.split_whitespace().take(4).collect())
        .collect();
    // The file has hundreds of answers of the controller besides.
    let expected = [["nl_util", "L2_IID", "1", "0"], ["nlctrl", "-", "1", "1"]];
    assert_eq!(rows, expected, "{text}");
}
