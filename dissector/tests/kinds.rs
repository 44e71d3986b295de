// SPDX-License-Identifier: GPL-2.0-or-later
//! Every kind of attribute that a specification can have, in the real tshark.

mod common;

use common::{
    CONTROLLER, FAMILY,
    messages::capture,
    tshark::{compare, root, tshark_with},
};
use std::fs;

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

    /// Attributes of each kind in kinds.yaml: their numbers and payloads.
    fn payloads(self) -> Vec<(u16, Vec<u8>)> {
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
        vec![
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
            (36, [vec![1, 2], u16(3), vec![1, 4], u16(5)].concat()),
            (36, vec![]),
            (37, vec![0, 6, 0x40, 255, 0, 12, 0x81, 255]),
            (0x4002, vec![1, 2]),
        ]
    }

    /// All of them, one after the other.
    fn every_kind(self) -> Vec<u8> {
        let payloads = self.payloads();
        let attrs = payloads.iter().flat_map(|(kind, it)| self.attr(*kind, it));
        attrs.collect()
    }
}

/// The plugin of kinds.yaml.
fn plugin() -> tempfile::NamedTempFile {
    let spec = root().join("dissector/tests/kinds.yaml");
    let family = ynl::model::Family::load(&spec).unwrap();
    let plugin = tempfile::NamedTempFile::with_suffix(".lua").unwrap();
    fs::write(
        plugin.path(),
        nl_dissector::emit::lua::emit(&family).unwrap(),
    )
    .unwrap();
    plugin
}

/// Every kind of attribute of the specifications, in both byte orders: the trees
/// are the same but for the bytes that have no order.
#[test]
fn every_kind_of_attribute_is_shown_in_either_byte_order() {
    let plugin = plugin();
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
            &[plugin.path()],
            file.path(),
            &["-Y", "kinds", "-o", "gui.column.format:\"Info\",\"%i\""],
        );
        let text = tshark_with(
            &[plugin.path()],
            file.path(),
            &["-Y", "kinds", "-O", "kinds"],
        );
        let tree = text.lines().filter(|it| !it.starts_with("Frame "));
        assert!(!text.contains("The dissector failed"), "{text}");
        info + &tree
            .map(|it| format!("{}\n", it.trim_end()))
            .collect::<String>()
    });
    compare("kinds", &trees[0]);
    compare("kinds-big", &trees[1]);
}

/// The first message of a form is read in full, the next ones by the places that are
/// known from it; a nest around the attribute, and its flag, are in the form too.
#[test]
fn a_message_that_comes_again_is_shown_as_it_was_the_first_time() {
    let order = Order { big: false };
    let plugin = plugin();
    let name = [
        order.attr(2, b"kinds\0"),
        order.attr(1, &order.number(FAMILY.to_le_bytes())),
    ];
    let mut frames = vec![order.message(CONTROLLER, 0, 1, &name.concat())];
    let alone = order.payloads().into_iter().map(|(kind, it)| {
        let nested = order.attr(28 | 0x8000, &order.attr(1, b"leaf\0"));
        [order.attr(kind, &it), nested, order.attr(28, &[])].concat()
    });
    for body in alone {
        let message = order.message(FAMILY, 0, 2, &body);
        frames.extend([message.clone(), message.clone(), message]);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &frames, usize::MAX);
    let pdml = tshark_with(&[plugin.path()], file.path(), &["-T", "pdml"]);
    let trees: Vec<&str> = pdml
        .split("<packet>")
        .filter_map(|it| it.split_once("<proto name=\"kinds\""))
        .map(|(_, tree)| tree.split_once("</packet>").unwrap().0)
        .collect();
    assert_eq!(trees.len() + 1, frames.len());
    for same in trees.chunks(3) {
        assert_eq!(same[0], same[1]);
        assert_eq!(same[0], same[2]);
    }
}
