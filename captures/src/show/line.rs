// SPDX-License-Identifier: GPL-2.0-or-later
//! A message in one line.

use std::time::Duration;

use ynl::decode::{Body, Value, flags};
use ynl::model::DisplayHint;

use super::value::{
    Broken, MOST_REST, Walker, push_bytes, push_decimal, push_digits, push_leaf, push_text,
    walk_level, walk_record, write,
};
use crate::messages::event::{Event, Role};
use crate::messages::names;
use crate::messages::packet::Packet;
use crate::messages::process::{Fate, Process};
use crate::terminal::paint::{Paint, Tint};
use crate::terminal::text::{count, push_escaped};

/// How many characters of values a line has; the value that crosses it is the
/// last.
const VALUES: usize = 160;

/// How many of these an error has of the request that it is about.
const REFUSED: usize = 60;

/// How many bytes of a value without a form a line shows.
const BYTES: usize = 32;

/// What stands behind a value that has another length than its type.
const WRONG_LENGTH: &str = "[wrong length]";

/// The line of a message, without a line break.
pub(super) fn push_line(out: &mut String, event: &Event<'_>, clock: &str, paint: Paint) {
    push_clock(out, clock, paint);
    push_process(out, event.process.as_ref(), Some(event.message.port), paint);
    let arrow = match event.role {
        Role::Request => " > ",
        Role::Notification => " * ",
        _ if event.tie.as_ref().is_some_and(|it| it.is_ambiguous) => " <~ ",
        _ => " < ",
    };
    out.push_str(arrow);
    paint.begin(out, Tint::Name);
    push_escaped(out, &event.family);
    if !event.operation.is_empty() {
        out.push(' ');
        push_escaped(out, &event.operation);
    }
    paint.end(out);
    if !event.known && event.body.is_some() {
        out.push('?');
    }
    match event.role {
        Role::Request if event.is_dump() => out.push_str(" dump"),
        Role::Done => push_warning(out, event, " done"),
        Role::Ack => push_warning(out, event, " ack"),
        Role::Error => push_error(out, event, paint),
        _ => {}
    }
    if event.message.flags & flags::DUMP_INTR != 0 && event.role != Role::Request {
        out.push_str(" interrupted");
    }
    if let Some(body) = &event.body {
        push_body(out, body, VALUES);
    }
    if event.message.is_cut() {
        let whole = event.message.length as usize;
        write(
            out,
            format_args!(" [{} of {whole} bytes]", event.bytes.len()),
        );
    }
    if let Some(request) = event.missed_request() {
        write(
            out,
            format_args!(" [request {} is not in the file]", request.sequence),
        );
    }
    push_trailing(out, event.trailing);
    if let (Role::Done, Some(tie)) = (event.role, &event.tie) {
        out.push(' ');
        out.push_str(&count(tie.parts.into(), "message"));
    }
    if let Some(took) = event.took() {
        paint.begin(out, Tint::Dim);
        push_milliseconds(out, took);
        paint.end(out);
    }
    match event.packet.fate {
        Some(fate) => push_fate(out, fate),
        None if event.packet.added => paint.push(out, Tint::Dim, " (added by nlcap)"),
        None => {}
    }
}

/// What became of a message that was not sent and received whole.
fn push_fate(out: &mut String, fate: Fate) {
    match fate {
        Fate::NotSent(None) => out.push_str(" [not sent]"),
        Fate::NotSent(Some(errno)) => {
            write(out, format_args!(" [not sent: {}]", names::errno(errno)));
        }
        Fate::NotRead(errno) => {
            write(
                out,
                format_args!(" [receive failed: {}]", names::errno(errno)),
            );
        }
        Fate::Truncated => out.push_str(" [read truncated]"),
        Fate::Dropped(number) => write(out, format_args!(" [{number} dropped so far]")),
    }
}

/// The first values of a message, a space before each.
fn push_body(out: &mut String, body: &Body<'_>, limit: usize) {
    let mut line = Line {
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
    };
    let header = body.header.as_ref();
    if header.is_none_or(|it| walk_record(it, &mut line)) {
        line.in_header = false;
        walk_level(&body.level, &mut line);
    }
}

/// The line of a packet that begins with no message, without a line break.
pub(super) fn push_no_message(out: &mut String, packet: &Packet<'_>, clock: &str, paint: Paint) {
    push_clock(out, clock, paint);
    push_process(out, packet.process.as_ref(), None, paint);
    out.push_str(if packet.sent == Some(true) {
        " > "
    } else {
        " * "
    });
    paint.push(out, Tint::Name, &names::protocol(packet.protocol));
    let bytes = count(packet.messages.len() as u64, "byte");
    write(out, format_args!(" [not a netlink message: {bytes}]"));
}

/// Bytes after the last message of a datagram.
fn push_trailing(out: &mut String, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let is_zero = bytes.iter().all(|byte| *byte == 0);
    let bytes = count(
        bytes.len() as u64,
        if is_zero { "zero byte" } else { "byte" },
    );
    write(out, format_args!(" [{bytes} after the message]"));
}

fn push_clock(out: &mut String, clock: &str, paint: Paint) {
    if !clock.is_empty() {
        paint.push(out, Tint::Dim, clock);
        out.push(' ');
    }
}

/// The process, else the port id.
fn push_process(out: &mut String, process: Option<&Process>, port: Option<u32>, paint: Paint) {
    paint.begin(out, Tint::Process);
    match (process, port) {
        (Some(process), _) => {
            match &process.comm {
                Some(comm) => push_escaped(out, comm),
                None => out.push_str("pid"),
            }
            out.push('[');
            push_decimal(out, process.pid.into());
            out.push(']');
        }
        (None, Some(port)) => {
            out.push_str("port ");
            push_decimal(out, port.into());
        }
        (None, None) => out.push('-'),
    }
    paint.end(out);
}

/// A time in milliseconds, to the microsecond.
fn push_milliseconds(out: &mut String, time: Duration) {
    let micros = (time.as_nanos() + 500) / 1000;
    out.push(' ');
    push_decimal(out, i128::try_from(micros / 1000).unwrap_or(i128::MAX));
    out.push('.');
    push_digits(out, (micros % 1000) as u32, 3);
    out.push_str("ms");
}

/// The kernel has something to say of what went well, too.
fn push_warning(out: &mut String, event: &Event<'_>, word: &str) {
    out.push_str(word);
    push_said(out, event.verdict.and_then(|it| it.text));
}

/// The kernel's text, behind a colon.
fn push_said(out: &mut String, text: Option<&[u8]>) {
    let Some(text) = text else { return };
    out.push_str(": ");
    for chunk in text.utf8_chunks() {
        push_escaped(out, chunk.valid());
        for byte in chunk.invalid() {
            write(out, format_args!("\\x{byte:02x}"));
        }
    }
}

fn push_error(out: &mut String, event: &Event<'_>, paint: Paint) {
    let Some(verdict) = &event.verdict else {
        return;
    };
    let mut text = format!(" {}", names::errno(verdict.errno));
    push_said(&mut text, verdict.text);
    paint.push(out, Tint::Error, &text);
    let (attribute, missing) = event.at_fault();
    if let Some(path) = attribute {
        out.push_str(" at ");
        push_escaped(out, &path);
    }
    if let Some(path) = missing {
        out.push_str(" missing ");
        push_escaped(out, &path);
    }
    // What the request was about.
    let start = out.len();
    if let Some(request) = event.refused() {
        push_body(out, &request, REFUSED);
    }
    if out.len() > start {
        out.insert(start + 1, '(');
        out.push(')');
    }
}

/// Writes values until the line is full.
struct Line<'o> {
    out: &'o mut String,
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

impl Line<'_> {
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

impl Walker for Line<'_> {
    fn leaf(&mut self, name: &str, guessed: bool, value: &Value<'_>) -> bool {
        if self.is_full() {
            return false;
        }
        match value {
            Value::Padding([]) => return true,
            value if self.is_spared(value) => {
                self.left_out |= 1;
                return true;
            }
            Value::Flag => {
                self.name(name, guessed);
                return true;
            }
            _ => {}
        }
        self.name(name, guessed);
        self.out.push('=');
        match value {
            Value::Bytes { bytes, hint } => self.bytes(bytes, *hint),
            Value::Padding(bytes) | Value::Odd(bytes) | Value::TooDeep(bytes) => {
                self.bytes(bytes, None);
            }
            Value::Text(text) if text.len() > VALUES => {
                push_text(self.out, &text[..VALUES]);
                self.out.push('…');
            }
            value => drop(push_leaf(self.out, value)),
        }
        if matches!(value, Value::Odd(_)) {
            self.out.push_str(WRONG_LENGTH);
        }
        true
    }

    fn begin(&mut self, name: &str, guessed: bool) -> bool {
        if self.is_full() {
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
            Broken::Wrapped => self.out.push_str("[length has wrapped]"),
        }
    }
}
