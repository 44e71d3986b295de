// SPDX-License-Identifier: GPL-2.0-or-later
//! The protocol for clients on neli: enums of commands and attributes, payload
//! lengths, flags, states, and the places of struct members. The text is laid out
//! as rustfmt would.

use std::fmt::Write;

use super::banner;
use crate::model::{
    AttrKind, AttrSet, Attribute, Enum, Family, MemberKind, ScalarType, Struct,
    names::{camel, upper},
};

/// A construct that the client's source cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: a client on neli cannot have {what}")]
pub struct Unsupported {
    /// Where in the specification.
    pub place: String,
    /// What stands there.
    pub what: &'static str,
}

type Result<T = ()> = std::result::Result<T, Unsupported>;

fn refuse<T>(place: String, what: &'static str) -> Result<T> {
    Err(Unsupported { place, what })
}

/// Writes the Rust source for a client of `family`.
pub fn emit(family: &Family) -> Result<String> {
    let mut out = String::from("// SPDX-License-Identifier: GPL-2.0-or-later\n");
    let _ = writeln!(out, "// {}", banner());
    let _ = writeln!(out, "//! The `{}` family, for neli.\n//!", family.name);
    doc(&mut out, "//!", &family.doc);
    out.push_str(
        "\nuse std::ops::RangeInclusive;\n\nuse neli::consts::genl::{Cmd, NlAttrType};\n\
         use neli::neli_enum;\n\n\
         /// Name that the generic netlink controller knows the family by.\n",
    );
    let _ = writeln!(out, "pub const FAMILY_NAME: &str = {:?};\n", family.name);
    out.push_str("/// Version of the family, in the generic netlink header of each message.\n");
    let _ = writeln!(out, "pub const FAMILY_VERSION: u8 = {};", family.version);
    commands(&mut out, family)?;
    for set in family.sets.iter().filter(|set| set.subset_of.is_none()) {
        attributes(&mut out, set)?;
    }
    for it in &family.enums {
        values(&mut out, it)?;
    }
    for it in &family.structs {
        places(&mut out, it)?;
    }
    Ok(out)
}

/// A doc comment, with `mark` in front of each line.
fn doc(out: &mut String, mark: &str, text: &str) {
    for line in text.trim_end().lines() {
        out.push_str(format!("{mark} {line}").trim_end());
        out.push('\n');
    }
}

/// `pub fn name`, which maps variants to the specification's names.
fn names<'a>(out: &mut String, what: &str, all: impl Iterator<Item = &'a str>) {
    let _ = writeln!(out, "    {what}");
    out.push_str("    pub fn name(self) -> Option<&'static str> {\n        match self {\n");
    for name in all {
        let _ = writeln!(out, "            Self::{} => Some({name:?}),", camel(name));
    }
    out.push_str("            Self::UnrecognizedConst(_) => None,\n        }\n    }\n");
}

fn commands(out: &mut String, family: &Family) -> Result {
    out.push_str(
        "\n/// Commands of the family.\n#[neli_enum(serialized_type = \"u8\")]\npub enum Command {\n",
    );
    for it in &family.operations {
        let number = it.request_number.or(it.reply_number).unwrap_or(u16::MAX);
        if it.reply_number.is_some_and(|reply| reply != number) || number > 255 {
            return refuse(
                format!("operations[{}]", it.name),
                "two numbers, or one beyond 255",
            );
        }
        doc(out, "    ///", &it.doc);
        let _ = writeln!(out, "    {} = {number},", camel(&it.name));
    }
    out.push_str("}\n\nimpl Cmd for Command {}\n\nimpl Command {\n");
    let all = family.operations.iter().map(|it| it.name.as_str());
    names(
        out,
        "/// The command's name, or `None` if the family has no such command.",
        all,
    );
    out.push_str("}\n");
    Ok(())
}

fn attributes(out: &mut String, set: &AttrSet) -> Result {
    let name = format!("{}Attr", camel(&set.name));
    out.push('\n');
    doc(out, "///", &set.doc);
    let _ = writeln!(
        out,
        "#[neli_enum(serialized_type = \"u16\")]\npub enum {name} {{"
    );
    for it in &set.attributes {
        doc(out, "    ///", &it.doc);
        let _ = writeln!(out, "    {} = {},", camel(&it.name), it.number);
    }
    let _ = writeln!(
        out,
        "}}\n\nimpl NlAttrType for {name} {{}}\n\nimpl {name} {{"
    );
    let all = set.attributes.iter().map(|it| it.name.as_str());
    names(
        out,
        "/// The attribute's name, or `None` if the set has no such attribute.",
        all,
    );
    out.push_str(
        "\n    /// The payload lengths that the attribute may have, in bytes.\n    \
         pub fn payload_len(self) -> RangeInclusive<usize> {\n        match self {\n",
    );
    for it in &set.attributes {
        let _ = writeln!(
            out,
            "            Self::{} => {},",
            camel(&it.name),
            lengths(set, it)?
        );
    }
    out.push_str(
        "            Self::UnrecognizedConst(_) => 0..=usize::MAX,\n        }\n    }\n}\n",
    );
    Ok(())
}

/// The range of payload lengths, as Rust.
fn lengths(set: &AttrSet, it: &Attribute) -> Result<String> {
    let checks = &it.checks;
    let (least, most) = match &it.kind {
        AttrKind::Scalar(scalar) => match scalar.width.size() {
            Some(size) => (size, Some(size)),
            None => (4, Some(8)),
        },
        // The NUL counts on the wire, not in the checks.
        AttrKind::String => (1, checks.max_len.map(|most| most as usize + 1)),
        AttrKind::Flag => (0, Some(0)),
        AttrKind::Binary { .. } => match checks.exact_len {
            Some(exact) => (exact as usize, Some(exact as usize)),
            None => {
                let least = checks.min_len.unwrap_or(0);
                (least as usize, checks.max_len.map(|most| most as usize))
            }
        },
        AttrKind::Nest(_) | AttrKind::Struct(_) => (0, None),
        _ => {
            let place = format!("attribute-sets[{}].attributes[{}]", set.name, it.name);
            return refuse(place, "an attribute of this type");
        }
    };
    Ok(match most {
        Some(most) => format!("{least}..={most}"),
        None => format!("{least}..=usize::MAX"),
    })
}

fn values(out: &mut String, it: &Enum) -> Result {
    out.push('\n');
    doc(out, "///", &it.doc);
    let _ = writeln!(out, "pub mod {} {{", crate::model::names::snake(&it.name));
    for entry in &it.entries {
        if entry.doc.is_empty() {
            let _ = writeln!(out, "    /// `{}`", entry.name);
        } else {
            doc(out, "    ///", &entry.doc);
        }
        if u32::try_from(entry.value).is_err() || (it.is_flags && entry.value > 31) {
            return refuse(
                format!("definitions[{}].{}", it.name, entry.name),
                "a value beyond u32",
            );
        }
        let shift = if it.is_flags { "1 << " } else { "" };
        let _ = writeln!(
            out,
            "    pub const {}: u32 = {shift}{};",
            upper(&entry.name),
            entry.value
        );
    }
    let (what, arg) = if it.is_flags {
        ("a single bit, or `None` if it has none", "bit")
    } else {
        ("a value, or `None` if it has none", "value")
    };
    let _ = writeln!(
        out,
        "\n    /// The name of {what}.\n    \
         pub const fn name({arg}: u32) -> Option<&'static str> {{\n        match {arg} {{"
    );
    for entry in &it.entries {
        let _ = writeln!(
            out,
            "            {} => Some({:?}),",
            upper(&entry.name),
            entry.name
        );
    }
    out.push_str("            _ => None,\n        }\n    }\n}\n");
    Ok(())
}

fn places(out: &mut String, it: &Struct) -> Result {
    out.push('\n');
    doc(out, "///", &it.doc);
    out.push_str("///\n/// Each constant is the byte offset of a member.\n");
    let _ = writeln!(out, "pub mod {} {{", crate::model::names::snake(&it.name));
    for member in &it.members {
        let MemberKind::Scalar(scalar) = &member.kind else {
            return refuse(
                format!("definitions[{}].{}", it.name, member.name),
                "such a member",
            );
        };
        let kind = match scalar.width {
            ScalarType::U64 => "u64",
            ScalarType::U32 => "u32",
            _ => {
                let place = format!("definitions[{}].{}", it.name, member.name);
                return refuse(place, "a member of this width");
            }
        };
        doc(
            out,
            "    ///",
            &format!("{} {kind}.", member.doc.trim_end()),
        );
        let _ = writeln!(
            out,
            "    pub const {}: usize = {};",
            upper(&member.name),
            member.offset
        );
    }
    let _ = writeln!(
        out,
        "\n    /// Bytes of all members known here.\n    pub const SIZE: usize = {};\n}}",
        it.size
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArrayElement, nl_util};

    #[test]
    fn what_the_client_cannot_express_is_refused_with_its_place() {
        let mut family = nl_util();
        family.sets[0].attributes[0].kind = AttrKind::IndexedArray(ArrayElement::String);
        let refused = emit(&family).unwrap_err();
        assert_eq!(refused.place, "attribute-sets[nl-util].attributes[netdev]");
    }

    #[test]
    fn lengths_of_payloads_count_the_nul_of_a_string() {
        let text = emit(&nl_util()).unwrap();
        assert!(text.contains("Self::Ifname => 1..=16,"), "{text}");
        assert!(text.contains("Self::Ifmac => 6..=6,"), "{text}");
    }
}
