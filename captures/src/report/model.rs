// SPDX-License-Identifier: GPL-2.0-or-later
//! What a report holds: plain data, from which each format is made, and which is
//! the JSON of a report as it stands. docs/report.schema.json describes it.
//!
//! Times are nanoseconds, lengths are bytes. What a file does not hold is null.
//! Texts are as they came: each format escapes them.

mod comparison;

use serde::{Deserialize, Serialize};

pub(crate) use self::comparison::{Comparison, Disagreement, Lone, Measure, Pair, Row, Unit};

/// The number of this form; another one means that a reader must be changed.
pub(crate) const FORM: u32 = 1;

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Report {
    /// The number of this form of report.
    pub(crate) form: u32,
    /// The program that made it, and its version.
    pub(crate) by: String,
    /// How it came about, in the words of who made it.
    pub(crate) about: Option<String>,
    /// Recordings that belong together.
    pub(crate) groups: Vec<Group>,
}

/// Recordings that are held against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Group {
    /// What they have in common, where somebody gave it a name.
    pub(crate) title: Option<String>,
    /// What a reader should know first; disagreements come before all else.
    pub(crate) findings: Vec<Finding>,
    /// The recordings; the others are compared with the first.
    pub(crate) recordings: Vec<Recording>,
    /// The recordings side by side, where there are several.
    pub(crate) comparison: Option<Comparison>,
}

/// A sentence about the recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Finding {
    /// How much it matters.
    pub(crate) level: Level,
    /// The sentence.
    pub(crate) text: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Two commands were told different things.
    Disagreement,
    /// Something went wrong.
    Problem,
    /// What the comparison comes to.
    Summary,
}

/// One recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Recording {
    /// The file's name, without its folder.
    pub(crate) file: Option<String>,
    /// The command line, where nlcap wrote the file.
    pub(crate) command: Option<String>,
    /// When the first message was sent: RFC 3339, UTC.
    pub(crate) started: Option<String>,
    /// Kernel name and release of the machine.
    pub(crate) kernel: Option<String>,
    /// The machine's hardware name.
    pub(crate) hardware: Option<String>,
    /// The program that wrote the file.
    pub(crate) recorder: Option<String>,
    /// Sums.
    pub(crate) figures: Figures,
    /// How the figures differ from round to round, where the command was run more
    /// than once. All else in this recording is of the round of median time.
    pub(crate) rounds: Option<Rounds>,
    /// Who spoke.
    pub(crate) processes: Vec<Process>,
    /// Who asked what, and what came of it.
    pub(crate) conversations: Vec<Conversation>,
    /// The exchange, message by message, parts of one answer in one step.
    pub(crate) steps: Vec<Step>,
    /// Bytes of the answers, by attribute.
    pub(crate) shares: Vec<Share>,
    /// What the kernel refused.
    pub(crate) failures: Vec<Failure>,
    /// What need not have been asked or sent.
    pub(crate) waste: Vec<Waste>,
    /// Whether what was received is whole.
    pub(crate) health: Vec<Condition>,
    /// The interfaces that were learnt of, the most bytes first.
    pub(crate) interfaces: Vec<Interface>,
    /// What is not in this recording's lists because they are bounded.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Sums over a recording, without the messages that nlcap added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Figures {
    /// Datagrams.
    pub(crate) packets: u64,
    /// Netlink messages.
    pub(crate) messages: u64,
    /// Their lengths, as their headers have them.
    pub(crate) bytes: u64,
    /// Messages to the kernel.
    pub(crate) requests: u64,
    /// Messages that answer a request: data, ends of dumps, errors, acknowledgements.
    pub(crate) answers: u64,
    /// Messages that the kernel sent by itself.
    pub(crate) notifications: u64,
    /// Answers that are an error.
    pub(crate) refused: u64,
    /// Different interfaces in answers.
    pub(crate) interfaces: u64,
    /// Bytes of the answers that are about interfaces.
    pub(crate) interface_bytes: u64,
    /// Those bytes for each interface.
    pub(crate) bytes_per_interface: Option<f64>,
    /// From the first request to the first answer after it.
    pub(crate) first_answer: Option<u64>,
    /// From the first request to the last answer.
    pub(crate) time: Option<u64>,
    /// The time of the conversations about interfaces, for each interface.
    pub(crate) time_per_interface: Option<f64>,
    /// Frames for which the recorder had no room.
    pub(crate) lost: Option<u64>,
}

/// What came out of running a command several times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Rounds {
    /// How often it was run.
    pub(crate) count: u32,
    /// Of these, how often it failed.
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

/// The least, the middle and the greatest of several figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Spread {
    /// The least.
    pub(crate) min: u64,
    /// The middle one; of an even number, the lower of the two.
    pub(crate) median: u64,
    /// The greatest.
    pub(crate) max: u64,
}

/// Who speaks: a process where the file says it, else the port id of a socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Who {
    /// Process id.
    pub(crate) pid: Option<u32>,
    /// The process's name.
    pub(crate) comm: Option<String>,
    /// The socket's port id, where there is no process and an answer had it.
    pub(crate) port: Option<u32>,
}

/// A process, or a socket of which no more is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Process {
    /// Which.
    pub(crate) who: Who,
    /// Sockets that it used, where the file tells them apart.
    pub(crate) sockets: Option<u64>,
    /// Messages to and from it.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// The longest datagram that it received: what its buffer must hold.
    pub(crate) largest_datagram: u64,
}

/// All exchanges of one kind that one socket had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Conversation {
    /// Who asks.
    pub(crate) who: Who,
    /// The recorder's number of the socket.
    pub(crate) socket: Option<u64>,
    /// The netlink protocol.
    pub(crate) protocol: String,
    /// The family.
    pub(crate) family: String,
    /// The operation that is asked for.
    pub(crate) operation: String,
    /// Whether all there are were asked for (`NLM_F_DUMP`).
    pub(crate) dump: bool,
    /// Requests.
    pub(crate) requests: u64,
    /// Bytes of the requests.
    pub(crate) request_bytes: u64,
    /// Requests whose answer came to its end.
    pub(crate) answered: u64,
    /// Messages of the answers.
    pub(crate) parts: u64,
    /// Bytes of the answers.
    pub(crate) answer_bytes: u64,
    /// Answers that are an error.
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
    /// The least.
    pub(crate) min: u64,
    /// The mean.
    pub(crate) mean: u64,
    /// The greatest.
    pub(crate) max: u64,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A process asks.
    Request,
    /// The kernel answers.
    Answer,
    /// The kernel refuses.
    Error,
    /// The kernel speaks by itself.
    Notification,
}

/// An arrow between a process and the kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Step {
    /// Since the first message.
    pub(crate) at: u64,
    /// The process, at the other end of the arrow.
    pub(crate) who: Who,
    /// What it is.
    pub(crate) kind: Kind,
    /// The family.
    pub(crate) family: String,
    /// The operation.
    pub(crate) operation: String,
    /// Whether all there are were asked for.
    pub(crate) dump: bool,
    /// Messages.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Whether the answer came to its end with this step.
    pub(crate) ends: bool,
    /// The errno's name.
    pub(crate) error: Option<String>,
    /// Since the request, to the last message of the step.
    pub(crate) took: Option<u64>,
}

/// What answers of one kind consist of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Share {
    /// The family.
    pub(crate) family: String,
    /// The operation that they answer.
    pub(crate) operation: String,
    /// Messages.
    pub(crate) messages: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Of these, headers of messages: of netlink, of the family, and its own.
    pub(crate) headers: u64,
    /// Of these, bytes that no attribute could be made of.
    pub(crate) odd: u64,
    /// The attributes, each followed by those in it, the most bytes first.
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute wherever it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Attribute {
    /// Its name, or `#` and its number.
    pub(crate) name: String,
    /// How many attributes it is in.
    pub(crate) depth: u32,
    /// How often it stands.
    pub(crate) count: u64,
    /// Bytes with header and padding, and with what is in it.
    pub(crate) bytes: u64,
    /// These bytes, as a part of the bytes of the answers: 0 to 1.
    pub(crate) share: f64,
}

/// Requests that the kernel refused for the same reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Failure {
    /// Who asked.
    pub(crate) who: Who,
    /// The family.
    pub(crate) family: String,
    /// The operation.
    pub(crate) operation: String,
    /// How often.
    pub(crate) count: u64,
    /// The errno, positive.
    pub(crate) errno: i32,
    /// Its name.
    pub(crate) name: String,
    /// The kernel's own text.
    pub(crate) extack: Option<String>,
    /// The attribute that the kernel points at, by its path.
    pub(crate) attribute: Option<String>,
    /// The attribute that the kernel misses, by its path.
    pub(crate) missing: Option<String>,
    /// Whether the request held nothing: a look at what the kernel can do.
    pub(crate) probe: bool,
    /// What it means, and what to do.
    pub(crate) meaning: String,
}

/// A kind of waste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WasteKind {
    /// The same process asked the very same again.
    AskedTwice,
    /// A look at what the kernel can do, which the kernel refused.
    FailedProbe,
    /// The command printed less than it was told.
    Unprinted,
}

/// What need not have been asked or sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Waste {
    /// The kind.
    pub(crate) kind: WasteKind,
    /// Who asked.
    pub(crate) who: Option<Who>,
    /// Family and operation.
    pub(crate) what: Option<String>,
    /// How often, without the first time; null where it is not known.
    pub(crate) count: Option<u64>,
    /// Bytes of requests and answers that it cost; of `unprinted`, bytes of the
    /// answers.
    pub(crate) bytes: Option<u64>,
    /// Of `unprinted`: bytes that the command printed.
    pub(crate) printed: Option<u64>,
}

/// What may be wrong with what a process received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ailment {
    /// Dumps during which what was dumped changed (`NLM_F_DUMP_INTR`).
    InterruptedDump,
    /// Dumps whose end is not in the recording.
    UnfinishedDump,
    /// The socket's receive buffer was full: recvmsg(2) said ENOBUFS.
    FullBuffer,
    /// `NLMSG_OVERRUN`.
    Overrun,
    /// A read with a buffer that was too short (`MSG_TRUNC`).
    TruncatedRead,
    /// Messages of more than 65,536 bytes.
    LongMessage,
    /// Messages that the kernel dropped because a socket had no room.
    SocketDrop,
    /// Messages that never came to the kernel: the sending call failed.
    FailedSend,
    /// Frames for which the recorder had no room.
    RecorderLoss,
    /// Messages that are shorter in the file than they were.
    CutMessage,
    /// Bytes that are no netlink message.
    Malformed,
}

/// How often something is wrong, with whom, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Condition {
    /// What.
    pub(crate) what: Ailment,
    /// How often; null where the file does not hold it.
    pub(crate) count: Option<u64>,
    /// With whom.
    pub(crate) who: Vec<Sufferer>,
    /// What to do, where there is something to do.
    pub(crate) advice: Option<String>,
}

/// A process with which something is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Sufferer {
    /// Which.
    pub(crate) who: Who,
    /// How often.
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
    /// Bytes about it in answers.
    pub(crate) bytes: u64,
    /// How often it was told.
    pub(crate) count: u64,
}

/// A list that is longer than what is shown of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LeftOut {
    /// What is left out.
    pub(crate) what: String,
    /// How many.
    pub(crate) count: u64,
}

impl LeftOut {
    /// Of [`Recording::interfaces`].
    pub(crate) const SIZES: &str = "interfaces in the list of sizes";
}
