// SPDX-License-Identifier: GPL-2.0-or-later
//! What netlink messages come in: a frame that is being recorded, and a packet that is being
//! read.

use std::time::Duration;

use ynl::decode::Endian;

use super::process::{Fate, Process};

/// Which way a message goes, seen from the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The process sent it.
    Outbound,
    /// The process received it.
    Inbound,
}

/// A frame: what one netlink skb held, or one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Where it was seen: the first interface of the recording is 0.
    pub(crate) interface: u32,
    /// Since the epoch.
    pub(crate) time: Duration,
    /// Netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) protocol: u16,
    /// Length of the netlink messages when they were sent, in bytes.
    pub(crate) original_length: u32,
    /// The netlink messages, or the beginning of them.
    pub(crate) messages: &'a [u8],
}

/// A packet: messages that came at once, with what is known of them.
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
    /// The tap: the number of its interface, counted over the whole recording.
    pub(crate) tap: u32,
    /// Whether a process sent (`Some(true)`) or received it, where that is known: nlmon
    /// itself does not say it.
    pub(crate) sent: Option<bool>,
    /// Whose it is, where that is known; of a multicast, the first receiver's.
    pub(crate) process: Option<Process>,
    /// Whether the recorder knows it for a multicast.
    pub(crate) is_multicast: bool,
    /// What became of it, where it was on no tap and stands for that.
    pub(crate) fate: Option<Fate>,
    /// Whether it was on no tap, but added by nlcap.
    pub(crate) added: bool,
    /// How many packets before it in its file were skipped.
    pub(crate) skipped: u64,
}

impl<'a> Packet<'a> {
    /// A packet of which nothing is known but its messages.
    pub(crate) fn of(protocol: u16, messages: &'a [u8], endian: Endian) -> Self {
        Self {
            time: Duration::ZERO,
            protocol,
            messages,
            endian,
            tap: 0,
            sent: None,
            process: None,
            is_multicast: false,
            fate: None,
            added: false,
            skipped: 0,
        }
    }
}

impl<'a> From<&Frame<'a>> for Packet<'a> {
    /// The frame as one that is read.
    fn from(frame: &Frame<'a>) -> Self {
        Self {
            time: frame.time,
            tap: frame.interface,
            ..Self::of(frame.protocol, frame.messages, Endian::native())
        }
    }
}
