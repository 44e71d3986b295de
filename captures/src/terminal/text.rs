// SPDX-License-Identifier: GPL-2.0-or-later
//! Text that came from outside, made fit for a terminal and for a comment.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

/// Whether a terminal could do something else with it than show it: control
/// characters, and the marks that turn the direction of writing.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with each unsafe character as `\u{…}`.
pub(crate) fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    push_escaped(&mut shown, text);
    shown
}

/// Appends the text with each unsafe character as `\u{…}`.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
}

/// A file or command name for a message on the terminal.
pub(crate) fn escape_os(name: impl AsRef<OsStr>) -> String {
    escape(&name.as_ref().to_string_lossy())
}

/// A command line as it can be typed into bash again.
pub(crate) fn command_line<A: AsRef<OsStr>>(arguments: &[A]) -> String {
    let words: Vec<_> = arguments.iter().map(|word| quote(word.as_ref())).collect();
    words.join(" ")
}

fn quote(word: &OsStr) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&b);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.bytes().all(plain) => text.to_owned(),
        Some(text) if !text.contains(is_unsafe) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let mut quoted = String::from("$'");
            for &byte in word.as_bytes() {
                match byte {
                    b'\'' | b'\\' => quoted.extend(['\\', char::from(byte)]),
                    b'\n' => quoted.push_str("\\n"),
                    b'\t' => quoted.push_str("\\t"),
                    b' '..=b'~' => quoted.push(char::from(byte)),
                    // Writing to a String cannot fail.
                    _ => drop(write!(quoted, "\\x{byte:02x}")),
                }
            }
            quoted.push('\'');
            quoted
        }
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// At most `limit` bytes of the text, cut between characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Writes one line on standard error, in one piece: the command may write there
/// at the same time.
pub(crate) fn say(line: &dyn fmt::Display) {
    // Without a standard error there is nobody to tell.
    let _ = io::stderr().write_all(format!("nlcap: {line}\n").as_bytes());
}

/// An error of the system by its errno's name, as in `ENOENT: No such file or
/// directory`.
#[derive(Debug)]
pub(crate) struct Reason(pub(crate) io::Error);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.raw_os_error() {
            Some(number) => Errno::from_raw(number).fmt(f),
            None => self.0.fmt(f),
        }
    }
}

/// The number with its noun: `1 message`, `2 messages`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(
            command_line(&["ip", "-br", "link", "show", "eth0@if2"]),
            "ip -br link show eth0@if2"
        );
    }

    #[test]
    fn other_words_are_quoted_for_bash() {
        assert_eq!(
            command_line(&["sh", "-c", "echo 'a b'; exit"]),
            r"sh -c 'echo '\''a b'\''; exit'"
        );
        assert_eq!(command_line(&[""]), "''");
        assert_eq!(command_line(&["a\x1b[2J'\n"]), r"$'a\x1b[2J\'\n'");
        assert_eq!(command_line(&[OsStr::from_bytes(b"\xff\\")]), r"$'\xff\\'");
        assert_eq!(command_line(&["größe"]), "'größe'");
    }

    #[test]
    fn what_could_drive_a_terminal_is_escaped() {
        assert_eq!(
            escape("a\x1b[2J\u{202e}b\u{9b}"),
            r"a\u{1b}[2J\u{202e}b\u{9b}"
        );
        assert_eq!(escape("größe"), "größe");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!(
            [count(0, "frame"), count(1, "frame"), count(2, "frame")],
            ["0 frames", "1 frame", "2 frames"]
        );
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let shown = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
