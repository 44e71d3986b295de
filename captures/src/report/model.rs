// SPDX-License-Identifier: GPL-2.0-or-later
//! What a report holds: plain data, from which each format is made, and which is
//! the JSON of a report as it stands. docs/report.schema.json describes it.
//!
//! Times are nanoseconds, lengths are bytes. What a file does not hold is null.
//! Texts are as they came: each format escapes them.

mod comparison;
mod left_out;
mod verdicts;

use serde::{Deserialize, Serialize};

pub(crate) use self::comparison::{Comparison, Disagreement, Lone, Measure, Pair, Row, Unit};
pub(crate) use self::left_out::{BoundedList, LeftOut};
pub(crate) use self::verdicts::{AskedFor, Failure, Warning};

/// The number of this form; another one means that a reader must be changed.
pub(crate) const FORM: u32 = 1;

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Report {
    /// Version of the report format.
    pub(crate) form: u32,
    /// Name and version of the program that made it.
    pub(crate) by: String,
    /// How it was made, as given by the user.
    pub(crate) about: Option<String>,
    /// Groups of recordings.
    pub(crate) groups: Vec<Group>,
}

/// Recordings that are compared with each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Group {
    /// Title, if one was given.
    pub(crate) title: Option<String>,
    /// Findings, most important first; disagreements come before all others.
    pub(crate) findings: Vec<Finding>,
    /// The recordings; the others are compared with the first.
    pub(crate) recordings: Vec<Recording>,
    /// The recordings side by side, if there are several.
    pub(crate) comparison: Option<Comparison>,
}

/// A sentence about the recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Finding {
    /// Its severity.
    pub(crate) level: Level,
    /// The sentence.
    pub(crate) text: String,
}

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Two commands received different facts.
    Disagreement,
    /// Something went wrong.
    Problem,
    /// Result of the comparison.
    Summary,
}

/// One recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Recording {
    /// The file's name, without its directory.
    pub(crate) file: Option<String>,
    /// The command line, if nlcap wrote the file.
    pub(crate) command: Option<String>,
    /// When the first message was sent: RFC 3339, UTC.
    pub(crate) started: Option<String>,
    /// Kernel name and release of the machine.
    pub(crate) kernel: Option<String>,
    /// The machine's hardware name.
    pub(crate) hardware: Option<String>,
    /// The program that wrote the file.
    pub(crate) recorder: Option<String>,
    /// Totals.
    pub(crate) figures: Figures,
    /// Spread of the figures over all rounds, if the command was run more
    /// than once. Everything else in this recording is from the round of median time.
    pub(crate) rounds: Option<Rounds>,
    /// Processes, by program.
    pub(crate) processes: Vec<Process>,
    /// Conversations.
    pub(crate) conversations: Vec<Conversation>,
    /// The exchange, message by message; the parts of one answer are one step.
    pub(crate) steps: Vec<Step>,
    /// Bytes of the answers, by attribute.
    pub(crate) shares: Vec<Share>,
    /// Requests refused by the kernel.
    pub(crate) failures: Vec<Failure>,
    /// What the kernel objected to in requests that it carried out.
    pub(crate) warnings: Vec<Warning>,
    /// Unnecessary requests and answers.
    pub(crate) waste: Vec<Waste>,
    /// Completeness of what was received.
    pub(crate) health: Vec<Condition>,
    /// Interfaces described in answers, the most bytes first.
    pub(crate) interfaces: Vec<Interface>,
    /// What is left out of this recording's lists because they are bounded.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Totals of a recording, without the messages that nlcap added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Figures {
    /// Datagrams.
    pub(crate) packets: u64,
    /// Netlink messages.
    pub(crate) messages: u64,
    /// Their lengths, from the netlink headers.
    pub(crate) bytes: u64,
    /// Messages to the kernel.
    pub(crate) requests: u64,
    /// Messages that answer a request: data, ends of dumps, errors, acknowledgements.
    pub(crate) answers: u64,
    /// Messages that the kernel sent unprompted.
    pub(crate) notifications: u64,
    /// Answers that are errors.
    pub(crate) refused: u64,
    /// Distinct interfaces in answers.
    pub(crate) interfaces: u64,
    /// Bytes of the answers that describe interfaces.
    pub(crate) interface_bytes: u64,
    /// Those bytes per interface.
    pub(crate) bytes_per_interface: Option<f64>,
    /// From the first request to the first answer after it.
    pub(crate) first_answer: Option<u64>,
    /// From the first request to the last answer.
    pub(crate) time: Option<u64>,
    /// Time of the conversations about interfaces, per interface.
    pub(crate) time_per_interface: Option<f64>,
    /// Frames dropped by the recorder for lack of buffer space.
    pub(crate) lost: Option<u64>,
}

/// Results of running a command several times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Rounds {
    /// Number of runs.
    pub(crate) count: u32,
    /// Number of failed runs.
    pub(crate) failed: u32,
    /// Netlink messages.
    pub(crate) messages: Spread,
    /// Bytes of them.
    pub(crate) bytes: Spread,
    /// From the first request to the first answer.
    pub(crate) first_answer: Option<Spread>,
    /// From the first request to the last answer.
    pub(crate) time: Option<Spread>,
}

/// Minimum, median and maximum of several figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Spread {
    /// Minimum.
    pub(crate) min: u64,
    /// Median; of an even number, the lower of the two.
    pub(crate) median: u64,
    /// Maximum.
    pub(crate) max: u64,
}

/// A process if the file names it, or several of one program; else the port id of a socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Who {
    /// Process id; null for several processes.
    pub(crate) pid: Option<u32>,
    /// The process's name, or that of several.
    pub(crate) comm: Option<String>,
    /// The socket's port id, if the process is not known and an answer has it.
    pub(crate) port: Option<u32>,
    /// Whether it stands for all beyond the limit of the list.
    pub(crate) others: bool,
}

/// The processes of a program, or a socket whose process is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Process {
    /// The process, the program if there are several, or the socket.
    pub(crate) who: Who,
    /// Number of processes, if the file names them.
    pub(crate) processes: Option<u64>,
    /// Number of sockets used, if the file distinguishes them.
    pub(crate) sockets: Option<u64>,
    /// Messages to and from it.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Longest datagram received: the size its buffer needs.
    pub(crate) largest_datagram: u64,
}

/// All exchanges of one kind on one socket, or on all sockets of several processes of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Conversation {
    /// The requester.
    pub(crate) who: Who,
    /// The recorder's number for the socket; null for those of several processes.
    pub(crate) socket: Option<u64>,
    /// The netlink protocol.
    pub(crate) protocol: String,
    /// The family.
    pub(crate) family: String,
    /// The requested operation.
    pub(crate) operation: String,
    /// Whether it is a dump (`NLM_F_DUMP`).
    pub(crate) dump: bool,
    /// Requests.
    pub(crate) requests: u64,
    /// Bytes of the requests.
    pub(crate) request_bytes: u64,
    /// Requests whose answer is complete.
    pub(crate) answered: u64,
    /// Messages of the answers.
    pub(crate) parts: u64,
    /// Bytes of the answers.
    pub(crate) answer_bytes: u64,
    /// Answers that are errors.
    pub(crate) errors: u64,
    /// From a request to the first message of its answer.
    pub(crate) first: Option<Times>,
    /// From a request to the end of its answer.
    pub(crate) last: Option<Times>,
}

/// Times of several exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Times {
    /// Minimum.
    pub(crate) min: u64,
    /// Mean.
    pub(crate) mean: u64,
    /// Maximum.
    pub(crate) max: u64,
}

/// Kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A request of a process.
    Request,
    /// An answer of the kernel.
    Answer,
    /// An error from the kernel.
    Error,
    /// A message that the kernel sends unprompted.
    Notification,
}

/// An arrow between a process and the kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Step {
    /// Since the first message.
    pub(crate) at: u64,
    /// The process at the other end of the arrow.
    pub(crate) who: Who,
    /// Request, answer, error or notification.
    pub(crate) kind: Kind,
    /// The family.
    pub(crate) family: String,
    /// The operation.
    pub(crate) operation: String,
    /// Whether it is a dump.
    pub(crate) dump: bool,
    /// Messages.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Whether the answer ends with this step.
    pub(crate) ends: bool,
    /// The errno's name.
    pub(crate) error: Option<String>,
    /// Since the request, to the last message of the step.
    pub(crate) took: Option<u64>,
}

/// Contents of the answers of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Share {
    /// The family.
    pub(crate) family: String,
    /// The operation they answer.
    pub(crate) operation: String,
    /// Messages.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Of these, message headers: netlink, generic netlink, and the family's own.
    pub(crate) headers: u64,
    /// Of these, bytes that are not attributes.
    pub(crate) odd: u64,
    /// The attributes, each followed by those in it, the most bytes first.
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute, over all its occurrences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Attribute {
    /// Its name, or `#` and its number.
    pub(crate) name: String,
    /// Nesting depth.
    pub(crate) depth: u32,
    /// Number of occurrences.
    pub(crate) count: u64,
    /// Bytes including header, padding and nested attributes.
    pub(crate) bytes: u64,
    /// These bytes as a fraction of the answers' bytes: 0 to 1.
    pub(crate) share: f64,
}

/// A kind of waste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WasteKind {
    /// The same process sent an identical request again.
    AskedTwice,
    /// A probe for what the kernel supports, which the kernel refused.
    FailedProbe,
    /// The command printed less than it received.
    Unprinted,
}

/// Unnecessary requests and answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Waste {
    /// What makes it unnecessary.
    pub(crate) kind: WasteKind,
    /// The requester.
    pub(crate) who: Option<Who>,
    /// Family and operation.
    pub(crate) what: Option<String>,
    /// Number of times, excluding the first; null if not known.
    pub(crate) count: Option<u64>,
    /// Bytes of the wasted requests and answers; of `unprinted`, bytes of the
    /// answers.
    pub(crate) bytes: Option<u64>,
    /// Of `unprinted`: bytes that the command printed.
    pub(crate) printed: Option<u64>,
}

/// A problem with what a process received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ailment {
    /// Dumps whose objects changed during the dump (`NLM_F_DUMP_INTR`).
    InterruptedDump,
    /// Dumps whose end is not in the recording.
    UnfinishedDump,
    /// The socket's receive buffer was full: recvmsg(2) returned ENOBUFS.
    FullBuffer,
    /// `NLMSG_OVERRUN`.
    Overrun,
    /// Reads with too short a buffer (`MSG_TRUNC`).
    TruncatedRead,
    /// Messages of more than 65,536 bytes.
    LongMessage,
    /// Messages that the kernel dropped because a socket's buffer was full.
    SocketDrop,
    /// Messages that never reached the kernel: the sending call failed.
    FailedSend,
    /// Frames dropped by the recorder for lack of buffer space.
    RecorderLoss,
    /// Messages truncated in the file.
    CutMessage,
    /// Datagrams with bytes that are not a netlink message.
    Malformed,
    /// Answers that could as well be those of another request.
    AmbiguousAnswer,
    /// Datagrams with zeros after the last message.
    TrailingZeros,
}

/// A problem: how often, which processes, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Condition {
    /// The problem.
    pub(crate) what: Ailment,
    /// Number of times; null if the file does not show it.
    pub(crate) count: Option<u64>,
    /// The processes affected.
    pub(crate) who: Vec<Sufferer>,
    /// What to do, if anything.
    pub(crate) advice: Option<String>,
}

/// A process affected by a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Sufferer {
    /// The process or socket.
    pub(crate) who: Who,
    /// Number of times.
    pub(crate) count: u64,
}

/// A network interface in answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Interface {
    /// Interface index.
    pub(crate) index: u32,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Bytes describing it in answers.
    pub(crate) bytes: u64,
    /// Number of times it was described.
    pub(crate) count: u64,
}
