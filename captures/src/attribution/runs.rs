// SPDX-License-Identifier: GPL-2.0-or-later
//! What one of our sockets has heard, held against the frames of its multicasts.
//!
//! # Design decisions
//!
//! - Each receiver's copy is a frame, and the kernel gives a multicast to all before the
//!   next: so the frames come in the order in which we have heard. The same bytes can be
//!   said again, as when a link goes up, down and up: only the order tells which is which.
//! - Where the order is not kept, as between two processors, nothing is lost: what was
//!   heard and has had no frame yet takes a late one.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// What one frame of a multicast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// The first receiver's.
    First(u32),
    /// Another receiver's of the group: its number, from 2 on, ours not counted.
    Another(u32, u32),
    /// The one that was for us.
    Ours,
}

/// A message as often as it was said without another between.
struct Run {
    bytes: Rc<[u8]>,
    group: u32,
    heard: u32,
    /// How many of these have had their first frame, and ours; and the other frames.
    first: u32,
    ours: u32,
    others: u32,
    last: Duration,
}

/// Where in the order something was said.
#[derive(Default)]
struct Places {
    /// Where there are first frames to come.
    open: VecDeque<u64>,
    last: u64,
}

/// What was heard, in order.
#[derive(Default)]
pub(super) struct Runs {
    all: VecDeque<Run>,
    /// The number of the first of them.
    begin: u64,
    by_bytes: HashMap<Rc<[u8]>, Places>,
    /// The one that the latest frame belonged to.
    current: Option<u64>,
}

/// How well a frame fits what was heard, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Its frame is late.
    Late,
    /// It is what the latest frame was.
    Current,
    /// It is what comes next.
    Next,
    /// All was given out.
    Past,
}

impl Runs {
    /// Takes what was said.
    pub(super) fn hear(&mut self, now: Duration, bytes: &[u8], group: u32) {
        let next = self.begin + self.all.len() as u64;
        if let Some(run) = self.all.back_mut()
            && *run.bytes == *bytes
            && run.group == group
        {
            if run.first == run.heard
                && let Some(places) = self.by_bytes.get_mut(bytes)
            {
                places.open.push_back(next - 1);
            }
            run.heard += 1;
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
            heard: 1,
            first: 0,
            ours: 0,
            others: 0,
            last: now,
        });
    }

    /// Which one a frame with these bytes belongs to.
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

    /// Gives it one more frame.
    pub(super) fn take(&mut self, number: u64) -> Option<Copy> {
        let at = usize::try_from(number.checked_sub(self.begin)?).ok()?;
        let run = self.all.get_mut(at)?;
        self.current = self.current.max(Some(number));
        Some(if run.first < run.heard {
            run.first += 1;
            if run.first == run.heard
                && let Some(places) = self.by_bytes.get_mut(&run.bytes)
            {
                places.open.retain(|open| *open != number);
            }
            Copy::First(run.group)
        } else if run.ours < run.heard {
            run.ours += 1;
            Copy::Ours
        } else {
            run.others += 1;
            Copy::Another(run.group, 1 + run.others.div_ceil(run.heard))
        })
    }

    /// Forgets what was heard before a time.
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

    /// Remembers all as if it had been heard now.
    pub(super) fn renew(&mut self, now: Duration) {
        for run in &mut self.all {
            run.last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    fn heard(all: &[&[u8]]) -> Runs {
        let mut runs = Runs::default();
        for bytes in all {
            runs.hear(NOW, bytes, 7);
        }
        runs
    }

    fn takes(runs: &mut Runs, all: &[&[u8]]) -> Vec<Option<Copy>> {
        let take = |bytes: &&[u8]| runs.find(bytes).and_then(|(_, number)| runs.take(number));
        all.iter().map(take).collect()
    }

    const FIRST: Option<Copy> = Some(Copy::First(7));
    const UP: &[u8] = b"up";
    const OURS: Option<Copy> = Some(Copy::Ours);

    #[test]
    fn what_is_said_again_comes_in_its_order() {
        let mut runs = heard(&[b"up", b"down", b"up", b"down"]);
        let frames: &[&[u8]] = &[b"up", b"up", b"down", b"down"];
        for _ in 0..2 {
            let copies = takes(&mut runs, frames);
            assert_eq!(copies, [FIRST, OURS, FIRST, OURS]);
        }
        assert_eq!(takes(&mut runs, &[b"other"]), [None]);
    }

    #[test]
    fn other_receivers_are_numbered_for_each_time_it_was_said() {
        let mut runs = heard(&[b"up", b"up", b"down"]);
        let copies = takes(&mut runs, &[UP; 8]);
        let another = |number| Some(Copy::Another(7, number));
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
        assert_eq!(copies, expected);
        // Heard later, and right after the same.
        let mut runs = heard(&[b"up"]);
        assert_eq!(takes(&mut runs, &[UP; 3]), [FIRST, OURS, another(2)]);
        runs.hear(NOW, b"up", 7);
        assert_eq!(takes(&mut runs, &[UP; 2]), [FIRST, OURS]);
    }

    #[test]
    fn a_late_frame_is_not_lost() {
        let mut runs = heard(&[b"up", b"down", b"up"]);
        let copies = takes(&mut runs, &[b"down", b"up", b"up", b"up", b"up"]);
        assert_eq!(copies[..2], [FIRST, FIRST]);
        assert_eq!(copies.iter().filter(|copy| **copy == FIRST).count(), 3);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut runs = heard(&[b"up", b"down"]);
        runs.hear(NOW * 2, b"up", 7);
        runs.forget(NOW * 2);
        assert_eq!(takes(&mut runs, &[b"down", b"up"]), [None, FIRST]);
        runs.renew(NOW * 4);
        runs.forget(NOW * 3);
        assert_eq!(takes(&mut runs, &[b"up"]), [OURS]);
        runs.forget(NOW * 5);
        assert!(runs.by_bytes.is_empty() && runs.all.is_empty());
    }
}
