// SPDX-License-Identifier: GPL-2.0-or-later
//! What came from a guest or from a command line, made fit for the caller's terminal.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// So many characters of a command line show which one it is.
const SHORT: usize = 80;

/// The text with what a terminal would do something else with than show it as `\\u{…}`;
/// its lines stay.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && c != '\t' && is_unsafe(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and the marks that turn the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A command line in one line, in backquotes, shortened; of the program its name alone.
pub(super) fn command_line(argv: &[OsString]) -> String {
    let name = argv.first().and_then(|it| Path::new(it).file_name());
    let words = name
        .into_iter()
        .chain(argv.iter().skip(1).map(AsRef::as_ref));
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let line = words.join(" ");
    let mut shown = String::from("`");
    for (at, c) in line.chars().enumerate() {
        if at == SHORT {
            shown.push('…');
            break;
        }
        if is_unsafe(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_one_line_whatever_is_in_it() {
        let line = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            command_line(&words)
        };
        assert_eq!(line(&["/sbin/ip", "-j", "link"]), "`ip -j link`");
        assert_eq!(line(&["sh", "-c", "a\n\u{1b}[2J"]), r"`sh -c a\n\u{1b}[2J`");
        let long = line(&["x".repeat(100).as_str()]);
        assert_eq!(long, format!("`{}…`", "x".repeat(SHORT)));
    }

    #[test]
    fn a_guests_log_keeps_its_lines_and_moves_no_cursor() {
        assert_eq!(printable("a\n\u{1b}c\tb"), "a\n\\u{1b}c\tb");
    }
}
