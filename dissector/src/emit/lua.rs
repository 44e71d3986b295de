// SPDX-License-Identifier: GPL-2.0-or-later
//! The dissector for Wireshark: the fixed runtime, `lua/runtime.lua`, and the
//! family's tables behind it, in one file that needs nothing else.
//!
//! # Field names
//!
//! `<family>.<set>.<attribute>`, with `-` as `_`; a set named as its family adds
//! nothing, so that the top level of `nl_util` is `nl_util.netdev` and what is in
//! it `nl_util.netdev.ifname`. A bit of a flags attribute and a member of a struct
//! are one word more. Two fields of one name are an error.
//!
//! # How many there are
//!
//! Where the doc of an attribute that may stand several times begins with
//! `One NOUN.`, the Info column counts it by that noun: "4 interfaces".

use std::collections::BTreeMap;
use std::fmt::Write;

use super::banner;
use crate::model::{
    AttrKind, AttrSet, Attribute, ByteOrder, DisplayHint, EnumUse, Family, MemberKind, Operation,
    Scalar, ScalarType,
    names::{snake, upper},
};

const RUNTIME: &str = include_str!("../../lua/runtime.lua");

/// Fields that every family has; see the runtime.
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
    "unknown_number",
    "too_deep",
    "fault",
];

/// Why no dissector could be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LuaError {
    /// Wireshark has C dissectors for the other netlink protocols.
    #[error("{0}: not a generic netlink family, which Wireshark decodes by itself")]
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
}

/// Writes the dissector of `family`.
pub fn emit(family: &Family) -> Result<String, LuaError> {
    if !family.protocol.is_generic() {
        return Err(LuaError::NotGeneric(family.name.clone()));
    }
    let mut out = format!(
        "-- SPDX-License-Identifier: GPL-2.0-or-later\n-- {}\n",
        banner()
    );
    out.push_str(
        "--\n-- Load it with `-X lua_script:FILE`, or from the folder of personal plugins.\n\n",
    );
    out.push_str("local runtime = (function()\n");
    let mut blank = true;
    for line in RUNTIME
        .lines()
        .skip_while(|line| line.starts_with("-- SPDX"))
    {
        // The runtime's own indentation stays; only blank lines in a row go.
        if !(blank && line.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
        blank = line.is_empty();
    }
    out.push_str("end)()\n\n");

    let mut emitter = Emitter {
        out,
        family,
        abbr: snake(&family.name),
        fields: BTreeMap::new(),
    };
    for own in OWN {
        emitter.claim(
            &format!("{}.{own}", emitter.abbr),
            "every message".to_owned(),
        )?;
    }
    emitter.tables()?;
    Ok(emitter.out)
}

struct Emitter<'a> {
    out: String,
    family: &'a Family,
    abbr: String,
    /// Each field, and where in the specification it is from.
    fields: BTreeMap<String, String>,
}

impl Emitter<'_> {
    fn claim(&mut self, name: &str, place: String) -> Result<(), LuaError> {
        match self.fields.insert(name.to_owned(), place.clone()) {
            None => Ok(()),
            Some(first) => Err(LuaError::Clash {
                name: name.to_owned(),
                first,
                second: place,
            }),
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "\t".repeat(indent));
    }

    fn tables(&mut self) -> Result<(), LuaError> {
        let family = self.family;
        self.line(0, "runtime.register({");
        self.line(1, &format!("name = {},", quote(&family.name)));
        self.line(1, &format!("abbr = {},", quote(&self.abbr)));
        let title = family.doc.split(['.', ',', ';']).next().unwrap_or_default();
        let title = format!("{}: {}", family.name, one_line(title));
        self.line(1, &format!("title = {},", quote(&title)));
        self.line(1, "operations = {");
        for operation in &family.operations {
            self.operation(operation);
        }
        self.line(1, "},");
        self.line(1, "sets = {");
        for set in &family.sets {
            self.set(set)?;
        }
        self.line(1, "},");
        self.line(0, "})");
        Ok(())
    }

    fn operation(&mut self, operation: &Operation) {
        let Some(number) = operation.request_number.or(operation.reply_number) else {
            return;
        };
        let exchanges = [&operation.r#do, &operation.dump];
        let exchanges = || exchanges.iter().copied().flatten();
        let request = exchanges().find_map(|it| it.request.as_ref());
        let reply = exchanges()
            .find_map(|it| it.reply.as_ref())
            .or(operation.event.as_ref());
        let numbers = |message: Option<_>| -> String {
            let all = message
                .into_iter()
                .flat_map(|it| self.family.attributes_of(operation, it));
            all.map(|it| it.number.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let set = operation
            .set
            .map(|id| self.family[id].name.as_str())
            .unwrap_or_default();
        let text = format!(
            "[{number}] = {{ label = {}, set = {}, request = {{ {} }}, reply = {{ {} }} }},",
            quote(&upper(&operation.name)),
            quote(set),
            numbers(request),
            numbers(reply),
        );
        self.line(2, &text.replace("{  }", "{}"));
    }

    fn set(&mut self, set: &AttrSet) -> Result<(), LuaError> {
        let own = snake(&set.name) == self.abbr;
        let prefix = if own {
            self.abbr.clone()
        } else {
            format!("{}.{}", self.abbr, snake(&set.name))
        };
        self.line(2, &format!("[{}] = {{ attributes = {{", quote(&set.name)));
        for attribute in &set.attributes {
            if !matches!(attribute.kind, AttrKind::Unused) {
                self.attribute(set, attribute, &prefix)?;
            }
        }
        self.line(2, "} },");
        Ok(())
    }

    fn attribute(&mut self, set: &AttrSet, it: &Attribute, prefix: &str) -> Result<(), LuaError> {
        let abbr = format!("{prefix}.{}", snake(&it.name));
        let place = format!("attribute-sets[{}].attributes[{}]", set.name, it.name);
        self.claim(&abbr, place.clone())?;
        self.line(3, &format!("[{}] = {{", it.number));
        self.line(4, &format!("name = {},", quote(&snake(&it.name))));
        self.line(4, &format!("label = {},", quote(&upper(&it.name))));
        self.line(4, &format!("abbr = {},", quote(&abbr)));
        match &it.kind {
            AttrKind::Scalar(scalar) => self.scalar(*scalar, &abbr, &place)?,
            AttrKind::String => self.line(4, "type = \"string\","),
            AttrKind::Flag => self.line(4, "type = \"flag\","),
            AttrKind::Nest(id) => {
                self.line(4, "type = \"nest\",");
                self.line(4, &format!("set = {},", quote(&self.family[*id].name)));
            }
            AttrKind::Struct(id) => {
                self.line(4, "type = \"struct\",");
                self.line(4, "members = {");
                let family = self.family;
                for member in &family[*id].members {
                    let abbr = format!("{abbr}.{}", snake(&member.name));
                    let place = format!("{place}.{}", member.name);
                    self.claim(&abbr, place.clone())?;
                    self.line(
                        5,
                        &format!(
                            "{{ name = {}, label = {}, size = {},",
                            quote(&snake(&member.name)),
                            quote(&snake(&member.name)),
                            member.size
                        ),
                    );
                    match &member.kind {
                        MemberKind::Scalar(scalar) => self.scalar(*scalar, &abbr, &place)?,
                        MemberKind::Binary { hint } => self.binary(*hint),
                        _ => self.line(4, "type = \"binary\","),
                    }
                    self.line(4, &format!("doc = {} }},", quote(&one_line(&member.doc))));
                }
                self.line(4, "},");
            }
            AttrKind::Binary { hint } => self.binary(*hint),
            // Shown as bytes until the runtime knows their form.
            _ => self.line(4, "type = \"binary\","),
        }
        if let Some(noun) = it.multi.then(|| noun(&it.doc)).flatten() {
            self.line(4, &format!("noun = {},", quote(&noun)));
        }
        self.line(4, &format!("doc = {},", quote(&one_line(&it.doc))));
        self.line(3, "},");
        Ok(())
    }

    fn binary(&mut self, hint: Option<DisplayHint>) {
        let kind = match hint {
            Some(DisplayHint::Mac) => "mac",
            Some(DisplayHint::Ipv4) => "ipv4",
            Some(DisplayHint::Ipv6) => "ipv6",
            _ => "binary",
        };
        self.line(4, &format!("type = \"{kind}\","));
    }

    fn scalar(&mut self, scalar: Scalar, abbr: &str, place: &str) -> Result<(), LuaError> {
        let kind = match scalar.width {
            ScalarType::U8 => "u8",
            ScalarType::U16 => "u16",
            ScalarType::U32 => "u32",
            ScalarType::U64 => "u64",
            ScalarType::S8 => "s8",
            ScalarType::S16 => "s16",
            ScalarType::S32 => "s32",
            ScalarType::S64 => "s64",
            // Their length is told by each attribute: bytes, for now.
            ScalarType::Uint | ScalarType::Sint => "binary",
        };
        self.line(4, &format!("type = \"{kind}\","));
        match scalar.byte_order {
            ByteOrder::Host => {}
            ByteOrder::BigEndian => self.line(4, "big = true,"),
            ByteOrder::LittleEndian => self.line(4, "little = true,"),
        }
        let Some(EnumUse { id, as_flags }) = scalar.names else {
            return Ok(());
        };
        self.line(4, if as_flags { "flags = {" } else { "names = {" });
        let family = self.family;
        for entry in &family[id].entries {
            let label = quote(&upper(&entry.name));
            if as_flags {
                let name = snake(&entry.name);
                self.claim(&format!("{abbr}.{name}"), format!("{place}.{}", entry.name))?;
                self.line(
                    5,
                    &format!(
                        "{{ bit = {}, name = {}, label = {label}, doc = {} }},",
                        entry.value,
                        quote(&name),
                        quote(&one_line(&entry.doc))
                    ),
                );
            } else {
                self.line(5, &format!("[{}] = {label},", entry.value));
            }
        }
        self.line(4, "},");
        Ok(())
    }
}

/// `interfaces`, of a doc that begins with `One interface.`.
fn noun(doc: &str) -> Option<String> {
    let noun = doc.trim_start().strip_prefix("One ")?.split('.').next()?;
    let plain = noun
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
    (plain && !noun.is_empty()).then(|| format!("{noun}s"))
}

/// A text without line breaks, for a field's description.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A Lua string: whatever stands in a specification stays a text.
fn quote(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::nl_util;

    #[test]
    fn names_of_fields_follow_the_rule() {
        let text = emit(&nl_util()).unwrap();
        for abbr in [
            "nl_util.netdev",
            "nl_util.netdev.ifname",
            "nl_util.netdev.stats",
        ] {
            assert!(text.contains(&format!("abbr = \"{abbr}\",")), "{abbr}");
        }
    }

    #[test]
    fn two_fields_of_one_name_are_refused() {
        let mut family = nl_util();
        family.sets[0].attributes[0].name = "cmd".into();
        let refused = emit(&family).unwrap_err();
        assert!(refused.to_string().contains("nl_util.cmd"), "{refused}");
    }

    #[test]
    fn a_specification_cannot_write_lua() {
        assert_eq!(quote("a\"]\\ \n\u{1b}"), r#""a\"]\\ \010\027""#);
        let mut family = nl_util();
        family.sets[0].attributes[0].doc = "\"; os.exit() --".into();
        assert!(
            emit(&family)
                .unwrap()
                .contains(r#"doc = "\"; os.exit() --","#)
        );
    }

    #[test]
    fn what_may_stand_several_times_is_counted_by_its_noun() {
        assert_eq!(noun("One interface. More.").as_deref(), Some("interfaces"));
        assert_eq!(noun("Interfaces."), None);
        assert_eq!(noun("One (odd) thing."), None);
    }
}
