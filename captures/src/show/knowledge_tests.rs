// SPDX-License-Identifier: GPL-2.0-or-later
//! What is known from the file and from Linux's headers: taps, families, policies.

use super::options::Options;
use super::tests::{file, show, with};
use crate::file::comment::Comment;
use crate::file::sample::{GENERIC, START, attribute, frame, interface, message, nl_user, origin};
use crate::file::writer::{Note, Writer};
use crate::messages::packet::Direction;
use crate::messages::process::{Certainty, Process};

/// A recording with an interface for each of the taps that frames come from.
fn of_taps(frames: &[(u32, u16, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &origin("x")).unwrap();
    for _ in 0..=frames.iter().map(|it| it.0).max().unwrap_or(0) {
        writer.interface(&interface()).unwrap();
    }
    for (number, (tap, protocol, messages)) in (1..).zip(frames) {
        let mut frame = frame(number, *protocol, messages);
        frame.interface = *tap;
        writer.frame(&frame, &Note::default()).unwrap();
    }
    writer.finish(START, &[]).unwrap();
    std::mem::take(writer.output())
}

#[test]
fn the_same_numbers_in_several_namespaces_and_again_in_one_are_told_apart() {
    let ask = |kind: u16| message(kind, 0x301, 7, &[0; 16]);
    let done = || message(3, 2, 7, &[0; 4]);
    let route = libc::NETLINK_ROUTE as u16;
    let frames = [
        (0, route, ask(18)),
        (1, route, ask(26)),
        (0, route, done()),
        (1, route, done()),
        // The number is used again, and its answer is the later request's.
        (0, route, ask(22)),
        (0, route, done()),
        (2, route, done()),
    ];
    let text = show(&of_taps(&frames), &with(|it| it.time = 1));
    let ends: Vec<_> = text.lines().filter(|line| line.contains("done")).collect();
    let expected = [
        "port 812 < route getlink done 0 messages 2.000ms",
        "port 812 < route getroute done 0 messages 2.000ms",
        "port 812 < route getaddr done 0 messages 1.000ms",
        "port 812 < route done",
    ];
    assert_eq!(ends, expected, "{text}");
}

#[test]
fn a_request_that_its_sender_also_multicasts_is_no_answer_to_whom_it_reaches() {
    let route = libc::NETLINK_ROUTE as u16;
    let (getneigh, newneigh) = (libc::RTM_GETNEIGH, libc::RTM_NEWNEIGH);
    let request = message(getneigh, 0x301, 7, &[0; 12]);
    let part = [message(newneigh, 2, 7, &[0; 12]), message(3, 2, 7, &[0; 4])].concat();
    let note = |pid: u32, certainty, direction| Note {
        comments: vec![Comment::Process {
            process: Process {
                pid,
                socket: Some(3),
                ..Process::default()
            },
            certainty: Some(certainty),
            fate: None,
        }],
        direction: Some(direction),
        is_multicast: false,
    };
    let mut writer = Writer::new(Vec::new(), &origin("x")).unwrap();
    writer.interface(&interface()).unwrap();
    let notes = [
        note(10, Certainty::Exact, Direction::Outbound),
        note(11, Certainty::Group, Direction::Inbound),
        note(10, Certainty::Exact, Direction::Inbound),
    ];
    for (number, (bytes, note)) in (1..).zip([&request, &request, &part].iter().zip(&notes)) {
        writer.frame(&frame(number, route, bytes), note).unwrap();
    }
    writer.finish(START, &[]).unwrap();
    let text = show(writer.output(), &with(|it| it.time = 1));
    let expected = [
        "pid[10] > route getneigh dump",
        "pid[11] * route getneigh",
        "pid[10] < route newneigh 2.000ms",
        "pid[10] < route getneigh done 1 message 2.000ms",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn a_family_that_one_tap_names_is_known_on_the_others() {
    let [request, answer] = [nl_user(0).remove(2), nl_user(0).remove(1)];
    let frames = [(0, answer.0, answer.1), (1, request.0, request.1)];
    let text = show(&of_taps(&frames), &with(|it| it.time = 1));
    assert_eq!(
        text.lines().last(),
        Some("port 0 > nl_util l2-list"),
        "{text}"
    );
}

#[test]
fn a_request_without_a_specification_is_read_by_the_policy_in_the_file() {
    // Family 0x99 is `x`; the attribute 2 of its operation 5 is a text by policy 0.
    let family = [
        &[1, 2, 0, 0][..],
        &attribute(1, &0x99_u16.to_ne_bytes()),
        &attribute(2, b"x\0"),
    ];
    let said = attribute(1, &12_u32.to_ne_bytes());
    let policy = [
        &[10, 2, 0, 0][..],
        &attribute(1, &0x99_u16.to_ne_bytes()),
        &attribute(9, &attribute(5, &attribute(1, &0_u32.to_ne_bytes()))),
        &attribute(8, &attribute(0, &attribute(2, &said))),
    ];
    let body = [
        &[5, 1, 0, 0][..],
        &attribute(2, b"abc\0"),
        &attribute(3, &[7]),
    ]
    .concat();
    let frames = [
        (GENERIC, message(16, 0, 1, &family.concat())),
        (GENERIC, message(16, 2, 2, &policy.concat())),
        (GENERIC, message(0x99, 1, 3, &body)),
        (GENERIC, message(0x99, 0, 3, &body)),
    ];
    let lines = |change: fn(&mut Options)| {
        let text = show(&file(&frames), &with(change));
        text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(|it| it.time = 1),
        [
            "port 0 > x cmd5? #2=abc #3?=7",
            "port 812 < x cmd5? #2?=abc #3?=7 1.000ms"
        ]
    );
    let object: serde_json::Value = serde_json::from_str(&lines(|it| it.json = true)[0]).unwrap();
    let expected = serde_json::json!({"UnknownAttr(2)": "abc", "UnknownAttr(3)": "07"});
    assert_eq!(object["msg"], expected);
}

/// A message to the kernel as a line and as JSON's `msg`.
fn shown(protocol: i32, kind: u16, flags: u16, body: &[&[u8]]) -> (String, serde_json::Value) {
    let message = message(kind, flags, 7, &body.concat());
    let file = file(&[(protocol as u16, message)]);
    let line = show(&file, &with(|it| it.time = 1));
    let object: serde_json::Value =
        serde_json::from_str(&show(&file, &with(|it| it.json = true))).unwrap();
    (line, object["msg"].clone())
}

#[test]
fn what_a_link_says_of_its_family_is_read_by_the_family_of_the_message() {
    // VLAN 10, untagged; IPv4 would be number 2, too.
    let vlan = attribute(2, &[4_u16.to_ne_bytes(), 10_u16.to_ne_bytes()].concat());
    let spec = attribute(26, &vlan);
    let header = |family: u8| [&[family][..], &[0; 15]].concat();
    let (line, json) = shown(0, 19, 1, &[&header(7), &spec]);
    assert_eq!(
        line,
        "port 0 > route setlink ifi-family=bridge af-spec={vlan-info={flags=untagged vid=10}}\n"
    );
    let expected = serde_json::json!({"vlan-info": [{"flags": ["untagged"], "vid": 10}]});
    assert_eq!(json["af-spec"], expected);
    // In a message of another family it is no nest of IPv4's settings.
    let spec = attribute(26, &attribute(2, &[0, 0, 10, 0]));
    let (line, json) = shown(0, 19, 1, &[&header(0), &spec]);
    assert_eq!(
        line,
        "port 0 > route setlink af-spec={inet={[not an attribute: 00000a00]}}\n"
    );
    assert_eq!(json["af-spec"]["inet"], "00000a00");
}

#[test]
fn a_dump_of_ipsec_is_asked_for_without_a_header() {
    // XFRMA_ADDRESS_FILTER for IPv4, with prefixes of 32 and 24 bits.
    let filter = [
        &[192, 0, 2, 1][..],
        &[0; 12],
        &[192, 0, 2, 0],
        &[0; 12],
        &2_u16.to_ne_bytes(),
        &[32, 24],
    ];
    let filter = attribute(26, &filter.concat());
    let (line, json) = shown(libc::NETLINK_XFRM, 18, 0x301, &[&filter]);
    assert!(
        line.starts_with("port 0 > xfrm getsa dump address-filter={saddr=192.0.2.1 "),
        "{line}"
    );
    assert_eq!(json["address-filter"]["family"], "inet");
    assert_eq!(json["address-filter"]["dplen"], 24);
    // One state is asked for with one.
    let id = [
        &[0; 16][..],
        &9_u32.to_be_bytes(),
        &2_u16.to_ne_bytes(),
        &[50, 0],
    ];
    let (line, _) = shown(libc::NETLINK_XFRM, 18, 1, &id);
    assert_eq!(line, "port 0 > xfrm getsa spi=0x9 family=inet proto=esp\n");
}

#[test]
fn a_header_of_zeros_is_left_out_with_the_structs_in_its_structs() {
    // struct xfrm_userspi_info: a usersa_info, which holds a selector, and two numbers.
    let allocspi = |at: usize| {
        let mut header = [0; 232];
        header[at] = 1;
        shown(libc::NETLINK_XFRM, 22, 1, &[&header]).0
    };
    assert_eq!(
        shown(libc::NETLINK_XFRM, 22, 1, &[&[0; 232]]).0,
        "port 0 > xfrm allocspi\n"
    );
    assert_eq!(allocspi(224), "port 0 > xfrm allocspi min=1\n");
    assert_eq!(
        allocspi(76),
        "port 0 > xfrm allocspi info={id={proto=icmp}}\n"
    );
}

#[test]
fn sockets_are_asked_for_and_told_by_their_family() {
    let request = [&[2, 6, 0, 0][..], &(1_u32 << 10).to_ne_bytes(), &[0; 48]];
    let (line, _) = shown(libc::NETLINK_SOCK_DIAG, 20, 0x301, &request);
    assert_eq!(
        line,
        "port 0 > sock_diag by-family dump sdiag-family=inet sdiag-protocol=tcp idiag-states=listen\n"
    );
    let mut answer = vec![10, 1, 0, 0, 0, 22, 1, 0];
    answer.extend(std::net::Ipv6Addr::LOCALHOST.octets());
    answer.resize(72, 0);
    let (line, json) = shown(
        libc::NETLINK_SOCK_DIAG,
        20,
        2,
        &[&answer, &attribute(8, &[0])],
    );
    assert_eq!(
        line,
        "port 812 < sock_diag by-family idiag-family=inet6 idiag-state=established \
         idiag-sport=22 idiag-dport=256 idiag-src=::1 shutdown=0\n"
    );
    assert_eq!(json["idiag-dst"], "::");
    let listening = [
        &[40, 1, 10, 0][..],
        &u32::MAX.to_ne_bytes(),
        &[7; 4],
        &[0; 20],
    ]
    .concat();
    let (line, _) = shown(libc::NETLINK_SOCK_DIAG, 20, 2, &[&listening]);
    assert_eq!(
        line,
        "port 812 < sock_diag by-family vdiag-family=vsock vdiag-type=stream vdiag-state=listen \
         vdiag-src-cid=4294967295 vdiag-src-port=117901063\n"
    );
    // Those of Bluetooth, which the kernel does not tell of, have a name and nothing else.
    let (line, _) = shown(libc::NETLINK_SOCK_DIAG, 20, 1, &[&[31, 0, 0, 0]]);
    assert!(line.starts_with("port 0 > sock_diag by-family #"), "{line}");
}

#[test]
fn a_record_of_the_audit_system_has_no_control_characters() {
    let record = message(1300, 0, 0, b"audit(1.2:3): arch=c000003e \x1b[2J");
    let audit = libc::NETLINK_AUDIT as u16;
    let text = show(&file(&[(audit, record)]), &with(|it| it.time = 1));
    assert_eq!(
        text,
        "port 812 * audit syscall text={audit=1.2:3 arch=c000003e text=\"\\u{1b}[2J\"}\n"
    );
}
