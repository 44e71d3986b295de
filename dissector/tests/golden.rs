// SPDX-License-Identifier: GPL-2.0-or-later
//! What the real tshark shows with our plugin: of the recordings in
//! captures/samples/, and of messages that no kernel sends.
//!
//! `BLESS=1` (`cargo xtask test --bless`) writes the golden trees anew.

mod common;

use common::{CONTROLLER, FAMILY, attr, cooked, genl, netlink};
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// tshark with nl_util's plugin.
fn tshark(file: &Path, args: &[&str]) -> String {
    tshark_with(&root().join("dissector/nl_util.lua"), file, args)
}

/// tshark with a plugin, without the caller's own settings.
fn tshark_with(plugin: &Path, file: &Path, args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let out = Command::new("tshark")
        .args(["-n", "-X"])
        .arg(format!("lua_script:{}", plugin.display()))
        .arg("-r")
        .arg(file)
        .args(args)
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .expect("tshark runs (`cargo xtask setup` installs it)");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && !error.contains("Lua"), "{error}");
    String::from_utf8(out.stdout).unwrap()
}

/// The summary of every generic netlink frame, and the trees of our messages:
/// what does not depend on when and where the file was made.
fn shown(file: &Path) -> String {
    let columns = [
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.col.Protocol",
        "-e",
        "_ws.col.Info",
    ];
    let ours = ["-Y", "nl_util || nlmsg.family == \"nl_util\""];
    let mut text = tshark(file, &[&ours[..], &columns].concat());
    text.push('\n');
    let mut inside = false;
    // Read twice, so that a request knows its answer.
    let trees = ["-2", "-O", "nl_util,nlmsg"];
    for line in tshark(file, &[&ours[..], &trees].concat()).lines() {
        if !line.starts_with(' ') {
            inside = line.starts_with("nl_util: ") || line == "[Netlink exchange]";
        }
        if inside && !line.contains("[Time since request: ") {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text.trim_end().to_owned() + "\n"
}

fn compare(name: &str, text: &str) {
    let golden = root().join(format!("dissector/tests/golden/{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        return fs::write(golden, text).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_else(|err| {
        panic!(
            "{}: {err}; `cargo xtask test --bless` makes it",
            golden.display()
        )
    });
    let differs = expected
        .lines()
        .zip(text.lines())
        .position(|(old, new)| old != new);
    assert!(
        expected == text,
        "{name}: line {} differs; `cargo xtask test --bless`, then read the diff\n{text}",
        differs.unwrap_or(expected.lines().count()) + 1
    );
}

#[test]
fn samples_are_shown_as_before() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("captures/samples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|it| it == "pcapng") && name.starts_with("nl_user") {
            compare(&name, &shown(&path));
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen} samples");
}

fn message(kind: u16, flags: u16, command: u8, attributes: &[u8]) -> Vec<u8> {
    netlink(kind, flags, 7, 0x32c, &genl(command, attributes))
}

/// A pcap file of LINKTYPE_NETLINK whose first frame names the family; `cut` is
/// the snap length.
fn capture(file: &mut impl Write, frames: &[Vec<u8>], cut: usize) {
    let words: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x4_0000, 253];
    file.write_all(&words.map(u32::to_le_bytes).concat())
        .unwrap();
    let name = [attr(2, b"nl_util\0"), attr(1, &FAMILY.to_le_bytes())].concat();
    let naming = message(CONTROLLER, 0, 1, &name);
    for frame in std::iter::once(&naming).chain(frames) {
        let bytes = cooked(16, frame);
        let kept = bytes.len().min(cut);
        let head = [
            0,
            0,
            u32::try_from(kept).unwrap(),
            u32::try_from(bytes.len()).unwrap(),
        ];
        file.write_all(&head.map(u32::to_le_bytes).concat())
            .unwrap();
        file.write_all(&bytes[..kept]).unwrap();
    }
}

fn odd_messages() -> Vec<Vec<u8>> {
    let ours = |attributes: &[u8]| message(FAMILY, 0, 1, attributes);
    let netdev = |attributes: &[u8]| ours(&attr(1, attributes));
    vec![
        // No attribute; an empty nest; a nest with the two flags.
        ours(&[]),
        ours(&attr(1, &[])),
        message(FAMILY, 5, 2, &attr(0xc001, &attr(1, &[2, 0, 0, 0]))),
        // A length past the end, one too small, bytes left over.
        ours(&[200, 0, 1, 0, 1, 2, 3, 4]),
        ours(&[3, 0, 1, 0]),
        netdev(&[attr(1, &[2, 0, 0, 0]), vec![9, 9]].concat()),
        // Wrong lengths of a number, an address, a text without its NUL.
        netdev(&attr(1, &[1, 2])),
        netdev(&attr(9, &[1, 2, 3])),
        netdev(&attr(2, b"eth0")),
        netdev(&attr(2, b"")),
        // A name that is not meant for eyes.
        netdev(&attr(2, b"\x1b[31m<b>\xff\0")),
        // Numbers that the specification does not have.
        netdev(&attr(44, &[1, 2, 3])),
        message(FAMILY, 0, 9, &[]),
        // Counters of an older and of a newer kernel.
        netdev(&attr(7, &[1; 20])),
        netdev(&attr(7, &[1; 208])),
        // Two messages in one frame.
        [netdev(&attr(2, b"eth0\0")), netdev(&attr(2, b"eth1\0"))].concat(),
        // A state and flags without names.
        netdev(&[attr(5, &[9, 0, 0, 0]), attr(3, &[0, 0, 0, 0x80])].concat()),
    ]
}

#[test]
fn odd_and_damaged_messages_become_expert_items() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &odd_messages(), usize::MAX);
    let text = shown(file.path());
    assert!(!text.contains("The dissector failed"), "{text}");
    compare("odd", &text);
}

#[test]
fn a_frame_cut_anywhere_is_shown_without_a_fault() {
    let whole = attr(
        1,
        &[
            attr(1, &[2, 0, 0, 0]),
            attr(2, b"eth0\0"),
            attr(7, &[0; 200]),
        ]
        .concat(),
    );
    for cut in (36..300).step_by(7) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // The naming frame is longer than the shortest cuts: it is never cut.
        capture(&mut file, &[message(FAMILY, 0, 2, &whole)], cut.max(76));
        let text = tshark(file.path(), &["-V"]);
        assert!(
            !text.contains("The dissector failed") && !text.contains("Lua Error"),
            "{cut}: {text}"
        );
    }
}

/// Attributes in one byte order.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn number<const N: usize>(self, little: [u8; N]) -> Vec<u8> {
        let mut bytes = little.to_vec();
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn attr(self, kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 4).unwrap();
        let mut bytes = self.number(length.to_le_bytes());
        bytes.extend(self.number(kind.to_le_bytes()));
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(self, kind: u16, flags: u16, command: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(20 + body.len()).unwrap();
        let mut bytes = self.number(length.to_le_bytes());
        bytes.extend(self.number(kind.to_le_bytes()));
        bytes.extend(self.number(flags.to_le_bytes()));
        bytes.extend(self.number(7u32.to_le_bytes()));
        bytes.extend(self.number(812u32.to_le_bytes()));
        bytes.extend([command, 1, 0, 0]);
        bytes.extend(body);
        bytes
    }

    /// One attribute of each kind in kinds.yaml.
    fn every_kind(self) -> Vec<u8> {
        let u16 = |it: u16| self.number(it.to_le_bytes());
        let u32 = |it: u32| self.number(it.to_le_bytes());
        let u64 = |it: u64| self.number(it.to_le_bytes());
        let nest = |it: &[u8]| self.attr(1, it);
        let outer = [
            u32((-5i32).cast_unsigned()),
            b"eightful".to_vec(),
            vec![0; 2],
            u16(2),
            u32(0x8000_0001),
            vec![1, 2],
            u16(0x102),
            vec![2, 0, 0, 0, 0, 1],
            vec![0xab, 0xcd],
        ];
        let payloads: Vec<(u16, Vec<u8>)> = vec![
            (1, vec![200]),
            (2, u16(50_000)),
            (3, u32(4_000_000_000)),
            (4, u64(u64::MAX)),
            (5, vec![0xff]),
            (6, u16(0xfffe)),
            (7, u32((-3i32).cast_unsigned())),
            (8, u64((-4i64).cast_unsigned())),
            (9, u32(9)),
            (9, u64(1 << 40)),
            (10, u32((-10i32).cast_unsigned())),
            (10, u64((-10i64).cast_unsigned())),
            (11, vec![1, 2]),
            (12, vec![1, 0, 0, 0]),
            (13, u32(2)),
            (14, u32(0x8000_0001)),
            (15, u64(1 << 63 | 1 << 32 | 1)),
            (16, vec![5]),
            (17, b"text\0".to_vec()),
            (18, vec![]),
            (19, vec![1, 2, 3]),
            (19, vec![]),
            (20, vec![2, 0, 0, 0, 0, 1]),
            (21, vec![10, 0, 0, 1]),
            (22, [vec![0xfe, 0x80], vec![0; 13], vec![1]].concat()),
            (23, vec![10, 0, 0, 2]),
            (23, [vec![0xfe, 0x80], vec![0; 13], vec![2]].concat()),
            (23, vec![1; 8]),
            (24, (0..16).collect()),
            (25, outer.concat()),
            (26, [u16(1), u16(2), u16(3)].concat()),
            (27, [u32(1), u32(0x8000_0001)].concat()),
            (28, nest(b"leaf\0")),
            (
                29,
                [
                    self.attr(0, &nest(b"zero\0")),
                    self.attr(1, &nest(b"one\0")),
                ]
                .concat(),
            ),
            (
                30,
                [self.attr(1, &u32(11)), self.attr(2, &u32(22))].concat(),
            ),
            (31, self.attr(7, &self.attr(8, &nest(b"keyed\0")))),
            (
                32,
                [self.attr(3, &u64(33)), self.attr(4, &u64(44))].concat(),
            ),
            (33, vec![0; 4]),
            (34, u32(1)),
            (34, u32(2)),
            (35, u32(0xbeef)),
            (0x4002, vec![1, 2]),
        ];
        let attrs = payloads.iter().flat_map(|(kind, it)| self.attr(*kind, it));
        attrs.collect()
    }
}

/// Every kind of attribute of the specifications, in both byte orders: the trees
/// are the same but for the bytes that have no order.
#[test]
fn every_kind_of_attribute_is_shown_in_either_byte_order() {
    let spec = root().join("dissector/tests/kinds.yaml");
    let family = nl_dissector::model::Family::load(&spec).unwrap();
    let plugin = tempfile::NamedTempFile::with_suffix(".lua").unwrap();
    fs::write(
        plugin.path(),
        nl_dissector::emit::lua::emit(&family).unwrap(),
    )
    .unwrap();
    let trees = [false, true].map(|big| {
        let order = Order { big };
        let name = [
            order.attr(2, b"kinds\0"),
            order.attr(1, &order.number(FAMILY.to_le_bytes())),
        ];
        let header = order.number(5u32.to_le_bytes());
        let frames = [
            order.message(CONTROLLER, 0, 1, &name.concat()),
            order.message(FAMILY, 0, 2, &order.every_kind()),
            order.message(FAMILY, 1, 1, &order.attr(1, &[1])),
            order.message(FAMILY, 1, 2, &[&header[..], &order.attr(1, &[2])].concat()),
            order.message(FAMILY, 0, 4, &order.attr(17, b"told\0")),
            order.message(FAMILY, 1, 2, &header[..2]),
            // A wrong element, one too short to be one, and a nest in a nest in …
            order.message(FAMILY, 0, 2, &order.attr(30, &order.attr(1, &[1]))),
            order.message(FAMILY, 0, 2, &order.attr(31, &[9, 9])),
            order.message(
                FAMILY,
                0,
                2,
                &(0..20).fold(vec![], |it, at| {
                    order.attr(if at % 2 == 0 { 2 } else { 28 }, &it)
                }),
            ),
        ];
        let mut file = tempfile::NamedTempFile::new().unwrap();
        capture(&mut file, &frames, usize::MAX);
        let info = tshark_with(
            plugin.path(),
            file.path(),
            &["-Y", "kinds", "-o", "gui.column.format:\"Info\",\"%i\""],
        );
        let text = tshark_with(plugin.path(), file.path(), &["-Y", "kinds", "-O", "kinds"]);
        let tree = text.lines().filter(|it| !it.starts_with("Frame "));
        assert!(!text.contains("The dissector failed"), "{text}");
        info + &tree
            .map(|it| format!("{}\n", it.trim_end()))
            .collect::<String>()
    });
    compare("kinds", &trees[0]);
    compare("kinds-big", &trees[1]);
}

/// In which frames each name stands in the tree.
fn frames_by_name(file: &Path) -> BTreeMap<String, BTreeSet<u32>> {
    let pdml = tshark(file, &["-T", "pdml"]);
    let mut frames = BTreeMap::<String, BTreeSet<u32>>::new();
    let mut number = 0;
    for line in pdml.lines() {
        if line.trim() == "<packet>" {
            number += 1;
        }
        let name = line
            .split_once(" name=\"")
            .and_then(|(_, it)| it.split_once('"'));
        if let Some((name, _)) = name {
            frames.entry(name.to_owned()).or_default().insert(number);
        }
    }
    frames
}

/// The frames that a filter finds in summary mode, where nobody looks at a tree.
fn found(file: &Path, filter: &str) -> BTreeSet<u32> {
    let text = tshark(
        file,
        &["-Y", filter, "-o", "gui.column.format:\"No.\",\"%m\""],
    );
    text.lines().map(|it| it.trim().parse().unwrap()).collect()
}

#[test]
fn every_field_that_a_tree_shows_is_found_by_its_filter() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let whole = [
        attr(1, &[2, 0, 0, 0]),
        attr(2, b"veth0\0"),
        attr(3, &[3, 0x10, 0, 0]),
        attr(4, &[0xdc, 5, 0, 0]),
        attr(6, &[0xe8, 3, 0, 0]),
        attr(5, &[6, 0, 0, 0]),
        attr(9, &[2, 0, 0, 0, 0, 1]),
        attr(8, &[0xff; 6]),
        attr(7, &[1; 200]),
    ];
    // No interface of a guest has all of these.
    let details = [
        attr(10, &[3, 0, 0, 0]),
        attr(11, &[4, 0, 0, 0]),
        attr(12, b"vlan\0"),
        attr(13, b"uplink\0"),
        attr(14, &[2, 0, 0, 0, 0, 1]),
        attr(15, &[68, 0, 0, 0]),
        attr(16, &[0, 64, 0, 0]),
        attr(17, &[1]),
        attr(18, &[3, 16, 1, 0]),
        attr(19, &[0xff; 4]),
    ];
    let details = [attr(2, &[3, 0, 0, 0]), attr(1, &details.concat())].concat();
    let mut frames = odd_messages();
    frames.push(message(FAMILY, 0, 1, &details));
    frames.push(message(FAMILY, 0, 2, &attr(1, &whole.concat())));
    frames.push(message(FAMILY, 0, 1, &attr(1, &whole[..8].concat())));
    capture(&mut file, &frames, usize::MAX);

    let shown = frames_by_name(file.path());
    let names = nl_dissector::emit::lua::field_names(&nl_dissector::model::nl_util()).unwrap();
    assert!(names.len() > 60, "{names:?}");
    // What this file has none of.
    let absent = ["partial", "too_deep", "too_many", "fault"].map(|it| format!("nl_util.{it}"));
    for name in names.iter().chain([&"nl_util".to_owned()]) {
        let in_trees = shown.get(name).cloned().unwrap_or_default();
        assert_eq!(found(file.path(), name), in_trees, "{name}");
        assert_eq!(in_trees.is_empty(), absent.contains(name), "{name}");
    }
    for (filter, count) in [
        ("nl_util.netdev.ifname == \"veth0\"", 2),
        ("nl_util.netdev.ifname == \"veth1\"", 0),
        ("nl_util.netdev.state == \"UP\"", 2),
        ("nl_util.cmd == \"L2_IID\"", 2),
        ("nl_util.netdev.ifmac == 02:00:00:00:00:01", 2),
        ("nl_util.netdev.stats.rx_packets > 1", 3),
        ("nl_util.netdev.flags.lower_up == 1", 0),
    ] {
        assert_eq!(found(file.path(), filter).len(), count, "{filter}");
    }
    // Experts by their severity, which no field of ours tells.
    let damaged = shown["nl_util.malformed"].clone();
    assert!(found(file.path(), "_ws.expert.severity == error").is_superset(&damaged));
}

/// The same for what ties an error to its request; its file is a recording.
#[test]
fn every_field_of_an_exchange_is_found_by_its_filter() {
    let file = root().join("captures/samples/nl_user-show-99.pcapng");
    let shown = frames_by_name(&file);
    let names: Vec<_> = shown.keys().filter(|it| it.starts_with("nlmsg")).collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        assert_eq!(found(&file, name), shown[name], "{name}");
    }
}

/// Ten thousand damaged frames in the real tshark, with the tree and without it.
#[test]
fn damaged_frames_never_make_the_plugin_fail() {
    // Marsaglia's xorshift: the same frames in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut whole = odd_messages();
    let failed = [(-19i32).to_le_bytes().to_vec(), whole[2].clone()].concat();
    let tlvs = [
        attr(1, b"text\0"),
        attr(2, &[24, 0, 0, 0]),
        attr(4, &attr(1, &[1; 4])),
    ];
    let error = [failed, tlvs.concat()].concat();
    whole.push(netlink(2, 0x200, 7, 0x32c, &error));
    let mut frames = Vec::new();
    for at in 0..10_000 {
        let mut frame = whole[at % whole.len()].clone();
        for _ in 0..=random(4) {
            let byte = random(frame.len());
            frame[byte] = u8::try_from(random(256)).unwrap();
        }
        frame.truncate(frame.len() - random(5).min(frame.len() - 1));
        frames.push(frame);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &frames, usize::MAX);
    for args in [&["-V"][..], &["-2", "-Y", "nl_util || nlmsg"]] {
        let text = tshark(file.path(), args);
        assert!(text.lines().count() > 1000);
        for fault in [
            "The dissector failed",
            "Lua Error",
            "nlmsg.fault",
            "nl_util.fault",
        ] {
            assert!(!text.contains(fault), "{fault}");
        }
    }
}
