// SPDX-License-Identifier: GPL-2.0-or-later
//! Which frames are kept, and how many there were of which kind.

use ynl::decode::{Endian, messages};

use super::filter::CaptureFilter;
use crate::attribution::Attribution;
use crate::messages::packet::Frame;
use crate::messages::process::Certainty;
use crate::terminal::text::count;

/// What is kept of what is on the taps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// Others' messages too.
    pub(crate) all: bool,
    /// Each receiver's copy of a multicast.
    pub(crate) raw: bool,
    /// Protocols and families.
    pub(crate) filter: CaptureFilter,
}

/// What a recording holds, without what nlcap added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Netlink messages.
    pub(crate) messages: u64,
    /// Frames: what was sent at once.
    pub(crate) frames: u64,
    /// Messages of the subject, by how their owner is attribution.
    pub(crate) exact: u64,
    pub(crate) by_port: u64,
    pub(crate) by_group: u64,
    pub(crate) guessed: u64,
    /// Messages of which it is not known whether they are the subject's, kept or not.
    pub(crate) unknown: u64,
    /// Messages of others, kept or not.
    pub(crate) others: u64,
    /// Whether those are kept.
    pub(crate) all: bool,
    /// Messages that the filter does not let pass.
    pub(crate) filtered: u64,
    /// Frames that the taps had no room for.
    pub(crate) lost: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let messages = count(self.messages, "message");
        let frames = count(self.frames, "frame");
        write!(f, "{messages} in {frames}, {} lost", self.lost)?;
        let kinds = [
            (self.exact, "exact"),
            (self.by_port, "by port id"),
            (self.by_group, "by group"),
            (self.guessed, "guessed"),
            (if self.all { self.unknown } else { 0 }, "unknown"),
            (if self.all { self.others } else { 0 }, "of other processes"),
        ];
        let kinds: Vec<_> = kinds
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, kind)| format!("{number} {kind}"))
            .collect();
        if !kinds.is_empty() {
            write!(f, " ({})", kinds.join(", "))?;
        }
        for (number, kind) in [
            (self.unknown, "unknown"),
            (self.others, "of other processes"),
        ] {
            if number > 0 && !self.all {
                write!(f, ", {number} {kind} left out")?;
            }
        }
        if self.filtered > 0 {
            write!(f, ", {} filtered out", self.filtered)?;
        }
        Ok(())
    }
}

/// Chooses, and counts.
pub(super) struct Chooser {
    choice: Choice,
    pub(super) summary: Summary,
}

impl Chooser {
    pub(super) fn new(choice: Choice) -> Self {
        Self {
            summary: Summary {
                all: choice.all,
                ..Summary::default()
            },
            choice,
        }
    }

    /// Whether the frame is kept.
    pub(super) fn takes(&mut self, frame: &Frame<'_>, attribution: &Attribution) -> bool {
        if attribution.is_copy && !self.choice.raw {
            return false;
        }
        let own = !attribution.owners.is_empty() || self.choice.all;
        let here = messages(frame.messages, Endian::native()).flatten().count() as u64;
        let summary = &mut self.summary;
        if own && !self.choice.filter.passes(frame, attribution) {
            summary.filtered += here;
            return false;
        }
        *match (attribution.owners.is_empty(), attribution.certainty) {
            (_, Certainty::Unknown) => &mut summary.unknown,
            (true, _) => &mut summary.others,
            (_, Certainty::Exact) => &mut summary.exact,
            (_, Certainty::Port) => &mut summary.by_port,
            (_, Certainty::Group) => &mut summary.by_group,
            (_, Certainty::Guessed) => &mut summary.guessed,
        } += here;
        if !own {
            return false;
        }
        summary.frames += 1;
        summary.messages += here;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_counts_each_way_an_owner_is_known() {
        let summary = Summary {
            messages: 5,
            frames: 4,
            exact: 3,
            by_port: 1,
            by_group: 1,
            guessed: 0,
            unknown: 2,
            others: 7,
            all: false,
            filtered: 2,
            lost: 0,
        };
        assert_eq!(
            summary.to_string(),
            "5 messages in 4 frames, 0 lost (3 exact, 1 by port id, 1 by group), 2 unknown left out, \
             7 of other processes left out, 2 filtered out"
        );
    }
}
