// SPDX-License-Identifier: GPL-2.0-or-later
//! Attribute sets.

use serde_saphyr::Location;

use super::super::names::{snake, upper};
use super::super::raw::{self, At, AttrType};
use super::super::types::*;
use super::{Resolver, Result, fault, unique};

/// The bits of `nla_type` that are a number (`NLA_TYPE_MASK`).
const NUMBER_MASK: u16 = 0x3fff;

impl Resolver<'_> {
    pub(super) fn sets(&self) -> Result<Vec<AttrSet>> {
        (self.spec.attribute_sets.iter())
            .map(|it| match &it.subset_of {
                None => self.set(it),
                Some(parent) => self.subset(it, parent),
            })
            .collect()
    }

    fn set(&self, it: &raw::AttrSet) -> Result<AttrSet> {
        let path = format!("attribute-sets[{}].attributes", it.name.value);
        unique(&path, it.attributes.iter().map(|it| &it.name))?;
        let c_prefix = self.c_prefix(it);
        let mut attributes: Vec<Attribute> = Vec::with_capacity(it.attributes.len());
        let mut next = 1;
        for typed in &it.attributes {
            let path = format!("{path}[{}]", typed.name.value);
            let number = typed.value.as_ref().map_or(next, |it| it.value);
            if number > NUMBER_MASK {
                let text = format!("{number} does not fit into 14 bits");
                return fault(typed.name.referenced, path, text);
            }
            if let Some(other) = attributes.iter().find(|it| it.number == number) {
                let text = format!("`{}` has the number {number} too", other.name);
                return fault(typed.name.referenced, path, text);
            }
            attributes.push(self.attribute(typed, number, &c_prefix, &path)?);
            next = number + 1;
        }
        Ok(self.with_c_names(it, c_prefix, None, attributes))
    }

    /// A subset takes from its parent what it does not say itself.
    fn subset(&self, it: &raw::AttrSet, parent: &At<String>) -> Result<AttrSet> {
        let path = format!("attribute-sets[{}]", it.name.value);
        let id = self.find_set(parent, &format!("{path}.subset-of"))?;
        let all = &self.spec.attribute_sets[id.index()];
        if all.subset_of.is_some() {
            let text = format!("`{}` is a subset itself", parent.value);
            return fault(parent.referenced, format!("{path}.subset-of"), text);
        }
        if let Some(prefix) = &it.name_prefix {
            let text = "a subset has the names of the set that it belongs to";
            return fault(prefix.referenced, format!("{path}.name-prefix"), text);
        }
        let path = format!("{path}.attributes");
        let whole = self.set(all)?;
        let c_prefix = self.c_prefix(all);
        let mut attributes: Vec<Attribute> = Vec::with_capacity(it.attributes.len());
        for typed in &it.attributes {
            let path = format!("{path}[{}]", typed.name.value);
            let same = |it: &&raw::Attribute| it.name.value == typed.name.value;
            let (Some(base), Some(number)) = (
                all.attributes.iter().find(same),
                whole.by_name(&typed.name.value).map(|it| it.number),
            ) else {
                let text = format!("`{}` has no such attribute", parent.value);
                return fault(typed.name.referenced, path, text);
            };
            if let Some(value) = &typed.value
                && value.value != number
            {
                let text = format!("`{}` has it with the number {number}", parent.value);
                return fault(value.referenced, path, text);
            }
            let attribute = self.attribute(&inherit(base, typed), number, &c_prefix, &path)?;
            match attributes.iter().find(|it| it.number == number) {
                None => attributes.push(attribute),
                // Named twice, as devlink does, is harmless where both say
                // the same.
                Some(before) if *before == attribute => {}
                Some(_) => return fault(typed.name.referenced, path, "is there twice"),
            }
        }
        Ok(self.with_c_names(all, c_prefix, Some((it, id)), attributes))
    }

    fn c_prefix(&self, it: &raw::AttrSet) -> String {
        let family = self.ident();
        let name = &it.name.value;
        match &it.name_prefix {
            Some(prefix) => upper(&prefix.value),
            None if *name == self.spec.name.value => upper(&format!("{family}-a-")),
            None => upper(&format!("{family}-a-{name}-")),
        }
    }

    fn with_c_names(
        &self,
        named: &raw::AttrSet,
        c_prefix: String,
        subset: Option<(&raw::AttrSet, SetId)>,
        attributes: Vec<Attribute>,
    ) -> AttrSet {
        let own = subset.map_or(named, |(it, _)| it);
        AttrSet {
            name: own.name.value.clone(),
            subset_of: subset.map(|(_, id)| id),
            c_enum_name: (named.enum_name.clone().flatten())
                .filter(|it| !it.is_empty())
                .map(|it| snake(&it)),
            c_max_name: (named.attr_max_name.as_deref())
                .map_or_else(|| format!("{c_prefix}MAX"), upper),
            c_count_name: (named.attr_cnt_name.as_deref())
                .map_or_else(|| format!("__{c_prefix}MAX"), upper),
            c_prefix,
            doc: own.doc.trim().to_owned(),
            attributes,
        }
    }

    fn attribute(
        &self,
        it: &raw::Attribute,
        number: u16,
        c_prefix: &str,
        path: &str,
    ) -> Result<Attribute> {
        let name = &it.name.value;
        let Some(typed) = &it.r#type else {
            return fault(it.name.referenced, path, "needs a `type`");
        };
        self.check_keys(it, typed.value, path)?;
        let prefix = it.name_prefix.as_deref().map(upper);
        Ok(Attribute {
            name: name.clone(),
            c_name: format!("{}{}", prefix.as_deref().unwrap_or(c_prefix), upper(name)),
            number,
            multi: it.multi_attr.unwrap_or(false),
            kind: self.kind(it, typed, path)?,
            checks: self.checks(it.checks.as_ref(), &format!("{path}.checks"))?,
            doc: it.doc.as_deref().unwrap_or("").trim().to_owned(),
        })
    }

    fn kind(&self, it: &raw::Attribute, typed: &At<AttrType>, path: &str) -> Result<AttrKind> {
        let nested = || match &it.nested_attributes {
            Some(name) => self.find_set(name, &format!("{path}.nested-attributes")),
            None => fault(typed.referenced, path, "needs `nested-attributes`"),
        };
        Ok(match typed.value {
            AttrType::Unused => AttrKind::Unused,
            AttrType::Pad => AttrKind::Pad,
            AttrType::Flag => AttrKind::Flag,
            AttrType::String => AttrKind::String,
            AttrType::Nest => AttrKind::Nest(nested()?),
            AttrType::Bitfield32 => AttrKind::Bitfield32 {
                bits: self
                    .enum_use(it.r#enum.as_ref(), true, path)?
                    .map(|it| it.id),
            },
            AttrType::Binary => match (&it.r#struct, &it.sub_type) {
                (name, Some(sub)) if sub.value == AttrType::Struct => {
                    self.structs_in_a_row(it, sub, name.as_ref(), path)?
                }
                (Some(name), _) => {
                    AttrKind::Struct(self.find_struct(name, &format!("{path}.struct"))?)
                }
                (None, Some(sub)) => match self.scalar(it, sub.value, path)? {
                    Some(scalar) if scalar.width.size().is_some() => AttrKind::Array(scalar),
                    _ => {
                        let text = "an array in a binary is of numbers of fixed size, or structs";
                        return fault(sub.referenced, format!("{path}.sub-type"), text);
                    }
                },
                (None, None) => AttrKind::Binary {
                    hint: it.display_hint,
                },
            },
            AttrType::IndexedArray => AttrKind::IndexedArray(match &it.sub_type {
                None => return fault(typed.referenced, path, "needs a `sub-type`"),
                Some(sub) => match (sub.value, self.scalar(it, sub.value, path)?) {
                    (_, Some(scalar)) => ArrayElement::Scalar(scalar),
                    (AttrType::Nest, _) => ArrayElement::Nest(nested()?),
                    (AttrType::String, _) => ArrayElement::String,
                    (AttrType::SubMessage, _) => self.selecting_element(it, sub, path)?,
                    (AttrType::Binary, _) => ArrayElement::Binary {
                        hint: it.display_hint,
                    },
                    _ => {
                        let text = "an indexed array has nests, numbers, strings, binaries or sub-messages";
                        return fault(sub.referenced, format!("{path}.sub-type"), text);
                    }
                },
            }),
            AttrType::NestTypeValue => {
                let keys = it.type_value.clone().unwrap_or_default();
                if keys.is_empty() {
                    return fault(typed.referenced, path, "needs a `type-value`");
                }
                if keys.len() > MOST_KEYS {
                    let text = format!("has more than {MOST_KEYS} `type-value`s");
                    return fault(typed.referenced, path, text);
                }
                let set = nested()?;
                AttrKind::NestTypeValue { keys, set }
            }
            AttrType::SubMessage => match (&it.sub_message, &it.selector) {
                (Some(message), Some(selector)) => AttrKind::SubMessage {
                    message: self.find_sub_message(message, &format!("{path}.sub-message"))?,
                    selector: selector.value.clone(),
                },
                _ => {
                    let text = "needs a `sub-message` and a `selector`";
                    return fault(typed.referenced, path, text);
                }
            },
            AttrType::Struct => {
                let text = "is a `sub-type` alone: of a binary";
                return fault(typed.referenced, format!("{path}.type"), text);
            }
            number => match self.scalar(it, number, path)? {
                Some(scalar) => match it.type_value.clone() {
                    Some(keys) if keys.is_empty() || keys.len() > MOST_KEYS => {
                        let text = format!("needs 1 to {MOST_KEYS} `type-value`s");
                        return fault(typed.referenced, path, text);
                    }
                    Some(keys) => AttrKind::ScalarTypeValue { keys, scalar },
                    None => AttrKind::Scalar(scalar),
                },
                None => unreachable!("every type that is no number was named above"),
            },
        })
    }

    /// An array of structs, which YNL has no words for (its specifications have bytes
    /// there, or one struct marked `TODO: array`).
    fn structs_in_a_row(
        &self,
        it: &raw::Attribute,
        sub: &At<AttrType>,
        name: Option<&At<String>>,
        path: &str,
    ) -> Result<AttrKind> {
        let Some(name) = name else {
            return fault(sub.referenced, path, "needs a `struct`");
        };
        let id = self.find_struct(name, &format!("{path}.struct"))?;
        let layout = self.layout(id)?;
        if layout.size == 0 {
            let text = "a struct without a byte makes no array";
            return fault(name.referenced, format!("{path}.struct"), text);
        }
        let (member, set) = match (&it.length_member, &it.nested_attributes) {
            (None, None) => return Ok(AttrKind::Structs(id)),
            (Some(member), set) => (member, set),
            (None, Some(set)) => return fault(set.referenced, path, "needs a `length-member`"),
        };
        let place = format!("{path}.length-member");
        let mut members = layout.members.iter();
        let Some(length) = members.position(|it| it.name == member.value) else {
            let text = format!("`{}` has no such member", layout.name);
            return fault(member.referenced, place, text);
        };
        match layout.members[length].kind {
            MemberKind::Scalar(scalar) if !scalar.width.is_signed() => {}
            _ => return fault(member.referenced, place, "is no unsigned number"),
        }
        let Some(set) = set else {
            return Ok(AttrKind::Sized { head: id, length });
        };
        Ok(AttrKind::Entries {
            head: id,
            length,
            set: self.find_set(set, &format!("{path}.nested-attributes"))?,
        })
    }

    /// An element whose form is selected by a member of the struct that it begins with.
    fn selecting_element(
        &self,
        it: &raw::Attribute,
        sub: &At<AttrType>,
        path: &str,
    ) -> Result<ArrayElement> {
        let (Some(head), Some(message), Some(selector)) =
            (&it.r#struct, &it.sub_message, &it.selector)
        else {
            let text = "needs a `struct`, a `sub-message` and a `selector`";
            return fault(sub.referenced, path, text);
        };
        let id = self.find_struct(head, &format!("{path}.struct"))?;
        let mut members = self.layout(id)?.members.into_iter();
        if !members.any(|it| it.name == selector.value) {
            let text = format!("`{}` has no such member", head.value);
            return fault(selector.referenced, format!("{path}.selector"), text);
        }
        Ok(ArrayElement::SubMessage {
            head: id,
            message: self.find_sub_message(message, &format!("{path}.sub-message"))?,
            selector: selector.value.clone(),
        })
    }

    /// The type as a number; `None` if it is none.
    fn scalar(&self, it: &raw::Attribute, typed: AttrType, path: &str) -> Result<Option<Scalar>> {
        let Some(width) = width(typed) else {
            return Ok(None);
        };
        let as_flags = it.enum_as_flags.unwrap_or(false);
        Ok(Some(Scalar {
            width,
            byte_order: it.byte_order.unwrap_or_default(),
            names: self.enum_use(it.r#enum.as_ref(), as_flags, path)?,
            hint: it.display_hint,
        }))
    }

    /// Keys that say nothing about an attribute of this type are refused: who
    /// wrote them meant something else.
    fn check_keys(&self, it: &raw::Attribute, typed: AttrType, path: &str) -> Result<()> {
        use AttrType as T;
        let is_number = self.scalar(it, typed, path)?.is_some();
        let sub = it.sub_type.as_ref().map(|it| it.value);
        let are_structs = typed == T::Binary && sub == Some(T::Struct);
        let nests =
            matches!(typed, T::Nest | T::NestTypeValue) || sub == Some(T::Nest) || are_structs;
        let selects =
            typed == T::SubMessage || (typed == T::IndexedArray && sub == Some(T::SubMessage));
        let has_struct = typed == T::Binary || (selects && typed == T::IndexedArray);
        let place = |it: &Option<At<String>>| it.as_ref().map(|it| it.referenced);
        let keys: [(&str, Option<Location>, bool); 8] = [
            ("nested-attributes", place(&it.nested_attributes), nests),
            ("struct", place(&it.r#struct), has_struct),
            ("length-member", place(&it.length_member), are_structs),
            ("sub-message", place(&it.sub_message), selects),
            ("selector", place(&it.selector), selects),
            (
                "sub-type",
                it.sub_type.as_ref().map(|it| it.referenced),
                matches!(typed, T::Binary | T::IndexedArray),
            ),
            (
                "type-value",
                it.type_value.as_ref().map(|_| it.name.referenced),
                typed == T::NestTypeValue || is_number,
            ),
            (
                "enum",
                place(&it.r#enum),
                !matches!(
                    typed,
                    T::Unused
                        | T::Pad
                        | T::Flag
                        | T::String
                        | T::Nest
                        | T::NestTypeValue
                        | T::SubMessage
                ) && !are_structs,
            ),
        ];
        for (key, at, belongs) in keys {
            if let Some(at) = at
                && !belongs
            {
                let text = "does not belong to an attribute of this type";
                return fault(at, format!("{path}.{key}"), text);
            }
        }
        Ok(())
    }

    fn checks(&self, typed: Option<&raw::Checks>, path: &str) -> Result<Checks> {
        let Some(typed) = typed else {
            return Ok(Checks::default());
        };
        let number = |it: &Option<At<raw::Number>>, key: &str| {
            let it = it.as_ref();
            it.map(|it| self.number(it, &format!("{path}.{key}")))
                .transpose()
        };
        let length = |it: &Option<At<raw::Number>>, key: &str| {
            let it = it.as_ref();
            it.map(|it| self.length(it, &format!("{path}.{key}")))
                .transpose()
        };
        let mask = typed.flags_mask.as_ref();
        Ok(Checks {
            flags_mask: mask
                .map(|it| self.find_enum(it, &format!("{path}.flags-mask")))
                .transpose()?,
            min: number(&typed.min, "min")?,
            max: number(&typed.max, "max")?,
            min_len: length(&typed.min_len, "min-len")?,
            max_len: length(&typed.max_len, "max-len")?,
            exact_len: length(&typed.exact_len, "exact-len")?,
            unterminated_ok: typed.unterminated_ok,
        })
    }

    pub(super) fn sub_messages(&self) -> Result<Vec<SubMessage>> {
        (self.spec.sub_messages.iter())
            .map(|it| {
                let path = format!("sub-messages[{}].formats", it.name.value);
                let formats = (it.formats.iter())
                    .map(|it| self.format(it, &format!("{path}[{}]", it.value.value)))
                    .collect::<Result<_>>()?;
                Ok(SubMessage {
                    name: it.name.value.clone(),
                    formats,
                })
            })
            .collect()
    }

    fn format(&self, it: &raw::Format, path: &str) -> Result<SubMessageFormat> {
        let header = it.fixed_header.as_ref();
        let set = it.attribute_set.as_ref();
        Ok(SubMessageFormat {
            value: it.value.value.clone(),
            fixed_header: header
                .map(|it| self.find_struct(it, &format!("{path}.fixed-header")))
                .transpose()?,
            set: set
                .map(|it| self.find_set(it, &format!("{path}.attribute-set")))
                .transpose()?,
        })
    }
}

/// The type as that of a number; `None` if it is none.
pub(super) fn width(typed: AttrType) -> Option<ScalarType> {
    Some(match typed {
        AttrType::U8 => ScalarType::U8,
        AttrType::U16 => ScalarType::U16,
        AttrType::U32 => ScalarType::U32,
        AttrType::U64 => ScalarType::U64,
        AttrType::S8 => ScalarType::S8,
        AttrType::S16 => ScalarType::S16,
        AttrType::S32 => ScalarType::S32,
        AttrType::S64 => ScalarType::S64,
        AttrType::Uint => ScalarType::Uint,
        AttrType::Sint => ScalarType::Sint,
        _ => return None,
    })
}

fn inherit(base: &raw::Attribute, own: &raw::Attribute) -> raw::Attribute {
    fn or<T: Clone>(own: &Option<T>, base: &Option<T>) -> Option<T> {
        own.clone().or_else(|| base.clone())
    }
    raw::Attribute {
        name: own.name.clone(),
        r#type: or(&own.r#type, &base.r#type),
        doc: or(&own.doc, &base.doc),
        value: base.value.clone(),
        type_value: or(&own.type_value, &base.type_value),
        byte_order: or(&own.byte_order, &base.byte_order),
        multi_attr: or(&own.multi_attr, &base.multi_attr),
        nested_attributes: or(&own.nested_attributes, &base.nested_attributes),
        r#enum: or(&own.r#enum, &base.r#enum),
        enum_as_flags: or(&own.enum_as_flags, &base.enum_as_flags),
        checks: or(&own.checks, &base.checks),
        sub_type: or(&own.sub_type, &base.sub_type),
        display_hint: or(&own.display_hint, &base.display_hint),
        name_prefix: or(&own.name_prefix, &base.name_prefix),
        r#struct: or(&own.r#struct, &base.r#struct),
        length_member: or(&own.length_member, &base.length_member),
        sub_message: or(&own.sub_message, &base.sub_message),
        selector: or(&own.selector, &base.selector),
    }
}
