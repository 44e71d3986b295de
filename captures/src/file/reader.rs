// SPDX-License-Identifier: GPL-2.0-or-later
//! Reading capture files: pcapng, and pcap as tcpdump writes it.
//!
//! # Design decisions
//!
//! The blocks are cut out here and only those of interest are handed to the
//! pcap-file crate, each in a slice of its own: its parser of name resolution
//! blocks panics on a damaged one, and its reader cannot tell a file that is cut
//! off from a block that is wrong inside. Packets are not parsed by the crate: it
//! takes all times for nanoseconds, refuses comments that are not UTF-8, gives no
//! access to the option with the process, and allocates for each packet.

use std::io::{self, Read};
use std::time::Duration;

use nl_dissector::decode::Endian;
use pcap_file::pcap::PcapParser;
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
use pcap_file::{PcapError, TsResolution};

use super::{ADDED, APPLICATION, LINKTYPE_NETLINK, cooked};
use crate::text::Reason;

/// The longest block or packet that is taken, in bytes. A packet has at most
/// 262,144, and the rest of its block is little.
const LONGEST: u32 = 1 << 22;

/// The first bytes of a section, after the block's type and length.
const SECTION_MAGIC: u32 = 0x1a2b_3c4d;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Io(Reason),
    #[error("it is no capture file (pcapng or pcap)")]
    Unknown,
    #[error("nobody wants the rest")]
    Stopped,
    #[error("it is cut off at byte {0}")]
    CutOff(u64),
    #[error("it is damaged at byte {0}: {1}")]
    Damaged(u64, String),
    #[error("the packet at byte {0} is of link type {1}, not {LINKTYPE_NETLINK} (NETLINK)")]
    LinkType(u64, u32),
}

/// A packet of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Since the epoch.
    pub(crate) time: Duration,
    /// Netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) protocol: u16,
    /// The netlink messages, or the beginning of them.
    pub(crate) messages: &'a [u8],
    /// The byte order of the machine that spoke.
    pub(crate) endian: Endian,
    /// The tap: the number of its interface, counted over the whole file.
    pub(crate) tap: u32,
    /// Whether a process sent (`Some(true)`) or received it, where the file says
    /// so: nlmon itself does not.
    pub(crate) sent: Option<bool>,
    /// Process and thread, where the file says it by option 8 of the packet.
    pub(crate) thread: Option<(u32, u32)>,
    /// What nlcap says of the packet's process: `pid=812 …`.
    pub(crate) comment: Option<&'a [u8]>,
    /// Whether it was on no tap, but added by nlcap.
    pub(crate) added: bool,
}

/// What the file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// The command that was recorded, where nlcap wrote the file.
    pub(crate) command: Option<String>,
    /// Frames that were lost, where the file says it.
    pub(crate) dropped: Option<u64>,
    /// The program that wrote the file, with its version.
    pub(crate) application: Option<String>,
    /// Kernel name and release of the machine.
    pub(crate) system: Option<String>,
    /// Hardware name of the machine.
    pub(crate) hardware: Option<String>,
    /// The link that it was recorded from.
    pub(crate) link: Option<String>,
}

/// Reads a file to its end and hands each packet to `each`.
pub(crate) fn read(
    file: impl Read,
    each: &mut impl FnMut(&Packet<'_>),
) -> Result<About, ReadError> {
    read_while(file, &mut |packet| {
        each(packet);
        true
    })
}

/// Reads a file and hands each packet to `each`, until that returns false: then
/// the result is [`ReadError::Stopped`].
pub(crate) fn read_while(
    file: impl Read,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<About, ReadError> {
    let mut source = Source {
        file,
        offset: 0,
        start: 0,
        endian: Endian::native(),
        item: Vec::new(),
    };
    if !source.begin(4)? {
        return Err(ReadError::Unknown);
    }
    match source.word(0) {
        SECTION_HEADER_BLOCK => read_pcapng(&mut source, each),
        PCAP_MICROSECONDS | PCAP_NANOSECONDS => read_pcap(&mut source, each),
        word if [PCAP_MICROSECONDS, PCAP_NANOSECONDS].contains(&word.swap_bytes()) => {
            source.endian = source.endian.swapped();
            read_pcap(&mut source, each)
        }
        _ => Err(ReadError::Unknown),
    }
}

/// A file of items that begin with a header of fixed length.
struct Source<R> {
    file: R,
    /// Where the next byte comes from.
    offset: u64,
    /// Where the item begins.
    start: u64,
    /// The byte order of the file, or of its section at hand.
    endian: Endian,
    /// What was read of the item.
    item: Vec<u8>,
}

impl<R: Read> Source<R> {
    /// Begins an item with its first `length` bytes; false at the file's end.
    fn begin(&mut self, length: u32) -> Result<bool, ReadError> {
        self.item.clear();
        self.start = self.offset;
        match self.extend(length) {
            Err(ReadError::CutOff(_)) if self.item.is_empty() => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Reads more of the item, until it has `length` bytes.
    fn extend(&mut self, length: u32) -> Result<(), ReadError> {
        let length = length as usize;
        let missing = length.saturating_sub(self.item.len()) as u64;
        let got = self.file.by_ref().take(missing).read_to_end(&mut self.item);
        self.offset += got.map_err(|error| ReadError::Io(Reason(error)))? as u64;
        if self.item.len() < length {
            return Err(ReadError::CutOff(self.offset));
        }
        Ok(())
    }

    /// Skips the rest of an item of `length` bytes.
    fn skip(&mut self, length: u32) -> Result<(), ReadError> {
        let missing = u64::from(length).saturating_sub(self.item.len() as u64);
        let skipped = io::copy(&mut self.file.by_ref().take(missing), &mut io::sink());
        let skipped = skipped.map_err(|error| ReadError::Io(Reason(error)))?;
        self.offset += skipped;
        if skipped < missing {
            return Err(ReadError::CutOff(self.offset));
        }
        Ok(())
    }

    /// The word at this place of the item; 0 where it does not reach so far.
    fn word(&self, place: usize) -> u32 {
        let bytes = self.item.get(place..);
        bytes.and_then(|bytes| self.endian.u32(bytes)).unwrap_or(0)
    }

    fn damaged(&self, why: impl ToString) -> ReadError {
        ReadError::Damaged(self.start, why.to_string())
    }

    fn parse_error(&self, error: PcapError) -> ReadError {
        match error {
            PcapError::IncompleteBuffer => self.damaged("a field is too short"),
            PcapError::Utf8Error(_) | PcapError::FromUtf8Error(_) => {
                self.damaged("a text is not UTF-8")
            }
            other => self.damaged(other),
        }
    }
}

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

fn read_pcapng(
    source: &mut Source<impl Read>,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<About, ReadError> {
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
fn read_block(source: &mut Source<impl Read>) -> Result<Option<u32>, ReadError> {
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
            return Err(source.damaged("a packet in a block that is not an enhanced one"));
        }
        _ => false,
    };
    if length < 12 || !length.is_multiple_of(4) || (wanted && length > LONGEST) {
        return Err(source.damaged(format_args!("a block of {length} bytes")));
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
    about: About,
}

impl Section {
    /// Takes the block that was read.
    fn take(
        &mut self,
        source: &Source<impl Read>,
        kind: u32,
        each: &mut impl FnMut(&Packet<'_>) -> bool,
    ) -> Result<(), ReadError> {
        if kind == ENHANCED_PACKET_BLOCK {
            let wanted = each(&packet(source, &self.interfaces)?);
            return wanted.then_some(()).ok_or(ReadError::Stopped);
        }
        let parse_error = |error| source.parse_error(error);
        if kind == SECTION_HEADER_BLOCK {
            let (_, parser) = PcapNgParser::new(&source.item).map_err(parse_error)?;
            self.close();
            note_origin(parser.section(), &mut self.about);
            self.parser = Some(parser);
            return Ok(());
        }
        // A file begins with a section's header, or it is not taken for pcapng.
        let Some(parser) = &mut self.parser else {
            return Ok(());
        };
        let (_, block) = parser.next_block(&source.item).map_err(parse_error)?;
        match block {
            Block::InterfaceDescription(block) => {
                let interface = Interface::new(&block, self.taps);
                let interface = interface.ok_or_else(|| source.damaged("a time resolution"))?;
                note_link(&block, &mut self.about);
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

fn note_origin(section: &SectionHeaderBlock<'_>, about: &mut About) {
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

fn note_link(block: &InterfaceDescriptionBlock<'_>, about: &mut About) {
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
    source: &'a Source<impl Read>,
    interfaces: &[Interface],
) -> Result<Packet<'a>, ReadError> {
    let number = source.word(8);
    let interface = (interfaces.get(number as usize))
        .ok_or_else(|| source.damaged(format_args!("no interface {number}")))?;
    let units = u64::from(source.word(12)) << 32 | u64::from(source.word(16));
    let kept = source.word(20) as usize;
    let end = source.item.len().saturating_sub(ENHANCED_END);
    if source.word(end) != source.word(4) {
        return Err(source.damaged("its two lengths are not the same"));
    }
    let body = source.item.get(ENHANCED_HEADER..end).unwrap_or(&[]);
    let data =
        (body.get(..kept)).ok_or_else(|| source.damaged("a packet longer than its block"))?;
    let mut packet = cooked_packet(source, interface.link_type, data)?;
    packet.time = interface.time(units);
    packet.tap = interface.tap;
    let endian = source.endian;
    let mut options = body.get(kept.next_multiple_of(4)..).unwrap_or(&[]);
    while let (Some(code), Some(length)) = (
        endian.u16(options),
        options.get(2..).and_then(|it| endian.u16(it)),
    ) {
        let length = usize::from(length);
        let Some(value) = options.get(4..4 + length) else {
            return Err(source.damaged("an option longer than its block"));
        };
        match code {
            0 => break,
            OPT_COMMENT if value == ADDED.as_bytes() => packet.added = true,
            OPT_COMMENT if value.starts_with(b"pid=") => packet.comment = Some(value),
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
                packet.thread = word(0).zip(word(4));
            }
            _ => {}
        }
        options = options.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    Ok(packet)
}

fn cooked_packet<'a>(
    source: &Source<impl Read>,
    link_type: u32,
    data: &'a [u8],
) -> Result<Packet<'a>, ReadError> {
    if link_type != u32::from(LINKTYPE_NETLINK) {
        return Err(ReadError::LinkType(source.start, link_type));
    }
    let (header, messages) = cooked::Header::split(data)
        .ok_or_else(|| source.damaged("a packet without its cooked header"))?;
    Ok(Packet {
        time: Duration::ZERO,
        protocol: header.protocol,
        messages,
        endian: spoken(messages, source.endian),
        tap: 0,
        sent: None,
        thread: None,
        comment: None,
        added: false,
    })
}

/// The byte order of the messages. It is that of the file where the machine that
/// recorded wrote it, but another program may have written the file anew on a
/// machine of other byte order: then the length of the first message is out of
/// all reason, and swapped it is not.
fn spoken(messages: &[u8], file: Endian) -> Endian {
    let is_length = |endian: Endian| {
        let length = endian.u32(messages);
        length.is_some_and(|length| (16..1 << 24).contains(&length))
    };
    if !is_length(file) && is_length(file.swapped()) {
        file.swapped()
    } else {
        file
    }
}

/// The first word of a pcap file, which tells the unit of its times.
const PCAP_MICROSECONDS: u32 = 0xa1b2_c3d4;
const PCAP_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Bytes of the header of a pcap file, and of the header of a packet in it.
const PCAP_HEADER: u32 = 24;
const PCAP_PACKET: u32 = 16;

fn read_pcap(
    source: &mut Source<impl Read>,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<About, ReadError> {
    source.extend(PCAP_HEADER)?;
    let (_, parser) = PcapParser::new(&source.item).map_err(|e| source.parse_error(e))?;
    let header = parser.header();
    let unit = match header.ts_resolution {
        TsResolution::MicroSecond => 1000,
        TsResolution::NanoSecond => 1,
    };
    // The upper bits may tell the length of a frame check sequence.
    let link_type = u32::from(header.datalink) & 0xffff;
    while source.begin(PCAP_PACKET)? {
        let kept = source.word(8);
        if kept > LONGEST {
            return Err(source.damaged(format_args!("a packet of {kept} bytes")));
        }
        source.extend(PCAP_PACKET + kept)?;
        let data = source.item.get(PCAP_PACKET as usize..).unwrap_or(&[]);
        let mut packet = cooked_packet(source, link_type, data)?;
        packet.time = Duration::from_secs(source.word(0).into())
            + Duration::from_nanos(u64::from(source.word(4)) * unit);
        if !each(&packet) {
            return Err(ReadError::Stopped);
        }
    }
    Ok(About::default())
}
