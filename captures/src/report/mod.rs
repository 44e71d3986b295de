// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap report`: what recordings say, one by one and side by side.

pub(crate) mod args;
mod collect;
mod compare;
mod explain;
pub(crate) mod export;
mod measured;
mod model;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use self::args::{OutputArgs, ReportArgs, format_of};
use self::collect::{Collected, collect};
use self::export::Format;
pub(crate) use self::measured::{Measured, measured};
use self::model::{FORM, Group, Report};
use crate::exit::Exit;
use crate::file::reader::ReadError;
use crate::show::paint::Paint;
use crate::show::specs::Specs;
use crate::text::{Reason, escape_os};

/// Bytes gathered for one read(2).
const BUFFER: usize = 1 << 17;

/// Runs `nlcap report`.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    args.output.check()?;
    let specs = Specs::gather(&args.output.spec)?;
    let mut groups = Vec::new();
    let mut recordings = Vec::new();
    for path in &args.files {
        let cannot_read =
            |error: &dyn fmt::Display| anyhow!("cannot read {}: {error}", escape_os(path));
        if path.extension().is_some_and(|it| it == "json") {
            let report = read_report(path).map_err(|error| cannot_read(&format!("{error:#}")))?;
            groups.extend(report.groups);
        } else {
            let recording = recording(&specs, path).map_err(|error| cannot_read(&error))?;
            recordings.push(recording);
        }
    }
    if !recordings.is_empty() {
        groups.push(compare::group(args.output.title.clone(), recordings));
    }
    write(&report(groups, args.output.about.clone()), &args.output)
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
pub(crate) fn recording(specs: &Specs, path: &Path) -> Result<Collected, ReadError> {
    let file: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(|error| ReadError::Io(Reason(error)))?),
    };
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
    collect(specs, BufReader::with_capacity(BUFFER, file), name)
}

/// A report that was written as JSON.
fn read_report(path: &Path) -> anyhow::Result<Report> {
    let text = fs::read_to_string(path).map_err(|error| anyhow!("{}", Reason(error)))?;
    let report: Report = serde_json::from_str(&text).context("it is no report of nlcap")?;
    if report.form != FORM {
        bail!("it is a report of form {}, not {FORM}", report.form);
    }
    Ok(report)
}

/// Writes the report to all files that are wanted, and to standard output where
/// there is none, or a format is wanted there.
pub(crate) fn write(report: &Report, args: &OutputArgs) -> anyhow::Result<Exit> {
    for path in &args.output {
        let format = format_of(path)?;
        let text = format.exporter(Paint(false)).render(report)?;
        fs::write(path, text)
            .map_err(|error| anyhow!("cannot write {}: {}", escape_os(path), Reason(error)))?;
    }
    if !args.output.is_empty() && args.format.is_none() {
        return Ok(Exit::Success);
    }
    let format = args.format.unwrap_or(Format::Text);
    let paint = Paint(args.color.is_on(io::stdout().is_terminal()));
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
        _ => Ok(Exit::Success),
    }
}

#[cfg(test)]
mod tests;
