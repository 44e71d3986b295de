// SPDX-License-Identifier: GPL-2.0-or-later
//! The receive ring of a packet socket, TPACKET_V3: the kernel fills blocks of
//! frames, hands each over by a status word, and gets it back by the same.
//!
//! Documentation/networking/packet_mmap.rst describes it.
//!
//! # Design decisions
//!
//! A block is copied out before it is looked at. The kernel gets it back at once,
//! before anything is written to a file, and no reference ever points into memory
//! that the kernel writes to. The copy costs a few percent of what writing the
//! frames to a file does.

use std::mem::offset_of;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;

use crate::messages::packet::Frame;
use crate::sys::SharedMemory;

/// Bytes of a block. A frame must fit into one, and rtnetlink and generic netlink
/// make none that is near.
pub(super) const BLOCK: usize = 1 << 19;

const STATUS: usize = block_field(offset_of!(libc::tpacket_hdr_v1, block_status));
const FRAMES: usize = block_field(offset_of!(libc::tpacket_hdr_v1, num_pkts));
const FIRST: usize = block_field(offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt));
const LENGTH: usize = block_field(offset_of!(libc::tpacket_hdr_v1, blk_len));

const fn block_field(offset: usize) -> usize {
    offset_of!(libc::tpacket_block_desc, hdr) + offset
}

/// Where the link-layer address stands behind the frame's header.
const ADDRESS: usize = libc::TPACKET3_HDRLEN - size_of::<libc::sockaddr_ll>();

/// The ring.
pub(super) struct Ring {
    memory: SharedMemory,
    blocks: usize,
    /// The block that the kernel hands over next.
    next: usize,
    copy: Vec<u8>,
}

impl Ring {
    /// Maps the ring of `blocks` blocks that was set up on the socket.
    pub(super) fn map(socket: impl AsFd, blocks: usize) -> nix::Result<Self> {
        let length = blocks.checked_mul(BLOCK).and_then(NonZeroUsize::new);
        Ok(Self {
            memory: SharedMemory::map(socket, length.ok_or(Errno::EINVAL)?)?,
            blocks,
            next: 0,
            copy: Vec::new(),
        })
    }

    /// The frames of the next block, where the kernel has handed it over, as those
    /// of an interface.
    pub(super) fn block(&mut self, interface: u32) -> Option<Frames<'_>> {
        let start = self.next * BLOCK;
        if self.memory.load(start + STATUS) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        self.copy_block(start);
        self.memory.store(start + STATUS, libc::TP_STATUS_KERNEL);
        self.next = (self.next + 1) % self.blocks;
        Some(Frames::of(&self.copy, interface))
    }

    /// The frames of the block that the kernel still holds open.
    ///
    /// Only for a socket that gets no frames any longer: the kernel would hand
    /// the block over at its next timer tick, up to 20 ms later. It counts each
    /// frame in the block's header as it reserves the room.
    pub(super) fn open_block(&mut self, interface: u32) -> Frames<'_> {
        self.copy_block(self.next * BLOCK);
        Frames::of(&self.copy, interface)
    }

    fn copy_block(&mut self, start: usize) {
        let length = self.memory.load(start + LENGTH) as usize;
        self.memory.copy(start, length.min(BLOCK), &mut self.copy);
    }
}

/// The frames of a block.
pub(super) struct Frames<'a> {
    block: &'a [u8],
    interface: u32,
    offset: usize,
    left: u32,
}

impl<'a> Frames<'a> {
    /// The frames of the block that these bytes are a copy of.
    fn of(block: &'a [u8], interface: u32) -> Self {
        Self {
            block,
            interface,
            offset: u32_at(block, FIRST).unwrap_or(0) as usize,
            left: u32_at(block, FRAMES).unwrap_or(0),
        }
    }

    fn frame(&self) -> Option<(Frame<'a>, usize)> {
        let bytes = self.block.get(self.offset..)?;
        let seconds = u32_at(bytes, offset_of!(libc::tpacket3_hdr, tp_sec))?;
        let nanoseconds = u32_at(bytes, offset_of!(libc::tpacket3_hdr, tp_nsec))?;
        let kept = u32_at(bytes, offset_of!(libc::tpacket3_hdr, tp_snaplen))? as usize;
        let start = usize::from(u16_at(bytes, offset_of!(libc::tpacket3_hdr, tp_mac))?);
        let frame = Frame {
            interface: self.interface,
            time: Duration::new(seconds.into(), 0) + Duration::from_nanos(nanoseconds.into()),
            protocol: protocol(bytes.get(ADDRESS..)?)?,
            original_length: u32_at(bytes, offset_of!(libc::tpacket3_hdr, tp_len))?,
            messages: bytes.get(start..)?.get(..kept)?,
        };
        let next = u32_at(bytes, offset_of!(libc::tpacket3_hdr, tp_next_offset))?;
        Some((frame, next as usize))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (frame, next) = self.frame()?;
        self.offset = self.offset.checked_add(next)?;
        Some(frame)
    }
}

/// The netlink protocol from a `struct sockaddr_ll`: all that it says of a frame.
fn protocol(address: &[u8]) -> Option<u16> {
    let bytes = u16_at(address, offset_of!(libc::sockaddr_ll, sll_protocol))?;
    Some(u16::from_be(bytes))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the netlink messages begin behind a frame's header, as the kernel
    /// places them for a SOCK_DGRAM socket.
    const DATA: usize = 80;

    fn put<const N: usize>(block: &mut [u8], offset: usize, value: [u8; N]) {
        block[offset..offset + N].copy_from_slice(&value);
    }

    /// A block as the kernel fills it, with a frame for each of `all`.
    fn block(all: &[&[u8]]) -> Vec<u8> {
        let mut block = vec![0; 48];
        put(&mut block, FRAMES, (all.len() as u32).to_ne_bytes());
        put(&mut block, FIRST, 48_u32.to_ne_bytes());
        for messages in all {
            let mut frame = vec![0; (DATA + messages.len()).next_multiple_of(8)];
            let size = (frame.len() as u32).to_ne_bytes();
            let length = (messages.len() as u32).to_ne_bytes();
            put(
                &mut frame,
                offset_of!(libc::tpacket3_hdr, tp_next_offset),
                size,
            );
            put(
                &mut frame,
                offset_of!(libc::tpacket3_hdr, tp_sec),
                7_u32.to_ne_bytes(),
            );
            put(
                &mut frame,
                offset_of!(libc::tpacket3_hdr, tp_nsec),
                9_u32.to_ne_bytes(),
            );
            put(
                &mut frame,
                offset_of!(libc::tpacket3_hdr, tp_snaplen),
                length,
            );
            put(&mut frame, offset_of!(libc::tpacket3_hdr, tp_len), length);
            put(
                &mut frame,
                offset_of!(libc::tpacket3_hdr, tp_mac),
                (DATA as u16).to_ne_bytes(),
            );
            let address = ADDRESS + offset_of!(libc::sockaddr_ll, sll_protocol);
            put(&mut frame, address, 16_u16.to_be_bytes());
            frame[DATA..DATA + messages.len()].copy_from_slice(messages);
            block.extend(frame);
        }
        block
    }

    #[test]
    fn the_frames_of_a_block_come_in_their_order() {
        let block = block(&[b"first message", b"", b"third"]);
        let frames: Vec<_> = Frames::of(&block, 0).collect();
        let messages: Vec<_> = frames.iter().map(|frame| frame.messages).collect();
        assert_eq!(messages, [&b"first message"[..], b"", b"third"]);
        assert_eq!(frames[0].time, Duration::new(7, 9));
        assert_eq!(frames[0].original_length, 13);
        assert_eq!(frames[2].protocol, 16);
    }

    #[test]
    fn a_block_that_ends_too_early_ends_the_frames() {
        let mut block = block(&[b"first message", b"second"]);
        block.truncate(block.len() - 8);
        assert_eq!(Frames::of(&block, 0).count(), 1);
    }

    proptest! {
        #[test]
        fn no_block_makes_it_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 0..400),
            frames in 0_u32..5,
            first in 0_u32..100,
        ) {
            if bytes.len() > LENGTH {
                put(&mut bytes, FRAMES, frames.to_ne_bytes());
                put(&mut bytes, FIRST, first.to_ne_bytes());
            }
            prop_assert!(Frames::of(&bytes, 0).count() <= frames as usize || bytes.len() <= LENGTH);
        }
    }
}
