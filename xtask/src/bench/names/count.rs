// SPDX-License-Identifier: GPL-2.0-or-later
//! How many values `nlcap show -j` has names for.
//!
//! A value is a member of a header or of a struct, an attribute that is no nest, a set of
//! flags, or a message's operation. It is named if nothing on the way to it is `UnknownAttr(N)`
//! or in parentheses, and if it is not just bytes in hexadecimal; but for what is bytes by
//! nature.

use super::{
    expected::{Literal, ValueSet},
    message::Message,
};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, process::Command};

/// Values that are bytes in the kernel too, by the last part of their paths: cookies, hashes of
/// programs, identities of ports and switches, masks, what users attach, values whose type
/// another message has (of sets of nf_tables), sequence numbers of keys, and frames.
const BYTES_BY_NATURE: [&str; 23] = [
    "auth-data",
    "beacon-ies",
    "bytecode",
    "cookie",
    "frame",
    "idiag-cookie",
    "ie",
    "information-elements",
    "key-ct-labels",
    "key-ct-labels-mask",
    "ndiag-cookie",
    "pdiag-cookie",
    "phys-port-id",
    "phys-switch-id",
    "req-ie",
    "reserved-bits",
    "resp-ie",
    "seq",
    "tag",
    "udiag-cookie",
    "userdata",
    "value",
    "vdiag-cookie",
];

/// What has no name: how often, and where it was met first.
#[derive(Default)]
pub(super) struct Nameless {
    pub(super) count: usize,
    pub(super) from: String,
    /// The value, where it has a name and is only bytes.
    pub(super) bytes: Option<String>,
}

/// What a program makes of messages.
#[derive(Default)]
pub(super) struct Tally {
    /// Values, and those with names, of each message.
    pub(super) of_each: Vec<(usize, usize)>,
    /// What has no name, by family, operation and path.
    pub(super) nameless: BTreeMap<String, Nameless>,
    /// What tests expect and is among the values.
    pub(super) met: usize,
    /// What tests expect and is not, with the number of the message.
    pub(super) missed: Vec<(usize, Literal)>,
}

impl Tally {
    pub(super) fn values(&self) -> usize {
        self.of_each.iter().map(|it| it.0).sum()
    }

    pub(super) fn named(&self) -> usize {
        self.of_each.iter().map(|it| it.1).sum()
    }
}

/// What `nlcap show` makes of the messages in a file, behind the first `skipped`.
pub(super) fn nlcap(
    program: &Path,
    file: &Path,
    skipped: usize,
    messages: &[Message],
) -> Result<Tally> {
    let mut cmd = Command::new(program);
    // What this machine has of specifications must not count.
    cmd.env_remove("NLCAP_SPECS");
    let text = crate::run::output(cmd.args(["show", "--added", "-j"]).arg(file))?;
    let mut tally = Tally {
        of_each: vec![(0, 0); messages.len()],
        ..Tally::default()
    };
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).context("nlcap prints no JSON")?;
        let frame = object["frame"].as_u64().unwrap_or(0) as usize;
        if let Some(at) = frame.checked_sub(skipped + 1)
            && let Some(message) = messages.get(at)
        {
            count(&object, at, message, &mut tally);
        }
    }
    Ok(tally)
}

/// Counts the values of a message.
fn count(object: &Value, at: usize, message: &Message, tally: &mut Tally) {
    let mut said = ValueSet::default();
    said.take(&object["msg"]);
    for literal in &message.expected {
        if said.has(literal) {
            tally.met += 1;
        } else {
            tally.missed.push((at, literal.clone()));
        }
    }
    let word = |key: &str| object[key].as_str().unwrap_or("?");
    let title = format!("{} {}", word("family"), word("op"));
    let mut values = Vec::new();
    let op = word("op");
    let number = op.strip_prefix("type").or(op.strip_prefix("cmd"));
    let has_no_name = number.map_or(op == "?", |it| {
        it.starts_with(|it: char| it.is_ascii_digit())
    });
    values.push(if has_no_name {
        (" (operation)".to_owned(), Verdict::Nameless)
    } else {
        (String::new(), Verdict::Named)
    });
    if object.get("errno").is_some() || word("role") == "ack" {
        values.push((" (error)".to_owned(), Verdict::Named));
    }
    walk(&object["msg"], String::new(), true, &mut values);
    for (path, verdict) in values {
        let sum = &mut tally.of_each[at];
        sum.0 += 1;
        let bytes = match verdict {
            Verdict::Named => {
                sum.1 += 1;
                continue;
            }
            Verdict::Bytes(text) => Some(text),
            Verdict::Nameless => None,
        };
        let entry = tally.nameless.entry(format!("{title}{path}")).or_default();
        if entry.count == 0 {
            (entry.from, entry.bytes) = (message.from.clone(), bytes);
        }
        entry.count += 1;
    }
}

/// What is thought of a value.
#[derive(Debug, PartialEq)]
enum Verdict {
    Named,
    /// There is a name, but the value is not taken apart.
    Bytes(String),
    Nameless,
}

/// The values below `value`, with their paths.
fn walk(value: &Value, path: String, is_known: bool, out: &mut Vec<(String, Verdict)>) {
    match value {
        Value::Null if path.is_empty() => {}
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let is_known =
                    is_known && !name.starts_with("UnknownAttr") && !name.starts_with('(');
                let form = form(members, name);
                walk(member, format!("{path}.{name}{form}"), is_known, out);
            }
        }
        Value::Array(elements) if !elements.is_empty() && !are_flags(elements) => {
            for element in elements {
                walk(element, path.clone(), is_known, out);
            }
        }
        _ if !is_known => out.push((path, Verdict::Nameless)),
        Value::String(text) if is_bytes(text) && !is_by_nature(&path) => {
            let bytes = text.chars().take(40).collect();
            out.push((path, Verdict::Bytes(bytes)));
        }
        _ => out.push((path, Verdict::Named)),
    }
}

/// Which form a sub-message has, after the member beside it that says so.
fn form(members: &serde_json::Map<String, Value>, name: &str) -> String {
    let selector = match name {
        "data" => members.get("kind").or(members.get("name")),
        "slave-data" => members.get("slave-kind"),
        "options" | "xstats" => members.get("kind"),
        "encap" => members.get("encap-type"),
        _ => None,
    };
    let kind = selector.and_then(Value::as_str);
    kind.map_or_else(String::new, |kind| format!("[{kind}]"))
}

/// Whether an array is a set of flags: names, but for bits without one.
fn are_flags(elements: &[Value]) -> bool {
    let is_name = |it: &Value| it.as_str().is_some_and(|it| !is_bytes(it));
    elements.iter().all(is_name)
}

/// Whether a text is bytes in hexadecimal, with or without blanks between them. Words and
/// numbers may be too: those are short.
fn is_bytes(text: &str) -> bool {
    let digits = text.bytes().filter(|it| *it != b' ').count();
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it) || it == b' ';
    let blanks = text.split(' ').count() - 1;
    digits >= 8
        && digits.is_multiple_of(2)
        && text.bytes().all(is_digit)
        && (blanks == 0 || blanks + 1 == digits / 2)
}

fn is_by_nature(path: &str) -> bool {
    BYTES_BY_NATURE.iter().any(|name| {
        let before = path.strip_suffix(name);
        before.is_some_and(|it| it.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdicts(value: &Value) -> Vec<(String, Verdict)> {
        let mut out = Vec::new();
        walk(value, String::new(), true, &mut out);
        out
    }

    #[test]
    fn a_value_is_named_if_all_on_the_way_to_it_is() {
        let found = verdicts(&json!({
            "linkinfo": {"kind": "vlan", "data": {"id": 5, "UnknownAttr(9)": {"a": 1}}},
            "(no attribute)": "00",
        }));
        let named: Vec<_> = (found.iter())
            .map(|(path, verdict)| (path.as_str(), *verdict == Verdict::Named))
            .collect();
        assert_eq!(
            named,
            [
                (".(no attribute)", false),
                (".linkinfo.data[vlan].UnknownAttr(9).a", false),
                (".linkinfo.data[vlan].id", true),
                (".linkinfo.kind", true),
            ]
        );
    }

    #[test]
    fn flags_are_one_value_and_elements_one_each() {
        let found = verdicts(&json!({"flags": ["up", "running"], "labels": [1, 2]}));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn bytes_count_only_where_they_are_bytes_by_nature() {
        let found =
            verdicts(&json!({"cookie": "00112233", "stats": "00 11 22 33", "name": "beef"}));
        let bytes: Vec<_> = (found.iter())
            .filter(|(_, verdict)| *verdict != Verdict::Named)
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(bytes, [".stats"]);
    }

    #[test]
    fn a_message_without_a_name_counts_as_a_value() {
        let mut tally = Tally {
            of_each: vec![(0, 0)],
            ..Tally::default()
        };
        let object = json!({"family": "route", "op": "type77", "msg": {"a": 7}});
        let message = Message {
            protocol: 0,
            bytes: Vec::new(),
            from: "a.rs".to_owned(),
            expected: vec![Literal::Number(7), Literal::Number(8)],
        };
        count(&object, 0, &message, &mut tally);
        assert_eq!(
            (tally.met, &tally.missed[..]),
            (1, &[(0, Literal::Number(8))][..])
        );
        assert_eq!((tally.values(), tally.named()), (2, 1));
        assert_eq!(tally.nameless["route type77 (operation)"].count, 1);
    }
}
