// SPDX-License-Identifier: GPL-2.0-or-later
//! Files as other programs may write them: every kind of block and option, and what is wrong
//! inside a block.

use std::time::Duration;

use ynl::decode::Endian;

use super::generator::{Generator, text};
use super::{FileInfo, ReadError, read, read_all};

const NETLINK: u16 = 253;
const ETHERNET: u16 = 1;
const SNAP: u32 = 262_144;

const BOTH: [Endian; 2] = [Endian::Little, Endian::Big];

/// What reading the file comes to: the sequence numbers of its packets, each with its time in
/// nanoseconds, and what is said of it.
fn summary(generator: &Generator) -> (Vec<(u32, u128)>, FileInfo) {
    let (about, all) = read_all(&generator.file).unwrap();
    let packets = all.iter().map(|packet| {
        let number: [u8; 4] = packet.messages[8..12].try_into().unwrap();
        // Numbers of tests are small: the byte that is not 0.
        let number = u32::from_le_bytes(number).min(u32::from_be_bytes(number));
        (number, packet.time.as_nanos())
    });
    (packets.collect(), about)
}

fn lines(about: &FileInfo) -> Vec<String> {
    about.remarks.lines()
}

/// Adds what is not a packet: names, secrets, a journal, custom blocks, and one that nobody
/// knows.
fn other_blocks(generator: &mut Generator) {
    let names = [
        generator.half(1),
        generator.half(6),
        vec![127, 0, 0, 1, b'x', 0, 0, 0],
    ]
    .concat();
    generator.block(4, &[names, vec![0; 4]].concat());
    generator.block(9, b"__REALTIME_TIMESTAMP=1\n\0");
    generator.block(
        10,
        &[generator.word(0x544c_534b), generator.word(4), vec![1; 4]].concat(),
    );
    for custom in [0x0bad, 0x4000_0bad] {
        generator.block(custom, &[generator.word(32_473), b"data".to_vec()].concat());
    }
    generator.block(0x8000_0001, &[]);
    generator.block(0x1234_5678, &[7; 100]);
}

#[test]
fn every_kind_of_block_and_option_is_read_in_either_byte_order() {
    for (endian, other) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        for ends_options in [true, false] {
            let mut it = Generator::new(endian);
            it.ends_options = ends_options;
            let custom = |it: &Generator, code| (code, [it.word(32_473), vec![9]].concat());
            let section = [
                text(1, "a comment"),
                text(2, "x86_64"),
                text(3, "Linux 6.1"),
                text(4, "other 1.0"),
                custom(&it, 2988),
                custom(&it, 19_373),
                (777, vec![1, 2, 3]),
            ];
            it.section(endian, &section);
            let interface = [
                text(1, "of the interface"),
                text(2, "nlmon0"),
                text(3, "a tap"),
                (4, vec![10, 0, 0, 1, 255, 0, 0, 0]),
                (5, vec![1; 17]),
                (6, vec![2; 6]),
                (7, vec![3; 8]),
                (8, it.long(1000)),
                (9, vec![9]),
                (10, it.word(0)),
                (11, vec![0, b'u', b'd', b'p']),
                text(12, "Linux 6.2"),
                (13, vec![4]),
                (14, it.long(0)),
                text(15, "hardware"),
                (16, it.long(1)),
                (17, it.long(1)),
                custom(&it, 2989),
            ];
            it.interface(NETLINK, SNAP, &interface);
            it.interface(ETHERNET, SNAP, &[text(2, "eth0")]);
            other_blocks(&mut it);
            let packet = [
                text(1, "a comment"),
                (2, it.word(1)),
                (3, vec![2, 0, 0, 0, 0]),
                (4, it.long(0)),
                (5, it.long(1)),
                (6, it.word(0)),
                (7, vec![1; 9]),
                (8, [it.word(812), it.word(813)].concat()),
            ];
            it.enhanced(0, 1_000_000_001, &it.packet(1), &packet);
            it.enhanced(1, 5, &[0; 60], &[]);
            it.enhanced(0, 1_000_000_002, &it.packet(2), &[]);
            it.simple(36, &it.packet(3));
            it.obsolete(
                (0, u16::MAX),
                1_000_000_003,
                &it.packet(4),
                &[(2, it.word(2))],
            );
            other_blocks(&mut it);
            it.statistics(
                0,
                &[
                    (2, it.long(1)),
                    (3, it.long(2)),
                    (4, it.long(9)),
                    (5, it.long(3)),
                ],
            );
            // Another section knows nothing of the interfaces of the first one.
            it.section(other, &[text(3, "Linux 6.3")]);
            it.interface(NETLINK, SNAP, &[(9, vec![3])]);
            it.enhanced(0, 7000, &it.packet(5), &[]);
            let (packets, about) = summary(&it);
            let second = 1_000_000_000;
            assert_eq!(
                packets,
                [
                    (1, second + 1),
                    (2, second + 2),
                    (3, 0),
                    (4, second + 3),
                    (5, 7 * second)
                ]
            );
            assert_eq!(about.hardware.as_deref(), Some("x86_64"));
            assert_eq!(about.system.as_deref(), Some("Linux 6.2"));
            assert_eq!(about.application.as_deref(), Some("other 1.0"));
            assert_eq!(
                (about.link.as_deref(), about.command.as_deref()),
                (Some("nlmon0"), None)
            );
            assert_eq!(about.dropped, Some(3));
            assert_eq!(
                lines(&about),
                [
                    "skipped 1 packet of link type 1 (EN10MB)",
                    "1 packet without a time, which is shown as 0"
                ]
            );
        }
    }
}

#[test]
fn times_of_every_resolution_and_offset_are_read() {
    // The unit, the seconds to add, the time in the file, and in nanoseconds.
    let times: [(u8, i64, u64, u128); 12] = [
        (0, 0, 7, 7_000_000_000),
        (3, 0, 7001, 7_001_000_000),
        (6, 0, 7_000_001, 7_000_001_000),
        (6, 100, 7_000_001, 107_000_001_000),
        (6, -3, 7_000_001, 4_000_001_000),
        (9, 0, 7_000_000_001, 7_000_000_001),
        (9, -10, 7_000_000_001, 0),
        (12, 0, 7_000_000_001_999, 7_000_000_001),
        (0x80, 0, 7, 7_000_000_000),
        (0x80 | 10, 0, 7 * 1024 + 512, 7_500_000_000),
        (0x80 | 20, 1, (7 << 20) + (1 << 18), 8_250_000_000),
        (0x80 | 32, 0, (7 << 32) + (1 << 29), 7_125_000_000),
    ];
    for endian in BOTH {
        let mut it = Generator::new(endian);
        for (number, (unit, offset, units, _)) in (0..).zip(times) {
            let options = [(14, it.long(offset.cast_unsigned())), (9, vec![unit])];
            it.interface(NETLINK, 0, &options);
            it.enhanced(number, units, &it.packet(number), &[]);
        }
        let (packets, about) = summary(&it);
        let expected = (0..).zip(times).map(|(number, time)| (number, time.3));
        assert_eq!(packets, expected.collect::<Vec<_>>());
        assert_eq!(lines(&about), [""; 0]);
    }
}

#[test]
fn a_resolution_beyond_all_reason_is_said_and_the_packets_are_read() {
    let mut it = Generator::new(Endian::Little);
    it.interface(NETLINK, SNAP, &[(9, vec![127])]);
    it.enhanced(0, 7_000_001, &it.packet(1), &[]);
    let (packets, about) = summary(&it);
    assert_eq!(packets, [(1, 7_000_001_000)]);
    assert_eq!(
        lines(&about),
        ["took the times of the interface at byte 28 for microseconds: its if_tsresol is 127"]
    );
}

#[test]
fn a_simple_packet_has_the_lesser_of_its_length_and_the_snap_length() {
    for (snap_length, kept) in [(0, 36), (36, 36), (34, 34), (SNAP, 36)] {
        let mut it = Generator::new(Endian::Big);
        it.interface(NETLINK, snap_length, &[]);
        it.simple(36, &it.packet(1)[..kept]);
        it.enhanced(0, 8, &it.packet(2), &[]);
        let (_, all) = read_all(&it.file).unwrap();
        let lengths: Vec<_> = all.iter().map(|packet| packet.messages.len()).collect();
        assert_eq!(lengths, [kept - 16, 20]);
        assert_eq!(all[0].time, Duration::ZERO);
    }
}

#[test]
fn an_option_of_a_wrong_length_is_said_and_the_rest_is_read() {
    let mut it = Generator::new(Endian::Little);
    let options = [
        (6, vec![1]),
        text(2, "nlmon0"),
        (9, vec![9, 0]),
        (10, vec![0; 8]),
    ];
    it.interface(NETLINK, SNAP, &options);
    it.enhanced(0, 9, &it.packet(1), &[(2, vec![1])]);
    it.statistics(0, &[(5, vec![0; 4]), (7, it.long(2))]);
    let (packets, about) = summary(&it);
    // Of the resolution nothing is known.
    assert_eq!(packets, [(1, 9000)]);
    assert_eq!(
        (about.link.as_deref(), about.dropped),
        (Some("nlmon0"), Some(2))
    );
    assert_eq!(
        lines(&about),
        [
            "ignored the option if_MACaddr at byte 44: 1 byte, not 6",
            "ignored the option if_tsresol at byte 64: 2 bytes, not 1",
            "ignored the option if_tzone at byte 72: 8 bytes, not 4",
            "ignored the option epb_flags at byte 156: 1 byte, not 4",
            "ignored the option isb_ifdrop at byte 192: 4 bytes, not 8",
        ]
    );
}

#[test]
fn an_option_longer_than_its_block_is_said_and_the_rest_is_read() {
    let mut it = Generator::new(Endian::Little);
    it.interface(NETLINK, SNAP, &[text(2, "nlmon0")]);
    let packet = it.packet(1);
    it.enhanced(0, 9, &packet, &[text(1, "x")]);
    let at = it.file.len() - 16;
    it.file[at + 2] = 200;
    it.enhanced(0, 10, &packet, &[]);
    let (packets, about) = summary(&it);
    assert_eq!(packets, [(1, 9000), (1, 10_000)]);
    let line = format!("ignored the option 1 at byte {at}: 200 bytes, longer than its block");
    assert_eq!(lines(&about), [line]);
}

#[test]
fn packets_that_cannot_be_read_are_said_and_the_next_one_is_read() {
    let mut it = Generator::new(Endian::Big);
    it.interface(NETLINK, SNAP, &[]);
    it.enhanced(0, 1, &it.packet(1)[..15], &[(4, it.long(2))]);
    it.enhanced(3, 2, &it.packet(2), &[]);
    it.simple(100, &it.packet(3));
    it.enhanced(0, 4, &it.packet(4), &[]);
    it.enhanced(0, 5, &it.packet(5), &[]);
    let (packets, about) = summary(&it);
    assert_eq!(packets, [(4, 4000), (5, 5000)]);
    // Each keeps its number in the file.
    let mut skipped = Vec::new();
    read(&it.file[..], &mut |packet| skipped.push(packet.skipped)).unwrap();
    assert_eq!(skipped, [3, 3]);
    assert_eq!(about.dropped, Some(2));
    assert_eq!(
        lines(&about),
        [
            "skipped the packet at byte 48: shorter than its cooked header",
            "skipped the packet at byte 112: no interface 3",
            "skipped the packet at byte 180: longer than its block",
        ]
    );
}

#[test]
fn packets_of_other_link_types_are_counted_and_the_others_are_read() {
    let mut it = Generator::new(Endian::Little);
    it.interface(ETHERNET, SNAP, &[text(2, "lo"), text(12, "no")]);
    it.interface(NETLINK, SNAP, &[text(2, "nlmon0")]);
    for number in 1..=6 {
        it.enhanced(0, 0, &[0; 60], &[(4, it.long(1))]);
        it.enhanced(0, 0, &[0; 61], &[]);
        it.enhanced(1, number, &it.packet(number as u32), &[]);
    }
    it.statistics(0, &[(5, it.long(4))]);
    let (packets, about) = summary(&it);
    assert_eq!(packets.len(), 6);
    assert_eq!(
        lines(&about),
        ["skipped 12 packets of link type 1 (EN10MB)"]
    );
    // Those that the other interface lost are no messages.
    assert_eq!(about.dropped, None);
    assert_eq!(
        (about.link.as_deref(), about.system),
        (Some("nlmon0"), None)
    );
}

#[test]
fn a_file_without_netlink_is_an_error_that_names_its_link_types() {
    let error = |it: &Generator| match read_all(&it.file) {
        Err(error @ ReadError::NoNetlink(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let mut it = Generator::new(Endian::Little);
    assert_eq!(
        read_all(&it.file).unwrap().1,
        [],
        "a file without an interface is empty"
    );
    it.interface(ETHERNET, SNAP, &[]);
    assert_eq!(error(&it), "no netlink messages, but link type 1 (EN10MB)");
    it.interface(105, SNAP, &[]);
    it.enhanced(0, 0, &[0; 60], &[]);
    assert_eq!(
        error(&it),
        "no netlink messages, but link types 1 (EN10MB), 105 (IEEE802_11)"
    );
    it.interface(NETLINK, SNAP, &[]);
    let (about, _) = read_all(&it.file).unwrap();
    assert_eq!(lines(&about), ["skipped 1 packet of link type 1 (EN10MB)"]);
}

#[test]
fn packets_of_all_interfaces_are_of_netlink_by_their_hardware_type() {
    let mut it = Generator::new(Endian::Little);
    it.interface(113, SNAP, &[text(2, "any")]);
    it.interface(276, SNAP, &[]);
    let packet = it.packet(1);
    // Protocol, reserved, interface, hardware type, packet type, address.
    let sll2 = [
        vec![0, 16, 0, 0, 0, 0, 0, 3, 3, 0x38, 4, 0],
        vec![0; 8],
        packet[16..].to_vec(),
    ]
    .concat();
    let (mut ethernet, mut ethernet2) = (packet.clone(), sll2.clone());
    (ethernet[2..4]).copy_from_slice(&[0, 1]);
    (ethernet2[8..10]).copy_from_slice(&[0, 1]);
    it.enhanced(0, 1, &ethernet, &[]);
    it.enhanced(1, 1, &ethernet2, &[]);
    let error = read_all(&it.file).unwrap_err().to_string();
    assert_eq!(
        error,
        "no netlink messages, but link types 113 (LINUX_SLL), 276 (LINUX_SLL2)"
    );
    it.enhanced(0, 1, &packet, &[]);
    it.enhanced(1, 2, &sll2, &[]);
    let (about, all) = read_all(&it.file).unwrap();
    let protocols: Vec<_> = all
        .iter()
        .map(|it| (it.protocol, it.messages.len()))
        .collect();
    assert_eq!(protocols, [(16, 20), (16, 20)]);
    assert_eq!(
        lines(&about),
        ["skipped 1 packet of link type 113 (LINUX_SLL), 1 packet of link type 276 (LINUX_SLL2)"]
    );
}

#[test]
fn a_text_that_is_not_utf_8_is_shown_as_far_as_it_is() {
    let mut it = Generator::new(Endian::Little);
    it.interface(
        NETLINK,
        SNAP,
        &[(2, b"nl\xffmon".to_vec()), (3, vec![0xff])],
    );
    it.enhanced(0, 1, &it.packet(1), &[(1, vec![0xff])]);
    let (packets, about) = summary(&it);
    assert_eq!(
        (packets.len(), about.link.as_deref()),
        (1, Some("nl\u{fffd}mon"))
    );
    assert_eq!(lines(&about), [""; 0]);
}

#[test]
fn lost_packets_are_those_of_the_statistics_or_else_those_that_packets_say() {
    let mut it = Generator::new(Endian::Big);
    it.interface(NETLINK, SNAP, &[]);
    it.enhanced(0, 1, &it.packet(1), &[]);
    assert_eq!(summary(&it).1.dropped, None);
    it.enhanced(0, 2, &it.packet(2), &[(4, it.long(3))]);
    it.enhanced(0, 3, &it.packet(3), &[(4, it.long(4))]);
    assert_eq!(summary(&it).1.dropped, Some(7));
    it.obsolete((0, 2), 3, &it.packet(4), &[]);
    it.obsolete((0, 0xffff), 3, &it.packet(5), &[]);
    assert_eq!(summary(&it).1.dropped, Some(9));
    // That says nothing of losses.
    it.statistics(0, &[(4, it.long(100))]);
    assert_eq!(summary(&it).1.dropped, Some(9));
    it.statistics(0, &[(5, it.long(8)), (7, it.long(2))]);
    assert_eq!(summary(&it).1.dropped, Some(10));
    // Another section has another interface 0.
    it.section(Endian::Big, &[]);
    it.interface(NETLINK, SNAP, &[]);
    it.enhanced(0, 3, &it.packet(6), &[(4, it.long(5))]);
    assert_eq!(summary(&it).1.dropped, Some(15));
}

#[test]
fn the_kernel_is_that_of_the_interface_before_that_of_the_section() {
    let mut it = Generator::new(Endian::Little);
    it.section(
        Endian::Little,
        &[text(3, "Linux merged"), text(4, "Mergecap 4.0")],
    );
    it.interface(NETLINK, SNAP, &[]);
    assert_eq!(summary(&it).1.system.as_deref(), Some("Linux merged"));
    it.interface(NETLINK, SNAP, &[text(12, "Linux recorded")]);
    it.section(Endian::Little, &[text(3, "Linux other")]);
    assert_eq!(summary(&it).1.system.as_deref(), Some("Linux recorded"));
}

#[test]
fn a_block_of_wrong_length_and_a_section_of_another_version_are_damage() {
    let error = |it: &Generator| read_all(&it.file).unwrap_err().to_string();
    for (kind, shortest) in [(1, 20), (2, 32), (3, 16), (5, 24), (6, 32)] {
        let mut it = Generator::new(Endian::Little);
        it.block(kind, &vec![0; shortest - 16]);
        let expected = format!("damaged at byte 28: block length {}", shortest - 4);
        assert_eq!(error(&it), expected);
        let mut it = Generator::new(Endian::Little);
        it.block(kind, &[0; 32]);
        *it.file.last_mut().unwrap() ^= 1;
        assert_eq!(
            error(&it),
            "damaged at byte 28: its two block lengths differ"
        );
    }
    let mut it = Generator::new(Endian::Big);
    it.file[13] = 2;
    assert_eq!(error(&it), "damaged at byte 0: version 2 of pcapng");
    it.file[8] = 0;
    assert_eq!(
        error(&it),
        "damaged at byte 0: a section without a byte-order magic"
    );
}

#[test]
fn a_section_of_more_interfaces_than_there_are_is_damage() {
    let mut it = Generator::new(Endian::Little);
    for _ in 0..=1 << 16 {
        it.interface(NETLINK, SNAP, &[]);
    }
    let error = read_all(&it.file).unwrap_err().to_string();
    assert_eq!(error, "damaged at byte 1310748: more than 65536 interfaces");
}
