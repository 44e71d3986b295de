// SPDX-License-Identifier: GPL-2.0-or-later
//! A message as one JSON object, its values as the kernel's YNL client prints
//! them with `--output-json`.

mod numbers;
mod pairs;
mod strings;

use std::borrow::Cow;
use std::iter::successors;

use ynl::decode::{
    Field, Flags, Inner, KeyedEntry, Level, Message, Record, Value, pairs as pairs_of,
};
use ynl::model::{AttrKind, DisplayHint};

use self::numbers::{push_flags, push_number};
use self::strings::{push_bytes, push_secret};
pub(crate) use self::strings::{push_key, push_list, push_text};
use super::clock::push_seconds;
use crate::messages::event::Event;
use crate::messages::names;
use crate::messages::packet::Packet;
use crate::messages::process::{Fate, Process};
use crate::messages::uevent::Uevent;
use crate::values::{self, write};

/// The object of a message, without a line break.
pub(super) fn push_event(out: &mut String, event: &Event<'_>) {
    let message = &event.message;
    push_origin(out, event.frame, event.packet, event.process.as_ref());
    write(out, format_args!(",\"number\":{}", event.number));
    let words = [
        ("role", event.role.name()),
        ("protocol", event.protocol),
        ("family", &event.family),
        ("op", &event.operation),
    ];
    for (key, word) in words {
        push_key(out, key);
        push_text(out, word);
    }
    out.push(',');
    push_header(out, message, event.flags());
    if event.is_dump() {
        out.push_str(",\"dump\":true");
    }
    if message.is_cut() {
        write(out, format_args!(",\"kept\":{}", event.bytes.len()));
    }
    push_trailing(out, event.trailing, event.hides_trailing());
    if event.packet.added {
        out.push_str(",\"added\":true");
    }
    if let Some(fate) = event.packet.fate {
        push_fate(out, fate);
    }
    if let Some(tie) = &event.tie {
        let (frame, number) = (tie.request.frame, tie.request.number);
        write(
            out,
            format_args!(",\"request-frame\":{frame},\"request-number\":{number}"),
        );
        if tie.is_ambiguous {
            out.push_str(",\"ambiguous\":true");
        }
    }
    if let Some(took) = event.took() {
        push_key(out, "took");
        push_seconds(out, took);
    }
    push_verdict(out, event);
    if let Some(body) = &event.body {
        push_key(out, "msg");
        out.push('{');
        let mut object = Object::default();
        object.record(out, body.header.as_ref());
        object.level(out, &body.level);
        out.push('}');
    }
    out.push('}');
}

/// What became of a message that was not sent and received whole.
fn push_fate(out: &mut String, fate: Fate) {
    let (key, errno) = match fate {
        Fate::NotSent(errno) => ("sent", errno),
        Fate::NotRead(errno) => ("read", Some(errno)),
        Fate::Truncated => return out.push_str(",\"truncated\":true"),
        Fate::Dropped(number) => return write(out, format_args!(",\"drops\":{number}")),
    };
    write(out, format_args!(",\"{key}\":false"));
    if let Some(errno) = errno {
        push_key(out, "errno");
        push_text(out, &names::errno(errno));
    }
}

/// The object of a packet that begins with no message, without a line break.
pub(super) fn push_no_message(
    out: &mut String,
    frame: u64,
    packet: &Packet<'_>,
    uevent: Option<&Uevent<'_>>,
) {
    push_origin(out, frame, packet, packet.process.as_ref());
    let role = if uevent.is_some() {
        "notification"
    } else {
        "none"
    };
    for (key, word) in [
        ("role", role),
        ("protocol", &*names::protocol(packet.protocol)),
    ] {
        push_key(out, key);
        push_text(out, word);
    }
    match uevent {
        Some(uevent) => pairs::push_uevent(out, uevent),
        None => push_trailing(out, packet.messages, false),
    }
    out.push('}');
}

/// The beginning of an object: when it was, and whose it is.
fn push_origin(out: &mut String, frame: u64, packet: &Packet<'_>, process: Option<&Process>) {
    write(out, format_args!("{{\"frame\":{frame},\"time\":"));
    push_seconds(out, packet.time);
    // More digits than a double has.
    write(out, format_args!(",\"time-ns\":{}", packet.time.as_nanos()));
    let Some(process) = process else { return };
    write(out, format_args!(",\"pid\":{}", process.pid));
    if let Some(tid) = process.tid {
        write(out, format_args!(",\"tid\":{tid}"));
    }
    if let Some(socket) = process.socket {
        write(out, format_args!(",\"socket\":{socket}"));
    }
    if let Some(comm) = &process.comm {
        push_key(out, "comm");
        push_text(out, comm);
    }
}

/// Bytes of a datagram that are no message.
fn push_trailing(out: &mut String, bytes: &[u8], is_secret: bool) {
    if bytes.is_empty() {
        return;
    }
    write(out, format_args!(",\"trailing\":{}", bytes.len()));
    if bytes.iter().any(|byte| *byte != 0) {
        push_key(out, "trailing-bytes");
        match is_secret {
            true => push_secret(out, bytes.len()),
            false => push_bytes(out, bytes),
        }
    }
}

/// The members of a netlink header.
fn push_header(
    out: &mut String,
    message: &Message<'_>,
    flags: impl Iterator<Item = Cow<'static, str>>,
) {
    out.push_str("\"flags\":[");
    push_list(out, flags, |out, name| push_text(out, &name));
    write(
        out,
        format_args!(
            "],\"type\":{},\"nl-flags\":{},\"seq\":{},\"port\":{},\"len\":{}",
            message.kind, message.flags, message.sequence, message.port, message.length
        ),
    );
}

fn push_verdict(out: &mut String, event: &Event<'_>) {
    let Some(verdict) = &event.verdict else {
        return;
    };
    write(out, format_args!(",\"errno\":{}", verdict.errno));
    if verdict.errno != 0 {
        push_key(out, "error");
        push_text(out, &names::errno(verdict.errno));
    }
    if let Some(text) = verdict.text {
        push_key(out, "extack");
        push_text(out, &String::from_utf8_lossy(text));
    }
    if let Some(request) = event.missed_request() {
        out.push_str(",\"request\":{");
        push_header(out, &request, event.flags_of(&request, true));
        out.push('}');
    }
    if let Some(cookie) = verdict.cookie {
        push_key(out, "cookie");
        push_bytes(out, cookie);
    }
    let (attribute, missing) = event.at_fault();
    for (key, path) in [("bad-attr", attribute), ("miss-attr", missing)] {
        if let Some(path) = path {
            push_key(out, key);
            push_text(out, &path);
        }
    }
}

/// The key of bytes that are no attribute, up to the end of the level.
const NO_ATTRIBUTE: &str = "(no attribute)";

/// The key of bytes that are no struct of an array, up to its end.
const NO_ELEMENT: &str = "(no element)";

/// The key of bytes of a struct behind the last member that is known.
const MORE: &str = "(more)";

/// An object in the making.
#[derive(Default)]
struct Object<'a> {
    /// Members of the struct that it began with.
    members: Vec<&'a str>,
    begun: bool,
}

impl<'a> Object<'a> {
    fn key(&mut self, out: &mut String, key: &str) {
        if self.begun {
            out.push(',');
        }
        self.begun = true;
        push_text(out, key);
        out.push(':');
    }

    fn record(&mut self, out: &mut String, record: Option<&Record<'a>>) {
        for (member, value) in record.iter().flat_map(|it| it.members()) {
            self.members.push(&member.name);
            self.key(out, &member.name);
            push_value(out, &value);
        }
        if let Some(length) = record.and_then(|it| it.secret_more()) {
            self.members.push(values::KEY);
            self.key(out, values::KEY);
            push_secret(out, length);
        }
        let more = record.map_or(&[][..], |it| it.more());
        if !more.is_empty() {
            self.key(out, MORE);
            push_bytes(out, more);
        }
    }

    /// The attributes of a level: those of one number in one list, at the place
    /// of the first.
    fn level(&mut self, out: &mut String, level: &Level<'_>) {
        let mut fields = Vec::new();
        let mut rest: &[u8] = &[];
        for field in level.fields() {
            match field {
                Ok(field) if is_padding(&field) => {}
                Ok(field) => fields.push(field),
                Err(malformed) => {
                    rest = level.rest(&malformed);
                    break;
                }
            }
        }
        // For each the next of its number, and whether there is one before it.
        let number = |at: &usize| fields[*at].attribute.number;
        let mut order: Vec<_> = (0..fields.len()).collect();
        order.sort_by_key(number);
        let mut links = vec![(None, false); fields.len()];
        for pair in order.windows(2) {
            if let &[one, next] = pair
                && number(&one) == number(&next)
            {
                links[one].0 = Some(next);
                links[next].1 = true;
            }
        }
        for (at, first) in fields.iter().enumerate() {
            let (next, is_shown) = links[at];
            if is_shown {
                continue;
            }
            let key = match first.name() {
                // A struct and the attributes behind it share one object.
                Some(name) if self.members.contains(&name) => format!("{name} (attribute)").into(),
                Some(name) => Cow::Borrowed(name),
                None => format!("UnknownAttr({})", first.attribute.number).into(),
            };
            self.key(out, &key);
            let is_list = next.is_some()
                || first.spec.is_some_and(|it| it.multi)
                || has_several(level, first);
            if is_list {
                out.push('[');
            }
            let group = successors(Some(at), |at| links[*at].0);
            push_list(out, group, |out, at| push_field(out, level, &fields[at]));
            if is_list {
                out.push(']');
            }
            if first.wrapped {
                self.key(out, &format!("{key} (length has wrapped)"));
                out.push_str("true");
            }
        }
        if !rest.is_empty() {
            self.key(out, NO_ATTRIBUTE);
            match level.hides_rest() {
                true => push_secret(out, rest.len()),
                false => push_bytes(out, rest),
            }
        }
    }
}

/// Whether an attribute holds several values, each as if it were one of its own.
fn has_several(level: &Level<'_>, field: &Field<'_>) -> bool {
    let is_keyed = field.spec.is_some_and(|it| {
        matches!(
            it.kind,
            AttrKind::NestTypeValue { .. } | AttrKind::ScalarTypeValue { .. }
        )
    });
    is_keyed
        && match level.read(field).value {
            Value::Keyed(keyed) => keyed.is_whole() && keyed.entries().nth(1).is_some(),
            _ => false,
        }
}

/// Whether it is padding that holds nothing.
fn is_padding(field: &Field<'_>) -> bool {
    field.attribute.payload.is_empty()
        && field.missing == 0
        && field.spec.is_some_and(|it| it.kind == AttrKind::Pad)
}

fn push_field(out: &mut String, level: &Level<'_>, field: &Field<'_>) {
    let read = level.read(field);
    // Something else is in it than attributes. One that is cut off itself is shown as
    // far as it goes.
    let is_whole = match &read.value {
        Value::Nest(level) => level.is_whole(),
        Value::Indexed(all) => all.is_whole(),
        Value::Records(all) => all.is_whole(),
        Value::Keyed(all) => all.is_whole(),
        Value::SubMessage {
            level: Some(level), ..
        } => level.is_whole(),
        _ => true,
    };
    if !is_whole && field.missing == 0 && level.hides(field) {
        return push_secret(out, field.attribute.payload.len());
    }
    if !is_whole && field.missing == 0 {
        return push_bytes(out, field.attribute.payload);
    }
    match read.value {
        Value::Nest(_) => push_value(out, &read.value),
        // What it looks like is for people: a program gets what it is.
        _ if read.guessed => push_bytes(out, field.attribute.payload),
        value => push_value(out, &value),
    }
}

fn push_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Flag => out.push_str("true"),
        Value::Number(number) => push_number(out, number),
        Value::Text(text) => push_text(out, &String::from_utf8_lossy(text)),
        Value::Bytes {
            bytes,
            hint: Some(DisplayHint::SocketName),
        } => push_text(out, &String::from_utf8_lossy(&values::socket_name(bytes))),
        Value::Bytes {
            bytes,
            hint: Some(DisplayHint::KeyValue),
        } => pairs::push(out, pairs_of(bytes)),
        Value::Bytes { bytes, hint } => {
            // Digits and what is between them: nothing that is to be escaped.
            out.push('"');
            values::push_bytes(out, bytes, *hint);
            out.push('"');
        }
        Value::Bits {
            value,
            selector,
            names,
        } => {
            let push = |out: &mut String, bits: u32| match names {
                Some(_) => push_flags(out, Flags::of(bits, *names)),
                None => write(out, format_args!("{bits}")),
            };
            out.push_str("{\"value\":");
            push(out, *value);
            out.push_str(",\"selector\":");
            push(out, *selector);
            out.push('}');
        }
        Value::Array(numbers) => {
            out.push('[');
            push_list(out, numbers.iter(), |out, it| push_number(out, &it));
            out.push(']');
        }
        Value::Records(all) => {
            out.push('[');
            push_list(out, all.elements(), |out, element| match element {
                Ok(element) => push_value(out, &element.value),
                Err(malformed) => {
                    out.push('{');
                    Object::default().key(out, NO_ELEMENT);
                    push_bytes(out, all.rest(&malformed));
                    out.push('}');
                }
            });
            out.push(']');
        }
        Value::Struct(record) => {
            out.push('{');
            Object::default().record(out, Some(record));
            out.push('}');
        }
        Value::Nest(level) => {
            out.push('{');
            Object::default().level(out, level);
            out.push('}');
        }
        Value::SubMessage { header, level } => {
            out.push('{');
            let mut object = Object::default();
            object.record(out, header.as_ref());
            if let Some(level) = level {
                object.level(out, level);
            }
            out.push('}');
        }
        Value::Indexed(all) => {
            out.push('[');
            push_list(out, all.fields().flatten(), |out, field| {
                match all.read(&field) {
                    nest @ (Value::Nest(_) | Value::SubMessage { .. } | Value::Struct(_)) => {
                        write(out, format_args!("{{\"{}\":", field.attribute.number));
                        push_value(out, &nest);
                        out.push('}');
                    }
                    value => push_value(out, &value),
                }
            });
            out.push(']');
        }
        Value::Keyed(keyed) => push_list(out, keyed.entries().flatten(), push_keyed),
        Value::Padding(bytes) | Value::Odd(bytes) | Value::TooDeep(bytes) => push_bytes(out, bytes),
        Value::Secret(length) => push_secret(out, *length),
    }
}

/// One of several values that are nests.
fn push_keyed(out: &mut String, entry: KeyedEntry<'_>) {
    out.push('{');
    let mut object = Object::default();
    for (key, number) in entry.keys() {
        object.members.push(key);
        object.key(out, key);
        write(out, format_args!("{number}"));
    }
    match &entry.inner {
        Inner::Nest(level) => object.level(out, level),
        Inner::Number(number) => {
            object.key(out, "value");
            push_number(out, number);
        }
        Inner::Odd(bytes) => {
            object.key(out, "value");
            push_bytes(out, bytes);
        }
        Inner::TooDeep | Inner::Missing => {}
    }
    out.push('}');
}
