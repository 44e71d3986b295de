// SPDX-License-Identifier: GPL-2.0-or-later
//! The binary from outside, as far as it goes without a kernel that has nlmon.

use std::fs;
use std::process::{Command, Output, Stdio};

fn nlcap(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nlcap"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = nlcap(arguments).output().unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A pcap file of one request, as tcpdump would write it.
fn pcap() -> Vec<u8> {
    let packet = [
        0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, // cooked header
        20, 0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0,
    ];
    let words = [
        0xa1b2_c3d4,
        0x0004_0002,
        0,
        0,
        262_144,
        253,
        7,
        0,
        36,
        36_u32,
    ];
    let mut file: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    file.extend(packet);
    file
}

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [&[][..], &["report"], &["record", "-q"], &["nosuch"]] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(err.contains("Usage:"), "{err}");
    }
}

#[test]
fn a_sixth_t_is_a_usage_error() {
    let (code, _, err) = run(&["show", "-tttttt", "x"]);
    assert!(
        code == Some(2) && err.contains("6 is not in 0..=5"),
        "{err}"
    );
}

#[test]
fn usage_that_clap_cannot_judge_exits_with_2_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    for (arguments, word) in [
        (&["compare", "ip 'x"][..], "unclosed quote"),
        (&["compare", "ip link | wc"], "use sh -c"),
        (&["compare", " "], "empty command"),
        (&["compare", "-o", "x.pdf", "true"], ".md, .html or .json"),
        (
            &["report", "-o", "x.pdf", "/nowhere"],
            ".md, .html or .json",
        ),
    ] {
        let mut all = arguments.to_vec();
        if arguments[0] == "compare" {
            all.extend(["--keep", kept.to_str().unwrap()]);
        }
        let (code, out, err) = run(&all);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.starts_with("nlcap: ") && err.contains(word), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!kept.exists());
    }
}

#[test]
fn the_help_names_every_exit_status_and_what_it_needs() {
    let (code, help, _) = run(&["record", "--help"]);
    assert_eq!(code, Some(0));
    for word in [
        "128+N",
        "2 ",
        "125",
        "126",
        "127",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
        "0600",
    ] {
        assert!(help.contains(word), "{word} is missing in {help}");
    }
}

#[test]
fn the_report_of_a_file_of_another_program_is_titled_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tcpdump.pcap"), pcap()).unwrap();
    let mut report = nlcap(&["report", "tcpdump.pcap"]);
    let Output {
        status,
        stdout,
        stderr,
    } = report.current_dir(&folder).output().unwrap();
    assert!(status.success() && stderr.is_empty());
    let out = String::from_utf8(stdout).unwrap();
    assert_eq!(out.lines().next().unwrap(), "tcpdump.pcap");
    let mut json = nlcap(&["report", "-f", "json", "tcpdump.pcap"]);
    let json = json.current_dir(&folder).output().unwrap().stdout;
    let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let figures = &report["groups"][0]["recordings"][0]["figures"];
    let figures = ["messages", "bytes", "requests", "answers", "lost"].map(|it| &figures[it]);
    assert_eq!(
        figures.map(|it| it.as_u64()),
        [Some(1), Some(20), Some(1), Some(0), None]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_in_one_line_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    let cut = folder.path().join("cut.pcap");
    fs::write(&text, "no capture").unwrap();
    fs::write(&cut, &pcap()[..50]).unwrap();
    for (path, why) in [
        (
            text.to_str().unwrap(),
            "a text file: not a capture file (pcapng, pcap or rtmon)",
        ),
        (cut.to_str().unwrap(), "truncated at byte 50"),
        ("/nonexistent/x.pcapng", "ENOENT: No such file or directory"),
        ("/", "EISDIR: Is a directory"),
    ] {
        let (code, out, err) = run(&["report", path]);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert_eq!(err, format!("nlcap: cannot read {path}: {why}\n"));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    fs::write(&path, pcap()).unwrap();
    let mut child = nlcap(&["report", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn a_full_disk_is_said_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    fs::write(&path, pcap()).unwrap();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = nlcap(&["report", path.to_str().unwrap()])
        .stdout(full)
        .output()
        .unwrap();
    let error = "nlcap: cannot write the report: ENOSPC: No space left on device\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), error);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_is_shown_from_its_name_and_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    fs::write(&path, pcap()).unwrap();
    let (code, named, err) = run(&["show", "-tt", path.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(named, "7.000000000 port 0 > nlctrl getfamily\n");
    let mut child = nlcap(&["show", "-tt", "-"])
        .stdin(fs::File::open(&path).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut piped = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut piped).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(piped, named);
}

#[test]
fn what_comes_before_the_damage_is_shown_and_the_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    let mut damaged = pcap();
    damaged.extend(&pcap()[24..60]);
    fs::write(&path, &damaged).unwrap();
    let (code, out, err) = run(&["show", "-t", path.to_str().unwrap()]);
    assert_eq!((code, out.lines().count()), (Some(1), 1));
    let at = damaged.len();
    assert_eq!(
        err,
        format!(
            "nlcap: cannot read {}: truncated at byte {at}\n",
            path.display()
        )
    );
}

/// A pcapng file of an Ethernet interface, with two packets, and with `netlink` of an nlmon
/// link, with one.
fn pcapng_of_two_links(netlink: bool) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| -> Vec<u8> {
        let length = (12 + body.len() as u32).to_ne_bytes();
        [&kind.to_ne_bytes()[..], &length, body, &length].concat()
    };
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|it| it.to_ne_bytes()).collect() };
    let interface = |link_type: u16| -> Vec<u8> {
        let halves = [link_type.to_ne_bytes(), [0; 2]].concat();
        block(1, &[halves, words(&[262_144])].concat())
    };
    let packet = |interface: u32, data: &[u8]| -> Vec<u8> {
        let length = data.len() as u32;
        block(
            6,
            &[
                words(&[interface, 0, 7_000_000, length, length]),
                data.to_vec(),
            ]
            .concat(),
        )
    };
    let version = [1_u16.to_ne_bytes(), [0; 2]].concat();
    let section = [words(&[0x1a2b_3c4d]), version, vec![0xff; 8]].concat();
    let mut file = [block(0x0a0d_0d0a, &section), interface(1)].concat();
    if netlink {
        file.extend(interface(253));
    }
    file.extend(packet(0, &[0; 60]));
    if netlink {
        file.extend(packet(1, &pcap()[40..]));
    }
    file.extend(packet(0, &[0; 60]));
    file
}

#[test]
fn packets_of_another_link_type_are_skipped_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.pcapng");
    fs::write(&path, pcapng_of_two_links(true)).unwrap();
    let path = path.to_str().unwrap();
    let said = format!("nlcap: {path}: skipped 2 packets of link type 1 (EN10MB)\n");
    let (code, out, err) = run(&["show", "-tt", path]);
    assert_eq!((code, err), (Some(0), said.clone()));
    assert_eq!(out, "7.000000000 port 0 > nlctrl getfamily\n");
    // Its number is that of Wireshark.
    let (_, json, _) = run(&["show", "-j", path]);
    assert!(json.starts_with(r#"{"frame":2,"#), "{json}");
    for command in ["report", "families"] {
        let (code, out, err) = run(&[command, path]);
        assert_eq!((code, &err), (Some(0), &said), "{command}");
        assert!(!out.is_empty(), "{command}");
    }
}

#[test]
fn a_file_without_netlink_exits_with_1_and_names_its_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ethernet.pcapng");
    let whole = pcapng_of_two_links(false);
    let path = path.to_str().unwrap();
    // The second one has no packets.
    for file in [&whole[..], &whole[..48]] {
        fs::write(path, file).unwrap();
        for command in ["show", "report"] {
            let (code, out, err) = run(&[command, path]);
            assert_eq!((code, out.as_str()), (Some(1), ""), "{command}");
            let said = format!(
                "nlcap: cannot read {path}: no netlink messages, but link type 1 (EN10MB)\n"
            );
            assert_eq!(err, said, "{command}");
        }
    }
}

#[test]
fn a_specification_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("x.yaml");
    fs::write(&spec, "name: x\ndoc: y\ncolour: z\n").unwrap();
    for (path, why) in [
        (spec.to_str().unwrap(), "x.yaml:3:1: "),
        ("/nonexistent", "ENOENT: No such file or directory"),
    ] {
        let (code, out, err) = run(&["show", "--spec", path, "x.pcap"]);
        assert_eq!(
            (code, out.as_str(), err.lines().count()),
            (Some(1), "", 1),
            "{err}"
        );
        assert!(err.contains(why), "{err}");
    }
}
