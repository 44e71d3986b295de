// SPDX-License-Identifier: GPL-2.0-or-later
//! pcap, draft-ietf-opsawg-pcap, and the form of it that tcpdump wrote with Kuznetzov's patch.

use std::time::Duration;

use super::source::ItemReader;
use super::{FileInfo, LONGEST, ReadError, SHORT, packet_of};
use crate::file::cooked::NoMessages;
use crate::messages::packet::Packet;

/// A form of pcap, which the first word of a file shows.
#[derive(Clone, Copy)]
pub(super) struct Form {
    magic: u32,
    /// Nanoseconds of a unit of the times.
    unit: u64,
    /// Bytes of the header of a packet.
    packet: u32,
}

/// The patched form has interface, protocol and packet type after the usual header.
const FORMS: [Form; 3] = [
    Form {
        magic: 0xa1b2_c3d4,
        unit: 1000,
        packet: 16,
    },
    Form {
        magic: 0xa1b2_3c4d,
        unit: 1,
        packet: 16,
    },
    Form {
        magic: 0xa1b2_cd34,
        unit: 1000,
        packet: 24,
    },
];

/// Bytes of the header of a pcap file.
const FILE_HEADER: u32 = 24;

impl Form {
    /// The form of a file with this first word.
    pub(super) fn of(magic: u32) -> Option<Self> {
        FORMS.into_iter().find(|it| it.magic == magic)
    }

    /// Reads a file whose first word is read.
    pub(super) fn read(
        self,
        source: &mut ItemReader<'_>,
        about: &mut FileInfo,
        each: &mut impl FnMut(&Packet<'_>) -> bool,
    ) -> Result<(), ReadError> {
        source.extend(FILE_HEADER)?;
        // The upper bits may have the length of a frame check sequence.
        let link_type = source.word(20) & 0xffff;
        let FileInfo { remarks, .. } = about;
        let Some(header) = remarks.link_types.interface(link_type) else {
            // So are all its packets.
            return Ok(());
        };
        while source.begin(self.packet)? {
            let kept = source.word(8);
            if kept > LONGEST {
                return Err(source.damaged(format_args!("packet length {kept}")));
            }
            source.extend(self.packet + kept)?;
            let data = source.item().get(self.packet as usize..).unwrap_or(&[]);
            let messages = match header.split(data) {
                Ok(messages) => messages,
                Err(NoMessages::Short) => {
                    remarks.skipped_packet(source.start(), SHORT);
                    continue;
                }
                Err(NoMessages::Foreign) => {
                    remarks.foreign_packet(link_type);
                    continue;
                }
            };
            remarks.link_types.netlink();
            let mut packet = packet_of(source, messages, remarks.skipped());
            packet.time = Duration::from_secs(source.word(0).into())
                + Duration::from_nanos(u64::from(source.word(4)) * self.unit);
            if !each(&packet) {
                return Err(ReadError::Stopped);
            }
        }
        Ok(())
    }
}
