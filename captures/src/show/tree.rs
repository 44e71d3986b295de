// SPDX-License-Identifier: GPL-2.0-or-later
//! What stands under a line: the tree of attributes, and the bytes.

use std::borrow::Cow;
use std::ops::Range;

use ynl::decode::{Message, Value};

use crate::messages::event::Event;
use crate::messages::links::Links;
use crate::messages::uevent::Uevent;
use crate::values::{
    Broken, MOST_REST, Walker, push_hex, push_named_leaf, push_plain, push_secret, push_text,
    walk_level, walk_record, write,
};

/// The tree under a line: each attribute on a line of its own.
pub(super) fn push_tree(out: &mut String, event: &Event<'_>) {
    let message = &event.message;
    out.push_str("    ");
    push_header(out, message, event.flags());
    if let Some(genl) = event.genl() {
        write(
            out,
            format_args!(" cmd {} version {}", genl.command, genl.version),
        );
    }
    out.push('\n');
    if let Some(request) = event.missed_request() {
        out.push_str("    request: ");
        push_header(out, &request, event.flags_of(&request, true));
        out.push('\n');
    }
    if let Some(cookie) = event.verdict.and_then(|it| it.cookie) {
        out.push_str("    cookie: ");
        push_hex(out, cookie);
        out.push('\n');
    }
    let mut tree = Tree {
        out,
        depth: 1,
        links: event.links,
    };
    if let Some(body) = &event.body {
        if let Some(header) = &body.header {
            walk_record(header, &mut tree);
        }
        walk_level(&body.level, &mut tree);
    }
}

/// The pairs of a uevent, each on a line of its own.
pub(super) fn push_uevent(out: &mut String, uevent: &Uevent<'_>) {
    for (key, value) in uevent.pairs() {
        out.push_str("    ");
        push_plain(out, key);
        out.push_str(": ");
        push_text(out, value);
        out.push('\n');
    }
}

/// A netlink header, with its flags by name.
fn push_header(
    out: &mut String,
    message: &Message<'_>,
    flags: impl Iterator<Item = Cow<'static, str>>,
) {
    write(
        out,
        format_args!(
            "len {} type {:#x} flags {:#x}",
            message.length, message.kind, message.flags
        ),
    );
    let mut any = false;
    for name in flags {
        out.push_str(if any { "|" } else { " (" });
        out.push_str(&name);
        any = true;
    }
    if any {
        out.push(')');
    }
    write(
        out,
        format_args!(" seq {} port {}", message.sequence, message.port),
    );
}

struct Tree<'o> {
    out: &'o mut String,
    depth: usize,
    links: Links<'o>,
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
        push_named_leaf(self.out, value, self.links);
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
            Broken::Rest(_, bytes) if bytes.len() > MOST_REST => {
                write(self.out, format_args!("{} bytes not read", bytes.len()));
            }
            Broken::Rest(what, bytes) => {
                write(self.out, format_args!("not an {what}: "));
                push_hex(self.out, bytes);
            }
            Broken::More(bytes) => {
                write(self.out, format_args!("{} bytes more: ", bytes.len()));
                push_hex(self.out, bytes);
            }
            Broken::Secret(length) => {
                self.out.push_str("not an attribute: ");
                push_secret(self.out, length);
            }
            Broken::Wrapped => self.out.push_str("length has wrapped"),
        }
        self.out.push_str("]\n");
    }
}

/// The bytes of a message, sixteen in a row, with `**` for each that is `secret`.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8], secret: &[Range<usize>]) {
    let mut secrets = vec![false; if secret.is_empty() { 0 } else { bytes.len() }];
    for range in secret {
        secrets.get_mut(range.clone()).unwrap_or(&mut []).fill(true);
    }
    let is_secret = |at: usize| secrets.get(at) == Some(&true);
    for (row, bytes) in bytes.chunks(16).enumerate() {
        write(out, format_args!("    {:04x} ", row * 16));
        for at in 0..16 {
            match bytes.get(at) {
                Some(_) if is_secret(row * 16 + at) => out.push_str(" **"),
                Some(byte) => write(out, format_args!(" {byte:02x}")),
                None => out.push_str("   "),
            }
        }
        out.push_str("  ");
        let shown = |(at, byte): (usize, &u8)| match byte {
            _ if is_secret(row * 16 + at) => '*',
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        };
        out.extend(bytes.iter().enumerate().map(shown));
        out.push('\n');
    }
}

/// The bytes after the last message of a datagram; of zeros the line says it all.
pub(super) fn push_trailing(out: &mut String, bytes: &[u8]) {
    if bytes.iter().any(|byte| *byte != 0) {
        write(out, format_args!("    after the message:\n"));
        push_bytes(out, bytes, &[]);
    }
}

/// The same where those bytes may be what is left of another message with secrets.
pub(super) fn push_secret_trailing(out: &mut String, bytes: &[u8]) {
    if bytes.iter().any(|byte| *byte != 0) {
        out.push_str("    after the message: ");
        push_secret(out, bytes.len());
        out.push('\n');
    }
}
