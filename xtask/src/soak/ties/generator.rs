// SPDX-License-Identifier: GPL-2.0-or-later
//! Conversations of many sockets with the kernel, with the truth beside each message: which
//! request it answers.
//!
//! It does what programs and the kernel do that makes ties hard: numbers that are used again
//! or never change, requests without a port id or with that of the process, retries, dumps
//! whose parts come between other things, batches of one number, notifications that have the
//! number of the request that caused them, and frames that are not in the recording.

use crate::netlink::{NLM_F_ACK, NLM_F_DUMP, NLM_F_MULTI, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR};
use fastrand::Rng;
use std::collections::VecDeque;

/// Netlink protocols.
const ROUTE: u16 = 0;
const XFRM: u16 = 6;
const NETFILTER: u16 = 12;
const GENERIC: u16 = 16;

const NLM_F_ECHO: u16 = 8;
const NLM_F_CAPPED: u16 = 0x100;

/// Sockets, and how many of them receive multicasts.
const SOCKETS: usize = 40;
const LISTENERS: usize = 5;

/// Requests that ask for data: protocol, type, that of the answer.
const GETS: [(u16, u16, u16); 9] = [
    (ROUTE, 18, 16),
    (ROUTE, 22, 20),
    (ROUTE, 26, 24),
    (ROUTE, 30, 28),
    (XFRM, 0x12, 0x10),
    (XFRM, 0x15, 0x13),
    (NETFILTER, 0xa01, 0xa00),
    (NETFILTER, 0xa04, 0xa03),
    (GENERIC, 0x21, 0x21),
];

/// Requests that change something: protocol, type, that of the notification.
const CHANGES: [(u16, u16, u16); 7] = [
    (ROUTE, 16, 16),
    (ROUTE, 19, 16),
    (ROUTE, 20, 20),
    (ROUTE, 21, 21),
    (ROUTE, 24, 24),
    (XFRM, 0x10, 0x10),
    (XFRM, 0x14, 0x14),
];

/// A request, by its packet and its number in that, each from 1.
pub(super) type RequestPlace = (u64, u32);

/// A frame as it is recorded.
pub(super) struct GeneratedFrame {
    /// Since the start.
    pub(super) nanoseconds: u64,
    pub(super) protocol: u16,
    pub(super) bytes: Vec<u8>,
    /// Process and descriptor of who sent or received it.
    pub(super) owner: (u32, u32),
    pub(super) is_sent: bool,
    pub(super) is_multicast: bool,
    /// What each message answers.
    pub(super) answers: Vec<Option<RequestPlace>>,
}

/// How a program numbers its requests.
#[derive(Clone, Copy)]
enum Numbering {
    /// From a time, one more each.
    Counting,
    Always(u32),
}

struct Socket {
    owner: (u32, u32),
    port: u32,
    /// What it writes into `nlmsg_pid`.
    claimed_port: u32,
    numbering: Numbering,
    number: u32,
    dump: Option<Dump>,
}

/// A dump whose parts are still to come.
struct Dump {
    protocol: u16,
    answer: u16,
    sequence: u32,
    request: Option<RequestPlace>,
    left: u32,
}

/// Makes frames without end.
pub(super) struct Generator {
    rng: Rng,
    sockets: Vec<Socket>,
    nanoseconds: u64,
    /// Frames that were made, and recorded, so far.
    frames: u64,
    loss: f64,
    queue: VecDeque<GeneratedFrame>,
}

impl Generator {
    /// `loss` is the share of frames that are not in the recording.
    pub(super) fn new(seed: u64, loss: f64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let sockets = (0..SOCKETS as u32).map(|at| socket(&mut rng, at)).collect();
        Self {
            rng,
            sockets,
            nanoseconds: 0,
            frames: 0,
            loss,
            queue: VecDeque::new(),
        }
    }

    /// Something happens: mostly one socket asks; at times two do at once.
    fn step(&mut self) {
        self.nanoseconds += self.rng.u64(1_000..2_000_000);
        let one = self.rng.usize(LISTENERS..SOCKETS);
        if self.rng.u8(..) < 10 {
            return self.event();
        }
        if self.sockets[one].dump.is_some() {
            return self.go_on(one);
        }
        match self.rng.u8(..) {
            0..110 => self.get(one),
            110..160 => self.dump(one),
            160..230 => self.change(one),
            230..250 => self.batch(one),
            250.. => self.cross(one),
        }
    }

    /// Records a frame, unless it is lost. Returns its number.
    fn push(
        &mut self,
        protocol: u16,
        socket: usize,
        is_sent: bool,
        messages: Vec<(Vec<u8>, Option<RequestPlace>)>,
    ) -> Option<u64> {
        self.nanoseconds += self.rng.u64(500..20_000);
        if self.rng.f64() < self.loss {
            return None;
        }
        self.frames += 1;
        let mut bytes: Vec<u8> = Vec::new();
        let mut answers = Vec::new();
        for (message, answer) in messages {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(message);
            answers.push(answer);
        }
        self.queue.push_back(GeneratedFrame {
            nanoseconds: self.nanoseconds,
            protocol,
            bytes,
            owner: self.sockets[socket].owner,
            is_sent,
            is_multicast: false,
            answers,
        });
        Some(self.frames)
    }

    fn number(&mut self, at: usize) -> u32 {
        let socket = &mut self.sockets[at];
        if let Numbering::Counting = socket.numbering {
            socket.number = socket.number.wrapping_add(1);
        }
        socket.number
    }

    /// A request of a socket: its bytes, and where it is.
    fn ask(
        &mut self,
        at: usize,
        protocol: u16,
        kind: u16,
        flags: u16,
    ) -> (Vec<u8>, Option<RequestPlace>) {
        let number = self.number(at);
        let body: Vec<u8> = (0..16).map(|_| self.rng.u8(..)).collect();
        let request = message(
            kind,
            NLM_F_REQUEST | flags,
            number,
            self.sockets[at].claimed_port,
            &body,
        );
        let frame = self.push(protocol, at, true, vec![(request.clone(), None)]);
        (request, frame.map(|frame| (frame, 1)))
    }

    fn get(&mut self, at: usize) {
        let (protocol, kind, answer) = GETS[self.rng.usize(..GETS.len())];
        let wants_ack = self.rng.u8(..) < 64;
        let flags = if wants_ack { NLM_F_ACK } else { 0 };
        let (request, place) = self.ask(at, protocol, kind, flags);
        if self.rng.u8(..) < 40 {
            return self.refuse(at, protocol, &request, place);
        }
        let data = self.data(at, answer, 0, sequence(&request));
        self.push(protocol, at, false, vec![(data, place)]);
        if wants_ack {
            self.acknowledge(at, protocol, &request, place);
        }
        // A program that is not content asks again, by the same number.
        if self.rng.u8(..) < 12 {
            let frame = self.push(protocol, at, true, vec![(request.clone(), None)]);
            self.refuse(at, protocol, &request, frame.map(|frame| (frame, 1)));
        }
    }

    fn dump(&mut self, at: usize) {
        let (protocol, kind, answer) = GETS[self.rng.usize(..GETS.len())];
        let (request, place) = self.ask(at, protocol, kind, NLM_F_DUMP);
        self.sockets[at].dump = Some(Dump {
            protocol,
            answer,
            sequence: sequence(&request),
            request: place,
            left: self.rng.u32(1..6),
        });
        // The first part is made while it is asked for.
        self.go_on(at);
    }

    /// The next part of a dump.
    fn go_on(&mut self, at: usize) {
        let Some(mut dump) = self.sockets[at].dump.take() else {
            return;
        };
        dump.left -= 1;
        let mut all = Vec::new();
        for _ in 0..self.rng.u32(1..4) {
            let part = self.data(at, dump.answer, NLM_F_MULTI, dump.sequence);
            all.push((part, dump.request));
        }
        if dump.left == 0 {
            let port = self.sockets[at].port;
            let done = message(NLMSG_DONE, NLM_F_MULTI, dump.sequence, port, &[0; 4]);
            all.push((done, dump.request));
        }
        let protocol = dump.protocol;
        if dump.left > 0 {
            self.sockets[at].dump = Some(dump);
        }
        self.push(protocol, at, false, all);
    }

    fn change(&mut self, at: usize) {
        let (protocol, kind, notification) = CHANGES[self.rng.usize(..CHANGES.len())];
        let is_echoed = protocol == ROUTE && self.rng.u8(..) < 20;
        let wants_ack = self.rng.u8(..) < 200;
        let flags = if wants_ack { NLM_F_ACK } else { 0 } | if is_echoed { NLM_F_ECHO } else { 0 };
        let (request, place) = self.ask(at, protocol, kind, flags);
        if self.rng.u8(..) < 60 {
            return self.refuse(at, protocol, &request, place);
        }
        let number = sequence(&request);
        self.notify(protocol, notification, number, self.sockets[at].port);
        if is_echoed {
            let echo = self.data(at, notification, 0, number);
            self.push(protocol, at, false, vec![(echo, place)]);
        }
        if wants_ack {
            self.acknowledge(at, protocol, &request, place);
        }
    }

    /// A batch of nf_tables, whose messages have one number or one each.
    fn batch(&mut self, at: usize) {
        let is_alike = self.rng.bool();
        let count = self.rng.usize(1..6);
        let mut all = Vec::new();
        let number = self.number(at);
        let mut kinds = vec![16];
        kinds.extend((0..count).map(|_| [0xa00, 0xa03, 0xa05, 0xa06][self.rng.usize(..4)]));
        kinds.push(17);
        for (place, kind) in kinds.iter().enumerate() {
            let number = if is_alike {
                number
            } else {
                number.wrapping_add(place as u32)
            };
            let is_acked = *kind > 17 && self.rng.bool();
            let flags = NLM_F_REQUEST | if is_acked { NLM_F_ACK } else { 0 };
            let body: Vec<u8> = (0..8).map(|_| self.rng.u8(..)).collect();
            all.push(message(
                *kind,
                flags,
                number,
                self.sockets[at].claimed_port,
                &body,
            ));
        }
        if let (Numbering::Counting, false) = (self.sockets[at].numbering, is_alike) {
            self.sockets[at].number = number.wrapping_add(kinds.len() as u32);
        }
        let sent = all.iter().map(|it| (it.clone(), None)).collect();
        let frame = self.push(NETFILTER, at, true, sent);
        for (index, request) in (1..).zip(&all) {
            let is_change = kind(request) > 17;
            let place = frame.map(|frame| (frame, index));
            if is_change && self.rng.u8(..) < 60 {
                self.refuse(at, NETFILTER, request, place);
            } else if flags(request) & NLM_F_ACK != 0 {
                self.acknowledge(at, NETFILTER, request, place);
            }
        }
    }

    /// Two processors: what two sockets ask and are answered comes in between each other.
    fn cross(&mut self, one: usize) {
        let other = LISTENERS + (one + 1 - LISTENERS) % (SOCKETS - LISTENERS);
        if self.sockets[other].dump.is_some() {
            return;
        }
        let (protocol, kind, answer) = GETS[self.rng.usize(..GETS.len())];
        let asked = [one, other].map(|at| (at, self.ask(at, protocol, kind, 0)));
        let (first, second) = if self.rng.bool() { (0, 1) } else { (1, 0) };
        for (at, (request, place)) in [&asked[first], &asked[second]] {
            let data = self.data(*at, answer, 0, sequence(request));
            self.push(protocol, *at, false, vec![(data, *place)]);
        }
    }

    /// The kernel says something by itself.
    fn event(&mut self) {
        let (protocol, _, notification) = CHANGES[self.rng.usize(..CHANGES.len())];
        self.notify(protocol, notification, 0, 0);
    }

    /// A copy for each listener, under the number of who asked.
    fn notify(&mut self, protocol: u16, kind: u16, number: u32, port: u32) {
        let body: Vec<u8> = (0..24).map(|_| self.rng.u8(..)).collect();
        for listener in 0..self.rng.usize(0..=LISTENERS) {
            let copy = message(kind, 0, number, port, &body);
            if self
                .push(protocol, listener, false, vec![(copy, None)])
                .is_some()
                && let Some(last) = self.queue.back_mut()
            {
                last.is_multicast = true;
            }
        }
    }

    fn data(&mut self, at: usize, kind: u16, flags: u16, number: u32) -> Vec<u8> {
        let body: Vec<u8> = (0..20).map(|_| self.rng.u8(..)).collect();
        message(kind, flags, number, self.sockets[at].port, &body)
    }

    fn refuse(&mut self, at: usize, protocol: u16, request: &[u8], place: Option<RequestPlace>) {
        let errno = -[1, 2, 16, 17, 19, 22][self.rng.usize(..6)];
        self.verdict(at, protocol, errno, request, place);
    }

    fn acknowledge(
        &mut self,
        at: usize,
        protocol: u16,
        request: &[u8],
        place: Option<RequestPlace>,
    ) {
        self.verdict(at, protocol, 0, request, place);
    }

    /// netlink_ack(): the whole request is repeated, unless the socket wants no more than its
    /// header (NETLINK_CAP_ACK) or all went well.
    fn verdict(
        &mut self,
        at: usize,
        protocol: u16,
        errno: i32,
        request: &[u8],
        place: Option<RequestPlace>,
    ) {
        let is_capped = errno == 0 || at.is_multiple_of(2);
        let repeated = if is_capped { &request[..16] } else { request };
        let payload = [&errno.to_ne_bytes(), repeated].concat();
        let flags = if is_capped { NLM_F_CAPPED } else { 0 };
        let port = self.sockets[at].port;
        let error = message(NLMSG_ERROR, flags, sequence(request), port, &payload);
        self.push(protocol, at, false, vec![(error, place)]);
    }
}

impl Iterator for Generator {
    type Item = GeneratedFrame;

    fn next(&mut self) -> Option<GeneratedFrame> {
        while self.queue.is_empty() {
            self.step();
        }
        self.queue.pop_front()
    }
}

fn socket(rng: &mut Rng, at: u32) -> Socket {
    // Three of a process.
    let pid = 1000 + at / 3;
    let port = if at.is_multiple_of(3) {
        pid
    } else {
        rng.u32(1 << 31..)
    };
    let (numbering, number) = match rng.u8(..10) {
        0..6 => (Numbering::Counting, 1_767_000_000 + rng.u32(..1000)),
        6..8 => (Numbering::Always(1), 1),
        8 => (Numbering::Always(0), 0),
        _ => (Numbering::Counting, 254),
    };
    let number = match numbering {
        Numbering::Counting => number,
        Numbering::Always(number) => number,
    };
    let claimed_port = match rng.u8(..10) {
        0..6 => 0,
        6..9 => port,
        // As if each socket had the port id of the process.
        _ => pid,
    };
    Socket {
        owner: (pid, 3 + at % 3),
        port,
        claimed_port,
        numbering,
        number,
        dump: None,
    }
}

fn message(kind: u16, flags: u16, number: u32, port: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = crate::netlink::message(kind, flags, number, body);
    bytes[12..16].copy_from_slice(&port.to_ne_bytes());
    bytes
}

fn half(message: &[u8], at: usize) -> u16 {
    message[at..]
        .first_chunk()
        .map_or(0, |it| u16::from_ne_bytes(*it))
}

fn kind(message: &[u8]) -> u16 {
    half(message, 4)
}

fn flags(message: &[u8]) -> u16 {
    half(message, 6)
}

fn sequence(message: &[u8]) -> u32 {
    message[8..]
        .first_chunk()
        .map_or(0, |it| u32::from_ne_bytes(*it))
}
