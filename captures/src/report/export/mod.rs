// SPDX-License-Identifier: GPL-2.0-or-later
//! The formats of a report, a file each.

mod html;
mod json;
mod markdown;
mod picture;
mod text;
pub(super) mod words;

use std::path::Path;

use super::model::Report;
use crate::terminal::paint::Paint;

/// A format.
pub(crate) trait Export {
    /// The whole report in it, with a line break at its end.
    fn render(&self, report: &Report) -> anyhow::Result<String>;
}

/// Which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Aligned text.
    Text,
    /// Markdown.
    Md,
    /// One HTML file, with pictures.
    Html,
    /// The data, in the format of docs/report.schema.json.
    Json,
}

impl Format {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Md, Self::Html, Self::Json];

    /// By the end of a file's name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()? {
            "txt" => Self::Text,
            "md" | "markdown" => Self::Md,
            "html" | "htm" => Self::Html,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// What makes it; `paint` is for text alone.
    pub(crate) fn exporter(self, paint: Paint) -> Box<dyn Export> {
        match self {
            Self::Text => Box::new(text::Text { paint }),
            Self::Md => Box::new(markdown::Markdown),
            Self::Html => Box::new(html::Html),
            Self::Json => Box::new(json::Json),
        }
    }
}
