// SPDX-License-Identifier: GPL-2.0-or-later
//! Which deliveries are of one multicast.
//!
//! Each receiver's call is a frame. Of those that come within some milliseconds the same bytes
//! to the same group of sockets are one multicast, as a rule: the kernel wakes all members at
//! once. What a slow reader takes later stays a frame of its own.

use super::frames::CallFrame;

/// How far back the first delivery is looked for, in multicasts and in frames.
const BACK: usize = 64;
const NEAR: usize = 256;

/// For each frame, where the first delivery of the same multicast is; its own place where it
/// is the first, or no multicast.
pub(super) fn firsts(frames: &[CallFrame]) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::with_capacity(frames.len());
    // The first deliveries.
    let mut multicasts: Vec<usize> = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let is_delivered = frame.is_multicast && frame.fate.is_none();
        let recent = multicasts.iter().rev().take(BACK).rev().copied();
        let same = |it: usize| {
            let other = &frames[it];
            (other.interface, other.protocol) == (frame.interface, frame.protocol)
                && other.messages == frame.messages
        };
        // What a socket receives again is another one.
        let has_it = |first: usize| {
            let here = first..at;
            let mut deliveries = here.filter(|it| firsts[*it] == first).map(|it| &frames[it]);
            deliveries.any(|it| (it.caller.pid, it.fd) == (frame.caller.pid, frame.fd))
        };
        let first = recent
            .filter(|first| is_delivered && at - first < NEAR)
            .find(|first| same(*first) && !has_it(*first));
        firsts.push(first.unwrap_or(at));
        if is_delivered && first.is_none() {
            multicasts.push(at);
        }
    }
    firsts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::frames::Caller;
    use super::*;
    use crate::messages::packet::Direction;

    fn delivery(pid: i32, bytes: &[u8], is_multicast: bool) -> CallFrame {
        let caller = Arc::new(Caller {
            pid,
            tid: pid,
            comm: Vec::new(),
        });
        CallFrame {
            time: Duration::ZERO,
            interface: 0,
            protocol: 0,
            messages: bytes.to_vec(),
            original_length: bytes.len(),
            direction: Direction::Inbound,
            caller,
            fd: 3,
            is_multicast,
            fate: None,
        }
    }

    #[test]
    fn the_same_bytes_to_several_sockets_are_one_multicast() {
        let frames = [
            delivery(1, b"a", true),
            delivery(2, b"a", true),
            delivery(2, b"b", true),
            delivery(3, b"a", true),
            delivery(1, b"b", true),
        ];
        assert_eq!(firsts(&frames), [0, 0, 2, 0, 2]);
    }

    #[test]
    fn what_a_socket_receives_twice_and_what_is_no_multicast_stays_apart() {
        let frames = [
            delivery(1, b"a", true),
            delivery(1, b"a", true),
            delivery(2, b"a", true),
            delivery(2, b"a", true),
            delivery(1, b"c", false),
            delivery(2, b"c", false),
        ];
        assert_eq!(firsts(&frames), [0, 1, 0, 1, 4, 5]);
    }
}
