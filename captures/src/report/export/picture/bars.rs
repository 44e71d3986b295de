// SPDX-License-Identifier: GPL-2.0-or-later
//! Bars that lie, each under what it stands for.

use svg::Document;
use svg::node::element::Group;

use super::{FITS, WIDTH, fitting, hint, label, picture, rectangle};

/// Height of a bar with its label, of the bar alone, and where it begins.
const STEP: f64 = 42.0;
const THICK: f64 = 16.0;
const TOP: f64 = 18.0;

/// A bar.
pub(in super::super) struct Bar {
    /// What it stands for.
    pub(in super::super) name: String,
    pub(in super::super) value: f64,
    /// The value as people read it.
    pub(in super::super) text: String,
    /// Of which recording it is, for its colour.
    pub(in super::super) series: usize,
}

/// Bars on one scale.
pub(in super::super) fn bars(id: &str, title: &str, all: &[Bar]) -> String {
    let greatest = all.iter().map(|it| it.value).fold(0.0, f64::max);
    let said: Vec<_> = all
        .iter()
        .map(|it| format!("{}: {}", it.name, it.text))
        .collect();
    let mut document = picture(id, STEP * all.len() as f64, title, &said.join("; "));
    for (at, bar) in all.iter().enumerate() {
        let y = STEP * at as f64;
        let width = scale(bar.value, greatest);
        let series = format!("c{}", bar.series % 6);
        document = document
            .add(label(
                &fitting(&bar.name, 40),
                0.0,
                y + 12.0,
                "start",
                "name",
            ))
            .add(label(&bar.text, WIDTH, y + 12.0, "end", "value"))
            .add(rectangle(0.0, y + TOP, WIDTH, THICK, "track"))
            .add(rectangle(0.0, y + TOP, width, THICK, &series));
    }
    document.to_string()
}

/// A bar for a cell of a table, of which so much is full. The figure beside it says the
/// same to those who do not see it.
pub(in super::super) fn strip(part: f64) -> String {
    Document::new()
        .set("viewBox", (0, 0, 100, 8))
        .set("class", "strip")
        .set("aria-hidden", "true")
        .add(rectangle(0.0, 0.0, 100.0, 8.0, "track"))
        .add(rectangle(0.0, 0.0, 100.0 * part.clamp(0.0, 1.0), 8.0, "c0"))
        .to_string()
}

/// A part of a stack.
pub(in super::super) struct Segment {
    pub(in super::super) name: String,
    pub(in super::super) value: f64,
    /// The value as people read it.
    pub(in super::super) text: String,
    /// The class of its colour.
    pub(in super::super) class: String,
}

/// A bar of parts.
pub(in super::super) struct Stack {
    pub(in super::super) name: String,
    pub(in super::super) text: String,
    pub(in super::super) parts: Vec<Segment>,
}

/// Stacks on one scale.
pub(in super::super) fn stacks(id: &str, title: &str, all: &[Stack]) -> String {
    let sum = |stack: &Stack| stack.parts.iter().map(|it| it.value).sum::<f64>();
    let greatest = all.iter().map(sum).fold(0.0, f64::max);
    let part = |it: &Segment| format!("{} {}", it.name, it.text);
    let said = all.iter().map(|stack| {
        let parts: Vec<_> = stack.parts.iter().map(part).collect();
        format!("{}, {}: {}", stack.name, stack.text, parts.join(", "))
    });
    let said: Vec<_> = said.collect();
    let mut document = picture(id, STEP * all.len() as f64, title, &said.join("; "));
    for (at, stack) in all.iter().enumerate() {
        let y = STEP * at as f64;
        document = document
            .add(label(
                &fitting(&stack.name, FITS - 16),
                0.0,
                y + 12.0,
                "start",
                "name",
            ))
            .add(label(&stack.text, WIDTH, y + 12.0, "end", "value"))
            .add(rectangle(0.0, y + TOP, WIDTH, THICK, "track"));
        let mut x = 0.0;
        for segment in &stack.parts {
            let width = scale(segment.value, greatest);
            // The title is what a mouse on it shows.
            let title = hint(&fitting(&part(segment), 120));
            let shown = rectangle(x, y + TOP, width, THICK, &segment.class);
            document = document.add(Group::new().add(title).add(shown));
            x += width;
        }
    }
    document.to_string()
}

fn scale(value: f64, greatest: f64) -> f64 {
    if greatest > 0.0 {
        WIDTH * value / greatest
    } else {
        0.0
    }
}
