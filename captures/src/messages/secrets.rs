// SPDX-License-Identifier: GPL-2.0-or-later
//! Keys and passwords in messages: where they are, so that they can be left out.

use std::ops::Range;

use ynl::decode::{Endian, GENERIC, MESSAGE_HEADER, Message, Secrets, Verdict, messages, types};

use super::event::Event;
use super::packet::Packet;

/// Bytes of an error before the request that it repeats.
const BEFORE_REPEATED: usize = MESSAGE_HEADER + 4;

/// What is secret in a message of a family, by its name where the protocol is generic netlink.
pub(crate) fn of(protocol: u16, family: &str, message: &Message<'_>) -> Option<Secrets> {
    match protocol {
        GENERIC => Secrets::of_family(family, message),
        protocol => Secrets::of_protocol(protocol, message),
    }
}

/// The secret bytes of a message, counted from its header; also of the request that an error
/// repeats. `of` says what is secret in a message that is no control message.
pub(crate) fn ranges(
    protocol: u16,
    message: &Message<'_>,
    endian: Endian,
    of: impl Fn(&Message<'_>) -> Option<Secrets>,
) -> Vec<Range<usize>> {
    let in_message = |message: &Message<'_>| {
        let secrets = of(message);
        secrets.map_or_else(Vec::new, |it| it.ranges(message, endian))
    };
    if !message.is_control(protocol) {
        return in_message(message);
    }
    if message.kind != types::ERROR {
        return Vec::new();
    }
    let verdict = Verdict::new(message, endian);
    let request = verdict.and_then(|it| messages(it.request, endian).next()?.ok());
    let found = request.map_or_else(Vec::new, |it| in_message(&it));
    let moved = |it: Range<usize>| it.start + BEFORE_REPEATED..it.end + BEFORE_REPEATED;
    found.into_iter().map(moved).collect()
}

impl Event<'_> {
    /// The bytes of the message that are not to be shown, counted from its header.
    pub(crate) fn secret_ranges(&self) -> Vec<Range<usize>> {
        let Packet {
            protocol, endian, ..
        } = *self.packet;
        ranges(protocol, &self.message, endian, |it| self.secrets(it))
    }

    /// Whether the bytes after the message may be what is left of another with secrets.
    pub(crate) fn hides_trailing(&self) -> bool {
        self.secrets(&self.message).is_some()
    }

    /// Whether what follows the message in its datagram, though it begins as messages do, is of
    /// another kind and longer than there are bytes: what was left in the sender's buffer by an
    /// earlier message, which may have had secrets.
    pub(super) fn is_left_over(&self, rest: &[u8]) -> bool {
        let next = messages(rest, self.packet.endian).next();
        next.is_some_and(|it| it.is_ok_and(|it| it.is_cut() && it.kind != self.message.kind))
            && self.hides_trailing()
    }
}
