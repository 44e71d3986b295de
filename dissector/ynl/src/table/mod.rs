// SPDX-License-Identifier: GPL-2.0-or-later
//! The table of families: what is built in of Linux's netlink interfaces, by names and numbers.
//!
//! It has a text for each specification: those of the project (`dissector/ynl/specs/` and
//! `kmod/uapi/nl_util.yaml`, written by `cargo xtask codegen`), then those of the newest kernel
//! (`cargo xtask families`). A text holds what a reader of messages needs, resolved, and no
//! sentence. It is read when the first message of its family is met ([`Entry::family`]), so that
//! the others cost nothing; which messages it has, its first lines say ([`Entry::lists`]).
//!
//! # The form
//!
//! A line that begins at the margin begins a block, one with a tab belongs to it; words are
//! separated by spaces. Ids are the order of the blocks.
//!
//! ```text
//! # a comment
//! family NAME PROTOCOL VERSION             genetlink, genetlink-c, genetlink-legacy or raw:NUMBER;
//!                                          this name alone may have spaces
//! op NAME REQUEST REPLY [WORD…]            numbers, `-` for none; words are
//!         set=SET head=STRUCT              of all of its messages
//!         do.ask[=HEAD/SET] do.answer dump.ask dump.answer   there is such a message; its own header, set
//!         notify=OP event group=GROUP admin uns-admin
//! group NAME [NUMBER]
//! enum NAME                                or `flags NAME`, whose values are numbers of bits
//!         VALUE NAME
//! struct NAME [number]                     `number`: the members are parts of one
//!         NAME TYPE                        SCALAR, or a bit-field in one, SCALAR bits COUNT; of N
//!                                          bytes: string N, binary[~HINT] N, pad N, struct NAME N,
//!                                          array SCALAR N [MEMBER], counted by the member before,
//!                                          structs NAME N, union CHOICE MEMBER N, selected by the
//!                                          member before; the last with 0 has all that is there
//! set NAME [of SET]
//!         NUMBER[*] NAME TYPE              `*`: may stand several times
//! choice NAME                              a sub-message
//!         VALUE HEAD/SET                   each may be empty, the value as `""`
//! ```
//!
//! A SCALAR is `u16`, with `/be` or `/le`, `(ENUM)` or `{FLAGS}`, and `~HINT` behind it. The
//! types of attributes: SCALAR, `flag`, `string`, `unused`, `pad`, `binary[~HINT]`, `struct NAME`,
//! `structs NAME`, `array SCALAR`, `entries HEAD MEMBER SET`, `sized HEAD MEMBER`, `bits [ENUM]`, `nest SET`,
//! `index TYPE` of one of `nest SET`, SCALAR, `string`, `binary[~HINT]`,
//! `select CHOICE HEAD MEMBER`, `keyed SET KEY…`,
//! `keyed-number SCALAR KEY…`, `select CHOICE SELECTOR`.

mod contents;
mod read;
mod write;

use crate::model::Family;

pub use contents::CONTENTS;
pub use read::TableError;
pub use write::{WriteError, write};

/// One text of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the table: `kernel/ethtool`, `own/route/link`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Entry {
    /// The family's name, and of a protocol that is not generic its number.
    pub fn heading(&self) -> Option<(&'static str, Option<u16>)> {
        let line = self.lines().next()?.strip_prefix("family ")?;
        let (name, protocol) = line.rsplit_once(' ')?.0.rsplit_once(' ')?;
        let raw = protocol.strip_prefix("raw:");
        Some((name, raw.and_then(|it| it.parse().ok())))
    }

    /// Whether it lists a message of that number to or from the kernel. It is not read for that.
    pub fn lists(&self, number: u16, to_kernel: bool) -> bool {
        let operations = self.lines().skip(1).map_while(|it| it.strip_prefix("op "));
        let mut numbers = operations.map(|it| it.split(' ').nth(if to_kernel { 1 } else { 2 }));
        numbers.any(|it| it.and_then(|it| it.parse().ok()) == Some(number))
    }

    /// Reads it. The documentation, checks and C names of its model are empty.
    pub fn family(&self) -> Result<Family, TableError> {
        read::read(self.text, self.path)
    }

    fn lines(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().filter(|it| !it.starts_with('#'))
    }
}

#[cfg(test)]
mod tests;
