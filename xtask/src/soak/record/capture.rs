// SPDX-License-Identifier: GPL-2.0-or-later
//! Capture files as the proof reads them, with a reader that is not nlcap's, and messages
//! made comparable between one run and another.

use crate::netlink::{NLMSG_ERROR, half, next_message, word};
use anyhow::{Context, Result, bail, ensure};
use pcap_file::{
    pcap::PcapReader,
    pcapng::{Block, PcapNgReader, blocks::enhanced_packet::EnhancedPacketOption},
};
use std::{collections::BTreeMap, fmt, fs::File, path::Path};

/// The cooked header before the messages of a frame; the protocol is at its end.
const COOKED: usize = 16;

/// What nlcap puts into a recording by itself.
const ADDED: &str = "added by nlcap";

/// The packet types by which a cooked header shows the direction: PACKET_USER and
/// PACKET_KERNEL of linux/if_packet.h.
const TO_USER: u8 = 6;
const TO_KERNEL: u8 = 7;

const ROUTE: u16 = 0;
const SOCK_DIAG: u16 = 4;

/// A frame of a capture.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) protocol: u16,
    /// Of the cooked header.
    packet_type: u8,
    pub(super) bytes: Vec<u8>,
    /// The comments that nlcap made about its owners.
    pub(super) comments: Vec<String>,
}

impl Frame {
    fn new(packet: &[u8], original: u32, comments: Vec<String>) -> Result<Self> {
        ensure!(packet.len() == original as usize, "a frame is cut off");
        let bytes = packet.get(COOKED..).context("a frame without a header")?;
        Ok(Self {
            protocol: u16::from_be_bytes([packet[14], packet[15]]),
            packet_type: packet[1],
            bytes: bytes.to_vec(),
            comments,
        })
    }

    /// As talker.c has it in its log.
    pub(super) fn line(&self) -> Result<String> {
        let way = match self.packet_type {
            TO_KERNEL => "out",
            TO_USER => "in",
            other => bail!("a frame of packet type {other} has no direction"),
        };
        Ok(format!("{way} {} {}", self.protocol, hex(&self.bytes)))
    }

    /// The sequence number of its first message.
    pub(super) fn sequence(&self) -> Result<u32> {
        word(&self.bytes, 8)
    }
}

/// The frames of a recording of nlcap, without what it added.
pub(super) fn recording(path: &Path) -> Result<Vec<Frame>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = PcapNgReader::new(std::io::BufReader::new(file))?;
    let mut frames = Vec::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block? else {
            continue;
        };
        let comments: Vec<_> = packet
            .options
            .iter()
            .filter_map(|option| match option {
                EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                _ => None,
            })
            .collect();
        if !comments.iter().any(|comment| comment == ADDED) {
            frames.push(Frame::new(&packet.data, packet.original_len, comments)?);
        }
    }
    Ok(frames)
}

/// The frames of a file that tcpdump writes, as far as it has come.
pub(super) fn tcpdump(path: &Path) -> Result<Vec<Frame>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = PcapReader::new(std::io::BufReader::new(file))?;
    let mut frames = Vec::new();
    // A packet that is not whole yet ends it.
    while let Some(Ok(packet)) = reader.next_packet() {
        frames.push(Frame::new(&packet.data, packet.orig_len, Vec::new())?);
    }
    Ok(frames)
}

/// A message without what differs from run to run: its sequence number and port id, and
/// what the kernel counts and measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Message {
    protocol: u16,
    kind: u16,
    flags: u16,
    length: u32,
    payload: Vec<u8>,
}

impl Message {
    /// Whether a process asks something.
    pub(super) fn is_request(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether it describes a socket: SOCK_DIAG_BY_FAMILY as an answer.
    pub(super) fn is_diag(&self) -> bool {
        self.protocol == SOCK_DIAG && self.kind == 20 && !self.is_request()
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "protocol {} type {} flags {:#x} length {}: {}",
            self.protocol,
            self.kind,
            self.flags,
            self.length,
            hex(&self.payload)
        )
    }
}

/// How often each message is there.
pub(super) type Messages = BTreeMap<Message, u64>;

/// The messages of frames.
pub(super) fn messages(frames: &[Frame]) -> Result<Messages> {
    let mut all = Messages::new();
    for frame in frames {
        let mut rest = &frame.bytes[..];
        // ip sends its requests with the rest of the structure behind them.
        while rest.iter().any(|byte| *byte != 0) {
            let bytes = next_message(&mut rest)?;
            let mut message = Message {
                protocol: frame.protocol,
                kind: half(bytes, 4)?,
                flags: half(bytes, 6)?,
                length: word(bytes, 0)?,
                payload: bytes[16..].to_vec(),
            };
            normalise(&mut message);
            *all.entry(message).or_default() += 1;
        }
    }
    Ok(all)
}

/// Clears what differs from run to run.
fn normalise(message: &mut Message) {
    let is_request = message.is_request();
    let payload = &mut message.payload[..];
    if message.kind == NLMSG_ERROR {
        // The header of the refused request, with its sequence number and port id.
        if let Some(header) = payload.get_mut(12..20) {
            header.fill(0);
        }
        return;
    }
    if message.protocol != ROUTE {
        return;
    }
    if is_request && payload.len() == 4 {
        // A struct rtgenmsg of one byte, with what there was in memory behind it.
        payload[1..].fill(0);
        return;
    }
    // Length of the fixed header, and the attributes that hold counters or times, by
    // the groups of four of linux/rtnetlink.h.
    let (header, volatile): (usize, &[u16]) = match message.kind & !3 {
        // IFLA_STATS, IFLA_PROTINFO, IFLA_STATS64, IFLA_AF_SPEC.
        16 => (16, &[7, 12, 23, 26]),
        // IFA_CACHEINFO.
        20 => (8, &[6]),
        // NDA_CACHEINFO.
        28 => (12, &[3]),
        // TCA_STATS, TCA_XSTATS, TCA_STATS2.
        36 | 40 | 44 => (20, &[3, 4, 7]),
        _ => return,
    };
    let mut at = header;
    while let (Some(length), Some(kind)) = (halves(payload, at), halves(payload, at + 2)) {
        let length = usize::from(length);
        if length < 4 {
            return;
        }
        if volatile.contains(&(kind & 0x3fff))
            && let Some(value) = payload.get_mut(at + 4..at + length)
        {
            value.fill(0);
        }
        at += length.next_multiple_of(4);
    }
}

fn halves(bytes: &[u8], at: usize) -> Option<u16> {
    half(bytes, at).ok()
}

/// What is missing in `found` and what is too much, each with an example.
pub(super) fn difference(truth: &Messages, found: &Messages) -> Option<String> {
    let surplus = |these: &Messages, those: &Messages| {
        let mut count = 0;
        let mut example = None;
        for (message, times) in these {
            let over = times.saturating_sub(those.get(message).copied().unwrap_or(0));
            count += over;
            if over > 0 && example.is_none() {
                example = Some(message.to_string());
            }
        }
        (count, example.unwrap_or_default())
    };
    let (missing, one) = surplus(truth, found);
    let (foreign, other) = surplus(found, truth);
    (missing + foreign > 0).then(|| {
        format!("{missing} missing, {foreign} foreign\n  missing: {one}\n  foreign: {other}")
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::{attr, message};

    fn frame(bytes: Vec<u8>) -> Frame {
        Frame {
            protocol: ROUTE,
            packet_type: TO_USER,
            bytes,
            comments: Vec::new(),
        }
    }

    fn link(seq: u32, mtu: u8, counter: u8) -> Vec<u8> {
        let mut body = vec![0; 16];
        body.extend(attr(4, &[mtu; 4]));
        body.extend(attr(7, &[counter; 8]));
        message(16, 0, seq, &body)
    }

    #[test]
    fn sequence_numbers_and_counters_make_no_difference_and_all_else_does() {
        let of = |bytes| messages(&[frame(bytes)]).unwrap();
        assert_eq!(difference(&of(link(1, 5, 1)), &of(link(2, 5, 9))), None);
        let report = difference(&of(link(1, 5, 1)), &of(link(1, 6, 1))).unwrap();
        assert!(report.starts_with("1 missing, 1 foreign"), "{report}");
        let twice = [link(1, 5, 1), link(2, 5, 1)].concat();
        let report = difference(&of(twice), &of(link(1, 5, 1))).unwrap();
        assert!(report.starts_with("1 missing, 0 foreign"), "{report}");
    }
}
