// SPDX-License-Identifier: GPL-2.0-or-later
//! Text for a terminal: aligned, at most [`WIDTH`] columns as far as names allow.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Export, words};
use crate::report::explain;
use crate::report::model::{
    Comparison, Condition, Group, Kind, Level, Pair, Recording, Report, Share, Step,
};
use crate::show::paint::{Paint, Tint};
use crate::text::escape;

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
            let mut cells = vec![row.name.clone()];
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
            ("requests", false),
            ("messages", false),
            ("bytes", true),
            ("interfaces", false),
            ("first request to last answer", true),
        ];
        let row = |name: &str| comparison.rows.iter().find(|it| it.name == name);
        let rows = names.map(|(name, is_shown)| Some((row(name)?, is_shown)));
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        let mut table = table();
        let mut header = vec![String::new()];
        for (row, is_shown) in &rows {
            let name = row.name.strip_prefix("first request to ");
            header.push(name.unwrap_or(&row.name).to_owned());
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
        table.set_header(["", "rounds", "least time", "median", "greatest", "bytes"]);
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
        self.line(2, &format!("both, of {interfaces}: {facts}"));
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
                self.line(2, &format!("interfaces only of {title}: {names}{more}"));
            }
        }
    }

    fn recording(&mut self, recording: &Recording) {
        self.heading(&escape(&words::title(recording)));
        let origin = escape(&words::origin(recording).join(" · "));
        if !origin.is_empty() {
            self.painted(Tint::Dim, 0, &origin);
        }
        self.processes(recording);
        self.conversations(recording);
        self.exchange(recording);
        for share in &recording.shares {
            self.share(share);
        }
        self.failures(recording);
        self.waste(recording);
        self.health(&recording.health);
        for left_out in &recording.left_out {
            let number = words::number(left_out.count);
            self.line(
                2,
                &format!("not in this report: {number} {}", left_out.what),
            );
        }
    }

    fn sub(&mut self, text: &str) {
        self.out.push('\n');
        self.line(2, text);
    }

    fn processes(&mut self, recording: &Recording) {
        if recording.processes.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header([
            "process",
            "sockets",
            "messages",
            "bytes",
            "largest datagram",
        ]);
        for it in recording.processes.iter().take(LISTED) {
            table.add_row([
                escape(&words::who(&it.who)),
                it.sockets.map_or_else(|| String::from("-"), words::number),
                words::number(it.messages),
                words::bytes(it.bytes),
                words::bytes(it.largest_datagram),
            ]);
        }
        self.put(table, 2, &[0]);
        self.more(recording.processes.len());
    }

    /// What a list has beyond what is shown of it.
    fn more(&mut self, all: usize) {
        if all > LISTED {
            self.line(2, &format!("… and {} more", all - LISTED));
        }
    }

    fn conversations(&mut self, recording: &Recording) {
        if recording.conversations.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header([
            "conversation",
            "socket",
            "asked",
            "answered",
            "parts",
            "bytes",
            "errors",
            "first",
            "last",
        ]);
        let mean = |times: Option<crate::report::model::Times>| match times {
            Some(times) => words::time(times.mean as f64),
            None => String::from("-"),
        };
        for it in recording.conversations.iter().take(LISTED) {
            table.add_row([
                escape(&words::asked(it)),
                it.socket
                    .map_or_else(|| String::from("-"), |it| it.to_string()),
                words::number(it.requests),
                words::number(it.answered),
                words::number(it.parts),
                words::bytes(it.request_bytes + it.answer_bytes),
                words::number(it.errors),
                mean(it.first),
                mean(it.last),
            ]);
        }
        self.put(table, 2, &[0]);
        self.more(recording.conversations.len());
    }

    fn exchange(&mut self, recording: &Recording) {
        if recording.steps.is_empty() {
            return;
        }
        self.out.push('\n');
        let mut table = table();
        table.set_header(["at", "", "", "", "exchange", "bytes", "took"]);
        for step in recording.steps.iter().take(LISTED) {
            table.add_row([
                words::time(step.at as f64),
                escape(&words::who(&step.who)),
                arrow(step).to_owned(),
                String::from("kernel"),
                escape(&words::step(step)),
                words::bytes(step.bytes),
                step.took
                    .map_or_else(String::new, |it| words::time(it as f64)),
            ]);
        }
        self.put(table, 2, &[1, 2, 3, 4]);
        let more = recording.steps.len().saturating_sub(LISTED);
        if more > 0 {
            self.line(2, &format!("… and {more} more steps"));
        }
    }

    fn share(&mut self, share: &Share) {
        let messages = words::count(share.messages, "message");
        let (bytes, family) = (words::bytes(share.bytes), escape(&share.family));
        let operation = escape(&share.operation);
        self.sub(&format!(
            "answers to {family} {operation}: {messages}, {bytes}"
        ));
        let mut table = table();
        let part = |bytes: u64| bytes as f64 / share.bytes.max(1) as f64;
        let mut row = |name: String, count: u64, bytes: u64, share: f64| {
            table.add_row([
                name,
                format!("× {}", words::number(count)),
                words::bytes(bytes),
                words::percent(share),
                "█".repeat((share * BAR).round() as usize),
            ]);
        };
        let large = share.attributes.iter().filter(|it| it.share >= SMALLEST);
        let shown: Vec<_> = large.take(ATTRIBUTES).collect();
        row(
            String::from("headers"),
            share.messages,
            share.headers,
            part(share.headers),
        );
        for it in &shown {
            let indent = "  ".repeat(it.depth as usize);
            row(
                format!("{indent}{}", escape(&it.name)),
                it.count,
                it.bytes,
                it.share,
            );
        }
        if share.odd > 0 {
            row(String::from("no attribute"), 1, share.odd, part(share.odd));
        }
        self.put(table, 4, &[0, 4]);
        let more = share.attributes.len() - shown.len();
        if more > 0 {
            self.line(4, &format!("… and {more} smaller ones"));
        }
    }

    fn failures(&mut self, recording: &Recording) {
        if recording.failures.is_empty() {
            return;
        }
        self.sub("refused");
        for it in recording.failures.iter().take(LISTED) {
            let who = escape(&words::who(&it.who));
            let mut text = format!("{who}: {} {} {}", it.family, it.operation, it.name);
            if it.count > 1 {
                text.push_str(&format!(", {} times", words::number(it.count)));
            }
            if let Some(said) = &it.extack {
                text.push_str(&format!(": {said}"));
            }
            if let Some(path) = &it.attribute {
                text.push_str(&format!(" (at {path})"));
            }
            if let Some(path) = &it.missing {
                text.push_str(&format!(" (missing {path})"));
            }
            let tint = if it.probe { Tint::Dim } else { Tint::Error };
            self.painted(tint, 4, &escape(&text));
            self.line(6, &it.meaning);
        }
        self.more(recording.failures.len());
    }

    fn waste(&mut self, recording: &Recording) {
        if recording.waste.is_empty() {
            return;
        }
        self.sub("waste");
        for it in recording.waste.iter().take(LISTED) {
            self.line(4, &escape(&words::waste(it)));
        }
    }

    fn health(&mut self, health: &[Condition]) {
        let names = |all: &mut dyn Iterator<Item = &Condition>| {
            let names: Vec<_> = all.map(|it| explain::ailment(it.what)).collect();
            names.join(", ")
        };
        self.sub("health");
        for it in health.iter().filter(|it| it.count.is_some_and(|it| it > 0)) {
            let number = words::number(it.count.unwrap_or(0));
            let mut text = format!("{number} {}", explain::ailment(it.what));
            for (at, sufferer) in it.who.iter().take(LISTED).enumerate() {
                let before = if at == 0 { ": " } else { ", " };
                let who = escape(&words::who(&sufferer.who));
                text.push_str(&format!(
                    "{before}{who} × {}",
                    words::number(sufferer.count)
                ));
            }
            self.painted(Tint::Error, 4, &text);
            if let Some(advice) = &it.advice {
                self.line(6, advice);
            }
        }
        let none = names(&mut health.iter().filter(|it| it.count == Some(0)));
        if !none.is_empty() {
            self.line(4, &format!("none: {none}"));
        }
        let unknown = names(&mut health.iter().filter(|it| it.count.is_none()));
        if !unknown.is_empty() {
            self.painted(Tint::Dim, 4, &format!("not known: {unknown}"));
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

fn arrow(step: &Step) -> &'static str {
    match step.kind {
        Kind::Request => "───>",
        Kind::Answer => "<───",
        Kind::Error => "<─✗─",
        Kind::Notification => "<- -",
    }
}
