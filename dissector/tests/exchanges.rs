// SPDX-License-Identifier: GPL-2.0-or-later
//! What belongs together: requests, answers, ends of dumps and errors, under Lua with
//! the double of Wireshark's API.

mod common;

use common::{
    FAMILY, attr, cooked, genl, netlink,
    plugin::{Dissection, Plugin},
};
use proptest::prelude::*;

const REQUEST: u16 = 1;
const MULTI: u16 = 2;
const ACK: u16 = 4;
const DUMP_INTR: u16 = 0x10;
const DUMP: u16 = 0x300;
const CAPPED: u16 = 0x100;
const ACK_TLVS: u16 = 0x200;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const ENODEV: i32 = -19;

fn request(flags: u16, seq: u32, port: u32) -> Vec<u8> {
    let index = attr(0x8001, &attr(1, &[9, 0, 0, 0]));
    netlink(FAMILY, REQUEST | flags, seq, port, &genl(2, &index))
}

fn answer(flags: u16, seq: u32, port: u32) -> Vec<u8> {
    netlink(
        FAMILY,
        flags,
        seq,
        port,
        &genl(2, &attr(1, &attr(2, b"eth0\0"))),
    )
}

fn done(seq: u32, port: u32) -> Vec<u8> {
    netlink(DONE, MULTI, seq, port, &[0; 4])
}

/// An error that repeats the whole request, or its header alone.
fn error(errno: i32, flags: u16, request: &[u8], port: u32, tlvs: &[u8]) -> Vec<u8> {
    let copy = if flags & CAPPED != 0 {
        &request[..16]
    } else {
        request
    };
    let seq = u32::from_le_bytes(request[8..12].try_into().unwrap());
    let payload = [&errno.to_le_bytes(), copy, tlvs].concat();
    netlink(ERROR, flags, seq, port, &payload)
}

/// A file: its frames are seen in order, and then looked at again in any.
struct File {
    plugin: Plugin,
    frames: Vec<(Vec<u8>, Option<String>)>,
    /// Whether the first pass has no tree, as in `tshark -2`.
    blind: bool,
}

impl File {
    fn new(frames: &[Vec<u8>]) -> Self {
        let frames = frames.iter().map(|it| (it.clone(), None)).collect();
        let file = Self {
            plugin: Plugin::new(),
            frames,
            blind: false,
        };
        file.read();
        file
    }

    fn read(&self) {
        let reopen: mlua::Function = self.plugin.mock.get("reopen").unwrap();
        reopen.call::<()>(()).unwrap();
        for number in 1..=self.frames.len() {
            self.dissect(number, false);
        }
    }

    fn dissect(&self, number: usize, visited: bool) -> Dissection {
        let (messages, comment) = &self.frames[number - 1];
        let frame = self.plugin.lua.create_table().unwrap();
        frame.set("number", number).unwrap();
        frame.set("visited", visited).unwrap();
        frame.set("time", number as f64 / 4.0).unwrap();
        frame.set("visible", visited || !self.blind).unwrap();
        frame.set("treeless", !visited && self.blind).unwrap();
        if let Some(comment) = comment {
            frame.set("comments", [comment.as_str()]).unwrap();
        }
        self.plugin.frame(frame, messages)
    }

    /// What a field says in a frame.
    fn values(&self, number: usize, field: &str) -> Vec<String> {
        let seen = self.dissect(number, true);
        let values = seen.values.into_iter().filter(|it| it.0 == field);
        values.map(|it| it.1).collect()
    }

    fn request_in(&self, number: usize) -> Vec<String> {
        self.values(number, "nlmsg.request_in")
    }
}

#[test]
fn a_request_and_its_answer_name_each_other() {
    let file = File::new(&[request(0, 7, 0), answer(0, 7, 812)]);
    assert_eq!(file.values(1, "nlmsg.answer_in"), ["2"]);
    assert_eq!(file.values(1, "nlmsg.answers"), ["1"]);
    assert_eq!(file.request_in(2), ["1"]);
    assert_eq!(file.values(2, "nlmsg.time"), ["0.25"]);
    for number in [1, 2] {
        assert_eq!(file.values(number, "nlmsg.family"), ["nl_util"]);
        assert_eq!(file.values(number, "nlmsg.operation"), ["L2_IID"]);
    }
}

#[test]
fn a_first_pass_without_a_tree_learns_as_much() {
    let mut file = File::new(&[request(0, 7, 0), answer(0, 7, 812)]);
    // Somebody asked for comments, of which there are none without a tree.
    let comment = "pid=812 tid=812 socket=3 owner=exact comm=\"ip\"";
    file.frames[0].1 = Some(comment.to_owned());
    assert_eq!(file.values(1, "nlcap.pid"), ["812"]);
    file.blind = true;
    file.read();
    assert_eq!(file.values(1, "nlmsg.answer_in"), ["2"]);
    assert_eq!(file.values(2, "nlmsg.operation"), ["L2_IID"]);
    assert_eq!(file.values(1, "nlcap.pid"), ["812"]);
}

#[test]
fn interleaved_conversations_are_kept_apart_by_port() {
    // Two programs that began in the same second: one sequence number, port 0.
    let file = File::new(&[
        request(DUMP, 7, 0),
        request(DUMP, 7, 0),
        answer(MULTI, 7, 812),
        answer(MULTI, 7, 813),
        answer(MULTI, 7, 812),
        done(7, 813),
        done(7, 812),
    ]);
    assert_eq!(file.values(1, "nlmsg.answer_in"), ["3", "5"]);
    assert_eq!(file.values(2, "nlmsg.answer_in"), ["4"]);
    assert_eq!(file.values(1, "nlmsg.done_in"), ["7"]);
    assert_eq!(file.values(2, "nlmsg.done_in"), ["6"]);
    assert_eq!(file.request_in(6), ["2"]);
}

#[test]
fn the_recorder_tells_sockets_apart_where_the_numbers_do_not() {
    let mut file = File::new(&[
        request(DUMP, 7, 0),
        request(DUMP, 7, 0),
        answer(MULTI, 7, 813),
        answer(MULTI, 7, 812),
    ]);
    for (frame, pid) in [(0, 812), (1, 813), (2, 813), (3, 812)] {
        let comment = format!("pid={pid} tid={pid} socket=1 owner=exact comm=\"ip\"");
        file.frames[frame].1 = Some(comment);
    }
    file.read();
    assert_eq!(file.request_in(3), ["2"]);
    assert_eq!(file.request_in(4), ["1"]);
}

#[test]
fn a_sequence_number_may_be_used_again() {
    let file = File::new(&[
        request(0, 1, 0),
        answer(0, 1, 812),
        request(0, 1, 0),
        answer(0, 1, 812),
        request(0, 1, 812),
        answer(0, 1, 812),
    ]);
    assert_eq!(file.request_in(2), ["1"]);
    assert_eq!(file.request_in(4), ["3"]);
    assert_eq!(file.request_in(6), ["5"]);
}

#[test]
fn an_answer_and_its_acknowledgement_belong_to_one_request() {
    let asked = request(ACK, 7, 812);
    let acknowledged = error(0, CAPPED, &asked, 812, &[]);
    let file = File::new(&[asked, answer(0, 7, 812), acknowledged]);
    assert_eq!(file.values(1, "nlmsg.answer_in"), ["2"]);
    assert_eq!(file.values(1, "nlmsg.ack_in"), ["3"]);
    assert_eq!(file.request_in(3), ["1"]);
    let seen = file.dissect(3, true);
    assert_eq!(seen.info.as_deref(), Some("L2_IID acknowledged"));
    assert!(
        !seen.experts.iter().any(|it| it.contains("failed")),
        "{seen:?}"
    );
}

#[test]
fn a_notification_answers_nobody() {
    let file = File::new(&[request(0, 0, 0), answer(0, 0, 0)]);
    assert!(file.request_in(2).is_empty());
    assert!(file.values(1, "nlmsg.answer_in").is_empty());
}

#[test]
fn a_dump_in_one_frame_is_one_answer_of_many_messages() {
    let all = [answer(MULTI, 7, 812), answer(MULTI, 7, 812), done(7, 812)].concat();
    let file = File::new(&[request(DUMP, 7, 0), all]);
    assert_eq!(file.values(1, "nlmsg.answer_in"), ["2"]);
    assert_eq!(file.values(1, "nlmsg.answers"), ["2"]);
    assert_eq!(file.values(1, "nlmsg.done_in"), ["2"]);
    assert_eq!(
        file.dissect(2, true).info.as_deref(),
        Some("L2_IID answer, eth0; L2_IID answer, eth0; L2_IID done")
    );
}

#[test]
fn an_inconsistent_dump_is_warned_of() {
    let file = File::new(&[request(DUMP, 7, 0), answer(MULTI | DUMP_INTR, 7, 812)]);
    let experts = file.dissect(2, true).experts;
    assert!(
        experts
            .iter()
            .any(|it| it.starts_with("nlmsg.dump_interrupted")),
        "{experts:?}"
    );
    assert!(file.dissect(1, true).experts.is_empty());
}

#[test]
fn an_error_says_why_and_which_attribute() {
    let asked = request(0, 7, 0);
    let tlvs = [
        attr(1, b"no such interface\0"),
        // The index in the nest: 16 + 4 + 4.
        attr(2, &24u32.to_le_bytes()),
        attr(
            4,
            &[attr(1, &3u32.to_le_bytes()), attr(4, &1u64.to_le_bytes())].concat(),
        ),
    ]
    .concat();
    for flags in [ACK_TLVS, ACK_TLVS | CAPPED] {
        let failed = error(ENODEV, flags, &asked, 812, &tlvs);
        let file = File::new(&[asked.clone(), failed]);
        assert_eq!(file.values(1, "nlmsg.error_in"), ["2"]);
        assert_eq!(file.values(2, "nlmsg.errno"), ["ENODEV"]);
        assert_eq!(file.values(2, "nlmsg.extack.bad_attr"), ["netdev.ifindex"]);
        assert_eq!(file.values(2, "nlmsg.extack.policy.min_value_u").len(), 1);
        let seen = file.dissect(2, true);
        assert_eq!(
            seen.info.as_deref(),
            Some("L2_IID error ENODEV, no such interface")
        );
        let capped = seen
            .experts
            .iter()
            .any(|it| it.starts_with("nlmsg.capped_error"));
        assert_eq!(capped, flags & CAPPED != 0);
        assert!(
            seen.experts
                .contains(&"nlmsg.failed: ENODEV: no such interface".into())
        );
    }
}

#[test]
fn a_missing_attribute_is_named_with_the_nest_that_lacks_it() {
    let asked = request(0, 7, 0);
    let top = attr(5, &1u32.to_le_bytes());
    let nested = [attr(5, &1u32.to_le_bytes()), attr(6, &20u32.to_le_bytes())].concat();
    for (tlvs, name) in [(top, "netdev"), (nested, "netdev.ifindex")] {
        let failed = error(-22, ACK_TLVS, &asked, 812, &tlvs);
        let file = File::new(&[asked.clone(), failed]);
        assert_eq!(file.values(2, "nlmsg.extack.missing"), [name]);
    }
}

#[test]
fn without_a_specification_the_bad_attribute_has_its_numbers() {
    let nest = attr(0x8003, &attr(4, &[1, 2, 3, 4]));
    let asked = netlink(0x55, REQUEST, 7, 0, &genl(9, &nest));
    let failed = error(-34, ACK_TLVS, &asked, 812, &attr(2, &24u32.to_le_bytes()));
    let file = File::new(&[asked, failed]);
    assert_eq!(file.values(2, "nlmsg.extack.bad_attr"), ["3.4"]);
    assert_eq!(file.dissect(2, true).info.as_deref(), Some("error ERANGE"));
}

#[test]
fn what_the_kernel_says_of_an_error_may_be_damaged() {
    let asked = request(0, 7, 0);
    for tlvs in [
        vec![3, 0, 1, 0],
        vec![200, 0, 1, 0, 1, 2, 3, 4],
        attr(2, &[1]),
        attr(2, &u32::MAX.to_le_bytes()),
        attr(1, &[]),
        attr(1, b"\x1b[31m no nul"),
    ] {
        let file = File::new(&[asked.clone(), error(-22, ACK_TLVS, &asked, 812, &tlvs)]);
        let seen = file.dissect(2, true);
        let malformed = seen
            .experts
            .iter()
            .any(|it| it.starts_with("nlmsg.malformed"));
        assert_eq!(malformed, matches!(tlvs[0], 3 | 200), "{tlvs:?} {seen:?}");
        assert!(
            !seen.experts.iter().any(|it| it.contains("fault")),
            "{seen:?}"
        );
    }
}

#[test]
fn the_recorder_s_comment_becomes_fields() {
    let mut file = File::new(&[request(0, 7, 0)]);
    let comment = r#"pid=812 tid=813 socket=3 owner=exact errno=ENODEV comm="a pid=9 \"b\" \x1b""#;
    file.frames[0].1 = Some(comment.to_owned());
    for (field, value) in [
        ("nlcap.pid", "812"),
        ("nlcap.tid", "813"),
        ("nlcap.socket", "3"),
        ("nlcap.owner", "exact"),
        ("nlcap.comm", r#"a pid=9 "b" \x1b"#),
        ("nlcap.more", "errno=ENODEV"),
    ] {
        assert_eq!(file.values(1, field), [value], "{field}");
    }
    for other in [
        "added by nlcap",
        "pid=x",
        "",
        "pid=99999999999999999999 comm=\"a\"",
    ] {
        file.frames[0].1 = Some(other.to_owned());
        assert!(file.values(1, "nlcap.pid").is_empty(), "{other}");
    }
}

#[test]
fn a_family_without_a_name_is_dissected_by_the_preferences() {
    let file = File::new(&[netlink(0x77, REQUEST, 7, 0, &genl(1, &[]))]);
    assert!(file.values(1, "nl_util.cmd").is_empty());
    let prefs: mlua::Table = file.plugin.mock.get("prefs").unwrap();
    prefs.set("nl_util.id", 0x77).unwrap();
    // Preferences are read when a file is opened, as Wireshark does after each change.
    file.read();
    assert_eq!(file.values(1, "nl_util.cmd").len(), 1);
    assert_eq!(
        file.dissect(1, true).info.as_deref(),
        Some("L2_LIST request")
    );
}

#[test]
fn a_file_that_uses_one_number_for_ever_is_bounded() {
    let frames: Vec<_> = (0..200).map(|_| request(DUMP, 0, 0)).collect();
    let file = File::new(&frames);
    assert!(file.values(1, "nlmsg.answer_in").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn no_frame_makes_the_post_dissector_fail(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0u16..5,
        flags: u16,
        protocol in 0u8..20,
        captured in 0usize..300,
    ) {
        thread_local!(static PLUGIN: Plugin = Plugin::new());
        let messages = [
            request(0, 7, 0),
            netlink(kind, flags, 7, 812, &bytes),
            netlink(FAMILY, flags, 7, 812, &bytes),
            bytes.clone(),
        ].concat();
        let seen = PLUGIN.with(|plugin| {
            let frame = plugin.lua.create_table().unwrap();
            let data = plugin.lua.create_string(cooked(protocol, &messages)).unwrap();
            frame.set("data", data).unwrap();
            frame.set("captured", captured).unwrap();
            let reopen: mlua::Function = plugin.mock.get("reopen").unwrap();
            reopen.call::<()>(()).unwrap();
            plugin.frame(frame, &[])
        });
        prop_assert!(!seen.experts.iter().any(|it| it.contains("fault")), "{:?}", seen.experts);
    }
}

#[test]
fn statistics_count_messages_errors_and_times_by_operation() {
    let asked = request(ACK, 8, 0);
    let mut file = File::new(&[
        request(0, 7, 0),
        answer(0, 7, 812),
        asked.clone(),
        error(ENODEV, CAPPED, &asked, 812, &[]),
        answer(DUMP_INTR, 7, 812),
        request(0, 9, 0),
    ]);
    // nlcap's own: nobody said it.
    file.frames[5].1 = Some("added by nlcap".to_owned());
    let mock = &file.plugin.mock;
    let statistics: mlua::Table = mock.get("statistics").unwrap();
    let begin: mlua::Function = statistics.get("nl_util,tree").unwrap();
    begin.call::<()>(()).unwrap();
    file.blind = true;
    file.read();
    let tap: mlua::Table = file.plugin.mock.get("tap").unwrap();
    let lua = &file.plugin.lua;
    // What it would print.
    let printed: mlua::Table = lua.load("printed = {} io = { stdout = { write = function(_, ...) for _, text in ipairs({ ... }) do printed[#printed + 1] = text end end } } return printed").eval().unwrap();
    let draw: mlua::Function = tap.get("draw").unwrap();
    draw.call::<()>(()).unwrap();
    let text: String = printed
        .sequence_values::<String>()
        .map(Result::unwrap)
        .collect();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(3)
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows,
        [[
            "nl_util", "L2_IID", "2", "2", "0", "0", "1", "0", "1", "250.000", "250.000", "250.000"
        ]],
        "{text}"
    );
}
