// SPDX-License-Identifier: GPL-2.0-or-later
//! Who sends and receives: processes, and port ids of which no process is known.

use foldhash::{HashMap, HashSet};

use crate::messages::event::{Event, Role};
use crate::report::model::{Process, Who};

/// The most processes that are counted apart.
const MOST: usize = 1024;

/// The most sockets of a process that are counted.
const MOST_SOCKETS: usize = 4096;

/// By process id, or by port id.
type Key = (Option<u32>, Option<u32>);

struct Participant {
    who: Who,
    sockets: HashSet<u64>,
    messages: u64,
    bytes: u64,
    largest_datagram: u64,
}

/// All who spoke, by a number that stands for them until the end.
#[derive(Default)]
pub(super) struct Participants {
    all: Vec<Participant>,
    known: HashMap<Key, usize>,
    last: Option<(Key, usize)>,
    /// Messages of those who are not counted apart.
    more: u64,
}

impl Participants {
    /// Whose message it is.
    pub(super) fn of(&mut self, event: &Event<'_>) -> usize {
        let pid = event.process.as_ref().map(|it| it.pid);
        // Nothing is known of who sent a request without a port id.
        let port = Some(event.message.port).filter(|it| pid.is_none() && *it != 0);
        let key = (pid, port);
        if let Some((last, at)) = self.last
            && last == key
        {
            return at;
        }
        let at = match self.known.get(&key) {
            Some(at) => *at,
            None => self.meet(key),
        };
        self.last = Some((key, at));
        at
    }

    /// The process of that id.
    pub(super) fn find(&self, pid: u32) -> Option<usize> {
        self.known.get(&(Some(pid), None)).copied()
    }

    fn meet(&mut self, key: Key) -> usize {
        if self.all.len() >= MOST {
            self.more += 1;
            // The last place is all others'.
            return MOST - 1;
        }
        let is_last = self.all.len() + 1 == MOST;
        let (pid, port) = if is_last { (None, None) } else { key };
        self.all.push(Participant {
            who: Who {
                pid,
                comm: None,
                port,
            },
            sockets: HashSet::default(),
            messages: 0,
            bytes: 0,
            largest_datagram: 0,
        });
        self.known.insert(key, self.all.len() - 1);
        self.all.len() - 1
    }

    /// Counts a message.
    pub(super) fn count(&mut self, who: usize, event: &Event<'_>, bytes: u64) {
        let participant = &mut self.all[who];
        participant.messages += 1;
        participant.bytes += bytes;
        self.name(who, event);
    }

    /// Learns socket and name of a process.
    pub(super) fn name(&mut self, who: usize, event: &Event<'_>) {
        let participant = &mut self.all[who];
        let Some(process) = &event.process else {
            return;
        };
        if let Some(socket) = process.socket
            && participant.sockets.len() < MOST_SOCKETS
        {
            participant.sockets.insert(socket);
        }
        // The name that it has in the end: a shell becomes its command.
        if let Some(comm) = process.comm.as_deref()
            && (event.role == Role::Request || participant.who.comm.is_none())
            && participant.who.comm.as_deref() != Some(comm)
        {
            participant.who.comm = Some(comm.to_owned());
        }
    }

    /// Counts a datagram that it received.
    pub(super) fn datagram(&mut self, who: usize, bytes: u64) {
        let largest = &mut self.all[who].largest_datagram;
        *largest = bytes.max(*largest);
    }

    /// What each number stands for. Where only one port id answers those without
    /// one, that is theirs.
    pub(super) fn names(&self) -> Vec<Who> {
        let mut names: Vec<_> = self.all.iter().map(|it| it.who.clone()).collect();
        if let [only] = &names
            .iter()
            .filter(|it| it.pid.is_none() && it.port.is_some())
            .collect::<Vec<_>>()[..]
        {
            let only = (*only).clone();
            for who in &mut names {
                if *who == Who::default() {
                    *who = only.clone();
                }
            }
        }
        names
    }

    /// Messages of those who are not counted apart.
    pub(super) fn left_out(&self) -> u64 {
        self.more
    }

    /// The list, most bytes first.
    pub(super) fn finish(self) -> Vec<Process> {
        let names = self.names();
        let mut all: Vec<Process> = Vec::new();
        for (who, participant) in names.into_iter().zip(self.all) {
            let sockets = participant.sockets.len() as u64;
            let process = match all.iter_mut().find(|it| it.who == who) {
                Some(process) => process,
                None => {
                    all.push(Process {
                        sockets: Some(sockets).filter(|it| *it > 0),
                        who,
                        messages: 0,
                        bytes: 0,
                        largest_datagram: 0,
                    });
                    let last = all.len() - 1;
                    &mut all[last]
                }
            };
            process.messages += participant.messages;
            process.bytes += participant.bytes;
            process.largest_datagram = process.largest_datagram.max(participant.largest_datagram);
        }
        all.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        all
    }
}
