// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap report`: what recordings say, one by one and side by side.

use std::fmt;

use anyhow::anyhow;

use super::args::report::ReportArgs;
use super::show::say_remarks;
use crate::exit::Exit;
use crate::messages::specs::Specs;
use crate::report;
use crate::terminal::text::escape_os;

/// Runs `nlcap report`.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let output = args.output.output()?;
    let specs = Specs::gather(&args.output.spec)?;
    let mut groups = Vec::new();
    let mut recordings = Vec::new();
    for path in &args.files {
        let cannot_read =
            |error: &dyn fmt::Display| anyhow!("cannot read {}: {error}", escape_os(path));
        if path.extension().is_some_and(|it| it == "json") {
            let report =
                report::read_report(path).map_err(|error| cannot_read(&format!("{error:#}")))?;
            groups.extend(report.groups);
        } else {
            let recording = report::recording(&specs, path).map_err(|error| cannot_read(&error))?;
            say_remarks(&escape_os(path), &recording.remarks);
            recordings.push(recording);
        }
    }
    if !recordings.is_empty() {
        groups.push(report::group(args.output.title.clone(), recordings));
    }
    report::write(&report::report(groups, args.output.about.clone()), &output)?;
    Ok(Exit::Success)
}
