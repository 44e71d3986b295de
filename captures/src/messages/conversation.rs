// SPDX-License-Identifier: GPL-2.0-or-later
//! Which answer belongs to which request.
//!
//! A socket numbers its requests, and the kernel answers with the same number to
//! the same socket. Nothing else ties them: requests often have no port id
//! (`nlmsg_pid` 0), two sockets may use the same number, and a socket may use
//! one again. A request therefore waits under tap, protocol and number, and the
//! last one fits whose socket is the answer's: by the recorder's word where there
//! is one, else by the port id, which a request without one learns from its first
//! answer.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ynl::decode::{Endian, Message, messages};

use super::process::Process;

/// The most requests that are remembered.
const MOST: usize = 1 << 16;

/// The most requests of one number that are remembered.
const MOST_ALIKE: usize = 64;

/// The most bytes of a request that are kept, to name in it what an error
/// points at.
pub(crate) const KEPT: usize = 4096;

/// Under what a request waits: tap, protocol, sequence number.
type Key = (u32, u16, u32);

/// A request as it was.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) time: Duration,
    /// `nlmsg_type`, and behind it the command of generic netlink.
    pub(crate) kind: u16,
    /// What the operation is called, and its family.
    pub(crate) family: Rc<str>,
    pub(crate) operation: Rc<str>,
    pub(crate) process: Option<Process>,
    /// The message, or the beginning of it.
    pub(crate) bytes: Box<[u8]>,
}

impl Request {
    /// The message; of a long one as much as is kept.
    pub(crate) fn message(&self, endian: Endian) -> Option<Message<'_>> {
        messages(&self.bytes, endian).next()?.ok()
    }
}

#[derive(Debug)]
struct PendingRequest {
    request: Rc<Request>,
    /// 0 where it is not known yet.
    port: u32,
    answered: bool,
    /// Messages of the answer so far.
    parts: u32,
}

/// What an answer is tied to.
#[derive(Debug, Clone)]
pub(crate) struct Tie {
    pub(crate) request: Rc<Request>,
    /// Messages of the answer before this one.
    pub(crate) parts: u32,
}

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    waiting: HashMap<Key, Vec<PendingRequest>>,
    /// Their keys, oldest first.
    order: VecDeque<Key>,
}

impl Conversations {
    /// Remembers a request of that key and port id.
    pub(crate) fn ask(&mut self, key: Key, port: u32, request: Request) {
        let alike = self.waiting.entry(key).or_default();
        let socket = socket(request.process.as_ref());
        // The same socket uses its number again, or one of which nothing is
        // known does: the one before had its answer.
        alike.retain(
            |it| match (socket, self::socket(it.request.process.as_ref())) {
                (Some(new), Some(old)) => new != old,
                _ if port != 0 => it.port != port,
                _ => !it.answered,
            },
        );
        if alike.len() >= MOST_ALIKE {
            alike.remove(0);
        }
        alike.push(PendingRequest {
            request: Rc::new(request),
            port,
            answered: false,
            parts: 0,
        });
        self.order.push_back(key);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
            && let Some(alike) = self.waiting.get_mut(&oldest)
        {
            if !alike.is_empty() {
                alike.remove(0);
            }
            if alike.is_empty() {
                self.waiting.remove(&oldest);
            }
        }
    }

    /// The request that a message of that key, to that port id, answers.
    pub(crate) fn answer(&mut self, key: Key, port: u32, process: Option<&Process>) -> Option<Tie> {
        let alike = self.waiting.get_mut(&key)?;
        let socket = socket(process);
        let by_socket = |it: &&mut PendingRequest| {
            socket.is_some() && self::socket(it.request.process.as_ref()) == socket
        };
        let waiting = match alike.iter_mut().rev().find(by_socket) {
            Some(waiting) => waiting,
            None => match alike.iter().rposition(|it| it.port == port && port != 0) {
                Some(at) => &mut alike[at],
                // The kernel answers in the order in which it is asked.
                None => alike.iter_mut().find(|it| it.port == 0)?,
            },
        };
        waiting.port = port;
        waiting.answered = true;
        let parts = waiting.parts;
        waiting.parts = parts.saturating_add(1);
        Some(Tie {
            request: Rc::clone(&waiting.request),
            parts,
        })
    }
}

fn socket(process: Option<&Process>) -> Option<(u32, u64)> {
    let process = process?;
    Some((process.pid, process.socket?))
}

/// As much of a request as is kept.
pub(crate) fn kept(bytes: &[u8]) -> Box<[u8]> {
    bytes[..bytes.len().min(KEPT)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(second: u64, socket: Option<u64>) -> Request {
        Request {
            time: Duration::from_secs(second),
            kind: 16,
            family: "x".into(),
            operation: "y".into(),
            process: socket.map(|it| Process {
                pid: 1,
                socket: Some(it),
                ..Process::default()
            }),
            bytes: Box::default(),
        }
    }

    fn asked(all: &mut Conversations, key: Key, port: u32) -> Option<u64> {
        Some(all.answer(key, port, None)?.request.time.as_secs())
    }

    #[test]
    fn two_sockets_with_the_same_number_are_told_apart_by_their_port() {
        let (mut all, key) = (Conversations::default(), (0, 0, 7));
        all.ask(key, 11, request(1, None));
        all.ask(key, 12, request(2, None));
        assert_eq!(asked(&mut all, key, 11), Some(1));
        assert_eq!(asked(&mut all, key, 12), Some(2));
        assert_eq!(asked(&mut all, key, 11), Some(1));
        assert_eq!(asked(&mut all, key, 13), None);
    }

    #[test]
    fn a_request_without_a_port_learns_it_from_its_first_answer() {
        let (mut all, key) = (Conversations::default(), (0, 0, 7));
        all.ask(key, 0, request(1, None));
        all.ask(key, 0, request(2, None));
        assert_eq!(asked(&mut all, key, 11), Some(1));
        assert_eq!(asked(&mut all, key, 12), Some(2));
        assert_eq!(asked(&mut all, key, 11), Some(1));
    }

    #[test]
    fn a_number_used_again_is_of_the_later_request() {
        let (mut all, key) = (Conversations::default(), (0, 0, 7));
        all.ask(key, 11, request(1, None));
        assert_eq!(asked(&mut all, key, 11), Some(1));
        all.ask(key, 11, request(2, None));
        assert_eq!(asked(&mut all, key, 11), Some(2));
    }

    #[test]
    fn taps_and_protocols_are_counted_apart() {
        let mut all = Conversations::default();
        all.ask((0, 0, 7), 11, request(1, None));
        assert_eq!(asked(&mut all, (1, 0, 7), 11), None);
        assert_eq!(asked(&mut all, (0, 16, 7), 11), None);
    }

    #[test]
    fn the_recorders_word_goes_before_the_port() {
        let (mut all, key) = (Conversations::default(), (0, 0, 7));
        all.ask(key, 0, request(1, Some(3)));
        all.ask(key, 0, request(2, Some(4)));
        let process = request(0, Some(4)).process;
        let tie = all.answer(key, 99, process.as_ref()).unwrap();
        assert_eq!((tie.request.time.as_secs(), tie.parts), (2, 0));
        assert_eq!(all.answer(key, 99, process.as_ref()).unwrap().parts, 1);
    }

    #[test]
    fn memory_is_bounded_whatever_is_asked() {
        let mut all = Conversations::default();
        for number in 0..3 * MOST as u32 {
            all.ask((0, 0, number), 1, request(1, None));
            all.ask((0, 0, 7), number, request(1, None));
        }
        assert!(all.order.len() <= MOST && all.waiting.len() <= MOST + 1);
        assert!(all.waiting.values().map(Vec::len).sum::<usize>() <= MOST + MOST_ALIKE);
    }
}
