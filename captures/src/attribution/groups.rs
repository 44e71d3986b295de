// SPDX-License-Identifier: GPL-2.0-or-later
//! The multicast groups that a socket is in.
//!
//! # Design decisions
//!
//! A call that asks for a group may be refused, and its result is not seen: so nobody is a
//! member until the kernel says so (NETLINK_LIST_MEMBERSHIPS, see netlink(7)). What a look
//! finds counts from the call on that asked for it; what is gone lasted until then. Only what
//! the kernel grants to everybody counts at once: the socket may be closed before a look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Stands among the groups, which are numbered from 1, for hearing those of other network
/// namespaces too (NETLINK_LISTEN_ALL_NSID).
pub(super) const ALL_NSID: u32 = 0;

/// Groups that a socket's address, and the kernel's table of sockets, has a bit for.
const IN_ADDRESS: u32 = 32;

/// Groups, numbered from 1, and [`ALL_NSID`].
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

    /// Of an address' nl_groups: bit 0 is group 1.
    pub(super) fn of_mask(mask: u32) -> Self {
        Self(bits(mask).collect())
    }

    /// One alone.
    pub(super) fn of(group: u32) -> Self {
        Self(BTreeSet::from([group]))
    }

    pub(super) fn insert(&mut self, group: u32) {
        self.0.insert(group);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }
}

impl FromIterator<u32> for Groups {
    fn from_iter<T: IntoIterator<Item = u32>>(numbers: T) -> Self {
        Self(numbers.into_iter().collect())
    }
}

/// What a call asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupRequest {
    pub(super) wanted: Groups,
    /// It may leave groups.
    pub(super) leaves: bool,
    /// It is refused only where the groups are.
    pub(super) is_valid: bool,
}

/// When a socket was in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    since: Duration,
    /// When it asked to leave; None while it is in the group.
    until: Option<Duration>,
}

/// The groups of a socket over time, and what it has asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships {
    periods: BTreeMap<u32, Period>,
    /// When it made the first of the calls that nobody has looked at the result of.
    asked: Option<Duration>,
    /// Threads that may still be in such a call.
    callers: Vec<i32>,
    /// What these calls ask for together.
    request: GroupRequest,
}

impl Memberships {
    /// Those of a socket that has had its groups before it was known.
    pub(super) fn old(groups: &Groups) -> Self {
        let mut memberships = Self::default();
        memberships.see(Duration::ZERO, groups);
        memberships
    }

    /// A thread is about to ask for groups, or to leave some.
    ///
    /// `granted` are those that it surely gets.
    pub(super) fn ask(&mut self, now: Duration, tid: i32, request: GroupRequest, granted: &Groups) {
        self.asked.get_or_insert(now);
        self.update(now, granted, |_| false);
        if !self.callers.contains(&tid) {
            self.callers.push(tid);
        }
        self.request.wanted.0.extend(request.wanted.0);
        self.request.leaves |= request.leaves;
    }

    /// The thread has returned from its call.
    pub(super) fn note_return(&mut self, tid: i32) {
        self.callers.retain(|caller| *caller != tid);
    }

    /// Whether a call has asked for something that nobody has looked for since.
    pub(super) fn is_open(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether it is in the group, or has asked for it.
    pub(super) fn wants(&self, group: u32) -> bool {
        self.request.wanted.0.contains(&group) || self.now().any(|it| it == group)
    }

    /// Takes over what the kernel says; the groups that were refused.
    pub(super) fn see(&mut self, now: Duration, groups: &Groups) -> Vec<u32> {
        self.update(now, groups, |_| true);
        let GroupRequest { wanted, leaves, .. } = &self.request;
        let is_granted = !wanted.0.is_empty() && wanted.0.is_subset(&groups.0) && !leaves;
        if self.callers.is_empty() || is_granted {
            self.settle()
        } else {
            Vec::new()
        }
    }

    /// Takes over what the kernel's table of sockets says, which has the first 32.
    pub(super) fn see_first(&mut self, now: Duration, mask: u32) {
        let in_table = |group| (1..=IN_ADDRESS).contains(&group);
        self.update(now, &Groups::of_mask(mask), in_table);
    }

    fn update(&mut self, now: Duration, groups: &Groups, is_shown: fn(u32) -> bool) {
        let time = self.asked.unwrap_or(now);
        for (group, period) in &mut self.periods {
            if is_shown(*group) && !groups.0.contains(group) {
                period.until.get_or_insert(time);
            }
        }
        for group in groups.iter() {
            let until = None;
            let period = self
                .periods
                .entry(group)
                .or_insert(Period { since: time, until });
            if period.until.is_some() {
                *period = Period { since: time, until };
            }
        }
    }

    /// Ends what was asked for, whatever came of it; the groups that were refused.
    pub(super) fn settle(&mut self) -> Vec<u32> {
        self.asked = None;
        self.callers.clear();
        let wanted = std::mem::take(&mut self.request).wanted;
        wanted.iter().filter(|group| !self.wants(*group)).collect()
    }

    /// Whether it was in the group at a time.
    pub(super) fn had(&self, group: u32, time: Duration) -> bool {
        self.periods.get(&group).is_some_and(|period| {
            period.since <= time && period.until.is_none_or(|until| time <= until)
        })
    }

    /// Those that last.
    pub(super) fn now(&self) -> impl Iterator<Item = u32> {
        let lasting = self.periods.iter().filter(|(_, it)| it.until.is_none());
        lasting.map(|(group, _)| *group)
    }

    /// The clock was set: times from before say nothing.
    pub(super) fn forget_times(&mut self) {
        self.periods.retain(|_, period| period.until.is_none());
        for period in self.periods.values_mut() {
            period.since = Duration::ZERO;
        }
        self.asked = self.asked.and(Some(Duration::ZERO));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn groups(numbers: &[u32]) -> Groups {
        numbers.iter().copied().collect()
    }

    fn join(numbers: &[u32]) -> GroupRequest {
        let wanted = groups(numbers);
        GroupRequest {
            wanted,
            leaves: false,
            is_valid: true,
        }
    }

    #[test]
    fn the_kernels_list_is_read_word_by_word() {
        assert_eq!(Groups::of_words(&[0b101, 0, 1]), groups(&[1, 3, 65]));
        assert_eq!(Groups::of_mask(1 << 31), groups(&[32]));
    }

    #[test]
    fn who_asks_for_a_group_is_no_member_until_the_kernel_says_so() {
        let mut memberships = Memberships::default();
        memberships.ask(SECOND, 8, join(&[7, 40]), &groups(&[]));
        assert!(!memberships.had(7, SECOND) && memberships.wants(7));
        // The call may not have been made yet.
        assert!(memberships.see(SECOND * 2, &groups(&[])).is_empty());
        assert!(memberships.is_open());
        memberships.note_return(8);
        assert_eq!(memberships.see(SECOND * 3, &groups(&[7])), [40]);
        assert!(!memberships.is_open() && !memberships.wants(40));
        let had = [0, 1, 2].map(|time| memberships.had(7, SECOND * time));
        assert_eq!(had, [false, true, true]);
    }

    #[test]
    fn who_is_seen_to_have_all_that_was_asked_for_is_not_looked_at_again() {
        let mut memberships = Memberships::default();
        memberships.ask(SECOND, 8, join(&[7]), &groups(&[]));
        memberships.see(SECOND * 2, &groups(&[7, 9]));
        assert!(!memberships.is_open() && memberships.had(7, SECOND));
    }

    #[test]
    fn what_everybody_gets_counts_before_a_look() {
        let mut memberships = Memberships::default();
        memberships.ask(SECOND, 8, join(&[7]), &groups(&[7]));
        assert!(memberships.had(7, SECOND) && memberships.is_open());
        // The socket was closed before.
        memberships.settle();
        assert!(memberships.had(7, SECOND * 2));
    }

    #[test]
    fn who_asks_to_leave_a_group_was_a_member_until_then_if_the_kernel_lets_go() {
        let mut memberships = Memberships::old(&groups(&[7, 8]));
        let leaves = true;
        let request = GroupRequest {
            leaves,
            ..join(&[])
        };
        memberships.ask(SECOND, 8, request, &groups(&[]));
        memberships.note_return(8);
        memberships.see(SECOND * 3, &groups(&[8]));
        let had = [0, 1, 2].map(|time| memberships.had(7, SECOND * time));
        assert_eq!(had, [true, true, false]);
        assert!(memberships.had(8, SECOND * 9), "that one was refused");
        // In again.
        memberships.see(SECOND * 4, &groups(&[7, 8]));
        assert!(memberships.had(7, SECOND * 4) && !memberships.had(7, SECOND * 3));
    }

    #[test]
    fn the_table_of_sockets_shows_the_first_32_groups() {
        let mut memberships = Memberships::old(&groups(&[ALL_NSID, 1, 33]));
        memberships.see_first(SECOND, 0b10);
        assert_eq!(memberships.now().collect::<Vec<_>>(), [ALL_NSID, 2, 33]);
    }
}
