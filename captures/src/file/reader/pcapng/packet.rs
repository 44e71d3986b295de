// SPDX-License-Identifier: GPL-2.0-or-later
//! The blocks that hold a packet: enhanced, simple, and the obsolete one.

use super::{Section, options::number};
use crate::file::blocks::{
    EPB_DROPCOUNT, EPB_FLAGS, EPB_PROCESSID_THREADID, INBOUND, MULTICAST, OPT_COMMENT, OUTBOUND,
    PACKET, RECEPTION, SIMPLE_PACKET,
};
use crate::file::comment::{ADDED, Comment};
use crate::file::cooked::NoMessages;
use crate::file::reader::remarks::Remarks;
use crate::file::reader::source::ItemReader;
use crate::file::reader::{SHORT, packet_of};
use crate::messages::packet::Packet;
use crate::messages::process::{Certainty, Process};

/// Bytes before the data of an enhanced or obsolete packet block, and of a simple one.
pub(super) const HEADER: usize = 28;
pub(super) const SIMPLE_HEADER: usize = 12;

/// What an obsolete packet block has where it does not know how many packets were lost.
const UNKNOWN: u16 = u16::MAX;

/// What the options of a packet say.
#[derive(Default)]
struct PacketOptions<'a> {
    added: bool,
    /// The comment that names a process.
    comment: Option<&'a [u8]>,
    /// Process and thread.
    thread: Option<(u32, u32)>,
    sent: Option<bool>,
    is_multicast: bool,
    /// Packets lost before this one.
    lost: Option<u64>,
}

impl<'a> PacketOptions<'a> {
    fn read(source: &'a ItemReader<'_>, kind: u32, from: usize, remarks: &mut Remarks) -> Self {
        let mut said = Self::default();
        let endian = source.endian;
        for (code, value) in source.options(kind, from, remarks) {
            match code {
                OPT_COMMENT if value == ADDED.as_bytes() => said.added = true,
                // Of a multicast each receiver has one: the first is the one of option 8.
                OPT_COMMENT if value.starts_with(b"pid=") => {
                    said.comment = said.comment.or(Some(value));
                }
                EPB_FLAGS => {
                    let flags = endian.u32(value).unwrap_or(0);
                    said.is_multicast = flags & RECEPTION == MULTICAST;
                    said.sent = match flags & (INBOUND | OUTBOUND) {
                        INBOUND => Some(false),
                        OUTBOUND => Some(true),
                        _ => None,
                    };
                }
                EPB_DROPCOUNT => said.lost = number(endian, value),
                EPB_PROCESSID_THREADID => {
                    let word = |at: usize| endian.u32(value.get(at..)?);
                    said.thread = word(0).zip(word(4));
                }
                _ => {}
            }
        }
        said
    }
}

impl Section {
    /// The packet of the block at hand, which is of type `kind`; None where it is skipped.
    pub(super) fn packet<'a>(
        &mut self,
        source: &'a ItemReader<'_>,
        kind: u32,
        remarks: &mut Remarks,
    ) -> Option<Packet<'a>> {
        let id = match kind {
            SIMPLE_PACKET => 0,
            PACKET => source.half(8).into(),
            _ => source.word(8),
        };
        let Some(interface) = self.interfaces.get_mut(id as usize) else {
            remarks.skipped_packet(source.start(), format_args!("no interface {id}"));
            return None;
        };
        let Some(header) = interface.header else {
            remarks.foreign_packet(interface.link_type);
            return None;
        };
        let (from, kept) = match kind {
            SIMPLE_PACKET => {
                let original = source.word(8);
                let kept = match interface.snap_length {
                    0 => original,
                    snap_length => original.min(snap_length),
                };
                (SIMPLE_HEADER, kept)
            }
            _ => (HEADER, source.word(20)),
        };
        let kept = kept as usize;
        let Some(data) = source.body(from).get(..kept) else {
            remarks.skipped_packet(source.start(), "longer than its block");
            return None;
        };
        let mut said = match kind {
            SIMPLE_PACKET => PacketOptions::default(),
            _ => PacketOptions::read(source, kind, from + kept.next_multiple_of(4), remarks),
        };
        if kind == PACKET {
            let lost = Some(source.half(10)).filter(|it| *it != UNKNOWN);
            said.lost = lost.map(u64::from);
        }
        if let Some(lost) = said.lost {
            interface.lost_before(lost);
        }
        let mut packet = match header.split(data) {
            Ok(messages) => packet_of(source, messages, remarks.skipped()),
            Err(NoMessages::Short) => {
                remarks.skipped_packet(source.start(), SHORT);
                return None;
            }
            Err(NoMessages::Foreign) => {
                remarks.foreign_packet(interface.link_type);
                return None;
            }
        };
        remarks.link_types.netlink();
        packet.tap = interface.tap;
        packet.added = said.added;
        packet.sent = said.sent;
        packet.is_multicast = said.is_multicast;
        if kind == SIMPLE_PACKET {
            remarks.timeless += 1;
        } else {
            let units = u64::from(source.word(12)) << 32 | u64::from(source.word(16));
            packet.time = interface.time(units);
        }
        if let Some(Comment::Process {
            process,
            certainty,
            fate,
        }) = said.comment.and_then(|it| self.comments.read(it))
        {
            packet.is_multicast |= certainty == Some(Certainty::Group);
            (packet.process, packet.fate) = (Some(process), fate);
        } else if let Some((pid, tid)) = said.thread {
            packet.process = Some(Process {
                pid,
                tid: Some(tid),
                ..Process::default()
            });
        }
        Some(packet)
    }
}
