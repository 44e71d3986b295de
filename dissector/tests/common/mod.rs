// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes as a little-endian kernel writes them. Nothing of the crate's own is
//! used: these judge it.

/// An attribute with its padding.
pub(crate) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut bytes = [length.to_le_bytes(), kind.to_le_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
