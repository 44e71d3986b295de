// SPDX-License-Identifier: GPL-2.0-or-later
//! What rtmon(8) writes: messages of rtnetlink one after another, in the byte order of its
//! machine. A time stands before the messages that it is of, in a message of iproute2's own.

use std::time::Duration;

use super::source::ItemReader;
use super::{LONGEST, ReadError, packet_of};
use crate::messages::packet::Packet;

/// The message with a time, from iproute2's libnetlink.h: NLMSG_TSTAMP. After its header are
/// seconds and microseconds.
const TIME_STAMP: u16 = 15;
const TIME_STAMP_LENGTH: u32 = 24;

/// Bytes of a netlink message's header.
const HEADER: u32 = 16;

/// Whether the file begins with a time; its first word is read, and its byte order is set.
pub(super) fn is_rtmon(source: &mut ItemReader<'_>) -> bool {
    source.word(0) == TIME_STAMP_LENGTH
        && source.extend(TIME_STAMP_LENGTH).is_ok()
        && source.half(4) == TIME_STAMP
}

/// Reads a file whose first message is a time.
pub(super) fn read(
    source: &mut ItemReader<'_>,
    each: &mut impl FnMut(&Packet<'_>) -> bool,
) -> Result<(), ReadError> {
    let mut time = Duration::ZERO;
    loop {
        source.extend(HEADER)?;
        let length = source.word(0);
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(source.damaged(format_args!("message length {length}")));
        }
        source.extend(length.next_multiple_of(4))?;
        if source.half(4) == TIME_STAMP {
            time = Duration::from_secs(source.word(16).into())
                + Duration::from_micros(source.word(20).into());
        } else {
            let message = source.item().get(..length as usize).unwrap_or(&[]);
            let mut packet = packet_of(source, (libc::NETLINK_ROUTE as u16, message), 0);
            packet.time = time;
            // It writes what it receives.
            packet.sent = Some(false);
            if !each(&packet) {
                return Err(ReadError::Stopped);
            }
        }
        if !source.begin(4)? {
            return Ok(());
        }
    }
}
