// SPDX-License-Identifier: GPL-2.0-or-later
//! The count of messages while a recording runs, for people.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::choice::Summary;

/// How often it is written.
const STEP: Duration = Duration::from_millis(200);

/// A line on standard error that is written over and over. A terminal that others
/// write to at the same time has none.
pub(super) struct LiveCount {
    due: Instant,
    shown: bool,
}

impl LiveCount {
    /// A count, where standard error is a terminal and nobody else writes to it:
    /// `alone` says that there is no command, or that its output goes elsewhere.
    pub(super) fn on_terminal(alone: bool) -> Option<Self> {
        let wanted = io::stderr().is_terminal() && (alone || !io::stdout().is_terminal());
        wanted.then(|| Self {
            due: Instant::now() + STEP,
            shown: false,
        })
    }

    /// When it is to be written.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Whether it is time to.
    pub(super) fn is_due(&self) -> bool {
        self.due <= Instant::now()
    }

    /// Writes it.
    pub(super) fn show(&mut self, summary: &Summary) {
        self.due = Instant::now() + STEP;
        self.shown = true;
        // Nobody depends on it.
        let _ = io::stderr().write_all(line(summary).as_bytes());
    }
}

impl Drop for LiveCount {
    /// Clears the line.
    fn drop(&mut self) {
        if self.shown {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

/// To the line's beginning, the count, and away with what was behind it.
fn line(summary: &Summary) -> String {
    let Summary {
        messages,
        frames,
        lost,
        ..
    } = summary;
    format!("\rnlcap: {messages} messages in {frames} frames, {lost} lost\x1b[K")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_written_over() {
        let summary = Summary {
            messages: 12,
            frames: 3,
            lost: 1,
            ..Summary::default()
        };
        assert_eq!(
            line(&summary),
            "\rnlcap: 12 messages in 3 frames, 1 lost\x1b[K"
        );
    }
}
