// SPDX-License-Identifier: GPL-2.0-or-later
//! pcapng, draft-ietf-opsawg-pcapng.

mod interface;
mod options;
mod packet;

use self::interface::Interface;
use self::options::{Options, text};
use super::comments::Comments;
use super::remarks::Remarks;
use super::source::ItemReader;
use super::{FileInfo, LONGEST, ReadError};
use crate::file::APPLICATION;
use crate::file::blocks::{
    BYTE_ORDER_MAGIC, ENHANCED_PACKET, INTERFACE_DESCRIPTION, INTERFACE_STATISTICS, MAJOR_VERSION,
    OPT_COMMENT, PACKET, SECTION_HEADER, SHB_HARDWARE, SHB_OS, SHB_USERAPPL, SIMPLE_PACKET,
};
use crate::messages::packet::Packet;

/// Bytes before the options of a section header block, of an interface description block and
/// of an interface statistics block, and of any block before what it holds.
const SECTION: usize = 24;
const INTERFACE: usize = 16;
const STATISTICS: usize = 20;
const OTHER: usize = 8;

/// How many interfaces a section may have: a compressed file can have room for more than
/// there is memory.
const MOST_INTERFACES: usize = 1 << 16;

/// Bytes of a block's second length, at its end.
const END: usize = 4;

/// Reads a file whose first section's block has begun.
pub(super) fn read(
    source: &mut ItemReader<'_>,
    about: &mut FileInfo,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<(), ReadError> {
    let mut section = Section::default();
    let end = section.read(source, about, each);
    section.close(about);
    end
}

/// Bytes of a block of this type before its options or data; None for those that do not count.
fn header(kind: u32) -> Option<usize> {
    match kind {
        SECTION_HEADER => Some(SECTION),
        INTERFACE_DESCRIPTION => Some(INTERFACE),
        INTERFACE_STATISTICS => Some(STATISTICS),
        ENHANCED_PACKET | PACKET => Some(packet::HEADER),
        SIMPLE_PACKET => Some(packet::SIMPLE_HEADER),
        _ => None,
    }
}

/// Reads the rest of a block whose type is read; its type, where it is one of
/// those that count.
fn read_block(source: &mut ItemReader<'_>) -> Result<Option<u32>, ReadError> {
    source.extend(8)?;
    // The same in either byte order for a section, whose order is not known yet.
    let kind = source.word(0);
    if kind == SECTION_HEADER {
        // Before anything is made of the length.
        source.extend(16)?;
        if source.word(8) == BYTE_ORDER_MAGIC.swap_bytes() {
            source.endian = source.endian.swapped();
        }
        if source.word(8) != BYTE_ORDER_MAGIC {
            return Err(source.damaged("a section without a byte-order magic"));
        }
        let version = source.half(12);
        if version != MAJOR_VERSION {
            return Err(source.damaged(format_args!("version {version} of pcapng")));
        }
    }
    let length = source.word(4);
    let header = header(kind);
    let shortest = (header.unwrap_or(OTHER) + END) as u32;
    // Of the others nothing is kept, however long they are.
    let longest = header.map_or(u32::MAX, |_| LONGEST);
    if !(shortest..=longest).contains(&length) || !length.is_multiple_of(4) {
        return Err(source.damaged(format_args!("block length {length}")));
    }
    if header.is_none() {
        source.skip(length)?;
        return Ok(None);
    }
    source.extend(length)?;
    if source.word(length as usize - END) != length {
        return Err(source.damaged("its two block lengths differ"));
    }
    Ok(Some(kind))
}

impl ItemReader<'_> {
    /// The bytes of the block at hand from `from` on, without its second length.
    fn body(&self, from: usize) -> &[u8] {
        let end = self.item().len().saturating_sub(END);
        self.item().get(from..end).unwrap_or(&[])
    }

    /// The options of the block at hand, of type `kind`, from byte `from` on.
    fn options<'r>(&self, kind: u32, from: usize, remarks: &'r mut Remarks) -> Options<'_, 'r> {
        let end = self.start() + self.item().len().saturating_sub(END) as u64;
        Options::new(kind, self.body(from), end, self.endian, remarks)
    }
}

/// What is known of the section at hand, and of the taps of the file so far.
#[derive(Default)]
struct Section {
    interfaces: Vec<Interface>,
    /// How many interfaces there were in the file so far.
    taps: u32,
    comments: Comments,
    /// The kernel of the machine that wrote it, and that of the machine where its messages
    /// are from: mergecap makes one section out of those of other machines.
    written_on: Option<String>,
    recorded_on: Option<String>,
}

impl Section {
    /// Reads the file to its end.
    fn read(
        &mut self,
        source: &mut ItemReader<'_>,
        about: &mut FileInfo,
        each: &mut impl FnMut(&Packet<'_>) -> bool,
    ) -> Result<(), ReadError> {
        loop {
            match read_block(source)? {
                None => {}
                Some(SECTION_HEADER) => {
                    self.close(about);
                    self.written_on = note_origin(source, about);
                }
                Some(INTERFACE_DESCRIPTION) => self.interface(source, about)?,
                Some(INTERFACE_STATISTICS) => self.statistics(source, about),
                Some(kind) => {
                    if let Some(packet) = self.packet(source, kind, &mut about.remarks)
                        && !each(&packet)
                    {
                        return Err(ReadError::Stopped);
                    }
                }
            }
            if !source.begin(4)? {
                return Ok(());
            }
        }
    }

    fn interface(
        &mut self,
        source: &ItemReader<'_>,
        about: &mut FileInfo,
    ) -> Result<(), ReadError> {
        if self.interfaces.len() == MOST_INTERFACES {
            return Err(source.damaged(format_args!("more than {MOST_INTERFACES} interfaces")));
        }
        let (interface, names) = Interface::new(source, self.taps, &mut about.remarks);
        if interface.header.is_some() {
            about.link = about.link.take().or(names.link);
            self.recorded_on = self.recorded_on.take().or(names.system);
        }
        self.interfaces.push(interface);
        self.taps = self.taps.saturating_add(1);
        Ok(())
    }

    fn statistics(&mut self, source: &ItemReader<'_>, about: &mut FileInfo) {
        let options = source.options(INTERFACE_STATISTICS, STATISTICS, &mut about.remarks);
        if let Some(interface) = self.interfaces.get_mut(source.word(8) as usize) {
            interface.take_statistics(source, options);
        }
    }

    /// Ends the section: adds up what its interfaces lost, and forgets them.
    fn close(&mut self, about: &mut FileInfo) {
        let dropped = &mut about.dropped;
        for lost in self.interfaces.drain(..).filter_map(|it| it.dropped()) {
            *dropped = Some(dropped.unwrap_or(0).saturating_add(lost));
        }
        // Of several sections the first one counts.
        let system = self.recorded_on.take().or(self.written_on.take());
        about.system = about.system.take().or(system);
    }
}

/// Notes what a section says about its origin; the kernel of the machine that wrote it.
fn note_origin(source: &ItemReader<'_>, about: &mut FileInfo) -> Option<String> {
    let (mut comment, mut by_us, mut system) = (None, false, None);
    // Of several sections the first one counts.
    for (code, value) in source.options(SECTION_HEADER, SECTION, &mut about.remarks) {
        let place = match code {
            OPT_COMMENT => &mut comment,
            SHB_OS => &mut system,
            SHB_HARDWARE => &mut about.hardware,
            SHB_USERAPPL => {
                by_us |= value.split(|it| *it == b' ').next() == Some(APPLICATION.as_bytes());
                &mut about.application
            }
            _ => continue,
        };
        place.get_or_insert_with(|| text(value));
    }
    if by_us {
        about.command = about.command.take().or(comment);
    }
    system
}
