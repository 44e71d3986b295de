// SPDX-License-Identifier: GPL-2.0-or-later
//! Small conversations for tests, as a tap would have gathered them.

use std::rc::Rc;
use std::time::Duration;

use super::SNAP_LENGTH;
use super::comment::Comment;
use super::writer::{Counters, Interface, Note, Origin, Writer};
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::{Certainty, Process};

/// The time of the first frame: 2026-01-02 03:04:05 UTC.
pub(crate) const START: Duration = Duration::from_secs(1_767_323_045);

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
pub(crate) const GENERIC: u16 = libc::NETLINK_GENERIC as u16;
const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;
/// The number that the controller of the samples gave nl_util.
const NL_UTIL: u16 = 0x24;

const REQUEST: u16 = 1;
const MULTI: u16 = 2;
const DUMP: u16 = 0x300;

/// A netlink message of port 812, padded.
pub(crate) fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let port: u32 = if flags & REQUEST == 0 { 812 } else { 0 };
    let mut bytes = ((16 + payload.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(port.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An attribute, padded.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An answer of the controller about nl_util.
fn family(sequence: u32) -> Vec<u8> {
    let mut payload = vec![1, 2, 0, 0];
    payload.extend(attribute(2, b"nl_util\0"));
    payload.extend(attribute(1, &NL_UTIL.to_ne_bytes()));
    message(CONTROLLER, 0, sequence, &payload)
}

/// RTM_NEWLINK about an interface, with 100 bytes of attributes.
fn link(sequence: u32, index: i32) -> Vec<u8> {
    let mut payload = vec![0; 4];
    payload.extend(index.to_ne_bytes());
    payload.resize(16, 0);
    payload.extend(attribute(3, &[b'x'; 96]));
    message(libc::RTM_NEWLINK, MULTI, sequence, &payload)
}

/// `nl_user show` on two interfaces; its sequence numbers in answers may be off.
pub(crate) fn nl_user(off: u32) -> Vec<(u16, Vec<u8>)> {
    let mut listing = vec![1, 1, 0, 0];
    for index in [2_u32, 3] {
        listing.extend(attribute(1, &attribute(1, &index.to_ne_bytes())));
    }
    vec![
        (GENERIC, message(CONTROLLER, REQUEST, 1, &[3, 1, 0, 0])),
        (GENERIC, family(1)),
        (GENERIC, message(NL_UTIL, REQUEST, 2, &[1, 1, 0, 0])),
        (GENERIC, message(NL_UTIL, 0, 2 + off, &listing)),
    ]
}

/// `ip link show` on three interfaces, with the probe that the kernel refuses and
/// a notification in between that has nothing to do with it.
pub(crate) fn ip_link() -> Vec<(u16, Vec<u8>)> {
    let probe = message(libc::RTM_GETLINK, REQUEST, 100, &[0; 16]);
    let mut refusal = (-libc::EINVAL).to_ne_bytes().to_vec();
    refusal.extend(&probe[..16]);
    vec![
        (ROUTE, probe),
        (ROUTE, message(2, 0, 100, &refusal)),
        (
            ROUTE,
            message(libc::RTM_GETLINK, REQUEST | DUMP, 101, &[0; 16]),
        ),
        (ROUTE, link(0, 9)),
        (ROUTE, [link(101, 1), link(101, 2)].concat()),
        (
            ROUTE,
            [link(101, 3), message(3, MULTI, 101, &[0; 4])].concat(),
        ),
    ]
}

/// What every sample says about its origin.
pub(crate) fn origin(command: &str) -> Origin {
    Origin {
        command: command.to_owned(),
        hardware: String::from("x86_64"),
        system: String::from("Linux 6.12.117"),
        hostname: Some(String::from("box")),
        redacted: false,
    }
}

/// The tap of every sample.
pub(crate) fn interface() -> Interface {
    Interface {
        link: String::from("nlcap812"),
        namespace: Some(4_026_531_840),
        namespace_name: None,
        snap_length: SNAP_LENGTH,
    }
}

/// A frame of the tap, the `number`th.
pub(crate) fn frame(number: u32, protocol: u16, messages: &[u8]) -> Frame<'_> {
    Frame {
        interface: 0,
        time: START + Duration::from_nanos(1_000_001) * number,
        protocol,
        original_length: messages.len() as u32,
        messages,
    }
}

/// The recording of a conversation, with the families first.
pub(crate) fn recording(command: &str, frames: &[(u16, Vec<u8>)], counters: Counters) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &origin(command)).unwrap();
    writer.interface(&interface()).unwrap();
    let families = [family(0), message(3, MULTI, 0, &[0; 4])].concat();
    writer.added(&frame(0, GENERIC, &families)).unwrap();
    for (number, (protocol, messages)) in (1..).zip(frames) {
        writer
            .frame(&frame(number, *protocol, messages), &Note::default())
            .unwrap();
    }
    writer
        .finish(START + Duration::from_secs(1), &[counters])
        .unwrap();
    std::mem::take(writer.output())
}

/// The counters of a recording without a loss.
pub(crate) fn counters(frames: &[(u16, Vec<u8>)]) -> Counters {
    Counters {
        received: frames.len() as u64,
        dropped: 0,
    }
}

/// A recording of processes, by id and name: each asks for a route that is not there, and lists
/// links.
pub(crate) fn script<'n>(processes: impl Iterator<Item = (u32, &'n str)>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &origin("script")).unwrap();
    writer.interface(&interface()).unwrap();
    let mut number = 0;
    for (pid, comm) in processes {
        let ask = message(libc::RTM_GETROUTE, REQUEST, pid, &[2; 12]);
        let refusal = [&(-libc::ENETUNREACH).to_ne_bytes()[..], &ask].concat();
        let dump = message(libc::RTM_GETLINK, REQUEST | DUMP, pid, &[0; 16]);
        let done = message(3, MULTI, pid, &[0; 4]);
        for (messages, direction) in [
            (ask, Direction::Outbound),
            (message(2, 0, pid, &refusal), Direction::Inbound),
            (dump, Direction::Outbound),
            (done, Direction::Inbound),
        ] {
            number += 1;
            let owner = Comment::Process {
                process: Process {
                    pid,
                    tid: Some(pid),
                    socket: Some(3),
                    comm: Some(Rc::from(comm)),
                },
                certainty: Some(Certainty::Exact),
                fate: None,
            };
            let note = Note {
                comments: vec![owner],
                direction: Some(direction),
                is_multicast: false,
            };
            writer
                .frame(&frame(number, ROUTE, &messages), &note)
                .unwrap();
        }
    }
    let counters = Counters {
        received: number.into(),
        dropped: 0,
    };
    writer
        .finish(START + Duration::from_secs(1), &[counters])
        .unwrap();
    std::mem::take(writer.output())
}
