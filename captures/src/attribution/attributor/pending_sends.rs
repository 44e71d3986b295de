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

/// How many bytes of these, and of refused sends, are kept, and how many of the latter.
const REST: usize = 1 << 22;
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

/// Sends, oldest first, and how many bytes they have.
#[derive(Default)]
struct Sends {
    all: VecDeque<PendingSend>,
    bytes: usize,
}

impl Sends {
    fn push(&mut self, send: PendingSend) {
        self.bytes += send.bytes.len();
        self.all.push_back(send);
    }

    fn pop(&mut self) -> Option<PendingSend> {
        self.remove(0)
    }

    fn remove(&mut self, at: usize) -> Option<PendingSend> {
        let send = self.all.remove(at)?;
        self.bytes -= send.bytes.len();
        Some(send)
    }
}

/// A send that has had its frame.
struct MatchedSend {
    send: PendingSend,
    /// The frame's.
    time: Duration,
}

impl MatchedSend {
    /// Whether it may still turn out that the frame was of another send of the same bytes: this one
    /// has no more frame to come once its call has returned, which on a busy machine may be
    /// seconds later.
    fn is_open(&self, old: Duration) -> bool {
        self.time >= old || self.send.returned() >= old
    }
}

/// All that was sent.
#[derive(Default)]
pub(super) struct PendingSends {
    waiting: Sends,
    /// Those that have had their frame.
    matched: VecDeque<MatchedSend>,
    matched_bytes: usize,
    /// Those that never had one.
    refused: Sends,
    /// How many were forgotten before they had one.
    pub(super) forgotten: u64,
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
        self.waiting.push(PendingSend {
            since: now,
            until: None,
            port,
            inode,
            owner,
            length: datagram.length,
            bytes: datagram.bytes.into(),
        });
        while self.waiting.bytes > BYTES || self.waiting.all.len() > SENDS {
            self.waiting.pop();
            self.forgotten += 1;
        }
    }

    fn push_refused(&mut self, send: PendingSend) {
        if self.refused.all.len() < REFUSED && self.refused.bytes + send.bytes.len() <= REST {
            self.refused.push(send);
        }
    }

    /// The thread makes a call, and so the one before has returned.
    pub(super) fn note_return(&mut self, now: Duration, tid: i32) {
        let matched = self.matched.iter_mut().map(|it| &mut it.send);
        for send in self.waiting.all.iter_mut().chain(matched) {
            if send.until.is_none() && send.owner.program.tid == tid {
                send.until = Some(now);
            }
        }
    }

    /// Takes the send that a frame is of.
    pub(super) fn take(&mut self, frame: &Frame<'_>) -> Option<PendingSend> {
        let fitting = (self.waiting.all.iter())
            .enumerate()
            .filter(|(_, send)| send.matches(frame) && send.was_under_way(frame.time));
        // Of several that sent the same, the one that returned first.
        let first = fitting.min_by_key(|(_, send)| (send.returned(), send.since));
        let at = first.map(|(at, _)| at).or_else(|| self.exchange(frame));
        let taken = at.and_then(|at| self.waiting.remove(at));
        if let Some(send) = &taken {
            self.matched_bytes += send.bytes.len();
            self.matched.push_back(MatchedSend {
                send: send.clone(),
                time: frame.time,
            });
        }
        self.forget_old(frame.time.saturating_sub(KEPT));
        taken
    }

    /// Where several sent the same at the same time, an earlier frame may have been
    /// given to one that was still under way, and was of one that was not: then
    /// this frame takes the place that is left.
    fn exchange(&self, frame: &Frame<'_>) -> Option<usize> {
        let under_way = (self.matched.iter())
            .filter(|it| it.send.matches(frame) && it.send.was_under_way(frame.time));
        let times: Vec<_> = under_way.map(|it| it.time).collect();
        self.waiting.all.iter().position(|send| {
            send.matches(frame) && times.iter().any(|time| send.was_under_way(*time))
        })
    }

    /// What has returned long ago was refused.
    fn forget_old(&mut self, old: Duration) {
        while self.matched.front().is_some_and(|it| !it.is_open(old))
            || self.matched.len() > MATCHED
            || self.matched_bytes > REST
        {
            let Some(gone) = self.matched.pop_front() else {
                break;
            };
            self.matched_bytes -= gone.send.bytes.len();
        }
        while let Some(at) = self.position_of_refused(old)
            && let Some(send) = self.waiting.remove(at)
        {
            self.push_refused(send);
        }
    }

    /// One that was refused: it has returned long ago, and its frame cannot have been given to one
    /// that is still under way.
    fn position_of_refused(&self, old: Duration) -> Option<usize> {
        self.waiting.all.iter().position(|send| {
            let took = |it: &MatchedSend| {
                it.send.until.is_none()
                    && it.send.bytes == send.bytes
                    && send.was_under_way(it.time)
            };
            send.returned() < old && !self.matched.iter().any(took)
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
        let sends = self.waiting.all.iter().filter(of_port);
        let requests = sends.flat_map(|send| send.requests().map(move |it| (send, it)));
        requests.filter(move |(_, request)| request.sequence == number)
    }

    /// Takes those that never had a frame, when no more frames come.
    pub(super) fn take_refused(&mut self) -> impl Iterator<Item = PendingSend> {
        let waiting = std::mem::take(&mut self.waiting).all;
        let refused = std::mem::take(&mut self.refused).all;
        refused.into_iter().chain(waiting)
    }

    /// The clock was set: a call is under way since ever, and has not returned before now.
    pub(super) fn forget_times(&mut self, now: Duration) {
        for send in &mut self.waiting.all {
            send.since = Duration::ZERO;
            send.until = send.until.max(send.until.map(|_| now));
        }
        self.matched.clear();
        self.matched_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::owner::Program;
    use super::*;
    use crate::file::sample;

    const PORT: Port = Port {
        interface: 0,
        protocol: 0,
        number: 0,
    };

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    fn send(sends: &mut PendingSends, now: Duration, tid: i32, bytes: &[u8]) {
        let program = Rc::new(Program {
            pid: 812,
            tid,
            comm: "ip".into(),
        });
        let datagram = Datagram {
            bytes: bytes.to_vec(),
            length: bytes.len(),
        };
        sends.push(now, PORT, 1, Owner { program, fd: 3 }, datagram);
    }

    fn take(sends: &mut PendingSends, time: Duration, bytes: &[u8]) -> Option<i32> {
        let frame = Frame {
            time,
            ..sample::frame(1, 0, bytes)
        };
        Some(sends.take(&frame)?.owner.program.tid)
    }

    #[test]
    fn a_call_that_takes_seconds_leaves_its_frame_to_another_of_the_same_bytes() {
        let bytes = sample::message(libc::RTM_GETLINK, 1, 7, &[0; 16]);
        let mut sends = PendingSends::default();
        send(&mut sends, after(0), 1, &bytes);
        send(&mut sends, after(1), 2, &bytes);
        // It is the second's; the first is still on its way into the kernel.
        assert_eq!(take(&mut sends, after(2), &bytes), Some(1));
        sends.note_return(after(3), 2);
        // Others speak meanwhile.
        let other = sample::message(libc::RTM_GETADDR, 1, 8, &[0; 8]);
        assert_eq!(take(&mut sends, after(9), &other), None);
        assert_eq!(take(&mut sends, after(10), &bytes), Some(2));
        assert_eq!(sends.take_refused().count(), 0);
    }

    #[test]
    fn a_call_that_has_returned_without_a_frame_was_refused() {
        let bytes = sample::message(libc::RTM_GETLINK, 1, 7, &[0; 16]);
        let mut sends = PendingSends::default();
        send(&mut sends, after(0), 1, &bytes);
        sends.note_return(after(1), 1);
        assert_eq!(take(&mut sends, after(9), &bytes), None);
        assert!(sends.waiting.all.is_empty());
        assert_eq!(sends.take_refused().count(), 1);
    }
}
