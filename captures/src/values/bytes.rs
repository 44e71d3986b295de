// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes as people read them: addresses, names, digits.

use std::net::{Ipv4Addr, Ipv6Addr};

use ynl::model::DisplayHint;

use super::{push_ascii, push_decimal, push_text, sockets, write};

/// How many of 32 bytes, which are room for an address of the link layer, are one: 6 as those of
/// Ethernet or 20 as those of Infiniband, behind which are zeros.
fn address_in_room(bytes: &[u8]) -> &[u8] {
    let ends = |size: &usize| bytes[*size..].iter().all(|byte| *byte == 0);
    let size = [6, 20].into_iter().find(ends);
    &bytes[..size.unwrap_or(bytes.len())]
}

/// Bytes as their display hint has it, else in hexadecimal.
pub(crate) fn push_bytes(out: &mut String, bytes: &[u8], hint: Option<DisplayHint>) {
    match (hint, bytes.len()) {
        (Some(DisplayHint::Mac), 32) => push_pairs(out, address_in_room(bytes), ':'),
        // The address of a tunnel's link is that of its own end.
        (Some(DisplayHint::Mac), 4 | 16) => push_bytes(out, bytes, Some(DisplayHint::Ipv4OrV6)),
        (Some(DisplayHint::Mac | DisplayHint::Fddi), _) => push_pairs(out, bytes, ':'),
        (Some(DisplayHint::Hex), _) => push_pairs(out, bytes, ' '),
        (Some(DisplayHint::Uuid), 16) => {
            let (parts, mut at) = ([4, 2, 2, 2, 6], 0);
            for length in parts {
                if at > 0 {
                    out.push('-');
                }
                push_hex(out, &bytes[at..at + length]);
                at += length;
            }
        }
        (Some(DisplayHint::Mpls), length) if length > 0 && length % 4 == 0 => {
            // The label is the upper 20 bits; then its class, the mark of the last, and a TTL.
            for (at, entry) in bytes.chunks_exact(4).enumerate() {
                if at > 0 {
                    out.push('/');
                }
                let [a, b, c, _] = *entry else { return };
                push_decimal(out, (u32::from_be_bytes([0, a, b, c]) >> 4).into());
            }
        }
        (
            Some(
                DisplayHint::Ipv4
                | DisplayHint::Ipv6
                | DisplayHint::Ipv4OrV6
                | DisplayHint::RouteAddress,
            ),
            4 | 16,
        ) => match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) => write(out, format_args!("{}", Ipv6Addr::from(bytes))),
            Err(_) => {
                let bytes = bytes.first_chunk().copied().unwrap_or([0; 4]);
                write(out, format_args!("{}", Ipv4Addr::from(bytes)));
            }
        },
        (Some(DisplayHint::Ipv6), length) if length > 0 && length % 16 == 0 => {
            for (at, address) in bytes.chunks_exact(16).enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_bytes(out, address, hint);
            }
        }
        // The address of an endpoint of MCTP.
        (Some(DisplayHint::Ipv4OrV6 | DisplayHint::RouteAddress), 1) => {
            push_decimal(out, bytes[0].into());
        }
        (Some(DisplayHint::SocketAddress), _) => match sockets::address(bytes) {
            Some(address) => write(out, format_args!("{address}")),
            None if bytes.iter().all(|byte| *byte == 0) => out.push_str("unspec"),
            None => push_hex(out, bytes),
        },
        (Some(DisplayHint::SocketName), _) => push_text(out, &sockets::name(bytes)),
        _ => push_hex(out, bytes),
    }
}

/// Bytes with something between them.
fn push_pairs(out: &mut String, bytes: &[u8], between: char) {
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push(between);
        }
        push_hex(out, std::slice::from_ref(byte));
    }
}

pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for bytes in bytes.chunks(32) {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        push_ascii(out, &digits[..2 * bytes.len()]);
    }
}
