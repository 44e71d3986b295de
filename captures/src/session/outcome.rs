// SPDX-License-Identifier: GPL-2.0-or-later
//! How a session ended.

use std::io;

use super::TapKind;
use super::choice::Summary;
use crate::exit::Exit;

/// How a session ended.
pub(crate) struct Outcome {
    /// How nlcap should.
    pub(crate) exit: Exit,
    /// Where frames came from.
    pub(crate) tap: TapKind,
    /// What was recorded.
    pub(crate) summary: Summary,
    /// Why the recording is not whole, if that is so; each a few words.
    pub(crate) incomplete: Vec<String>,
    /// The first error of an outlet, and which. It is said already, but for a pipe
    /// whose reader has gone.
    pub(crate) error: Option<(String, io::Error)>,
    /// Frames that were recorded, but not written any more.
    pub(crate) unwritten: u64,
    /// Whether the subject was let begin.
    pub(crate) begun: bool,
}

impl Outcome {
    /// Whether nothing is missing, as far as is known.
    fn is_whole(&self) -> bool {
        self.summary.lost == 0 && self.incomplete.is_empty() && self.error.is_none()
    }

    /// How nlcap ends: the status shows whether the recording can be trusted.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        match &self.error {
            Some((_, error)) if !gone(error) => Exit::Unwritten,
            _ if strict && !self.is_whole() => Exit::Incomplete,
            _ => self.exit,
        }
    }
}
