// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes as a kernel writes them. Nothing of the crate's own is used: these judge it.
#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod messages;
pub(crate) mod plugin;
pub(crate) mod tshark;

/// Number of the family `nl_util` in the tests' messages.
pub(crate) const FAMILY: u16 = 0x1f;
/// Number of the generic netlink controller, the same everywhere.
pub(crate) const CONTROLLER: u16 = 16;

/// An attribute with its padding.
pub(crate) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut bytes = [length.to_le_bytes(), kind.to_le_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The bytes behind the netlink header: command, version 1, attributes.
pub(crate) fn genl(command: u8, attributes: &[u8]) -> Vec<u8> {
    [&[command, 1, 0, 0], attributes].concat()
}

/// A netlink message; `payload` is padded.
pub(crate) fn netlink(kind: u16, flags: u16, seq: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend(seq.to_le_bytes());
    bytes.extend(port.to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Messages behind the cooked header of LINKTYPE_NETLINK, big-endian: outgoing,
/// ARPHRD_NETLINK, …, the protocol.
pub(crate) fn cooked(protocol: u8, messages: &[u8]) -> Vec<u8> {
    let head = [0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, protocol];
    [&head[..], messages].concat()
}
