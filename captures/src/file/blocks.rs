// SPDX-License-Identifier: GPL-2.0-or-later
//! The numbers of pcapng, draft-ietf-opsawg-pcapng: types of blocks, and codes of their options.

/// Types of blocks.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
pub(super) const PACKET: u32 = 2;
pub(super) const SIMPLE_PACKET: u32 = 3;
pub(super) const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;

/// The first bytes of a section, after the block's type and length.
pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// The version of the format: what is read, and what is written.
pub(super) const MAJOR_VERSION: u16 = 1;
pub(super) const MINOR_VERSION: u16 = 0;

/// Options of every block.
pub(super) const OPT_ENDOFOPT: u16 = 0;
pub(super) const OPT_COMMENT: u16 = 1;

/// Options of a section header block.
pub(super) const SHB_HARDWARE: u16 = 2;
pub(super) const SHB_OS: u16 = 3;
pub(super) const SHB_USERAPPL: u16 = 4;

/// Options of an interface description block.
pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_DESCRIPTION: u16 = 3;
pub(super) const IF_TSRESOL: u16 = 9;
pub(super) const IF_OS: u16 = 12;
pub(super) const IF_TSOFFSET: u16 = 14;

/// Options of an enhanced packet block.
pub(super) const EPB_FLAGS: u16 = 2;
pub(super) const EPB_DROPCOUNT: u16 = 4;
pub(super) const EPB_PROCESSID_THREADID: u16 = 8;

/// Options of an interface statistics block.
pub(super) const ISB_IFRECV: u16 = 4;
pub(super) const ISB_IFDROP: u16 = 5;
pub(super) const ISB_OSDROP: u16 = 7;

/// The two lowest bits of epb_flags: received by the process, or sent by it.
pub(super) const INBOUND: u32 = 1;
pub(super) const OUTBOUND: u32 = 2;

/// The three bits above: how it was received. The only kind that netlink has besides unicast.
pub(super) const RECEPTION: u32 = 7 << 2;
pub(super) const MULTICAST: u32 = 2 << 2;
