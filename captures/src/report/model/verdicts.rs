// SPDX-License-Identifier: GPL-2.0-or-later
//! What the kernel said of requests: why it refused them, and what it warns of.

use serde::{Deserialize, Serialize};

use super::Who;

/// Requests that the kernel refused for the same reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Failure {
    /// The requester.
    pub(crate) who: Who,
    /// The family.
    pub(crate) family: String,
    /// The operation.
    pub(crate) operation: String,
    /// Number of times.
    pub(crate) count: u64,
    /// What was asked for, if the file has it: of different requests the first 16.
    pub(crate) requests: Vec<AskedFor>,
    /// The errno, positive.
    pub(crate) errno: i32,
    /// Its name.
    pub(crate) name: String,
    /// The kernel's own text.
    pub(crate) extack: Option<String>,
    /// Path of the attribute at fault.
    pub(crate) attribute: Option<String>,
    /// Path of the missing attribute.
    pub(crate) missing: Option<String>,
    /// Whether the request was empty: a probe for what the kernel supports.
    pub(crate) probe: bool,
    /// What it means, and what to do.
    pub(crate) meaning: String,
}

/// Requests that the kernel carried out with the same warning: its text in an acknowledgement,
/// or in the end of a dump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Warning {
    /// The requester.
    pub(crate) who: Who,
    /// The family.
    pub(crate) family: String,
    /// The operation.
    pub(crate) operation: String,
    /// Number of times.
    pub(crate) count: u64,
    /// What was asked for, if the file has it: of different requests the first 16.
    pub(crate) requests: Vec<AskedFor>,
    /// The kernel's text.
    pub(crate) extack: String,
    /// Path of the attribute that it points at.
    pub(crate) attribute: Option<String>,
}

/// Requests for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct AskedFor {
    /// The first values of the request, as a line of `nlcap show` has them.
    pub(crate) values: String,
    /// Number of such requests.
    pub(crate) count: u64,
}

impl AskedFor {
    /// How many different ones of a failure or warning are in the report.
    pub(crate) const MOST: usize = 16;
}
