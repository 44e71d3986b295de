// SPDX-License-Identifier: GPL-2.0-or-later
//! Reading capture files: pcapng, and pcap as tcpdump writes it.
//!
//! # Design decisions
//!
//! The blocks are cut out here and only those of interest are handed to the
//! pcap-file crate, each in a slice of its own: its parser of name resolution
//! blocks panics on a damaged one, and its reader cannot distinguish a file that is cut
//! off from a block that is wrong inside. Packets are not parsed by the crate: it
//! takes all times for nanoseconds, refuses comments that are not UTF-8, gives no
//! access to the option with the process, and allocates for each packet.

mod comments;
mod pcap;
mod pcapng;
mod source;

use std::io::Read;
use std::time::Duration;

use pcap_file::pcapng::blocks::SECTION_HEADER_BLOCK;
use ynl::decode::Endian;

use self::source::ItemReader;
use super::{LINKTYPE_NETLINK, cooked};
use crate::messages::packet::Packet;
use crate::terminal::text::Reason;

/// The longest block or packet that is taken, in bytes. A packet has at most
/// 262,144, and the rest of its block is little.
const LONGEST: u32 = 1 << 22;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Io(Reason),
    #[error("not a capture file (pcapng or pcap)")]
    Unknown,
    #[error("stopped by the caller")]
    Stopped,
    #[error("truncated at byte {0}")]
    CutOff(u64),
    #[error("damaged at byte {0}: {1}")]
    Damaged(u64, String),
    #[error("packet at byte {0} has link type {1}, not {LINKTYPE_NETLINK} (NETLINK)")]
    LinkType(u64, u32),
}

/// What the file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileInfo {
    /// The command that was recorded, where nlcap wrote the file.
    pub(crate) command: Option<String>,
    /// The program that wrote the file, with its version.
    pub(crate) application: Option<String>,
    /// Kernel name and release of the machine.
    pub(crate) system: Option<String>,
    /// Hardware name of the machine.
    pub(crate) hardware: Option<String>,
    /// The link that it was recorded from.
    pub(crate) link: Option<String>,
    /// Frames that were lost, where the file says it.
    pub(crate) dropped: Option<u64>,
}

/// Reads a file to its end and hands each packet to `each`.
pub(crate) fn read(
    file: impl Read,
    each: &mut impl FnMut(&Packet<'_>),
) -> Result<FileInfo, ReadError> {
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
) -> Result<FileInfo, ReadError> {
    let mut source = ItemReader::new(file);
    if !source.begin(4)? {
        return Err(ReadError::Unknown);
    }
    match source.word(0) {
        SECTION_HEADER_BLOCK => pcapng::read(&mut source, each),
        word if pcap::MAGICS.contains(&word) => pcap::read(&mut source, each),
        word if pcap::MAGICS.contains(&word.swap_bytes()) => {
            source.endian = source.endian.swapped();
            pcap::read(&mut source, each)
        }
        _ => Err(ReadError::Unknown),
    }
}

fn cooked_packet<'a>(
    source: &ItemReader<impl Read>,
    link_type: u32,
    data: &'a [u8],
) -> Result<Packet<'a>, ReadError> {
    if link_type != u32::from(LINKTYPE_NETLINK) {
        return Err(source.foreign(link_type));
    }
    let (protocol, messages) =
        cooked::split(data).ok_or_else(|| source.damaged("packet without a cooked header"))?;
    Ok(Packet {
        time: Duration::ZERO,
        protocol,
        messages,
        endian: spoken(messages, source.endian),
        tap: 0,
        sent: None,
        process: None,
        is_multicast: false,
        fate: None,
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
