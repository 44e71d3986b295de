// SPDX-License-Identifier: GPL-2.0-or-later
//! Writing pcapng: one section, an interface for each tap, packets, and the
//! interfaces' statistics at the end.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::ENHANCED_PACKET_BLOCK;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use super::comment::Comment;
use super::{APPLICATION, LINKTYPE_NETLINK, SNAP_LENGTH, cooked};
use crate::messages::packet::{Direction, Frame};
use crate::terminal::text;

/// The exponent of if_tsresol: 10 to the power of -9 s.
const NANOSECONDS: u8 = 9;

/// epb_flags, bits 0 and 1: received by the process, or sent by it.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// Options of an enhanced packet block: opt_endofopt, opt_comment, epb_flags and
/// epb_processid_threadid (draft-ietf-opsawg-pcapng, section 4.3).
const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
const PROCESS_AND_THREAD: u16 = 8;

/// An option's length is 16 bits; this leaves room for the mark of a cut.
const OPTION_LIMIT: usize = 65_000;

/// What the file says about where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The command line, as it can be typed.
    pub(crate) command: String,
    /// The machine's hardware name, as of uname(2).
    pub(crate) hardware: String,
    /// Kernel name and release, as of uname(2).
    pub(crate) system: String,
    /// The machine's name, where it may be published.
    pub(crate) hostname: Option<String>,
}

/// What the file says about a tap.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// Name of the nlmon link.
    pub(crate) link: String,
    /// The network namespace, by its inode number as `lsns -t net` shows it.
    pub(crate) namespace: Option<u64>,
    /// Its name, where ip-netns(8) has one.
    pub(crate) namespace_name: Option<String>,
    /// The longest packet that is kept, in bytes, its cooked header among them;
    /// at most [`SNAP_LENGTH`].
    pub(crate) snap_length: u32,
}

/// What is known of a frame: the options of its block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    /// The first process among them is that of the block.
    pub(crate) comments: Vec<Comment>,
    pub(crate) direction: Option<Direction>,
}

impl Note {
    fn put(&self, block: &mut Vec<u8>) {
        if self.comments.is_empty() && self.direction.is_none() {
            return;
        }
        for comment in &self.comments {
            let comment = comment.to_string();
            put_option(block, COMMENT, text::cut(&comment, OPTION_LIMIT).as_bytes());
        }
        if let Some(direction) = self.direction {
            let flags = match direction {
                Direction::Inbound => INBOUND,
                Direction::Outbound => OUTBOUND,
            };
            put_option(block, FLAGS, &flags.to_ne_bytes());
        }
        let first = self.comments.iter().find_map(Comment::process);
        if let Some((process, thread)) = first.and_then(|it| Some((it.pid, it.tid?))) {
            let both = [process.to_ne_bytes(), thread.to_ne_bytes()].concat();
            put_option(block, PROCESS_AND_THREAD, &both);
        }
        put_option(block, END_OF_OPTIONS, &[]);
    }
}

fn put_option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    block.extend(code.to_ne_bytes());
    block.extend((value.len() as u16).to_ne_bytes());
    block.extend(value);
    block.resize(block.len().next_multiple_of(4), 0);
}

/// What the tap's socket counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Frames that came to the tap, with those it had no room for.
    pub(crate) received: u64,
    /// Frames for which the ring had no room.
    pub(crate) dropped: u64,
}

/// A pcapng file in the making.
///
/// Every block is handed to the output in one piece.
pub(crate) struct Writer<W: Write> {
    file: PcapNgWriter<W>,
    system: String,
    /// Snap length of each interface.
    interfaces: Vec<u32>,
    /// The packet at hand, kept for its allocation.
    packet: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins the file with its section header.
    pub(crate) fn new(output: W, origin: &Origin) -> io::Result<Self> {
        let mut comments = vec![SectionHeaderOption::Comment(option(&origin.command))];
        if let Some(hostname) = &origin.hostname {
            let host = format!("host={hostname}");
            comments.push(SectionHeaderOption::Comment(option(&host)));
        }
        let section = SectionHeaderBlock {
            endianness: Endianness::native(),
            options: comments
                .into_iter()
                .chain([
                    SectionHeaderOption::Hardware(option(&origin.hardware)),
                    SectionHeaderOption::OS(option(&origin.system)),
                    SectionHeaderOption::UserApplication(option(&format!(
                        "{APPLICATION} {}",
                        env!("CARGO_PKG_VERSION")
                    ))),
                ])
                .collect(),
            ..SectionHeaderBlock::default()
        };
        let file = PcapNgWriter::with_section_header(output, section).map_err(io_error)?;
        Ok(Self {
            file,
            system: origin.system.clone(),
            interfaces: Vec::new(),
            packet: Vec::new(),
        })
    }

    /// Describes the next interface: the first is number 0.
    pub(crate) fn interface(&mut self, interface: &Interface) -> io::Result<()> {
        let snap_length = interface.snap_length.min(SNAP_LENGTH);
        let mut options = vec![
            InterfaceDescriptionOption::IfName(option(&interface.link)),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            InterfaceDescriptionOption::IfOs(option(&self.system)),
        ];
        if let Some(inode) = interface.namespace {
            let name = match &interface.namespace_name {
                Some(name) => format!("{} ", text::escape(name)),
                None => String::new(),
            };
            let text = format!("network namespace {name}net:[{inode}]");
            options.push(InterfaceDescriptionOption::IfDescription(option(&text)));
        }
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::from(u32::from(LINKTYPE_NETLINK)),
            snaplen: snap_length,
            options,
        };
        self.file.write_pcapng_block(block).map_err(io_error)?;
        self.interfaces.push(snap_length);
        Ok(())
    }

    /// Where it is written to.
    pub(crate) fn output(&mut self) -> &mut W {
        self.file.get_mut()
    }

    /// Writes a frame of the tap with what is known of it.
    pub(crate) fn frame(&mut self, frame: &Frame<'_>, note: &Note) -> io::Result<()> {
        self.packet(frame, note)
    }

    /// Writes a frame that a process received, but that was not on the tap.
    pub(crate) fn added(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let note = Note {
            comments: vec![Comment::Added],
            direction: Some(Direction::Inbound),
        };
        self.packet(frame, &note)
    }

    /// Writes an enhanced packet block. The pcap-file crate has no name for the
    /// option with the process, and would allocate for each.
    fn packet(&mut self, frame: &Frame<'_>, note: &Note) -> io::Result<()> {
        let snap_length = usize::try_from(frame.interface)
            .ok()
            .and_then(|at| self.interfaces.get(at));
        // A packet of an interface that the file does not have is no packet.
        let snap_length = *snap_length.ok_or(io::ErrorKind::InvalidInput)?;
        let room = (snap_length as usize).saturating_sub(cooked::LENGTH);
        let kept = &frame.messages[..frame.messages.len().min(room)];
        let captured = (kept.len() + cooked::LENGTH) as u32;
        let original = frame.original_length.saturating_add(cooked::LENGTH as u32);
        let time = u64::try_from(frame.time.as_nanos()).unwrap_or(u64::MAX);
        let block = &mut self.packet;
        block.clear();
        // The length is put in when it is known.
        for word in [
            ENHANCED_PACKET_BLOCK,
            0,
            frame.interface,
            (time >> 32) as u32,
            time as u32,
            captured,
            original,
        ] {
            block.extend(word.to_ne_bytes());
        }
        block.extend(cooked::header(frame.protocol, note.direction));
        block.extend_from_slice(kept);
        block.resize(block.len().next_multiple_of(4), 0);
        note.put(block);
        let length = (block.len() + 4) as u32;
        block.extend(length.to_ne_bytes());
        block[4..8].copy_from_slice(&length.to_ne_bytes());
        self.file.get_mut().write_all(&self.packet)
    }

    /// Ends the file with the statistics of each interface, in their order.
    pub(crate) fn finish(&mut self, now: Duration, counters: &[Counters]) -> io::Result<()> {
        let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        for (interface_id, counters) in (0..).zip(counters) {
            let block = InterfaceStatisticsBlock {
                interface_id,
                timestamp: time_words(nanoseconds),
                options: vec![
                    InterfaceStatisticsOption::IsbIfRecv(counters.received),
                    InterfaceStatisticsOption::IsbIfDrop(counters.dropped),
                ],
            };
            self.file.write_pcapng_block(block).map_err(io_error)?;
        }
        Ok(())
    }
}

/// A time of a statistics block as the pcap-file crate must be given it: the
/// format wants the high word first in either byte order, the crate writes a
/// plain u64.
fn time_words(nanoseconds: u64) -> u64 {
    if cfg!(target_endian = "little") {
        nanoseconds.rotate_left(32)
    } else {
        nanoseconds
    }
}

/// A text as an option's value, cut where it is too long for one.
fn option(value: &str) -> Cow<'static, str> {
    let kept = text::cut(value, OPTION_LIMIT);
    let mark = if kept.len() < value.len() { " …" } else { "" };
    Cow::Owned(format!("{kept}{mark}"))
}

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
