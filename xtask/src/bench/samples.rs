// SPDX-License-Identifier: GPL-2.0-or-later
//! Times of several rounds, and what they come to.

use serde::{Deserialize, Serialize};

/// What one contender needed for one thing, a figure a round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Samples {
    /// Microseconds for one request and its whole answer.
    pub(super) us: Vec<f64>,
    /// Bytes of one answer.
    pub(super) bytes: usize,
    /// Messages of one answer, without what ends a dump.
    pub(super) messages: usize,
}

impl Samples {
    /// The least figure: what the noise of the machine adds to least.
    pub(super) fn min(&self) -> f64 {
        self.us.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.us.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    /// Greatest minus least, as a share of the median.
    pub(super) fn spread(&self) -> f64 {
        let max = self.us.iter().copied().fold(0.0, f64::max);
        (max - self.min()) / self.median()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_spread_are_of_the_sorted_figures() {
        let samples = |us: &[f64]| Samples {
            us: us.to_vec(),
            ..Samples::default()
        };
        assert_eq!(
            samples(&[3.0, 1.0, 2.0]).median().to_bits(),
            2.0_f64.to_bits()
        );
        assert_eq!(
            samples(&[4.0, 1.0, 2.0, 3.0]).median().to_bits(),
            2.5_f64.to_bits()
        );
        assert_eq!(samples(&[4.0, 2.0, 3.0]).min().to_bits(), 2.0_f64.to_bits());
        assert!((samples(&[4.0, 2.0, 3.0]).spread() - 2.0 / 3.0).abs() < 1e-9);
    }
}
