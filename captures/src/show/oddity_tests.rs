// SPDX-License-Identifier: GPL-2.0-or-later
//! What is not as it should be is said, and nothing is lost behind it.

use super::options::Options;
use super::tests::{file, show, with};
use crate::file::sample::{GENERIC, attribute, message};

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;

fn lines(file: &[u8]) -> Vec<String> {
    let text = show(file, &with(|it| it.time = 1));
    text.lines().map(str::to_owned).collect()
}

fn line(protocol: u16, bytes: Vec<u8>) -> String {
    lines(&file(&[(protocol, bytes)])).remove(0)
}

fn tree(protocol: u16, bytes: Vec<u8>) -> String {
    show(
        &file(&[(protocol, bytes)]),
        &with(|it| (it.time, it.verbose) = (1, true)),
    )
}

fn objects(file: &[u8]) -> Vec<serde_json::Value> {
    let text = show(file, &with(|it| it.json = true));
    let object = |line| serde_json::from_str(line).unwrap();
    text.lines().map(object).collect()
}

fn json(protocol: u16, bytes: Vec<u8>) -> serde_json::Value {
    objects(&file(&[(protocol, bytes)])).remove(0)
}

#[test]
fn flags_are_named_by_the_type_of_message_in_trees_and_json() {
    let add = message(libc::RTM_NEWROUTE, 0x605, 7, &[0; 12]);
    let shown = tree(ROUTE, add.clone());
    assert!(
        shown.contains(" flags 0x605 (request|ack|excl|create) seq "),
        "{shown}"
    );
    let object = json(ROUTE, add);
    let expected = serde_json::json!(["request", "ack", "excl", "create"]);
    assert_eq!(object["flags"], expected);
    assert!(object["dump"].is_null());
}

#[test]
fn a_get_with_one_bit_of_a_dump_is_a_dump_of_rtnetlink_alone() {
    let ask = message(libc::RTM_GETLINK, 0x501, 7, &[0; 16]);
    assert_eq!(line(ROUTE, ask.clone()), "port 0 > route getlink dump");
    let object = json(ROUTE, ask);
    let flags = serde_json::json!(["request", "root", "atomic"]);
    assert_eq!((&object["flags"], &object["dump"]), (&flags, &true.into()));
    let make = message(libc::RTM_NEWLINK, 0x301, 7, &[0; 16]);
    assert_eq!(line(ROUTE, make), "port 0 > route newlink");
    let generic = message(16, 0x101, 7, &[3, 1, 0, 0]);
    assert_eq!(line(GENERIC, generic), "port 0 > nlctrl getfamily");
}

#[test]
fn bytes_after_the_last_message_are_said_with_their_number() {
    let request = message(libc::RTM_GETLINK, 1, 7, &[0; 16]);
    let with_tail = |tail: &[u8]| [&request[..], tail].concat();
    let whole = line(ROUTE, request.clone());
    let zeros = with_tail(&[0; 8132]);
    assert_eq!(
        line(ROUTE, zeros.clone()),
        format!("{whole} [8132 zero bytes after the message]")
    );
    let object = json(ROUTE, zeros);
    assert_eq!(object["trailing"], 8132);
    assert!(object["trailing-bytes"].is_null());
    // A length below that of a header.
    let tail = [&9_u32.to_ne_bytes()[..], &[9; 36]].concat();
    let other = with_tail(&tail);
    assert_eq!(
        line(ROUTE, other.clone()),
        format!("{whole} [40 bytes after the message]")
    );
    let object = json(ROUTE, other.clone());
    assert_eq!(object["trailing"], 40);
    assert_eq!(
        object["trailing-bytes"].as_str().map(str::len),
        Some(2 * tail.len())
    );
    let bytes = show(&file(&[(ROUTE, other)]), &with(|it| it.bytes = true));
    let row = "    0020  09 09 09 09 09 09 09 09                          ........\n";
    assert!(
        bytes.contains("    after the message:\n    0000  09 00") && bytes.ends_with(row),
        "{bytes}"
    );
    // Of several messages the last one has them.
    let two = [&request[..], &request, &[0; 4]].concat();
    let shown = lines(&file(&[(ROUTE, two)]));
    assert_eq!(
        shown,
        [whole.clone(), whole + " [4 zero bytes after the message]"]
    );
}

#[test]
fn a_datagram_without_a_message_is_shown_as_one() {
    let event = b"add@/devices/x".to_vec();
    let length = event.len();
    let uevent = libc::NETLINK_KOBJECT_UEVENT as u16;
    assert_eq!(
        line(uevent, event.clone()),
        format!("- * kobject_uevent [not a netlink message: {length} bytes]")
    );
    let object = json(uevent, event.clone());
    assert_eq!(object["role"], "none");
    assert_eq!(object["trailing"], length);
    let file = file(&[(uevent, event)]);
    assert!(show(&file, &with(|it| it.bytes = true)).contains("  add@/devices/x\n"));
    let filtered: fn(&mut Options) = |it| it.family = vec!["route".into()];
    assert_eq!(show(&file, &with(filtered)), "");
}

#[test]
fn an_event_of_a_device_is_shown_by_its_pairs() {
    let event = b"add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0NAME=a \x1b\xff\0SEQNUM=7\0";
    let uevent = libc::NETLINK_KOBJECT_UEVENT as u16;
    assert_eq!(
        line(uevent, event.to_vec()),
        r#"- * kobject_uevent add /devices/x NAME="a \u{1b}\xff" SEQNUM=7"#
    );
    let object = json(uevent, event.to_vec());
    assert_eq!(object["role"], "notification");
    assert_eq!(
        (&object["op"], &object["device"]),
        (&"add".into(), &"/devices/x".into())
    );
    assert_eq!(object["msg"]["SEQNUM"], "7");
    let file = file(&[(uevent, event.to_vec())]);
    let tree = show(&file, &with(|it| it.verbose = true));
    assert!(tree.ends_with("    SEQNUM: 7\n"), "{tree}");
    let mut long = event.to_vec();
    (0..99).for_each(|_| long.extend(b"KEY=12345678\0"));
    assert!(line(uevent, long).ends_with(" KEY=12345678 …"));
}

#[test]
fn a_value_of_the_wrong_length_and_padding_with_a_payload_are_said() {
    let family = [&[3, 1, 0, 0][..], &attribute(1, &16_u32.to_be_bytes())].concat();
    assert_eq!(
        line(GENERIC, message(16, 1, 7, &family)),
        "port 0 > nlctrl getfamily family-id=00000010[wrong length]"
    );
    // RTA_PAD.
    let route = |pad: &[u8]| {
        let body = [&[0; 12][..], &attribute(24, pad)].concat();
        message(libc::RTM_GETROUTE, 1, 7, &body)
    };
    assert_eq!(
        line(ROUTE, route(&[1; 8])),
        "port 0 > route getroute pad=0101010101010101"
    );
    assert_eq!(json(ROUTE, route(&[1; 8]))["msg"]["pad"], "01".repeat(8));
    assert_eq!(line(ROUTE, route(&[])), "port 0 > route getroute");
    assert!(json(ROUTE, route(&[]))["msg"]["pad"].is_null());
}

#[test]
fn all_entries_of_a_policy_are_shown() {
    let rule = |number: u16, kind: u32| attribute(number, &attribute(1, &kind.to_ne_bytes()));
    // Policy 0: attribute 1 is a u8, 2 a u16.
    let policy = attribute(0, &[rule(1, 2), rule(2, 3)].concat());
    let body = [
        &[10, 2, 0, 0][..],
        &attribute(1, &16_u16.to_ne_bytes()),
        &attribute(8, &policy),
    ];
    let bytes = message(16, 2, 7, &body.concat());
    assert_eq!(
        line(GENERIC, bytes.clone()),
        "port 812 < nlctrl getpolicy family-id=16 policy={policy-id=0 attr-id=1 type=u8} \
         policy={policy-id=0 attr-id=2 type=u16}"
    );
    let tree = tree(GENERIC, bytes.clone());
    assert_eq!(tree.matches("attr-id: ").count(), 2, "{tree}");
    let expected = serde_json::json!([
        {"policy-id": 0, "attr-id": 1, "type": "u8"},
        {"policy-id": 0, "attr-id": 2, "type": "u16"},
    ]);
    assert_eq!(json(GENERIC, bytes)["msg"]["policy"], expected);
}

#[test]
fn bytes_that_are_less_than_a_header_are_said() {
    let unknown = |payload: &[u8]| message(999, 1, 7, payload);
    assert_eq!(
        line(ROUTE, unknown(&[1, 2, 3])),
        "port 0 > route type999? [not an attribute: 010203]"
    );
    assert_eq!(json(ROUTE, unknown(&[1]))["msg"]["(no attribute)"], "01");
    assert_eq!(line(ROUTE, unknown(&[])), "port 0 > route type999?");
    assert_eq!(
        line(GENERIC, unknown(&[1, 2])),
        "port 0 > family999? [not an attribute: 0102]"
    );
}

#[test]
fn an_error_without_its_request_says_what_it_is_about() {
    let request = message(libc::RTM_GETLINK, 0x301, 7, &[0; 16]);
    let mut payload = (-libc::ENODEV).to_ne_bytes().to_vec();
    payload.extend(&request[..16]);
    payload.extend(attribute(3, &[0xab, 0xcd]));
    // NLM_F_CAPPED | NLM_F_ACK_TLVS.
    let error = message(2, 0x300, 7, &payload);
    assert_eq!(
        line(ROUTE, error.clone()),
        "port 812 < route getlink ENODEV [request 7 is not in the file]"
    );
    let tree = tree(ROUTE, error.clone());
    assert!(
        tree.contains("flags 0x300 (capped|ack-tlvs) seq 7 port 812\n")
            && tree.contains(
                "    request: len 32 type 0x12 flags 0x301 (request|dump) seq 7 port 0\n    \
                 cookie: abcd\n"
            ),
        "{tree}"
    );
    let object = json(ROUTE, error.clone());
    assert_eq!(object["op"], "getlink");
    assert_eq!(object["request"]["type"], 18);
    assert_eq!(object["cookie"], "abcd");
    let counted = show(
        &file(&[(ROUTE, error.clone())]),
        &with(|it| it.count = true),
    );
    assert!(counted.contains("route   getlink    error"), "{counted}");
    // Where it is in the file, it is not repeated.
    let both = file(&[(ROUTE, request), (ROUTE, error)]);
    assert_eq!(lines(&both)[1], "port 812 < route getlink ENODEV 1.000ms");
    assert!(objects(&both)[1]["request"].is_null());
}

#[test]
fn a_struct_that_is_longer_than_is_known_says_so() {
    // IFLA_STATS64 with two counters more than there are.
    let known = 8 * 25;
    let link = |more: &[u8]| {
        let stats = [&vec![0; known][..], more].concat();
        let body = [&[0; 16][..], &attribute(23, &stats)].concat();
        message(libc::RTM_NEWLINK, 1, 7, &body)
    };
    let shown = line(ROUTE, link(&[1; 16]));
    assert!(shown.ends_with("stats64={[16 bytes more] …}"), "{shown}");
    let tree = tree(ROUTE, link(&[1; 16]));
    assert!(
        tree.contains(&format!("[16 bytes more: {}]", "01".repeat(16))),
        "{tree}"
    );
    assert_eq!(
        json(ROUTE, link(&[1; 16]))["msg"]["stats64"]["(more)"],
        "01".repeat(16)
    );
    // What the compiler fills up with is nothing.
    assert!(!line(ROUTE, link(&[0; 4])).contains("more"));
}

#[test]
fn a_list_whose_length_has_wrapped_is_read_to_its_end() {
    // IFLA_VFINFO_LIST of 250 virtual functions, then IFLA_GROUP.
    let info = attribute(
        1,
        &[attribute(1, &[0; 36]), attribute(4, &[0; 236])].concat(),
    );
    let list = info.repeat(250);
    let length = (list.len() + 4) as u16;
    assert!(list.len() + 4 > usize::from(u16::MAX));
    let link = |list: &[u8]| {
        let mut body = vec![0; 16];
        body.extend(length.to_ne_bytes());
        body.extend(22_u16.to_ne_bytes());
        body.extend(list);
        body.extend(attribute(27, &7_u32.to_ne_bytes()));
        message(libc::RTM_NEWLINK, 2, 7, &body)
    };
    let object = json(ROUTE, link(&list));
    assert_eq!(object["msg"]["group"], 7);
    assert_eq!(
        object["msg"]["vfinfo-list"]["info"]
            .as_array()
            .unwrap()
            .len(),
        250
    );
    assert_eq!(object["msg"]["vfinfo-list (length has wrapped)"], true);
    let tree = tree(ROUTE, link(&list));
    assert!(
        tree.ends_with("    [length has wrapped]\n    group: 7\n"),
        "{}",
        &tree[tree.len() - 200..]
    );
    // Where it cannot be found again, it is said how much was not read.
    let mut spoilt = list.clone();
    let at = 100 * info.len();
    spoilt[at..at + 4].fill(0);
    let shown = line(ROUTE, link(&spoilt));
    assert!(shown.ends_with(" bytes not read]"), "{shown}");
}

#[test]
fn a_long_value_with_a_display_hint_is_as_short_as_others() {
    // IFLA_BROADCAST.
    let body = [&[0; 16][..], &attribute(2, &vec![0xff; 60_000])].concat();
    let bytes = message(libc::RTM_NEWLINK, 1, 7, &body);
    let shown = line(ROUTE, bytes);
    assert!(
        shown.ends_with(&format!("broadcast={}…(60000 bytes)", ["ff"; 32].join(":"))),
        "{shown}"
    );
}

#[test]
fn the_time_is_there_in_nanoseconds_too() {
    let text = show(
        &file(&[(ROUTE, message(18, 1, 7, &[0; 16]))]),
        &with(|it| it.json = true),
    );
    let time = text
        .split("\"time\":")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let expected = format!("\"time-ns\":{},", time.replace('.', ""));
    assert!(text.contains(&expected), "{text}");
}
