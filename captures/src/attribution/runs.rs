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

/// Whom a multicast was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Audience {
    pub(super) group: u32,
    /// It was sent in another network namespace: only who listens to all heard it.
    pub(super) is_foreign: bool,
}

/// How much of what was received is remembered, in bytes.
const BYTES: usize = 1 << 23;

/// Which copy of a multicast a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MulticastCopy {
    /// The first receiver's.
    First(Audience),
    /// Another receiver's: its number, from 2 on, ours not counted.
    Another(Audience, u32),
    /// The one that was for us.
    Ours,
}

/// A message as often as it was received without another between. A run of three for which
/// there is one more receiver has nine frames: three first ones, three of ours, three others.
struct Run {
    bytes: Rc<[u8]>,
    audience: Audience,
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
    /// Bytes of all runs.
    bytes: usize,
    /// How many were forgotten before their frames came.
    pub(super) lost: u64,
    /// The one that the latest frame belonged to.
    current: Option<u64>,
}

impl Runs {
    /// Adds a message that was received.
    pub(super) fn push(&mut self, now: Duration, bytes: &[u8], audience: Audience) {
        let next = self.begin + self.all.len() as u64;
        if let Some(run) = self.all.back_mut()
            && *run.bytes == *bytes
            && run.audience == audience
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
        self.bytes += bytes.len();
        self.all.push_back(Run {
            bytes,
            audience,
            received: 1,
            first: 0,
            ours: 0,
            others: 0,
            last: now,
        });
        while self.bytes > BYTES
            && let Some(run) = self.pop()
        {
            self.lost += u64::from(run.first < run.received);
        }
    }

    /// The number of the run that a frame with these bytes belongs to.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<u64> {
        let places = self.by_bytes.get(bytes)?;
        let is_current = |number: &u64| self.run(*number).is_some_and(|run| *run.bytes == *bytes);
        let current = self.current.filter(is_current);
        let open = places.open.front().copied();
        // The late frame of a run before the current one comes first. Where all runs of these
        // bytes have had their frames, it is one more receiver's.
        let late = open.filter(|open| Some(*open) < self.current);
        late.or(current).or(open).or(Some(places.last))
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
            MulticastCopy::First(run.audience)
        } else if run.ours < run.received {
            run.ours += 1;
            MulticastCopy::Ours
        } else {
            run.others += 1;
            MulticastCopy::Another(run.audience, 1 + run.others.div_ceil(run.received))
        })
    }

    /// Forgets what was received before a time.
    pub(super) fn forget(&mut self, old: Duration) {
        while self.all.front().is_some_and(|run| run.last < old) {
            self.pop();
        }
    }

    /// Takes the oldest.
    fn pop(&mut self) -> Option<Run> {
        let run = self.all.pop_front()?;
        self.bytes -= run.bytes.len();
        if let Some(places) = self.by_bytes.get_mut(&run.bytes) {
            places.open.retain(|open| *open != self.begin);
            if places.last == self.begin {
                self.by_bytes.remove(&run.bytes);
            }
        }
        self.begin += 1;
        Some(run)
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
    const ALL: Audience = Audience {
        group: 7,
        is_foreign: false,
    };

    fn received(all: &[&[u8]]) -> Runs {
        let mut runs = Runs::default();
        for bytes in all {
            runs.push(NOW, bytes, ALL);
        }
        runs
    }

    fn copies(runs: &mut Runs, all: &[&[u8]]) -> Vec<Option<MulticastCopy>> {
        let take = |bytes: &&[u8]| runs.find(bytes).and_then(|number| runs.take(number));
        all.iter().map(take).collect()
    }

    const FIRST: Option<MulticastCopy> = Some(MulticastCopy::First(ALL));
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
        let another = |number| Some(MulticastCopy::Another(ALL, number));
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
        runs.push(NOW, b"up", ALL);
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
        runs.push(NOW * 2, b"up", ALL);
        runs.forget(NOW * 2);
        assert_eq!(copies(&mut runs, &[b"down", b"up"]), [None, FIRST]);
        runs.forget_times(NOW * 4);
        runs.forget(NOW * 3);
        assert_eq!(copies(&mut runs, &[b"up"]), [OURS]);
        runs.forget(NOW * 5);
        assert!(runs.by_bytes.is_empty() && runs.all.is_empty());
    }

    #[test]
    fn no_more_than_so_many_bytes_are_remembered() {
        let mut runs = Runs::default();
        for number in 0..100_u8 {
            runs.push(NOW, &vec![number; BYTES / 10], ALL);
        }
        assert!(runs.bytes <= BYTES && runs.all.len() <= 10);
        assert_eq!(runs.lost, 100 - runs.all.len() as u64);
        assert_eq!(copies(&mut runs, &[&vec![99; BYTES / 10]]), [FIRST]);
    }
}
