// SPDX-License-Identifier: GPL-2.0-or-later
//! From what was typed to what it means.

mod attributes;
mod definitions;
mod operations;

use serde_saphyr::Location;

use super::error::{Position, Refusal};
use super::names::{snake, upper};
use super::raw::{self, At, Number};
use super::types::*;

/// What went wrong, before the file's name is known.
struct Fault {
    at: Position,
    path: String,
    message: String,
}

impl Fault {
    fn refusal(self, file: &str) -> Refusal {
        Refusal {
            file: file.to_owned(),
            at: self.at,
            path: self.path,
            message: self.message,
        }
    }
}

type Result<T> = std::result::Result<T, Fault>;

/// A fault at a value.
fn fault<T>(at: Location, path: impl Into<String>, message: impl Into<String>) -> Result<T> {
    Err(Fault {
        at: at.into(),
        path: path.into(),
        message: message.into(),
    })
}

pub(super) fn resolve(spec: &raw::Spec, file: &str) -> std::result::Result<Family, Refusal> {
    Resolver { spec, file }
        .family()
        .map_err(|fault| fault.refusal(file))
}

/// The specification at hand. Ids need no table: definitions, sets and
/// sub-messages keep the order of the file.
struct Resolver<'a> {
    spec: &'a raw::Spec,
    /// Its file's name, for what is noted of it.
    file: &'a str,
}

impl Resolver<'_> {
    fn family(&self) -> Result<Family> {
        let spec = self.spec;
        let name = &spec.name.value;
        let protocol = self.protocol()?;
        self.check_names()?;
        let constants = self.constants()?;
        let enums = self.enums()?;
        let structs = self.structs()?;
        let sets = self.sets()?;
        let sub_messages = self.sub_messages()?;
        let mut oddities = Vec::new();
        let operations = self.operations(protocol, &sets, &structs, &mut oddities)?;
        let groups = self.groups(protocol, &operations)?;
        Ok(Family {
            name: name.clone(),
            protocol,
            doc: spec.doc.trim().to_owned(),
            version: spec.version.as_ref().map_or(1, |it| it.value),
            uapi_header: (spec.uapi_header.clone())
                .unwrap_or_else(|| format!("linux/{}.h", snake(name))),
            c_family_name: (spec.c_family_name.as_deref())
                .map_or_else(|| upper(&format!("{name}-family-name")), upper),
            c_version_name: (spec.c_version_name.as_deref())
                .map_or_else(|| upper(&format!("{name}-family-version")), upper),
            max_by_define: spec.max_by_define,
            kernel_policy: spec.kernel_policy.unwrap_or_default(),
            constants,
            enums,
            structs,
            sets,
            sub_messages,
            operations,
            operation_names: self.operation_names(),
            groups,
            oddities,
        })
    }

    fn protocol(&self) -> Result<Protocol> {
        let spec = self.spec;
        let typed = (spec.protocol.as_ref()).map_or(raw::Protocol::Genetlink, |it| it.value);
        let protocol = match typed {
            raw::Protocol::Genetlink => Protocol::Genetlink,
            raw::Protocol::GenetlinkC => Protocol::GenetlinkC,
            raw::Protocol::GenetlinkLegacy => Protocol::GenetlinkLegacy,
            raw::Protocol::NetlinkRaw => match &spec.protonum {
                Some(number) => Protocol::Raw {
                    number: number.value,
                },
                None => {
                    return fault(spec.name.referenced, "", "netlink-raw needs a `protonum`");
                }
            },
        };
        if let Some(number) = &spec.protonum
            && protocol.is_generic()
        {
            let text = "belongs to the schema netlink-raw";
            return fault(number.referenced, "protonum", text);
        }
        Ok(protocol)
    }

    /// Names by which things are looked up are unique.
    fn check_names(&self) -> Result<()> {
        let spec = self.spec;
        unique("definitions", spec.definitions.iter().map(|it| &it.name))?;
        unique(
            "attribute-sets",
            spec.attribute_sets.iter().map(|it| &it.name),
        )?;
        unique("sub-messages", spec.sub_messages.iter().map(|it| &it.name))?;
        unique(
            "operations.list",
            spec.operations.list.iter().map(|it| &it.name),
        )?;
        let groups = spec.mcast_groups.iter().flat_map(|it| &it.list);
        unique("mcast-groups.list", groups.map(|it| &it.name))
    }

    /// The names of the family that begin C names, without dashes.
    fn ident(&self) -> String {
        snake(&self.spec.name.value)
    }

    fn find_set(&self, name: &At<String>, path: &str) -> Result<SetId> {
        let sets = &self.spec.attribute_sets;
        match sets.iter().position(|it| it.name.value == name.value) {
            Some(index) => Ok(SetId::at(index)),
            None => {
                let text = format!("there is no attribute set `{}`", name.value);
                fault(name.referenced, path, text)
            }
        }
    }

    fn find_sub_message(&self, name: &At<String>, path: &str) -> Result<SubMessageId> {
        let all = &self.spec.sub_messages;
        match all.iter().position(|it| it.name.value == name.value) {
            Some(index) => Ok(SubMessageId::at(index)),
            None => {
                let text = format!("there is no sub-message `{}`", name.value);
                fault(name.referenced, path, text)
            }
        }
    }

    fn find_enum(&self, name: &At<String>, path: &str) -> Result<EnumId> {
        match self
            .enum_definitions()
            .position(|it| it.name.value == name.value)
        {
            Some(index) => Ok(EnumId::at(index)),
            None => {
                let text = format!("there is no enum or flags `{}`", name.value);
                fault(name.referenced, path, text)
            }
        }
    }

    fn find_struct(&self, name: &At<String>, path: &str) -> Result<StructId> {
        match self
            .struct_definitions()
            .position(|it| it.name.value == name.value)
        {
            Some(index) => Ok(StructId::at(index)),
            None => {
                let text = format!("there is no struct `{}`", name.value);
                fault(name.referenced, path, text)
            }
        }
    }

    /// How an attribute or a member uses an enum.
    fn enum_use(
        &self,
        name: Option<&At<String>>,
        as_flags: bool,
        path: &str,
    ) -> Result<Option<EnumUse>> {
        let Some(name) = name else { return Ok(None) };
        let id = self.find_enum(name, &format!("{path}.enum"))?;
        let is_flags = self
            .enum_definitions()
            .nth(id.index())
            .is_some_and(|it| it.r#type == raw::DefinitionType::Flags);
        let as_flags = as_flags || is_flags;
        Ok(Some(EnumUse { id, as_flags }))
    }

    /// A number, the name of a constant, that minus 1, or a limit of a type
    /// (`u16-max`).
    fn number(&self, typed: &At<Number>, path: &str) -> Result<i128> {
        let name = match &typed.value {
            Number::Literal(value) => return Ok(*value),
            Number::Name(name) => name,
        };
        if let Some(value) = type_limit(name) {
            return Ok(value);
        }
        let (name, less) = match name.strip_suffix(" - 1") {
            Some(name) => (name, 1),
            None => (name.as_str(), 0),
        };
        let constant = self
            .spec
            .definitions
            .iter()
            .find(|it| it.r#type == raw::DefinitionType::Const && is_called(it, name));
        match constant
            .and_then(|it| it.value.as_ref())
            .map(|it| &it.value)
        {
            Some(Number::Literal(value)) => Ok(value - less),
            Some(Number::Name(_)) => fault(
                typed.referenced,
                path,
                format!("the constant `{name}` is no number"),
            ),
            None => fault(
                typed.referenced,
                path,
                format!("there is no constant `{name}`"),
            ),
        }
    }

    fn length(&self, typed: &At<Number>, path: &str) -> Result<u32> {
        let value = self.number(typed, path)?;
        // An attribute's length field has 16 bits.
        match u16::try_from(value) {
            Ok(value) => Ok(value.into()),
            Err(_) => fault(typed.referenced, path, format!("{value} is no length")),
        }
    }
}

/// Whether a constant has this name, with its prefix or without.
fn is_called(it: &raw::Definition, name: &str) -> bool {
    let own = it.name.value.as_str();
    let prefix = it.name_prefix.as_deref().unwrap_or("");
    own == name || name.strip_prefix(prefix) == Some(own)
}

/// `u8-min`, `s32-max` and the like.
fn type_limit(name: &str) -> Option<i128> {
    let (kind, end) = name.split_once('-')?;
    let bits: u32 = match kind.get(1..)? {
        "8" => 8,
        "16" => 16,
        "32" => 32,
        "64" => 64,
        _ => return None,
    };
    match (kind.get(..1)?, end) {
        ("u", "min") => Some(0),
        ("u", "max") => Some((1i128 << bits) - 1),
        ("s", "min") => Some(-(1i128 << (bits - 1))),
        ("s", "max") => Some((1i128 << (bits - 1)) - 1),
        _ => None,
    }
}

fn unique<'a>(path: &str, names: impl Iterator<Item = &'a At<String>>) -> Result<()> {
    let mut seen = std::collections::HashMap::new();
    for name in names {
        if let Some(line) = seen.insert(name.value.as_str(), name.referenced.line()) {
            let text = format!("the name `{}` is taken in line {line}", name.value);
            return fault(name.referenced, path, text);
        }
    }
    Ok(())
}
