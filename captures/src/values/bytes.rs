// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes as people read them: addresses, names, digits.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use ynl::model::DisplayHint;

use super::{push_ascii, push_decimal, push_text, write};

/// Bytes as their display hint has it, else in hexadecimal.
pub(crate) fn push_bytes(out: &mut String, bytes: &[u8], hint: Option<DisplayHint>) {
    match (hint, bytes.len()) {
        (Some(DisplayHint::Mac | DisplayHint::Fddi), _) => push_pairs(out, bytes, ':'),
        (Some(DisplayHint::Hex), _) => push_pairs(out, bytes, ' '),
        (Some(DisplayHint::Sockaddr), _) => push_sockaddr(out, bytes),
        (Some(DisplayHint::SocketName), _) => push_text(out, &socket_name(bytes)),
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
        _ => push_hex(out, bytes),
    }
}

/// A `struct sockaddr`: the family is a number of the machine, which has one byte that is 0.
fn push_sockaddr(out: &mut String, bytes: &[u8]) {
    const AF_INET: u8 = libc::AF_INET as u8;
    const AF_INET6: u8 = libc::AF_INET6 as u8;
    let port = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    match bytes {
        [AF_INET, 0, ..] | [0, AF_INET, ..] if bytes.len() >= 8 => {
            let address = bytes[4..].first_chunk().copied().unwrap_or([0; 4]);
            write(
                out,
                format_args!("{}:{}", Ipv4Addr::from(address), port(bytes)),
            );
        }
        [AF_INET6, 0, ..] | [0, AF_INET6, ..] if bytes.len() >= 24 => {
            let address = bytes[8..].first_chunk().copied().unwrap_or([0; 16]);
            write(
                out,
                format_args!("[{}]:{}", Ipv6Addr::from(address), port(bytes)),
            );
        }
        _ if bytes.iter().all(|byte| *byte == 0) => out.push_str("unspec"),
        _ => push_hex(out, bytes),
    }
}

/// The name of a socket of this machine as ss shows it: an abstract one behind `@`.
pub(crate) fn socket_name(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0, name @ ..] => [b"@", name].concat().into(),
        path => path.split(|byte| *byte == 0).next().unwrap_or(path).into(),
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
