// SPDX-License-Identifier: GPL-2.0-or-later
//! What recordings say, one by one and side by side.
//!
//! [`mod@collect`] goes once over the messages of a recording and keeps sums, [`compare`] sets
//! recordings side by side, and what comes of both is plain data ([`model`]), which each
//! format in [`export`] renders. Nothing here knows the command line.

mod collect;
mod compare;
mod explain;
pub(crate) mod export;
mod measurement;
mod model;

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use self::collect::{Collection, collect};
pub(crate) use self::compare::group;
use self::export::Format;
pub(crate) use self::measurement::{Measurement, measured};
use self::model::{FORM, Group, Report};
use crate::file::reader::ReadError;
use crate::messages::specs::Specs;
use crate::terminal::colour::Color;
use crate::terminal::paint::Paint;
use crate::terminal::text::{Reason, escape_os};

/// Where a report goes.
pub(crate) struct Output {
    /// Files, each in its format.
    pub(crate) files: Vec<(PathBuf, Format)>,
    /// The format on standard output, where it goes there too.
    pub(crate) stdout: Option<Format>,
    /// When there is colour there.
    pub(crate) color: Color,
}

/// The report of these groups.
pub(crate) fn report(groups: Vec<Group>, about: Option<String>) -> Report {
    Report {
        form: FORM,
        by: format!("nlcap {}", env!("CARGO_PKG_VERSION")),
        about,
        groups,
    }
}

/// A recording, from a file or from standard input.
pub(crate) fn recording(specs: &Specs, path: &Path) -> Result<Collection, ReadError> {
    let file: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(|error| ReadError::Io(Reason(error)))?),
    };
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
    collect(specs, file, name)
}

/// A report that was written as JSON.
pub(crate) fn read_report(path: &Path) -> anyhow::Result<Report> {
    let text = fs::read_to_string(path).map_err(|error| anyhow!("{}", Reason(error)))?;
    let report: Report = serde_json::from_str(&text).context("not an nlcap report")?;
    if report.form != FORM {
        bail!("report format {}, expected {FORM}", report.form);
    }
    Ok(report)
}

/// Writes the report to all files that are wanted, and to standard output.
pub(crate) fn write(report: &Report, output: &Output) -> anyhow::Result<()> {
    for (path, format) in &output.files {
        let text = format.exporter(Paint(false)).render(report)?;
        fs::write(path, text)
            .map_err(|error| anyhow!("cannot write {}: {}", escape_os(path), Reason(error)))?;
    }
    let Some(format) = output.stdout else {
        return Ok(());
    };
    let paint = Paint(output.color.is_on(io::stdout().is_terminal()));
    let text = format.exporter(paint).render(report)?;
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        // Who reads the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write the report: {}", Reason(error)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
