// SPDX-License-Identifier: GPL-2.0-or-later
//! A text of the table as a family.
//!
//! Names are ids by the order of blocks, so the names of all blocks are gathered first.

use std::collections::HashMap;
use std::str::SplitAsciiWhitespace;

use super::write::NOTHING;
use crate::model::{
    ArrayElement, AttrKind, AttrSet, Attribute, Bits, ByteOrder, Checks, DisplayHint, Enum,
    EnumEntry, EnumId, EnumUse, Exchange, Family, McastGroup, Member, MemberKind, Message, OpFlag,
    Operation, Protocol, Scalar, ScalarType, SetId, Struct, StructId, SubMessage, SubMessageFormat,
    SubMessageId,
};

/// A text that is no table, which no text that is built in is: a test reads each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {what}")]
pub struct TableError {
    /// The text's name in the table.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

type Result<T> = std::result::Result<T, String>;

pub(super) fn read(text: &str, path: &str) -> std::result::Result<Family, TableError> {
    let mut reader = Reader {
        names: Names::gather(text),
        family: Family::default(),
        block: Block::None,
    };
    for (index, line) in text.lines().enumerate() {
        let done = match line.strip_prefix('\t') {
            Some(line) => reader.member(line.split_ascii_whitespace()),
            None if line.starts_with('#') => Ok(()),
            None => reader.block(line.split_ascii_whitespace()),
        };
        done.map_err(|what| TableError {
            path: path.to_owned(),
            line: index + 1,
            what,
        })?;
    }
    Ok(reader.family)
}

/// The ids of what blocks are called.
struct Names<'a> {
    sets: HashMap<&'a str, usize>,
    structs: HashMap<&'a str, usize>,
    enums: HashMap<&'a str, usize>,
    choices: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn gather(text: &'a str) -> Self {
        let mut all = Self {
            sets: HashMap::new(),
            structs: HashMap::new(),
            enums: HashMap::new(),
            choices: HashMap::new(),
        };
        for line in text.lines().filter(|it| !it.starts_with(['\t', '#'])) {
            let mut words = line.split_ascii_whitespace();
            let map = match words.next() {
                Some("set") => &mut all.sets,
                Some("struct") => &mut all.structs,
                Some("enum" | "flags") => &mut all.enums,
                Some("choice") => &mut all.choices,
                _ => continue,
            };
            if let Some(name) = words.next() {
                map.insert(name, map.len());
            }
        }
        all
    }

    fn set(&self, name: &str) -> Result<SetId> {
        find(&self.sets, name, "set").map(SetId::at)
    }

    fn structure(&self, name: &str) -> Result<StructId> {
        find(&self.structs, name, "struct").map(StructId::at)
    }

    fn enumeration(&self, name: &str) -> Result<EnumId> {
        find(&self.enums, name, "enum").map(EnumId::at)
    }

    fn choice(&self, name: &str) -> Result<SubMessageId> {
        find(&self.choices, name, "choice").map(SubMessageId::at)
    }

    /// `HEAD/SET`, each of which may be empty.
    fn headed(&self, text: &str) -> Result<(Option<StructId>, Option<SetId>)> {
        let (head, set) = text.split_once('/').ok_or_else(|| odd("HEAD/SET", text))?;
        let head = (!head.is_empty()).then(|| self.structure(head));
        let set = (!set.is_empty()).then(|| self.set(set));
        Ok((head.transpose()?, set.transpose()?))
    }

    /// `u16/be(ENUM)~HINT`.
    fn scalar(&self, text: &str) -> Result<Scalar> {
        let (text, hint) = hinted(text)?;
        let (text, names) = match text.find(['(', '{']) {
            None => (text, None),
            Some(at) => {
                let (text, names) = text.split_at(at);
                let inner = names.get(1..names.len() - 1).unwrap_or_default();
                let use_ = EnumUse {
                    id: self.enumeration(inner)?,
                    as_flags: names.starts_with('{'),
                };
                (text, Some(use_))
            }
        };
        let (width, byte_order) = match text.split_once('/') {
            None => (text, ByteOrder::Host),
            Some((width, "be")) => (width, ByteOrder::BigEndian),
            Some((width, "le")) => (width, ByteOrder::LittleEndian),
            Some(_) => return Err(odd("byte order", text)),
        };
        Ok(Scalar {
            width: ScalarType::by_name(width).ok_or_else(|| odd("type", width))?,
            byte_order,
            names,
            hint,
        })
    }
}

fn find(all: &HashMap<&str, usize>, name: &str, what: &str) -> Result<usize> {
    let found = all.get(name).copied();
    found.ok_or_else(|| format!("there is no {what} '{name}'"))
}

fn odd(what: &str, text: &str) -> String {
    format!("'{text}' is not a {what}")
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| odd("number", text))
}

/// A word, and the hint behind it.
fn hinted(text: &str) -> Result<(&str, Option<DisplayHint>)> {
    let Some((word, name)) = text.split_once('~') else {
        return Ok((text, None));
    };
    let hint = DisplayHint::by_name(name).ok_or_else(|| odd("hint", name))?;
    Ok((word, Some(hint)))
}

/// What the lines with a tab belong to.
#[derive(Clone, Copy)]
enum Block {
    None,
    Enum,
    Struct,
    Set,
    Choice,
}

struct Reader<'a> {
    names: Names<'a>,
    family: Family,
    block: Block,
}

/// The words of a line that are not read yet.
struct Words<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str> {
        self.0.next().ok_or_else(|| format!("no {what}"))
    }

    fn name(&mut self) -> Result<String> {
        self.next("name").map(str::to_owned)
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        number(self.next("number")?)
    }
}

impl<'a> Reader<'a> {
    fn block(&mut self, words: SplitAsciiWhitespace<'a>) -> Result<()> {
        let mut words = Words(words);
        let kind = words.next("block")?;
        self.block = match kind {
            "family" => {
                // The name alone may have spaces.
                let words: Vec<_> = words.0.by_ref().collect();
                let [name @ .., protocol, version] = &words[..] else {
                    return Err(String::from("no protocol"));
                };
                self.family.name = name.join(" ");
                self.family.protocol = protocol_of(protocol)?;
                self.family.version = number(version)?;
                Block::None
            }
            "op" => {
                let operation = self.operation(words)?;
                self.family.operations.push(operation);
                Block::None
            }
            "group" => {
                let name = words.name()?;
                let number = words.0.next().map(number).transpose()?;
                self.family.groups.push(McastGroup {
                    name,
                    c_name: String::new(),
                    number,
                    flags: Vec::new(),
                });
                Block::None
            }
            "enum" | "flags" => {
                self.family.enums.push(Enum {
                    name: words.name()?,
                    is_flags: kind == "flags",
                    ..Enum::default()
                });
                Block::Enum
            }
            "struct" => {
                let name = words.name()?;
                self.family.structs.push(Struct {
                    name,
                    is_number: words.0.next() == Some("number"),
                    ..Struct::default()
                });
                Block::Struct
            }
            "set" => {
                let name = words.name()?;
                let subset_of = match words.0.next() {
                    Some("of") => Some(self.names.set(words.next("set")?)?),
                    _ => None,
                };
                self.family.sets.push(AttrSet {
                    name,
                    subset_of,
                    ..AttrSet::default()
                });
                Block::Set
            }
            "choice" => {
                let name = words.name()?;
                let formats = Vec::new();
                self.family.sub_messages.push(SubMessage { name, formats });
                Block::Choice
            }
            _ => return Err(odd("block", kind)),
        };
        Ok(())
    }

    fn member(&mut self, words: SplitAsciiWhitespace<'a>) -> Result<()> {
        let mut words = Words(words);
        // A block is pushed before its members come.
        match self.block {
            Block::None => return Err(String::from("belongs to no block")),
            Block::Enum => {
                let entry = EnumEntry {
                    value: words.number()?,
                    name: words.name()?,
                    c_name: String::new(),
                    doc: String::new(),
                };
                last(&mut self.family.enums)?.entries.push(entry);
            }
            Block::Struct => {
                let (name, kind) = (words.name()?, words.next("type")?);
                let (kind, size) = self.member_kind(kind, &mut words)?;
                let bits = match words.0.next() {
                    Some("bits") => Some(Bits::behind(None, size, words.number()?)),
                    _ => None,
                };
                last(&mut self.family.structs)?.push(Member {
                    name,
                    offset: 0,
                    size,
                    bits,
                    kind,
                    doc: String::new(),
                });
            }
            Block::Set => {
                let text = words.next("number")?;
                let digits = text.trim_end_matches('*');
                let attribute = Attribute {
                    number: number(digits)?,
                    multi: digits.len() < text.len(),
                    name: words.name()?,
                    kind: self.kind(words)?,
                    c_name: String::new(),
                    checks: Checks::default(),
                    doc: String::new(),
                };
                last(&mut self.family.sets)?.attributes.push(attribute);
            }
            Block::Choice => {
                let value = match words.next("value")? {
                    NOTHING => String::new(),
                    value => value.to_owned(),
                };
                let (fixed_header, set) = self.names.headed(words.next("HEAD/SET")?)?;
                last(&mut self.family.sub_messages)?
                    .formats
                    .push(SubMessageFormat {
                        value,
                        fixed_header,
                        set,
                    });
            }
        }
        Ok(())
    }

    /// The place of the member of that name in a struct.
    fn place(&self, layout: Option<&Struct>, name: &str) -> Result<usize> {
        let mut members = layout.into_iter().flat_map(|it| &it.members);
        let place = members.position(|it| it.name == name);
        place.ok_or_else(|| odd("member of the struct", name))
    }

    fn member_kind(&self, kind: &str, words: &mut Words<'a>) -> Result<(MemberKind, usize)> {
        let (plain, hint) = hinted(kind)?;
        let layout = self.family.structs.last();
        Ok(match plain {
            "string" => (MemberKind::String, words.number()?),
            "binary" => (MemberKind::Binary { hint }, words.number()?),
            "pad" => (MemberKind::Pad, words.number()?),
            "struct" => {
                let id = self.names.structure(words.next("struct")?)?;
                (MemberKind::Struct(id), words.number()?)
            }
            "structs" => {
                let id = self.names.structure(words.next("struct")?)?;
                (MemberKind::Structs(id), words.number()?)
            }
            "array" => {
                let scalar = self.names.scalar(words.next("type")?)?;
                let size = words.number()?;
                let counted = words.0.next().map(|it| self.place(layout, it));
                let count = counted.transpose()?;
                (MemberKind::Array { scalar, count }, size)
            }
            "union" => {
                let message = self.names.choice(words.next("choice")?)?;
                let selector = self.place(layout, words.next("member")?)?;
                (MemberKind::Union { message, selector }, words.number()?)
            }
            _ => {
                let scalar = self.names.scalar(kind)?;
                let size = scalar
                    .width
                    .size()
                    .ok_or_else(|| odd("type of a member", kind))?;
                (MemberKind::Scalar(scalar), size)
            }
        })
    }

    fn operation(&self, mut words: Words<'a>) -> Result<Operation> {
        let mut it = Operation {
            name: words.name()?,
            ..Operation::default()
        };
        for place in [&mut it.request_number, &mut it.reply_number] {
            let word = words.next("number")?;
            *place = (word != "-").then(|| number(word)).transpose()?;
        }
        for word in words.0 {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let message = || -> Result<Option<Message>> {
                let (fixed_header, set) = match value {
                    "" => (None, None),
                    _ => self.names.headed(value)?,
                };
                Ok(Some(Message {
                    fixed_header,
                    set,
                    attributes: Vec::new(),
                }))
            };
            let r#do = |it: &mut Operation| it.r#do.take().unwrap_or_default();
            let dump = |it: &mut Operation| it.dump.take().unwrap_or_default();
            match key {
                "set" => it.set = Some(self.names.set(value)?),
                "head" => it.fixed_header = Some(self.names.structure(value)?),
                "do" => it.r#do = Some(r#do(&mut it)),
                "dump" => it.dump = Some(dump(&mut it)),
                "do.ask" => {
                    let request = message()?;
                    it.r#do = Some(Exchange {
                        request,
                        ..r#do(&mut it)
                    });
                }
                "do.answer" => {
                    let reply = message()?;
                    it.r#do = Some(Exchange {
                        reply,
                        ..r#do(&mut it)
                    });
                }
                "dump.ask" => {
                    let request = message()?;
                    it.dump = Some(Exchange {
                        request,
                        ..dump(&mut it)
                    });
                }
                "dump.answer" => {
                    let reply = message()?;
                    it.dump = Some(Exchange {
                        reply,
                        ..dump(&mut it)
                    });
                }
                "event" => it.event = message()?,
                "notify" => it.notify = Some(value.to_owned()),
                "group" => it.group = Some(value.to_owned()),
                "admin" => it.flags.push(OpFlag::AdminPerm),
                "uns-admin" => it.flags.push(OpFlag::UnsAdminPerm),
                _ => return Err(odd("word of an operation", word)),
            }
        }
        Ok(it)
    }

    fn kind(&self, mut words: Words<'a>) -> Result<AttrKind> {
        let names = &self.names;
        let word = words.next("type")?;
        let (plain, hint) = hinted(word)?;
        Ok(match plain {
            "unused" => AttrKind::Unused,
            "pad" => AttrKind::Pad,
            "flag" => AttrKind::Flag,
            "string" => AttrKind::String,
            "binary" => AttrKind::Binary { hint },
            "struct" => AttrKind::Struct(names.structure(words.next("struct")?)?),
            "structs" => AttrKind::Structs(names.structure(words.next("struct")?)?),
            "array" => AttrKind::Array(names.scalar(words.next("type")?)?),
            "entries" => {
                let head = names.structure(words.next("struct")?)?;
                let layout = self.family.structs.get(head.index());
                AttrKind::Entries {
                    head,
                    length: self.place(layout, words.next("member")?)?,
                    set: names.set(words.next("set")?)?,
                }
            }
            "sized" => {
                let head = names.structure(words.next("struct")?)?;
                let layout = self.family.structs.get(head.index());
                let length = self.place(layout, words.next("member")?)?;
                AttrKind::Sized { head, length }
            }
            "bits" => AttrKind::Bitfield32 {
                bits: words.0.next().map(|it| names.enumeration(it)).transpose()?,
            },
            "nest" => AttrKind::Nest(names.set(words.next("set")?)?),
            "index" => AttrKind::IndexedArray(self.element(words)?),
            "keyed" => AttrKind::NestTypeValue {
                set: names.set(words.next("set")?)?,
                keys: words.0.map(str::to_owned).collect(),
            },
            "keyed-number" => AttrKind::ScalarTypeValue {
                scalar: names.scalar(words.next("type")?)?,
                keys: words.0.map(str::to_owned).collect(),
            },
            "select" => AttrKind::SubMessage {
                message: names.choice(words.next("choice")?)?,
                selector: words.name()?,
            },
            _ => AttrKind::Scalar(names.scalar(word)?),
        })
    }

    fn element(&self, mut words: Words<'a>) -> Result<ArrayElement> {
        let word = words.next("type")?;
        let (plain, hint) = hinted(word)?;
        Ok(match plain {
            "nest" => ArrayElement::Nest(self.names.set(words.next("set")?)?),
            "string" => ArrayElement::String,
            "binary" => ArrayElement::Binary { hint },
            "select" => ArrayElement::SubMessage {
                message: self.names.choice(words.next("choice")?)?,
                head: self.names.structure(words.next("struct")?)?,
                selector: words.name()?,
            },
            _ => ArrayElement::Scalar(self.names.scalar(word)?),
        })
    }
}

/// The block that a line with a tab belongs to.
fn last<T>(blocks: &mut [T]) -> Result<&mut T> {
    blocks
        .last_mut()
        .ok_or_else(|| String::from("belongs to no block"))
}

fn protocol_of(word: &str) -> Result<Protocol> {
    Ok(match word.split_once(':') {
        Some(("raw", digits)) => Protocol::Raw {
            number: number(digits)?,
        },
        _ => match word {
            "genetlink" => Protocol::Genetlink,
            "genetlink-c" => Protocol::GenetlinkC,
            "genetlink-legacy" => Protocol::GenetlinkLegacy,
            _ => return Err(odd("protocol", word)),
        },
    })
}
