// SPDX-License-Identifier: GPL-2.0-or-later
//! HTML: one file that needs no other, nor the network, nor a script.
//!
//! Names in it were chosen by others: an interface may be called `<script>`. All
//! text is escaped by what makes the page, and a policy forbids the browser to run
//! or to fetch anything whatever stands there. A figure is a `data` element that
//! says by a JSON pointer where in the JSON of the same report it stands.

mod group;
mod recording;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Export, words};
use crate::report::model::{Level, Report, Unit};

/// What the page looks like.
const STYLE: &str = include_str!("page.css");

pub(super) struct Html;

impl Export for Html {
    fn render(&self, report: &Report) -> anyhow::Result<String> {
        Ok(page(report).into_string() + "\n")
    }
}

fn page(report: &Report) -> Markup {
    // Only this very style is applied, even where something else got into the page.
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    let title = title(report);
    let disagreements = || {
        let all = report.groups.iter().flat_map(|it| &it.findings);
        all.filter(|it| it.level == Level::Disagreement)
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (shown(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "Netlink traffic report" }
                    h1 { (shown(&title)) }
                    @if let Some(about) = &report.about { p.origin { (shown(about)) } }
                    // Of several groups, what is wrong in any comes before them all.
                    @if report.groups.len() > 1 {
                        @for it in disagreements() {
                            p.finding.disagreement role="alert" { (shown(&it.text)) }
                        }
                    }
                }
                main {
                    @if report.groups.len() > 1 {
                        (group::overview(report))
                    }
                    @for (at, it) in report.groups.iter().enumerate() {
                        (group::section(at, it, report.groups.len() > 1))
                    }
                }
                footer {
                    p { "Made by " (shown(&report.by)) ". Times are measured at the tap; lengths are those in \
                         the netlink headers." }
                }
            }
        }
    }
}

fn title(report: &Report) -> String {
    let Some(group) = report.groups.first() else {
        return String::from("No recordings");
    };
    let names: Vec<_> = group.recordings.iter().map(words::title).collect();
    match (&names[..], &group.title) {
        (_, Some(title)) if report.groups.len() == 1 => words::shortened(title, 120),
        ([], _) => String::from("No recordings"),
        ([one], _) => one.clone(),
        ([one, other], _) => format!("{one} vs. {other}"),
        ([one, ..], _) => format!("{one} and {} more", names.len() - 1),
    }
}

/// A text from outside. Marks that turn the direction of writing would spoil what
/// stands around it.
fn shown(text: &str) -> Markup {
    html! { (crate::terminal::text::escape(text)) }
}

/// A figure: what is shown, its value as JSON has it, and where it stands there.
fn datum(pointer: &str, value: &impl Serialize, text: &str) -> Markup {
    // Numbers and null: nothing that could fail.
    let value = serde_json::to_string(value).unwrap_or_default();
    html! { data value=(value) data-json=(pointer) { (text) } }
}

/// A figure that may not be known.
fn figure<T: Serialize + Copy>(
    pointer: &str,
    value: Option<T>,
    text: impl FnOnce(T) -> String,
) -> Markup {
    let text = value.map_or_else(|| String::from("not known"), text);
    datum(pointer, &value, &text)
}

/// A number of things.
fn number(pointer: &str, value: u64) -> Markup {
    datum(pointer, &value, &words::number(value))
}

/// A length.
fn bytes(pointer: &str, value: u64) -> Markup {
    datum(pointer, &value, &words::bytes(value))
}

/// A time in nanoseconds.
fn time(pointer: &str, value: Option<u64>) -> Markup {
    figure(pointer, value, |it| words::time(it as f64))
}

/// A figure of the table side by side.
fn in_unit(pointer: &str, unit: Unit, value: Option<f64>) -> Markup {
    datum(pointer, &value, &words::figure(unit, value))
}

/// A table that can be moved sideways where the window is narrow.
fn table(caption: &str, head: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for it in head { th scope="col" { (it) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// An SVG of ours, in which all text is escaped.
fn drawn(svg: String) -> Markup {
    PreEscaped(svg)
}
