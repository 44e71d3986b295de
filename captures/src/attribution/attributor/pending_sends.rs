// SPDX-License-Identifier: GPL-2.0-or-later
//! What the subject sends, until its frame comes.
//!
//! The kernel mirrors a message to the tap within the call that sends it, before it is acted
//! upon (netlink_unicast_kernel() of net/netlink/af_netlink.c). So the frame has a time
//! between the moment at which the call was intercepted and the next call of the same task.
//! A call that has returned and has had no frame was refused.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use ynl::decode::{Endian, Message, messages};

use super::super::outgoing::Datagram;
use super::super::owner::{Owner, Port};
use crate::messages::packet::Frame;

/// How many sends wait for their frames at most, and how many bytes.
const SENDS: usize = 4096;
const BYTES: usize = 1 << 24;

/// How long, and how many, sends are kept after their frame.
const KEPT: Duration = Duration::from_secs(1);
const MATCHED: usize = 256;

/// How many refused sends are kept.
const REFUSED: usize = 1024;

/// What a task is about to send.
#[derive(Clone)]
pub(super) struct PendingSend {
    pub(super) since: Duration,
    /// When its task made another call, and so this one had returned.
    until: Option<Duration>,
    pub(super) port: Port,
    /// Of its socket.
    pub(super) inode: u64,
    pub(super) owner: Owner,
    /// Its bytes, or the first of them; how many there are.
    pub(super) bytes: Rc<[u8]>,
    length: usize,
}

impl PendingSend {
    /// Whether the frame has its bytes, as far as both were kept.
    fn matches(&self, frame: &Frame<'_>) -> bool {
        let both = self.bytes.len().min(frame.messages.len());
        self.port.interface == frame.interface
            && self.port.protocol == frame.protocol
            && self.length == frame.original_length as usize
            && self.bytes[..both] == frame.messages[..both]
    }

    /// The requests in it.
    pub(super) fn requests(&self) -> impl Iterator<Item = Message<'_>> {
        let all = messages(&self.bytes, Endian::native()).flatten();
        all.filter(Message::is_request)
    }

    /// Whether its call was being made then.
    fn was_under_way(&self, time: Duration) -> bool {
        self.since <= time && self.until.is_none_or(|until| time <= until)
    }

    /// When its call had returned; the end of time where it has not.
    fn returned(&self) -> Duration {
        self.until.unwrap_or(Duration::MAX)
    }
}

/// All that was sent, oldest first.
#[derive(Default)]
pub(super) struct PendingSends {
    waiting: VecDeque<PendingSend>,
    /// Those that have had their frame, with its time.
    matched: VecDeque<(Duration, PendingSend)>,
    /// Those that never had one.
    refused: Vec<PendingSend>,
}

impl PendingSends {
    /// A task is about to send this by the socket of an inode.
    pub(super) fn push(
        &mut self,
        now: Duration,
        port: Port,
        inode: u64,
        owner: Owner,
        datagram: Datagram,
    ) {
        let mut bytes: usize = self.waiting.iter().map(|it| it.bytes.len()).sum();
        while bytes > BYTES || self.waiting.len() >= SENDS {
            bytes -= (self.waiting.pop_front()).map_or(bytes, |it| it.bytes.len());
        }
        self.waiting.push_back(PendingSend {
            since: now,
            until: None,
            port,
            inode,
            owner,
            length: datagram.length,
            bytes: datagram.bytes.into(),
        });
    }

    /// The thread makes a call, and so the one before has returned.
    pub(super) fn note_return(&mut self, now: Duration, tid: i32) {
        for send in &mut self.waiting {
            if send.until.is_none() && send.owner.program.tid == tid {
                send.until = Some(now);
            }
        }
    }

    /// Takes the send that a frame is of.
    pub(super) fn take(&mut self, frame: &Frame<'_>) -> Option<PendingSend> {
        let old = frame.time.saturating_sub(KEPT);
        // What has returned long ago was refused.
        while self.waiting.front().is_some_and(|it| it.returned() < old) {
            if let Some(send) = self.waiting.pop_front()
                && self.refused.len() < REFUSED
            {
                self.refused.push(send);
            }
        }
        while (self.matched.front()).is_some_and(|(time, _)| *time < old)
            || self.matched.len() > MATCHED
        {
            self.matched.pop_front();
        }
        let fitting = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, send)| send.matches(frame) && send.was_under_way(frame.time));
        // Of several that sent the same, the one that returned first.
        let first = fitting.min_by_key(|(_, send)| (send.returned(), send.since));
        let at = first.map(|(at, _)| at).or_else(|| self.exchange(frame))?;
        let send = self.waiting.remove(at)?;
        self.matched.push_back((frame.time, send.clone()));
        Some(send)
    }

    /// Where several sent the same at the same time, an earlier frame may have been
    /// given to one that was still under way, and was of one that was not: then
    /// this frame takes the place that is left.
    fn exchange(&self, frame: &Frame<'_>) -> Option<usize> {
        let under_way = self
            .matched
            .iter()
            .filter(|(_, send)| send.matches(frame) && send.was_under_way(frame.time));
        let times: Vec<_> = under_way.map(|(time, _)| *time).collect();
        self.waiting.iter().position(|send| {
            send.matches(frame) && times.iter().any(|time| send.was_under_way(*time))
        })
    }

    /// The requests of that port id and number that have had no frame: of several that send
    /// the same bytes, another may have been given this one's.
    pub(super) fn requests(
        &self,
        time: Duration,
        (port, number): (Port, u32),
    ) -> impl Iterator<Item = (&PendingSend, Message<'_>)> {
        let of_port = move |send: &&PendingSend| send.port == port && send.was_under_way(time);
        let sends = self.waiting.iter().filter(of_port);
        let requests = sends.flat_map(|send| send.requests().map(move |it| (send, it)));
        requests.filter(move |(_, request)| request.sequence == number)
    }

    /// Takes those that never had a frame, when no more frames come.
    pub(super) fn take_refused(&mut self) -> impl Iterator<Item = PendingSend> {
        let waiting = std::mem::take(&mut self.waiting);
        std::mem::take(&mut self.refused).into_iter().chain(waiting)
    }

    /// The clock was set: a call is under way since ever, and has not returned before now.
    pub(super) fn forget_times(&mut self, now: Duration) {
        for send in &mut self.waiting {
            send.since = Duration::ZERO;
            send.until = send.until.max(send.until.map(|_| now));
        }
        self.matched.clear();
    }
}
