// SPDX-License-Identifier: GPL-2.0-or-later
//! Which messages are shown, and how.

use crate::terminal::colour::Color;

/// Which messages are shown, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The form of times, by how often `-t` was given.
    pub(crate) time: u8,
    /// Under each line every attribute.
    pub(crate) verbose: bool,
    /// Under each line the bytes of the message.
    pub(crate) bytes: bool,
    /// A JSON object for each message instead.
    pub(crate) json: bool,
    /// A table of how many messages there are instead.
    pub(crate) count: bool,
    /// Only messages of these families, or netlink protocols.
    pub(crate) family: Vec<String>,
    /// Only messages of these operations.
    pub(crate) op: Vec<String>,
    /// Only messages of these processes.
    pub(crate) pid: Vec<u32>,
    /// Only errors.
    pub(crate) errors: bool,
    /// Only messages with these attributes: `NAME` or `NAME=VALUE`.
    pub(crate) attr: Vec<String>,
    /// With the messages that nlcap added to the recording.
    pub(crate) added: bool,
    /// With keys and passwords.
    pub(crate) secrets: bool,
    /// When there is colour.
    pub(crate) color: Color,
}

impl Options {
    /// Whether some messages are left out.
    pub(crate) fn is_filtered(&self) -> bool {
        !(self.family.is_empty()
            && self.op.is_empty()
            && self.pid.is_empty()
            && self.attr.is_empty())
            || self.errors
    }
}
