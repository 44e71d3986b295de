// SPDX-License-Identifier: GPL-2.0-or-later
//! The caller's terminal, lent to the guest.

use rustix::{
    io,
    stdio::stdin,
    termios::{self, OptionalActions, Termios},
};
use std::io::{IsTerminal, stderr, stdout};

/// Rows and columns of the terminal, where all three streams are one: only
/// then does the command get a terminal of its own.
pub(super) fn size() -> Option<(u16, u16)> {
    let all = std::io::stdin().is_terminal() && stdout().is_terminal() && stderr().is_terminal();
    let size = termios::tcgetwinsize(stdin()).ok()?;
    all.then_some((size.ws_row, size.ws_col))
}

/// Every key goes to the guest as it is typed, until this is dropped.
pub(super) struct RawMode(Termios);

impl RawMode {
    /// Makes the terminal on standard input raw.
    pub(super) fn new() -> io::Result<Self> {
        let before = termios::tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(stdin(), OptionalActions::Drain, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Where the terminal is gone there is nothing to mend.
        let _ = termios::tcsetattr(stdin(), OptionalActions::Drain, &self.0);
    }
}
