// SPDX-License-Identifier: GPL-2.0-or-later
//! Writing pcapng: one section, an interface for each tap, packets, and the
//! interfaces' statistics at the end.

use std::io::{self, Write};
use std::time::Duration;

use super::comment::Comment;
use super::{APPLICATION, LINKTYPE_NETLINK, SNAP_LENGTH, blocks, cooked};
use crate::messages::packet::{Direction, Frame};
use crate::terminal::text;

/// The exponent of if_tsresol: 10 to the power of -9 s.
const NANOSECONDS: u8 = 9;

/// An option's length is 16 bits; this leaves room for the mark of a cut.
const OPTION_LIMIT: usize = 65_000;

/// The comment on a section in which zeros stand in the place of keys and passwords.
const REDACTED: &str = "redacted";

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
    /// Whether zeros stand in the place of keys and passwords.
    pub(crate) redacted: bool,
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
    /// Whether it is known for a multicast.
    pub(crate) is_multicast: bool,
}

impl Note {
    fn put(&self, block: &mut Block) {
        if self.comments.is_empty() && self.direction.is_none() {
            return;
        }
        for comment in &self.comments {
            let comment = comment.to_string();
            let comment = text::cut(&comment, OPTION_LIMIT);
            block.option(blocks::OPT_COMMENT, comment.as_bytes());
        }
        if let Some(direction) = self.direction {
            let flags = match direction {
                Direction::Inbound => blocks::INBOUND,
                Direction::Outbound => blocks::OUTBOUND,
            };
            let flags = match self.is_multicast {
                true => flags | blocks::MULTICAST,
                false => flags,
            };
            block.option(blocks::EPB_FLAGS, &flags.to_ne_bytes());
        }
        let first = self.comments.iter().find_map(Comment::process);
        if let Some((process, thread)) = first.and_then(|it| Some((it.pid, it.tid?))) {
            let both = [process.to_ne_bytes(), thread.to_ne_bytes()].concat();
            block.option(blocks::EPB_PROCESSID_THREADID, &both);
        }
        block.end_options();
    }
}

/// What the tap's socket counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Frames that came to the tap, with those it had no room for.
    pub(crate) received: u64,
    /// Frames for which the ring had no room.
    pub(crate) dropped: u64,
}

/// A block in the making, in the byte order of this machine.
#[derive(Default)]
struct Block(Vec<u8>);

impl Block {
    /// Begins a block of this type with its first words.
    fn begin<const N: usize>(&mut self, kind: u32, words: [u32; N]) {
        self.0.clear();
        // The length is put in when it is known.
        self.words([kind, 0]);
        self.words(words);
    }

    fn words<const N: usize>(&mut self, words: [u32; N]) {
        self.0.extend(words.iter().flat_map(|it| it.to_ne_bytes()));
    }

    fn halves<const N: usize>(&mut self, halves: [u16; N]) {
        self.0.extend(halves.iter().flat_map(|it| it.to_ne_bytes()));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.halves([code, value.len() as u16]);
        self.bytes(value);
        self.pad();
    }

    /// An option with a text, cut where it is too long for one.
    fn text(&mut self, code: u16, value: &str) {
        let kept = text::cut(value, OPTION_LIMIT);
        let mark = if kept.len() < value.len() { " …" } else { "" };
        self.option(code, format!("{kept}{mark}").as_bytes());
    }

    fn end_options(&mut self) {
        self.option(blocks::OPT_ENDOFOPT, &[]);
    }

    /// Ends it; the block as it is written.
    fn end(&mut self) -> &[u8] {
        let length = (self.0.len() + 4) as u32;
        self.words([length]);
        self.0[4..8].copy_from_slice(&length.to_ne_bytes());
        &self.0
    }
}

/// A pcapng file in the making.
///
/// Every block is handed to the output in one piece.
pub(crate) struct Writer<W: Write> {
    file: W,
    system: String,
    /// Snap length of each interface.
    interfaces: Vec<u32>,
    /// The block at hand, kept for its allocation.
    block: Block,
}

impl<W: Write> Writer<W> {
    /// Begins the file with its section header.
    pub(crate) fn new(mut output: W, origin: &Origin) -> io::Result<Self> {
        let mut block = Block::default();
        block.begin(blocks::SECTION_HEADER, [blocks::BYTE_ORDER_MAGIC]);
        block.halves([blocks::MAJOR_VERSION, blocks::MINOR_VERSION]);
        // The length of the section is not known.
        block.words([u32::MAX; 2]);
        block.text(blocks::OPT_COMMENT, &origin.command);
        if let Some(hostname) = &origin.hostname {
            block.text(blocks::OPT_COMMENT, &format!("host={hostname}"));
        }
        if origin.redacted {
            block.text(blocks::OPT_COMMENT, REDACTED);
        }
        block.text(blocks::SHB_HARDWARE, &origin.hardware);
        block.text(blocks::SHB_OS, &origin.system);
        let application = format!("{APPLICATION} {}", env!("CARGO_PKG_VERSION"));
        block.text(blocks::SHB_USERAPPL, &application);
        block.end_options();
        output.write_all(block.end())?;
        Ok(Self {
            file: output,
            system: origin.system.clone(),
            interfaces: Vec::new(),
            block,
        })
    }

    /// Describes the next interface: the first is number 0.
    pub(crate) fn interface(&mut self, interface: &Interface) -> io::Result<()> {
        let snap_length = interface.snap_length.min(SNAP_LENGTH);
        let block = &mut self.block;
        block.begin(blocks::INTERFACE_DESCRIPTION, []);
        block.halves([LINKTYPE_NETLINK, 0]);
        block.words([snap_length]);
        block.text(blocks::IF_NAME, &interface.link);
        block.option(blocks::IF_TSRESOL, &[NANOSECONDS]);
        block.text(blocks::IF_OS, &self.system);
        if let Some(inode) = interface.namespace {
            let name = match &interface.namespace_name {
                Some(name) => format!("{} ", text::escape(name)),
                None => String::new(),
            };
            let text = format!("network namespace {name}net:[{inode}]");
            block.text(blocks::IF_DESCRIPTION, &text);
        }
        block.end_options();
        self.file.write_all(block.end())?;
        self.interfaces.push(snap_length);
        Ok(())
    }

    /// Where it is written to.
    pub(crate) fn output(&mut self) -> &mut W {
        &mut self.file
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
            is_multicast: false,
        };
        self.packet(frame, &note)
    }

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
        let [high, low] = time_words(frame.time);
        let block = &mut self.block;
        block.begin(
            blocks::ENHANCED_PACKET,
            [frame.interface, high, low, captured, original],
        );
        block.bytes(&cooked::header(frame.protocol, note.direction));
        block.bytes(kept);
        block.pad();
        note.put(block);
        self.file.write_all(block.end())
    }

    /// Ends the file with the statistics of each interface, in their order.
    pub(crate) fn finish(&mut self, now: Duration, counters: &[Counters]) -> io::Result<()> {
        let [high, low] = time_words(now);
        for (interface, counters) in (0..).zip(counters) {
            let block = &mut self.block;
            block.begin(blocks::INTERFACE_STATISTICS, [interface, high, low]);
            block.option(blocks::ISB_IFRECV, &counters.received.to_ne_bytes());
            block.option(blocks::ISB_IFDROP, &counters.dropped.to_ne_bytes());
            block.end_options();
            self.file.write_all(block.end())?;
        }
        Ok(())
    }
}

/// A time in nanoseconds, the high word first in either byte order.
fn time_words(time: Duration) -> [u32; 2] {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    [(nanoseconds >> 32) as u32, nanoseconds as u32]
}
