// SPDX-License-Identifier: GPL-2.0-or-later
//! What is shown of recordings: real ones, made-up ones, and broken ones.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::options::Options;
use super::view::View;
use crate::file::reader::{ReadError, read};
use crate::file::sample::{
    GENERIC, attribute, counters, ip_link, message, nl_user, recording, script,
};
use crate::messages::event::Interpreter;
use crate::messages::specs::Specs;
use crate::terminal::colour::Color;
use crate::terminal::paint::Paint;

const SAMPLES: [(&str, &[u8]); 5] = [
    (
        "nl_user-show",
        include_bytes!("../../samples/nl_user-show.pcapng"),
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
        "ip-link-show",
        include_bytes!("../../samples/ip-link-show.pcapng"),
    ),
    (
        "genl-ctrl-list",
        include_bytes!("../../samples/genl-ctrl-list.pcapng"),
    ),
];

/// What `nlcap show` prints of a file, and how reading it ended.
fn show_with(specs: &Specs, file: &[u8], args: &Options) -> (String, Result<u64, ReadError>) {
    let paint = Paint(args.color == Color::Always);
    let mut view = View::new(args, paint, TimeZone::UTC);
    let mut interpreter = Interpreter::new(specs, args.secrets);
    let about = read(file, &mut |packet| view.packet(&mut interpreter, packet));
    view.finish();
    (view.text(), about.map(|it| it.dropped.unwrap_or(0)))
}

pub(super) fn show(file: &[u8], args: &Options) -> String {
    show_by(&Specs::only_built_in(), file, args)
}

/// The same by these specifications.
pub(super) fn show_by(specs: &Specs, file: &[u8], args: &Options) -> String {
    let (text, result) = show_with(specs, file, args);
    result.unwrap();
    text
}

/// The conversation as a recording.
pub(super) fn file(frames: &[(u16, Vec<u8>)]) -> Vec<u8> {
    recording("x", frames, counters(frames))
}

pub(super) fn with(change: impl FnOnce(&mut Options)) -> Options {
    let mut args = Options::default();
    change(&mut args);
    args
}

#[test]
fn the_samples_are_shown_in_lines() {
    for (name, sample) in SAMPLES {
        insta::assert_snapshot!(format!("{name}.lines"), show(sample, &Options::default()));
    }
}

#[test]
fn the_samples_are_shown_as_trees_and_bytes() {
    for (name, sample) in &SAMPLES[..3] {
        let args = with(|it| (it.verbose, it.bytes, it.time) = (true, true, 1));
        insta::assert_snapshot!(format!("{name}.tree"), show(sample, &args));
    }
}

#[test]
fn the_samples_are_objects_of_json() {
    for (name, sample) in SAMPLES {
        let text = show(sample, &with(|it| it.json = true));
        for line in text.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(
                object["frame"].is_u64() && object["role"].is_string(),
                "{line}"
            );
        }
        if name.starts_with("nl_user") {
            insta::assert_snapshot!(format!("{name}.json"), text);
        }
    }
}

#[test]
fn messages_are_counted() {
    insta::assert_snapshot!(show(SAMPLES[1].1, &with(|it| it.count = true)));
}

#[test]
fn times_have_the_forms_of_tcpdump() {
    let shown = |view: &Options| show(SAMPLES[2].1, view);
    let first_two = |time: u8| {
        let text = shown(&with(|it| it.time = time));
        let words = |line: &str| line.split(" nl_user[").next().unwrap().to_owned();
        text.lines().take(2).map(words).collect::<Vec<_>>()
    };
    // JSON has the time as the file has it: 1764054113.697053838.
    let json = shown(&with(|it| it.json = true));
    let times: Vec<(u64, u64)> = json
        .lines()
        .take(2)
        .map(|line| {
            // By its text: a number of JSON is a double to serde, and loses nanoseconds.
            let time = line.split("\"time\":").nth(1).unwrap();
            let time = time.split(',').next().unwrap();
            let (seconds, fraction) = time.trim_matches('"').split_once('.').unwrap();
            (
                seconds.parse().unwrap(),
                format!("{fraction:0<9}").parse().unwrap(),
            )
        })
        .collect();
    let [first, second] = times[..] else {
        panic!("{json}")
    };
    let of_day = |(seconds, nanos): (u64, u64)| {
        let [hours, minutes, seconds] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
        format!("{hours:02}:{minutes:02}:{seconds:02}.{nanos:09}")
    };
    let later = (second.0 - first.0) * 1_000_000_000 + second.1 - first.1;
    let later = format!("{}.{:09}", later / 1_000_000_000, later % 1_000_000_000);
    assert_eq!(first_two(0), [of_day(first), of_day(second)]);
    assert!(first_two(1)[0].starts_with("nl_user["));
    assert!(first_two(2)[1].ends_with(&format!("{}.{:09}", second.0, second.1)));
    assert_eq!(first_two(3), ["0.000000000", &later]);
    assert!(first_two(4)[0].ends_with(&format!(" {}", of_day(first))));
    assert_eq!(first_two(5), ["0.000000000", &later]);
}

#[test]
fn filters_leave_what_was_asked_for() {
    let shown = |change: fn(&mut Options)| show(SAMPLES[2].1, &with(change)).lines().count();
    assert_eq!(shown(|_| {}), 4);
    assert_eq!(shown(|it| it.family = vec!["nl_util".into()]), 2);
    assert_eq!(shown(|it| it.family = vec!["generic".into()]), 4);
    assert_eq!(
        shown(|it| it.op = vec!["l2-iid".into(), "getfamily".into()]),
        4
    );
    assert_eq!(shown(|it| it.errors = true), 1);
    assert_eq!(shown(|it| it.attr = vec!["netdev.ifindex=99".into()]), 1);
    assert_eq!(shown(|it| it.attr = vec!["ifindex".into()]), 1);
    assert_eq!(shown(|it| it.attr = vec!["index=99".into()]), 0);
    assert_eq!(shown(|it| it.attr = vec!["ops.id=2".into()]), 1);
    assert_eq!(shown(|it| it.pid = vec![1]), 0);
    assert!(shown(|it| it.added = true) > 4);
}

#[test]
fn zeros_are_left_out_of_the_header_and_where_a_mark_says_so() {
    // The master is taken from link 4: ifi_index 4, IFLA_MASTER 0, IFLA_MAP without
    // memory of its own but with an interrupt.
    let mut map = [0; 32];
    map[24] = 9;
    let payload = [
        &[0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &attribute(10, &[0; 4]),
        &attribute(14, &map),
        &attribute(23, &[0; 8]),
    ]
    .concat();
    let file = file(&[(0, message(16, 1, 7, &payload))]);
    let shown = show(&file, &with(|it| it.time = 1));
    assert_eq!(
        shown,
        "port 0 > route newlink dev 4 master=0 map={irq=9 …} stats64={…}\n"
    );
}

#[test]
fn bytes_in_the_place_of_attributes_are_shown_wherever_they_are() {
    // IFLA_XDP holds no attribute, IFLA_LINKINFO one and two bytes.
    let kind = attribute(1, b"veth");
    let payload = [
        &[0; 16][..],
        &attribute(43, &[0, 0, 10, 0]),
        &attribute(18, &[&kind[..], &[7, 7]].concat()),
        &[9, 9],
    ]
    .concat();
    let file = file(&[(0, message(16, 1, 7, &payload))]);
    let shown = |change: fn(&mut Options)| show(&file, &with(change));
    assert_eq!(
        shown(|it| it.time = 1),
        "port 0 > route newlink xdp={[not an attribute: 00000a00]} \
         linkinfo={kind=veth [not an attribute: 0707]} [not an attribute: 0909]\n"
    );
    let tree = shown(|it| it.verbose = true);
    for line in [
        "[not an attribute: 00000a00]",
        "[not an attribute: 0707]",
        "[not an attribute: 0909]",
    ] {
        assert!(tree.contains(line), "{tree}");
    }
    let object: serde_json::Value = serde_json::from_str(&shown(|it| it.json = true)).unwrap();
    assert_eq!(object["msg"]["xdp"], "00000a00");
    assert_eq!(object["msg"]["linkinfo"], "08000100766574680707");
    assert_eq!(object["msg"]["(no attribute)"], "0909");
}

#[test]
fn an_error_names_the_attribute_also_where_only_the_request_has_it() {
    let request = message(
        0x24,
        1,
        2,
        &[
            &[2, 1, 0, 0][..],
            &attribute(0x8001, &attribute(1, &[9, 0, 0, 0])),
        ]
        .concat(),
    );
    let mut payload = (-22_i32).to_ne_bytes().to_vec();
    payload.extend(&request[..16]);
    payload.extend(attribute(1, b"no \x1b[2Jsuch\0"));
    payload.extend(attribute(2, &24_u32.to_ne_bytes()));
    payload.extend(attribute(5, &2_u32.to_ne_bytes()));
    payload.extend(attribute(6, &20_u32.to_ne_bytes()));
    // NLM_F_CAPPED | NLM_F_ACK_TLVS.
    let frames = [
        (GENERIC, request),
        (GENERIC, message(2, 0x300, 2, &payload)),
    ];
    let text = show(&file(&frames), &with(|it| (it.time, it.errors) = (1, true)));
    assert_eq!(
        text,
        "port 812 < nl_util l2-iid EINVAL: no \\u{1b}[2Jsuch at netdev.ifindex missing netdev.ifname (netdev={ifindex=9}) 1.000ms\n"
    );
}

#[test]
fn answers_are_tied_over_what_comes_between() {
    let text = show(&file(&ip_link()), &with(|it| it.time = 1));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("port 0 > route getlink"), "{text}");
    assert!(
        lines[1].starts_with("port 812 < route getlink EINVAL 1.000ms"),
        "{text}"
    );
    assert!(lines[3].starts_with("port 812 * route newlink "), "{text}");
    assert!(
        lines
            .last()
            .unwrap()
            .ends_with("route getlink done 3 messages 3.000ms"),
        "{text}"
    );
}

#[test]
fn a_damaged_file_is_shown_up_to_the_damage() {
    let whole = file(&nl_user(0));
    let (text, result) = show_with(
        &Specs::only_built_in(),
        &whole[..whole.len() - 90],
        &Options::default(),
    );
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with("truncated at byte "), "{error}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn a_message_that_the_snap_length_cut_is_shown_as_far_as_it_goes() {
    let (_, whole) = nl_user(0).pop().unwrap();
    let kept = whole[..whole.len() - 2].to_vec();
    let text = show(&file(&[(GENERIC, kept)]), &with(|it| it.time = 1));
    assert_eq!(
        text,
        "port 812 < nl_util l2-list netdev={ifindex=2} netdev={ifindex=0300[2 bytes missing]}[2 bytes missing] [42 of 44 bytes]\n"
    );
}

#[test]
fn there_is_colour_only_where_it_was_asked_for() {
    let plain = show(SAMPLES[2].1, &Options::default());
    let colour = show(SAMPLES[2].1, &with(|it| it.color = Color::Always));
    assert!(!plain.contains('\x1b') && colour.contains("\x1b[31m ENODEV"));
    let mut stripped = colour;
    for code in ["\x1b[2m", "\x1b[36m", "\x1b[1m", "\x1b[31m", "\x1b[0m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain);
}

/// Everything that can be printed of the file, whatever it is: no panic, JSON
/// that is JSON, and nothing that drives a terminal.
pub(super) fn try_all(specs: &Specs, file: &[u8]) {
    for mode in 0..4 {
        let args = with(|it| match mode {
            0 => it.attr = vec!["a.b=c".into()],
            1 => (it.verbose, it.bytes, it.added) = (true, true, true),
            2 => (it.json, it.added) = (true, true),
            _ => it.count = true,
        });
        let (text, _) = show_with(specs, file, &args);
        if args.json {
            for line in text.lines() {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(line);
                parsed.unwrap_or_else(|error| panic!("{error}: {line}"));
            }
        }
        let unsafe_char = |c: char| c != '\n' && crate::terminal::text::is_unsafe(c);
        assert!(!text.contains(unsafe_char), "{text:?}");
    }
}

#[test]
fn a_hundred_thousand_spoilt_recordings_are_shown_without_a_panic() {
    // A xorshift generator: the same cases in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let specs = Specs::only_built_in();
    let conversations = [file(&nl_user(0)), file(&ip_link()), SAMPLES[2].1.to_vec()];
    let args = [
        with(|it| it.time = 1),
        with(|it| (it.json, it.added) = (true, true)),
        with(|it| (it.verbose, it.added) = (true, true)),
    ];
    for case in 0..100_000 {
        // The sample is long, with what the recorder added: once in a while will do.
        let which = if case % 60 == 2 { 2 } else { case % 2 };
        let mut spoilt = conversations[which].clone();
        for _ in 0..=random(8) {
            let (at, length) = (random(spoilt.len()), spoilt.len());
            match random(6) {
                0 => spoilt[at] ^= 1 << random(8),
                1 => spoilt[at] = [0, 1, 4, 0x7f, 0x80, 0xff][random(6)],
                2 => spoilt.truncate(length - random(length / 4)),
                3 => {
                    let from = random(length);
                    let end = (from + random(64)).min(length);
                    let chunk = spoilt[from..end].to_vec();
                    spoilt.splice(at..at, chunk);
                }
                _ => {
                    // Where lengths and types are.
                    let at = at & !3;
                    let word = [0_u32, 3, 5, 0xffff, 0x8001_0008, 0x0001_0004][random(6)];
                    if let Some(place) = spoilt.get_mut(at..at + 4) {
                        place.copy_from_slice(&word.to_ne_bytes());
                    }
                }
            }
            if spoilt.len() < 8 {
                break;
            }
        }
        let (text, _) = show_with(&specs, &spoilt, &args[case / 3 % 3]);
        let unsafe_char = |c: char| c != '\n' && crate::terminal::text::is_unsafe(c);
        assert!(!text.contains(unsafe_char), "{case}: {text:?}");
    }
}

proptest! {
    #[test]
    fn no_messages_make_it_panic(
        frames in prop::collection::vec((
            prop::sample::select(vec![0_u16, 4, 12, 16, 77]),
            prop::sample::select(vec![0_u16, 2, 3, 16, 0x24, 0x0a00]),
            any::<u16>(),
            0..4_u32,
            prop::collection::vec(any::<u8>(), 0..80),
        ), 1..6),
    ) {
        let frames: Vec<_> = frames
            .into_iter()
            .map(|(protocol, kind, flags, sequence, payload)| (protocol, message(kind, flags, sequence, &payload)))
            .collect();
        try_all(&Specs::only_built_in(), &file(&frames));
    }

    #[test]
    fn no_depth_of_nests_makes_it_panic(depth in 1_usize..2000, kind in prop::sample::select(vec![0x24_u16, 0x99])) {
        // Each nest's length is what the ones in it leave.
        let mut payload = vec![1, 1, 0, 0];
        for level in 0..depth {
            let length = (4 * (depth - level)) as u16;
            payload.extend(length.to_ne_bytes());
            payload.extend(0x8001_u16.to_ne_bytes());
        }
        try_all(&Specs::only_built_in(), &file(&[(GENERIC, message(kind, 0, 1, &payload))]));
    }
}

#[test]
fn counts_are_by_program() {
    let all = (1..=3000).map(|pid| (pid, if pid % 3 == 0 { "tc" } else { "ip" }));
    let file = script(all.chain([(4000, "nl_user")]));
    let table = show(&file, &with(|it| it.count = true));
    let rows: Vec<Vec<_>> = (table.lines().skip(1))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows.len(), 12, "{table}");
    let row = [
        "2000", "56000", "route", "getroute", "request", "ip", "×", "2,000",
    ];
    assert!(rows.contains(&row.to_vec()), "{table}");
    let row = ["1", "32", "route", "getlink", "request", "nl_user[4000]"];
    assert!(rows.contains(&row.to_vec()), "{table}");
}

#[test]
fn counts_beyond_the_limit_are_called_that() {
    let names: Vec<_> = (0..2600).map(|at| format!("p{at}")).collect();
    let file = script(names.iter().zip(1..).map(|(name, pid)| (pid, &**name)));
    let table = show(&file, &with(|it| it.count = true));
    assert_eq!(table.lines().count(), 1 + 10_000 + 1 + 1);
    assert!(table.contains("  others "), "{table}");
    let last = table.lines().next_back().unwrap();
    assert_eq!(
        last,
        "left out: 400 messages of rows beyond the limit of 10,000"
    );
}

#[test]
fn an_error_names_what_was_asked_for_whatever_its_header_holds() {
    // RTM_DELROUTE of 10.2.0.0/16 via 192.168.100.200 on interface 3.
    let mut payload = vec![2, 16, 0, 0, 254, 0, 255, 0, 0, 0, 0, 0];
    payload.extend(attribute(1, &[10, 2, 0, 0]));
    payload.extend(attribute(5, &[192, 168, 100, 200]));
    payload.extend(attribute(4, &3_u32.to_ne_bytes()));
    let request = message(libc::RTM_DELROUTE, 5, 1, &payload);
    let refusal = [&(-libc::ESRCH).to_ne_bytes()[..], &request].concat();
    let frames = [(0, request), (0, message(2, 0, 1, &refusal))];
    let shown = show(&file(&frames), &with(|it| it.errors = true));
    assert!(
        shown.contains(
            "< route delroute ESRCH (10.2.0.0/16 via 192.168.100.200 dev 3 rtm-family=inet \
             rtm-table=main rtm-scope=nowhere)"
        ),
        "{shown}"
    );
}
