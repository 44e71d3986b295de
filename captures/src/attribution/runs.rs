// SPDX-License-Identifier: GPL-2.0-or-later
//! The multicasts that one of our sockets has received, compared with their frames.
//!
//! # Design decisions
//!
//! - Each receiver's copy is a frame, and the kernel gives a multicast to all before the
//!   next: so the frames come in the order in which we have received. The same bytes can be
//!   sent again, as when a link goes up, down and up: only the order distinguishes them.
//! - Where the order is not kept, as between two processors, nothing is lost: what was
//!   received and has had no frame yet takes a late one.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// Which copy of a multicast a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MulticastCopy {
    /// The first receiver's.
    First(u32),
    /// Another receiver's of the group: its number, from 2 on, ours not counted.
    Another(u32, u32),
    /// The one that was for us.
    Ours,
}

/// A message as often as it was received without another between. A run of three for which
/// there is one more receiver has nine frames: three first ones, three of ours, three others.
struct Run {
    bytes: Rc<[u8]>,
    group: u32,
    received: u32,
    /// How many of these have had their first frame, and ours; and the other frames.
    first: u32,
    ours: u32,
    others: u32,
    last: Duration,
}

/// Where in the order some bytes were received, by the numbers of their runs.
#[derive(Default)]
struct Places {
    /// Where there are first frames to come.
    open: VecDeque<u64>,
    last: u64,
}

/// What was received, in order: runs are numbered, and the oldest are forgotten.
#[derive(Default)]
pub(super) struct Runs {
    all: VecDeque<Run>,
    /// The number of the first of them.
    begin: u64,
    by_bytes: HashMap<Rc<[u8]>, Places>,
    /// The one that the latest frame belonged to.
    current: Option<u64>,
}

/// How well a frame fits what was received, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is the late frame of a run before the current one.
    Late,
    /// It belongs to the current run, as the latest frame did.
    Current,
    /// It begins the next run.
    Next,
    /// All runs of these bytes have had their frames: it is one more receiver's.
    Past,
}

impl Runs {
    /// Adds a message that was received.
    pub(super) fn push(&mut self, now: Duration, bytes: &[u8], group: u32) {
        let next = self.begin + self.all.len() as u64;
        if let Some(run) = self.all.back_mut()
            && *run.bytes == *bytes
            && run.group == group
        {
            if run.first == run.received
                && let Some(places) = self.by_bytes.get_mut(bytes)
            {
                places.open.push_back(next - 1);
            }
            run.received += 1;
            run.last = now;
            return;
        }
        let bytes: Rc<[u8]> = bytes.into();
        let places = self.by_bytes.entry(bytes.clone()).or_default();
        places.open.push_back(next);
        places.last = next;
        self.all.push_back(Run {
            bytes,
            group,
            received: 1,
            first: 0,
            ours: 0,
            others: 0,
            last: now,
        });
    }

    /// Which run a frame with these bytes belongs to.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<(Fit, u64)> {
        let places = self.by_bytes.get(bytes)?;
        let is_current = |number: &u64| self.run(*number).is_some_and(|run| *run.bytes == *bytes);
        let current = self.current.filter(is_current);
        let open = places.open.front().copied();
        Some(match (open, current) {
            (Some(open), _) if Some(open) < self.current => (Fit::Late, open),
            (_, Some(current)) => (Fit::Current, current),
            (Some(open), None) => (Fit::Next, open),
            (None, None) => (Fit::Past, places.last),
        })
    }

    fn run(&self, number: u64) -> Option<&Run> {
        self.all
            .get(usize::try_from(number.checked_sub(self.begin)?).ok()?)
    }

    /// Gives that run one more frame, and says which copy it is.
    pub(super) fn take(&mut self, number: u64) -> Option<MulticastCopy> {
        let at = usize::try_from(number.checked_sub(self.begin)?).ok()?;
        let run = self.all.get_mut(at)?;
        self.current = self.current.max(Some(number));
        Some(if run.first < run.received {
            run.first += 1;
            if run.first == run.received
                && let Some(places) = self.by_bytes.get_mut(&run.bytes)
            {
                places.open.retain(|open| *open != number);
            }
            MulticastCopy::First(run.group)
        } else if run.ours < run.received {
            run.ours += 1;
            MulticastCopy::Ours
        } else {
            run.others += 1;
            MulticastCopy::Another(run.group, 1 + run.others.div_ceil(run.received))
        })
    }

    /// Forgets what was received before a time.
    pub(super) fn forget(&mut self, old: Duration) {
        while self.all.front().is_some_and(|run| run.last < old)
            && let Some(run) = self.all.pop_front()
        {
            if let Some(places) = self.by_bytes.get_mut(&run.bytes) {
                places.open.retain(|open| *open != self.begin);
                if places.last == self.begin {
                    self.by_bytes.remove(&run.bytes);
                }
            }
            self.begin += 1;
        }
    }

    /// Remembers all as if it had been received now.
    pub(super) fn forget_times(&mut self, now: Duration) {
        for run in &mut self.all {
            run.last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    fn received(all: &[&[u8]]) -> Runs {
        let mut runs = Runs::default();
        for bytes in all {
            runs.push(NOW, bytes, 7);
        }
        runs
    }

    fn copies(runs: &mut Runs, all: &[&[u8]]) -> Vec<Option<MulticastCopy>> {
        let take = |bytes: &&[u8]| runs.find(bytes).and_then(|(_, number)| runs.take(number));
        all.iter().map(take).collect()
    }

    const FIRST: Option<MulticastCopy> = Some(MulticastCopy::First(7));
    const UP: &[u8] = b"up";
    const OURS: Option<MulticastCopy> = Some(MulticastCopy::Ours);

    #[test]
    fn what_is_said_again_comes_in_its_order() {
        let mut runs = received(&[b"up", b"down", b"up", b"down"]);
        let frames: &[&[u8]] = &[b"up", b"up", b"down", b"down"];
        for _ in 0..2 {
            let all = copies(&mut runs, frames);
            assert_eq!(all, [FIRST, OURS, FIRST, OURS]);
        }
        assert_eq!(copies(&mut runs, &[b"other"]), [None]);
    }

    #[test]
    fn other_receivers_are_numbered_for_each_time_it_was_said() {
        let mut runs = received(&[b"up", b"up", b"down"]);
        let all = copies(&mut runs, &[UP; 8]);
        let another = |number| Some(MulticastCopy::Another(7, number));
        let expected = [
            FIRST,
            FIRST,
            OURS,
            OURS,
            another(2),
            another(2),
            another(3),
            another(3),
        ];
        assert_eq!(all, expected);
        // Heard later, and right after the same.
        let mut runs = received(&[b"up"]);
        assert_eq!(copies(&mut runs, &[UP; 3]), [FIRST, OURS, another(2)]);
        runs.push(NOW, b"up", 7);
        assert_eq!(copies(&mut runs, &[UP; 2]), [FIRST, OURS]);
    }

    #[test]
    fn a_late_frame_is_not_lost() {
        let mut runs = received(&[b"up", b"down", b"up"]);
        let all = copies(&mut runs, &[b"down", b"up", b"up", b"up", b"up"]);
        assert_eq!(all[..2], [FIRST, FIRST]);
        assert_eq!(all.iter().filter(|copy| **copy == FIRST).count(), 3);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut runs = received(&[b"up", b"down"]);
        runs.push(NOW * 2, b"up", 7);
        runs.forget(NOW * 2);
        assert_eq!(copies(&mut runs, &[b"down", b"up"]), [None, FIRST]);
        runs.forget_times(NOW * 4);
        runs.forget(NOW * 3);
        assert_eq!(copies(&mut runs, &[b"up"]), [OURS]);
        runs.forget(NOW * 5);
        assert!(runs.by_bytes.is_empty() && runs.all.is_empty());
    }
}
