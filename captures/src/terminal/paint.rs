// SPDX-License-Identifier: GPL-2.0-or-later
//! Colour, where a terminal shows it.

/// What is painted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tint {
    /// Times.
    Dim,
    /// Who speaks.
    Process,
    /// Family and operation.
    Name,
    /// What went wrong.
    Error,
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// What is written from here on has this colour.
    pub(crate) fn begin(self, out: &mut String, tint: Tint) {
        if self.0 {
            // ECMA-48: faint, cyan, bold, red.
            out.push_str(match tint {
                Tint::Dim => "\x1b[2m",
                Tint::Process => "\x1b[36m",
                Tint::Name => "\x1b[1m",
                Tint::Error => "\x1b[31m",
            });
        }
    }

    /// It has none any more.
    pub(crate) fn end(self, out: &mut String) {
        if self.0 {
            out.push_str("\x1b[0m");
        }
    }

    /// Writes the text in its colour.
    pub(crate) fn push(self, out: &mut String, tint: Tint, text: &str) {
        self.begin(out, tint);
        out.push_str(text);
        self.end(out);
    }
}
