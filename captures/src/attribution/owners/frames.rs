// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose a frame of the tap is.

use std::time::Duration;

use ynl::decode::{Endian, Message, messages, types};

use super::{Asked, Owners, Request, Sent};
use crate::attribution::multicast::Copy;
use crate::attribution::owner::{Known, Owner, Port};
use crate::messages::change::is_change;
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::Certainty;
use crate::sys::clock::now;

/// How many requests wait for their answers.
const REQUESTS: usize = 1 << 16;

/// How long, and how many, sent messages are kept after their frame.
const KEPT: Duration = Duration::from_secs(1);
const MATCHED: usize = 256;

/// How many messages that never came to the tap are kept.
const REFUSED: usize = 1024;

impl Owners {
    /// Whose a frame is; None for a copy of a multicast that was for us.
    pub(crate) fn whose(&mut self, frame: &Frame<'_>) -> Option<Known> {
        if let Some(owner) = self.take_sent(frame) {
            let owners = vec![owner];
            return Some(Known::new(Direction::Outbound, owners, Certainty::Exact));
        }
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let direction = match &first {
            Some(message) if message.is_request() => Direction::Outbound,
            _ => Direction::Inbound,
        };
        let mut known = Known::new(direction, Vec::new(), self.nobody());
        let Some(message) = first else {
            return Some(known);
        };
        // The kernel itself says some things with a request's flag: app_solicit() of
        // net/core/neighbour.c.
        if direction == Direction::Outbound {
            if let Some(copy) = self.heard.copy(frame) {
                return self.multicast(frame, copy);
            }
            // Not told to us, but with the port id in it.
            if let Some(had) = self.at_port(frame, message.port, false) {
                (known.owners, known.certainty) = (vec![had.owner.clone()], had.certainty);
            }
            return Some(known);
        }
        let asked = self.asked(frame, &message);
        if let Asked::Answer(owner) = asked {
            (known.owners, known.certainty) = (vec![owner], Certainty::Exact);
            return Some(known);
        }
        if let Some(copy) = self.heard.copy(frame) {
            return self.multicast(frame, copy);
        }
        if !matches!(asked, Asked::Unseen) {
            return Some(known);
        }
        let had = self.at_port(frame, message.port, false);
        let had = had.map(|had| (had.owner.clone(), had.certainty));
        let made = || self.makers.at_port(message.port, frame.time);
        if let Some((owner, certainty)) = had.or_else(|| Some((made()?, Certainty::Port))) {
            (known.owners, known.certainty) = (vec![owner], certainty);
            // What the kernel says by itself has no number.
            if self.is_told && message.sequence != 0 && self.untold.len() < REQUESTS {
                let port = Port::of(frame, message.port);
                self.untold.insert((port, message.sequence));
            }
        }
        Some(known)
    }

    /// Whose a frame of a multicast is.
    pub(super) fn multicast(&mut self, frame: &Frame<'_>, copy: Copy) -> Option<Known> {
        let (group, number) = match copy {
            Copy::Ours => return None,
            Copy::First(group) => (group, 1),
            Copy::Another(group, number) => (group, number),
        };
        let mut owners = self.members(frame, group);
        if owners.len() < number as usize {
            // So many members have had it already: it is somebody else's.
            owners.clear();
        }
        let mut known = Known::new(Direction::Inbound, owners, Certainty::Group);
        known.is_copy = number > 1;
        Some(known)
    }

    /// How it is known that a message is not the subject's.
    fn nobody(&self) -> Certainty {
        if self.is_blind {
            Certainty::Unknown
        } else {
            Certainty::Exact
        }
    }

    /// The sender of what is on the tap, where it is one of the tree.
    fn take_sent(&mut self, frame: &Frame<'_>) -> Option<Owner> {
        let old = frame.time.saturating_sub(KEPT);
        // What has returned long ago was refused.
        while (self.sent.front()).is_some_and(|sent| sent.until.unwrap_or(Duration::MAX) < old) {
            if let Some(sent) = self.sent.pop_front()
                && self.refused.len() < REFUSED
            {
                self.refused.push(sent);
            }
        }
        while (self.matched.front()).is_some_and(|(time, _)| *time < old)
            || self.matched.len() > MATCHED
        {
            self.matched.pop_front();
        }
        let fitting = self
            .sent
            .iter()
            .enumerate()
            .filter(|(_, sent)| sent.is(frame) && sent.was_under_way(frame.time));
        // Of several that sent the same, the one that was back first.
        let first =
            fitting.min_by_key(|(_, sent)| (sent.until.unwrap_or(Duration::MAX), sent.since));
        let at = first.map(|(at, _)| at).or_else(|| self.exchange(frame))?;
        let sent = self.sent.remove(at)?;
        self.matched.push_back((frame.time, sent.clone()));
        for (sequence, request) in sent.requests() {
            self.remember((sent.port, sequence), request);
        }
        Some(sent.owner)
    }

    /// Where several sent the same at the same time, an earlier frame may have been
    /// given to one that was still under way, and was of one that was not: then
    /// this frame takes the place that is left.
    fn exchange(&self, frame: &Frame<'_>) -> Option<usize> {
        let under_way = self
            .matched
            .iter()
            .filter(|(_, sent)| sent.is(frame) && sent.was_under_way(frame.time));
        let times: Vec<_> = under_way.map(|(time, _)| *time).collect();
        self.sent
            .iter()
            .position(|sent| sent.is(frame) && times.iter().any(|time| sent.was_under_way(*time)))
    }

    fn remember(&mut self, key: (Port, u32), request: Request) {
        if self.requests.insert(key, request).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REQUESTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.requests.remove(&oldest);
        }
    }

    /// Who asked for what the message says.
    fn asked(&mut self, frame: &Frame<'_>, message: &Message<'_>) -> Asked {
        let port = Port::of(frame, message.port);
        let key = (port, message.sequence);
        let known = self.requests.get(&key).cloned();
        if known.is_none() && self.waiting(frame, &key).next().is_none() {
            return Asked::Unseen;
        }
        let Some(inode) = self.at_port(frame, message.port, true).map(|it| it.inode) else {
            return Asked::Unseen;
        };
        // One that had the port id before may have asked by this number too.
        let mut known = known.into_iter().chain(self.waiting(frame, &key));
        match known.find(|request| request.inode == inode) {
            Some(request) if message.kind >= types::FIRST && request.change => Asked::Change,
            Some(request) => Asked::Answer(request.owner),
            None => Asked::Unseen,
        }
    }

    /// The requests that were sent and have had no frame: of several that send the same,
    /// another was given this one's.
    fn waiting(
        &self,
        frame: &Frame<'_>,
        (port, number): &(Port, u32),
    ) -> impl Iterator<Item = Request> {
        let of_port = move |sent: &&Sent| sent.port == *port && sent.was_under_way(frame.time);
        let requests = self.sent.iter().filter(of_port).flat_map(Sent::requests);
        requests.filter_map(move |(sequence, request)| (sequence == *number).then_some(request))
    }

    /// The tree's members of a group.
    fn members(&mut self, frame: &Frame<'_>, group: u32) -> Vec<Owner> {
        if self.looked < frame.time {
            self.look_after(now());
        }
        let place = Port::of(frame, 0);
        let members = self.sockets.values().filter(|socket| {
            let number = 0;
            Port {
                number,
                ..socket.port
            } == place
                && socket.groups.contain(group)
                && socket.is_bound
                && socket.ended.is_none_or(|ended| frame.time <= ended)
        });
        let mut owners: Vec<_> = members.map(|socket| socket.owner.clone()).collect();
        owners.sort_by_key(|owner| (owner.program.tid, owner.fd));
        owners
    }
}

impl Sent {
    /// Whether the frame has its bytes, as far as there are any of both.
    fn is(&self, frame: &Frame<'_>) -> bool {
        let both = self.bytes.len().min(frame.messages.len());
        self.port.interface == frame.interface
            && self.port.protocol == frame.protocol
            && self.length == frame.original_length as usize
            && self.bytes[..both] == frame.messages[..both]
    }

    /// The requests in it, with their sequence numbers.
    fn requests(&self) -> impl Iterator<Item = (u32, Request)> {
        messages(&self.bytes, Endian::native())
            .flatten()
            .filter(|message| message.is_request())
            .map(|message| {
                let request = Request {
                    owner: self.owner.clone(),
                    inode: self.inode,
                    change: is_change(self.port.protocol, &message),
                };
                (message.sequence, request)
            })
    }

    /// Whether the call was being made then.
    fn was_under_way(&self, time: Duration) -> bool {
        self.since <= time && self.until.is_none_or(|until| time <= until)
    }
}
