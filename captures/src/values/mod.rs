// SPDX-License-Identifier: GPL-2.0-or-later
//! Values as people read them. What comes from the wire is escaped.

mod bytes;
mod lead;
mod sockets;
pub(crate) mod summary;
mod traffic;

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use ynl::decode::{
    Field, Flags, Inner, KeyedEntry, Level, Malformed, Number, PairValue, Pairs, Record, Value,
    pairs,
};
use ynl::model::DisplayHint;

pub(crate) use self::bytes::{push_bytes, push_hex};
pub(crate) use self::sockets::name as socket_name;
use crate::messages::links::Links;
use crate::terminal::text::{count, push_escaped};

/// The name of an attribute: of the specification, else its number.
pub(crate) fn push_name(out: &mut String, field: &Field<'_>) {
    match field.name() {
        Some(name) => out.push_str(name),
        None => {
            out.push('#');
            push_decimal(out, field.attribute.number.into());
        }
    }
}

/// Writing to a String cannot fail.
pub(crate) fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// A value that holds no others; false, and nothing written, for one that does.
pub(crate) fn push_leaf(out: &mut String, value: &Value<'_>) -> bool {
    match value {
        Value::Flag => out.push_str("true"),
        Value::Number(number) => push_number(out, number),
        Value::Text(text) => push_text(out, text),
        Value::Bytes { bytes, hint } => push_bytes(out, bytes, *hint),
        Value::Bits {
            value,
            selector,
            names,
        } => {
            push_flags(out, Flags::of(*value, *names));
            out.push('/');
            push_flags(out, Flags::of(*selector, *names));
        }
        Value::Array(numbers) => {
            out.push('[');
            for (at, number) in numbers.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                push_number(out, &number);
            }
            out.push(']');
        }
        Value::Padding([]) => out.push_str("0 bytes"),
        Value::Padding(bytes) | Value::Odd(bytes) | Value::TooDeep(bytes) => push_hex(out, bytes),
        Value::Secret(length) => push_secret(out, *length),
        Value::Struct(_)
        | Value::Records(_)
        | Value::Nest(_)
        | Value::Indexed(_)
        | Value::Keyed(_)
        | Value::SubMessage { .. } => return false,
    }
    true
}

/// A value that holds no others, as [`push_leaf`] has it; behind the number of a link its name.
pub(crate) fn push_named_leaf(out: &mut String, value: &Value<'_>, links: Links<'_>) -> bool {
    if let Value::Number(number) = value
        && number.hint() == Some(DisplayHint::Ifindex)
    {
        push_link(out, number.bits(), links);
        return true;
    }
    push_leaf(out, value)
}

/// The number of a link, and its name where that is known: `2(eth0)`.
pub(crate) fn push_link(out: &mut String, index: u64, links: Links<'_>) {
    push_decimal(out, index.into());
    if let Some(name) = links.name(index) {
        out.push('(');
        push_text(out, name);
        out.push(')');
    }
}

pub(crate) fn push_number(out: &mut String, number: &Number<'_>) {
    if let Some(name) = number.name() {
        out.push_str(name);
    } else if let Some(flags) = number.flags() {
        push_flags(out, flags);
    } else {
        match hinted_number(number) {
            Some(text) => out.push_str(&text),
            None => push_decimal(out, number.value()),
        }
    }
}

/// A number in decimal digits: half of what a capture is printed as.
pub(crate) fn push_decimal(out: &mut String, value: i128) {
    if let Ok(value) = u64::try_from(value) {
        out.push_str(itoa::Buffer::new().format(value));
    } else {
        out.push_str(itoa::Buffer::new().format(value));
    }
}

/// Digits that were made here, in one piece.
fn push_ascii(out: &mut String, digits: &[u8]) {
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// The last `count` decimal digits of a number, at most nine, with zeros before it.
pub(crate) fn push_digits(out: &mut String, mut number: u32, count: usize) {
    let mut digits = [b'0'; 9];
    for digit in digits[..count].iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    push_ascii(out, &digits[..count]);
}

/// A number as its display hint has it.
pub(crate) fn hinted_number(number: &Number<'_>) -> Option<String> {
    match (number.hint()?, number.width()) {
        (DisplayHint::Hex, _) => Some(format!("{:#x}", number.bits())),
        (DisplayHint::Realms, 4) => Some(realms(number.bits() as u32)),
        (DisplayHint::Ipv4 | DisplayHint::Ipv4OrV6, 4) => {
            Some(Ipv4Addr::from(number.bits() as u32).to_string())
        }
        (DisplayHint::TcHandle, 4) => Some(traffic::handle(number.bits() as u32)),
        (DisplayHint::TcVerdict, 4) => traffic::verdict(number.bits() as u32),
        _ => None,
    }
}

/// The realms of a route as `ip` has them: from which, if from any, and to which.
fn realms(number: u32) -> String {
    let (from, to) = (number >> 16, number & 0xffff);
    match from {
        0 => to.to_string(),
        _ => format!("{from}/{to}"),
    }
}

fn push_flags(out: &mut String, flags: Flags<'_>) {
    let before = out.len();
    for flag in flags {
        if out.len() > before {
            out.push('|');
        }
        match flag {
            Ok(name) => out.push_str(name),
            Err(bit) => write(out, format_args!("{bit:#x}")),
        }
    }
    if out.len() == before {
        out.push('0');
    }
}

/// A text, in quotes where it is not plain.
pub(crate) fn push_text(out: &mut String, text: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:@/+%-".contains(byte);
    if !text.is_empty()
        && text.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(text)
    {
        out.push_str(text);
        return;
    }
    out.push('"');
    for chunk in text.utf8_chunks() {
        for part in chunk.valid().split_inclusive(['"', '\\']) {
            let marked = part.strip_suffix(['"', '\\']);
            push_escaped(out, marked.unwrap_or(part));
            if let (Some(_), Some(mark)) = (marked, part.chars().next_back()) {
                out.extend(['\\', mark]);
            }
        }
        for byte in chunk.invalid() {
            write(out, format_args!("\\x{byte:02x}"));
        }
    }
    out.push('"');
}

/// A word from outside, without quotes.
pub(crate) fn push_plain(out: &mut String, word: &[u8]) {
    for chunk in word.utf8_chunks() {
        push_escaped(out, chunk.valid());
        for byte in chunk.invalid() {
            write(out, format_args!("\\x{byte:02x}"));
        }
    }
}

/// What stands for a key or a password.
pub(crate) fn push_secret(out: &mut String, length: usize) {
    write(
        out,
        format_args!("(secret, {})", count(length as u64, "byte")),
    );
}

/// What the bytes behind the members of a struct are called that are a key.
pub(crate) const KEY: &str = "key";

/// The most bytes that are shown where no attribute is: more are those behind one whose length
/// has wrapped.
pub(crate) const MOST_REST: usize = u16::MAX as usize;

/// Visits what a message holds, in the order of the message.
pub(crate) trait Walker {
    /// A value that holds no others. False ends the walk.
    fn leaf(&mut self, name: &str, guessed: bool, value: &Value<'_>) -> bool;
    /// A value that holds others begins. False leaves them out.
    fn begin(&mut self, name: &str, guessed: bool) -> bool;
    /// It ends.
    fn end(&mut self);
    /// What follows are members of a struct.
    fn begin_members(&mut self) {}
    /// These were the members.
    fn end_members(&mut self) {}
    /// Something is not what it says it is.
    fn broken(&mut self, what: Broken<'_>);
}

/// What is not as it should be.
pub(crate) enum Broken<'a> {
    /// Bytes that are no attribute, or no element of an array, up to the end of what holds
    /// them; which of both.
    Rest(&'static str, &'a [u8]),
    /// An attribute or element that lacks this many bytes.
    Missing(usize),
    /// Bytes of a struct behind the last member that is known.
    More(&'a [u8]),
    /// An attribute is longer than its header can say.
    Wrapped,
    /// So many bytes that are no attribute, and may be secret.
    Secret(usize),
}

/// Bytes that are no attribute, up to the end of a level.
fn rest<'a>(level: &Level<'a>, malformed: &Malformed) -> Broken<'a> {
    let bytes = level.rest(malformed);
    match level.hides_rest() {
        true => Broken::Secret(bytes.len()),
        false => Broken::Rest(ATTRIBUTE, bytes),
    }
}

const ATTRIBUTE: &str = "attribute";
const ELEMENT: &str = "element";

/// Walks a level. False where the walker wants no more.
pub(crate) fn walk_level(level: &Level<'_>, walker: &mut impl Walker) -> bool {
    let mut name = String::new();
    for field in level.fields() {
        let field = match field {
            Ok(field) => field,
            Err(malformed) => {
                walker.broken(rest(level, &malformed));
                return true;
            }
        };
        let read = level.read(&field);
        let shown = match field.name() {
            Some(known) => known,
            None => {
                name.clear();
                push_name(&mut name, &field);
                &name
            }
        };
        if !walk_value(shown, read.guessed, &read.value, walker) {
            return false;
        }
        if field.missing > 0 {
            walker.broken(Broken::Missing(field.missing));
        }
        if field.wrapped {
            walker.broken(Broken::Wrapped);
        }
    }
    true
}

/// Walks the members of a struct.
pub(crate) fn walk_record(record: &Record<'_>, walker: &mut impl Walker) -> bool {
    walker.begin_members();
    let goes_on = record
        .members()
        .all(|(member, value)| walk_value(&member.name, false, &value, walker));
    let goes_on = match record.secret_more() {
        Some(length) if goes_on => walker.leaf(KEY, false, &Value::Secret(length)),
        _ => goes_on,
    };
    if goes_on && !record.more().is_empty() {
        walker.broken(Broken::More(record.more()));
    }
    walker.end_members();
    goes_on
}

/// What an element of an array is called.
fn index(number: i128) -> String {
    let mut name = String::from("[");
    push_decimal(&mut name, number);
    name.push(']');
    name
}

fn walk_value(name: &str, guessed: bool, value: &Value<'_>, walker: &mut impl Walker) -> bool {
    if let Value::Bytes {
        bytes,
        hint: Some(DisplayHint::KeyValue),
    } = value
    {
        return walk_pairs(name, pairs(bytes), walker);
    }
    let holds = matches!(
        value,
        Value::Struct(_)
            | Value::Records(_)
            | Value::Nest(_)
            | Value::Indexed(_)
            | Value::Keyed(_)
            | Value::SubMessage { .. }
    );
    if !holds {
        return walker.leaf(name, guessed, value);
    }
    if let Value::Keyed(keyed) = value {
        return keyed.entries().all(|entry| match entry {
            Ok(entry) => walk_keyed(name, &entry, walker),
            Err(malformed) => {
                walker.broken(Broken::Rest(ATTRIBUTE, keyed.rest(&malformed)));
                true
            }
        });
    }
    if !walker.begin(name, guessed) {
        return true;
    }
    let goes_on = match value {
        Value::Struct(record) => walk_record(record, walker),
        Value::Nest(level) => walk_level(level, walker),
        Value::SubMessage { header, level } => {
            header.as_ref().is_none_or(|it| walk_record(it, walker))
                && level.as_ref().is_none_or(|it| walk_level(it, walker))
        }
        Value::Records(all) => all.elements().all(|element| match element {
            Ok(it) => {
                let goes_on = walk_value(&index(it.index as i128), false, &it.value, walker);
                if it.missing > 0 && goes_on {
                    walker.broken(Broken::Missing(it.missing));
                }
                goes_on
            }
            Err(malformed) => {
                walker.broken(Broken::Rest(ELEMENT, all.rest(&malformed)));
                true
            }
        }),
        Value::Indexed(all) => all.fields().all(|field| match field {
            Ok(field) => {
                let index = index(field.attribute.number.into());
                walk_value(&index, false, &all.read(&field), walker)
            }
            Err(malformed) => {
                walker.broken(rest(all.level(), &malformed));
                true
            }
        }),
        _ => true,
    };
    walker.end();
    goes_on
}

/// What the words of a text are called that have no key.
pub(crate) const WORDS: &str = "text";

/// Walks the pairs of a text.
fn walk_pairs(name: &str, pairs: Pairs<'_>, walker: &mut impl Walker) -> bool {
    if !walker.begin(name, false) {
        return true;
    }
    let mut shown = String::new();
    let mut goes_on = true;
    for (key, value) in pairs {
        shown.clear();
        match key {
            Some(key) => push_plain(&mut shown, key),
            None => shown.push_str(WORDS),
        }
        goes_on = match value {
            PairValue::Text(text) => walker.leaf(&shown, false, &Value::Text(&text)),
            PairValue::Address(bytes) => {
                let hint = Some(DisplayHint::SocketAddress);
                let bytes = &bytes;
                walker.leaf(&shown, false, &Value::Bytes { bytes, hint })
            }
            PairValue::Pairs(inner) => walk_pairs(&shown, inner, walker),
        };
        if !goes_on {
            break;
        }
    }
    walker.end();
    goes_on
}

/// Walks one of several values that are nests: each looks as if it were an attribute.
fn walk_keyed(name: &str, entry: &KeyedEntry<'_>, walker: &mut impl Walker) -> bool {
    if !walker.begin(name, false) {
        return true;
    }
    let mut keys = entry.keys();
    let goes_on = keys.all(|(key, number)| walker.leaf(key, false, &Value::Number(number.into())))
        && match &entry.inner {
            Inner::Nest(level) => walk_level(level, walker),
            Inner::Number(number) => walker.leaf("value", false, &Value::Number(*number)),
            Inner::Odd(bytes) => walker.leaf("value", false, &Value::Odd(bytes)),
            Inner::TooDeep | Inner::Missing => true,
        };
    walker.end();
    goes_on
}

#[cfg(test)]
mod tests;
