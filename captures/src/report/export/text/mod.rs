// SPDX-License-Identifier: GPL-2.0-or-later
//! Text for a terminal: aligned, at most [`WIDTH`] columns as far as names allow.

mod recording;

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Export, words};
use crate::report::model::{Comparison, Group, Level, Measure, Pair, Report};
use crate::terminal::paint::{Paint, Tint};
use crate::terminal::text::escape;

/// Columns of a terminal that most have.
const WIDTH: usize = 100;

/// The widest column of a table; a longer text is broken.
const WIDEST: u16 = 30;

/// The most recordings that stand in columns.
const COLUMNS: usize = 3;

/// How many attributes of an answer are shown, and how large they must be.
const ATTRIBUTES: usize = 16;
const SMALLEST: f64 = 0.01;

/// How wide a bar of the whole is.
const BAR: f64 = 30.0;

/// How many disagreements, steps and names are shown.
const LISTED: usize = 20;

pub(super) struct Text {
    pub(super) paint: Paint,
}

impl Export for Text {
    fn render(&self, report: &Report) -> anyhow::Result<String> {
        let mut page = Page {
            out: String::new(),
            paint: self.paint,
        };
        let all = report.groups.iter().flat_map(|it| &it.findings);
        // Of several groups, what two commands disagree about comes before all else.
        for it in all.filter(|it| report.groups.len() > 1 && it.level == Level::Disagreement) {
            page.painted(Tint::Error, 0, &escape(&it.text));
        }
        for (at, group) in report.groups.iter().enumerate() {
            if at > 0 {
                page.out.push('\n');
            }
            page.group(group);
        }
        if let Some(about) = &report.about {
            page.out.push('\n');
            page.painted(Tint::Dim, 0, &escape(about));
        }
        Ok(page.out)
    }
}

/// Text in the making.
struct Page {
    out: String,
    paint: Paint,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        // Words are broken between lines, names never.
        let mut column = 0;
        for word in text.split(' ') {
            let width = word.chars().count();
            if column == 0 {
                let _ = write!(self.out, "{:indent$}", "");
                column = indent;
            } else if column + 1 + width > WIDTH {
                let _ = write!(self.out, "\n{:1$}", "", indent + 2);
                column = indent + 2;
            } else {
                self.out.push(' ');
                column += 1;
            }
            self.out.push_str(word);
            column += width;
        }
        self.out.push('\n');
    }

    fn painted(&mut self, tint: Tint, indent: usize, text: &str) {
        let start = self.out.len();
        self.line(indent, text);
        let written = self.out.split_off(start);
        for line in written.lines() {
            self.paint.push(&mut self.out, tint, line);
            self.out.push('\n');
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.painted(Tint::Name, 0, text);
    }

    fn group(&mut self, group: &Group) {
        if let Some(title) = &group.title {
            self.painted(Tint::Name, 0, &escape(&words::shortened(title, WIDTH)));
        }
        for finding in &group.findings {
            let text = escape(&finding.text);
            match finding.level {
                Level::Disagreement | Level::Problem => self.painted(Tint::Error, 0, &text),
                Level::Summary => self.line(0, &text),
            }
        }
        if let Some(comparison) = &group.comparison {
            self.comparison(group, comparison);
        }
        for recording in &group.recordings {
            self.recording(recording);
        }
    }

    fn comparison(&mut self, group: &Group, comparison: &Comparison) {
        self.heading("Side by side");
        let titles: Vec<_> = group
            .recordings
            .iter()
            .map(|it| escape(&words::title(it)))
            .collect();
        if titles.len() > COLUMNS {
            self.many(&titles, comparison);
        } else {
            self.few(&titles, comparison);
        }
        self.rounds(group);
        for pair in &comparison.pairs {
            self.pair(&titles, pair);
        }
    }

    /// A column for each recording.
    fn few(&mut self, titles: &[String], comparison: &Comparison) {
        let mut table = table();
        let mut header = vec![String::new()];
        for (at, title) in titles.iter().enumerate() {
            header.push(title.clone());
            if at > 0 {
                header.push(String::new());
            }
        }
        table.set_header(header);
        for row in &comparison.rows {
            let mut cells = vec![row.name.label().to_owned()];
            for (at, (value, ratio)) in row.values.iter().zip(&row.ratios).enumerate() {
                cells.push(words::figure(row.unit, *value));
                if at > 0 {
                    let times = |ratio: f64| format!("× {}", words::ratio(ratio));
                    cells.push(ratio.map_or_else(String::new, times));
                }
            }
            table.add_row(cells);
        }
        self.put(table, 0, &[0]);
    }

    /// A line for each recording, and the figures that matter most.
    fn many(&mut self, titles: &[String], comparison: &Comparison) {
        // And whether the ratio is shown, too.
        let names = [
            (Measure::Requests, false),
            (Measure::Messages, false),
            (Measure::Bytes, true),
            (Measure::Interfaces, false),
            (Measure::LastAnswer, true),
        ];
        let row = |name: Measure| comparison.rows.iter().find(|it| it.name == name);
        let rows = names.map(|(name, is_shown)| Some((row(name)?, is_shown)));
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        let mut table = table();
        let mut header = vec![String::new()];
        for (row, is_shown) in &rows {
            let name = row.name.label();
            let short = name.strip_prefix("first request to ");
            header.push(short.unwrap_or(name).to_owned());
            header.extend(is_shown.then(String::new));
        }
        table.set_header(header);
        for (at, title) in titles.iter().enumerate() {
            let mut cells = vec![title.clone()];
            for (row, is_shown) in &rows {
                cells.push(words::figure(row.unit, row.values[at]));
                let times = |ratio: f64| format!("× {}", words::ratio(ratio));
                let ratio = row.ratios[at].filter(|_| at > 0);
                cells.extend(is_shown.then(|| ratio.map_or_else(String::new, times)));
            }
            table.add_row(cells);
        }
        self.put(table, 0, &[0]);
    }

    fn rounds(&mut self, group: &Group) {
        let all: Vec<_> = (group.recordings.iter())
            .filter_map(|it| Some((it, it.rounds.as_ref()?)))
            .collect();
        if all.is_empty() {
            return;
        }
        self.heading("Rounds");
        let mut table = table();
        table.set_header(["", "rounds", "min time", "median", "max", "bytes"]);
        for (recording, rounds) in all {
            let time = |pick: fn(&crate::report::model::Spread) -> u64| match &rounds.time {
                Some(spread) => words::time(pick(spread) as f64),
                None => String::from("-"),
            };
            let bytes = match rounds.bytes {
                it if it.min == it.max => words::bytes(it.min),
                it => format!("{} to {}", words::number(it.min), words::bytes(it.max)),
            };
            table.add_row([
                escape(&words::title(recording)),
                rounds.count.to_string(),
                time(|it| it.min),
                time(|it| it.median),
                time(|it| it.max),
                bytes,
            ]);
        }
        self.put(table, 0, &[0]);
    }

    fn pair(&mut self, titles: &[String], pair: &Pair) {
        if pair.interfaces == 0 && pair.disagreements.is_empty() {
            return;
        }
        let [a, b] = pair.of.map(|at| titles[at].as_str());
        self.heading(&format!("What {a} and {b} learn about interfaces"));
        if !pair.disagreements.is_empty() {
            let mut table = table();
            table.set_header(["differs in", "", a, b]);
            for it in pair.disagreements.iter().take(LISTED) {
                let [first, second] = it.values.each_ref().map(|it| escape(it));
                table.add_row([escape(&it.interface), it.fact.clone(), first, second]);
            }
            self.put(table, 2, &[0, 1, 2, 3]);
            let more = pair.disagreements.len().saturating_sub(LISTED) as u64 + pair.more;
            if more > 0 {
                self.line(2, &format!("… and {} more", words::number(more)));
            }
        }
        let facts = pair.facts.join(", ");
        let interfaces = words::count(pair.interfaces, "interface");
        self.line(2, &format!("both, for {interfaces}: {facts}"));
        for (at, title) in [a, b].into_iter().enumerate() {
            if !pair.only_facts[at].is_empty() {
                let facts = escape(&pair.only_facts[at].join(", "));
                self.line(2, &format!("only {title}: {facts}"));
            }
            let all = &pair.only[at];
            let lone = |it: &crate::report::model::Lone| format!("{} ({})", it.name, it.why);
            let names: Vec<_> = all.iter().take(LISTED).map(lone).collect();
            if !names.is_empty() {
                let more = all.len().saturating_sub(LISTED);
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                let names = escape(&names.join(", "));
                self.line(2, &format!("interfaces only in {title}: {names}{more}"));
            }
        }
    }

    /// A table; the columns `left` are of names, the others of figures.
    fn put(&mut self, mut table: Table, indent: usize, left: &[usize]) {
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(WIDEST)));
            if !left.contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if at == 0 {
                column.set_padding((0, 1));
            }
        }
        for line in table.trim_fmt().lines() {
            let line = line.trim_end();
            let _ = writeln!(self.out, "{:indent$}{line}", "");
        }
    }
}

/// An empty table, without lines.
fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}
