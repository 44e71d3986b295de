// SPDX-License-Identifier: GPL-2.0-or-later
//! Reading capture files: pcapng, pcap and what rtmon writes, compressed or not.
//!
//! # Design decisions
//!
//! Blocks are read here and not by a crate: those that read pcapng refuse a file for what can
//! be read on, such as options without an end or a text that is not UTF-8, take all times for
//! nanoseconds, do not distinguish a file that is cut off from a block that is wrong inside, or
//! allocate for each packet. A packet is looked at where it lies in the buffer.
//!
//! What is wrong inside a block or packet whose length is right is skipped and said
//! ([`Remarks`]); reading ends where it is not known any more where the next one begins.
//!
//! A compressed file is decompressed as it is read: its memory is bounded by the window of the
//! format, however long the file becomes. Offsets are those of the decompressed bytes.

mod comments;
mod compressed;
mod foreign;
mod link_types;
mod pcap;
mod pcapng;
mod remarks;
mod rtmon;
mod source;

use std::io::Read;
use std::mem;

use ynl::decode::Endian;

use self::link_types::LinkTypes;
pub(crate) use self::remarks::Remarks;
use self::source::ItemReader;
use super::blocks::SECTION_HEADER;
use super::{APPLICATION, SYSCALLS};
use crate::messages::packet::Packet;
use crate::terminal::text::Reason;

/// The longest block or packet that is taken, in bytes. A packet has at most
/// 262,144, and the rest of its block is little.
const LONGEST: u32 = 1 << 22;

/// Why a packet is skipped of which there is not enough.
const SHORT: &str = "shorter than its cooked header";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Io(Reason),
    /// It is something else.
    #[error("{0}")]
    Foreign(String),
    #[error("no netlink messages, but {0}")]
    NoNetlink(LinkTypes),
    #[error("stopped by the caller")]
    Stopped,
    #[error("truncated at byte {0}")]
    CutOff(u64),
    #[error("damaged at byte {0}: {1}")]
    Damaged(u64, String),
}

/// What the file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileInfo {
    /// The command that was recorded, where nlcap wrote the file.
    pub(crate) command: Option<String>,
    /// The program that wrote the file, with its version.
    pub(crate) application: Option<String>,
    /// Kernel name and release of the machine that the messages are from.
    pub(crate) system: Option<String>,
    /// Hardware name of the machine.
    pub(crate) hardware: Option<String>,
    /// The link that it was recorded from.
    pub(crate) link: Option<String>,
    /// Frames that were lost, where the file says it.
    pub(crate) dropped: Option<u64>,
    /// What was skipped.
    pub(crate) remarks: Remarks,
}

impl FileInfo {
    /// Whether the file says what the calls returned that sent and received its messages.
    pub(crate) fn has_results(&self) -> bool {
        let by_nlcap = self.application.as_deref();
        by_nlcap.is_some_and(|it| it.starts_with(APPLICATION))
            && self.link.as_deref() == Some(SYSCALLS)
    }
}

/// Reads a file to its end and hands each packet to `each`.
pub(crate) fn read(
    file: impl Read,
    each: &mut impl FnMut(&Packet<'_>),
) -> Result<FileInfo, ReadError> {
    let mut about = FileInfo::default();
    read_while(file, &mut about, &mut |packet| {
        each(packet);
        true
    })?;
    Ok(about)
}

/// Reads a file and hands each packet to `each`, until that returns false: then
/// the result is [`ReadError::Stopped`]. What the file says about itself is in `about`
/// even where it cannot be read to its end.
pub(crate) fn read_while(
    file: impl Read,
    about: &mut FileInfo,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<(), ReadError> {
    let mut source = ItemReader::new(file);
    begin(&mut source)?;
    if let Some(format) = compressed::Format::of(source.here()) {
        source = ItemReader::new(format.decoder(source.into_file()));
        begin(&mut source)?;
    }
    read_decompressed(&mut source, about, each)?;
    if about.remarks.link_types.are_foreign() {
        // That says it all.
        return Err(ReadError::NoNetlink(mem::take(
            &mut about.remarks.link_types,
        )));
    }
    Ok(())
}

/// Reads the first word of a file.
fn begin(source: &mut ItemReader<'_>) -> Result<(), ReadError> {
    match source.begin(4) {
        Ok(true) => Ok(()),
        Ok(false) | Err(ReadError::CutOff(_)) => Err(unknown(source)),
        Err(error) => Err(error),
    }
}

/// That the file is something else.
fn unknown(source: &ItemReader<'_>) -> ReadError {
    ReadError::Foreign(foreign::describe(source.here()))
}

/// Reads a file whose first word is read.
fn read_decompressed(
    source: &mut ItemReader<'_>,
    about: &mut FileInfo,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<(), ReadError> {
    if source.word(0) == SECTION_HEADER {
        return pcapng::read(source, about, each);
    }
    for endian in [source.endian, source.endian.swapped()] {
        source.endian = endian;
        if let Some(form) = pcap::Form::of(source.word(0)) {
            return form.read(source, about, each);
        }
        if rtmon::is_rtmon(source) {
            return rtmon::read(source, each);
        }
    }
    Err(unknown(source))
}

/// A packet of netlink, of which no more is known than its messages, and how many before it
/// were skipped.
fn packet_of<'a>(
    source: &ItemReader<'_>,
    (protocol, messages): (u16, &'a [u8]),
    skipped: u64,
) -> Packet<'a> {
    Packet {
        skipped,
        ..Packet::of(protocol, messages, spoken(messages, source.endian))
    }
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
