// SPDX-License-Identifier: GPL-2.0-or-later
//! The process of a packet, as the file says it.

use std::collections::HashMap;
use std::rc::Rc;

use crate::file::reader::Packet;

/// How many different comments are kept; a file may have one for each packet.
const MOST: usize = 4096;

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// Process id.
    pub(crate) pid: u32,
    /// Thread id, where it is known.
    pub(crate) tid: Option<u32>,
    /// The recorder's number of the socket, where it is known.
    pub(crate) socket: Option<u64>,
    /// The name, as the comment has it: escaped, but not to be trusted.
    pub(crate) comm: Option<Rc<str>>,
}

/// Processes by the comments that name them.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: HashMap<Box<[u8]>, Option<Process>>,
}

impl Processes {
    /// The process of a packet.
    pub(crate) fn of(&mut self, packet: &Packet<'_>) -> Option<Process> {
        let by_thread = || {
            let (pid, tid) = packet.thread?;
            Some(Process {
                pid,
                tid: Some(tid),
                ..Process::default()
            })
        };
        let Some(comment) = packet.comment else {
            return by_thread();
        };
        if let Some(process) = self.known.get(comment) {
            return process.clone().or_else(by_thread);
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let process = parse(&String::from_utf8_lossy(comment));
        self.known.insert(comment.into(), process.clone());
        process.or_else(by_thread)
    }
}

/// `pid=812 tid=812 socket=3 owner=exact comm="ip"`: words of which only the
/// first must be there, and the name at the end.
fn parse(comment: &str) -> Option<Process> {
    let (words, comm) = match comment.split_once("comm=\"") {
        Some((words, comm)) => (words, comm.strip_suffix('"')),
        None => (comment, None),
    };
    let word = |key: &str| {
        let mut words = words.split_ascii_whitespace();
        words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    };
    Some(Process {
        pid: word("pid")?.parse().ok()?,
        tid: word("tid").and_then(|it| it.parse().ok()),
        socket: word("socket").and_then(|it| it.parse().ok()),
        comm: comm.map(Rc::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_process_thread_socket_and_command() {
        let process = parse(r#"pid=812 tid=813 socket=3 owner=exact comm="a \"b" c""#).unwrap();
        assert_eq!((process.pid, process.tid), (812, Some(813)));
        assert_eq!(process.socket, Some(3));
        assert_eq!(process.comm.as_deref(), Some(r#"a \"b" c"#));
    }

    #[test]
    fn what_is_missing_is_none_and_what_is_no_number_is_no_process() {
        let process = parse("pid=7").unwrap();
        assert_eq!((process.tid, process.comm), (None, None));
        assert_eq!(parse("pid=seven"), None);
        assert_eq!(parse(r#"owner=none comm="pid=3""#), None);
    }
}
