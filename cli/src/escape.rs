// SPDX-License-Identifier: GPL-2.0-or-later
//! Bytes from outside, made fit for a terminal.
//!
//! Linux lets an interface be called anything but whitespace, `/` and `:`: also
//! ESC, which starts a terminal's control sequences. Here each byte of a
//! control or invisible character, of what is not UTF-8, and of a backslash
//! becomes `\xNN`; all else stays as it is, byte for byte. So the names that
//! people give are untouched, and two names never look the same.

use std::fmt::{self, Display, Write};

/// Shows bytes escaped.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '\\' || is_unseen(c) {
                    hex(c.encode_utf8(&mut [0; 4]).as_bytes(), f)?;
                } else {
                    f.write_char(c)?;
                }
            }
            hex(chunk.invalid(), f)?;
        }
        Ok(())
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// Control characters, C1 included, and those of Unicode that format text
/// without showing: they can reorder or hide what stands around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_names_stay_as_they_are() {
        for name in [
            "eth0",
            "enx00e04c0261ca",
            "br-a7f58256e5a7",
            "wlan0.100",
            "größe",
            "網卡",
            "a'\"%",
        ] {
            assert_eq!(Escaped(name.as_bytes()).to_string(), name);
        }
    }

    #[test]
    fn control_sequences_never_reach_the_terminal() {
        for (name, shown) in [
            (&b"\x1b[31mred"[..], r"\x1b[31mred"),
            (b"a\x7fb\x01", r"a\x7fb\x01"),
            (b"\xc2\x9b31m", r"\xc2\x9b31m"),
            (b"caf\xe9", r"caf\xe9"),
            ("\u{202e}0hte".as_bytes(), r"\xe2\x80\xae0hte"),
            (b"\\x1b", r"\x5cx1b"),
        ] {
            assert_eq!(Escaped(name).to_string(), shown);
        }
    }
}
