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
    /// Writes the text in its colour.
    pub(crate) fn push(self, out: &mut String, tint: Tint, text: &str) {
        if !self.0 {
            out.push_str(text);
            return;
        }
        // ECMA-48: faint, cyan, bold, red.
        out.push_str(match tint {
            Tint::Dim => "\x1b[2m",
            Tint::Process => "\x1b[36m",
            Tint::Name => "\x1b[1m",
            Tint::Error => "\x1b[31m",
        });
        out.push_str(text);
        out.push_str("\x1b[0m");
    }
}
