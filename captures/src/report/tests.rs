// SPDX-License-Identifier: GPL-2.0-or-later
//! Reports of the samples, and of recordings that were made up for it.

mod bounds;
mod programs;
mod verdicts;

use std::process::{Command, Stdio};

use super::model::{Ailment, BoundedList, Level, WasteKind};
use super::*;
use crate::file::sample::{GENERIC, attribute, counters, ip_link, message, nl_user, recording};
use crate::file::writer::Counters;

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;

pub(super) const SAMPLES: [(&str, &[u8]); 5] = [
    (
        "nl_user-show",
        include_bytes!("../../samples/nl_user-show.pcapng"),
    ),
    (
        "ip-link-show",
        include_bytes!("../../samples/ip-link-show.pcapng"),
    ),
    (
        "nl_user-show-veth0",
        include_bytes!("../../samples/nl_user-show-veth0.pcapng"),
    ),
    (
        "nl_user-show-99",
        include_bytes!("../../samples/nl_user-show-99.pcapng"),
    ),
    (
        "genl-ctrl-list",
        include_bytes!("../../samples/genl-ctrl-list.pcapng"),
    ),
];

/// The report of these files.
fn report_of(files: &[(&str, &[u8])]) -> Report {
    thread_local! {
        static SPECS: &'static Specs = Box::leak(Box::new(Specs::only_built_in()));
    }
    let specs = SPECS.with(|it| *it);
    let read = |(name, file): &(&str, &[u8])| {
        collect(specs, *file, Some(format!("{name}.pcapng"))).unwrap()
    };
    report(
        vec![compare::group(None, files.iter().map(read).collect())],
        None,
    )
}

/// A datagram, with its netlink protocol.
type Datagram = (u16, Vec<u8>);

/// The report of made-up conversations.
pub(super) fn made_up(all: &[(&str, &[Datagram])]) -> Report {
    let files: Vec<_> = (all.iter())
        .map(|(command, frames)| (*command, recording(command, frames, counters(frames))))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, file)| (*name, &file[..]))
        .collect();
    report_of(&files)
}

fn shown(report: &Report, format: Format) -> String {
    format.exporter(Paint(false)).render(report).unwrap()
}

fn text(report: &Report) -> String {
    shown(report, Format::Text)
}

fn count(report: &Report, what: Ailment) -> Option<u64> {
    let health = &report.groups[0].recordings[0].health;
    health.iter().find(|it| it.what == what).unwrap().count
}

#[test]
fn the_samples_are_reported_in_text() {
    for sample in &SAMPLES[2..] {
        let report = report_of(&[*sample]);
        insta::assert_snapshot!(format!("{}.txt", sample.0), text(&report));
    }
    insta::assert_snapshot!("two.txt", text(&report_of(&SAMPLES[..2])));
}

#[test]
fn the_samples_are_reported_in_every_other_format() {
    let report = report_of(&SAMPLES[2..4]);
    insta::assert_snapshot!("two.md", shown(&report, Format::Md));
    insta::assert_snapshot!("two.json", shown(&report, Format::Json));
    // What the page looks like is looked at, what it says is kept.
    let html = shown(&report, Format::Html);
    let (head, rest) = html.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    let head = head.split_once("style-src 'sha256-").unwrap().0;
    let page = format!("{head}…\n{}", body.replace("><", ">\n<"));
    insta::assert_snapshot!("two.html", page);
}

/// Names that mean something in HTML, SVG, Markdown and to a terminal.
const HOSTILE: [&str; 4] = [
    "<script>alert",
    "</title><img/src",
    "a|b`c*d_e[f](g",
    "\u{202e}\x1b[2J&lt;",
];

#[test]
fn a_name_means_nothing_in_any_format() {
    for name in HOSTILE {
        let mut frames = one_interface(1500, 3);
        let mut netdev = attribute(1, &2_u32.to_ne_bytes());
        netdev.extend(attribute(2, &[name.as_bytes(), &[0]].concat()));
        frames[3].1 = message(
            0x24,
            0,
            2,
            &[&[1, 1, 0, 0][..], &attribute(1, &netdev)].concat(),
        );
        let report = made_up(&[(name, &frames), ("ip link show", &one_link(1400, 3))]);
        let html = shown(&report, Format::Html);
        for mark in ["<script", "</title><img", "\u{202e}", "\x1b"] {
            assert!(!html.contains(mark), "{mark} of {name}");
        }
        let markdown = shown(&report, Format::Md);
        for line in markdown.lines().filter(|line| line.starts_with('|')) {
            assert!(!line.contains("<script") && !line.contains("`c*"), "{line}");
        }
    }
}

#[test]
fn a_line_of_text_has_at_most_a_hundred_columns() {
    for files in [&SAMPLES[..2], &SAMPLES[..3], &SAMPLES[..]] {
        for line in text(&report_of(files)).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn json_is_the_report_and_can_be_read_again() {
    let report = report_of(&SAMPLES);
    let json = shown(&report, Format::Json);
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again, report);
}

#[test]
fn json_is_as_the_schema_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    let mut schema = serde_json::to_value(schemars::schema_for!(Report)).unwrap();
    schema["title"] = "A report of nlcap".into();
    schema["$comment"] =
        "SPDX-License-Identifier: GPL-2.0-or-later. Generated from captures/src/report/model.rs."
            .into();
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &schema).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap();
    assert_eq!(
        kept, schema,
        "docs/report.schema.json is stale; `cargo xtask test --bless`"
    );

    // By a program that shares no code with the one that made the schema.
    let check = "import json, jsonschema, sys
schema, report = json.load(open(sys.argv[1])), json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(report)
del report['groups'][0]['recordings'][0]['figures']['bytes']
assert not jsonschema.Draft202012Validator(schema).is_valid(report), 'a figure is missing'
";
    for files in [&SAMPLES[..], &SAMPLES[2..3]] {
        let mut python = Command::new("/usr/bin/python3")
            .args(["-c", check, path])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let json = shown(&report_of(files), Format::Json);
        python
            .stdin
            .take()
            .unwrap()
            .write_all(json.as_bytes())
            .unwrap();
        let out = python.wait_with_output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

/// `nl_user show` about one interface, with flags and MTU as they are given.
fn one_interface(mtu: u32, flags: u32) -> Vec<Datagram> {
    let mut frames = nl_user(0);
    let mut netdev = attribute(1, &2_u32.to_ne_bytes());
    netdev.extend(attribute(2, b"<script>alert\0"));
    netdev.extend(attribute(3, &flags.to_ne_bytes()));
    netdev.extend(attribute(4, &mtu.to_ne_bytes()));
    let payload = [&[1, 1, 0, 0][..], &attribute(1, &netdev)].concat();
    frames[3].1 = message(0x24, 0, 2, &payload);
    frames
}

/// `ip link show` about one interface.
fn one_link(mtu: u32, flags: u32) -> Vec<Datagram> {
    let mut payload = vec![0, 0, 1, 0];
    payload.extend(2_u32.to_ne_bytes());
    payload.extend(flags.to_ne_bytes());
    payload.extend([0; 4]);
    payload.extend(attribute(3, b"<script>alert\0"));
    payload.extend(attribute(4, &mtu.to_ne_bytes()));
    vec![
        (ROUTE, message(libc::RTM_GETLINK, 0x301, 101, &[0; 16])),
        (ROUTE, message(libc::RTM_NEWLINK, 2, 101, &payload)),
        (ROUTE, message(3, 2, 101, &[0; 4])),
    ]
}

#[test]
fn a_disagreement_is_the_first_line() {
    let (ours, theirs) = (one_interface(1500, 0x1003), one_link(1400, 0x1003));
    let report = made_up(&[("nl_user show", &ours), ("ip link show", &theirs)]);
    let pair = &report.groups[0].comparison.as_ref().unwrap().pairs[0];
    assert_eq!((pair.interfaces, pair.disagreements.len()), (1, 1));
    assert_eq!(
        text(&report).lines().next().unwrap(),
        "1 disagreement: mtu of <script>alert is 1500 in nl_user show and 1400 in ip link show."
    );
    assert_eq!(report.groups[0].findings[0].level, Level::Disagreement);
}

#[test]
fn flags_that_rtnetlink_makes_anew_are_not_compared() {
    // Up, broadcast, promisc, allmulti against up, broadcast, running, lower-up.
    let (ours, theirs) = (one_interface(1500, 0x303), one_link(1500, 0x1_0043));
    let report = made_up(&[("a", &ours), ("b", &theirs)]);
    let pair = &report.groups[0].comparison.as_ref().unwrap().pairs[0];
    assert_eq!((pair.compared, &pair.disagreements[..]), (3, &[][..]));
    let theirs = one_link(1500, 0x1_00c3);
    let report = made_up(&[("a", &ours), ("b", &theirs)]);
    let first = text(&report).lines().next().unwrap().to_owned();
    assert!(
        first.contains("flags of <script>alert is <UP,BROADCAST> in a and"),
        "{first}"
    );
}

#[test]
fn an_ethernet_interface_that_the_other_did_not_receive_is_a_disagreement() {
    let mut ours = one_interface(1500, 3);
    let payload = attribute(1, &attribute(1, &7_u32.to_ne_bytes()));
    ours[3].1 = message(0x24, 0, 2, &[&[1, 1, 0, 0][..], &payload].concat());
    let theirs = one_link(1500, 3);
    let report = made_up(&[("a", &ours), ("b", &theirs)]);
    let pair = &report.groups[0].comparison.as_ref().unwrap().pairs[0];
    let names: Vec<_> = pair
        .disagreements
        .iter()
        .map(|it| &it.interface[..])
        .collect();
    assert_eq!(names, ["interface 7", "<script>alert"]);
}

#[test]
fn what_is_wrong_with_dumps_is_counted_and_said() {
    let mut frames = ip_link();
    let interrupted = message(libc::RTM_NEWLINK, 2 | 0x10, 101, &[0; 16]);
    frames[4].1 = [&interrupted[..], &interrupted].concat();
    frames.pop();
    frames.push((ROUTE, message(4, 0, 101, &[])));
    let report = made_up(&[("ip link show", &frames)]);
    assert_eq!(count(&report, Ailment::InterruptedDump), Some(1));
    assert_eq!(count(&report, Ailment::UnfinishedDump), Some(1));
    assert_eq!(count(&report, Ailment::Overrun), Some(1));
    assert_eq!(count(&report, Ailment::FullBuffer), None);
    let text = text(&report);
    assert!(
        text.contains("1 dumps interrupted (NLM_F_DUMP_INTR), port 812."),
        "{text}"
    );
    assert!(
        text.contains("not known: receive buffer full (ENOBUFS)"),
        "{text}"
    );
}

#[test]
fn long_cut_and_lost_messages_are_counted() {
    let mut frames = nl_user(0);
    frames[3].1 = message(0x24, 0, 2, &vec![0; 70_000]);
    let cut = frames[1].1.len() - 4;
    frames[1].1.truncate(cut);
    let lost = Counters {
        received: 9,
        dropped: 5,
    };
    let file = recording("x", &frames, lost);
    let report = report_of(&[("x", &file)]);
    assert_eq!(count(&report, Ailment::LongMessage), Some(1));
    assert_eq!(count(&report, Ailment::CutMessage), Some(1));
    assert_eq!(count(&report, Ailment::RecorderLoss), Some(5));
}

#[test]
fn bytes_after_messages_are_counted_apart_by_what_they_are() {
    let mut frames = nl_user(0);
    frames[0].1.extend([0; 8132]);
    frames[2].1.extend([9, 0, 0, 0].repeat(10));
    frames.push((15, b"add@/a uevent is no message\0".to_vec()));
    let report = made_up(&[("nl_user show", &frames)]);
    assert_eq!(count(&report, Ailment::TrailingZeros), Some(1));
    assert_eq!(count(&report, Ailment::Malformed), Some(1));
}

#[test]
fn what_the_recorder_saw_of_sockets_and_calls_is_counted() {
    let specs = Specs::only_built_in();
    let mut file = recording("x", &nl_user(0), Counters::default());
    let report = |file: &[u8]| {
        let collected = collect(&specs, file, None).unwrap();
        report(vec![compare::group(None, vec![collected])], None)
    };
    assert_eq!(count(&report(&file), Ailment::SocketDrop), None);
    // What `nlcap record` adds: a message with two comments; drops are counted from
    // the socket's beginning.
    let comments: [&[u8]; 5] = [
        br#"pid=7 tid=7 socket=3 owner=exact sent=no errno=EPERM comm="w drops=9""#,
        br#"pid=7 tid=7 socket=3 owner=exact read=no errno=ENOBUFS comm="w drops=9""#,
        br#"pid=7 tid=7 socket=3 owner=exact drops=2 comm="w drops=9""#,
        br#"pid=7 tid=7 socket=3 owner=exact drops=5 comm="w drops=9""#,
        br#"pid=7 tid=7 socket=3 owner=exact sent=no errno=unknown comm="w drops=9""#,
    ];
    for comment in comments {
        file.extend(added(comment));
    }
    let report = report(&file);
    assert_eq!(count(&report, Ailment::SocketDrop), Some(5));
    assert_eq!(count(&report, Ailment::FailedSend), Some(2));
    assert_eq!(count(&report, Ailment::FullBuffer), Some(1));
    assert_eq!(report.groups[0].recordings[0].figures.messages, 4);
    let text = text(&report);
    assert!(text.contains("\n5 socket drops, w drops=9[7].\n"), "{text}");
    assert!(text.contains("increase SO_RCVBUF"), "{text}");
}

/// A packet block as `nlcap record` adds it to what was on the tap.
fn added(comment: &[u8]) -> Vec<u8> {
    let mut cooked = vec![0, 6, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    cooked.extend(message(4, 0, 0, &[]));
    let mut block = Vec::new();
    let length = cooked.len() as u32;
    for word in [6_u32, 0, 0, 0, 0, length, length] {
        block.extend(word.to_ne_bytes());
    }
    block.extend(cooked);
    for text in [&b"added by nlcap"[..], comment] {
        block.extend(1_u16.to_ne_bytes());
        block.extend((text.len() as u16).to_ne_bytes());
        block.extend(text);
        block.resize(block.len().next_multiple_of(4), 0);
    }
    block.extend([0; 4]);
    let length = block.len() as u32 + 4;
    block.extend(length.to_ne_bytes());
    block[4..8].copy_from_slice(&length.to_ne_bytes());
    block
}

#[test]
fn what_is_asked_twice_and_what_fails_for_nothing_is_waste() {
    let mut frames = nl_user(0);
    frames.extend(nl_user(0));
    let probe = ip_link();
    frames.extend_from_slice(&probe[..2]);
    let report = made_up(&[("x", &frames)]);
    let waste = &report.groups[0].recordings[0].waste;
    let all: Vec<_> = waste
        .iter()
        .map(|it| (it.kind, it.what.as_deref(), it.count))
        .collect();
    assert_eq!(
        all,
        [
            (WasteKind::AskedTwice, Some("nl_util l2-list"), Some(1)),
            (WasteKind::AskedTwice, Some("nlctrl getfamily"), Some(1)),
            (WasteKind::FailedProbe, Some("route getlink"), Some(1)),
            (WasteKind::Unprinted, None, None),
        ]
    );
    let twice = (frames[2].1.len() + frames[3].1.len()) as u64;
    assert_eq!(waste[0].bytes, Some(twice));
}

#[test]
fn an_answer_with_the_next_sequence_number_is_one() {
    let report = made_up(&[("nl_user show", &nl_user(1))]);
    let figures = &report.groups[0].recordings[0].figures;
    assert_eq!((figures.answers, figures.interfaces), (2, 2));
}

#[test]
fn bytes_by_attribute_add_up() {
    for sample in SAMPLES {
        for share in &report_of(&[sample]).groups[0].recordings[0].shares {
            let top = share.attributes.iter().filter(|it| it.depth == 0);
            let sum: u64 = top.map(|it| it.bytes).sum();
            assert_eq!(share.headers + share.odd + sum, share.bytes, "{}", sample.0);
        }
    }
}
