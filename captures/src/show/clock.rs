// SPDX-License-Identifier: GPL-2.0-or-later
//! The time before each line, in the forms that tcpdump has.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::values::{push_decimal, push_digits};

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Time of day.
    Time,
    /// None (`-t`).
    None,
    /// Seconds since 1970 (`-tt`).
    Epoch,
    /// Since the line before (`-ttt`).
    Delta,
    /// Date and time of day (`-tttt`).
    Date,
    /// Since the first line (`-ttttt`).
    Relative,
}

impl Form {
    /// By how often `-t` was given.
    pub(super) fn of(count: u8) -> Self {
        match count {
            0 => Self::Time,
            1 => Self::None,
            2 => Self::Epoch,
            3 => Self::Delta,
            4 => Self::Date,
            _ => Self::Relative,
        }
    }
}

/// Writes times.
pub(super) struct Clock {
    form: Form,
    zone: TimeZone,
    first: Option<Duration>,
    before: Duration,
    /// The last second and its text: most lines share it.
    second: Option<u64>,
    text: String,
    shown: String,
}

impl Clock {
    pub(super) fn new(form: Form, zone: TimeZone) -> Self {
        Self {
            form,
            zone,
            first: None,
            before: Duration::ZERO,
            second: None,
            text: String::new(),
            shown: String::new(),
        }
    }

    /// The time since the epoch as text, of a line that is shown.
    pub(super) fn show(&mut self, time: Duration) -> &str {
        let first = *self.first.get_or_insert_with(|| {
            self.before = time;
            time
        });
        self.shown.clear();
        match self.form {
            Form::None => {}
            Form::Epoch => push_seconds(&mut self.shown, time),
            Form::Delta => push_difference(&mut self.shown, time, self.before),
            Form::Relative => push_difference(&mut self.shown, time, first),
            Form::Time | Form::Date => {
                if self.second != Some(time.as_secs()) {
                    self.second = Some(time.as_secs());
                    self.text = self.calendar(time);
                }
                self.shown.push_str(&self.text);
                self.shown.push('.');
                push_digits(&mut self.shown, time.subsec_nanos(), 9);
            }
        }
        self.before = time;
        &self.shown
    }

    fn calendar(&self, time: Duration) -> String {
        let stamp = i64::try_from(time.as_secs())
            .ok()
            .and_then(|it| Timestamp::from_second(it).ok());
        let Some(stamp) = stamp else {
            // Beyond the year 9999: a damaged file has such times.
            return format!("@{}", time.as_secs());
        };
        let zoned = stamp.to_zoned(self.zone.clone());
        let form = match self.form {
            Form::Date => "%Y-%m-%d %H:%M:%S",
            _ => "%H:%M:%S",
        };
        zoned.strftime(form).to_string()
    }
}

/// Seconds since 1970, to the nanosecond.
pub(super) fn push_seconds(out: &mut String, time: Duration) {
    push_decimal(out, time.as_secs().into());
    out.push('.');
    push_digits(out, time.subsec_nanos(), 9);
}

/// Packets of several taps need not be in order.
fn push_difference(out: &mut String, time: Duration, since: Duration) {
    if time < since {
        out.push('-');
    }
    push_seconds(out, time.abs_diff(since));
}
