// SPDX-License-Identifier: GPL-2.0-or-later
//! What is not in a report because its lists are bounded.

use serde::{Deserialize, Serialize};

/// What is left out of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LeftOut {
    /// The list.
    pub(crate) list: BoundedList,
    /// Number of what is left out of it.
    pub(crate) count: u64,
    /// The most that the list holds.
    pub(crate) limit: u64,
}

/// A list that is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BoundedList {
    /// Processes and port ids; left out are their messages.
    Processes,
    /// Process ids and port ids; left out are messages of processes that may not be counted.
    ProcessIds,
    /// Sockets of processes; left out are messages on them.
    Sockets,
    /// Requests that wait for their answers.
    PendingRequests,
    /// Conversations; left out are their messages.
    Conversations,
    /// Steps of the exchange; left out are their messages.
    Steps,
    /// Kinds of answers; left out are answers.
    AnswerKinds,
    /// Kinds of failures and warnings; left out are errors, acknowledgements and ends of dumps.
    Verdicts,
    /// Requests compared to find repeats.
    Repeats,
    /// Interfaces.
    Interfaces,
    /// Interfaces by size: the list in HTML and JSON.
    InterfaceSizes,
}

impl BoundedList {
    /// What is left out of it, in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Processes => "messages of processes",
            Self::ProcessIds => "messages of processes that may not be counted",
            Self::Sockets => "messages on sockets",
            Self::PendingRequests => "unanswered requests",
            Self::Conversations => "messages of conversations",
            Self::Steps => "messages of the exchange",
            Self::AnswerKinds => "answers of kinds",
            Self::Verdicts => "failures and warnings of kinds",
            Self::Repeats => "requests compared to find repeats",
            Self::Interfaces => "interfaces",
            Self::InterfaceSizes => "interfaces in the list of sizes",
        }
    }
}
