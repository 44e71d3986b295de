// SPDX-License-Identifier: GPL-2.0-or-later
//! Messages out of tests, and the file that they are put in for the programs to read.

use super::{
    super::decode::{NETLINK, write_file},
    expected::Literal,
};
use crate::netlink::{attr, attrs};
use anyhow::Result;
use std::{collections::HashSet, path::Path};

/// A netlink message out of a project's tests.
pub(super) struct Message {
    pub(super) protocol: u8,
    pub(super) bytes: Vec<u8>,
    /// Where it was found.
    pub(super) from: String,
    /// What the test expects of it, as far as that is known.
    pub(super) expected: Vec<Literal>,
}

/// A netlink header and what is behind it.
pub(super) fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 16).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([1_u32, 0].map(u32::to_ne_bytes).concat());
    bytes.extend(body);
    bytes
}

/// A message of generic netlink with these attributes.
pub(super) fn genl(family: u16, command: u8, attributes: &[u8]) -> Vec<u8> {
    message(family, 0, &[&[command, 1, 0, 0], attributes].concat())
}

/// Whether bytes are attributes up to the last of them.
pub(super) fn tiles(bytes: &[u8]) -> bool {
    !bytes.is_empty() && attrs(bytes).is_ok()
}

/// The controller's answer that gives a family its number.
fn naming(family: &str, number: u16) -> Vec<u8> {
    const GENL_ID_CTRL: u16 = 16;
    const NEWFAMILY: u8 = 1;
    let name = [family.as_bytes(), &[0]].concat();
    let attributes = [attr(2, &name), attr(1, &number.to_ne_bytes())].concat();
    genl(GENL_ID_CTRL, NEWFAMILY, &attributes)
}

/// Leaves out what another message says in the same bytes; returns how many.
pub(super) fn distinct(messages: &mut Vec<Message>) -> usize {
    let all = messages.len();
    let mut seen = HashSet::new();
    messages.retain(|it| seen.insert((it.protocol, it.bytes.clone())));
    all - messages.len()
}

/// A pcap file with a packet for each message, behind one for each of the families that the
/// messages have numbers of.
pub(super) fn write(path: &Path, families: &[(&str, u16)], messages: &[Message]) -> Result<()> {
    const GENERIC: u8 = 16;
    let named = families
        .iter()
        .map(|(name, number)| packet(GENERIC, &naming(name, *number)));
    let others = messages.iter().map(|it| packet(it.protocol, &it.bytes));
    let packets: Vec<Vec<u8>> = named.chain(others).collect();
    write_file(path, NETLINK, &packets, packets.len() as u32)
}

/// A message behind the header of a cooked capture.
fn packet(protocol: u8, bytes: &[u8]) -> Vec<u8> {
    let mut packet = vec![0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, protocol];
    packet.extend(bytes);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_once() {
        let one = |protocol, byte| Message {
            protocol,
            bytes: vec![byte],
            from: String::new(),
            expected: Vec::new(),
        };
        let mut all = vec![one(0, 1), one(0, 1), one(6, 1), one(0, 2)];
        assert_eq!(distinct(&mut all), 1);
        assert_eq!(all.len(), 3);
    }
}
