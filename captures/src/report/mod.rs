// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap report`: figures of recordings, side by side.

mod figures;
mod table;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use anyhow::{Context, anyhow};

use self::figures::{Counter, Figures, Listing};
use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::file::reader::{ReadError, read};
use crate::text::{Reason, escape, escape_os};

/// A column of the table.
struct Column {
    title: String,
    figures: Figures,
}

/// Runs `nlcap report`.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let listing = Listing::of_nl_util().context("the built-in nl_util lists no interfaces")?;
    let mut columns = Vec::new();
    for path in &args.files {
        let column = open(path).and_then(|file| column(&listing, file, path));
        columns.push(column.map_err(|e| anyhow!("cannot read {}: {e}", escape_os(path)))?);
    }
    match writeln!(io::stdout(), "{}", table::render(&columns)) {
        // Who reads the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write the table: {}", Reason(error)))
        }
        _ => Ok(Exit::Success),
    }
}

fn open(path: &Path) -> Result<impl Read + use<>, ReadError> {
    let file = File::open(path).map_err(|error| ReadError::Io(Reason(error)))?;
    Ok(BufReader::new(file))
}

fn column(listing: &Listing, file: impl Read, path: &Path) -> Result<Column, ReadError> {
    let mut counter = Counter::new(listing);
    let about = read(file, &mut |packet| counter.add(packet))?;
    let figures = Figures {
        lost: about.dropped,
        ..counter.figures
    };
    // A file of another program does not say what was recorded.
    let title = about
        .command
        .map_or_else(|| escape_os(path), |command| escape(&command));
    Ok(Column { title, figures })
}

#[cfg(test)]
mod tests;
