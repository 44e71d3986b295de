// SPDX-License-Identifier: GPL-2.0-or-later
//! What comments say of packets.

use crate::file::comment::Comment;
use foldhash::HashMap;

/// How many different comments are kept; a file may have one for each packet.
const MOST: usize = 4096;

/// Comments that were read before, by their bytes.
#[derive(Debug, Default)]
pub(super) struct Comments {
    known: HashMap<Box<[u8]>, Option<Comment>>,
}

impl Comments {
    /// What a comment says; `None` for one that nlcap did not write.
    pub(super) fn read(&mut self, comment: &[u8]) -> Option<Comment> {
        if let Some(known) = self.known.get(comment) {
            return known.clone();
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let known = String::from_utf8_lossy(comment).parse::<Comment>().ok();
        self.known.insert(comment.into(), known.clone());
        known
    }
}
