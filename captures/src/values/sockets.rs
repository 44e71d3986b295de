// SPDX-License-Identifier: GPL-2.0-or-later
//! Addresses and names of sockets.

use std::borrow::Cow;
use std::net::SocketAddr;

/// The address in a `struct sockaddr_in` or `struct sockaddr_in6`, of a machine of either byte
/// order: no family's number has two bytes.
pub(super) fn address(bytes: &[u8]) -> Option<SocketAddr> {
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    let [a, b, port @ ..] = *bytes.first_chunk::<4>()?;
    let port = u16::from_be_bytes(port);
    match a | b {
        AF_INET => {
            let address: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
            Some((address, port).into())
        }
        AF_INET6 => {
            let address: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
            Some((address, port).into())
        }
        _ => None,
    }
}

/// The name of a socket of this machine as ss shows it: an abstract one behind `@`.
pub(crate) fn name(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0, name @ ..] => [b"@", name].concat().into(),
        path => path.split(|byte| *byte == 0).next().unwrap_or(path).into(),
    }
}
