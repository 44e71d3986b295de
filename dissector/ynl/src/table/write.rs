// SPDX-License-Identifier: GPL-2.0-or-later
//! A family as a text of the table.

use std::fmt::Write;

use crate::model::{
    ArrayElement, AttrKind, AttrSet, Attribute, ByteOrder, DisplayHint, Enum, Exchange, Family,
    MemberKind, Message, OpFlag, Operation, Protocol, Scalar, SetId, Struct, StructId, SubMessage,
};

/// A name that the table cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table of families cannot hold the name {0:?}: it is empty, or has white space or one of / ( ) {{ }} ~ *"
)]
pub struct WriteError(pub String);

/// The text of a family; `made` says in one line what it was made from.
pub fn write(family: &Family, made: &str) -> Result<String, WriteError> {
    let mut text = Text {
        family,
        out: format!("# {made}\n"),
    };
    text.family()?;
    Ok(text.out)
}

struct Text<'a> {
    family: &'a Family,
    out: String,
}

/// A name, if it is one word that nothing else in a line can be taken for.
fn word(name: &str) -> Result<&str, WriteError> {
    let is_odd = |it: char| it.is_whitespace() || "(){}~*".contains(it);
    match name.is_empty() || name.contains(is_odd) {
        true => Err(WriteError(name.to_owned())),
        false => Ok(name),
    }
}

/// The empty value of a form.
pub(super) const NOTHING: &str = "\"\"";

fn hinted(word: &str, hint: Option<DisplayHint>) -> String {
    match hint {
        Some(hint) => format!("{word}~{hint}"),
        None => word.to_owned(),
    }
}

/// One line more; writing to a `String` does not fail.
macro_rules! line {
    ($text:expr, $($what:tt)*) => {{
        let _ = writeln!($text.out, $($what)*);
    }};
}

impl Text<'_> {
    fn family(&mut self) -> Result<(), WriteError> {
        let family = self.family;
        let protocol = match family.protocol {
            Protocol::Genetlink => String::from("genetlink"),
            Protocol::GenetlinkC => String::from("genetlink-c"),
            Protocol::GenetlinkLegacy => String::from("genetlink-legacy"),
            Protocol::Raw { number } => format!("raw:{number}"),
        };
        for part in family.name.split(' ') {
            word(part)?;
        }
        line!(self, "family {} {protocol} {}", family.name, family.version);
        for it in &family.operations {
            self.operation(it)?;
        }
        for it in &family.groups {
            let number = it.number.map_or_else(String::new, |it| format!(" {it}"));
            line!(self, "group {}{number}", word(&it.name)?);
        }
        for it in &family.enums {
            self.enumeration(it)?;
        }
        for it in &family.structs {
            self.structure(it)?;
        }
        for it in &family.sets {
            self.set(it)?;
        }
        for it in &family.sub_messages {
            self.choice(it)?;
        }
        Ok(())
    }

    fn operation(&mut self, it: &Operation) -> Result<(), WriteError> {
        let number = |it: Option<u16>| it.map_or_else(|| String::from("-"), |it| it.to_string());
        let mut text = format!(
            "op {} {} {}",
            word(&it.name)?,
            number(it.request_number),
            number(it.reply_number)
        );
        if let Some(id) = it.set {
            let _ = write!(text, " set={}", self.set_name(id)?);
        }
        if let Some(id) = it.fixed_header {
            let _ = write!(text, " head={}", self.struct_name(id)?);
        }
        for (form, exchange) in [("do", &it.r#do), ("dump", &it.dump)] {
            let Some(Exchange { request, reply }) = exchange else {
                continue;
            };
            // A form without a message is there all the same.
            if request.is_none() && reply.is_none() {
                let _ = write!(text, " {form}");
            }
            for (side, message) in [("ask", request), ("answer", reply)] {
                if let Some(message) = message {
                    let _ = write!(text, " {form}.{side}{}", self.own(message)?);
                }
            }
        }
        if let Some(name) = &it.notify {
            let _ = write!(text, " notify={}", word(name)?);
        }
        if let Some(message) = &it.event {
            let _ = write!(text, " event{}", self.own(message)?);
        }
        if let Some(name) = &it.group {
            let _ = write!(text, " group={}", word(name)?);
        }
        for flag in &it.flags {
            text.push_str(match flag {
                OpFlag::AdminPerm => " admin",
                OpFlag::UnsAdminPerm => " uns-admin",
            });
        }
        line!(self, "{text}");
        Ok(())
    }

    /// What a message has of its own.
    fn own(&self, message: &Message) -> Result<String, WriteError> {
        match (message.fixed_header, message.set) {
            (None, None) => Ok(String::new()),
            (head, set) => Ok(format!("={}", self.headed(head, set)?)),
        }
    }

    fn headed(&self, head: Option<StructId>, set: Option<SetId>) -> Result<String, WriteError> {
        let head = head.map_or(Ok(""), |id| self.struct_name(id))?;
        let set = set.map_or(Ok(""), |id| self.set_name(id))?;
        Ok(format!("{head}/{set}"))
    }

    /// A name that stands before or behind a slash has none in it.
    fn struct_name(&self, id: StructId) -> Result<&str, WriteError> {
        plain(&self.family[id].name)
    }

    fn set_name(&self, id: SetId) -> Result<&str, WriteError> {
        plain(&self.family[id].name)
    }

    fn enumeration(&mut self, it: &Enum) -> Result<(), WriteError> {
        let kind = if it.is_flags { "flags" } else { "enum" };
        line!(self, "{kind} {}", word(&it.name)?);
        for entry in &it.entries {
            line!(self, "\t{} {}", entry.value, word(&entry.name)?);
        }
        Ok(())
    }

    fn structure(&mut self, it: &Struct) -> Result<(), WriteError> {
        let number = if it.is_number { " number" } else { "" };
        line!(self, "struct {}{number}", plain(&it.name)?);
        for member in &it.members {
            let size = member.size;
            let kind = match &member.kind {
                MemberKind::Scalar(scalar) => self.scalar(*scalar)?,
                MemberKind::String => format!("string {size}"),
                MemberKind::Binary { hint } => format!("{} {size}", hinted("binary", *hint)),
                MemberKind::Struct(id) => format!("struct {} {size}", self.struct_name(*id)?),
                MemberKind::Array { scalar, count } => {
                    let counted = match count {
                        Some(at) => format!(" {}", word(&it.members[*at].name)?),
                        None => String::new(),
                    };
                    format!("array {} {size}{counted}", self.scalar(*scalar)?)
                }
                MemberKind::Structs(id) => format!("structs {} {size}", self.struct_name(*id)?),
                MemberKind::Union { message, selector } => format!(
                    "union {} {} {size}",
                    word(&self.family[*message].name)?,
                    word(&it.members[*selector].name)?
                ),
                MemberKind::Pad => format!("pad {size}"),
            };
            let bits = member
                .bits
                .map_or_else(String::new, |it| format!(" bits {}", it.count));
            line!(self, "\t{} {kind}{bits}", word(&member.name)?);
        }
        Ok(())
    }

    fn set(&mut self, it: &AttrSet) -> Result<(), WriteError> {
        let parent = match it.subset_of {
            Some(id) => format!(" of {}", self.set_name(id)?),
            None => String::new(),
        };
        line!(self, "set {}{parent}", plain(&it.name)?);
        for attribute in &it.attributes {
            let Attribute { name, number, .. } = attribute;
            let many = if attribute.multi { "*" } else { "" };
            let kind = self.kind(&attribute.kind)?;
            line!(self, "\t{number}{many} {} {kind}", word(name)?);
        }
        Ok(())
    }

    fn choice(&mut self, it: &SubMessage) -> Result<(), WriteError> {
        line!(self, "choice {}", word(&it.name)?);
        for format in &it.formats {
            let headed = self.headed(format.fixed_header, format.set)?;
            let value = match format.value.as_str() {
                "" => NOTHING,
                value => word(value)?,
            };
            line!(self, "\t{value} {headed}");
        }
        Ok(())
    }

    fn kind(&self, kind: &AttrKind) -> Result<String, WriteError> {
        Ok(match kind {
            AttrKind::Unused => String::from("unused"),
            AttrKind::Pad => String::from("pad"),
            AttrKind::Flag => String::from("flag"),
            AttrKind::Scalar(scalar) => self.scalar(*scalar)?,
            AttrKind::String => String::from("string"),
            AttrKind::Binary { hint } => hinted("binary", *hint),
            AttrKind::Struct(id) => format!("struct {}", self.struct_name(*id)?),
            AttrKind::Array(scalar) => format!("array {}", self.scalar(*scalar)?),
            AttrKind::Structs(id) => format!("structs {}", self.struct_name(*id)?),
            AttrKind::Entries { head, length, set } => format!(
                "entries {} {} {}",
                self.struct_name(*head)?,
                word(&self.family[*head].members[*length].name)?,
                self.set_name(*set)?
            ),
            AttrKind::Sized { head, length } => format!(
                "sized {} {}",
                self.struct_name(*head)?,
                word(&self.family[*head].members[*length].name)?
            ),
            AttrKind::Bitfield32 { bits } => match bits {
                Some(id) => format!("bits {}", word(&self.family[*id].name)?),
                None => String::from("bits"),
            },
            AttrKind::Nest(id) => format!("nest {}", self.set_name(*id)?),
            AttrKind::IndexedArray(element) => match element {
                ArrayElement::Nest(id) => format!("index nest {}", self.set_name(*id)?),
                ArrayElement::Scalar(scalar) => format!("index {}", self.scalar(*scalar)?),
                ArrayElement::Binary { hint } => format!("index {}", hinted("binary", *hint)),
                ArrayElement::String => String::from("index string"),
                ArrayElement::SubMessage {
                    head,
                    message,
                    selector,
                } => format!(
                    "index select {} {} {}",
                    word(&self.family[*message].name)?,
                    self.struct_name(*head)?,
                    word(selector)?
                ),
            },
            AttrKind::NestTypeValue { keys, set } => {
                format!("keyed {} {}", self.set_name(*set)?, words(keys)?)
            }
            AttrKind::ScalarTypeValue { keys, scalar } => {
                format!("keyed-number {} {}", self.scalar(*scalar)?, words(keys)?)
            }
            AttrKind::SubMessage { message, selector } => format!(
                "select {} {}",
                word(&self.family[*message].name)?,
                word(selector)?
            ),
        })
    }

    fn scalar(&self, it: Scalar) -> Result<String, WriteError> {
        let mut text = it.width.name().to_owned();
        text.push_str(match it.byte_order {
            ByteOrder::Host => "",
            ByteOrder::LittleEndian => "/le",
            ByteOrder::BigEndian => "/be",
        });
        if let Some(names) = it.names {
            let name = word(&self.family[names.id].name)?;
            let _ = match names.as_flags {
                true => write!(text, "{{{name}}}"),
                false => write!(text, "({name})"),
            };
        }
        Ok(hinted(&text, it.hint))
    }
}

fn words(names: &[String]) -> Result<String, WriteError> {
    let words: Result<Vec<_>, _> = names.iter().map(|it| word(it)).collect();
    Ok(words?.join(" "))
}

/// A name without a slash.
fn plain(name: &str) -> Result<&str, WriteError> {
    match name.contains('/') {
        true => Err(WriteError(name.to_owned())),
        false => word(name),
    }
}
