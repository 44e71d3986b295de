// SPDX-License-Identifier: GPL-2.0-or-later
//! What a report says of what the kernel refused, and of what it warned of.

use ynl::decode::{flags, types};

use super::*;

const NETFILTER: u16 = libc::NETLINK_NETFILTER as u16;
const REQUEST: u16 = flags::REQUEST | flags::ACK;

/// A request with the kernel's word for it; a text makes it an extended one.
fn judged(protocol: u16, request: Vec<u8>, errno: i32, text: &str) -> [Datagram; 2] {
    let sequence = u32::from_ne_bytes(*request[8..].first_chunk().unwrap());
    let (repeated, capped) = match errno {
        0 => (&request[..16], flags::CAPPED),
        _ => (&request[..], 0),
    };
    let mut verdict = [&(-errno).to_ne_bytes()[..], repeated].concat();
    let mut flags = capped;
    if !text.is_empty() {
        flags |= flags::ACK_TLVS;
        verdict.extend(attribute(1, &[text.as_bytes(), &[0]].concat()));
    }
    let answer = message(types::ERROR, flags, sequence, &verdict);
    [(protocol, request), (protocol, answer)]
}

/// RTM_DELROUTE of 10.2.0.0/16 via 192.168.100.200 on interface 3, as `ip route del` asks.
fn delete_route(sequence: u32) -> Vec<u8> {
    let mut payload = vec![2, 16, 0, 0, 254, 0, 255, 0, 0, 0, 0, 0];
    payload.extend(attribute(1, &[10, 2, 0, 0]));
    payload.extend(attribute(5, &[192, 168, 100, 200]));
    payload.extend(attribute(4, &3_u32.to_ne_bytes()));
    message(libc::RTM_DELROUTE, REQUEST, sequence, &payload)
}

/// NFT_MSG_DELTABLE of a table.
fn delete_table(sequence: u32, table: &str) -> Vec<u8> {
    let mut payload = vec![2, 0, 0, 0];
    payload.extend(attribute(1, &[table.as_bytes(), &[0]].concat()));
    message(0x0a02, REQUEST, sequence, &payload)
}

/// RTM_NEWLINK of an interface.
fn new_link(sequence: u32, flags: u16) -> Vec<u8> {
    let payload = [&[0; 16][..], &attribute(3, b"dummy0\0")].concat();
    message(libc::RTM_NEWLINK, REQUEST | flags, sequence, &payload)
}

/// A dump that ends with an errno and a text.
fn ended_dump(sequence: u32, errno: i32, text: &str) -> [Datagram; 2] {
    let done = [
        &(-errno).to_ne_bytes()[..],
        &attribute(1, &[text.as_bytes(), &[0]].concat()),
    ]
    .concat();
    let flags = flags::MULTI | flags::ACK_TLVS;
    [
        (ROUTE, message(libc::RTM_GETLINK, 0x301, sequence, &[0; 16])),
        (ROUTE, message(types::DONE, flags, sequence, &done)),
    ]
}

fn first(report: &Report) -> &crate::report::model::Failure {
    &report.groups[0].recordings[0].failures[0]
}

#[test]
fn a_failure_names_what_was_asked_for_in_every_format() {
    let route = "10.2.0.0/16 via 192.168.100.200 dev 3 rtm-family=inet rtm-table=main \
                 rtm-scope=nowhere";
    let table = "table ip filter";
    for (protocol, request, errno, values) in [
        (ROUTE, delete_route(1), libc::ESRCH, route),
        (NETFILTER, delete_table(1, "filter"), libc::ENOENT, table),
    ] {
        let report = made_up(&[("x", &judged(protocol, request, errno, ""))]);
        let asked = &first(&report).requests;
        let asked: Vec<_> = asked.iter().map(|it| (&it.values[..], it.count)).collect();
        assert_eq!(asked, [(values, 1)]);
        for format in Format::ALL {
            // What Markdown would take for its own is marked there.
            let shown = shown(&report, format).replace('\\', "");
            let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(values), "{format:?}: {shown}");
        }
    }
}

#[test]
fn of_many_requests_the_first_are_named_and_the_others_counted() {
    let frames: Vec<_> = (0..20)
        .flat_map(|at| {
            let request = delete_table(at, &format!("table{}", at.saturating_sub(1)));
            judged(NETFILTER, request, libc::ENOENT, "")
        })
        .collect();
    let report = made_up(&[("nft", &frames)]);
    let failure = first(&report);
    assert_eq!((failure.count, failure.requests.len()), (20, 16));
    let text = text(&report)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in [
        "nft-deltable ENOENT, 20 times (table ip table0) × 2, (table ip",
        "ip table15), left out: 3 beyond the limit of 16 The object",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn what_a_failure_means_follows_from_what_is_there() {
    let newlink = |flags| new_link(1, flags);
    let meaning = |frames: &[Datagram]| first(&made_up(&[("x", frames)])).meaning.clone();
    let no_text = "it may say why if the socket sets NETLINK_EXT_ACK";
    let einval = |text| meaning(&judged(ROUTE, newlink(0), libc::EINVAL, text));
    assert!(einval("").contains(no_text), "{}", einval(""));
    assert_eq!(
        einval("MTU is too large"),
        "The kernel does not accept the request, for the reason that it gives."
    );
    let dump = meaning(&ended_dump(1, libc::EINVAL, "Invalid value in header"));
    assert!(!dump.contains("NETLINK_EXT_ACK"), "{dump}");
    let silent = {
        let mut frames = judged(ROUTE, newlink(0), libc::EINVAL, "");
        // NLM_F_ACK_TLVS with a cookie alone.
        frames[1].1.extend(attribute(3, &[1; 8]));
        let length = frames[1].1.len() as u32;
        frames[1].1[..4].copy_from_slice(&length.to_ne_bytes());
        frames[1].1[6..8].copy_from_slice(&flags::ACK_TLVS.to_ne_bytes());
        meaning(&frames)
    };
    assert!(silent.contains("gives no reason"), "{silent}");
    let exists = |flags| meaning(&judged(ROUTE, newlink(flags), libc::EEXIST, ""));
    assert!(exists(0x600).contains("NLM_F_EXCL") && !exists(0x400).contains("NLM_F_EXCL"));
    let busy = meaning(&ended_dump(1, libc::EBUSY, "x"));
    assert!(busy.contains("Another dump"), "{busy}");
    let busy = meaning(&judged(ROUTE, newlink(0), libc::EBUSY, ""));
    assert_eq!(busy, "The object is in use.");
    let route = meaning(&judged(ROUTE, delete_route(1), libc::ESRCH, ""));
    assert_eq!(route, "No such route.");
    let unknown = |text| meaning(&judged(ROUTE, newlink(0), libc::EXDEV, text));
    assert_eq!(unknown(""), "See errno(3).");
    assert_eq!(unknown("cross"), "See the kernel's text.");
}

#[test]
fn a_warning_beside_a_success_has_a_row_in_every_format() {
    let mut frames = judged(ROUTE, new_link(1, 0x600), 0, "Name is about to change").to_vec();
    frames.extend(ended_dump(2, 0, "Not all was looked at"));
    let report = made_up(&[("x", &frames)]);
    let recording = &report.groups[0].recordings[0];
    assert_eq!(
        (recording.figures.refused, recording.failures.len()),
        (0, 0)
    );
    let warnings: Vec<_> = (recording.warnings.iter())
        .map(|it| (&it.operation[..], &it.extack[..], it.requests.len()))
        .collect();
    assert_eq!(
        warnings,
        [
            ("newlink", "Name is about to change", 1),
            ("getlink", "Not all was looked at", 0),
        ]
    );
    for format in Format::ALL {
        let shown = shown(&report, format);
        for part in [
            "Name is about to change",
            "dev dummy0",
            "Not all was looked at",
        ] {
            assert!(shown.contains(part), "{part} in {format:?}: {shown}");
        }
    }
}
