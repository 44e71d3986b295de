// SPDX-License-Identifier: GPL-2.0-or-later
//! Recordings side by side.

use maud::{Markup, html};

use super::{bytes, datum, drawn, in_unit, number, shown, table, time};
use crate::report::export::picture::{Bar, Segment, Stack, bars, stacks};
use crate::report::export::words;
use crate::report::model::{
    Comparison, Group, Level, Lone, Measure, Pair, Recording, Report, Share, Unit,
};

/// How many parts of a stack have a colour of their own.
const PARTS: usize = 7;

/// How many rows and names of a list are shown.
const LISTED: usize = 50;

/// What several groups have in common: bytes and time for each interface.
pub(super) fn overview(report: &Report) -> Markup {
    let all = |value: fn(&Recording) -> Option<f64>, text: fn(f64) -> String| -> Vec<Bar> {
        let groups = report.groups.iter().enumerate();
        let bars = groups.flat_map(|(at, group)| {
            let name = group.title.clone().unwrap_or_else(|| format!("{}", at + 1));
            let recordings = group.recordings.iter().enumerate();
            recordings.filter_map(move |(series, it)| {
                let value = value(it)?;
                Some(Bar {
                    name: format!("{name}: {}", words::title(it)),
                    value,
                    text: text(value),
                    series,
                })
            })
        });
        bars.collect()
    };
    let length = |it: f64| words::figure(Unit::Bytes, Some(it));
    html! {
        section aria-labelledby="overview" {
            h2 #overview { "At a glance" }
            div.charts {
                (chart("overview-bytes", &heading(Measure::BytesPerInterface),
                    &all(|it| it.figures.bytes_per_interface, length)))
                (chart("overview-time", &heading(Measure::TimePerInterface),
                    &all(|it| it.figures.time_per_interface, words::time)))
            }
        }
    }
}

/// What is measured, as a title.
fn heading(measure: Measure) -> String {
    let label = measure.label();
    let (first, rest) = label.split_at(label.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

fn chart(id: &str, title: &str, all: &[Bar]) -> Markup {
    html! {
        @if !all.is_empty() {
            figure {
                figcaption { (title) }
                (drawn(bars(id, title, all)))
            }
        }
    }
}

/// A group.
pub(super) fn section(at: usize, group: &Group, several: bool) -> Markup {
    let title = group.title.as_ref().filter(|_| several);
    let here = format!("/groups/{at}");
    html! {
        section aria-label=(title.map_or("Report", String::as_str)) {
            @if let Some(title) = title {
                h2 { (shown(title)) }
            }
            @for finding in &group.findings {
                @match finding.level {
                    Level::Disagreement => p.finding.disagreement role="alert" { (shown(&finding.text)) },
                    Level::Problem => p.finding.problem { (shown(&finding.text)) },
                    Level::Summary => p.finding { (shown(&finding.text)) },
                }
            }
            @if let Some(comparison) = &group.comparison {
                (tiles(&here, comparison))
            }
            (charts(at, group))
            @if let Some(comparison) = &group.comparison {
                (side_by_side(&here, group, comparison))
                (rounds(&here, group))
                @for (number, it) in comparison.pairs.iter().enumerate() {
                    (pair(&format!("{here}/comparison/pairs/{number}"), group, it))
                }
            }
            div.recordings {
                @for (number, it) in group.recordings.iter().enumerate() {
                    (super::recording::article(
                        &format!("{here}/recordings/{number}"), &format!("g{at}r{number}"), it, number))
                }
            }
        }
    }
}

/// The ratios that matter, large.
fn tiles(here: &str, comparison: &Comparison) -> Markup {
    let row = |name: Measure| comparison.rows.iter().position(|it| it.name == name);
    let shown_rows = [
        Measure::BytesPerInterface,
        Measure::Bytes,
        Measure::LastAnswer,
    ];
    let of = |name: Measure| match name {
        Measure::LastAnswer => String::from("the time to the last answer"),
        name => format!("the {}", name.label()),
    };
    // With one other recording alone: of several, the table says it better.
    let [only] = &comparison.pairs[..] else {
        return html! {};
    };
    html! {
        ul.tiles {
            @for name in shown_rows {
                @if let Some((at, ratio)) = row(name).and_then(|at| Some((at, comparison.rows[at].ratios[1]?))) {
                    li {
                        strong {
                            "× " (datum(&format!("{here}/comparison/rows/{at}/ratios/1"), &ratio,
                                &words::ratio(ratio)))
                        }
                        span { (of(name)) }
                    }
                }
            }
            @if only.compared > 0 {
                li {
                    strong { (number(&format!("{here}/comparison/pairs/0/compared"), only.compared)) }
                    span {
                        @if only.disagreements.is_empty() { "facts compared, all agree" }
                        @else { "facts compared, not all agree" }
                    }
                }
            }
        }
    }
}

fn charts(at: usize, group: &Group) -> Markup {
    let bar = |value: fn(&Recording) -> Option<f64>, text: fn(f64) -> String| -> Vec<Bar> {
        let all = group.recordings.iter().enumerate();
        all.filter_map(|(series, it)| {
            let value = value(it)?;
            Some(Bar {
                name: words::title(it),
                value,
                text: text(value),
                series,
            })
        })
        .collect()
    };
    let several = group.recordings.len() > 1;
    let length = |it: f64| words::figure(Unit::Bytes, Some(it));
    let shares: Vec<_> = group.recordings.iter().filter_map(stack).collect();
    html! {
        div.charts {
            @if several {
                (chart(&format!("g{at}-bytes"), &heading(Measure::BytesPerInterface),
                    &bar(|it| it.figures.bytes_per_interface, length)))
                (chart(&format!("g{at}-each"), &heading(Measure::TimePerInterface),
                    &bar(|it| it.figures.time_per_interface, words::time)))
                (chart(&format!("g{at}-time"), &heading(Measure::LastAnswer),
                    &bar(|it| it.figures.time.map(|it| it as f64), words::time)))
            }
            @if !shares.is_empty() {
                figure.wide[several] {
                    figcaption { "Contents of the answers" }
                    (drawn(stacks(&format!("g{at}-shares"), "Contents of the answers", &shares)))
                    @for stack in &shares {
                        @if several { h4 { (shown(&stack.name)) } }
                        ul.legend aria-label=(crate::terminal::text::escape(&stack.name)) {
                            @for it in &stack.parts {
                                li { span class={ "swatch " (it.class) } {} (shown(&it.name)) " " em { (it.text) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the largest kind of answers of a recording consists of, for each
/// interface where they are about some.
fn stack(recording: &Recording) -> Option<Stack> {
    let share = recording.shares.first()?;
    let interfaces = recording.figures.interfaces;
    let is_about = interfaces > 0 && share.bytes == recording.figures.interface_bytes;
    let parts = parts(share);
    let (each, text) = match is_about {
        true => (
            interfaces as f64,
            format!(
                "{} per interface",
                words::figure(Unit::Bytes, recording.figures.bytes_per_interface)
            ),
        ),
        false => (1.0, words::bytes(share.bytes)),
    };
    let segment = |(name, bytes, class): (String, u64, String)| Segment {
        name,
        value: bytes as f64 / each,
        text: words::percent(bytes as f64 / share.bytes.max(1) as f64),
        class,
    };
    Some(Stack {
        name: format!(
            "{}: {} {}",
            words::title(recording),
            share.family,
            share.operation
        ),
        text,
        parts: parts.into_iter().map(segment).collect(),
    })
}

/// The largest attributes of an answer, what is left of it, and its headers. Of a
/// single nest that holds nearly all, what is in it.
fn parts(share: &Share) -> Vec<(String, u64, String)> {
    let all = &share.attributes;
    let depth = match all.iter().find(|it| it.depth == 0) {
        Some(top) if top.share > 0.8 && all.iter().any(|it| it.depth == 1) => 1,
        _ => 0,
    };
    let mut level: Vec<_> = all.iter().filter(|it| it.depth == depth).collect();
    level.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let mut parts: Vec<_> = (level.iter().take(PARTS).enumerate())
        .map(|(at, it)| (it.name.clone(), it.bytes, format!("s{at}")))
        .collect();
    let named: u64 = parts.iter().map(|it| it.1).sum();
    let rest = share.bytes.saturating_sub(named + share.headers);
    if rest > 0 {
        let name = if depth == 0 {
            "others"
        } else {
            "others and the nest's header"
        };
        parts.push((name.to_owned(), rest, String::from("rest")));
    }
    parts.push((
        String::from("headers"),
        share.headers,
        String::from("headers"),
    ));
    parts
}

fn side_by_side(here: &str, group: &Group, comparison: &Comparison) -> Markup {
    let titles: Vec<_> = group.recordings.iter().map(words::title).collect();
    let mut head = vec![""];
    for (at, title) in titles.iter().enumerate() {
        head.push(title);
        if at > 0 {
            head.push("ratio");
        }
    }
    let rows = html! {
        @for (number, row) in comparison.rows.iter().enumerate() {
            tr {
                th scope="row" { (row.name.label()) }
                @for (at, value) in row.values.iter().enumerate() {
                    td { (in_unit(&format!("{here}/comparison/rows/{number}/values/{at}"), row.unit, *value)) }
                    @if at > 0 {
                        td.ratio {
                            @if let Some(ratio) = row.ratios[at] {
                                "× " (datum(&format!("{here}/comparison/rows/{number}/ratios/{at}"), &ratio,
                                    &words::ratio(ratio)))
                            }
                        }
                    }
                }
            }
        }
    };
    let head: Vec<_> = head
        .into_iter()
        .map(crate::terminal::text::escape)
        .collect();
    let head: Vec<_> = head.iter().map(String::as_str).collect();
    table("Side by side", &head, &rows)
}

fn rounds(here: &str, group: &Group) -> Markup {
    let all = group.recordings.iter().enumerate();
    let all: Vec<_> = all
        .filter_map(|(at, it)| Some((at, it, it.rounds.as_ref()?)))
        .collect();
    if all.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for (at, recording, rounds) in all {
            @let there = format!("{here}/recordings/{at}/rounds");
            tr {
                th scope="row" { (shown(&words::title(recording))) }
                td { (number(&format!("{there}/count"), rounds.count.into())) }
                td { (number(&format!("{there}/failed"), rounds.failed.into())) }
                @for part in ["min", "median", "max"] {
                    td {
                        @if let Some(spread) = &rounds.time {
                            @let value = match part { "min" => spread.min, "median" => spread.median, _ => spread.max };
                            (time(&format!("{there}/time/{part}"), Some(value)))
                        } @else { "–" }
                    }
                }
                td { (bytes(&format!("{there}/bytes/min"), rounds.bytes.min)) }
                td { (bytes(&format!("{there}/bytes/max"), rounds.bytes.max)) }
            }
        }
    };
    let head = [
        "",
        "rounds",
        "failed",
        "min time",
        "median",
        "max",
        "min bytes",
        "max bytes",
    ];
    table(
        &format!("Rounds: {}", Measure::LastAnswer.label()),
        &head,
        &rows,
    )
}

fn pair(here: &str, group: &Group, pair: &Pair) -> Markup {
    if pair.interfaces == 0 && pair.disagreements.is_empty() {
        return html! {};
    }
    let titles = pair.of.map(|at| words::title(&group.recordings[at]));
    html! {
        div.learn {
            h3 { "What they learn about " (number(&format!("{here}/interfaces"), pair.interfaces)) " interfaces in both" }
            @if !pair.disagreements.is_empty() {
                (disagreements(pair, &titles))
            }
            div.columns {
                div {
                    h4 { "both" }
                    (chips(&pair.facts))
                }
                @for (at, title) in titles.iter().enumerate() {
                    div {
                        h4 { "only " (shown(title)) }
                        (chips(&pair.only_facts[at]))
                        (lone(&pair.only[at]))
                    }
                }
            }
        }
    }
}

fn disagreements(pair: &Pair, titles: &[String; 2]) -> Markup {
    let rows = html! {
        @for it in pair.disagreements.iter().take(LISTED) {
            tr {
                th scope="row" { (shown(&it.interface)) }
                td { (it.fact) }
                @for value in &it.values { td { (shown(value)) } }
            }
        }
    };
    let [a, b] = titles
        .each_ref()
        .map(|it| crate::terminal::text::escape(it));
    let more = pair.disagreements.len().saturating_sub(LISTED) as u64 + pair.more;
    html! {
        (table("Disagreements", &["interface", "fact", &a, &b], &rows))
        @if more > 0 { p { "and " (words::number(more)) " more" } }
    }
}

fn chips(names: &[String]) -> Markup {
    html! {
        @if names.is_empty() { p.none { "nothing" } }
        @else { ul.chips { @for it in names { li { (shown(it)) } } } }
    }
}

fn lone(all: &[Lone]) -> Markup {
    html! {
        @if !all.is_empty() {
            p.lone {
                "Interfaces: "
                @for (at, it) in all.iter().take(LISTED).enumerate() {
                    @if at > 0 { ", " }
                    (shown(&it.name)) " (" (it.why) ")"
                }
                @if all.len() > LISTED { " and " (all.len() - LISTED) " more" }
                "."
            }
        }
    }
}
