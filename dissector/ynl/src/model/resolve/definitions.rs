// SPDX-License-Identifier: GPL-2.0-or-later
//! Constants, enums and structs.

use super::super::names::{snake, upper};
use super::super::raw::{self, At, AttrType, DefinitionType, MemberType, Number};
use super::super::types::*;
use super::{Resolver, Result, fault};

impl Resolver<'_> {
    pub(super) fn enum_definitions(&self) -> impl Iterator<Item = &raw::Definition> {
        self.spec
            .definitions
            .iter()
            .filter(|it| matches!(it.r#type, DefinitionType::Enum | DefinitionType::Flags))
    }

    pub(super) fn struct_definitions(&self) -> impl Iterator<Item = &raw::Definition> {
        self.spec
            .definitions
            .iter()
            .filter(|it| it.r#type == DefinitionType::Struct)
    }

    pub(super) fn constants(&self) -> Result<Vec<Constant>> {
        let constants = self
            .spec
            .definitions
            .iter()
            .filter(|it| it.r#type == DefinitionType::Const);
        constants.map(|it| self.constant(it)).collect()
    }

    fn constant(&self, it: &raw::Definition) -> Result<Constant> {
        let name = &it.name.value;
        let path = format!("definitions[{name}]");
        self.only(it, &path, &[])?;
        let value = match it.value.as_ref().map(|it| &it.value) {
            Some(Number::Literal(value)) => ConstantValue::Number(*value),
            Some(Number::Name(text)) => ConstantValue::Text(text.clone()),
            None => return fault(it.name.referenced, path, "a const needs a `value`"),
        };
        Ok(Constant {
            name: name.clone(),
            c_name: match &it.name_prefix {
                Some(prefix) => upper(&format!("{prefix}{name}")),
                None => upper(&format!("{}-{name}", self.ident())),
            },
            value,
            header: it.header.clone(),
            uapi: is_uapi(it),
            doc: it.doc.trim().to_owned(),
        })
    }

    pub(super) fn enums(&self) -> Result<Vec<Enum>> {
        self.enum_definitions()
            .map(|it| self.enumeration(it))
            .collect()
    }

    fn enumeration(&self, it: &raw::Definition) -> Result<Enum> {
        let name = &it.name.value;
        let path = format!("definitions[{name}]");
        self.only(it, &path, &["entries"])?;
        let Some(typed) = &it.entries else {
            return fault(it.name.referenced, path, "an enum needs `entries`");
        };
        let is_flags = it.r#type == DefinitionType::Flags;
        let c_prefix = match &it.name_prefix {
            Some(prefix) => upper(prefix),
            None => upper(&format!("{}-{name}-", self.ident())),
        };
        let mut next = match &it.value_start {
            Some(start) => {
                let path = format!("{path}.value-start");
                let value = self.number(start, &path)?;
                match i64::try_from(value) {
                    Ok(value) => value,
                    Err(_) => return fault(start.referenced, path, "is out of range"),
                }
            }
            None => 0,
        };
        let mut entries: Vec<EnumEntry> = Vec::with_capacity(typed.len());
        for entry in typed {
            let at = entry.referenced;
            let entry = &entry.value;
            let path = format!("{path}.entries[{}]", entry.name);
            let value = entry.value.as_ref().map_or(next, |it| it.value);
            if is_flags && !(0..64).contains(&value) {
                return fault(at, path, format!("{value} is no bit number (0 to 63)"));
            }
            if entries.iter().any(|it| it.name == entry.name) {
                return fault(at, path, "the name is taken");
            }
            if let Some(other) = entries.iter().find(|it| it.value == value) {
                return fault(
                    at,
                    path,
                    format!("`{}` has the value {value} too", other.name),
                );
            }
            entries.push(EnumEntry {
                name: entry.name.clone(),
                c_name: format!("{c_prefix}{}", upper(&entry.name)),
                value,
                doc: entry.doc.trim().to_owned(),
            });
            next = value.saturating_add(1);
        }
        Ok(Enum {
            name: name.clone(),
            c_enum_name: match &it.enum_name {
                Some(typed) => typed.as_deref().filter(|it| !it.is_empty()).map(snake),
                None => Some(snake(&format!("{}-{name}", self.ident()))),
            },
            c_prefix,
            is_flags,
            render_max: it.render_max,
            header: it.header.clone(),
            uapi: is_uapi(it),
            doc: it.doc.trim().to_owned(),
            entries,
        })
    }

    /// The keys that a definition of this type may not have are absent.
    fn only(&self, it: &raw::Definition, path: &str, allowed: &[&str]) -> Result<()> {
        let keys = [
            (
                "value",
                it.value.is_some() && it.r#type != DefinitionType::Const,
            ),
            ("entries", it.entries.is_some()),
            ("members", it.members.is_some()),
            (
                "parts-of-number",
                it.parts_of_number && it.members.is_none(),
            ),
            (
                "value-start",
                it.value_start.is_some() && it.entries.is_none(),
            ),
        ];
        for (key, is_there) in keys {
            if is_there && !allowed.contains(&key) {
                let text = format!("`{key}` does not belong to this type of definition");
                return fault(it.name.referenced, path, text);
            }
        }
        Ok(())
    }

    pub(super) fn structs(&self) -> Result<Vec<Struct>> {
        let mut sizes = vec![None; self.struct_definitions().count()];
        (0..sizes.len())
            .map(|index| self.structure(index, &mut sizes, &mut Vec::new()))
            .collect()
    }

    /// The struct of that id alone.
    pub(super) fn layout(&self, id: StructId) -> Result<Struct> {
        let mut sizes = vec![None; self.struct_definitions().count()];
        self.structure(id.index(), &mut sizes, &mut Vec::new())
    }

    /// One struct. `open` are the structs being laid out: one that holds
    /// itself has no size.
    fn structure(
        &self,
        index: usize,
        sizes: &mut [Option<usize>],
        open: &mut Vec<usize>,
    ) -> Result<Struct> {
        let Some(it) = self.struct_definitions().nth(index) else {
            unreachable!("indexes of structs come from the definitions");
        };
        let name = &it.name.value;
        let path = format!("definitions[{name}]");
        self.only(it, &path, &["members"])?;
        let Some(typed) = &it.members else {
            return fault(it.name.referenced, path, "a struct needs `members`");
        };
        super::unique(&format!("{path}.members"), typed.iter().map(|it| &it.name))?;
        open.push(index);
        let mut layout = Struct {
            name: name.clone(),
            header: it.header.clone(),
            doc: it.doc.trim().to_owned(),
            is_number: it.parts_of_number,
            ..Struct::default()
        };
        for (at, member) in typed.iter().enumerate() {
            let path = format!("{path}.members[{}]", member.name.value);
            let is_last = at + 1 == typed.len();
            let (mut kind, size) = self.member(member, is_last, &path, sizes, open)?;
            if let Some(name) = &member.count_member {
                count_by(&mut kind, &layout.members, name, &path)?;
            }
            match (&member.sub_message, &member.selector) {
                (None, None) => {}
                (Some(message), Some(name)) => {
                    let path = format!("{path}.sub-message");
                    let message = self.find_sub_message(message, &path)?;
                    let selector = number_before(&layout.members, name, &path)?;
                    for it in &self.spec.sub_messages[message.index()].formats {
                        if let Some(name) = &it.fixed_header {
                            self.nested_size(name, &path, sizes, open)?;
                        }
                    }
                    kind = MemberKind::Union { message, selector };
                }
                _ => return fault(member.name.referenced, path, "needs a `selector`"),
            }
            let bits = match &member.bits {
                None => None,
                Some(count) => Some(bit_field(count, &kind, size, &path)?),
            };
            layout.push(Member {
                name: member.name.value.clone(),
                offset: 0,
                size,
                bits,
                kind,
                doc: member.doc.trim().to_owned(),
            });
        }
        open.pop();
        sizes[index] = Some(layout.size);
        Ok(layout)
    }

    fn member(
        &self,
        it: &raw::Member,
        is_last: bool,
        path: &str,
        sizes: &mut [Option<usize>],
        open: &mut Vec<usize>,
    ) -> Result<(MemberKind, usize)> {
        let length = || match &it.len {
            Some(len) => Ok(self.length(len, &format!("{path}.len"))? as usize),
            // What a struct ends with may have no end.
            None if is_last && it.r#type == MemberType::Binary => Ok(0),
            None => fault(it.name.referenced, path, "needs a `len`"),
        };
        if let Some(sub) = &it.sub_type {
            let (kind, size) = self.member_array(it, sub, path, sizes, open)?;
            return match length()? {
                length if length % size == 0 => Ok((kind, length)),
                length => {
                    let text = format!("{length} bytes are no whole elements of {size}");
                    fault(it.name.referenced, format!("{path}.len"), text)
                }
            };
        }
        let width = match it.r#type {
            MemberType::String => return Ok((MemberKind::String, length()?)),
            MemberType::Pad => return Ok((MemberKind::Pad, length()?)),
            MemberType::Binary => {
                return match &it.r#struct {
                    Some(name) => {
                        let size = self.nested_size(name, path, sizes, open)?;
                        Ok((MemberKind::Struct(size.0), size.1))
                    }
                    None => {
                        let hint = it.display_hint;
                        Ok((MemberKind::Binary { hint }, length()?))
                    }
                };
            }
            MemberType::U8 => ScalarType::U8,
            MemberType::U16 => ScalarType::U16,
            MemberType::U32 => ScalarType::U32,
            MemberType::U64 => ScalarType::U64,
            MemberType::S8 => ScalarType::S8,
            MemberType::S16 => ScalarType::S16,
            MemberType::S32 => ScalarType::S32,
            MemberType::S64 => ScalarType::S64,
        };
        if let Some(name) = &it.r#struct {
            return fault(name.referenced, path, "only a binary member holds a struct");
        }
        let scalar = Scalar {
            width,
            byte_order: it.byte_order.unwrap_or_default(),
            names: self.enum_use(it.r#enum.as_ref(), it.enum_as_flags, path)?,
            hint: it.display_hint,
        };
        Ok((MemberKind::Scalar(scalar), width.size().unwrap_or(0)))
    }

    /// An array in a struct, and the bytes of an element.
    fn member_array(
        &self,
        it: &raw::Member,
        sub: &At<AttrType>,
        path: &str,
        sizes: &mut [Option<usize>],
        open: &mut Vec<usize>,
    ) -> Result<(MemberKind, usize)> {
        let place = format!("{path}.sub-type");
        if it.r#type != MemberType::Binary {
            return fault(sub.referenced, place, "only a binary member is an array");
        }
        match (&it.r#struct, super::attributes::width(sub.value)) {
            (Some(name), _) if sub.value == AttrType::Struct => {
                match self.nested_size(name, path, sizes, open)? {
                    (_, 0) => fault(
                        name.referenced,
                        place,
                        "a struct without a byte makes no array",
                    ),
                    (id, size) => Ok((MemberKind::Structs(id), size)),
                }
            }
            (None, Some(width)) if width.size().is_some() => {
                let scalar = Scalar {
                    width,
                    byte_order: it.byte_order.unwrap_or_default(),
                    names: self.enum_use(it.r#enum.as_ref(), it.enum_as_flags, path)?,
                    hint: it.display_hint,
                };
                Ok((
                    MemberKind::Array {
                        scalar,
                        count: None,
                    },
                    width.size().unwrap_or(1),
                ))
            }
            _ => {
                let text = "an array in a binary is of numbers of fixed size, or structs";
                fault(sub.referenced, place, text)
            }
        }
    }

    fn nested_size(
        &self,
        name: &At<String>,
        path: &str,
        sizes: &mut [Option<usize>],
        open: &mut Vec<usize>,
    ) -> Result<(StructId, usize)> {
        let path = format!("{path}.struct");
        let id = self.find_struct(name, &path)?;
        if open.contains(&id.index()) {
            return fault(name.referenced, path, "a struct cannot hold itself");
        }
        let size = match sizes[id.index()] {
            Some(size) => size,
            None => self.structure(id.index(), sizes, open)?.size,
        };
        Ok((id, size))
    }
}

/// Says which of the members before it counts the numbers of an array.
fn count_by(
    kind: &mut MemberKind,
    members: &[Member],
    name: &At<String>,
    path: &str,
) -> Result<()> {
    let path = format!("{path}.count-member");
    let MemberKind::Array { count, .. } = kind else {
        return fault(
            name.referenced,
            path,
            "does not belong to a member of this type",
        );
    };
    *count = Some(number_before(members, name, &path)?);
    Ok(())
}

/// The place of the number of that name among the members before.
fn number_before(members: &[Member], name: &At<String>, path: &str) -> Result<usize> {
    let found = members.iter().position(|it| {
        let is_number = matches!(it.kind, MemberKind::Scalar(_));
        it.name == name.value && is_number
    });
    match found {
        Some(found) => Ok(found),
        None => fault(name.referenced, path, "no number before it has this name"),
    }
}

/// A bit-field of so many bits in a number of `size` bytes; those before it are not counted.
fn bit_field(count: &At<u8>, kind: &MemberKind, size: usize, path: &str) -> Result<Bits> {
    let path = || format!("{path}.bits");
    match kind {
        MemberKind::Scalar(scalar) if !scalar.width.is_signed() => {}
        _ => {
            return fault(
                count.referenced,
                path(),
                "only unsigned numbers have bit-fields",
            );
        }
    }
    if count.value == 0 || usize::from(count.value) > size * 8 {
        let text = format!("a bit-field of this number has 1 to {} bits", size * 8);
        return fault(count.referenced, path(), text);
    }
    Ok(Bits {
        before: 0,
        count: count.value,
    })
}

fn is_uapi(it: &raw::Definition) -> bool {
    it.scope.is_none_or(|scope| scope == raw::Scope::Uapi)
}
