// SPDX-License-Identifier: GPL-2.0-or-later
//! The multicast groups that a socket has joined.

use std::collections::BTreeSet;

/// The groups, numbered from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(BTreeSet<u32>);

/// The numbers of the bits that are set, counted from 1.
fn bits(word: u32) -> impl Iterator<Item = u32> {
    (0..32)
        .filter(move |bit| word >> bit & 1 == 1)
        .map(|bit| bit + 1)
}

impl Groups {
    /// Of the words of NETLINK_LIST_MEMBERSHIPS.
    pub(super) fn of_words(words: &[u32]) -> Self {
        let numbers = (0..).step_by(32).zip(words);
        Self(
            numbers
                .flat_map(|(first, word)| bits(*word).map(move |bit| first + bit))
                .collect(),
        )
    }

    /// Sets the first 32, as bind(2) does: bit 0 is group 1.
    pub(super) fn bind(&mut self, mask: u32) {
        self.0.retain(|group| *group > 32);
        self.0.extend(bits(mask));
    }

    pub(super) fn join(&mut self, group: u32) {
        self.0.insert(group);
    }

    pub(super) fn leave(&mut self, group: u32) {
        self.0.remove(&group);
    }

    pub(super) fn contain(&self, group: u32) -> bool {
        self.0.contains(&group)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_replaces_the_first_32_groups() {
        let mut groups = Groups::default();
        groups.join(33);
        groups.bind(0b101);
        assert_eq!(groups.0, BTreeSet::from([1, 3, 33]));
        groups.bind(0);
        assert_eq!(groups.0, BTreeSet::from([33]));
        groups.leave(33);
        assert_eq!(groups, Groups::default());
    }

    #[test]
    fn the_kernels_list_is_read_word_by_word() {
        let groups = Groups::of_words(&[0b101, 0, 1]);
        assert_eq!(groups.0, BTreeSet::from([1, 3, 65]));
        assert!(groups.contain(65) && !groups.contain(2));
    }
}
