// SPDX-License-Identifier: GPL-2.0-or-later
//! The comment on a packet: whose it is, how that is known, and what became of it.
//! docs/nlcap.md describes it.

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use crate::messages::names;
use crate::messages::process::{Certainty, Fate, Process};

/// The comment on each packet that was not on the tap.
pub(super) const ADDED: &str = "added by nlcap";

/// On a packet that is nobody's of the subject's, and on one that may be.
const OTHER: &str = "owner=other";
const UNKNOWN: &str = "owner=unknown";

/// How an owner is known, by the word for it.
const CERTAINTIES: [(Certainty, &str); 5] = [
    (Certainty::Exact, "exact"),
    (Certainty::Port, "port"),
    (Certainty::Group, "group"),
    (Certainty::Guessed, "guessed"),
    (Certainty::Unknown, "unknown"),
];

/// The comment on a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comment {
    /// It was on no tap.
    Added,
    /// It is not the subject's.
    Other,
    /// It is not known whose it is.
    Unknown,
    /// It is this process's; of a multicast there is one for each.
    Process {
        process: Process,
        certainty: Option<Certainty>,
        /// What became of the message, where it was not on the tap.
        fate: Option<Fate>,
    },
}

impl Comment {
    /// The process that it names.
    pub(super) fn process(&self) -> Option<&Process> {
        match self {
            Self::Process { process, .. } => Some(process),
            _ => None,
        }
    }
}

impl fmt::Display for Comment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (process, certainty, fate) = match self {
            Self::Added => return f.write_str(ADDED),
            Self::Other => return f.write_str(OTHER),
            Self::Unknown => return f.write_str(UNKNOWN),
            Self::Process {
                process,
                certainty,
                fate,
            } => (process, certainty, fate),
        };
        write!(f, "pid={}", process.pid)?;
        if let Some(tid) = process.tid {
            write!(f, " tid={tid}")?;
        }
        match process.socket {
            Some(socket) => write!(f, " socket={socket}")?,
            // It was closed before it was seen.
            None => f.write_str(" socket=-1")?,
        }
        let word = CERTAINTIES.iter().find(|(it, _)| Some(*it) == *certainty);
        if let Some((_, word)) = word {
            write!(f, " owner={word}")?;
        }
        match fate {
            None => {}
            Some(Fate::NotSent(None)) => f.write_str(" sent=no errno=unknown")?,
            Some(Fate::NotSent(Some(errno))) => {
                write!(f, " sent=no errno={}", names::errno(*errno))?;
            }
            Some(Fate::NotRead(errno)) => write!(f, " read=no errno={}", names::errno(*errno))?,
            Some(Fate::Truncated) => f.write_str(" read=truncated")?,
            Some(Fate::Dropped(number)) => write!(f, " drops={number}")?,
        }
        match &process.comm {
            Some(comm) => write!(f, " comm=\"{comm}\""),
            None => Ok(()),
        }
    }
}

/// A comment that nlcap did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForeignComment;

impl FromStr for Comment {
    type Err = ForeignComment;

    /// Of the words about a process only the number must be there, and the name is at the
    /// end.
    fn from_str(comment: &str) -> Result<Self, ForeignComment> {
        match comment {
            ADDED => return Ok(Self::Added),
            OTHER => return Ok(Self::Other),
            UNKNOWN => return Ok(Self::Unknown),
            _ => {}
        }
        let (words, comm) = match comment.split_once("comm=\"") {
            Some((words, comm)) => (words, comm.strip_suffix('"')),
            None => (comment, None),
        };
        let word = |key: &str| {
            let mut words = words.split_ascii_whitespace();
            words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        let pid = word("pid").and_then(|it| it.parse().ok());
        let certainty = word("owner")
            .and_then(|owner| CERTAINTIES.iter().find(|(_, word)| *word == owner))
            .map(|(it, _)| *it);
        let errno = word("errno").and_then(names::errno_number);
        let drops = word("drops").and_then(|it| it.parse().ok());
        Ok(Self::Process {
            process: Process {
                pid: pid.ok_or(ForeignComment)?,
                tid: word("tid").and_then(|it| it.parse().ok()),
                socket: word("socket").and_then(|it| it.parse().ok()),
                comm: comm.map(Rc::from),
            },
            certainty,
            fate: match (word("sent"), word("read"), errno) {
                (Some("no"), _, errno) => Some(Fate::NotSent(errno)),
                (_, Some("no"), Some(errno)) => Some(Fate::NotRead(errno)),
                (_, Some("truncated"), _) => Some(Fate::Truncated),
                _ => drops.map(Fate::Dropped),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn process(comment: &str) -> Option<Process> {
        let comment = comment.parse::<Comment>().ok()?;
        comment.process().cloned()
    }

    fn of_ip(certainty: Certainty, comm: &[u8], fate: Option<Fate>) -> String {
        let process = Process {
            pid: 812,
            tid: Some(813),
            socket: Some(3),
            comm: Some(Process::name(comm)),
        };
        let certainty = Some(certainty);
        let comment = Comment::Process {
            process,
            certainty,
            fate,
        };
        comment.to_string()
    }

    #[test]
    fn a_comment_ends_with_the_programs_name_escaped() {
        assert_eq!(
            of_ip(Certainty::Exact, b"ip", None),
            r#"pid=812 tid=813 socket=3 owner=exact comm="ip""#
        );
        assert_eq!(
            of_ip(Certainty::Port, b"a \"b\\\x1b", None),
            r#"pid=812 tid=813 socket=3 owner=port comm="a \"b\\\\u{1b}""#
        );
    }

    #[test]
    fn what_became_of_a_message_stands_before_the_name() {
        assert_eq!(
            of_ip(Certainty::Exact, b"ip", Some(Fate::NotSent(None))),
            r#"pid=812 tid=813 socket=3 owner=exact sent=no errno=unknown comm="ip""#
        );
        assert_eq!(
            of_ip(
                Certainty::Exact,
                b"ip",
                Some(Fate::NotSent(Some(libc::EPERM)))
            ),
            r#"pid=812 tid=813 socket=3 owner=exact sent=no errno=EPERM comm="ip""#
        );
        assert_eq!(
            of_ip(Certainty::Exact, b"ip", Some(Fate::NotRead(libc::ENOBUFS))),
            r#"pid=812 tid=813 socket=3 owner=exact read=no errno=ENOBUFS comm="ip""#
        );
        assert_eq!(
            of_ip(Certainty::Exact, b"ip", Some(Fate::Truncated)),
            r#"pid=812 tid=813 socket=3 owner=exact read=truncated comm="ip""#
        );
        assert_eq!(
            of_ip(Certainty::Exact, b"ip", Some(Fate::Dropped(7))),
            r#"pid=812 tid=813 socket=3 owner=exact drops=7 comm="ip""#
        );
    }

    #[test]
    fn a_comment_names_process_thread_socket_and_command() {
        let process = process(r#"pid=812 tid=813 socket=3 owner=exact comm="a \"b" c""#).unwrap();
        assert_eq!((process.pid, process.tid), (812, Some(813)));
        assert_eq!(process.socket, Some(3));
        assert_eq!(process.comm.as_deref(), Some(r#"a \"b" c"#));
    }

    #[test]
    fn what_is_missing_is_none_and_what_is_no_number_is_no_process() {
        let found = process("pid=7").unwrap();
        assert_eq!((found.tid, found.comm), (None, None));
        assert_eq!(process("pid=seven"), None);
        assert_eq!(process(r#"owner=none comm="pid=3""#), None);
    }

    fn any_comment() -> impl Strategy<Value = Comment> {
        let comm = prop::option::of(prop::collection::vec(any::<u8>(), 0..16));
        let numbers = any::<(u32, Option<u32>, Option<u64>)>();
        let certainty = prop::option::of(prop::sample::select(CERTAINTIES.map(|it| it.0).to_vec()));
        let fate = prop_oneof![
            Just(None),
            Just(Some(Fate::NotSent(None))),
            (1..=133).prop_map(|it| Some(Fate::NotSent(Some(it)))),
            (1..=133).prop_map(|it| Some(Fate::NotRead(it))),
            Just(Some(Fate::Truncated)),
            any::<u64>().prop_map(|it| Some(Fate::Dropped(it))),
        ];
        let of_process = (numbers, comm, certainty, fate).prop_map(
            |((pid, tid, socket), comm, certainty, fate)| Comment::Process {
                process: Process {
                    pid,
                    tid,
                    socket,
                    comm: comm.map(|it| Process::name(&it)),
                },
                certainty,
                fate,
            },
        );
        prop_oneof![
            Just(Comment::Added),
            Just(Comment::Other),
            Just(Comment::Unknown),
            of_process,
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(comment in any_comment()) {
            prop_assert_eq!(comment.to_string().parse(), Ok(comment));
        }
    }
}
