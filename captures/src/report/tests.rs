// SPDX-License-Identifier: GPL-2.0-or-later
//! Tables of recordings that were made up for it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::file::sample::{GENERIC, counters, ip_link, message, nl_user, recording};
use crate::file::writer::Counters;

fn column_of(command: &str, frames: &[(u16, Vec<u8>)], counters: Counters) -> Column {
    let listing = Listing::of_nl_util().unwrap();
    let file = recording(command, frames, counters);
    column(&listing, &file[..], Path::new("x.pcapng")).unwrap()
}

#[test]
fn two_recordings_stand_side_by_side() {
    let (ours, theirs) = (nl_user(0), ip_link());
    let columns = [
        column_of("nl_user show", &ours, counters(&ours)),
        column_of(
            "ip link show",
            &theirs,
            Counters {
                received: 9,
                dropped: 3,
            },
        ),
    ];
    insta::assert_snapshot!(table::render(&columns), @r"
                                  nl_user show  ip link show
    messages                                 4             8
    bytes                                  124           648
    requests                                 2             2
    answers                                  2             5
    refused                                  0             1
    interfaces listed                        2             3
    bytes for each interface              22.0         132.0
    first request to last answer      3.000 ms      5.000 ms
    lost                                     0             3
    ");
}

#[test]
fn a_recording_without_messages_has_no_time_and_no_bytes_for_an_interface() {
    let column = column_of("true", &[], Counters::default());
    insta::assert_snapshot!(table::render(&[column]), @r"
                                  true
    messages                         0
    bytes                            0
    requests                         0
    answers                          0
    refused                          0
    interfaces listed                0
    bytes for each interface         -
    first request to last answer     -
    lost                             0
    ");
}

#[test]
fn an_answer_with_the_next_sequence_number_is_one_only_of_our_family() {
    let frames = nl_user(1);
    let figures = column_of("nl_user show", &frames, counters(&frames)).figures;
    assert_eq!((figures.answers, figures.interfaces.len()), (2, 2));

    // The controller's answers are the kernel's, which makes no such mistake.
    let (request, answer) = (
        message(16, 1, 7, &[3, 1, 0, 0]),
        message(16, 0, 8, &[1, 2, 0, 0]),
    );
    let frames = [(GENERIC, request), (GENERIC, answer)];
    assert_eq!(
        column_of("x", &frames, counters(&frames)).figures.answers,
        0
    );
}

#[test]
fn an_answer_of_another_netlink_protocol_is_none() {
    let frames = [
        (GENERIC, message(16, 1, 7, &[3, 1, 0, 0])),
        (0, message(3, 2, 7, &[0; 4])),
    ];
    let figures = column_of("x", &frames, counters(&frames)).figures;
    assert_eq!((figures.requests, figures.answers), (1, 0));
}

#[test]
fn a_command_line_cannot_drive_the_terminal() {
    let column = column_of("ip\x1b[2J", &[], Counters::default());
    assert_eq!(column.title, r"ip\u{1b}[2J");
}

#[test]
fn a_long_command_line_is_broken_and_cut() {
    let command = format!("sh -c '{}'", "ip link show; ".repeat(100));
    let table = table::render(&[column_of(&command, &[], Counters::default())]);
    assert!(
        table.lines().all(|line| line.chars().count() < 70),
        "{table}"
    );
    assert!(table.contains('…') && table.len() < 1500, "{table}");
}

proptest! {
    #[test]
    fn no_messages_make_the_count_panic(
        protocol in prop::sample::select(vec![0_u16, 16]),
        kind in prop::sample::select(vec![2_u16, 3, 16, 0x24]),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut frames = nl_user(0);
        let answer = message(kind, 0, 2, &payload);
        let kept = answer[..cut.index(answer.len() + 1)].to_vec();
        frames.push((protocol, kept));
        let figures = column_of("x", &frames, counters(&frames)).figures;
        prop_assert!(figures.messages <= 5);
    }
}
