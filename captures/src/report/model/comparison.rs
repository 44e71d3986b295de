// SPDX-License-Identifier: GPL-2.0-or-later
//! What recordings are when they stand side by side.

use serde::{Deserialize, Serialize};

/// Recordings side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Comparison {
    /// Figures, aligned.
    pub(crate) rows: Vec<Row>,
    /// What each recording but the first has in common with the first.
    pub(crate) pairs: Vec<Pair>,
}

/// A figure for all recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Row {
    /// What is compared.
    pub(crate) name: Measure,
    /// The unit.
    pub(crate) unit: Unit,
    /// The figure of each recording.
    pub(crate) values: Vec<Option<f64>>,
    /// Each as a ratio to the first.
    pub(crate) ratios: Vec<Option<f64>>,
}

/// What a row compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    /// Netlink messages.
    Messages,
    /// Bytes of them.
    Bytes,
    /// Messages to the kernel.
    Requests,
    /// Messages that answer a request.
    Answers,
    /// Answers that are errors.
    Refused,
    /// Messages that the kernel sent unprompted.
    Notifications,
    /// Datagrams.
    Datagrams,
    /// Distinct interfaces in answers.
    Interfaces,
    /// Bytes of the answers that describe interfaces, per interface.
    BytesPerInterface,
    /// Time of the conversations about interfaces, per interface.
    TimePerInterface,
    /// From the first request to the first answer after it.
    FirstAnswer,
    /// From the first request to the last answer.
    LastAnswer,
    /// Frames dropped by the recorder.
    Lost,
}

impl Measure {
    /// It in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Bytes => "bytes",
            Self::Requests => "requests",
            Self::Answers => "answers",
            Self::Refused => "refused",
            Self::Notifications => "notifications",
            Self::Datagrams => "datagrams",
            Self::Interfaces => "interfaces",
            Self::BytesPerInterface => "bytes for each interface",
            Self::TimePerInterface => "time for each interface",
            Self::FirstAnswer => "first request to first answer",
            Self::LastAnswer => "first request to last answer",
            Self::Lost => "lost by the recorder",
        }
    }
}

/// Unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    /// A count.
    Count,
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Time,
}

/// Facts of two recordings about the same interfaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Pair {
    /// The two recordings, by their places in the group.
    pub(crate) of: [usize; 2],
    /// Interfaces in both.
    pub(crate) interfaces: u64,
    /// Interfaces in only one: the first, the second.
    pub(crate) only: [Vec<Lone>; 2],
    /// Facts about interfaces in both, by the report's names.
    pub(crate) facts: Vec<String>,
    /// Facts about interfaces in only one: the first, the second.
    pub(crate) only_facts: [Vec<String>; 2],
    /// Facts that were compared, interface by interface.
    pub(crate) compared: u64,
    /// Disagreements.
    pub(crate) disagreements: Vec<Disagreement>,
    /// Disagreements that are not in the list.
    pub(crate) more: u64,
}

/// An interface in only one of the recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Lone {
    /// Its name, or its index.
    pub(crate) name: String,
    /// Why the other lacks it.
    pub(crate) why: String,
}

/// A fact on which two recordings disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Disagreement {
    /// The interface.
    pub(crate) interface: String,
    /// The fact; empty if one recording lacks the whole interface.
    pub(crate) fact: String,
    /// The value in each.
    pub(crate) values: [String; 2],
}
