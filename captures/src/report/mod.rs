// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap report`: figures of recordings, side by side.

mod figures;
mod table;

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use anyhow::anyhow;

use self::figures::Figures;
use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::file::reader::{ReadError, read};
use crate::text::{Reason, escape_os};

/// A column of the table.
struct Column {
    title: String,
    figures: Figures,
}

/// Runs `nlcap report`.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let columns = args
        .files
        .iter()
        .map(|path| column(path).map_err(|e| anyhow!("cannot read {}: {e}", escape_os(path))))
        .collect::<anyhow::Result<Vec<_>>>()?;
    match writeln!(io::stdout(), "{}", table::render(&columns)) {
        // Who reads the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write the table: {}", Reason(error)))
        }
        _ => Ok(Exit::Success),
    }
}

fn column(path: &Path) -> Result<Column, ReadError> {
    let file = File::open(path).map_err(|error| ReadError::Io(Reason(error)))?;
    let mut figures = Figures::default();
    let about = read(BufReader::new(file), &mut |packet| figures.add(packet))?;
    figures.lost = about.dropped;
    // A file of another program does not say what was recorded.
    let title = about.command.map_or_else(|| escape_os(path), |command| crate::text::escape(&command));
    Ok(Column { title, figures })
}
