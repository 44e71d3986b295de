// SPDX-License-Identifier: GPL-2.0-or-later
//! The exchange as a ladder: a line for each process and one for the kernel, and
//! arrows between them in the order of time.

use svg::node::element::{Group, Polygon};

use super::super::words;
use super::{WIDTH, fitting, hint, label, line, picture};
use crate::report::model::{Kind, Recording, Step, Who};

/// The most processes that have a line of their own, and the most arrows.
const PROCESSES: usize = 3;
const ARROWS: usize = 24;

/// Where lines begin, and how far arrows are apart.
const TOP: f64 = 40.0;
const STEP: f64 = 40.0;

/// How far the outer lines are from the edge.
const MARGIN: f64 = 46.0;

/// The ladder of a recording.
pub(in super::super) fn ladder(id: &str, recording: &Recording) -> String {
    let shown = &recording.steps[..recording.steps.len().min(ARROWS)];
    let mut lines: Vec<&Who> = Vec::new();
    for step in shown {
        if !lines.contains(&&step.who) && lines.len() < PROCESSES {
            lines.push(&step.who);
        }
    }
    let height = TOP + STEP * shown.len() as f64 + 26.0;
    let (first, kernel) = (MARGIN, WIDTH - MARGIN);
    // The lines of processes share the left two fifths.
    let x = |who: &Who| {
        let at = lines
            .iter()
            .position(|it| *it == who)
            .unwrap_or(lines.len().saturating_sub(1));
        first + at as f64 * (WIDTH * 0.4) / PROCESSES as f64
    };
    let title = format!("Exchange of {}", words::title(recording));
    let said: Vec<_> = shown.iter().map(in_words).collect();
    let mut document = picture(id, height, &title, &said.join("; "));
    for (at, who) in lines.iter().enumerate() {
        let x = x(who);
        // Names stand in two rows, or they would stand on each other.
        let y = if at % 2 == 0 { 14.0 } else { 28.0 };
        let anchor = if at == 0 { "start" } else { "middle" };
        let name_x = if at == 0 { 0.0 } else { x };
        document = document
            .add(label(
                &fitting(&words::who(who), 26),
                name_x,
                y,
                anchor,
                "name",
            ))
            .add(line((x, TOP - 8.0), (x, height - 14.0), "life"));
    }
    document = document
        .add(label("kernel", WIDTH, 14.0, "end", "name"))
        .add(line((kernel, TOP - 8.0), (kernel, height - 14.0), "life"));
    for (at, step) in shown.iter().enumerate() {
        let y = TOP + STEP * at as f64 + 24.0;
        let (process, class) = (x(&step.who), class(step.kind));
        let (from, to) = match step.kind {
            Kind::Request => (process, kernel),
            _ => (kernel, process),
        };
        let direction = if to > from { 1.0 } else { -1.0 };
        let tip = to - direction * 2.0;
        let wing = tip - direction * 9.0;
        let points = format!("{tip},{y} {wing},{} {wing},{}", y - 4.5, y + 4.5);
        let middle = f64::midpoint(process, kernel);
        let said = fitting(&words::step(step), 44);
        let mut size = words::bytes(step.bytes);
        if let Some(took) = step.took {
            size.push_str(" · ");
            size.push_str(&words::time(took as f64));
        }
        let arrow = Group::new()
            .add(hint(&fitting(&in_words(step), 200)))
            .add(line((from, y), (wing, y), &format!("arrow {class}")))
            .add(
                Polygon::new()
                    .set("points", points)
                    .set("class", format!("tip {class}")),
            )
            .add(label(&said, middle, y - 6.0, "middle", "said"))
            .add(label(&size, middle, y + 12.0, "middle", "size"));
        document = document.add(arrow);
    }
    let more = recording.steps.len() - shown.len();
    if more > 0 {
        let text = format!("and {more} more steps");
        document = document.add(label(&text, WIDTH / 2.0, height - 2.0, "middle", "size"));
    }
    document.to_string()
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Answer => "answer",
        Kind::Error => "error",
        Kind::Notification => "notification",
    }
}

fn in_words(step: &Step) -> String {
    let who = words::who(&step.who);
    let way = match step.kind {
        Kind::Request => format!("{who} to the kernel"),
        _ => format!("the kernel to {who}"),
    };
    format!(
        "at {}, {way}: {}, {}",
        words::time(step.at as f64),
        words::step(step),
        words::bytes(step.bytes)
    )
}
