// SPDX-License-Identifier: GPL-2.0-or-later
//! What was typed: a specification as YAML says it, nothing looked up yet.
//!
//! The keys are those of the kernel's four schemas
//! (Documentation/netlink/{genetlink,genetlink-c,genetlink-legacy,netlink-raw}.yaml)
//! together, and those that they do not have: `fixed-header` and `attribute-set` of a
//! single message, `sub-type: struct` and `sub-type: sub-message`, `length-member`, of a struct
//! `parts-of-number` and of its members `bits`, `sub-type`, `count-member`, `sub-message` and
//! `selector`. Any other is an error.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_saphyr::Spanned;

use super::types::{ByteOrder, DisplayHint, KernelPolicy};

/// A value that keeps its place in the file.
pub(super) type At<T> = Spanned<T>;

/// A key that may be there with nothing behind it, which is not the same as a
/// key that is absent: `enum-name:` asks for an enum without a name.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

/// A number, or the name of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    Literal(i128),
    Name(String),
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or the name of one")
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Number, E> {
                Ok(Number::Literal(v.into()))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Number, E> {
                Ok(Number::Literal(v.into()))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Number, E> {
                Ok(Number::Name(v.to_owned()))
            }
        }
        d.deserialize_any(NumberVisitor)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Protocol {
    Genetlink,
    GenetlinkC,
    GenetlinkLegacy,
    NetlinkRaw,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Spec {
    pub(super) name: At<String>,
    pub(super) doc: String,
    pub(super) protocol: Option<At<Protocol>>,
    pub(super) protonum: Option<At<u8>>,
    pub(super) uapi_header: Option<String>,
    pub(super) c_family_name: Option<String>,
    pub(super) c_version_name: Option<String>,
    #[serde(default)]
    pub(super) max_by_define: bool,
    pub(super) cmd_max_name: Option<String>,
    pub(super) cmd_cnt_name: Option<String>,
    pub(super) kernel_policy: Option<KernelPolicy>,
    pub(super) version: Option<At<u8>>,
    #[serde(default)]
    pub(super) definitions: Vec<Definition>,
    pub(super) attribute_sets: Vec<AttrSet>,
    #[serde(default)]
    pub(super) sub_messages: Vec<SubMessage>,
    pub(super) operations: Operations,
    pub(super) mcast_groups: Option<McastGroups>,
    #[expect(dead_code, reason = "kernel-side code generation is not modelled")]
    pub(super) kernel_family: Option<KernelFamily>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DefinitionType {
    Const,
    Enum,
    Flags,
    Struct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scope {
    Uapi,
    Kernel,
    User,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Definition {
    pub(super) name: At<String>,
    pub(super) r#type: DefinitionType,
    pub(super) header: Option<String>,
    pub(super) scope: Option<Scope>,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) value: Option<At<Number>>,
    pub(super) value_start: Option<At<Number>>,
    pub(super) entries: Option<Vec<At<Entry>>>,
    #[serde(default)]
    pub(super) render_max: bool,
    #[serde(default, deserialize_with = "present")]
    pub(super) enum_name: Option<Option<String>>,
    #[expect(dead_code, reason = "a C name that no reader of messages needs")]
    pub(super) enum_cnt_name: Option<String>,
    pub(super) name_prefix: Option<String>,
    pub(super) members: Option<Vec<Member>>,
    #[serde(default)]
    pub(super) parts_of_number: bool,
}

/// An entry of an enum: a name alone, or a mapping.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Option<At<i64>>,
    pub(super) doc: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EntryMapping {
    name: String,
    value: Option<At<i64>>,
    #[serde(default)]
    doc: String,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a mapping with a name")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Entry, E> {
                Ok(Entry {
                    name: v.to_owned(),
                    value: None,
                    doc: String::new(),
                })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                let entry =
                    EntryMapping::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Entry {
                    name: entry.name,
                    value: entry.value,
                    doc: entry.doc,
                })
            }
        }
        d.deserialize_any(EntryVisitor)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MemberType {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    String,
    Binary,
    Pad,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Member {
    pub(super) name: At<String>,
    pub(super) r#type: MemberType,
    pub(super) len: Option<At<Number>>,
    pub(super) bits: Option<At<u8>>,
    pub(super) count_member: Option<At<String>>,
    pub(super) sub_message: Option<At<String>>,
    pub(super) selector: Option<At<String>>,
    pub(super) byte_order: Option<ByteOrder>,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) r#enum: Option<At<String>>,
    #[serde(default)]
    pub(super) enum_as_flags: bool,
    pub(super) display_hint: Option<DisplayHint>,
    pub(super) r#struct: Option<At<String>>,
    pub(super) sub_type: Option<At<AttrType>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AttrSet {
    pub(super) name: At<String>,
    pub(super) name_prefix: Option<At<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) enum_name: Option<Option<String>>,
    #[expect(dead_code, reason = "a C header that no reader of messages needs")]
    pub(super) header: Option<String>,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) subset_of: Option<At<String>>,
    pub(super) attr_cnt_name: Option<String>,
    pub(super) attr_max_name: Option<String>,
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AttrType {
    Unused,
    Pad,
    Flag,
    Binary,
    Bitfield32,
    Uint,
    Sint,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    String,
    Nest,
    IndexedArray,
    NestTypeValue,
    SubMessage,
    /// A `sub-type` only.
    Struct,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Attribute {
    pub(super) name: At<String>,
    pub(super) r#type: Option<At<AttrType>>,
    pub(super) doc: Option<String>,
    pub(super) value: Option<At<u16>>,
    pub(super) type_value: Option<Vec<String>>,
    pub(super) byte_order: Option<ByteOrder>,
    pub(super) multi_attr: Option<bool>,
    pub(super) nested_attributes: Option<At<String>>,
    pub(super) r#enum: Option<At<String>>,
    pub(super) enum_as_flags: Option<bool>,
    pub(super) checks: Option<Checks>,
    pub(super) sub_type: Option<At<AttrType>>,
    pub(super) display_hint: Option<DisplayHint>,
    pub(super) name_prefix: Option<String>,
    pub(super) r#struct: Option<At<String>>,
    pub(super) length_member: Option<At<String>>,
    pub(super) sub_message: Option<At<String>>,
    pub(super) selector: Option<At<String>>,
}

#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Checks {
    pub(super) flags_mask: Option<At<String>>,
    pub(super) min: Option<At<Number>>,
    pub(super) max: Option<At<Number>>,
    pub(super) min_len: Option<At<Number>>,
    pub(super) max_len: Option<At<Number>>,
    pub(super) exact_len: Option<At<Number>>,
    #[serde(default)]
    pub(super) unterminated_ok: bool,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SubMessage {
    pub(super) name: At<String>,
    pub(super) formats: Vec<Format>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Format {
    pub(super) value: At<String>,
    pub(super) fixed_header: Option<At<String>>,
    pub(super) attribute_set: Option<At<String>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum EnumModel {
    #[default]
    Unified,
    Directional,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Operations {
    #[serde(default)]
    pub(super) enum_model: EnumModel,
    pub(super) name_prefix: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) enum_name: Option<Option<String>>,
    pub(super) async_prefix: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) async_enum: Option<Option<String>>,
    pub(super) fixed_header: Option<At<String>>,
    pub(super) list: Vec<Operation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DontValidate {
    Strict,
    Dump,
    DumpStrict,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Operation {
    pub(super) name: At<String>,
    pub(super) doc: String,
    pub(super) value: Option<At<u16>>,
    pub(super) attribute_set: Option<At<String>>,
    #[serde(default)]
    pub(super) flags: Vec<super::types::OpFlag>,
    #[serde(default)]
    #[expect(dead_code, reason = "kernel-side code generation is not modelled")]
    pub(super) dont_validate: Vec<DontValidate>,
    #[expect(dead_code, reason = "kernel-side code generation is not modelled")]
    pub(super) config_cond: Option<String>,
    pub(super) fixed_header: Option<At<String>>,
    pub(super) r#do: Option<Exchange>,
    pub(super) dump: Option<Exchange>,
    pub(super) notify: Option<At<String>>,
    pub(super) event: Option<Event>,
    pub(super) mcgrp: Option<At<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Exchange {
    pub(super) request: Option<Message>,
    pub(super) reply: Option<Message>,
    #[expect(dead_code, reason = "kernel-side code generation is not modelled")]
    pub(super) pre: Option<String>,
    #[expect(dead_code, reason = "kernel-side code generation is not modelled")]
    pub(super) post: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Message {
    #[serde(default)]
    pub(super) attributes: Vec<At<String>>,
    pub(super) value: Option<At<u16>>,
    pub(super) fixed_header: Option<At<String>>,
    pub(super) attribute_set: Option<At<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Event {
    #[serde(default)]
    pub(super) attributes: Vec<At<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct McastGroups {
    pub(super) list: Vec<McastGroup>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct McastGroup {
    pub(super) name: At<String>,
    pub(super) c_define_name: Option<String>,
    #[serde(default)]
    pub(super) flags: Vec<super::types::OpFlag>,
    pub(super) value: Option<At<u32>>,
}

/// Read so that it is not refused; only the kernel's own generator uses it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "kernel-side code generation is not modelled")]
pub(super) struct KernelFamily {
    #[serde(default)]
    headers: Vec<String>,
    sock_priv: Option<String>,
}
