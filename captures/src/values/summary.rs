// SPDX-License-Identifier: GPL-2.0-or-later
//! The first values of a message, in one line.

use ynl::decode::{Body, Value};
use ynl::model::DisplayHint;

use super::lead::push_lead;
use super::{
    Broken, MOST_REST, Walker, push_bytes, push_named_leaf, push_secret, push_text, walk_level,
    walk_record, write,
};
use crate::messages::links::Links;

pub(crate) use super::lead::Topic;

/// How many characters of values a summary has; the value that crosses it is the last.
const MESSAGE: usize = 160;

/// How many that of a request has which an error is about: so many of the header, and as many of
/// the attributes, which say what it was about.
const REQUEST: usize = 60;

/// How many bytes of a text a summary shows.
const TEXT: usize = 160;

/// How many bytes of a value without a form a summary shows.
const BYTES: usize = 32;

/// What stands behind a value that has another length than its type.
const WRONG_LENGTH: &str = "[wrong length]";

/// The first values of a message, a space before each.
pub(crate) fn push_summary(out: &mut String, body: &Body<'_>, topic: Topic<'_>) {
    let start = out.len();
    let said = push_lead(out, body, topic);
    let mut summary = Summary::new(out, MESSAGE, topic.links, &said);
    summary.start = start;
    let header = body.header.as_ref();
    if header.is_none_or(|it| walk_record(it, &mut summary)) {
        summary.in_header = false;
        walk_level(&body.level, &mut summary);
    }
}

/// The first values of a request that an error is about, a space before each.
pub(crate) fn push_request(out: &mut String, body: &Body<'_>, topic: Topic<'_>) {
    let said = push_lead(out, body, topic);
    let mut header = Summary::new(out, REQUEST, topic.links, &said);
    let _ = body
        .header
        .as_ref()
        .is_none_or(|it| walk_record(it, &mut header));
    let mut attributes = Summary::new(out, REQUEST, topic.links, &said);
    attributes.in_header = false;
    walk_level(&body.level, &mut attributes);
}

/// Writes values until the line is full.
struct Summary<'o> {
    out: &'o mut String,
    links: Links<'o>,
    /// What is on the line already, of the outermost values.
    said: &'o [&'o str],
    start: usize,
    /// How many characters there may be before the last value.
    limit: usize,
    /// Braces that are open.
    open: u32,
    /// The next value is the first of its brace.
    first: bool,
    full: bool,
    /// The struct before the attributes is written, most of which is 0.
    in_header: bool,
    /// Of each open brace of the header the length of the text before it, and what
    /// `first` was there.
    begun: Vec<(usize, bool)>,
    /// Structs around the next value, each in the other.
    structs: u32,
    /// For each of them, innermost in the lowest bit: members were left out.
    left_out: u32,
}

impl<'o> Summary<'o> {
    fn new(out: &'o mut String, limit: usize, links: Links<'o>, said: &'o [&'o str]) -> Self {
        Self {
            links,
            said,
            start: out.len(),
            out,
            limit,
            open: 0,
            first: true,
            full: false,
            in_header: true,
            begun: Vec::new(),
            structs: 0,
            left_out: 0,
        }
    }

    /// What is between two values.
    fn space(&mut self) {
        if !self.first || self.open == 0 {
            self.out.push(' ');
        }
        self.first = false;
    }

    /// Says that there is more.
    fn mark(&mut self) {
        self.space();
        self.out.push('…');
    }

    fn name(&mut self, name: &str, guessed: bool) {
        self.space();
        self.out.push_str(name);
        if guessed {
            self.out.push('?');
        }
    }

    /// Bytes, the first of them where they are many.
    fn bytes(&mut self, bytes: &[u8], hint: Option<DisplayHint>) {
        push_bytes(self.out, &bytes[..bytes.len().min(BYTES)], hint);
        if bytes.len() > BYTES {
            write(self.out, format_args!("…({} bytes)", bytes.len()));
        }
    }

    fn is_full(&mut self) -> bool {
        if !self.full && self.out.len() - self.start > self.limit {
            self.full = true;
            self.mark();
        }
        self.full
    }

    fn is_said(&self, name: &str) -> bool {
        self.open == 0 && self.said.contains(&name)
    }

    /// Whether the value need not be said: a number that is an attribute was sent
    /// for its value, one in a struct because the struct has room for it.
    fn is_spared(&self, value: &Value<'_>) -> bool {
        self.structs > 0
            && match value {
                Value::Number(number) => number.bits() == 0,
                Value::Bytes { bytes, .. } => bytes.iter().all(|byte| *byte == 0),
                Value::Text(text) => text.is_empty(),
                _ => false,
            }
    }
}

impl Walker for Summary<'_> {
    fn leaf(&mut self, name: &str, guessed: bool, value: &Value<'_>) -> bool {
        // What is not said does not fill the line.
        match value {
            Value::Padding([]) => return true,
            _ if self.is_said(name) => return true,
            value if self.is_spared(value) => {
                self.left_out |= 1;
                return true;
            }
            _ if self.is_full() => return false,
            _ => {}
        }
        self.name(name, guessed);
        if matches!(value, Value::Flag) {
            return true;
        }
        self.out.push('=');
        match value {
            Value::Bytes {
                bytes,
                hint: hint @ Some(DisplayHint::SocketName | DisplayHint::SocketAddress),
            } => push_bytes(self.out, bytes, *hint),
            Value::Bytes { bytes, hint } => self.bytes(bytes, *hint),
            Value::Padding(bytes) | Value::Odd(bytes) | Value::TooDeep(bytes) => {
                self.bytes(bytes, None);
            }
            Value::Text(text) if text.len() > TEXT => {
                push_text(self.out, &text[..TEXT]);
                self.out.push('…');
            }
            value => drop(push_named_leaf(self.out, value, self.links)),
        }
        if matches!(value, Value::Odd(_)) {
            self.out.push_str(WRONG_LENGTH);
        }
        true
    }

    fn begin(&mut self, name: &str, guessed: bool) -> bool {
        if self.is_said(name) || self.is_full() {
            return false;
        }
        if self.in_header {
            self.begun.push((self.out.len(), self.first));
        }
        self.name(name, guessed);
        self.out.push_str("={");
        self.open += 1;
        self.first = true;
        true
    }

    fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
        if let Some((length, first)) = self.begun.pop()
            && self.first
        {
            // A struct of zeros is one itself.
            self.out.truncate(length);
            self.first = first;
            return;
        }
        self.out.push('}');
        self.first = false;
    }

    fn begin_members(&mut self) {
        self.structs += 1;
        self.left_out <<= 1;
    }

    fn end_members(&mut self) {
        if self.left_out & 1 != 0 && !self.in_header && !self.full {
            self.mark();
        }
        self.left_out >>= 1;
        self.structs -= 1;
    }

    fn broken(&mut self, what: Broken<'_>) {
        match what {
            Broken::Missing(missing) => {
                // Which is why its length is wrong.
                if self.out.ends_with(WRONG_LENGTH) {
                    self.out.truncate(self.out.len() - WRONG_LENGTH.len());
                }
                write(self.out, format_args!("[{missing} bytes missing]"));
            }
            Broken::Rest(_, bytes) if bytes.len() > MOST_REST => {
                self.space();
                write(self.out, format_args!("[{} bytes not read]", bytes.len()));
            }
            Broken::Rest(what, bytes) => {
                self.space();
                write(self.out, format_args!("[not an {what}: "));
                self.bytes(bytes, None);
                self.out.push(']');
            }
            Broken::More(bytes) => {
                self.space();
                write(self.out, format_args!("[{} bytes more]", bytes.len()));
            }
            Broken::Secret(length) => {
                self.space();
                self.out.push_str("[not an attribute: ");
                push_secret(self.out, length);
                self.out.push(']');
            }
            Broken::Wrapped => self.out.push_str("[length has wrapped]"),
        }
    }
}
