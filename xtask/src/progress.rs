// SPDX-License-Identifier: GPL-2.0-or-later
//! How far a long program is: one moving line on a terminal, a line a minute elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt,
    io::IsTerminal,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A stage that took less is not worth a line of its own when it is done.
const WORTH_A_LINE: Duration = Duration::from_secs(10);

/// So many steps say how long the others will take.
const ENOUGH: u64 = 100;

/// A stage under way. Nothing is shown of one that makes no step.
pub(crate) struct Progress {
    title: String,
    start: Instant,
    /// Hidden where there is no terminal; it counts there too.
    bar: ProgressBar,
    minutes: Option<Minutes>,
    shown: bool,
}

impl Progress {
    /// Of `total` steps, or of an unknown number (0).
    pub(crate) fn new(title: &str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        Self {
            title: title.to_owned(),
            start: Instant::now(),
            bar,
            minutes: None,
            shown: false,
        }
    }

    /// One step more.
    pub(crate) fn step(&mut self) {
        if !self.shown {
            self.show();
        }
        self.bar.inc(1);
    }

    fn show(&mut self) {
        self.shown = true;
        if std::io::stderr().is_terminal() {
            // A line that is wider than the terminal would not be one.
            let style = ProgressStyle::with_template("{spinner} {prefix} {state} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner())
                .with_key("state", |bar: &ProgressState, to: &mut dyn fmt::Write| {
                    let _ = to.write_str(&state(bar.pos(), bar.len(), bar.elapsed()));
                });
            self.bar.set_style(style);
            self.bar.set_prefix(self.title.clone());
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(200));
        } else {
            eprintln!("{} …", self.title);
            self.minutes = Some(Minutes::new(self.title.clone(), self.bar.clone()));
        }
    }

    /// It ended well.
    pub(crate) fn done(self) {
        let took = self.start.elapsed();
        self.bar.finish_and_clear();
        drop(self.minutes);
        if self.shown && took >= WORTH_A_LINE {
            eprintln!("{}: {}", self.title, words(took));
        }
    }

    /// It failed, which the caller reports.
    pub(crate) fn failed(self) {
        self.bar.finish_and_clear();
    }
}

/// Says each minute that something moves, for who watches a log; until it is dropped.
struct Minutes {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Minutes {
    fn new(title: String, bar: ProgressBar) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let minute = Duration::from_secs(60);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(minute) == Err(mpsc::RecvTimeoutError::Timeout) {
                let state = state(bar.position(), bar.length(), bar.elapsed());
                eprintln!("{title} … {state}");
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Minutes {
    fn drop(&mut self) {
        self.stop.take();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// How far it is at the `at`th of `total` steps, and how long that may go on.
fn state(at: u64, total: Option<u64>, elapsed: Duration) -> String {
    let took = words(elapsed);
    let Some(total) = total.filter(|it| *it > 0) else {
        return took;
    };
    // The total is a guess.
    let percent = (at * 100 / total).min(99);
    if at < ENOUGH.min(total) {
        return format!("{percent}%, {took}");
    }
    let left = elapsed.mul_f64(total.saturating_sub(at) as f64 / at as f64);
    format!("{percent}%, {took}, about {} left", words(left))
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{seconds} s"),
        seconds => format!("{} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_once_a_hundred_steps_are_done() {
        let state = |at, total, seconds| state(at, Some(total), Duration::from_secs(seconds));
        assert_eq!(state(99, 1650, 40), "6%, 40 s");
        assert_eq!(state(165, 1650, 60), "10%, 60 s, about 9 min left");
        // More steps than were guessed.
        assert_eq!(state(1700, 1650, 600), "99%, 10 min, about 0 s left");
        assert_eq!(state(7, 0, 200), "3 min");
    }
}
