// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes that the kernel sent, and bytes that nobody should.

mod flag_names;
mod forms;
mod levels;
mod policies;
mod records;
mod route;
mod structs;

use super::*;
use proptest::prelude::*;

/// The request of `nl_user show dummy0`, as nlmon saw it: length 32, type 0x1b,
/// REQUEST, sequence 7, port 812, command 2, version 1, NETDEV { IFINDEX 2 }.
const L2_IID: &[u8] = &[
    32, 0, 0, 0, 0x1b, 0, 1, 0, 7, 0, 0, 0, 0x2c, 3, 0, 0, // nlmsghdr
    2, 1, 0, 0, // genlmsghdr
    12, 0, 1, 0x80, // NETDEV, NLA_F_NESTED
    8, 0, 1, 0, 2, 0, 0, 0, // IFINDEX
];

#[test]
fn a_request_is_taken_apart_to_its_last_attribute() {
    let all: Vec<_> = messages(L2_IID, Endian::Little)
        .collect::<Result<_, _>>()
        .unwrap();
    let [message] = all[..] else {
        panic!("{all:?}")
    };
    assert_eq!(
        (message.length, message.kind, message.flags),
        (32, 0x1b, flags::REQUEST)
    );
    assert_eq!(
        (message.sequence, message.port, message.is_cut()),
        (7, 812, false)
    );
    let genl = genl(message.payload).unwrap();
    assert_eq!((genl.command, genl.version), (2, 1));
    let netdev = attributes(genl.payload, Endian::Little)
        .next()
        .unwrap()
        .unwrap();
    assert!(netdev.nested && !netdev.net_byteorder);
    let index = netdev.attributes(Endian::Little).next().unwrap().unwrap();
    assert_eq!(
        (
            index.number,
            index.u32(Endian::Little),
            index.u16(Endian::Little)
        ),
        (1, Some(2), None)
    );
}

#[test]
fn a_message_cut_by_the_snap_length_is_given_as_far_as_it_goes() {
    let message = messages(&L2_IID[..24], Endian::Little)
        .next()
        .unwrap()
        .unwrap();
    assert!(message.is_cut());
    assert_eq!(message.payload.len(), 8);
}

#[test]
fn a_length_that_cannot_be_ends_the_iterator_after_one_error() {
    let bytes = [L2_IID, &[3, 0, 0, 0, 9]].concat();
    let mut all = messages(&bytes, Endian::Little);
    assert!(all.next().unwrap().is_ok());
    assert_eq!(
        all.next(),
        Some(Err(Malformed {
            offset: 32,
            length: 3,
            left: 5
        }))
    );
    assert_eq!(all.next(), None);
    let mut all = attributes(&[9, 0, 1, 0, 5, 5, 5, 5], Endian::Little);
    assert_eq!(
        all.next(),
        Some(Err(Malformed {
            offset: 0,
            length: 9,
            left: 8
        }))
    );
    assert_eq!(all.next(), None);
}

#[test]
fn a_big_endian_machine_is_understood() {
    let bytes = [0, 8, 0x80, 1, 0, 0, 0, 2];
    let attribute = attributes(&bytes, Endian::Big).next().unwrap().unwrap();
    assert_eq!((attribute.number, attribute.u32(Endian::Big)), (1, Some(2)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_iterators_panic_or_run_on(bytes in prop::collection::vec(any::<u8>(), 0..400), big: bool) {
        let endian = if big { Endian::Big } else { Endian::Little };
        let mut seen = 0;
        for message in messages(&bytes, endian).flatten() {
            seen += 16 + message.payload.len();
            let mut inner = 0;
            for it in attributes(message.payload, endian).flatten() {
                inner += 4 + it.payload.len();
                prop_assert!(it.str().is_none_or(|text| text.len() <= it.payload.len()));
                prop_assert!(it.attributes(endian).flatten().count() <= it.payload.len() / 4);
            }
            prop_assert!(inner <= message.payload.len());
        }
        prop_assert!(seen <= bytes.len());
    }

    #[test]
    fn bytes_that_begin_as_messages_do_are_walked_to_the_end(lengths in prop::collection::vec(16_u32..64, 1..20)) {
        let mut bytes = Vec::new();
        for length in &lengths {
            let start = bytes.len();
            bytes.extend(length.to_le_bytes());
            bytes.resize(start + length.next_multiple_of(4) as usize, 0);
        }
        let all: Result<Vec<_>, _> = messages(&bytes, Endian::Little).collect();
        prop_assert_eq!(all.unwrap().len(), lengths.len());
    }
}
