// SPDX-License-Identifier: GPL-2.0-or-later
//! The same command recorded several times.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::collect::Collection;
use super::model::{Figures, Group, Rounds, Spread, WasteKind};
use super::{compare, recording};
use crate::file::reader::ReadError;
use crate::messages::specs::Specs;
use crate::terminal::text::escape_os;

/// What is kept of a round: its figures, and where its recording is.
pub(crate) struct Measurement {
    file: PathBuf,
    figures: Figures,
    success: bool,
    /// Bytes that the command printed.
    printed: u64,
}

impl Measurement {
    /// Reads the recording of a round.
    pub(crate) fn new(
        specs: &Specs,
        file: &Path,
        success: bool,
        printed: u64,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            file: file.to_owned(),
            figures: recording(specs, file)?.recording.figures,
            success,
            printed,
        })
    }
}

/// The group of these commands, each with its rounds.
pub(crate) fn measured(
    specs: &Specs,
    title: Option<String>,
    all: Vec<Vec<Measurement>>,
) -> anyhow::Result<Group> {
    let all = all.into_iter().map(|it| command(specs, it));
    let all: Vec<_> = all.collect::<anyhow::Result<_>>()?;
    Ok(compare::group(title, all))
}

/// The recording of median time, with the spread of all.
fn command(specs: &Specs, mut all: Vec<Measurement>) -> anyhow::Result<Collection> {
    let of = |figure: fn(&Figures) -> Option<u64>| {
        let values: Option<Vec<_>> = all.iter().map(|it| figure(&it.figures)).collect();
        values.and_then(spread)
    };
    let rounds = Rounds {
        count: u32::try_from(all.len()).unwrap_or(u32::MAX),
        failed: all.iter().filter(|it| !it.success).count() as u32,
        messages: of(|it| Some(it.messages)).unwrap_or_default(),
        bytes: of(|it| Some(it.bytes)).unwrap_or_default(),
        first_answer: of(|it| it.first_answer),
        time: of(|it| it.time),
    };
    all.sort_by_key(|it| it.figures.time);
    let median = &all[(all.len() - 1) / 2];
    let mut collected = recording(specs, &median.file)
        .map_err(|error| anyhow!("cannot read {}: {error}", escape_os(&median.file)))?;
    collected.recording.rounds = Some(rounds);
    for waste in &mut collected.recording.waste {
        if waste.kind == WasteKind::Unprinted {
            waste.printed = Some(median.printed);
        }
    }
    Ok(collected)
}

/// Least, middle and greatest; None of nothing.
fn spread(mut values: Vec<u64>) -> Option<Spread> {
    values.sort_unstable();
    Some(Spread {
        min: *values.first()?,
        median: *values.get((values.len() - 1) / 2)?,
        max: *values.last()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_even_number_the_lower_of_the_two_is_the_middle() {
        let of = |values: &[u64]| spread(values.to_vec()).map(|it| (it.min, it.median, it.max));
        assert_eq!(of(&[3, 1, 2]), Some((1, 2, 3)));
        assert_eq!(of(&[4, 1, 3, 2]), Some((1, 2, 4)));
        assert_eq!(of(&[]), None);
    }
}
