// SPDX-License-Identifier: GPL-2.0-or-later
//! The protocol for people: a page of Markdown with the attribute tree, each
//! operation, its errors and its group.

use super::{Unsupported, banner, put};
use ynl::model::{
    ArrayElement, AttrKind, AttrSet, Attribute, ByteOrder, DisplayHint, Enum, Exchange, Family,
    Message, Operation, Scalar, SetId, Struct,
};

/// Writes the page for `family`.
///
/// # Errors
///
/// [`Unsupported`] for a family that is not of generic netlink.
pub fn emit(family: &Family) -> Result<String, Unsupported> {
    if !family.protocol.is_generic() {
        return Err(Unsupported {
            output: "the page of the protocol",
            place: "protocol".to_owned(),
            what: "a protocol other than generic netlink".to_owned(),
        });
    }
    let mut out = format!(
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n<!-- {} -->\n# The `{}` protocol\n",
        banner(),
        family.name
    );
    paragraph(&mut out, &family.doc);
    put(
        &mut out,
        format_args!(
            "\nGeneric netlink family `{}`, version {}. Numbers never change; additions take \
             the next free one.\n",
            family.name, family.version
        ),
    );
    operations(&mut out, family);
    groups(&mut out, family);
    out.push_str("\n## Attributes\n");
    if let Some(top) = top(family) {
        out.push_str("\n```\n");
        let mut above = Vec::new();
        tree(&mut out, family, top, "", &mut above);
        out.push_str("```\n");
    }
    for set in &family.sets {
        attributes(&mut out, family, set);
    }
    if !family.enums.is_empty() || !family.structs.is_empty() {
        out.push_str("\n## Values\n");
    }
    for it in &family.enums {
        values(&mut out, it);
    }
    for it in &family.structs {
        members(&mut out, it);
    }
    Ok(out)
}

/// The set at the top of the first operation that has one.
fn top(family: &Family) -> Option<SetId> {
    family.operations.iter().find_map(|op| op.set)
}

fn operations(out: &mut String, family: &Family) {
    out.push_str(
        "\n## Operations\n\n| number | operation | form | request | answer |\n|---|---|---|---|---|\n",
    );
    for op in &family.operations {
        let number = op.request_number.or(op.reply_number).unwrap_or_default();
        for (form, request, reply) in forms(family, op) {
            put(
                out,
                format_args!(
                    "| {number} | `{}` | {form} | {request} | {reply} |\n",
                    op.name
                ),
            );
        }
    }
    for op in &family.operations {
        put(out, format_args!("\n### {}\n", op.name));
        paragraph(out, &op.doc);
    }
}

/// Each form of an operation, with what it asks and what it answers.
fn forms(family: &Family, op: &Operation) -> Vec<(String, String, String)> {
    if let Some(of) = &op.notify {
        let reply = family.operation(of).and_then(|of| {
            let exchange = of.r#do.as_ref().or(of.dump.as_ref())?;
            exchange.reply.as_ref()
        });
        let group = op.group.as_deref().unwrap_or("?");
        return vec![(format!("to group `{group}`"), "-".to_owned(), names(reply))];
    }
    let mut forms = Vec::new();
    for (form, exchange) in [("do", &op.r#do), ("dump", &op.dump)] {
        let Some(exchange) = exchange else { continue };
        let request = if *exchange == Exchange::default() {
            "anything".to_owned()
        } else {
            names(exchange.request.as_ref())
        };
        let reply = match &exchange.reply {
            None => "-".to_owned(),
            reply => names(reply.as_ref()),
        };
        forms.push((form.to_owned(), request, reply));
    }
    if let Some(event) = &op.event {
        let group = op.group.as_deref().unwrap_or("?");
        let attributes = names(Some(event));
        forms.push((format!("to group `{group}`"), "-".to_owned(), attributes));
    }
    forms
}

fn names(message: Option<&Message>) -> String {
    let attributes = message.map_or(&[][..], |message| &message.attributes);
    if attributes.is_empty() {
        return "no attribute".to_owned();
    }
    let quoted: Vec<_> = attributes.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn groups(out: &mut String, family: &Family) {
    if family.groups.is_empty() {
        return;
    }
    out.push_str("\n## Multicast groups\n\n| group | notifications |\n|---|---|\n");
    for group in &family.groups {
        let notifications = family.operations.iter().filter(|op| {
            let own = op.group.as_deref();
            own == Some(group.name.as_str())
        });
        let notifications: Vec<_> = notifications.map(|op| format!("`{}`", op.name)).collect();
        put(
            out,
            format_args!("| `{}` | {} |\n", group.name, notifications.join(", ")),
        );
    }
}

/// A line for each attribute, nests opened; a set within itself is named only.
fn tree(out: &mut String, family: &Family, id: SetId, indent: &str, above: &mut Vec<SetId>) {
    above.push(id);
    let set = &family[id];
    for (index, attr) in set.attributes.iter().enumerate() {
        let is_last = index + 1 == set.attributes.len();
        let (branch, below) = if is_last {
            ("└─", "  ")
        } else {
            ("├─", "│ ")
        };
        let many = if attr.multi { " …" } else { "" };
        put(
            out,
            format_args!(
                "{indent}{branch} {} {} ({}){many}\n",
                attr.number,
                attr.name,
                kind(family, attr)
            ),
        );
        let inner = match attr.kind {
            AttrKind::Nest(set) | AttrKind::IndexedArray(ArrayElement::Nest(set)) => Some(set),
            AttrKind::NestTypeValue { set, .. } | AttrKind::Entries { set, .. } => Some(set),
            _ => None,
        };
        if let Some(inner) = inner.filter(|inner| !above.contains(inner)) {
            tree(out, family, inner, &format!("{indent}{below} "), above);
        }
    }
    above.pop();
}

fn attributes(out: &mut String, family: &Family, set: &AttrSet) {
    put(out, format_args!("\n### {}\n", set.name));
    paragraph(out, &set.doc);
    out.push_str("\n| number | attribute | type | meaning |\n|---|---|---|---|\n");
    for attr in &set.attributes {
        put(
            out,
            format_args!(
                "| {} | `{}` | {} | {} |\n",
                attr.number,
                attr.name,
                kind(family, attr),
                cell(&attr.doc)
            ),
        );
    }
}

/// What an attribute holds, in a few words.
fn kind(family: &Family, attr: &Attribute) -> String {
    let text = match &attr.kind {
        AttrKind::Unused => "unused".to_owned(),
        AttrKind::Pad => "padding".to_owned(),
        AttrKind::Flag => "flag".to_owned(),
        AttrKind::Scalar(it) => scalar(family, it),
        AttrKind::String => "string".to_owned(),
        AttrKind::Binary { hint } => match hint {
            Some(DisplayHint::Mac) => "hardware address".to_owned(),
            _ => "bytes".to_owned(),
        },
        AttrKind::Struct(id) => format!("struct {}", family[*id].name),
        AttrKind::Array(it) => format!("array of {}", scalar(family, it)),
        AttrKind::Structs(id) => format!("array of struct {}", family[*id].name),
        AttrKind::Sized { head, .. } => format!("structs {} of any length", family[*head].name),
        AttrKind::Entries { head, set, .. } => format!(
            "structs {} with attributes of {}",
            family[*head].name, family[*set].name
        ),
        AttrKind::Bitfield32 { .. } => "bitfield32".to_owned(),
        AttrKind::Nest(id) => format!("nest of {}", family[*id].name),
        AttrKind::IndexedArray(_) => "indexed array".to_owned(),
        AttrKind::NestTypeValue { .. } | AttrKind::ScalarTypeValue { .. } => {
            "nests by value".to_owned()
        }
        AttrKind::SubMessage { .. } => "sub-message".to_owned(),
    };
    let checks = &attr.checks;
    match (checks.exact_len, checks.max_len) {
        (Some(len), _) => format!("{text}, {len} bytes"),
        (None, Some(len)) => format!("{text}, at most {len} bytes"),
        (None, None) => text,
    }
}

fn scalar(family: &Family, it: &Scalar) -> String {
    let width = it.width.name();
    let order = match it.byte_order {
        ByteOrder::Host => "",
        ByteOrder::LittleEndian => ", little-endian",
        ByteOrder::BigEndian => ", big-endian",
    };
    match &it.names {
        Some(names) => format!("{width}{order}, {}", family[names.id].name),
        None => format!("{width}{order}"),
    }
}

fn values(out: &mut String, it: &Enum) {
    put(out, format_args!("\n### {}\n", it.name));
    paragraph(out, &it.doc);
    out.push_str("\n| value | name | meaning |\n|---|---|---|\n");
    for entry in &it.entries {
        let value = match u32::try_from(entry.value) {
            Ok(bit @ 0..64) if it.is_flags => format!("{:#x}", 1_u64 << bit),
            _ => entry.value.to_string(),
        };
        put(
            out,
            format_args!("| {value} | `{}` | {} |\n", entry.name, cell(&entry.doc)),
        );
    }
}

fn members(out: &mut String, it: &Struct) {
    put(out, format_args!("\n### {}\n", it.name));
    paragraph(out, &it.doc);
    out.push_str("\n| offset | bytes | member | meaning |\n|---|---|---|---|\n");
    for member in &it.members {
        put(
            out,
            format_args!(
                "| {} | {} | `{}` | {} |\n",
                member.offset,
                member.size,
                member.name,
                cell(&member.doc)
            ),
        );
    }
}

fn paragraph(out: &mut String, text: &str) {
    if !text.trim().is_empty() {
        put(out, format_args!("\n{}\n", text.trim()));
    }
}

/// A text for a table: on one line, its bars escaped.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ynl::model::nl_util;

    #[test]
    fn every_name_of_the_specification_is_on_the_page() {
        let family = nl_util();
        let page = emit(&family).unwrap();
        let attributes = family.sets.iter().flat_map(|set| &set.attributes);
        let names = attributes
            .map(|it| &it.name)
            .chain(family.operations.iter().map(|it| &it.name))
            .chain(family.groups.iter().map(|it| &it.name));
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
        assert!(page.contains("NLM_F_DUMP_INTR"));
        assert!(page.contains("└─ 2 ext-mask (u32, ext-mask)"), "{page}");
    }

    #[test]
    fn a_text_cannot_break_its_table() {
        assert_eq!(cell("a | b\n  c"), "a \\| b c");
    }
}
