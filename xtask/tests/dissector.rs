// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask dissector --install` and `--uninstall`, for a user of their own.

mod common;

use common::{root, text};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn xtask(home: &Path, args: &[&str]) -> String {
    let out = at_home(Command::new(env!("CARGO_BIN_EXE_xtask")), home)
        .arg("dissector")
        .args(args)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn at_home(mut command: Command, home: &Path) -> Command {
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
    command
}

fn tshark(home: &Path, args: &[&str]) -> Output {
    let sample = root().join("captures/samples/nl_user-show-99.pcapng");
    let mut command = at_home(Command::new("tshark"), home);
    command
        .args(["-n", "-r"])
        .arg(sample)
        .args(args)
        .output()
        .unwrap()
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn wireshark_without_our_plugin_finds_no_fault_in_a_recording() {
    let home = tempfile::tempdir().unwrap();
    for sample in fs::read_dir(root().join("captures/samples")).unwrap() {
        let sample = sample.unwrap().path();
        if sample.extension().is_none_or(|it| it != "pcapng") {
            continue;
        }
        let out = at_home(Command::new("tshark"), home.path())
            .args(["-n", "-Y", "_ws.expert.group == \"Malformed\"", "-r"])
            .arg(&sample)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        assert_eq!(text(&out.stdout), "", "{}", sample.display());
    }
}

#[test]
fn what_is_installed_works_and_is_removed_without_a_trace() {
    let home = tempfile::tempdir().unwrap();
    let filter = ["-Y", "nl_util"];
    assert!(
        !tshark(home.path(), &filter).status.success(),
        "loaded before"
    );

    let said = xtask(home.path(), &["--install"]);
    assert!(
        said.contains("nl_util.lua") && said.contains("wireshark -C nl-util"),
        "{said}"
    );
    let all = files(home.path());
    for name in [
        "nl_util.lua",
        "colorfilters",
        "dfilter_buttons",
        "preferences",
    ] {
        assert!(all.contains(&name.to_owned()), "{name}: {all:?}");
    }
    assert!(text(&tshark(home.path(), &filter).stdout).contains("L2_IID request"));

    // The profile's rules are filters that Wireshark understands.
    let colours = [
        "-C",
        "nl-util",
        "--color",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "frame.coloring_rule.name",
    ];
    let out = tshark(home.path(), &colours);
    assert!(!text(&out.stderr).contains("olor"), "{}", text(&out.stderr));
    let rules = text(&out.stdout).to_string();
    let coloured: Vec<_> = rules
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, rule)| rule)
        .filter(|rule| !rule.is_empty())
        .collect();
    assert!(
        coloured.ends_with(&["Netlink: request", "Netlink: error"]),
        "{rules}"
    );
    assert!(!rules.contains("malformed"), "{rules}");
    for line in fs::read_to_string(find(home.path(), "dfilter_buttons"))
        .unwrap()
        .lines()
    {
        let filter = line.split("\",\"").nth(2).unwrap();
        let out = tshark(home.path(), &["-Y", filter]);
        assert!(out.status.success(), "{filter}: {}", text(&out.stderr));
    }

    xtask(home.path(), &["--install"]);
    let said = xtask(home.path(), &["--uninstall"]);
    assert!(said.contains("removed"), "{said}");
    let left: Vec<_> = files(home.path());
    assert!(
        left.iter()
            .all(|it| it != "nl_util.lua" && it != "colorfilters"),
        "{left:?}"
    );
    assert!(
        !tshark(home.path(), &filter).status.success(),
        "still loaded"
    );
    // Once more, with nothing there.
    xtask(home.path(), &["--uninstall"]);
}

fn find(dir: &Path, name: &str) -> std::path::PathBuf {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let found = find(&path, name);
            if found.file_name().is_some() {
                return found;
            }
        } else if path.ends_with(name) {
            return path;
        }
    }
    std::path::PathBuf::new()
}

#[test]
fn what_somebody_changed_in_the_profile_stays() {
    let home = tempfile::tempdir().unwrap();
    xtask(home.path(), &["--install"]);
    let colours = find(home.path(), "colorfilters");
    fs::write(&colours, "@Mine@udp@[0,0,0][65535,65535,65535]\n").unwrap();
    for what in ["--install", "--uninstall"] {
        let said = xtask(home.path(), &[what]);
        assert!(said.contains("modified since, left unchanged"), "{said}");
        assert!(fs::read_to_string(&colours).unwrap().contains("@Mine@"));
    }
}
