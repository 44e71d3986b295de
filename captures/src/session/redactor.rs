// SPDX-License-Identifier: GPL-2.0-or-later
//! Frames without the keys and passwords in them: zeros stand in their place.

use std::ops::Range;

use ynl::decode::{CONTROLLER, Endian, GENERIC, MESSAGE_HEADER, Message, Secrets, messages};

use crate::messages::controller::Controller;
use crate::messages::packet::{Frame, Packet};
use crate::messages::secrets;

/// Puts zeros in the place of secrets.
#[derive(Default)]
pub(super) struct Redactor {
    /// Which family a number is.
    controller: Controller,
    bytes: Vec<u8>,
    /// Secrets so far.
    pub(super) secrets: u64,
}

impl Redactor {
    /// Learns from a frame which families there are.
    pub(super) fn learn(&mut self, frame: &Frame<'_>) {
        if frame.protocol != GENERIC {
            return;
        }
        let packet = Packet::from(frame);
        for message in messages(frame.messages, packet.endian).flatten() {
            if message.kind == CONTROLLER {
                self.controller.learn(&packet, &message);
            }
        }
    }

    /// The frame without secrets.
    pub(super) fn redact<'a>(&'a mut self, frame: &Frame<'a>) -> Frame<'a> {
        self.learn(frame);
        let ranges = self.ranges(frame);
        if ranges.is_empty() {
            return *frame;
        }
        self.secrets += ranges.len() as u64;
        self.bytes.clear();
        self.bytes.extend_from_slice(frame.messages);
        for range in ranges {
            if let Some(secret) = self.bytes.get_mut(range) {
                secret.fill(0);
            }
        }
        Frame {
            messages: &self.bytes,
            ..*frame
        }
    }

    /// Where secrets are in a frame.
    fn ranges(&self, frame: &Frame<'_>) -> Vec<Range<usize>> {
        let endian = Endian::native();
        let length = frame.messages.len();
        let mut ranges = Vec::new();
        let (mut at, mut has_secrets) = (0, false);
        for message in messages(frame.messages, endian) {
            let Ok(message) = message else { break };
            // Behind another it need be none, but what happened to be in the buffer.
            if message.is_cut() && has_secrets {
                break;
            }
            let of = |it: &Message<'_>| self.secrets(frame, it);
            let found = secrets::ranges(frame.protocol, &message, endian, of);
            ranges.extend(found.into_iter().map(|it| it.start + at..it.end + at));
            has_secrets |= !message.is_control(frame.protocol) && of(&message).is_some();
            at += (MESSAGE_HEADER + message.payload.len()).next_multiple_of(4);
        }
        // A buffer that is sent whole may have the rest of an earlier message in it.
        if has_secrets
            && frame
                .messages
                .get(at..)
                .is_some_and(|it| it.iter().any(|it| *it != 0))
        {
            ranges.push(at..length);
        }
        ranges
    }

    /// What is secret in a message: where nobody has said what family it is of, all.
    fn secrets(&self, frame: &Frame<'_>, message: &Message<'_>) -> Option<Secrets> {
        if frame.protocol != GENERIC || message.kind == CONTROLLER {
            return secrets::of(frame.protocol, "", message);
        }
        match self.controller.family(frame.interface, message.kind) {
            Some(family) => secrets::of(GENERIC, &family.name, message),
            None => Some(Secrets::of_unknown_family()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample::{self, attribute, message};
    use crate::show::secrets_tests::{conversations, has_key_bytes};

    fn redacted(redactor: &mut Redactor, protocol: u16, bytes: &[u8]) -> Vec<u8> {
        let frame = sample::frame(1, protocol, bytes);
        redactor.redact(&frame).messages.to_vec()
    }

    #[test]
    fn zeros_stand_in_the_place_of_the_keys_of_every_family_and_nowhere_else() {
        for (what, frames, length) in conversations() {
            let mut redactor = Redactor::default();
            let mut zeros = 0;
            for (protocol, bytes) in &frames {
                let after = redacted(&mut redactor, *protocol, bytes);
                assert!(!has_key_bytes(&after), "{what}: {after:x?}");
                assert_eq!(after.len(), bytes.len());
                for (before, after) in bytes.iter().zip(&after).filter(|(a, b)| a != b) {
                    assert!(b"Key".contains(before) && *after == 0, "{what}: {before}");
                    zeros += 1;
                }
            }
            assert!(redactor.secrets > 0, "{what}");
            assert_eq!(redactor.secrets * length as u64, zeros, "{what}");
        }
    }

    #[test]
    fn of_a_family_that_nobody_has_named_no_attribute_stays() {
        let (_, frames, _) = conversations().remove(0);
        let (families, request) = (&frames[0].1, &frames[1].1);
        let mut redactor = Redactor::default();
        let after = redacted(&mut redactor, GENERIC, request);
        assert!(!has_key_bytes(&after) && !after.windows(3).any(|it| it == b"wg0"));
        assert_eq!(after[..24], request[..24], "headers");
        redactor.learn(&sample::frame(0, GENERIC, families));
        let after = redacted(&mut redactor, GENERIC, request);
        assert!(!has_key_bytes(&after) && after.windows(3).any(|it| it == b"wg0"));
    }

    #[test]
    fn an_error_that_repeats_a_request_and_the_rest_of_a_buffer_have_no_key() {
        let (_, frames, _) = conversations().remove(0);
        let mut redactor = Redactor::default();
        redactor.learn(&sample::frame(0, GENERIC, &frames[0].1));
        let error = [&(-libc::EPERM).to_ne_bytes()[..], &frames[1].1].concat();
        let after = redacted(&mut redactor, GENERIC, &message(2, 0, 2, &error));
        assert!(
            !has_key_bytes(&after) && redactor.secrets == 3,
            "{after:x?}"
        );

        let name = attribute(2, b"wg0\0");
        let mut buffer = message(40, 5, 2, &[&[1, 1, 0, 0], &name[..]].concat());
        let length = buffer.len();
        buffer.extend([b"KeyKeyKey", &[1; 32][..]].concat());
        let after = redacted(&mut redactor, GENERIC, &buffer);
        assert_eq!(after[..length], buffer[..length]);
        assert!(after[length..].iter().all(|it| *it == 0), "{after:x?}");
    }

    #[test]
    fn what_has_no_secrets_is_written_as_it_is() {
        for (protocol, bytes) in sample::nl_user(0).into_iter().chain(sample::ip_link()) {
            let mut redactor = Redactor::default();
            redactor.learn(&sample::frame(0, GENERIC, &sample::nl_user(0)[1].1));
            assert_eq!(redacted(&mut redactor, protocol, &bytes), bytes);
            assert_eq!(redactor.secrets, 0);
        }
    }
}
