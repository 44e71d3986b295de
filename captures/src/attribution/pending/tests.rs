// SPDX-License-Identifier: GPL-2.0-or-later
//! Frames that wait, and when they are given.

use std::rc::Rc;

use super::super::owner::{Owner, Program};
use super::*;
use crate::file::sample;

fn attribution(direction: Direction, fds: &[i32]) -> Attribution {
    let program = Rc::new(Program {
        pid: 7,
        tid: 7,
        comm: "x".into(),
    });
    let owner = |fd: &i32| Owner {
        program: program.clone(),
        fd: *fd,
    };
    Attribution::new(
        direction,
        fds.iter().map(owner).collect(),
        Certainty::Guessed,
    )
}

/// What is given after these frames, each of a millisecond, and in the end.
type Given = Vec<(Duration, usize, Certainty)>;

fn at(number: u32) -> Duration {
    sample::frame(number, 0, &[]).time
}

/// A frame in milliseconds: its type, flags, sequence number, and whom it is known to
/// be of.
type Said<'a> = (u32, u16, u16, u32, Direction, &'a [i32]);

fn given(all: &[Said<'_>], end: u32) -> Given {
    let mut pending = PendingFrames::default();
    let mut given = Vec::new();
    let mut give = |frame: &Frame<'_>, attribution: &Attribution| {
        given.push((frame.time, attribution.owners.len(), attribution.certainty));
    };
    for &(number, kind, flags, sequence, direction, fds) in all {
        let bytes = sample::message(kind, flags, sequence, &[0; 16]);
        let frame = sample::frame(number, 0, &bytes);
        pending.pair(
            OwnedFrame::of(&frame),
            attribution(direction, fds),
            &mut give,
        );
    }
    pending.release(at(end), at(end), &mut Attributor::default(), &mut give);
    assert_eq!(
        pending.bytes,
        32 * (pending.waiting.len() + pending.overtaken.len())
    );
    given
}

const ASKS: u16 = flags::REQUEST;
const MULTI: u16 = flags::MULTI;
const GUESSED: Certainty = Certainty::Guessed;

#[test]
fn a_request_waits_for_its_answer_and_what_follows_for_the_request() {
    use Direction::{Inbound, Outbound};
    let all: &[Said<'_>] = &[
        (1, 18, ASKS, 5, Outbound, &[]),
        (2, 18, ASKS, 6, Outbound, &[]),
        (3, 16, 0, 6, Inbound, &[]),
        (4, 16, 0, 5, Inbound, &[3]),
    ];
    let expected = [
        (at(1), 1, GUESSED),
        (at(2), 0, GUESSED),
        (at(3), 0, GUESSED),
        (at(4), 1, GUESSED),
    ];
    assert_eq!(given(all, 5), expected);
    assert_eq!(given(&all[..3], 5), [], "not answered yet");
}

#[test]
fn a_request_that_the_kernel_is_long_about_is_given_before_its_answer() {
    use Direction::{Inbound, Outbound};
    let all: &[Said<'_>] = &[
        (1, 17, ASKS, 5, Outbound, &[]),
        (500, 16, 0, 77, Inbound, &[3]),
        (900, 2, 0, 5, Inbound, &[3]),
    ];
    let others = [(at(500), 1, GUESSED)];
    assert_eq!(given(&all[..2], 501), others);
    let expected = [others[0], (at(1), 1, GUESSED), (at(900), 1, GUESSED)];
    assert_eq!(given(all, 901), expected);
    // Never answered.
    let expected = [others[0], (at(1), 0, Certainty::Unknown)];
    assert_eq!(given(&all[..2], 9_000), expected);
}

#[test]
fn further_frames_of_an_answer_are_of_no_other_request_of_that_number() {
    use Direction::{Inbound, Outbound};
    // One that asks for no answer, and one that is answered in parts.
    let all: &[Said<'_>] = &[
        (1, 16, ASKS, 5, Outbound, &[]),
        (500, 18, ASKS, 5, Outbound, &[]),
        (501, 16, MULTI, 5, Inbound, &[3]),
        (502, 18, ASKS, 5, Outbound, &[]),
        (503, 16, MULTI, 5, Inbound, &[3]),
        (504, 3, MULTI, 5, Inbound, &[3]),
    ];
    let answered = [500, 501].map(|number| (at(number), 1, GUESSED));
    let more = [503, 504].map(|number| (at(number), 1, GUESSED));
    let unknown = [1, 502].map(|number| (at(number), 0, Certainty::Unknown));
    assert_eq!(given(all, 9_000), [&answered[..], &more, &unknown].concat());
    // The next request by that number is answered anew.
    let again: &[Said<'_>] = &[
        (505, 18, ASKS, 5, Outbound, &[]),
        (506, 3, MULTI, 5, Inbound, &[3]),
    ];
    let given = given(&[all, again].concat(), 9_000);
    assert!(given.contains(&(at(505), 1, GUESSED)), "{given:?}");
    assert_eq!(given.last(), Some(&(at(502), 0, Certainty::Unknown)));
}

#[test]
fn an_acknowledgement_is_of_the_request_whose_header_it_repeats() {
    use Direction::{Inbound, Outbound};
    let ours = sample::message(17, ASKS, 5, &[0; 16]);
    let others = sample::message(16, ASKS, 5, &[0; 16]);
    let ack = |request: &[u8]| {
        let payload = [&[0; 4], &request[..16]].concat();
        sample::message(2, flags::CAPPED, 5, &payload)
    };
    let mut pending = PendingFrames::default();
    let mut given = Vec::new();
    for (number, bytes, direction, fds) in [
        (1, &ours, Outbound, &[][..]),
        (2, &others, Outbound, &[]),
        (3, &ack(&ours), Inbound, &[3]),
        (4, &ack(&others), Inbound, &[]),
    ] {
        let frame = sample::frame(number, 0, bytes);
        pending.pair(
            OwnedFrame::of(&frame),
            attribution(direction, fds),
            &mut |frame, attribution| {
                given.push((frame.time, attribution.owners.len()));
            },
        );
    }
    let expected = [(1, 1), (2, 0), (3, 1), (4, 0)].map(|(n, owners)| (at(n), owners));
    assert_eq!(given, expected);
}

#[test]
fn what_is_late_takes_no_room_from_what_is_new() {
    let mut pending = PendingFrames::default();
    let mut given = 0;
    let mut give = |_: &Frame<'_>, _: &Attribution| given += 1;
    let asks = sample::message(16, ASKS, 5, &vec![0; BYTES / 2]);
    for number in [1, 2, 3] {
        let attribution = attribution(Direction::Outbound, &[]);
        pending.pair(
            OwnedFrame::of(&sample::frame(number, 0, &asks)),
            attribution,
            &mut give,
        );
    }
    pending.take(&sample::frame(60, 0, &sample::message(16, 0, 6, &[])));
    pending.release(at(70), at(60), &mut Attributor::default(), &mut give);
    assert_eq!((pending.new.len(), pending.overtaken.len()), (1, 1));
    assert_eq!(given, 2);
}

#[test]
fn a_frame_waits_until_the_processes_were_looked_at_once_more() {
    let mut pending = PendingFrames::default();
    let answer = sample::message(16, 0, 5, &[0; 16]);
    pending.take(&sample::frame(10, 0, &answer));
    let mut count = |scanned| {
        let mut count = 0;
        let give = &mut |_: &Frame<'_>, _: &Attribution| count += 1;
        pending.release(at(99), scanned, &mut Attributor::default(), give);
        count
    };
    assert_eq!([count(at(9)), count(at(10)), count(at(11))], [0, 0, 1]);
}

#[test]
fn a_batch_is_of_those_whom_an_answer_to_one_of_its_messages_is_for() {
    let batch = [
        sample::message(16, ASKS, 5, &[0; 4]),
        sample::message(2560, ASKS | flags::ACK, 6, &[0; 4]),
        sample::message(17, ASKS, 7, &[0; 4]),
    ];
    let ack = [&[0; 4], &batch[1][..16]].concat();
    let ack = sample::message(2, flags::CAPPED, 6, &ack);
    let mut pending = PendingFrames::default();
    let mut given = Vec::new();
    for (number, bytes, direction, fds) in [
        (1, &batch.concat(), Direction::Outbound, &[][..]),
        (2, &ack, Direction::Inbound, &[3]),
    ] {
        let frame = sample::frame(number, 0, bytes);
        pending.pair(
            OwnedFrame::of(&frame),
            attribution(direction, fds),
            &mut |frame, attribution| {
                given.push((frame.time, attribution.owners.len()));
            },
        );
    }
    assert_eq!(given, [(at(1), 1), (at(2), 1)]);
}

#[test]
fn what_came_before_the_clock_was_set_back_waits_no_longer() {
    let mut pending = PendingFrames::default();
    let answer = sample::message(16, 0, 5, &[0; 16]);
    let mut count = 0;
    let mut release = |pending: &mut PendingFrames, now| {
        let give = &mut |_: &Frame<'_>, _: &Attribution| count += 1;
        pending.release(now, now, &mut Attributor::default(), give);
        count
    };
    assert_eq!(release(&mut pending, at(900)), 0);
    pending.take(&sample::frame(901, 0, &answer));
    assert_eq!(release(&mut pending, at(900)), 0);
    assert_eq!(release(&mut pending, at(10)), 1);
}
