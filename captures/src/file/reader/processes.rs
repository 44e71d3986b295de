// SPDX-License-Identifier: GPL-2.0-or-later
//! The process of a packet, as the file says it.

use std::collections::HashMap;

use crate::file::comment::Comment;
use crate::messages::process::{Fate, Process};

/// How many different comments are kept; a file may have one for each packet.
const MOST: usize = 4096;

/// A process, and what became of its message.
type NamedProcess = (Process, Option<Fate>);

/// Processes by the comments that name them.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<Box<[u8]>, Option<NamedProcess>>,
}

impl Processes {
    /// The process that a comment names.
    pub(super) fn of(&mut self, comment: &[u8]) -> Option<NamedProcess> {
        if let Some(known) = self.known.get(comment) {
            return known.clone();
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let parsed = String::from_utf8_lossy(comment).parse::<Comment>().ok();
        let known = parsed.and_then(|it| {
            let (process, fate) = it.process()?;
            Some((process.clone(), fate))
        });
        self.known.insert(comment.into(), known.clone());
        known
    }
}
