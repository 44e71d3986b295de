// SPDX-License-Identifier: GPL-2.0-or-later
//! Who sends and receives: processes, and port ids of which no process is known.
//!
//! A script runs thousands of short processes of a few programs. So the first processes of each
//! program are counted apart, because their names may still change (a shell becomes its
//! command), and those that follow together; in the end, processes of one name are one row.

use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use crate::messages::event::{Event, Role};
use crate::messages::process::Process as Owner;
use crate::report::model::{Process, Who};

/// The most processes and port ids that are counted apart, and the most programs of which there
/// are more processes.
pub(super) const MOST: usize = 1024;

/// The most processes of a program that are counted apart.
const MOST_ALIKE: usize = 16;

/// The most process ids and port ids that are remembered.
pub(super) const MOST_KNOWN: usize = 1 << 17;

/// The most sockets that are counted.
pub(super) const MOST_SOCKETS: usize = 1 << 17;

/// By process id, or by port id.
type Key = (Option<u32>, Option<u32>);

struct Participant {
    who: Who,
    processes: u64,
    sockets: u64,
    messages: u64,
    bytes: u64,
    largest_datagram: u64,
}

/// Processes that had the same name when they were met.
#[derive(Default)]
struct Program {
    /// How many are counted apart.
    apart: usize,
    /// Where the others are counted.
    joint: Option<usize>,
}

/// All who spoke, by a number that stands for them until the end.
#[derive(Default)]
pub(super) struct Participants {
    all: Vec<Participant>,
    known: HashMap<Key, usize>,
    last: Option<(Key, usize)>,
    programs: HashMap<Rc<str>, Program>,
    /// How many of all are the further processes of a program.
    joints: usize,
    /// Where all beyond the limit are counted.
    others: Option<usize>,
    sockets: HashSet<(usize, u32, u64)>,
    last_socket: Option<(usize, u32, u64)>,
    /// Messages of those who are not counted apart, nor with their program.
    pub(super) left_out: u64,
    /// Messages of processes that may not be counted.
    pub(super) uncounted: u64,
    /// Messages on sockets that are not counted.
    pub(super) sockets_left_out: u64,
}

impl Participants {
    /// Whose message it is.
    pub(super) fn of(&mut self, event: &Event<'_>) -> usize {
        let owner = event.process.as_ref();
        let pid = owner.map(|it| it.pid);
        // Nothing is known of who sent a request without a port id.
        let port = Some(event.message.port).filter(|it| pid.is_none() && *it != 0);
        let key = (pid, port);
        let at = match self.last {
            Some((last, at)) if last == key => at,
            _ => match self.known.get(&key) {
                Some(at) => *at,
                None => self.meet(key, owner),
            },
        };
        self.last = Some((key, at));
        if self.others == Some(at) {
            self.left_out += 1;
        }
        at
    }

    /// Whether it stands for several processes.
    pub(super) fn is_joint(&self, who: usize) -> bool {
        let who = &self.all[who].who;
        who.others || (who.pid.is_none() && who.comm.is_some())
    }

    /// The process of that id.
    pub(super) fn find(&self, pid: u32) -> Option<usize> {
        self.known.get(&(Some(pid), None)).copied()
    }

    fn meet(&mut self, key: Key, owner: Option<&Owner>) -> usize {
        let at = self.place(key, owner);
        if self.known.len() < MOST_KNOWN {
            self.known.insert(key, at);
            self.all[at].processes += u64::from(key.0.is_some());
        } else {
            // Whether it is counted already is not known any more.
            self.uncounted += 1;
        }
        at
    }

    /// Where one who was not met before is counted.
    fn place(&mut self, (pid, port): Key, owner: Option<&Owner>) -> usize {
        let has_room = self.all.len() - self.joints < MOST;
        let Some(comm) = owner.and_then(|it| it.comm.as_ref()) else {
            return match has_room {
                true => self.push(Who {
                    pid,
                    port,
                    ..Who::default()
                }),
                false => self.place_of_others(),
            };
        };
        let next = self.all.len();
        if !self.programs.contains_key(comm) {
            if self.programs.len() >= MOST {
                return self.place_of_others();
            }
            self.programs.insert(Rc::clone(comm), Program::default());
        }
        let program = self.programs.entry(Rc::clone(comm)).or_default();
        if program.apart < MOST_ALIKE && has_room {
            program.apart += 1;
            return self.push(Who {
                pid,
                ..Who::default()
            });
        }
        if let Some(joint) = program.joint {
            return joint;
        }
        program.joint = Some(next);
        self.joints += 1;
        self.push(Who {
            comm: Some(comm.to_string()),
            ..Who::default()
        })
    }

    fn place_of_others(&mut self) -> usize {
        match self.others {
            Some(at) => at,
            None => {
                let at = self.push(Who {
                    others: true,
                    ..Who::default()
                });
                self.others = Some(at);
                at
            }
        }
    }

    fn push(&mut self, who: Who) -> usize {
        self.all.push(Participant {
            who,
            processes: 0,
            sockets: 0,
            messages: 0,
            bytes: 0,
            largest_datagram: 0,
        });
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
        let Some(process) = &event.process else {
            return;
        };
        if let Some(socket) = process.socket {
            self.count_socket((who, process.pid, socket));
        }
        let named = &mut self.all[who].who;
        // The name that it has in the end.
        if named.pid.is_some()
            && let Some(comm) = process.comm.as_deref()
            && (event.role == Role::Request || named.comm.is_none())
            && named.comm.as_deref() != Some(comm)
        {
            named.comm = Some(comm.to_owned());
        }
    }

    fn count_socket(&mut self, socket: (usize, u32, u64)) {
        if self.last_socket == Some(socket) {
            return;
        }
        if self.sockets.len() >= MOST_SOCKETS {
            self.sockets_left_out += u64::from(!self.sockets.contains(&socket));
            return;
        }
        self.last_socket = Some(socket);
        self.all[socket.0].sockets += u64::from(self.sockets.insert(socket));
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
        let ports: Vec<_> = (names.iter().filter(|it| it.port.is_some()))
            .take(2)
            .cloned()
            .collect();
        if let [only] = &ports[..] {
            for who in &mut names {
                if *who == Who::default() {
                    *who = only.clone();
                }
            }
        }
        names
    }

    /// What each number stands for where processes of one program are taken together.
    pub(super) fn programs(&self) -> Vec<Who> {
        let mut names = self.names();
        let mut processes: HashMap<String, u64> = HashMap::default();
        for (who, participant) in names.iter().zip(&self.all) {
            if let Some(comm) = &who.comm {
                *processes.entry(comm.clone()).or_default() += participant.processes;
            }
        }
        for who in &mut names {
            if who.comm.as_ref().is_some_and(|it| processes[it] > 1) {
                who.pid = None;
            }
        }
        names
    }

    /// The list, most bytes first; `programs` are [`Participants::programs`].
    pub(super) fn finish(self, programs: &[Who]) -> Vec<Process> {
        let mut all: Vec<Process> = Vec::new();
        let mut places: HashMap<&Who, usize> = HashMap::default();
        for (who, participant) in programs.iter().zip(self.all) {
            let at = *places.entry(who).or_insert_with(|| {
                all.push(Process {
                    who: who.clone(),
                    processes: None,
                    sockets: None,
                    messages: 0,
                    bytes: 0,
                    largest_datagram: 0,
                });
                all.len() - 1
            });
            let process = &mut all[at];
            let add = |sum: &mut Option<u64>, more: u64| {
                if more > 0 {
                    *sum.get_or_insert(0) += more;
                }
            };
            add(&mut process.processes, participant.processes);
            add(&mut process.sockets, participant.sockets);
            process.messages += participant.messages;
            process.bytes += participant.bytes;
            process.largest_datagram = process.largest_datagram.max(participant.largest_datagram);
        }
        all.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        all
    }
}
