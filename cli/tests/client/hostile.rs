// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers of any bytes: the client returns, and what it prints is one line.

use nl_user::netdev::Netdev;
use nl_user::text::{write_netdev, write_stats};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::peer::*;

/// Asks both commands, prints what comes of it, and checks what holds always.
fn survive(datagrams: &[Vec<u8>]) {
    let mut client = client(|_| datagrams.to_vec());
    for result in [client.l2_list(), client.l2_iid(1)] {
        match result {
            Ok(netdevs) => {
                let bytes: usize = datagrams.iter().map(Vec::len).sum();
                assert!(netdevs.len() <= bytes / 4, "more interfaces than bytes");
                netdevs.iter().for_each(check_text);
            }
            Err(error) => assert_printable(&error.to_string(), 0),
        }
    }
}

fn check_text(netdev: &Netdev) {
    let mut text = Vec::new();
    write_netdev(&mut text, netdev).unwrap();
    let lines = if netdev.address.is_some() || netdev.broadcast.is_some() {
        2
    } else {
        1
    };
    assert_printable(std::str::from_utf8(&text).unwrap(), lines);
    write_stats(&mut text, &netdev.stats.unwrap_or_default()).unwrap();
}

fn assert_printable(text: &str, lines: usize) {
    assert_eq!(text.matches('\n').count(), lines, "{text:?}");
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{text:?}");
}

/// An attribute whose length is honest, and whose type may be any.
fn any_attribute() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![1u16..=10, any::<u16>()];
    let payload = prop_oneof![
        vec(any::<u8>(), 4),
        vec(any::<u8>(), 6),
        vec(any::<u8>(), 0..20)
    ];
    (kind, payload).prop_map(|(kind, payload)| attribute(kind, &payload))
}

/// Well-formed down to the nests, which hold anything.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let good = Just(netdev(2, "eth0"));
    let odd = vec(any_attribute(), 0..6).prop_map(|attributes| attributes.concat());
    let mixed = (Just(netdev(2, "eth0")), vec(any_attribute(), 0..3))
        .prop_map(|(netdev, more)| [netdev, more.concat()].concat());
    let nest = prop_oneof![good, odd, mixed, vec(any::<u8>(), 0..60)];
    vec(nest, 0..4).prop_map(|nests| nests.iter().flat_map(|nest| attribute(1, nest)).collect())
}

/// A message of any known type for one of a client's first requests.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let kind =
        prop_oneof![4 => Just(FAMILY), 4 => Just(NLMSG_ERROR), 1 => 0u16..=4, 1 => any::<u16>()];
    let flags = prop_oneof![
        Just(0),
        Just(NLM_F_MULTI),
        Just(NLM_F_ACK_TLVS),
        Just(NLM_F_ACK_TLVS | NLM_F_CAPPED),
        any::<u16>()
    ];
    let sequence = prop_oneof![2u32..=8, any::<u32>()];
    let head = prop_oneof![Just([1u8, 1, 0, 0]), Just([2u8, 1, 0, 0]), any::<[u8; 4]>()];
    let request = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 16)];
    (kind, flags, sequence, head, request, any_body()).prop_map(
        |(kind, flags, sequence, head, request, body)| {
            message(
                kind,
                flags,
                sequence,
                &[&head[..], &request, &body].concat(),
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_are_survived(datagrams in vec(vec(any::<u8>(), 0..200), 0..4)) {
        survive(&datagrams);
    }

    #[test]
    fn almost_proper_messages_are_survived(
        datagrams in vec(vec(any_message(), 0..4).prop_map(|messages| messages.concat()), 0..4)
    ) {
        survive(&datagrams);
    }

    #[test]
    fn a_proper_answer_is_survived_with_bytes_changed_and_its_end_cut(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in 0usize..40,
    ) {
        let mut client = client(|asked| {
            let mut bytes = answer(asked, &[[netdev(2, "eth0"), stats(25)].concat(), netdev(3, "b")]);
            bytes.truncate(bytes.len() - cut);
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            vec![bytes]
        });
        match client.l2_list() {
            Ok(netdevs) => netdevs.iter().for_each(check_text),
            Err(error) => assert_printable(&error.to_string(), 0),
        }
    }
}
