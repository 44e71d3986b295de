// SPDX-License-Identifier: GPL-2.0-or-later
//! Files that are not pcapng: compressed ones, forms of pcap, what rtmon writes, and what is
//! no capture at all.

use std::io::{self, Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use lz4_flex::frame::{FrameEncoder, FrameInfo};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use ynl::decode::Endian;

use super::generator::Generator;
use super::{BIG_ENDIAN, pcap, read_all};
use crate::file::reader::read;
use crate::file::sample::{counters, ip_link, message, recording};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = FrameInfo::new().content_checksum(true);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A compressor, and what its format is called.
type Compressor = (fn(&[u8]) -> Vec<u8>, &'static str);

const COMPRESSORS: [Compressor; 3] = [(gzip, "gzip"), (zstd, "zstd"), (lz4, "lz4")];

fn recorded() -> Vec<u8> {
    let conversation = ip_link();
    recording("ip link show", &conversation, counters(&conversation))
}

fn error(file: &[u8]) -> String {
    read_all(file).unwrap_err().to_string()
}

#[test]
fn compressed_files_are_read_in_one_piece_and_in_several() {
    let file = recorded();
    let whole = read_all(&file).unwrap();
    let (one, other) = file.split_at(file.len() / 2);
    for (compress, name) in COMPRESSORS {
        assert_eq!(read_all(&compress(&file)).unwrap(), whole, "{name}");
        let pieces = [compress(one), compress(b""), compress(other)].concat();
        assert_eq!(read_all(&pieces).unwrap(), whole, "{name}");
    }
    // A frame of zstd that holds no data, as pzstd writes.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5];
    let pieces = [&zstd(one)[..], &skipped, &zstd(other)].concat();
    assert_eq!(read_all(&pieces).unwrap(), whole);
}

#[test]
fn a_compressed_file_that_is_cut_or_damaged_is_read_up_to_there_and_named() {
    let file = recorded();
    for (compress, name) in COMPRESSORS {
        let compressed = compress(&file);
        assert_eq!(
            error(&compressed[..compressed.len() - 20]),
            format!("truncated {name} data")
        );
        let mut damaged = compressed.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].fill(0xff);
        let damaged = error(&damaged);
        let expected = format!("damaged {name} data: ");
        assert!(
            damaged.starts_with(&expected) || damaged.starts_with("damaged at byte"),
            "{damaged}"
        );
        assert_eq!(
            error(&compress(b"a text")),
            "a text file: not a capture file (pcapng, pcap or rtmon)"
        );
    }
    // Half of a file is in a piece that is whole.
    let mut packets = 0;
    let pieces = [gzip(&file), gzip(&file)[..30].to_vec()].concat();
    let end = read(&pieces[..], &mut |_| packets += 1);
    assert_eq!(
        (end.unwrap_err().to_string(), packets),
        (String::from("truncated gzip data"), 7)
    );
}

/// A file that is one block of zeros without end.
struct Bomb(u64);

impl Read for Bomb {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (self.0 as usize).min(buffer.len());
        buffer[..length].fill(0);
        self.0 -= length as u64;
        Ok(length)
    }
}

#[test]
fn a_file_that_becomes_much_longer_is_read_piece_by_piece() {
    let mut it = Generator::new(Endian::Little);
    // A block of 64 MiB that is skipped.
    let length: u32 = 1 << 26;
    it.file
        .extend([it.word(0x8000_0001), it.word(length)].concat());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&it.file).unwrap();
    io::copy(&mut Bomb(u64::from(length) - 8), &mut encoder).unwrap();
    let file = encoder.finish().unwrap();
    assert!(file.len() < 1 << 20);
    assert_eq!(read_all(&file).unwrap().1, []);
}

#[test]
fn pcap_with_kuznetzovs_header_is_read() {
    for (order, endian) in [(0, Endian::Little), (1, Endian::Big)] {
        let word = |it: u32| {
            if order == 0 {
                it.to_le_bytes()
            } else {
                it.to_be_bytes()
            }
        };
        let mut file = Vec::new();
        let halves = if order == 0 { 0x0004_0002 } else { 0x0002_0004 };
        for it in [0xa1b2_cd34, halves, 0, 0, 262_144, 253] {
            file.extend(word(it));
        }
        for seconds in [7, 8] {
            // The last two are the interface, and its protocol and packet type.
            for it in [seconds, 9, 36, 36, 3, 0] {
                file.extend(word(it));
            }
            file.extend(BIG_ENDIAN);
        }
        let (_, all) = read_all(&file).unwrap();
        let times: Vec<_> = all.iter().map(|it| it.time).collect();
        assert_eq!(
            times,
            [Duration::new(7, 9000), Duration::new(8, 9000)],
            "{endian:?}"
        );
        assert_eq!(all[1].messages, BIG_ENDIAN[16..]);
    }
}

#[test]
fn a_packet_of_pcap_shorter_than_its_header_is_said_and_the_next_one_is_read() {
    let mut file = pcap(0xa1b2_c3d4, 253, 0);
    let packet = file[24..].to_vec();
    file[32..36].copy_from_slice(&15_u32.to_ne_bytes());
    file.truncate(24 + 16 + 15);
    file.extend(packet);
    let (about, all) = read_all(&file).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        about.remarks.lines(),
        ["skipped the packet at byte 24: shorter than its cooked header"]
    );
}

#[test]
fn pcap_of_all_interfaces_is_read_and_of_another_link_type_is_an_error() {
    assert_eq!(read_all(&pcap(0xa1b2_c3d4, 113, 0)).unwrap().1.len(), 1);
    let mut other = pcap(0xa1b2_c3d4, 113, 0);
    other[43] = 1;
    let expected = "no netlink messages, but link type 113 (LINUX_SLL)";
    assert_eq!(error(&other), expected);
    let other = pcap(0xa1b2_c3d4, 1, 0);
    let expected = "no netlink messages, but link type 1 (EN10MB)";
    assert_eq!(error(&other), expected);
    // Without a packet, too.
    assert_eq!(error(&other[..24]), expected);
    assert_eq!(read_all(&pcap(0xa1b2_c3d4, 253, 0)[..24]).unwrap().1, []);
}

/// A netlink message in that byte order, padded.
fn in_order(endian: Endian, kind: u16, payload: &[u8]) -> Vec<u8> {
    let it = Generator::new(endian);
    let head = [
        it.word(16 + payload.len() as u32),
        it.half(kind),
        it.half(2),
    ];
    let mut bytes = head.concat();
    bytes.extend([it.word(5), it.word(812)].concat());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn a_file_of_rtmon_is_rtnetlink_with_the_times_before_its_messages() {
    for endian in [Endian::Little, Endian::Big] {
        let it = Generator::new(endian);
        let time = |seconds: u32, micros: u32| {
            in_order(endian, 15, &[it.word(seconds), it.word(micros)].concat())
        };
        let link = in_order(endian, 16, &[0; 16]);
        let odd = in_order(endian, 24, &[0; 13]);
        let file = [&time(7, 8)[..], &link, &odd, &time(9, 10), &link].concat();
        let mut seen = Vec::new();
        let about = read(&file[..], &mut |packet| {
            assert_eq!((packet.protocol, packet.endian), (0, endian));
            assert_eq!(packet.sent, Some(false));
            seen.push((packet.time, packet.messages.len()));
        });
        assert_eq!(about.unwrap().remarks.lines(), [""; 0]);
        let (first, last) = (Duration::new(7, 8000), Duration::new(9, 10_000));
        assert_eq!(seen, [(first, 32), (first, 29), (last, 32)]);
        let cut = file.len() - 3;
        assert_eq!(error(&file[..cut]), format!("truncated at byte {cut}"));
        let damaged = [&time(7, 8)[..], &it.word(15), &[0; 12]].concat();
        assert_eq!(error(&damaged), "damaged at byte 24: message length 15");
    }
    assert_eq!(
        error(&message(16, 1, 1, &[0; 8])),
        "not a capture file (pcapng, pcap or rtmon)"
    );
}

#[test]
fn what_is_no_capture_is_named() {
    for (file, name) in [
        (
            &b""[..],
            "an empty file: not a capture file (pcapng, pcap or rtmon)",
        ),
        (
            b"#!",
            "a text file: not a capture file (pcapng, pcap or rtmon)",
        ),
        (b"\x18\0\0\0", "not a capture file (pcapng, pcap or rtmon)"),
        (
            b"snoop\0\0\0\0\0\0\x02",
            "a snoop capture: convert it to pcapng with editcap",
        ),
    ] {
        assert_eq!(error(file), name);
    }
}

proptest! {
    #[test]
    fn no_change_of_a_compressed_file_makes_the_reader_panic(
        which in 0_usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = COMPRESSORS[which].0(&recorded());
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = read_all(&file);
        let _ = read_all(&file[..end.index(file.len())]);
    }
}
