// SPDX-License-Identifier: GPL-2.0-or-later
//! The time, and whether the clock was set: frames carry its time, and all is decided by
//! that.

use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};

/// The time since the epoch.
pub(crate) fn now() -> Duration {
    // A clock before 1970 gives 0: still a time.
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// Less is what the reading itself takes.
const STEP: Duration = Duration::from_millis(10);

/// How often a reading is made again that may have been interrupted.
const TRIES: u32 = 4;

/// How far the clock is ahead of the time since the machine began, both slewed alike.
#[derive(Default)]
pub(crate) struct Clock(Option<Duration>);

impl Clock {
    /// Whether the clock was set since the last call.
    pub(crate) fn was_set(&mut self) -> bool {
        let Some(now) = read() else {
            return false;
        };
        if self.0.is_none() || self.is_step(now) {
            // Something may have come between the two readings.
            let lowest = (0..TRIES).filter_map(|_| read()).fold(now, Duration::min);
            let was_set = self.is_step(lowest);
            self.0 = Some(lowest);
            return was_set;
        }
        false
    }

    fn is_step(&self, now: Duration) -> bool {
        self.0.is_some_and(|before| before.abs_diff(now) > STEP)
    }
}

/// How far the clock is ahead; a little more where this is interrupted.
fn read() -> Option<Duration> {
    let get = |clock| clock_gettime(clock).ok().map(Duration::from);
    let before = get(ClockId::CLOCK_BOOTTIME)?;
    Some(get(ClockId::CLOCK_REALTIME)?.saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_reported_once_and_no_step_never() {
        let mut clock = Clock::default();
        assert!(!clock.was_set() && !clock.was_set());
        let hour = Duration::from_secs(3600);
        clock.0 = clock.0.map(|ahead| ahead + hour);
        assert!(clock.was_set(), "back");
        assert!(!clock.was_set());
        clock.0 = clock.0.map(|ahead| ahead - hour);
        assert!(clock.was_set(), "forward");
        assert!(!clock.was_set());
    }
}
