// SPDX-License-Identifier: GPL-2.0-or-later
//! pcapng, draft-ietf-opsawg-pcapng.

use std::io::Read;
use std::time::Duration;

use pcap_file::pcapng::PcapNgParser;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::{
    Block, ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK, INTERFACE_STATISTIC_BLOCK,
    PACKET_BLOCK, SECTION_HEADER_BLOCK, SIMPLE_PACKET_BLOCK,
};

use super::comments::Comments;
use super::source::ItemReader;
use super::{FileInfo, LONGEST, ReadError, cooked_packet};
use crate::file::APPLICATION;
use crate::file::comment::ADDED;
use crate::file::comment::Comment;
use crate::messages::packet::Packet;
use crate::messages::process::{Certainty, Process};

/// The first bytes of a section, after the block's type and length.
const SECTION_MAGIC: u32 = 0x1a2b_3c4d;

/// An interface of a section.
struct Interface {
    link_type: u32,
    /// Its number in the file.
    tap: u32,
    /// Units of a second.
    resolution: u128,
    /// Seconds to add.
    offset: i64,
    dropped: Option<u64>,
}

impl Interface {
    /// None where the resolution is out of all reason.
    fn new(block: &InterfaceDescriptionBlock<'_>, tap: u32) -> Option<Self> {
        let mut resolution = 6;
        let mut offset = 0;
        for option in &block.options {
            match *option {
                InterfaceDescriptionOption::IfTsResol(value) => resolution = value,
                // The crate reads it as unsigned, the format has it signed.
                InterfaceDescriptionOption::IfTsOffset(value) => offset = value.cast_signed(),
                _ => {}
            }
        }
        let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
        Some(Self {
            link_type: u32::from(block.linktype),
            tap,
            resolution: base.checked_pow(u32::from(resolution & 0x7f))?,
            offset,
            dropped: None,
        })
    }

    fn time(&self, units: u64) -> Duration {
        let per_second = 1_000_000_000;
        let units = u128::from(units);
        let seconds = u64::try_from(units / self.resolution).unwrap_or(u64::MAX);
        // Below 10^9, for the remainder is below the resolution.
        let rest = (units % self.resolution).saturating_mul(per_second) / self.resolution;
        Duration::new(seconds.saturating_add_signed(self.offset), 0)
            .saturating_add(Duration::from_nanos(rest as u64))
    }
}

/// Reads a file whose first section's block has begun.
pub(super) fn read(
    source: &mut ItemReader<impl Read>,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<FileInfo, ReadError> {
    let mut section = Section::default();
    loop {
        if let Some(kind) = read_block(source)? {
            section.take(source, kind, each)?;
        }
        if !source.begin(4)? {
            section.close();
            return Ok(section.about);
        }
    }
}

/// Reads the rest of a block whose type is read; its type, where it is one of
/// those that count.
fn read_block(source: &mut ItemReader<impl Read>) -> Result<Option<u32>, ReadError> {
    source.extend(8)?;
    // The same in either byte order for a section, whose order is not known yet.
    let kind = source.word(0);
    if kind == SECTION_HEADER_BLOCK {
        // Before anything is made of the length.
        source.extend(12)?;
        if source.word(8) == SECTION_MAGIC.swap_bytes() {
            source.endian = source.endian.swapped();
        }
    }
    let length = source.word(4);
    let wanted = match kind {
        SECTION_HEADER_BLOCK
        | INTERFACE_DESCRIPTION_BLOCK
        | INTERFACE_STATISTIC_BLOCK
        | ENHANCED_PACKET_BLOCK => true,
        PACKET_BLOCK | SIMPLE_PACKET_BLOCK => {
            return Err(source.damaged("packet in a block other than an enhanced packet block"));
        }
        _ => false,
    };
    if length < 12 || !length.is_multiple_of(4) || (wanted && length > LONGEST) {
        return Err(source.damaged(format_args!("block length {length}")));
    }
    if !wanted {
        source.skip(length)?;
        return Ok(None);
    }
    source.extend(length)?;
    Ok(Some(kind))
}

/// What is known of the section at hand, and of the file so far.
#[derive(Default)]
struct Section {
    /// None before the first section's header.
    parser: Option<PcapNgParser>,
    interfaces: Vec<Interface>,
    /// How many interfaces there were in the file so far.
    taps: u32,
    comments: Comments,
    about: FileInfo,
}

impl Section {
    /// Takes the block that was read.
    fn take(
        &mut self,
        source: &ItemReader<impl Read>,
        kind: u32,
        each: &mut impl FnMut(&Packet<'_>) -> bool,
    ) -> Result<(), ReadError> {
        if kind == ENHANCED_PACKET_BLOCK {
            let wanted = each(&packet(source, &self.interfaces, &mut self.comments)?);
            return wanted.then_some(()).ok_or(ReadError::Stopped);
        }
        let parse_error = |error| source.parse_error(error);
        if kind == SECTION_HEADER_BLOCK {
            let (_, parser) = PcapNgParser::new(source.item()).map_err(parse_error)?;
            self.close();
            note_origin(parser.section(), &mut self.about);
            self.parser = Some(parser);
            return Ok(());
        }
        // A file begins with a section's header, or it is not taken for pcapng.
        let Some(parser) = &mut self.parser else {
            return Ok(());
        };
        let (_, block) = parser.next_block(source.item()).map_err(parse_error)?;
        match block {
            Block::InterfaceDescription(block) => {
                note_link(&block, &mut self.about);
                let interface = Interface::new(&block, self.taps);
                let interface =
                    interface.ok_or_else(|| source.damaged("invalid time resolution"))?;
                self.interfaces.push(interface);
                self.taps = self.taps.saturating_add(1);
            }
            Block::InterfaceStatistics(block) => note_statistics(&block, &mut self.interfaces),
            _ => {}
        }
        Ok(())
    }

    /// Ends the section: adds up what its interfaces lost, and forgets them.
    fn close(&mut self) {
        let dropped = &mut self.about.dropped;
        for lost in self
            .interfaces
            .drain(..)
            .filter_map(|interface| interface.dropped)
        {
            *dropped = Some(dropped.unwrap_or(0).saturating_add(lost));
        }
    }
}

fn note_origin(section: &SectionHeaderBlock<'_>, about: &mut FileInfo) {
    let by_us = section.options.iter().any(|option| {
        matches!(option, SectionHeaderOption::UserApplication(name)
            if name.split(' ').next() == Some(APPLICATION))
    });
    let comment = section.options.iter().find_map(|option| match option {
        SectionHeaderOption::Comment(comment) => Some(comment.to_string()),
        _ => None,
    });
    // Of several sections, as mergecap makes them, the first one counts.
    if let (None, true) = (&about.command, by_us) {
        about.command = comment;
    }
    for option in &section.options {
        let (place, text) = match option {
            SectionHeaderOption::Hardware(text) => (&mut about.hardware, text),
            SectionHeaderOption::OS(text) => (&mut about.system, text),
            SectionHeaderOption::UserApplication(text) => (&mut about.application, text),
            _ => continue,
        };
        place.get_or_insert_with(|| text.to_string());
    }
}

fn note_link(block: &InterfaceDescriptionBlock<'_>, about: &mut FileInfo) {
    for option in &block.options {
        if let InterfaceDescriptionOption::IfName(name) = option {
            about.link.get_or_insert_with(|| name.to_string());
        }
    }
}

fn note_statistics(block: &InterfaceStatisticsBlock<'_>, interfaces: &mut [Interface]) {
    let Some(interface) = interfaces.get_mut(block.interface_id as usize) else {
        return;
    };
    for option in &block.options {
        // Counted from the beginning: the last block has it all.
        if let InterfaceStatisticsOption::IsbIfDrop(dropped) = option {
            interface.dropped = Some(*dropped);
        }
    }
}

/// Bytes before the data of an enhanced packet block, and of its second length
/// at the end.
const ENHANCED_HEADER: usize = 28;
const ENHANCED_END: usize = 4;

/// Options of an enhanced packet block.
const OPT_COMMENT: u16 = 1;
const EPB_FLAGS: u16 = 2;
const EPB_PROCESSID_THREADID: u16 = 8;

fn packet<'a>(
    source: &'a ItemReader<impl Read>,
    interfaces: &[Interface],
    comments: &mut Comments,
) -> Result<Packet<'a>, ReadError> {
    let number = source.word(8);
    let interface = (interfaces.get(number as usize))
        .ok_or_else(|| source.damaged(format_args!("no interface {number}")))?;
    let units = u64::from(source.word(12)) << 32 | u64::from(source.word(16));
    let kept = source.word(20) as usize;
    let end = source.item().len().saturating_sub(ENHANCED_END);
    if source.word(end) != source.word(4) {
        return Err(source.damaged("its two block lengths differ"));
    }
    let body = source.item().get(ENHANCED_HEADER..end).unwrap_or(&[]);
    let data = (body.get(..kept)).ok_or_else(|| source.damaged("packet longer than its block"))?;
    let mut packet = cooked_packet(source, interface.link_type, data)?;
    packet.time = interface.time(units);
    packet.tap = interface.tap;
    let endian = source.endian;
    let (mut comment, mut thread) = (None, None);
    let mut options = body.get(kept.next_multiple_of(4)..).unwrap_or(&[]);
    while let (Some(code), Some(length)) = (
        endian.u16(options),
        options.get(2..).and_then(|it| endian.u16(it)),
    ) {
        let length = usize::from(length);
        let Some(value) = options.get(4..4 + length) else {
            return Err(source.damaged("option longer than its block"));
        };
        match code {
            0 => break,
            OPT_COMMENT if value == ADDED.as_bytes() => packet.added = true,
            // Of a multicast each receiver has one: the first is the one of option 8.
            OPT_COMMENT if value.starts_with(b"pid=") => {
                comment = comment.or(Some(value));
            }
            // The two lowest bits: 1 inbound, 2 outbound.
            EPB_FLAGS => {
                packet.sent = match endian.u32(value).unwrap_or(0) & 3 {
                    1 => Some(false),
                    2 => Some(true),
                    _ => None,
                };
            }
            EPB_PROCESSID_THREADID => {
                let word = |at: usize| endian.u32(value.get(at..)?);
                thread = word(0).zip(word(4));
            }
            _ => {}
        }
        options = options.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    if let Some(Comment::Process {
        process,
        certainty,
        fate,
    }) = comment.and_then(|it| comments.read(it))
    {
        packet.is_multicast = certainty == Some(Certainty::Group);
        (packet.process, packet.fate) = (Some(process), fate);
    } else if let Some((pid, tid)) = thread {
        packet.process = Some(Process {
            pid,
            tid: Some(tid),
            ..Process::default()
        });
    }
    Ok(packet)
}
