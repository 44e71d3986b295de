// SPDX-License-Identifier: GPL-2.0-or-later
//! What is written is what is read, by us and by Wireshark's programs.

mod formats;
mod generator;
mod pcapng;

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use ynl::decode::Endian;

use super::reader::{FileInfo, ReadError, read};
use super::sample::{
    START, counters, frame, interface, ip_link, message, nl_user, origin, recording,
};
use super::writer::{Counters, Note, Origin, Writer};
use super::{SNAP_LENGTH, cooked};
use crate::messages::process::Process;

/// A packet as it was read.
#[derive(Debug, PartialEq)]
struct ReadPacket {
    time: Duration,
    protocol: u16,
    messages: Vec<u8>,
    added: bool,
}

fn read_all(file: &[u8]) -> Result<(FileInfo, Vec<ReadPacket>), ReadError> {
    let mut all = Vec::new();
    let about = read(file, &mut |packet| {
        all.push(ReadPacket {
            time: packet.time,
            protocol: packet.protocol,
            messages: packet.messages.to_vec(),
            added: packet.added,
        });
    })?;
    Ok((about, all))
}

/// Runs one of Wireshark's programs on a file and returns what it printed; any
/// word on standard error is a failure.
fn run(program: &str, arguments: &[&str], file: &[u8]) -> String {
    let mut path = tempfile::Builder::new()
        .suffix(".pcapng")
        .tempfile()
        .unwrap();
    path.write_all(file).unwrap();
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .args(arguments)
        .arg(path.path())
        .env("HOME", home.path())
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr).replace(ROOT_WARNING, "");
    assert!(
        output.status.success() && errors.trim().is_empty(),
        "{program}: {errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What tshark says to every root.
const ROOT_WARNING: &str = "Running as user \"root\" and group \"root\". This could be dangerous.";

#[test]
fn what_is_written_is_read_again() {
    let conversation = ip_link();
    let counters = Counters {
        received: 9,
        dropped: 2,
    };
    let (about, all) = read_all(&recording("ip link show", &conversation, counters)).unwrap();
    assert_eq!(about.command.as_deref(), Some("ip link show"));
    assert_eq!(about.dropped, Some(2));
    assert!(all[0].added, "the families come first");
    let expected: Vec<_> = (1..)
        .zip(&conversation)
        .map(|(number, (protocol, messages))| ReadPacket {
            time: START + Duration::from_nanos(1_000_001) * number,
            protocol: *protocol,
            messages: messages.clone(),
            added: false,
        })
        .collect();
    assert_eq!(all[1..], expected);
}

#[test]
fn capinfos_finds_all_that_the_file_says_about_itself() {
    let conversation = nl_user(0);
    let counters = Counters {
        received: 7,
        dropped: 3,
    };
    let info = run(
        "capinfos",
        &[],
        &recording("nl_user show 'a b'", &conversation, counters),
    );
    for line in [
        "Capture hardware:    x86_64",
        "Capture oper-sys:    Linux 6.12.117",
        concat!("Capture application: nlcap ", env!("CARGO_PKG_VERSION")),
        "Capture comment:     nl_user show 'a b'",
        "Name = nlcap812",
        "Encapsulation = Linux Netlink",
        "Capture length = 262144",
        "Time precision = nanoseconds (9)",
        "Number of stat entries = 1",
        "Number of packets = 5",
        "First packet time:   2026-01-02 03:04:05.000000000",
        "Last packet time:    2026-01-02 03:04:05.004000004",
    ] {
        assert!(info.contains(line), "{line}\nis missing in\n{info}");
    }
}

#[test]
fn tshark_sees_what_was_added_its_direction_and_the_family() {
    let fields = "frame.packet_flags_direction frame.comment netlink.hatype netlink.family";
    let mut arguments = vec!["-n", "-T", "fields", "-E", "separator=|"];
    arguments.extend(fields.split(' ').flat_map(|field| ["-e", field]));
    arguments.push("-r");
    let conversation = nl_user(0);
    let file = recording("nl_user show", &conversation, counters(&conversation));
    let lines = run("tshark", &arguments, &file);
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines[0], "0x00000001|added by nlcap|824|0x0010");
    assert_eq!(lines[1..], ["||824|0x0010"; 4]);

    let tree = run("tshark", &["-n", "-V", "-r"], &file);
    assert!(tree.contains("Family ID: 0x24 (nl_util)"), "{tree}");
    assert!(!tree.contains("Malformed"), "{tree}");
}

#[test]
fn statistics_and_their_time_are_read_by_tshark() {
    let conversation = nl_user(0);
    let file = recording(
        "nl_user show",
        &conversation,
        Counters {
            received: 7,
            dropped: 3,
        },
    );
    // Two words of the time, high first, then the options 4 and 5.
    let words: Vec<u32> = file[file.len() - 52..]
        .chunks(4)
        .map(|word| u32::from_ne_bytes(word.try_into().unwrap()))
        .collect();
    let nanoseconds = (START + Duration::from_secs(1)).as_nanos() as u64;
    assert_eq!(words[..3], [5, 52, 0], "a block of statistics");
    assert_eq!(
        words[3..5],
        [(nanoseconds >> 32) as u32, nanoseconds as u32]
    );
}

#[test]
fn a_redacted_file_says_so_in_a_comment_of_its_section() {
    for redacted in [true, false] {
        let origin = Origin {
            redacted,
            ..origin("x")
        };
        let mut writer = Writer::new(Vec::new(), &origin).unwrap();
        writer.interface(&interface()).unwrap();
        writer.finish(START, &[Counters::default()]).unwrap();
        let file = writer.output().clone();
        // Code and length of the option, and its text.
        let comment = [&1_u16.to_ne_bytes()[..], &8_u16.to_ne_bytes(), b"redacted"].concat();
        assert_eq!(file.windows(12).any(|it| it == comment), redacted);
        let (about, _) = read_all(&file).unwrap();
        assert_eq!(about.command.as_deref(), Some("x"));
    }
}

#[test]
fn a_frame_longer_than_the_snap_length_is_cut_and_wireshark_goes_on() {
    let long = message(0x24, 0, 1, &vec![0xab; SNAP_LENGTH as usize + 100]);
    let short = message(3, 2, 1, &[0; 4]);
    let mut writer = Writer::new(Vec::new(), &origin("x")).unwrap();
    writer.interface(&interface()).unwrap();
    writer
        .frame(&frame(0, 16, &long), &Note::default())
        .unwrap();
    writer
        .frame(&frame(1, 16, &short), &Note::default())
        .unwrap();
    writer.finish(START, &[Counters::default()]).unwrap();
    let file = writer.output().clone();

    let (_, all) = read_all(&file).unwrap();
    assert_eq!(all[0].messages.len(), SNAP_LENGTH as usize - cooked::LENGTH);
    let fields = [
        "-n",
        "-T",
        "fields",
        "-e",
        "frame.cap_len",
        "-e",
        "frame.len",
        "-r",
    ];
    let lengths = run("tshark", &fields, &file);
    let whole = long.len() + cooked::LENGTH;
    assert_eq!(lengths, format!("{SNAP_LENGTH}\t{whole}\n36\t36\n"));
}

#[test]
fn a_command_line_too_long_for_an_option_is_cut() {
    let command = "é".repeat(70_000);
    let file = recording(&command, &[], Counters::default());
    let (about, _) = read_all(&file).unwrap();
    let kept = about.command.unwrap();
    assert!(
        kept.ends_with("é …") && kept.len() > 64_000,
        "{}",
        kept.len()
    );
    run("capinfos", &[], &file);
}

/// A pcap file of tcpdump with one packet.
fn pcap(magic: u32, link_type: u32, fraction: u32) -> Vec<u8> {
    let messages = message(16, 1, 1, &[3, 1, 0, 0]);
    let mut packet = vec![0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16];
    packet.extend(messages);
    let length = packet.len() as u32;
    let words = [
        magic,
        0x0004_0002,
        0,
        0,
        262_144,
        link_type,
        7,
        fraction,
        length,
        length,
    ];
    let mut file: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    file.extend(packet);
    file
}

#[test]
fn pcap_of_either_resolution_is_read() {
    for (magic, fraction, nanoseconds) in [(0xa1b2_c3d4, 9, 9000), (0xa1b2_3c4d, 9, 9)] {
        let (about, all) = read_all(&pcap(magic, 253, fraction)).unwrap();
        assert_eq!((&about.application, about.dropped), (&None, None));
        assert_eq!(about.remarks.lines(), [""; 0]);
        assert_eq!(all[0].time, Duration::new(7, nanoseconds));
        assert_eq!((all[0].protocol, all[0].messages.len()), (16, 20));
    }
}

#[test]
fn times_are_scaled_by_the_resolution_that_editcap_leaves() {
    let conversation = nl_user(0);
    let file = recording("nl_user show", &conversation, counters(&conversation));
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.pcapng"), folder.path().join("b.pcap"));
    std::fs::write(&from, &file).unwrap();
    // Classic pcap has microseconds.
    let done = Command::new("editcap")
        .args(["-F", "pcap"])
        .args([&from, &to])
        .status();
    assert!(done.expect("editcap").success());
    let (_, micro) = read_all(&std::fs::read(&to).unwrap()).unwrap();
    let (_, nano) = read_all(&file).unwrap();
    let cut = |time: Duration| Duration::from_micros(time.as_micros() as u64);
    assert_eq!(micro.len(), nano.len());
    for (micro, nano) in micro.iter().zip(&nano) {
        assert_eq!(
            (micro.time, &micro.messages),
            (cut(nano.time), &nano.messages)
        );
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let conversation = nl_user(0);
    let file = recording("x", &conversation, counters(&conversation));
    let error = |file: &[u8]| read_all(file).unwrap_err().to_string();
    let cut = file.len() - 60;
    assert_eq!(error(&file[..cut]), format!("truncated at byte {cut}"));
    let mut damaged = file.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let at = file.len() - 52;
    let expected = format!("damaged at byte {at}: its two block lengths differ");
    assert_eq!(error(&damaged), expected);
}

/// A request of 20 bytes to the controller in a big-endian machine's order.
const BIG_ENDIAN: [u8; 36] = [
    0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, // cooked header
    0, 0, 0, 20, 0, 16, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 3, 1, 0, 0,
];

/// A pcap file of that machine, and a pcapng file of it with a process and a
/// comment that is not UTF-8.
fn of_a_big_endian_machine() -> [Vec<u8>; 2] {
    let bytes =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|it| it.to_be_bytes()).collect() };
    let pcap = bytes(&[0xa1b2_3c4d, 0x0002_0004, 0, 0, 262_144, 253, 7, 8, 36, 36]);
    let mut pcapng = bytes(&[
        0x0a0d_0d0a,
        28,
        0x1a2b_3c4d,
        0x0001_0000,
        u32::MAX,
        u32::MAX,
        28, // section
        1,
        20,
        253 << 16,
        0,
        20, // interface
        6,
        104,
        0,
        0,
        7_000_000,
        36,
        36, // packet
    ]);
    pcapng.extend(BIG_ENDIAN);
    pcapng.extend(bytes(&[0x0002_0004, 2, 0x0008_0008, 812, 813, 0x0001_0006]));
    pcapng.extend(b"pid=\xff1\0\0");
    pcapng.extend(bytes(&[0, 104]));
    [[pcap, BIG_ENDIAN.to_vec()].concat(), pcapng]
}

#[test]
fn a_file_of_a_big_endian_machine_is_read_as_it_was_meant() {
    let [pcap, pcapng] = of_a_big_endian_machine();
    let mut seen = Vec::new();
    for file in [&pcap, &pcapng] {
        let about = read(&file[..], &mut |packet| {
            assert_eq!((packet.endian, packet.messages.len()), (Endian::Big, 20));
            seen.push((packet.time, packet.sent, packet.process.clone()));
        });
        about.unwrap();
    }
    // The comment names none.
    let process = Process {
        pid: 812,
        tid: Some(813),
        ..Process::default()
    };
    assert_eq!(
        seen,
        [
            (Duration::new(7, 8), None, None),
            (Duration::from_secs(7), Some(true), Some(process)),
        ]
    );
}

#[test]
fn a_file_that_another_machine_wrote_anew_is_known_by_its_messages() {
    let mut file: Vec<u8> = [
        0xa1b2_c3d4_u32,
        0x0004_0002,
        0,
        0,
        262_144,
        253,
        7,
        8,
        36,
        36,
    ]
    .iter()
    .flat_map(|it| it.to_le_bytes())
    .collect();
    file.extend(BIG_ENDIAN);
    let mut orders = Vec::new();
    read(&file[..], &mut |packet| orders.push(packet.endian)).unwrap();
    assert_eq!(orders, [Endian::Big]);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_all(&bytes);
        for start in [&b"\x0a\x0d\x0d\x0a"[..], &0xa1b2_c3d4_u32.to_ne_bytes()] {
            let _ = read_all(&[start, &bytes].concat());
        }
    }

    #[test]
    fn no_change_of_a_recording_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let conversation = ip_link();
        let mut file = recording("ip link", &conversation, counters(&conversation));
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = read_all(&file);
        let _ = read_all(&file[..end.index(file.len())]);
    }
}
