// SPDX-License-Identifier: GPL-2.0-or-later
//! What stands under a line: the tree of attributes, and the bytes.

use ynl::decode::Value;

use super::value::{Broken, Walker, push_hex, push_leaf, walk_level, walk_record, write};
use crate::messages::event::Event;

/// The tree under a line: each attribute on a line of its own.
pub(super) fn push_tree(out: &mut String, event: &Event<'_>) {
    let message = &event.message;
    write(
        out,
        format_args!(
            "    len {} type {:#x} flags {:#x}",
            message.length, message.kind, message.flags
        ),
    );
    for (at, name) in event.flags().enumerate() {
        out.push_str(if at == 0 { " (" } else { "|" });
        out.push_str(&name);
    }
    if event.flags().next().is_some() {
        out.push(')');
    }
    write(
        out,
        format_args!(" seq {} port {}", message.sequence, message.port),
    );
    if let Some(genl) = event.genl() {
        write(
            out,
            format_args!(" cmd {} version {}", genl.command, genl.version),
        );
    }
    out.push('\n');
    let mut tree = Tree { out, depth: 1 };
    if let Some(body) = &event.body {
        if let Some(header) = &body.header {
            walk_record(header, &mut tree);
        }
        walk_level(&body.level, &mut tree);
    }
}

struct Tree<'o> {
    out: &'o mut String,
    depth: usize,
}

impl Tree<'_> {
    fn name(&mut self, name: &str, guessed: bool) {
        self.indent();
        self.out.push_str(name);
        self.out.push_str(if guessed { "?:" } else { ":" });
    }

    fn indent(&mut self) {
        (0..self.depth).for_each(|_| self.out.push_str("    "));
    }
}

impl Walker for Tree<'_> {
    fn leaf(&mut self, name: &str, guessed: bool, value: &Value<'_>) -> bool {
        self.name(name, guessed);
        self.out.push(' ');
        push_leaf(self.out, value);
        match value {
            Value::Odd(_) => self.out.push_str(" (wrong length for its type)"),
            Value::TooDeep(_) => self.out.push_str(" (too deep)"),
            _ => {}
        }
        self.out.push('\n');
        true
    }

    fn begin(&mut self, name: &str, guessed: bool) -> bool {
        self.name(name, guessed);
        self.out.push('\n');
        self.depth += 1;
        true
    }

    fn end(&mut self) {
        self.depth -= 1;
    }

    fn broken(&mut self, what: Broken<'_>) {
        self.indent();
        self.out.push('[');
        match what {
            Broken::Missing(missing) => write(self.out, format_args!("{missing} bytes missing")),
            Broken::Rest(what, bytes) => {
                write(self.out, format_args!("not an {what}: "));
                push_hex(self.out, bytes);
            }
        }
        self.out.push_str("]\n");
    }
}

/// The bytes of a message, sixteen in a row.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    for (row, bytes) in bytes.chunks(16).enumerate() {
        write(out, format_args!("    {:04x} ", row * 16));
        for at in 0..16 {
            match bytes.get(at) {
                Some(byte) => write(out, format_args!(" {byte:02x}")),
                None => out.push_str("   "),
            }
        }
        out.push_str("  ");
        let shown = |byte: &u8| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        };
        out.extend(bytes.iter().map(shown));
        out.push('\n');
    }
}
