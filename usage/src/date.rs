// SPDX-License-Identifier: GPL-2.0-or-later
//! The date at a page's foot.

use std::time::{SystemTime, UNIX_EPOCH};

/// The day of `SOURCE_DATE_EPOCH`, where builds that shall give the same bytes set it, or today's
/// (UTC), as in 2026-01-31.
pub(crate) fn today() -> String {
    let set = std::env::var("SOURCE_DATE_EPOCH");
    let seconds = set.ok().and_then(|text| text.parse().ok());
    of(seconds.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |it| it.as_secs())
    }))
}

/// The day of a second since 1970, of the Gregorian calendar.
fn of(seconds: u64) -> String {
    let divides = |number: u64, year: u64| year.is_multiple_of(number);
    let is_leap = |year| divides(4, year) && (!divides(100, year) || divides(400, year));
    // Far beyond any calendar there is no day to find.
    let mut days = (seconds / 86_400).min(3_000_000);
    let mut year = 1970;
    loop {
        let length = 365 + u64::from(is_leap(year));
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_since_1970_has_the_day_that_date_says() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_798_761_599, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(of(seconds), day);
        }
        assert!(of(u64::MAX).len() >= 10);
    }
}
