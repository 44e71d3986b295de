// SPDX-License-Identifier: GPL-2.0-or-later
//! Addresses of sockets.

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
