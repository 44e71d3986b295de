// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes that have made netlink sockets which were not seen since.
//!
//! What a socket is used for is not always told: a long write(2), one to a standard
//! stream, or one by io_submit(2). Then the socket is looked for among the descriptors of the
//! process that made it; and where it was closed before, it had as a rule the port id that
//! the kernel gives a process's first socket.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::owner::{Owner, Program};

/// How often a process is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// How many processes are remembered that may have closed a socket unseen.
const PAST: usize = 64;

/// The descriptor of a socket that was closed before it was seen.
const CLOSED: i32 = -1;

/// A process that has made sockets.
#[derive(Debug)]
struct Maker {
    /// The thread that made the first of them, and when.
    program: Rc<Program>,
    since: Duration,
    latest: Duration,
    /// The port id that the kernel gives the first.
    port: u32,
    /// How many were not seen yet.
    unseen: u32,
    looked: Option<Duration>,
}

/// They, by process id.
#[derive(Debug, Default)]
pub(super) struct Makers {
    all: HashMap<i32, Maker>,
    /// Those whose sockets may have been closed unseen, and until when.
    past: VecDeque<(Duration, Maker)>,
}

impl Makers {
    /// A thread is about to make a socket, in a process that has this number itself.
    pub(super) fn makes(&mut self, now: Duration, own_pid: u32, program: &Rc<Program>) {
        let maker = self.all.entry(program.pid).or_insert_with(|| Maker {
            program: program.clone(),
            since: now,
            latest: now,
            port: own_pid,
            unseen: 0,
            looked: None,
        });
        maker.unseen += 1;
        maker.latest = now;
    }

    /// A socket of the process was seen for the first time.
    pub(super) fn seen(&mut self, pid: i32) {
        if let Some(maker) = self.all.get_mut(&pid) {
            maker.unseen = maker.unseen.saturating_sub(1);
            if maker.unseen == 0 {
                self.all.remove(&pid);
            }
        }
    }

    /// The processes to be looked at now, where they have made none for `age`: a thread of
    /// each, and since when there is a socket. Those where there was time enough to find
    /// all are let go.
    pub(super) fn due(&mut self, now: Duration, age: Duration) -> Vec<(i32, Duration)> {
        let mut due = Vec::new();
        let mut done = Vec::new();
        for (pid, maker) in &mut self.all {
            let looked = maker.looked.unwrap_or(Duration::ZERO);
            let made = now.saturating_sub(maker.latest);
            if now.saturating_sub(looked) < EVERY || made < age {
                continue;
            }
            maker.looked = Some(now);
            due.push((maker.program.tid, maker.since));
            if made >= EVERY {
                done.push(*pid);
            }
        }
        for pid in done {
            self.end(now, pid);
        }
        due
    }

    /// The process is about to end; since when it may have an unseen socket.
    pub(super) fn end(&mut self, now: Duration, pid: i32) -> Option<Duration> {
        let maker = self.all.remove(&pid)?;
        let since = maker.since;
        if self.past.len() >= PAST {
            self.past.pop_front();
        }
        self.past.push_back((now, maker));
        Some(since)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whose the port id was, where it is the one that an unseen socket would have: its
    /// process's own number.
    pub(super) fn at_port(&self, number: u32, time: Duration) -> Option<Owner> {
        let past = self.past.iter().filter(|(until, _)| time <= *until);
        let mut all = self.all.values().chain(past.map(|(_, maker)| maker));
        let maker = all.find(|maker| maker.port == number && maker.since <= time)?;
        Some(Owner {
            program: maker.program.clone(),
            fd: CLOSED,
        })
    }

    /// The clock was set: times from before say nothing.
    pub(super) fn renew(&mut self, now: Duration) {
        self.past.clear();
        for maker in self.all.values_mut() {
            (maker.since, maker.latest, maker.looked) = (Duration::ZERO, now, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn makes(makers: &mut Makers, tid: i32) {
        let comm = "x".into();
        let program = Rc::new(Program { pid: 7, tid, comm });
        makers.makes(SECOND, 70, &program);
    }

    #[test]
    fn a_process_is_looked_at_until_its_sockets_are_seen() {
        let mut makers = Makers::default();
        makes(&mut makers, 8);
        makes(&mut makers, 9);
        makers.seen(7);
        assert_eq!(makers.due(SECOND, SECOND), [], "too young");
        assert_eq!(makers.due(SECOND, Duration::ZERO), [(8, SECOND)]);
        assert_eq!(makers.due(SECOND, Duration::ZERO), [], "not again at once");
        makers.seen(7);
        assert!(makers.is_empty());
        makes(&mut makers, 8);
        assert_eq!(makers.due(SECOND * 2, SECOND), [(8, SECOND)]);
        assert!(makers.is_empty(), "there was time enough");
        makes(&mut makers, 8);
        assert_eq!(makers.end(SECOND, 7), Some(SECOND));
        assert_eq!(makers.end(SECOND, 7), None);
    }

    #[test]
    fn a_socket_that_is_closed_unseen_had_its_process_number_while_it_was_there() {
        let mut makers = Makers::default();
        makes(&mut makers, 8);
        let had = [0, 1, 3].map(|time| makers.at_port(70, SECOND * time).is_some());
        assert_eq!(had, [false, true, true]);
        makers.end(SECOND * 2, 7);
        let had = [0, 1, 2, 3].map(|time| makers.at_port(70, SECOND * time).is_some());
        assert_eq!(had, [false, true, true, false]);
        assert_eq!(makers.at_port(7, SECOND), None);
        // One that was seen is known better.
        makes(&mut makers, 8);
        makers.seen(7);
        assert!(makers.at_port(70, SECOND * 9).is_none());
    }
}
