// SPDX-License-Identifier: GPL-2.0-or-later
//! pcap, draft-ietf-opsawg-pcap.

use std::io::Read;
use std::time::Duration;

use pcap_file::TsResolution;
use pcap_file::pcap::PcapParser;

use super::source::ItemReader;
use super::{FileInfo, LONGEST, ReadError, cooked_packet};
use crate::messages::packet::Packet;

/// The first word of a pcap file, which shows the unit of its times.
const PCAP_MICROSECONDS: u32 = 0xa1b2_c3d4;
const PCAP_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The first words of a pcap file.
pub(super) const MAGICS: [u32; 2] = [PCAP_MICROSECONDS, PCAP_NANOSECONDS];

/// Bytes of the header of a pcap file, and of the header of a packet in it.
const PCAP_HEADER: u32 = 24;
const PCAP_PACKET: u32 = 16;

/// Reads a file whose first word is read.
pub(super) fn read(
    source: &mut ItemReader<impl Read>,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<FileInfo, ReadError> {
    source.extend(PCAP_HEADER)?;
    let (_, parser) = PcapParser::new(source.item()).map_err(|e| source.parse_error(e))?;
    let header = parser.header();
    let unit = match header.ts_resolution {
        TsResolution::MicroSecond => 1000,
        TsResolution::NanoSecond => 1,
    };
    // The upper bits may have the length of a frame check sequence.
    let link_type = u32::from(header.datalink) & 0xffff;
    while source.begin(PCAP_PACKET)? {
        let kept = source.word(8);
        if kept > LONGEST {
            return Err(source.damaged(format_args!("packet length {kept}")));
        }
        source.extend(PCAP_PACKET + kept)?;
        let data = source.item().get(PCAP_PACKET as usize..).unwrap_or(&[]);
        let mut packet = cooked_packet(source, link_type, data)?;
        packet.time = Duration::from_secs(source.word(0).into())
            + Duration::from_nanos(u64::from(source.word(4)) * unit);
        if !each(&packet) {
            return Err(ReadError::Stopped);
        }
    }
    Ok(FileInfo::default())
}
