// SPDX-License-Identifier: GPL-2.0-or-later
//! NLMSG_ERROR and NLMSG_DONE: how a request went, in the kernel's own words.

use super::fields::{Field, HEADER};
use super::level::Level;
use super::records::Element;
use super::value::Value;
use super::{Endian, Inner, MESSAGE_HEADER, Message, attributes, flags, messages, types};

/// `enum nlmsgerr_attrs` of linux/netlink.h.
const MSG: u16 = 1;
const OFFS: u16 = 2;
const COOKIE: u16 = 3;
const POLICY: u16 = 4;
const MISS_TYPE: u16 = 5;
const MISS_NEST: u16 = 6;

/// How a request went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The errno, positive; 0 for an acknowledgement, or a dump that went well.
    pub errno: i32,
    /// The request with its header, as far as the error repeats it; empty in a
    /// DONE.
    pub request: &'a [u8],
    /// The kernel's text. Not escaped.
    pub text: Option<&'a [u8]>,
    /// Where in the request the attribute at fault begins, in bytes from the
    /// request's netlink header.
    pub offset: Option<u32>,
    /// The number of an attribute that is missing.
    pub missing: Option<u32>,
    /// Where in the request the nest begins in which it is missing; `None` for
    /// the level of the message.
    pub missing_in: Option<u32>,
    /// Bytes that identify what was made.
    pub cookie: Option<&'a [u8]>,
    /// The policy that the attribute does not obey, as attributes.
    pub policy: Option<&'a [u8]>,
}

impl<'a> Verdict<'a> {
    /// The verdict of a message; `None` if it is neither an error nor a DONE, or
    /// holds no errno.
    pub fn new(message: &Message<'a>, endian: Endian) -> Option<Self> {
        let payload = message.payload;
        let errno = match message.kind {
            // Some families end a dump with a DONE that holds nothing.
            types::DONE => endian.u32(payload).unwrap_or(0),
            types::ERROR => endian.u32(payload)?,
            _ => return None,
        };
        let errno = errno.cast_signed().wrapping_neg();
        let behind = payload.get(4..).unwrap_or(&[]);
        let request = match message.kind {
            types::ERROR => repeated(behind, message.flags, errno, endian),
            _ => &[],
        };
        let mut verdict = Self {
            errno,
            request,
            ..Self::default()
        };
        if message.flags & flags::ACK_TLVS != 0 {
            let at = request.len().next_multiple_of(4);
            for it in attributes(behind.get(at..).unwrap_or(&[]), endian).flatten() {
                match it.number {
                    MSG => verdict.text = it.payload.split(|byte| *byte == 0).next(),
                    OFFS => verdict.offset = it.u32(endian),
                    COOKIE => verdict.cookie = Some(it.payload),
                    POLICY => verdict.policy = Some(it.payload),
                    MISS_TYPE => verdict.missing = it.u32(endian),
                    MISS_NEST => verdict.missing_in = it.u32(endian),
                    _ => {}
                }
            }
        }
        Some(verdict)
    }

    /// The request, as far as the error repeats it.
    pub fn repeated(&self, endian: Endian) -> Option<Message<'a>> {
        messages(self.request, endian).next()?.ok()
    }
}

/// The request in an error: its header, and where it is not capped the rest.
fn repeated(behind: &[u8], message_flags: u16, errno: i32, endian: Endian) -> &[u8] {
    let length = match (errno, message_flags & flags::CAPPED) {
        // An acknowledgement never repeats more than the header.
        (0, _) | (_, flags::CAPPED) => MESSAGE_HEADER,
        _ => endian.u32(behind).map_or(0, |it| it as usize),
    };
    &behind[..length.max(MESSAGE_HEADER).min(behind.len())]
}

/// The names of the attributes on the way to the one that begins `target` bytes
/// after the start of the message, joined by dots: `netdev.ifindex`. An
/// attribute without a name has its number. `None` where none begins there.
pub fn path_at(level: &Level<'_>, target: usize) -> Option<String> {
    let mut path = String::new();
    find(level, target, &mut path, &mut |_, _| Some(())).map(|()| path)
}

/// The path of the attribute of that number that is missing in the nest that
/// begins at `nest`, or at the level of the message. `None` where no nest begins
/// there.
pub fn missing_at(level: &Level<'_>, nest: Option<usize>, number: u16) -> Option<String> {
    let name = |level: &Level<'_>| {
        let spec = level.set().and_then(|set| set.by_number(number));
        let name = spec.and_then(|it| it.known_name());
        name.map_or_else(|| number.to_string(), str::to_owned)
    };
    let Some(nest) = nest else {
        return Some(name(level));
    };
    let mut path = String::new();
    let missing = find(
        level,
        nest,
        &mut path,
        &mut |level, field| match level.read(field).value {
            Value::Nest(inner) => Some(name(&inner)),
            _ => Some(number.to_string()),
        },
    )?;
    Some(format!("{path}.{missing}"))
}

/// What `found` makes of the attribute at `target`; `path` is the way to it.
fn find<T>(
    level: &Level<'_>,
    target: usize,
    path: &mut String,
    found: &mut impl FnMut(&Level<'_>, &Field<'_>) -> Option<T>,
) -> Option<T> {
    let inside = |it: &Field<'_>| {
        (it.offset..it.offset + HEADER + it.attribute.payload.len()).contains(&target)
    };
    let field = level.fields().flatten().find(inside)?;
    if !path.is_empty() {
        path.push('.');
    }
    match field.name() {
        Some(name) => path.push_str(name),
        None => path.push_str(&field.attribute.number.to_string()),
    }
    if field.offset == target {
        return found(level, &field);
    }
    match level.read(&field).value {
        Value::Nest(inner) => find(&inner, target, path, found),
        Value::SubMessage {
            level: Some(inner), ..
        } => find(&inner, target, path, found),
        Value::Keyed(keyed) => keyed.entries().flatten().find_map(|it| match &it.inner {
            Inner::Nest(inner) if inner.has(target) => find(inner, target, path, found),
            _ => None,
        }),
        Value::Records(all) => {
            let has = |it: &Element<'_>| (it.offset..it.offset + it.size).contains(&target);
            let element = all.elements().flatten().find(has)?;
            path.push_str(&format!("[{}]", element.index));
            match &element.value {
                Value::SubMessage {
                    level: Some(inner), ..
                } => find(inner, target, path, found),
                _ => None,
            }
        }
        Value::Indexed(all) => {
            let field = all.fields().flatten().find(inside)?;
            path.push_str(&format!("[{}]", field.attribute.number));
            match all.read(&field) {
                _ if field.offset == target => found(&all.level, &field),
                Value::Nest(inner) => find(&inner, target, path, found),
                _ => None,
            }
        }
        _ => None,
    }
}
