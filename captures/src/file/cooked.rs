// SPDX-License-Identifier: GPL-2.0-or-later
//! The cooked header before the netlink messages of a packet.
//!
//! All fields are big-endian: packet type, hardware type, length of the link-layer address,
//! eight bytes for that address, of which netlink has none, and the protocol. Its layout is
//! that of LINKTYPE_LINUX_SLL, with the netlink protocol number in place of the EtherType.

use crate::messages::packet::Direction;

/// Length of the header in bytes.
pub(super) const LENGTH: usize = 16;

/// Hardware type of an nlmon link, from linux/if_arp.h.
pub(crate) const ARPHRD_NETLINK: u16 = 824;

/// Packet types of linux/if_packet.h: PACKET_USER and PACKET_KERNEL, and PACKET_OUTGOING,
/// which the nlmon device leaves in every frame, whoever sent it.
const TO_USER: u16 = 6;
const TO_KERNEL: u16 = 7;
const OUTGOING: u16 = 4;

/// The header of a packet of that netlink protocol.
pub(super) fn header(protocol: u16, direction: Option<Direction>) -> [u8; LENGTH] {
    let packet_type = match direction {
        Some(Direction::Inbound) => TO_USER,
        Some(Direction::Outbound) => TO_KERNEL,
        None => OUTGOING,
    };
    let mut bytes = [0; LENGTH];
    bytes[0..2].copy_from_slice(&packet_type.to_be_bytes());
    bytes[2..4].copy_from_slice(&ARPHRD_NETLINK.to_be_bytes());
    bytes[14..16].copy_from_slice(&protocol.to_be_bytes());
    bytes
}

/// The netlink protocol of a packet, and its messages; None where it is too short for a
/// header.
pub(super) fn split(packet: &[u8]) -> Option<(u16, &[u8])> {
    let (header, messages) = packet.split_first_chunk::<LENGTH>()?;
    let [.., p0, p1] = *header;
    Some((u16::from_be_bytes([p0, p1]), messages))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a frame that tcpdump wrote on an nlmon link.
    const FROM_TCPDUMP: [u8; 18] = [0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x20, 0];

    #[test]
    fn a_header_of_tcpdump_is_read_and_made_again() {
        assert_eq!(split(&FROM_TCPDUMP), Some((16, &[0x20, 0][..])));
        assert_eq!(header(16, None), FROM_TCPDUMP[..LENGTH]);
    }

    #[test]
    fn a_packet_shorter_than_its_header_is_none() {
        assert_eq!(split(&FROM_TCPDUMP[..15]), None);
    }
}
