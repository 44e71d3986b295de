// SPDX-License-Identifier: GPL-2.0-or-later
//! Pictures as SVG. They have classes and no colours: the page around them says
//! what these look like, in light and in dark.

mod bars;
mod ladder;

use svg::Document;
use svg::node::element::{Description, Line, Rectangle, Text as Label, Title};

pub(super) use self::bars::{Bar, Segment, Stack, bars, stacks, strip};
pub(super) use self::ladder::ladder;
use crate::terminal::text::escape;

/// Width of all pictures in their own units; at their natural size a unit is a
/// pixel, so that texts can be read on a telephone too.
const WIDTH: f64 = 440.0;

/// Characters of a label that fit into the width of a picture.
const FITS: usize = 58;

/// A picture of that height with a text for those who do not see it.
fn picture(id: &str, height: f64, title: &str, description: &str) -> Document {
    Document::new()
        .set("viewBox", (0, 0, WIDTH as i64, height.ceil() as i64))
        .set("role", "img")
        .set("aria-labelledby", format!("{id}-title {id}-text"))
        .add(hint(title).set("id", format!("{id}-title")))
        .add(
            Description::new()
                .set("id", format!("{id}-text"))
                .add(svg::node::Text::new(escape(description))),
        )
}

/// A text that is shown where the mouse is.
fn hint(text: &str) -> Title {
    Title::new(escape(text))
}

/// A text, with its middle, start or end there.
fn label(text: &str, x: f64, y: f64, anchor: &'static str, class: &str) -> Label {
    Label::new(escape(text))
        .set("x", round(x))
        .set("y", round(y))
        .set("text-anchor", anchor)
        .set("class", class)
}

fn rectangle(x: f64, y: f64, width: f64, height: f64, class: &str) -> Rectangle {
    Rectangle::new()
        .set("x", round(x))
        .set("y", round(y))
        .set("width", round(width))
        .set("height", round(height))
        .set("class", class)
}

fn line(from: (f64, f64), to: (f64, f64), class: &str) -> Line {
    Line::new()
        .set("x1", round(from.0))
        .set("y1", round(from.1))
        .set("x2", round(to.0))
        .set("y2", round(to.1))
        .set("class", class)
}

/// A tenth of a pixel is less than anybody sees.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// At most so many characters of a text.
fn fitting(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}
