// SPDX-License-Identifier: GPL-2.0-or-later
//! Reports of what nobody sends in good faith.

use proptest::prelude::*;

use super::*;

/// A file that is written to fill memory: many sockets, families and interfaces.
fn flood(links: u32, others: u32) -> Vec<Datagram> {
    let link = |at: u32| {
        let mut link = vec![0; 16];
        link[4..8].copy_from_slice(&at.to_ne_bytes());
        link.extend(attribute((at % 16_000) as u16, &at.to_ne_bytes()));
        (ROUTE, message(libc::RTM_NEWLINK, 2, 1, &link))
    };
    let exchange = |at: u32| {
        let kind = 0x20 + at as u16;
        [
            (GENERIC, message(kind, 1, at, &at.to_ne_bytes())),
            (GENERIC, message(kind, 0, at, &at.to_ne_bytes())),
            (
                ROUTE,
                message(libc::RTM_GETLINK, 0x301, at, &at.to_ne_bytes()),
            ),
        ]
    };
    let mut all: Vec<_> = (0..others).flat_map(exchange).collect();
    all.extend((0..links).map(link));
    all
}

#[test]
fn lists_are_bounded_and_what_is_left_out_is_said() {
    let report = made_up(&[("x", &flood(66_000, 18_000))]);
    let recording = &report.groups[0].recordings[0];
    assert_eq!(recording.figures.messages, 120_000);
    assert!(recording.conversations.len() <= 1024 && recording.steps.len() <= 64);
    assert!(recording.interfaces.len() <= 64 && recording.shares.len() <= 32);
    let attributes: usize = recording.shares.iter().map(|it| it.attributes.len()).sum();
    assert!(attributes <= 32 * 1024);
    let left_out: Vec<_> = recording.left_out.iter().map(|it| it.list).collect();
    for list in [
        BoundedList::Conversations,
        BoundedList::Steps,
        BoundedList::Interfaces,
        BoundedList::AnswerKinds,
    ] {
        assert!(left_out.contains(&list), "{list:?} in {left_out:?}");
    }
    let json = shown(&report, Format::Json);
    assert!(json.len() < 8 << 20, "{}", json.len());
    for (format, sizes, has_sizes, words) in [
        (Format::Json, "interface-sizes", true, "answer-kinds"),
        (
            Format::Html,
            "the list of sizes",
            true,
            "answers of kinds beyond the limit of ",
        ),
        (
            Format::Md,
            "the list of sizes",
            false,
            "answers of kinds beyond the limit of 32",
        ),
        (
            Format::Text,
            "the list of sizes",
            false,
            "answers of kinds beyond the limit of 32",
        ),
    ] {
        let shown = shown(&report, format);
        assert_eq!(shown.contains(sizes), has_sizes, "{format:?}");
        assert!(shown.contains(words), "{format:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_messages_make_it_panic(
        frames in prop::collection::vec((
            prop::sample::select(vec![0_u16, 4, 12, 16, 77]),
            prop::sample::select(vec![0_u16, 2, 3, 4, 16, 18, 0x24, 0x0a00]),
            any::<u16>(),
            0..4_u32,
            prop::collection::vec(any::<u8>(), 0..80),
        ), 1..8),
    ) {
        let mut all = nl_user(0);
        all.extend(frames.into_iter().map(|(protocol, kind, flags, sequence, payload)| {
            (protocol, message(kind, flags, sequence, &payload))
        }));
        let report = made_up(&[("a\x1b[2J", &all), ("ip", &ip_link())]);
        for format in &Format::ALL {
            let text = shown(&report, *format);
            let unsafe_char = |c: char| c != '\n' && crate::terminal::text::is_unsafe(c);
            prop_assert!(!text.contains(unsafe_char), "{text:?}");
        }
        prop_assert_eq!(&serde_json::from_str::<Report>(&shown(&report, Format::Json)).unwrap(), &report);
    }
}
