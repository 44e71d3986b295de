// SPDX-License-Identifier: GPL-2.0-or-later
//! The cooked header before the netlink messages of a frame.
//!
//! All fields are big-endian. Its layout is that of LINKTYPE_LINUX_SLL, with the
//! netlink protocol number in place of the EtherType.

/// Length of the header in bytes.
pub(crate) const LENGTH: usize = 16;

/// Hardware type of an nlmon link, from linux/if_arp.h.
pub(crate) const ARPHRD_NETLINK: u16 = 824;

/// Packet type of a message from the kernel to a process: PACKET_USER.
pub(crate) const TO_USER: u16 = 6;

/// Packet type of a message from a process to the kernel: PACKET_KERNEL.
pub(crate) const TO_KERNEL: u16 = 7;

/// The cooked header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Packet type, PACKET_* of linux/if_packet.h. The nlmon device leaves
    /// PACKET_OUTGOING in every frame, whoever sent it.
    pub(crate) packet_type: u16,
    /// Hardware type, ARPHRD_*.
    pub(crate) hardware_type: u16,
    /// How many bytes of the address count.
    pub(crate) address_length: u16,
    /// Link-layer address; nlmon has none.
    pub(crate) address: [u8; 8],
    /// Netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) protocol: u16,
}

impl Header {
    /// The header as it is in the file.
    pub(crate) fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[0..2].copy_from_slice(&self.packet_type.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.hardware_type.to_be_bytes());
        bytes[4..6].copy_from_slice(&self.address_length.to_be_bytes());
        bytes[6..14].copy_from_slice(&self.address);
        bytes[14..16].copy_from_slice(&self.protocol.to_be_bytes());
        bytes
    }

    /// Splits a packet into its header and the netlink messages; None where it
    /// is too short for a header.
    pub(crate) fn split(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (header, messages) = packet.split_first_chunk::<LENGTH>()?;
        let [t0, t1, h0, h1, l0, l1, address @ .., p0, p1] = *header;
        let header = Self {
            packet_type: u16::from_be_bytes([t0, t1]),
            hardware_type: u16::from_be_bytes([h0, h1]),
            address_length: u16::from_be_bytes([l0, l1]),
            address,
            protocol: u16::from_be_bytes([p0, p1]),
        };
        Some((header, messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a frame that tcpdump wrote on an nlmon link.
    const FROM_TCPDUMP: [u8; 18] = [0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x20, 0];

    #[test]
    fn a_header_of_tcpdump_is_read_and_made_again() {
        let (header, messages) = Header::split(&FROM_TCPDUMP).unwrap();
        let expected = Header {
            packet_type: 4,
            hardware_type: ARPHRD_NETLINK,
            protocol: 16,
            ..Header::default()
        };
        assert_eq!(header, expected);
        assert_eq!(messages, [0x20, 0]);
        assert_eq!(header.to_bytes(), FROM_TCPDUMP[..LENGTH]);
    }

    #[test]
    fn a_packet_shorter_than_its_header_is_none() {
        assert_eq!(Header::split(&FROM_TCPDUMP[..15]), None);
    }
}
