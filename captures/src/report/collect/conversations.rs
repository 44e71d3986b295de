// SPDX-License-Identifier: GPL-2.0-or-later
//! Who asked what, and what came of it.

use std::rc::Rc;
use std::time::Duration;

use foldhash::HashMap;
use ynl::decode::flags;

use super::nanoseconds;
use crate::messages::event::{Event, Role};
use crate::report::model::{Conversation, Times, Who};

/// The most kinds of conversations that are counted apart.
pub(super) const MOST: usize = 1024;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    who: usize,
    socket: Option<u64>,
    protocol: u16,
    family: Rc<str>,
    operation: Rc<str>,
    dump: bool,
}

/// Times so far.
#[derive(Clone, Copy)]
struct Clock {
    min: u64,
    max: u64,
    sum: u128,
    count: u64,
}

impl Clock {
    fn add(clock: &mut Option<Self>, time: Duration) {
        let time = nanoseconds(time);
        let clock = clock.get_or_insert(Self {
            min: time,
            max: time,
            sum: 0,
            count: 0,
        });
        clock.min = clock.min.min(time);
        clock.max = clock.max.max(time);
        clock.sum += u128::from(time);
        clock.count += 1;
    }

    /// Takes the times of another together with these.
    fn join(clock: &mut Option<Self>, other: Option<Self>) {
        let Some(other) = other else { return };
        *clock = Some(clock.map_or(other, |it| Self {
            min: it.min.min(other.min),
            max: it.max.max(other.max),
            sum: it.sum + other.sum,
            count: it.count + other.count,
        }));
    }

    fn times(self) -> Times {
        Times {
            min: self.min,
            mean: (self.sum / u128::from(self.count.max(1))) as u64,
            max: self.max,
        }
    }
}

struct Talk {
    key: Key,
    protocol: String,
    requests: u64,
    request_bytes: u64,
    answered: u64,
    parts: u64,
    answer_bytes: u64,
    errors: u64,
    first: Option<Clock>,
    last: Option<Clock>,
    about_interfaces: bool,
}

impl Talk {
    fn join(&mut self, other: Self) {
        self.requests += other.requests;
        self.request_bytes += other.request_bytes;
        self.answered += other.answered;
        self.parts += other.parts;
        self.answer_bytes += other.answer_bytes;
        self.errors += other.errors;
        Clock::join(&mut self.first, other.first);
        Clock::join(&mut self.last, other.last);
    }
}

/// The conversations so far.
#[derive(Default)]
pub(super) struct Conversations {
    all: Vec<Talk>,
    known: HashMap<Key, usize>,
    /// Messages of conversations that are not counted apart.
    more: u64,
}

impl Conversations {
    /// Counts a request; `is_joint`: of one of several processes that are counted together.
    pub(super) fn ask(&mut self, event: &Event<'_>, who: usize, is_joint: bool) {
        let process = event.process.as_ref().filter(|_| !is_joint);
        let key = Key {
            who,
            socket: process.and_then(|it| it.socket),
            protocol: event.packet.protocol,
            family: Rc::clone(&event.family),
            operation: Rc::clone(&event.operation),
            dump: event.is_dump(),
        };
        let at = self.place(key, event.protocol);
        let talk = &mut self.all[at];
        talk.requests += 1;
        talk.request_bytes += u64::from(event.message.length);
    }

    /// The conversation of an answer.
    pub(super) fn of_answer(&mut self, event: &Event<'_>, who: usize, is_joint: bool) -> usize {
        let process = match &event.tie {
            _ if is_joint => None,
            Some(tie) => tie.request.process.as_ref(),
            None => event.process.as_ref(),
        };
        let key = |who: usize| Key {
            who,
            socket: process.and_then(|it| it.socket),
            protocol: event.packet.protocol,
            family: match &event.tie {
                Some(tie) => Rc::clone(&tie.request.family),
                None => Rc::clone(&event.family),
            },
            operation: match &event.tie {
                Some(tie) => Rc::clone(&tie.request.operation),
                None => Rc::clone(&event.operation),
            },
            dump: (event.tie.as_ref())
                .and_then(|it| it.request.message(event.packet.endian))
                .is_some_and(|it| it.is_dump(event.packet.protocol)),
        };
        let by_receiver = key(who);
        if let Some(at) = self.known.get(&by_receiver) {
            return *at;
        }
        // A request without a port id was nobody's when it was counted.
        let asked = event.tie.is_some() && event.process.is_none();
        let mut all = self.all.iter();
        let by_anyone = |it: &Talk| {
            Key {
                who: it.key.who,
                ..by_receiver.clone()
            } == it.key
        };
        match asked.then(|| all.rposition(by_anyone)).flatten() {
            Some(at) => {
                // The next one is found at once.
                if self.known.len() < 4 * MOST {
                    self.known.insert(by_receiver, at);
                }
                at
            }
            None => self.place(by_receiver, event.protocol),
        }
    }

    fn place(&mut self, key: Key, protocol: &str) -> usize {
        if let Some(at) = self.known.get(&key) {
            return *at;
        }
        if self.all.len() >= MOST {
            self.more += 1;
            return MOST - 1;
        }
        let mut kept = key.clone();
        if self.all.len() + 1 == MOST {
            kept.family = Rc::from("…");
            kept.operation = Rc::from("…");
        }
        self.all.push(Talk {
            key: kept,
            protocol: protocol.to_owned(),
            requests: 0,
            request_bytes: 0,
            answered: 0,
            parts: 0,
            answer_bytes: 0,
            errors: 0,
            first: None,
            last: None,
            about_interfaces: false,
        });
        self.known.insert(key, self.all.len() - 1);
        self.all.len() - 1
    }

    /// Counts a message of an answer.
    pub(super) fn answer(&mut self, at: usize, event: &Event<'_>) {
        let talk = &mut self.all[at];
        talk.parts += 1;
        talk.answer_bytes += u64::from(event.message.length);
        talk.errors += u64::from(event.role == Role::Error);
        let (Some(tie), Some(took)) = (&event.tie, event.took()) else {
            return;
        };
        if tie.parts == 0 {
            Clock::add(&mut talk.first, took);
        }
        let asked = tie.request.message(event.packet.endian);
        let wants_ack = asked.is_some_and(|it| it.flags & flags::ACK != 0);
        let ends = match event.role {
            Role::Done | Role::Ack | Role::Error => true,
            _ => event.message.flags & flags::MULTI == 0 && !wants_ack && !talk.key.dump,
        };
        if ends && talk.answered < talk.requests {
            talk.answered += 1;
            Clock::add(&mut talk.last, took);
        }
    }

    /// Its answers are about interfaces.
    pub(super) fn is_about_interfaces(&mut self, at: usize) {
        self.all[at].about_interfaces = true;
    }

    /// The time of the conversations about interfaces.
    pub(super) fn interface_time(&self) -> Option<u128> {
        let about = self.all.iter().filter(|it| it.about_interfaces);
        let mut sum = None;
        for last in about.filter_map(|it| it.last) {
            *sum.get_or_insert(0) += last.sum;
        }
        sum
    }

    /// Messages of conversations that are not counted apart.
    pub(super) fn left_out(&self) -> u64 {
        self.more
    }

    /// The list, in the order in which they began; those of several processes of a program are
    /// one.
    pub(super) fn finish(self, programs: &[Who]) -> Vec<Conversation> {
        let mut all: Vec<Talk> = Vec::new();
        let mut places: HashMap<(&Who, Key), usize> = HashMap::default();
        for talk in self.all {
            let who = &programs[talk.key.who];
            let of_several = who.pid.is_none() && who.comm.is_some();
            if !of_several {
                all.push(talk);
                continue;
            }
            let of_program = Key {
                who: 0,
                socket: None,
                ..talk.key.clone()
            };
            match places.get(&(who, of_program.clone())) {
                Some(at) => all[*at].join(talk),
                None => {
                    places.insert((who, of_program), all.len());
                    all.push(talk);
                    if let Some(last) = all.last_mut() {
                        last.key.socket = None;
                    }
                }
            }
        }
        let conversation = |talk: Talk| Conversation {
            who: programs[talk.key.who].clone(),
            socket: talk.key.socket,
            protocol: talk.protocol,
            family: talk.key.family.to_string(),
            operation: talk.key.operation.to_string(),
            dump: talk.key.dump,
            requests: talk.requests,
            request_bytes: talk.request_bytes,
            answered: talk.answered,
            parts: talk.parts,
            answer_bytes: talk.answer_bytes,
            errors: talk.errors,
            first: talk.first.map(Clock::times),
            last: talk.last.map(Clock::times),
        };
        all.into_iter().map(conversation).collect()
    }
}
