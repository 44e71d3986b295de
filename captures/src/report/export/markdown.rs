// SPDX-License-Identifier: GPL-2.0-or-later
//! Markdown, as GitHub and GitLab show it: tables, and the exchange as text.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::{Export, words};
use crate::report::explain;
use crate::report::model::{Comparison, Group, Kind, Level, Pair, Recording, Report, Share};
use crate::terminal::text::escape;

/// How many attributes, rows and names of a list are shown.
const ATTRIBUTES: usize = 24;
const LISTED: usize = 50;

pub(super) struct Markdown;

impl Export for Markdown {
    fn render(&self, report: &Report) -> anyhow::Result<String> {
        let mut out = String::from("# Netlink traffic report\n");
        if let Some(about) = &report.about {
            paragraph(&mut out, &plain(about));
        }
        let all = report.groups.iter().flat_map(|it| &it.findings);
        for it in all.filter(|it| it.level == Level::Disagreement) {
            paragraph(&mut out, &format!("**{}**", plain(&it.text)));
        }
        for group in &report.groups {
            section(&mut out, group);
        }
        paragraph(&mut out, &format!("Made by {}.", plain(&report.by)));
        Ok(out)
    }
}

/// A text from outside, with all that means something in Markdown or HTML taken
/// away from it.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let text = escape(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A bar ends a cell even where a backslash stands before it, in some
            // readers; an at, `://` and `www.` make links.
            '|' => out.push_str("&#124;"),
            '@' => out.push_str("&#64;"),
            ':' if chars.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' | '$' => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
    }
    out
}

fn paragraph(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}");
}

/// A table whose columns but the first `left` are of figures.
fn table(out: &mut String, head: &[String], rows: Vec<Vec<String>>, left: usize) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.set_header(head);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // The second line says to Markdown which columns are of figures.
    let text = table.trim_fmt();
    let mut lines = text.lines();
    out.push('\n');
    for line in lines.by_ref().take(1) {
        let _ = writeln!(out, "{line}");
    }
    if let Some(line) = lines.next() {
        for (at, cell) in line.trim_matches('|').split('|').enumerate() {
            let dashes = cell.len().saturating_sub(1);
            let end = if at < left { '-' } else { ':' };
            let _ = write!(out, "|{}{end}", "-".repeat(dashes));
        }
        out.push_str("|\n");
    }
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

fn section(out: &mut String, group: &Group) {
    if let Some(title) = &group.title {
        paragraph(out, &format!("## {}", plain(title)));
    }
    for it in group
        .findings
        .iter()
        .filter(|it| it.level != Level::Disagreement)
    {
        paragraph(out, &plain(&it.text));
    }
    if let Some(comparison) = &group.comparison {
        side_by_side(out, group, comparison);
        rounds(out, group);
        for it in &comparison.pairs {
            pair(out, group, it);
        }
    }
    for it in &group.recordings {
        recording(out, it);
    }
}

fn side_by_side(out: &mut String, group: &Group, comparison: &Comparison) {
    let mut head = vec![String::new()];
    for (at, it) in group.recordings.iter().enumerate() {
        head.push(plain(&words::title(it)));
        head.extend((at > 0).then(|| String::from("ratio")));
    }
    let rows = comparison.rows.iter().map(|row| {
        let mut cells = vec![row.name.label().to_owned()];
        for (at, (value, ratio)) in row.values.iter().zip(&row.ratios).enumerate() {
            cells.push(words::figure(row.unit, *value));
            let times = |ratio: f64| format!("× {}", words::ratio(ratio));
            cells.extend((at > 0).then(|| ratio.map_or_else(String::new, times)));
        }
        cells
    });
    table(out, &head, rows.collect(), 1);
}

fn rounds(out: &mut String, group: &Group) {
    let row = |it: &Recording| {
        let rounds = it.rounds.as_ref()?;
        let time = |value: Option<u64>| match value {
            Some(value) => words::time(value as f64),
            None => String::from("-"),
        };
        Some(vec![
            plain(&words::title(it)),
            words::number(rounds.count.into()),
            words::number(rounds.failed.into()),
            time(rounds.time.map(|it| it.min)),
            time(rounds.time.map(|it| it.median)),
            time(rounds.time.map(|it| it.max)),
            words::bytes(rounds.bytes.median),
        ])
    };
    let rows: Vec<_> = group.recordings.iter().filter_map(row).collect();
    if !rows.is_empty() {
        let head = ["", "rounds", "failed", "min time", "median", "max", "bytes"];
        table(out, &head.map(str::to_owned), rows, 1);
    }
}

fn pair(out: &mut String, group: &Group, pair: &Pair) {
    if pair.interfaces == 0 && pair.disagreements.is_empty() {
        return;
    }
    let titles = pair
        .of
        .map(|at| plain(&words::title(&group.recordings[at])));
    paragraph(out, "### What they learn about interfaces");
    if !pair.disagreements.is_empty() {
        let row = |it: &crate::report::model::Disagreement| {
            let [a, b] = it.values.each_ref().map(|it| plain(it));
            vec![plain(&it.interface), plain(&it.fact), a, b]
        };
        let rows = pair.disagreements.iter().take(LISTED).map(row).collect();
        let [a, b] = titles.clone();
        table(
            out,
            &["interface".to_owned(), "fact".to_owned(), a, b],
            rows,
            4,
        );
    }
    let names = |all: &[String]| match all {
        [] => String::from("nothing"),
        all => plain(&all.join(", ")),
    };
    let interfaces = words::count(pair.interfaces, "interface");
    paragraph(
        out,
        &format!("- both, for {interfaces}: {}", names(&pair.facts)),
    );
    for (at, title) in titles.iter().enumerate() {
        let _ = writeln!(out, "- only {title}: {}", names(&pair.only_facts[at]));
        let lone = pair.only[at].iter().take(LISTED);
        let lone: Vec<_> = lone.map(|it| format!("{} ({})", it.name, it.why)).collect();
        if !lone.is_empty() {
            let _ = writeln!(
                out,
                "- interfaces only in {title}: {}",
                plain(&lone.join(", "))
            );
        }
    }
}

fn recording(out: &mut String, recording: &Recording) {
    paragraph(out, &format!("### {}", plain(&words::title(recording))));
    paragraph(out, &plain(&words::origin(recording).join(" · ")));
    let rows = recording.conversations.iter().take(LISTED).map(|it| {
        let mean = |times: Option<crate::report::model::Times>| match times {
            Some(times) => words::time(times.mean as f64),
            None => String::from("-"),
        };
        vec![
            plain(&words::asked(it)),
            plain(&words::who(&it.who)),
            words::number(it.requests),
            words::number(it.answered),
            words::number(it.parts),
            words::bytes(it.request_bytes + it.answer_bytes),
            words::number(it.errors),
            mean(it.first),
            mean(it.last),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let head = [
            "conversation",
            "process",
            "asked",
            "answered",
            "parts",
            "bytes",
            "errors",
            "first",
            "last",
        ];
        table(out, &head.map(str::to_owned), rows, 2);
    }
    exchange(out, recording);
    if let Some(it) = recording.shares.first() {
        share(out, it);
    }
    ends(out, recording);
}

/// The ladder as text.
fn exchange(out: &mut String, recording: &Recording) {
    if recording.steps.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    for step in recording.steps.iter().take(LISTED) {
        let arrow = match step.kind {
            Kind::Request => "──>",
            Kind::Answer => "<──",
            Kind::Error => "<✗─",
            Kind::Notification => "<- ",
        };
        table.add_row([
            words::time(step.at as f64),
            escape(&words::who(&step.who)),
            arrow.to_owned(),
            String::from("kernel"),
            escape(&words::step(step)),
            words::bytes(step.bytes),
        ]);
    }
    for at in [0, 5] {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.trim_fmt();
    // A fence longer than any in the text.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    paragraph(out, &format!("{fence}text"));
    for line in text.lines() {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(out, "{fence}");
}

fn share(out: &mut String, share: &Share) {
    let (family, operation) = (plain(&share.family), plain(&share.operation));
    let all = format!(
        "{}, {}",
        words::count(share.messages, "message"),
        words::bytes(share.bytes)
    );
    paragraph(out, &format!("Answers to {family} {operation}: {all}."));
    let part = share.headers as f64 / share.bytes.max(1) as f64;
    let mut rows = vec![vec![
        String::from("headers"),
        words::number(share.messages),
        words::bytes(share.headers),
        words::percent(part),
    ]];
    rows.extend(
        share
            .attributes
            .iter()
            .filter(|it| it.share >= 0.01)
            .take(ATTRIBUTES)
            .map(|it| {
                vec![
                    format!(
                        "{}{}",
                        "&ensp;".repeat(2 * it.depth as usize),
                        plain(&it.name)
                    ),
                    words::number(it.count),
                    words::bytes(it.bytes),
                    words::percent(it.share),
                ]
            }),
    );
    table(
        out,
        &["attribute", "times", "bytes", "share"].map(str::to_owned),
        rows,
        1,
    );
}

/// The kernel's text.
fn quoted(text: Option<&str>) -> String {
    text.map_or_else(String::new, |it| format!(" “{it}”"))
}

/// The path of an attribute, with what it is to the kernel.
fn path(what: &str, path: Option<&str>) -> String {
    path.map_or_else(String::new, |it| format!(" {what} {it}"))
}

/// Failures, warnings, waste and health.
fn ends(out: &mut String, recording: &Recording) {
    let mut lines = Vec::new();
    for it in recording.failures.iter().take(LISTED) {
        let who = words::who(&it.who);
        let said = quoted(it.extack.as_deref());
        let at = path("at", it.attribute.as_deref());
        let missing = path("missing", it.missing.as_deref());
        let asked = words::asked_for(&it.requests, it.count);
        lines.push(format!(
            "refused, {} ×: {who}, {}{said}{at}{missing}{asked}. {}",
            it.count,
            words::refused(it),
            it.meaning
        ));
    }
    for it in recording.warnings.iter().take(LISTED) {
        let who = words::who(&it.who);
        let said = quoted(Some(&it.extack));
        let at = path("at", it.attribute.as_deref());
        let asked = words::asked_for(&it.requests, it.count);
        lines.push(format!(
            "carried out with a warning, {} ×: {who}, {}{said}{at}{asked}.",
            it.count,
            words::warned(it)
        ));
    }
    for it in &recording.waste {
        lines.push(format!("waste: {}", words::waste(it)));
    }
    let mut good = Vec::new();
    let mut unknown = Vec::new();
    for it in &recording.health {
        let what = explain::ailment(it.what);
        match it.count {
            None => unknown.push(what),
            Some(0) => good.push(what),
            Some(number) => {
                let who: Vec<_> = (it.who.iter().take(LISTED))
                    .map(|it| format!("{} × {}", words::who(&it.who), it.count))
                    .collect();
                let advice = it.advice.as_deref().unwrap_or_default();
                lines.push(format!(
                    "health: {number} {what}: {}. {advice}",
                    who.join(", ")
                ));
            }
        }
    }
    if !good.is_empty() {
        lines.push(format!("none: {}", good.join(", ")));
    }
    if !unknown.is_empty() {
        lines.push(format!("not known: {}", unknown.join(", ")));
    }
    for it in words::left_out(recording) {
        lines.push(words::lacking(it));
    }
    out.push('\n');
    for line in lines {
        let _ = writeln!(out, "- {}", plain(&line));
    }
}
