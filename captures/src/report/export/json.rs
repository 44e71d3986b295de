// SPDX-License-Identifier: GPL-2.0-or-later
//! JSON: the data as they are, but for characters that drive a terminal.

use super::Export;
use crate::report::model::Report;
use crate::terminal::text::is_unsafe;

pub(super) struct Json;

impl Export for Json {
    fn render(&self, report: &Report) -> anyhow::Result<String> {
        let plain = serde_json::to_string_pretty(report)?;
        let mut text = String::with_capacity(plain.len() + 1);
        for c in plain.chars() {
            // Line breaks are between values: in a text they are escaped already.
            if c != '\n' && is_unsafe(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                text.push(c);
            }
        }
        text.push('\n');
        Ok(text)
    }
}
