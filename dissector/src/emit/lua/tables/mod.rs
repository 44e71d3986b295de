// SPDX-License-Identifier: GPL-2.0-or-later
//! A family as the tables that the runtime registers it by.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{abbreviation, word};
use ynl::decode::Verb;
use ynl::model::{
    AttrKind, AttrSet, Attribute, EnumId, Family, MemberKind, Message, Operation, SetId, StructId,
    names::{snake, upper},
};

/// Fields and expert items that every family has; see `lua/fields.lua`.
const OWN: &[&str] = &[
    "cmd",
    "version",
    "reserved",
    "nla.len",
    "nla.type",
    "nla.nested",
    "nla.net_byteorder",
    "unknown",
    "rest",
    "malformed",
    "wrong_length",
    "partial",
    "unterminated",
    "unknown_number",
    "too_deep",
    "too_many",
    "fault",
];

/// Why no dissector could be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LuaError {
    /// Wireshark has C dissectors for the other netlink protocols.
    #[error("{0}: not a generic netlink family; Wireshark decodes the others by itself")]
    NotGeneric(String),
    /// A filter must mean one thing.
    #[error("the field {name} stands for both {first} and {second}")]
    Clash {
        /// The field.
        name: String,
        /// Where it was first.
        first: String,
        /// Where it is again.
        second: String,
    },
    /// Generic netlink families have no payload whose form another attribute selects.
    #[error("{0}: sub-messages exist in netlink-raw only")]
    SubMessage(String),
    /// No generic netlink family has structs with attributes behind each.
    #[error("{0}: structs with attributes behind each exist in netlink-raw only")]
    Entries(String),
    /// No generic netlink family has structs that say how long they are.
    #[error("{0}: structs that have their length exist in netlink-raw only")]
    Sized(String),
}

/// Appends the call that registers `family`.
pub(super) fn write(out: &mut String, family: &Family) -> Result<(), LuaError> {
    let mut tables = Tables::new(family)?;
    tables.all()?;
    out.push_str(&tables.out);
    Ok(())
}

/// All fields of `family`, sorted.
pub(super) fn field_names(family: &Family) -> Result<Vec<String>, LuaError> {
    let mut tables = Tables::new(family)?;
    tables.all()?;
    Ok(tables.fields.into_keys().collect())
}

struct Tables<'a> {
    out: String,
    family: &'a Family,
    abbr: String,
    /// Each field, and where in the specification it is from.
    fields: BTreeMap<String, String>,
    enums: BTreeSet<EnumId>,
    structs: BTreeSet<StructId>,
    headers: BTreeSet<StructId>,
}

impl<'a> Tables<'a> {
    fn new(family: &'a Family) -> Result<Self, LuaError> {
        if !family.protocol.is_generic() {
            return Err(LuaError::NotGeneric(family.name.clone()));
        }
        let mut tables = Self {
            out: String::new(),
            family,
            abbr: abbreviation(family),
            fields: BTreeMap::new(),
            enums: BTreeSet::new(),
            structs: BTreeSet::new(),
            headers: BTreeSet::new(),
        };
        for own in OWN {
            tables.claim(format!("{}.{own}", tables.abbr), "every message")?;
        }
        Ok(tables)
    }

    fn claim(&mut self, name: String, place: &str) -> Result<(), LuaError> {
        match self.fields.insert(name.clone(), place.to_owned()) {
            None => Ok(()),
            Some(first) => Err(LuaError::Clash {
                name,
                first,
                second: place.to_owned(),
            }),
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "\t".repeat(indent));
    }

    fn all(&mut self) -> Result<(), LuaError> {
        let family = self.family;
        self.line(0, "nl.runtime.register({");
        self.line(1, &format!("name = {},", quote(&family.name)));
        self.line(1, &format!("abbr = {},", quote(&self.abbr)));
        let title = family.doc.split(['.', ',', ';']).next().unwrap_or_default();
        let title = format!("{}: {}", family.name, one_line(title));
        self.line(1, &format!("title = {},", quote(&title)));
        self.operations();
        self.common();
        self.line(1, "sets = {");
        for set in &family.sets {
            self.set(set)?;
        }
        self.line(1, "},");
        self.fixed()?;
        self.structs()?;
        self.enums();
        self.line(0, "})");
        Ok(())
    }

    /// One table where a number means the same in both directions, else two.
    fn operations(&mut self) {
        let family = self.family;
        let mut requests = BTreeMap::new();
        let mut replies = BTreeMap::new();
        for it in &family.operations {
            if let Some(number) = it.request_number {
                requests.entry(number).or_insert(it);
            }
            if let Some(number) = it.reply_number {
                replies.entry(number).or_insert(it);
            }
        }
        // An answer that the specification lacks has the request's number and attributes.
        for (number, it) in &requests {
            if it.reply_number.is_none() {
                replies.entry(*number).or_insert(it);
            }
        }
        let agree = requests.iter().all(|(number, it)| {
            replies
                .get(number)
                .is_none_or(|other| other.name == it.name)
        });
        if agree {
            requests.append(&mut replies);
        }
        for (name, operations) in [("requests", requests), ("replies", replies)] {
            if !operations.is_empty() || name == "requests" {
                self.line(1, &format!("{name} = {{"));
                for (number, it) in operations {
                    self.operation(number, it);
                }
                self.line(1, "},");
            }
        }
    }

    /// What operations have that the specification does not list.
    fn common(&mut self) {
        let text = match self.family.common() {
            (None, None) => return,
            (header, set) => self.payload(header, set),
        };
        let text = text.trim_start_matches(", ");
        self.line(1, &format!("common = {{ {text} }},"));
    }

    /// The keys for the struct before the attributes, and for the set of these.
    fn payload(&mut self, header: Option<StructId>, set: Option<SetId>) -> String {
        let family = self.family;
        let mut text = String::new();
        if let Some(id) = set {
            let _ = write!(text, ", set = {}", quote(&family[id].name));
        }
        if let Some(id) = header {
            self.headers.insert(id);
            let _ = write!(text, ", header = {}", quote(&family[id].name));
        }
        text
    }

    fn operation(&mut self, number: u16, it: &Operation) {
        let family = self.family;
        let mut text = format!("[{number}] = {{ label = {}", quote(&upper(&it.name)));
        text.push_str(&self.payload(it.fixed_header, it.set));
        if let Some(verb) = Verb::of_operation(&it.name) {
            let _ = write!(text, ", verb = {}", quote(verb.name()));
        }
        if it.is_async() {
            text.push_str(", async = true");
        }
        let exchanges = || [&it.r#do, &it.dump].into_iter().flatten();
        let shown = exchanges()
            .find_map(|it| it.reply.as_ref())
            .or(it.event.as_ref())
            .or(exchanges().find_map(|it| it.request.as_ref()));
        let counted = |message: &Message| {
            let all = family.attributes_of(it, message);
            let counted = all.filter(|it| noun(it).is_some());
            counted
                .map(|it| it.number.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        if let Some(numbers) = shown.map(counted).filter(|it| !it.is_empty()) {
            let _ = write!(text, ", counted = {{ {numbers} }}");
        }
        text.push_str(" },");
        self.line(2, &text);
    }

    fn set(&mut self, set: &AttrSet) -> Result<(), LuaError> {
        let prefix = if word(&set.name) == word(&self.family.name) {
            self.abbr.clone()
        } else {
            format!("{}.{}", self.abbr, word(&set.name))
        };
        self.line(2, &format!("[{}] = {{", quote(&set.name)));
        for it in &set.attributes {
            if !matches!(it.kind, AttrKind::Unused) {
                self.attribute(set, it, &prefix)?;
            }
        }
        self.line(2, "},");
        Ok(())
    }

    fn attribute(&mut self, set: &AttrSet, it: &Attribute, prefix: &str) -> Result<(), LuaError> {
        let abbr = format!("{prefix}.{}", word(&it.name));
        let place = format!("attribute-sets[{}].attributes[{}]", set.name, it.name);
        self.claim(abbr.clone(), &place)?;
        let kind = self.kind(it, &abbr, &place)?;
        self.line(3, &format!("[{}] = {{", it.number));
        let names = format!(
            "name = {}, label = {}, abbr = {},",
            quote(&snake(&it.name)),
            quote(&upper(&it.name)),
            quote(&abbr)
        );
        self.line(4, &names);
        self.line(4, &format!("{kind},"));
        if let Some(noun) = noun(it) {
            self.line(4, &format!("noun = {},", quote(&noun)));
        }
        self.doc(4, &it.doc);
        self.line(3, "},");
        Ok(())
    }

    fn doc(&mut self, indent: usize, doc: &str) {
        if !doc.trim().is_empty() {
            self.line(indent, &format!("doc = {},", quote(&one_line(doc))));
        }
    }

    /// The structs between the headers and the attributes.
    fn fixed(&mut self) -> Result<(), LuaError> {
        let family = self.family;
        if self.headers.is_empty() {
            return Ok(());
        }
        self.line(1, "fixed = {");
        for id in self.headers.clone() {
            let it = &family[id];
            let abbr = format!("{}.{}", self.abbr, word(&it.name));
            let place = format!("definitions[{}]", it.name);
            self.claim(abbr.clone(), &place)?;
            self.members(id, &abbr, &place)?;
            let text = format!(
                "[{}] = {{ label = {}, abbr = {}, size = {} }},",
                quote(&it.name),
                quote(&it.name),
                quote(&abbr),
                it.size
            );
            self.line(2, &text);
        }
        self.line(1, "},");
        Ok(())
    }

    fn structs(&mut self) -> Result<(), LuaError> {
        let family = self.family;
        if self.structs.is_empty() {
            return Ok(());
        }
        self.line(1, "structs = {");
        for id in self.structs.clone() {
            self.line(2, &format!("[{}] = {{", quote(&family[id].name)));
            for member in &family[id].members {
                // The fields are claimed where the struct is used.
                let mut scratch = Self::new(family)?;
                let kind = match &member.kind {
                    MemberKind::Scalar(scalar) if member.bits.is_some() => {
                        scratch.bit_field(*scalar)
                    }
                    MemberKind::Scalar(scalar) => scratch.scalar(*scalar, "member", "")?,
                    MemberKind::String => "kind = \"string\"".to_owned(),
                    MemberKind::Binary { hint } => scratch.binary(*hint, "member", "")?,
                    MemberKind::Array { scalar, .. } => {
                        let element = scratch.scalar(*scalar, "member", "")?;
                        format!("kind = \"array\", element = {{ {element} }}")
                    }
                    MemberKind::Struct(id) => {
                        format!("kind = \"struct\", struct = {}", quote(&family[*id].name))
                    }
                    // The runtime has neither arrays of structs nor unions in structs.
                    MemberKind::Structs(_) | MemberKind::Union { .. } => {
                        "kind = \"binary\"".to_owned()
                    }
                    MemberKind::Pad => "kind = \"pad\"".to_owned(),
                };
                let name = quote(&word(&member.name));
                let size = member.size;
                let mut text = format!("{{ name = {name}, label = {name}, size = {size}, {kind},");
                if let Some(bits) = member.bits {
                    let shared = format!(" before = {}, count = {},", bits.before, bits.count);
                    text.push_str(&shared);
                }
                self.line(3, &text);
                self.doc(4, &member.doc);
                self.line(3, "},");
            }
            self.line(2, "},");
        }
        self.line(1, "},");
        Ok(())
    }

    fn enums(&mut self) {
        let family = self.family;
        if self.enums.is_empty() {
            return;
        }
        self.line(1, "enums = {");
        for id in self.enums.clone() {
            self.line(2, &format!("[{}] = {{", quote(&family[id].name)));
            for entry in &family[id].entries {
                let text = format!(
                    "{{ {}, {}, {}, {} }},",
                    entry.value,
                    quote(&word(&entry.name)),
                    quote(&upper(&entry.name)),
                    quote(&one_line(&entry.doc))
                );
                self.line(3, &text);
            }
            self.line(2, "},");
        }
        self.line(1, "},");
    }
}

/// `interfaces`, of an attribute that may stand several times and whose doc begins
/// with `One interface.`.
pub(super) fn noun(it: &Attribute) -> Option<String> {
    let noun = it
        .doc
        .trim_start()
        .strip_prefix("One ")?
        .split('.')
        .next()?;
    let plain = noun
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
    (it.multi && plain && !noun.is_empty()).then(|| format!("{noun}s"))
}

/// A text without line breaks, for a field's description.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A Lua string: whatever stands in a specification stays a text.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_ascii_control() => {
                let _ = write!(quoted, "\\{:03}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
