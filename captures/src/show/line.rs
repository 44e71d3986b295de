// SPDX-License-Identifier: GPL-2.0-or-later
//! A message in one line.

use std::time::Duration;

use ynl::decode::flags;

use crate::messages::event::{Event, Role};
use crate::messages::names;
use crate::messages::packet::Packet;
use crate::messages::process::{Fate, Process};
use crate::messages::uevent::Uevent;
use crate::terminal::paint::{Paint, Tint};
use crate::terminal::text::{count, push_escaped};
use crate::values::summary::{Topic, push_request, push_summary};
use crate::values::{push_decimal, push_digits, push_plain, push_text, write};

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
        push_summary(out, body, Topic::of(event, event.role == Role::Request));
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

/// The line of a packet that begins with no message, without a line break.
pub(super) fn push_no_message(
    out: &mut String,
    packet: &Packet<'_>,
    uevent: Option<&Uevent<'_>>,
    clock: &str,
    paint: Paint,
) {
    push_clock(out, clock, paint);
    push_process(out, packet.process.as_ref(), None, paint);
    out.push_str(if packet.sent == Some(true) {
        " > "
    } else {
        " * "
    });
    paint.push(out, Tint::Name, &names::protocol(packet.protocol));
    if let Some(uevent) = uevent {
        return push_uevent(out, uevent);
    }
    let bytes = count(packet.messages.len() as u64, "byte");
    write(out, format_args!(" [not a netlink message: {bytes}]"));
}

/// How many characters of a uevent's pairs a line has; the pair that crosses it is the last.
const PAIRS: usize = 160;

/// What happened to a device, and the first pairs that say more.
fn push_uevent(out: &mut String, uevent: &Uevent<'_>) {
    for word in [uevent.action, uevent.device] {
        out.push(' ');
        push_plain(out, word);
    }
    if uevent.by_udev {
        out.push_str(" [by udev]");
    }
    let start = out.len();
    for (key, value) in uevent.others() {
        if out.len() - start > PAIRS {
            out.push_str(" …");
            break;
        }
        out.push(' ');
        push_plain(out, key);
        out.push('=');
        push_text(out, value);
    }
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
    push_plain(out, text);
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
        push_request(out, &request, Topic::of(event, true));
    }
    if out.len() > start {
        out.insert(start + 1, '(');
        out.push(')');
    }
}
