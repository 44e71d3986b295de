// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes that have made netlink sockets which were not inspected since.
//!
//! What a socket is used for is not always intercepted: a long write(2), one to a standard
//! stream, or a send by io_submit(2). Then the socket is looked for among the descriptors of the
//! process that made it; and where it was closed before, it had as a rule the port id that
//! the kernel gives a process's first socket.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::owner::{Owner, Program};

/// How often a process is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// How many processes are remembered that may have closed a socket uninspected.
const PAST: usize = 64;

/// The descriptor of a socket that was closed before it was inspected.
const CLOSED: i32 = -1;

/// A process that has made sockets.
#[derive(Debug)]
struct SocketCreator {
    /// The thread that made the first of them, and when.
    program: Rc<Program>,
    since: Duration,
    latest: Duration,
    /// The port id that the kernel gives the first.
    port: u32,
    /// How many were not inspected yet.
    uninspected: u32,
    last_look: Option<Duration>,
}

/// The processes that have made sockets, by process id.
#[derive(Debug, Default)]
pub(super) struct UninspectedSockets {
    all: HashMap<i32, SocketCreator>,
    /// Those whose sockets may have been closed uninspected, and until when.
    past: VecDeque<(Duration, SocketCreator)>,
}

impl UninspectedSockets {
    /// A thread is about to make a socket, in a process that has this number itself.
    pub(super) fn note_socket(&mut self, now: Duration, own_pid: u32, program: &Rc<Program>) {
        let creator = self
            .all
            .entry(program.pid)
            .or_insert_with(|| SocketCreator {
                program: program.clone(),
                since: now,
                latest: now,
                port: own_pid,
                uninspected: 0,
                last_look: None,
            });
        creator.uninspected += 1;
        creator.latest = now;
    }

    /// A socket of the process was inspected for the first time.
    pub(super) fn note_inspected(&mut self, pid: i32) {
        if let Some(creator) = self.all.get_mut(&pid) {
            creator.uninspected = creator.uninspected.saturating_sub(1);
            if creator.uninspected == 0 {
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
        for (pid, creator) in &mut self.all {
            let last_look = creator.last_look.unwrap_or(Duration::ZERO);
            let made = now.saturating_sub(creator.latest);
            if now.saturating_sub(last_look) < EVERY || made < age {
                continue;
            }
            creator.last_look = Some(now);
            due.push((creator.program.tid, creator.since));
            if made >= EVERY {
                done.push(*pid);
            }
        }
        for pid in done {
            self.end(now, pid);
        }
        due
    }

    /// The process is about to end; since when it may have a socket that was not inspected.
    pub(super) fn end(&mut self, now: Duration, pid: i32) -> Option<Duration> {
        let creator = self.all.remove(&pid)?;
        let since = creator.since;
        if self.past.len() >= PAST {
            self.past.pop_front();
        }
        self.past.push_back((now, creator));
        Some(since)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whose the port id was, where it is the one that a socket that was never inspected would have: its
    /// process's own number.
    pub(super) fn at_port(&self, number: u32, time: Duration) -> Option<Owner> {
        let past = self.past.iter().filter(|(until, _)| time <= *until);
        let mut all = self.all.values().chain(past.map(|(_, creator)| creator));
        let creator = all.find(|creator| creator.port == number && creator.since <= time)?;
        Some(Owner {
            program: creator.program.clone(),
            fd: CLOSED,
        })
    }

    /// The clock was set: times from before say nothing.
    pub(super) fn forget_times(&mut self, now: Duration) {
        self.past.clear();
        for creator in self.all.values_mut() {
            (creator.since, creator.latest, creator.last_look) = (Duration::ZERO, now, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn create(sockets: &mut UninspectedSockets, tid: i32) {
        let comm = "x".into();
        let program = Rc::new(Program { pid: 7, tid, comm });
        sockets.note_socket(SECOND, 70, &program);
    }

    #[test]
    fn a_process_is_looked_at_until_its_sockets_are_seen() {
        let mut sockets = UninspectedSockets::default();
        create(&mut sockets, 8);
        create(&mut sockets, 9);
        sockets.note_inspected(7);
        assert_eq!(sockets.due(SECOND, SECOND), [], "too young");
        assert_eq!(sockets.due(SECOND, Duration::ZERO), [(8, SECOND)]);
        assert_eq!(sockets.due(SECOND, Duration::ZERO), [], "not again at once");
        sockets.note_inspected(7);
        assert!(sockets.is_empty());
        create(&mut sockets, 8);
        assert_eq!(sockets.due(SECOND * 2, SECOND), [(8, SECOND)]);
        assert!(sockets.is_empty(), "there was time enough");
        create(&mut sockets, 8);
        assert_eq!(sockets.end(SECOND, 7), Some(SECOND));
        assert_eq!(sockets.end(SECOND, 7), None);
    }

    #[test]
    fn a_socket_that_is_closed_unseen_had_its_process_number_while_it_was_there() {
        let mut sockets = UninspectedSockets::default();
        create(&mut sockets, 8);
        let had = [0, 1, 3].map(|time| sockets.at_port(70, SECOND * time).is_some());
        assert_eq!(had, [false, true, true]);
        sockets.end(SECOND * 2, 7);
        let had = [0, 1, 2, 3].map(|time| sockets.at_port(70, SECOND * time).is_some());
        assert_eq!(had, [false, true, true, false]);
        assert_eq!(sockets.at_port(7, SECOND), None);
        // One that was seen is known better.
        create(&mut sockets, 8);
        sockets.note_inspected(7);
        assert!(sockets.at_port(70, SECOND * 9).is_none());
    }
}
