// SPDX-License-Identifier: GPL-2.0-or-later
//! What was skipped of a file that could be read on.

use std::fmt;

use super::link_types::LinkTypes;
use crate::terminal::text;

/// How many lines about damage are kept; a file may have one for each packet.
const MOST: usize = 10;

/// What there is to say of a file besides its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remarks {
    /// The link types of the file.
    pub(super) link_types: LinkTypes,
    /// Packets whose time the file does not have.
    pub(super) timeless: u64,
    skipped: u64,
    damage: Vec<String>,
    /// Places of damage beyond those.
    more: u64,
}

impl Remarks {
    /// Notes a packet, at this byte of the file, that cannot be read.
    pub(super) fn skipped_packet(&mut self, at: u64, why: impl fmt::Display) {
        self.skipped += 1;
        self.damage(format_args!("skipped the packet at byte {at}: {why}"));
    }

    /// Counts a packet that is not of netlink.
    pub(super) fn foreign_packet(&mut self, link_type: u32) {
        self.skipped += 1;
        self.link_types.foreign(link_type);
    }

    /// How many packets there were of both kinds.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Notes what is wrong.
    pub(super) fn damage(&mut self, what: impl fmt::Display) {
        if self.damage.len() < MOST {
            self.damage.push(what.to_string());
        } else {
            self.more += 1;
        }
    }

    /// A line for each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = self.damage.clone();
        if self.more > 0 {
            let places = text::count(self.more, "place");
            lines.push(format!("damaged at {places} more"));
        }
        lines.extend(self.link_types.skipped());
        if self.timeless > 0 {
            let packets = text::count(self.timeless, "packet");
            lines.push(format!("{packets} without a time, which is shown as 0"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_damage_is_counted_and_not_kept() {
        let mut remarks = Remarks::default();
        assert_eq!(remarks.lines(), [""; 0]);
        for at in 0..1000 {
            remarks.skipped_packet(at, "no interface 7");
        }
        remarks.timeless = 1;
        let lines = remarks.lines();
        assert_eq!(lines.len(), MOST + 2);
        assert_eq!(lines[0], "skipped the packet at byte 0: no interface 7");
        assert_eq!(lines[MOST], "damaged at 990 places more");
        assert_eq!(
            lines[MOST + 1],
            "1 packet without a time, which is shown as 0"
        );
    }
}
