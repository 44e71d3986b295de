// SPDX-License-Identifier: GPL-2.0-or-later
//! Messages of nl_util, and files of them.

use super::{CONTROLLER, FAMILY, attr, cooked, genl, netlink};
use std::io::Write;

/// A message of one number and socket.
pub(crate) fn message(kind: u16, flags: u16, command: u8, attributes: &[u8]) -> Vec<u8> {
    netlink(kind, flags, 7, 0x32c, &genl(command, attributes))
}

/// A pcap file of LINKTYPE_NETLINK whose first frame names the family; `cut` is
/// the snap length.
pub(crate) fn capture(file: &mut impl Write, frames: &[Vec<u8>], cut: usize) {
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

/// Messages that no kernel sends.
pub(crate) fn odd_messages() -> Vec<Vec<u8>> {
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
