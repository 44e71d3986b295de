// SPDX-License-Identifier: GPL-2.0-or-later
//! The figures as a table of text.

use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::Column;
use super::figures::Figures;
use crate::text;

/// Where a figure cannot be had.
const NONE: &str = "-";

/// The widest column; a longer title is broken.
const WIDEST: u16 = 30;

/// The longest title, in bytes.
const TITLE: usize = 200;

/// A row: what it is called, and how its figure is shown.
type Row = (&'static str, fn(&Figures) -> String);

const ROWS: [Row; 9] = [
    ("messages", |f| f.messages.to_string()),
    ("bytes", |f| f.bytes.to_string()),
    ("requests", |f| f.requests.to_string()),
    ("answers", |f| f.answers.to_string()),
    ("refused", |f| f.refused.to_string()),
    ("interfaces listed", |f| f.interfaces.len().to_string()),
    ("bytes for each interface", |f| {
        each(f).map_or_else(none, |bytes| format!("{bytes:.1}"))
    }),
    ("first request to last answer", |f| {
        f.time().map_or_else(none, milliseconds)
    }),
    ("lost", |f| {
        f.lost.map_or_else(none, |lost| lost.to_string())
    }),
];

/// The table, without a line break at its end.
pub(super) fn render(columns: &[Column]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let titles = columns.iter().map(|column| title(&column.title));
    table.set_header(std::iter::once(String::new()).chain(titles));
    for (name, figure) in ROWS {
        let figures = columns.iter().map(|column| figure(&column.figures));
        table.add_row(std::iter::once(name.to_owned()).chain(figures));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(WIDEST)));
    }
    if let Some(names) = table.column_mut(0) {
        names.set_padding((0, 1));
    }
    table.trim_fmt()
}

/// A command line may have megabytes of arguments.
fn title(whole: &str) -> String {
    match text::cut(whole, TITLE) {
        kept if kept.len() < whole.len() => format!("{kept}…"),
        kept => kept.to_owned(),
    }
}

fn each(figures: &Figures) -> Option<f64> {
    let listed = figures.interfaces.len();
    (listed > 0).then(|| figures.listing_bytes as f64 / listed as f64)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

fn none() -> String {
    NONE.to_owned()
}
