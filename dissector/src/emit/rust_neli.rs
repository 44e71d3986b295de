// SPDX-License-Identifier: GPL-2.0-or-later
//! The protocol for a client on neli: enums of commands and attributes, with
//! their names and the payload lengths that a reader accepts; numbers of flags
//! and enums; member offsets of structs.
//!
//! It is laid out as rustfmt would.
//!
//! # Design decisions
//!
//! Structs become offsets, not types: kernels append members, and a reader that
//! asks for a member at an offset takes what a shorter struct has. Commands
//! leave out who may ask, and sets leave out what they nest: the kernel checks
//! the one, the client's code shows the other.

use std::collections::BTreeSet;

use super::{Unsupported, banner, comment, put};
use ynl::model::names::{camel, snake, upper};
use ynl::model::{
    AttrKind, AttrSet, Attribute, ByteOrder, Enum, Family, Member, MemberKind, Operation, Scalar,
    ScalarType, Struct,
};

type Result<T = ()> = std::result::Result<T, Unsupported>;

/// Writes the Rust source for a client of `family`.
pub fn emit(family: &Family) -> Result<String> {
    check(family)?;
    let mut out = String::new();
    head(&mut out, family);
    let mut types = Scope::new("attribute-sets", &["Command"]);
    commands(&mut out, family)?;
    for set in &family.sets {
        let name = format!("{}Attr", camel(&set.name));
        types.claim(&set.name, name.clone())?;
        attributes(&mut out, set, &name)?;
    }
    let mut modules = Scope::new("definitions", &[]);
    for it in &family.enums {
        modules.claim(&it.name, snake(&it.name))?;
        values(&mut out, it)?;
    }
    for it in &family.structs {
        modules.claim(&it.name, snake(&it.name))?;
        offsets(&mut out, it)?;
    }
    groups(&mut out, family)?;
    // Nothing here breaks a line that rustfmt would break for a long name.
    let is_long = |line: &&str| line.len() > WIDTH && !line.trim_start().starts_with("//");
    match out.lines().find(is_long) {
        Some(line) => unsupported("name", format!("a name as long as in `{}`", line.trim())),
        None => Ok(out),
    }
}

/// Longest line of code that rustfmt leaves in one piece.
const WIDTH: usize = 100;

/// Refuses what concerns the family as a whole.
fn check(family: &Family) -> Result {
    if !family.protocol.is_generic() {
        return unsupported("protocol", "a protocol other than generic netlink");
    }
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if !family.name.chars().all(is_plain) {
        return unsupported("name", format!("a name like {:?}", family.name));
    }
    if let Some(constant) = family.constants.first() {
        return unsupported(definition_place(&constant.name), "a constant");
    }
    if !family.sub_messages.is_empty() {
        return unsupported("sub-messages", "sub-messages");
    }
    if family.operations.is_empty() {
        return unsupported("operations", "a family without operations");
    }
    if family.sets.is_empty() {
        return unsupported("attribute-sets", "a family without attributes");
    }
    Ok(())
}

fn head(out: &mut String, family: &Family) {
    put(
        out,
        format_args!(
            "// SPDX-License-Identifier: GPL-2.0-or-later\n// {}\n//! The `{}` family, for neli.\n",
            banner(),
            family.name
        ),
    );
    if !family.doc.trim().is_empty() {
        out.push_str("//!\n");
        comment(out, "//!", &family.doc);
    }
    put(
        out,
        format_args!(
            "
use std::ops::RangeInclusive;

use neli::consts::genl::{{Cmd, NlAttrType}};
use neli::neli_enum;

/// Name that the generic netlink controller knows the family by.
pub const FAMILY_NAME: &str = \"{}\";

/// Version of the family, in the generic netlink header of each message.
pub const FAMILY_VERSION: u8 = {};
",
            family.name, family.version
        ),
    );
}

/// A name, its spelling as a variant, its number and its doc.
struct Variant<'a> {
    name: &'a str,
    ident: String,
    number: u16,
    doc: &'a str,
}

impl<'a> Variant<'a> {
    fn new(name: &'a str, number: u16, doc: &'a str, scope: &mut Scope) -> Result<Self> {
        let ident = camel(name);
        scope.claim(name, ident.clone())?;
        scope.number(name, i64::from(number))?;
        Ok(Self {
            name,
            ident,
            number,
            doc,
        })
    }
}

/// Variants that neli's macro adds, or Rust has no name for.
const NO_VARIANTS: &[&str] = &["UnrecognizedConst", "Self"];

fn commands(out: &mut String, family: &Family) -> Result {
    let mut scope = Scope::new("operations", NO_VARIANTS);
    let mut variants = Vec::new();
    for op in &family.operations {
        let number = command_number(op)?;
        variants.push(Variant::new(&op.name, number, &op.doc, &mut scope)?);
    }
    neli_enum(out, "Commands of the family.", "Command", "u8", &variants);
    out.push_str("\nimpl Cmd for Command {}\n\nimpl Command {\n");
    let doc = "The command's name, or `None` if the family has no such command.";
    names(out, doc, &variants);
    out.push_str("}\n");
    Ok(())
}

fn command_number(op: &Operation) -> Result<u16> {
    let place = format!("operations[{}]", op.name);
    if op.fixed_header.is_some() {
        return unsupported(place, "a fixed header");
    }
    match (op.request_number, op.reply_number) {
        (Some(asked), Some(answered)) if asked != answered => {
            unsupported(place, "an answer with a number of its own")
        }
        (Some(number), _) | (None, Some(number)) if number <= u16::from(u8::MAX) => Ok(number),
        _ => unsupported(place, "an operation without a number up to 255"),
    }
}

fn attributes(out: &mut String, set: &AttrSet, name: &str) -> Result {
    let place = format!("attribute-sets[{}]", set.name);
    if set.attributes.is_empty() {
        return unsupported(place, "a set without attributes");
    }
    let mut scope = Scope::new(place, NO_VARIANTS);
    let mut variants = Vec::new();
    for attr in &set.attributes {
        variants.push(Variant::new(
            &attr.name,
            attr.number,
            &attr.doc,
            &mut scope,
        )?);
    }
    neli_enum(out, &set.doc, name, "u16", &variants);
    put(
        out,
        format_args!("\nimpl NlAttrType for {name} {{}}\n\nimpl {name} {{\n"),
    );
    let doc = "The attribute's name, or `None` if the set has no such attribute.";
    names(out, doc, &variants);
    out.push_str(
        "
    /// The payload lengths that the attribute may have, in bytes.
    pub fn payload_len(self) -> RangeInclusive<usize> {
        match self {
",
    );
    for (attr, Variant { ident, .. }) in set.attributes.iter().zip(&variants) {
        let (low, high) = payload_len(attr);
        let high = high.map_or_else(|| "usize::MAX".to_owned(), |high| high.to_string());
        put(
            out,
            format_args!("            Self::{ident} => {low}..={high},\n"),
        );
    }
    out.push_str("            Self::UnrecognizedConst(_) => 0..=usize::MAX,\n");
    out.push_str("        }\n    }\n}\n");
    Ok(())
}

/// Least and greatest length, the latter if there is one. The NUL of a string
/// counts, which `checks` leave out.
fn payload_len(attr: &Attribute) -> (u64, Option<u64>) {
    let checks = &attr.checks;
    let least = u64::from(checks.exact_len.or(checks.min_len).unwrap_or(0));
    let most = checks.exact_len.or(checks.max_len).map(u64::from);
    match &attr.kind {
        AttrKind::Flag => (0, Some(0)),
        AttrKind::Scalar(scalar) => match scalar.width.size() {
            Some(size) => (size as u64, Some(size as u64)),
            None => (4, Some(8)),
        },
        AttrKind::String => {
            let nul = u64::from(!checks.unterminated_ok);
            (least + nul, most.map(|len| len + 1))
        }
        AttrKind::Binary { .. } => (least, most),
        AttrKind::Bitfield32 { .. } => (8, Some(8)),
        // Of a set, an array or a struct the length is whatever it holds.
        AttrKind::Struct(_)
        | AttrKind::Structs(_)
        | AttrKind::Entries { .. }
        | AttrKind::Sized { .. }
        | AttrKind::Array(_)
        | AttrKind::Nest(_)
        | AttrKind::IndexedArray(_)
        | AttrKind::NestTypeValue { .. }
        | AttrKind::ScalarTypeValue { .. }
        | AttrKind::SubMessage { .. }
        | AttrKind::Unused
        | AttrKind::Pad => (0, None),
    }
}

fn neli_enum(out: &mut String, doc: &str, name: &str, ty: &str, variants: &[Variant<'_>]) {
    out.push('\n');
    comment_or_name(out, "///", doc, name);
    put(
        out,
        format_args!("#[neli_enum(serialized_type = \"{ty}\")]\npub enum {name} {{\n"),
    );
    for variant in variants {
        comment_or_name(out, "    ///", variant.doc, variant.name);
        put(
            out,
            format_args!("    {} = {},\n", variant.ident, variant.number),
        );
    }
    out.push_str("}\n");
}

fn names(out: &mut String, doc: &str, variants: &[Variant<'_>]) {
    comment(out, "    ///", doc);
    out.push_str("    pub fn name(self) -> Option<&'static str> {\n        match self {\n");
    for Variant { name, ident, .. } in variants {
        put(
            out,
            format_args!("            Self::{ident} => Some(\"{name}\"),\n"),
        );
    }
    out.push_str("            Self::UnrecognizedConst(_) => None,\n        }\n    }\n");
}

/// A module of the multicast groups' names.
fn groups(out: &mut String, family: &Family) -> Result {
    if family.groups.is_empty() {
        return Ok(());
    }
    let mut scope = Scope::new("mcast-groups", &[]);
    out.push_str(
        "\n/// Names that the generic netlink controller knows the multicast groups by.\n\
         pub mod groups {\n",
    );
    for group in &family.groups {
        let (name, ident) = (&group.name, upper(&group.name));
        scope.claim(name, ident.clone())?;
        put(
            out,
            format_args!("    /// `{name}`\n    pub const {ident}: &str = \"{name}\";\n"),
        );
    }
    out.push_str("}\n");
    Ok(())
}

/// A module of an enum's or flags' numbers.
fn values(out: &mut String, it: &Enum) -> Result {
    let place = definition_place(&it.name);
    let mut scope = Scope::new(&place, &[]);
    out.push('\n');
    comment_or_name(out, "///", &it.doc, &it.name);
    put(out, format_args!("pub mod {} {{\n", snake(&it.name)));
    for entry in &it.entries {
        let name = upper(&entry.name);
        scope.claim(&entry.name, name.clone())?;
        scope.number(&entry.name, entry.value)?;
        let value = match u32::try_from(entry.value) {
            Ok(bit @ 0..32) if it.is_flags => format!("1 << {bit}"),
            Ok(value) if !it.is_flags => value.to_string(),
            _ => {
                let place = format!("{place}.entries[{}]", entry.name);
                return unsupported(place, "a value that is no u32");
            }
        };
        comment_or_name(out, "    ///", &entry.doc, &entry.name);
        put(out, format_args!("    pub const {name}: u32 = {value};\n"));
    }
    let (doc, argument) = if it.is_flags {
        ("The name of a single bit, or `None` if it has none.", "bit")
    } else {
        ("The name of a value, or `None` if it has none.", "value")
    };
    out.push('\n');
    comment(out, "    ///", doc);
    put(
        out,
        format_args!(
            "    pub const fn name({argument}: u32) -> Option<&'static str> {{
        match {argument} {{
"
        ),
    );
    for entry in &it.entries {
        let (ident, name) = (upper(&entry.name), &entry.name);
        put(
            out,
            format_args!("            {ident} => Some(\"{name}\"),\n"),
        );
    }
    out.push_str("            _ => None,\n        }\n    }\n}\n");
    Ok(())
}

/// A module of a struct's member offsets.
fn offsets(out: &mut String, it: &Struct) -> Result {
    let mut scope = Scope::new(definition_place(&it.name), &["SIZE"]);
    out.push('\n');
    comment_or_name(out, "///", &it.doc, &it.name);
    out.push_str("///\n/// Each constant is the byte offset of a member.\n");
    put(out, format_args!("pub mod {} {{\n", snake(&it.name)));
    for member in &it.members {
        let name = upper(&member.name);
        scope.claim(&member.name, name.clone())?;
        let mut doc = member.doc.trim().to_owned();
        if doc.is_empty() {
            doc = format!("`{}`.", member.name);
        }
        comment(out, "    ///", &format!("{doc} {}.", member_type(member)));
        put(
            out,
            format_args!("    pub const {name}: usize = {};\n", member.offset),
        );
    }
    put(
        out,
        format_args!(
            "
    /// Bytes of all members known here.
    pub const SIZE: usize = {};
}}
",
            it.size
        ),
    );
    Ok(())
}

fn member_type(member: &Member) -> String {
    let MemberKind::Scalar(Scalar {
        width, byte_order, ..
    }) = &member.kind
    else {
        return format!("{} bytes", member.size);
    };
    let name = match width {
        ScalarType::U8 => "u8",
        ScalarType::U16 => "u16",
        ScalarType::U32 => "u32",
        ScalarType::U64 => "u64",
        ScalarType::S8 => "i8",
        ScalarType::S16 => "i16",
        ScalarType::S32 => "i32",
        ScalarType::S64 => "i64",
        ScalarType::Uint => "unsigned",
        ScalarType::Sint => "signed",
    };
    match byte_order {
        ByteOrder::Host => name.to_owned(),
        ByteOrder::LittleEndian => format!("{name}, little-endian"),
        ByteOrder::BigEndian => format!("{name}, big-endian"),
    }
}

fn unsupported<T>(place: impl Into<String>, what: impl Into<String>) -> Result<T> {
    Err(Unsupported {
        output: "a client on neli",
        place: place.into(),
        what: what.into(),
    })
}

fn definition_place(name: &str) -> String {
    format!("definitions[{name}]")
}

/// Names, and numbers, that must differ once they are spelt in Rust.
struct Scope {
    place: String,
    names: BTreeSet<String>,
    numbers: BTreeSet<i64>,
}

impl Scope {
    fn new(place: impl Into<String>, taken: &[&str]) -> Self {
        Self {
            place: place.into(),
            names: taken.iter().copied().map(str::to_owned).collect(),
            numbers: BTreeSet::new(),
        }
    }

    /// `spelt` must be an identifier, and new.
    fn claim(&mut self, name: &str, spelt: String) -> Result {
        let mut chars = name.chars();
        let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
        let goes_on = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !begins || !goes_on || KEYWORDS.contains(&spelt.as_str()) {
            return unsupported(&self.place, format!("a name like {name:?}"));
        }
        if !self.names.insert(spelt) {
            return unsupported(&self.place, format!("{name:?}, whose name is taken"));
        }
        Ok(())
    }

    fn number(&mut self, name: &str, number: i64) -> Result {
        if !self.numbers.insert(number) {
            return unsupported(&self.place, format!("{name:?}, whose number is taken"));
        }
        Ok(())
    }
}

/// Those that a module's name could meet, of edition 2024, reserved ones
/// included.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The lines of a text, or the name where there is none: what is public is
/// documented.
fn comment_or_name(out: &mut String, mark: &str, text: &str, name: &str) {
    if text.trim().is_empty() {
        put(out, format_args!("{mark} `{name}`\n"));
    } else {
        comment(out, mark, text);
    }
}

#[cfg(test)]
mod tests;
