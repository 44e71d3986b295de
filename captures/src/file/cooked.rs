// SPDX-License-Identifier: GPL-2.0-or-later
//! The cooked header before the netlink messages of a packet.
//!
//! That of LINKTYPE_NETLINK has packet type, hardware type, length of the link-layer address,
//! eight bytes for that address, of which netlink has none, and the protocol. Its layout is
//! that of LINKTYPE_LINUX_SLL, with the netlink protocol number in place of the EtherType.
//! LINKTYPE_LINUX_SLL2 has the same fields and an interface in another order. What is captured
//! on all interfaces at once has one of these two, where a packet is of netlink if its hardware
//! type says so. All fields are big-endian.

use crate::messages::packet::Direction;

/// Length of the header in bytes.
pub(super) const LENGTH: usize = 16;

/// Length of the header of LINKTYPE_LINUX_SLL2.
const LENGTH_SLL2: usize = 20;

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

/// The headers that netlink messages may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// LINKTYPE_NETLINK: every packet is of netlink.
    Netlink,
    /// LINKTYPE_LINUX_SLL.
    Sll,
    /// LINKTYPE_LINUX_SLL2.
    Sll2,
}

/// Why a packet has no netlink messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMessages {
    /// It ends before its header does.
    Short,
    /// It is of another kind of link.
    Foreign,
}

impl Header {
    /// The netlink protocol of a packet, and its messages.
    pub(super) fn split(self, packet: &[u8]) -> Result<(u16, &[u8]), NoMessages> {
        if self == Self::Sll2 {
            let (header, messages) = packet
                .split_first_chunk::<LENGTH_SLL2>()
                .ok_or(NoMessages::Short)?;
            let [p0, p1, _, _, _, _, _, _, h0, h1, ..] = *header;
            return match u16::from_be_bytes([h0, h1]) {
                ARPHRD_NETLINK => Ok((u16::from_be_bytes([p0, p1]), messages)),
                _ => Err(NoMessages::Foreign),
            };
        }
        let (header, messages) = packet
            .split_first_chunk::<LENGTH>()
            .ok_or(NoMessages::Short)?;
        let [_, _, h0, h1, .., p0, p1] = *header;
        if self == Self::Sll && u16::from_be_bytes([h0, h1]) != ARPHRD_NETLINK {
            return Err(NoMessages::Foreign);
        }
        Ok((u16::from_be_bytes([p0, p1]), messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a frame that tcpdump wrote on an nlmon link.
    const FROM_TCPDUMP: [u8; 18] = [0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x20, 0];

    /// The same as LINKTYPE_LINUX_SLL2 has it, of interface 3.
    const SLL2: [u8; 22] = [
        0, 16, 0, 0, 0, 0, 0, 3, 3, 0x38, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0,
    ];

    #[test]
    fn a_header_of_tcpdump_is_read_and_made_again() {
        let split = Header::Netlink.split(&FROM_TCPDUMP);
        assert_eq!(split, Ok((16, &[0x20, 0][..])));
        assert_eq!(header(16, None), FROM_TCPDUMP[..LENGTH]);
    }

    #[test]
    fn a_packet_shorter_than_its_header_has_no_messages() {
        for header in [Header::Netlink, Header::Sll, Header::Sll2] {
            let short = header.split(&FROM_TCPDUMP[..15]);
            assert_eq!(short, Err(NoMessages::Short));
        }
        assert_eq!(Header::Sll2.split(&SLL2[..19]), Err(NoMessages::Short));
    }

    #[test]
    fn a_packet_of_all_interfaces_is_of_netlink_by_its_hardware_type() {
        assert_eq!(Header::Sll.split(&FROM_TCPDUMP), Ok((16, &[0x20, 0][..])));
        assert_eq!(Header::Sll2.split(&SLL2), Ok((16, &[0x20, 0][..])));
        let (mut sll, mut sll2) = (FROM_TCPDUMP, SLL2);
        // ARPHRD_LOOPBACK.
        (sll[3], sll2[9]) = (4, 4);
        assert_eq!(Header::Sll.split(&sll), Err(NoMessages::Foreign));
        assert_eq!(Header::Sll2.split(&sll2), Err(NoMessages::Foreign));
    }
}
