// SPDX-License-Identifier: GPL-2.0-or-later
//! STAND-IN until the dissector crate has decode.

/// A message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) length: u32,
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
}

pub(crate) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let h: &[u8; 16] = bytes.first_chunk()?;
        let u32at = |i: usize| u32::from_ne_bytes(h[i..i + 4].try_into().unwrap());
        let u16at = |i: usize| u16::from_ne_bytes(h[i..i + 2].try_into().unwrap());
        let length = u32at(0);
        if (length as usize) < 16 {
            return None;
        }
        let end = (length as usize).min(bytes.len());
        let m = Message {
            length,
            kind: u16at(4),
            flags: u16at(6),
            sequence: u32at(8),
            payload: &bytes[16..end],
        };
        let next = (length as usize).next_multiple_of(4).min(bytes.len());
        bytes = &bytes[next..];
        Some(m)
    })
}

/// (type, value)
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let h: &[u8; 4] = bytes.first_chunk()?;
        let len = u16::from_ne_bytes([h[0], h[1]]) as usize;
        let kind = u16::from_ne_bytes([h[2], h[3]]) & 0x3fff;
        let value = bytes.get(4..len)?;
        bytes = &bytes[len.next_multiple_of(4).min(bytes.len())..];
        Some((kind, value))
    })
}

pub(crate) const FAMILY: &str = "nl_util";
pub(crate) const A_NETDEV: u16 = 1;
pub(crate) const NESTED_A_IFINDEX: u16 = 1;
