// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests, until they are answered: the one table of which message answers which.
//!
//! A socket numbers its requests, and the kernel answers with the same number to the socket's
//! port id. But a request names no port id as a rule (`nlmsg_pid` 0), sockets number alike, and
//! one may use a number again. docs/show.md has the rule in words; in short, of the requests of
//! a number that a message can answer ([`RequestHeader::is_answered_by`])
//!
//! 1. those of its own socket come first: by the recorder's word, else by port id. The kernel
//!    acts on a message before the call that sends it returns, so that of one socket's datagrams
//!    the last counts, and in it the first message that is not answered;
//! 2. then those that name no port id: first those that have to be answered, in the order in
//!    which they came, then the last of the others. The port id is learnt from the answer;
//! 3. then what was answered in full, for some answers have several messages and do not say so;
//! 4. then requests that claim another port id: two sockets of a program may both write the
//!    process id, and one of them is not bound to it.
//!
//! What could as well answer another is marked, and so is all that follows from it.
//!
//! # States
//!
//! - open: nothing has come, or parts of a longer answer.
//! - answered: with data, and the request wanted no more. More of it may come.
//! - ended, by an error, an acknowledgement or a DONE: it leaves the table, but for one that
//!   [remembers](RequestTable::remembering) what was asked.

use std::collections::VecDeque;
use std::time::Duration;

use foldhash::HashMap;
use ynl::decode::{Endian, Message, flags, types};

use super::answers::{RequestHeader, answers_port_zero, has_several_unsaid};

/// The most requests that are remembered, and of them the most of one number. The oldest go
/// first.
pub(crate) const MOST: usize = 1 << 16;
const MOST_ALIKE: usize = 1 << 10;

/// Of requests whose sockets are not known, one that is older by so much than another is not
/// asked for any more: the kernel answers while it is asked.
const STALE: Duration = Duration::from_secs(1);

/// Messages of an answer that does not say that it has several come at once.
const AT_ONCE: Duration = Duration::from_millis(10);

/// What a request and its answers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExchangeKey {
    /// The tap: port ids are of one network namespace.
    pub(crate) tap: u32,
    /// Netlink protocol, NETLINK_* of linux/netlink.h.
    pub(crate) protocol: u16,
    /// `nlmsg_seq`.
    pub(crate) sequence: u32,
}

/// A socket by what a recorder calls it: a process id with a descriptor, or an inode.
pub(crate) type SocketId = (u32, u64);

/// Where a message stands, and whose it is where that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting {
    pub(crate) tap: u32,
    pub(crate) protocol: u16,
    /// The frame: messages of one were sent by one socket at once.
    pub(crate) frame: u64,
    pub(crate) time: Duration,
    pub(crate) socket: Option<SocketId>,
    /// The port id of the socket; 0 where it is not known.
    pub(crate) port: u32,
}

impl Sighting {
    fn key(&self, message: &Message<'_>) -> ExchangeKey {
        ExchangeKey {
            tap: self.tap,
            protocol: self.protocol,
            sequence: message.sequence,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Answered,
    Ended,
}

#[derive(Clone, Debug)]
struct PendingRequest<T> {
    /// Counts requests.
    id: u64,
    header: RequestHeader,
    frame: u64,
    time: Duration,
    socket: Option<SocketId>,
    /// The port id of its socket; 0 where it is not known yet.
    port: u32,
    /// It is the request's word alone.
    is_port_claimed: bool,
    state: State,
    /// Messages of the answer so far.
    parts: u32,
    is_multipart: bool,
    /// When the last of them came.
    last_part: Duration,
    is_ambiguous: bool,
    value: T,
}

impl<T> PendingRequest<T> {
    /// How near it is to a message of the kernel that has its number.
    fn nearness(&self, at: &Sighting, message: &Message<'_>, endian: Endian) -> Option<Nearness> {
        // Time only goes forward.
        if self.time > at.time {
            return None;
        }
        let is_own = match (self.socket, at.socket) {
            (Some(asked), Some(answered)) => (asked == answered).then_some(true)?,
            _ if self.port == 0 || message.port == 0 => false,
            _ => self.port == message.port,
        };
        let is_unknown = !is_own && (self.port == 0 || message.port == 0);
        let nearness = match (is_own, self.state) {
            (true, State::Open) => Nearness::OwnSocket,
            (true, State::Answered) if self.may_go_on(at, message) => Nearness::OwnSocketAnswered,
            (false, State::Open) if is_unknown => Nearness::UnknownSocket,
            (false, State::Open) if self.is_port_claimed && self.parts == 0 => {
                Nearness::ClaimedPort
            }
            _ => return None,
        };
        (self.header)
            .is_answered_by(message, endian, self.is_multipart)
            .then_some(nearness)
    }

    /// Whether a message may be one more of an answer that does not say that it has several.
    fn may_go_on(&self, at: &Sighting, message: &Message<'_>) -> bool {
        let is_at_once = at.time <= self.last_part.saturating_add(AT_ONCE);
        let is_part = message.kind >= types::FIRST && message.flags & flags::MULTI == 0;
        let has_several = has_several_unsaid(at.protocol) || self.header.is_echoed_change();
        is_part && is_at_once && has_several
    }

    /// Whether it is not so much older than one of that time that it is no longer asked for.
    fn is_as_late_as(&self, time: Duration) -> bool {
        self.time.saturating_add(STALE) >= time
    }

    /// Whether it is of the socket that asked again by the same number.
    fn is_of(&self, socket: Option<SocketId>, port: u32) -> bool {
        match (self.socket, socket) {
            (Some(one), Some(other)) => one == other,
            _ => self.port != 0 && self.port == port,
        }
    }

    /// Whether nothing more can come of it, now that its socket got an answer to a later
    /// datagram: the kernel acts on one after the other, and a socket has one dump at a time.
    fn is_over(&self, later: &Later) -> bool {
        let is_before = self.state != State::Open || self.frame < later.frame;
        let may_go_on = self.state == State::Open && self.header.is_dump && !later.is_dump;
        self.id < later.id && is_before && !may_go_on && self.is_of(later.socket, later.port)
    }
}

/// A request that was answered.
struct Later {
    id: u64,
    frame: u64,
    socket: Option<SocketId>,
    port: u32,
    /// It is a dump, and was not refused.
    is_dump: bool,
}

/// How near a request is to a message that can answer it, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    OwnSocket,
    UnknownSocket,
    OwnSocketAnswered,
    ClaimedPort,
}

/// What a message answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<T> {
    pub(crate) request: T,
    /// Messages of the answer before this one.
    pub(crate) parts: u32,
    /// It may be another that is answered.
    pub(crate) is_ambiguous: bool,
}

/// Requests that may be answered, with what is to be remembered of each.
#[derive(Clone, Debug)]
pub(crate) struct RequestTable<T> {
    pending: HashMap<ExchangeKey, VecDeque<PendingRequest<T>>>,
    /// Their keys and ids, oldest first; some of them have left.
    order: VecDeque<(ExchangeKey, u64)>,
    next: u64,
    /// How many are in the table.
    count: usize,
    /// What has ended stays until there is no room.
    remembers: bool,
    /// Requests that had to be answered, and were given up for want of room.
    given_up: u64,
}

impl<T> Default for RequestTable<T> {
    fn default() -> Self {
        Self {
            pending: HashMap::default(),
            order: VecDeque::new(),
            next: 0,
            count: 0,
            remembers: false,
            given_up: 0,
        }
    }
}

impl<T: Clone> RequestTable<T> {
    /// A table that remembers what has ended, for [`RequestTable::asked`].
    pub(crate) fn remembering() -> Self {
        Self {
            remembers: true,
            ..Self::default()
        }
    }

    /// Remembers a request.
    pub(crate) fn insert(&mut self, at: Sighting, message: &Message<'_>, value: T) {
        let key = at.key(message);
        let alike = self.pending.entry(key).or_default();
        let id = self.next;
        self.next += 1;
        let before = alike.len();
        if at.socket.is_some() {
            alike.retain(|it| it.state == State::Open || !it.is_of(at.socket, at.port));
        }
        self.count -= before - alike.len();
        alike.push_back(PendingRequest {
            id,
            header: RequestHeader::of(at.protocol, message),
            frame: at.frame,
            time: at.time,
            socket: at.socket,
            port: if at.port == 0 { message.port } else { at.port },
            is_port_claimed: at.port == 0,
            state: State::Open,
            parts: 0,
            is_multipart: false,
            last_part: at.time,
            is_ambiguous: false,
            value,
        });
        self.count += 1;
        self.order.push_back((key, id));
        if alike.len() > MOST_ALIKE
            && let Some(oldest) = alike.front().map(|it| it.id)
        {
            self.give_up(key, oldest);
        }
        while self.count > MOST
            && let Some((key, id)) = self.order.pop_front()
        {
            self.give_up(key, id);
        }
        if self.order.len() > 2 * MOST {
            let pending = &self.pending;
            self.order.retain(|(key, id)| {
                let alike = pending.get(key);
                alike.is_some_and(|it| it.binary_search_by_key(id, |it| it.id).is_ok())
            });
        }
    }

    /// Forgets a request for want of room.
    fn give_up(&mut self, key: ExchangeKey, id: u64) {
        let Some(alike) = self.pending.get_mut(&key) else {
            return;
        };
        let Ok(index) = alike.binary_search_by_key(&id, |it| it.id) else {
            return;
        };
        let gone = alike.remove(index);
        if alike.is_empty() {
            self.pending.remove(&key);
        }
        self.count -= 1;
        let is_owed =
            |it: PendingRequest<T>| it.state == State::Open && it.header.is_owed_an_answer();
        self.given_up += u64::from(gone.is_some_and(is_owed));
    }

    /// The request that a message of the kernel answers. `is_likely` says of a request that
    /// fits whether its bytes are those that the answer repeats.
    pub(crate) fn answer(
        &mut self,
        at: Sighting,
        message: &Message<'_>,
        endian: Endian,
        is_likely: impl Fn(&T) -> bool,
    ) -> Option<Answered<T>> {
        if message.port == 0 && !answers_port_zero(at.protocol) {
            return None;
        }
        let key = at.key(message);
        let alike = self.pending.get_mut(&key)?;
        let choice = choose(alike, &at, message, endian, is_likely)?;
        if choice.is_ambiguous {
            // Either may be the other: what comes for that is in doubt too.
            let chosen = alike[choice.index].time;
            for it in alike.iter_mut() {
                it.is_ambiguous |=
                    it.is_as_late_as(chosen) && it.nearness(&at, message, endian).is_some();
            }
        }
        let request = &mut alike[choice.index];
        if request.port != message.port && message.port != 0 {
            (request.port, request.is_port_claimed) = (message.port, false);
        }
        let may_be_copy = message.kind >= types::FIRST
            && at.socket.is_none()
            && request.header.is_echoed_change();
        let answered = Answered {
            request: request.value.clone(),
            parts: request.parts,
            is_ambiguous: request.is_ambiguous || may_be_copy,
        };
        request.parts = request.parts.saturating_add(1);
        request.last_part = at.time;
        request.is_multipart |= message.flags & flags::MULTI != 0;
        let later = Later {
            id: request.id,
            frame: request.frame,
            socket: request.socket,
            port: request.port,
            is_dump: request.header.is_dump && message.kind != types::ERROR,
        };
        let ends = request.header.ends_with(message);
        let has_ended = ends && message.kind < types::FIRST;
        if ends {
            request.state = match has_ended {
                true => State::Ended,
                false => State::Answered,
            };
        }
        let leaves = has_ended && !self.remembers;
        if leaves || alike.len() > 1 {
            let before = alike.len();
            alike.retain(|it| match it.id == later.id {
                true => !leaves,
                false => !it.is_over(&later),
            });
            self.count -= before - alike.len();
            if alike.is_empty() {
                self.pending.remove(&key);
            }
        }
        Some(answered)
    }

    /// The last request of the number and port id of a message, and of its socket where that
    /// is known, whether the message answers it or not; with its header.
    pub(crate) fn asked(&self, at: Sighting, message: &Message<'_>) -> Option<(RequestHeader, &T)> {
        let alike = self.pending.get(&at.key(message))?;
        let is_asked = |it: &&PendingRequest<T>| {
            it.port == message.port && (at.socket.is_none() || at.socket == it.socket)
        };
        let asked = alike.iter().rev().find(is_asked)?;
        Some((asked.header, &asked.value))
    }

    /// Dumps that have begun to be answered, and have had no end.
    pub(crate) fn unfinished_dumps(&self) -> impl Iterator<Item = &T> {
        let all = self.pending.values().flatten();
        let is_unfinished = |it: &&PendingRequest<T>| {
            let has_begun = it.state == State::Open && it.parts > 0;
            has_begun && !it.is_ambiguous && it.header.is_dump
        };
        all.filter(is_unfinished).map(|it| &it.value)
    }

    /// How many requests that had to be answered were given up for want of room.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up
    }
}

/// Which request a message answers.
struct Choice {
    index: usize,
    is_ambiguous: bool,
}

fn choose<T>(
    alike: &VecDeque<PendingRequest<T>>,
    at: &Sighting,
    message: &Message<'_>,
    endian: Endian,
    is_likely: impl Fn(&T) -> bool,
) -> Option<Choice> {
    // What nearly all are, without the detour.
    if alike.len() == 1 {
        let nearness = alike.front()?.nearness(at, message, endian)?;
        return Some(Choice {
            index: 0,
            is_ambiguous: nearness == Nearness::ClaimedPort,
        });
    }
    let fitting = || {
        let all = alike.iter().enumerate();
        all.filter_map(|(index, it)| Some((it.nearness(at, message, endian)?, index)))
    };
    let (nearest, first) = fitting().min()?;
    let near = || {
        fitting()
            .filter(|(it, _)| *it == nearest)
            .map(|(_, index)| index)
    };
    // The port id that a request names may be another socket's, which named none.
    let may_be_other = |chosen: &PendingRequest<T>| {
        let is_claim = chosen.is_port_claimed && chosen.parts == 0;
        let is_word = at.socket.is_some() && chosen.socket.is_some();
        let doubtful = match nearest {
            Nearness::OwnSocket if is_claim && !is_word => Nearness::UnknownSocket,
            Nearness::UnknownSocket => Nearness::ClaimedPort,
            _ => return false,
        };
        fitting().any(|(it, index)| it == doubtful && alike[index].is_as_late_as(chosen.time))
    };
    if nearest == Nearness::ClaimedPort || near().nth(1).is_none() {
        return Some(Choice {
            index: first,
            is_ambiguous: nearest == Nearness::ClaimedPort || may_be_other(&alike[first]),
        });
    }
    // Parts of a longer answer are of dumps, as a rule; and an error is of what has the bytes
    // that it repeats.
    let is_part = message.flags & flags::MULTI != 0;
    let preference = |index: &usize| {
        let it = &alike[*index];
        (is_likely(&it.value), it.header.is_dump == is_part)
    };
    let best = near().map(|index| preference(&index)).max()?;
    let near: Vec<usize> = near().filter(|index| preference(index) == best).collect();
    let newest = &alike[*near.last()?];
    let is_owed = |index: &&usize| alike[**index].header.is_owed_an_answer();
    let is_known = nearest != Nearness::UnknownSocket;
    let is_fresh = |index: &usize| is_known || alike[*index].is_as_late_as(newest.time);
    let near: Vec<usize> = near.into_iter().filter(is_fresh).collect();
    let first_owed = near.iter().find(is_owed).filter(|_| !is_known);
    let in_last_frame = |index: &&usize| alike[**index].frame == newest.frame;
    let index = first_owed.or_else(|| near.iter().find(in_last_frame))?;
    let frame = alike[*index].frame;
    let of_frame = near.iter().filter(|it| alike[**it].frame == frame).count();
    // Where not each of a datagram has to be answered, the first one may have been left out.
    let may_be_later = of_frame > 1 && !best.0 && !is_owed(&index);
    Some(Choice {
        index: *index,
        is_ambiguous: may_be_later
            || (!is_known && of_frame < near.len())
            || may_be_other(&alike[*index]),
    })
}

#[cfg(test)]
mod tests;
