// SPDX-License-Identifier: GPL-2.0-or-later
//! What an attribute holds, as the runtime has it.

use std::fmt::Write;

use super::{LuaError, Tables, quote};
use crate::emit::lua::word;
use ynl::model::{
    ArrayElement, AttrKind, Attribute, ByteOrder, DisplayHint, EnumId, EnumUse, MemberKind, Scalar,
    ScalarType, StructId,
};

impl Tables<'_> {
    /// The keys that say what an attribute holds; claims the fields below its own.
    pub(super) fn kind(
        &mut self,
        it: &Attribute,
        abbr: &str,
        place: &str,
    ) -> Result<String, LuaError> {
        let family = self.family;
        let element = |kind: String| format!("kind = \"indexed\", element = {{ {kind} }}");
        let nest = |name: &str| format!("kind = \"nest\", set = {}", quote(name));
        Ok(match &it.kind {
            AttrKind::Unused | AttrKind::Pad => "kind = \"pad\"".to_owned(),
            AttrKind::Flag => "kind = \"flag\"".to_owned(),
            AttrKind::Scalar(scalar) => self.scalar(*scalar, abbr, place)?,
            AttrKind::String => "kind = \"string\"".to_owned(),
            AttrKind::Binary { hint } => self.binary(*hint, abbr, place)?,
            AttrKind::Struct(id) => {
                self.members(*id, abbr, place)?;
                format!("kind = \"struct\", struct = {}", quote(&family[*id].name))
            }
            AttrKind::Array(scalar) => {
                let scalar = self.scalar(*scalar, abbr, place)?;
                format!("kind = \"array\", element = {{ {scalar} }}")
            }
            AttrKind::Structs(id) => {
                self.members(*id, abbr, place)?;
                let layout = &family[*id];
                format!(
                    "kind = \"array\", element = {{ kind = \"struct\", struct = {}, size = {} }}",
                    quote(&layout.name),
                    layout.size
                )
            }
            AttrKind::Bitfield32 { bits } => {
                for part in ["value", "selector"] {
                    let abbr = format!("{abbr}.{part}");
                    self.claim(abbr.clone(), place)?;
                    if let Some(id) = bits {
                        self.bits(*id, &abbr, place, 32)?;
                    }
                }
                let bits = bits.map(|id| format!(", enum = {}", quote(&family[id].name)));
                format!("kind = \"bitfield32\"{}", bits.unwrap_or_default())
            }
            AttrKind::Nest(id) => nest(&family[*id].name),
            AttrKind::IndexedArray(ArrayElement::Nest(id)) => element(nest(&family[*id].name)),
            AttrKind::IndexedArray(ArrayElement::Scalar(scalar)) => {
                element(self.scalar(*scalar, abbr, place)?)
            }
            AttrKind::IndexedArray(ArrayElement::Binary { hint }) => {
                element(self.binary(*hint, abbr, place)?)
            }
            AttrKind::IndexedArray(ArrayElement::String) => element("kind = \"string\"".to_owned()),
            AttrKind::IndexedArray(ArrayElement::SubMessage { .. })
            | AttrKind::SubMessage { .. } => {
                return Err(LuaError::SubMessage(place.to_owned()));
            }
            AttrKind::NestTypeValue { keys, set } => {
                self.keyed(keys, nest(&family[*set].name), abbr, place)?
            }
            AttrKind::ScalarTypeValue { keys, scalar } => {
                let scalar = self.scalar(*scalar, abbr, place)?;
                self.keyed(keys, scalar, abbr, place)?
            }
            AttrKind::Sized { .. } => return Err(LuaError::Sized(place.to_owned())),
            AttrKind::Entries { .. } => return Err(LuaError::Entries(place.to_owned())),
        })
    }

    pub(super) fn keyed(
        &mut self,
        keys: &[String],
        element: String,
        abbr: &str,
        place: &str,
    ) -> Result<String, LuaError> {
        let mut names = Vec::new();
        for key in keys {
            self.claim(format!("{abbr}.{}", word(key)), place)?;
            names.push(quote(&word(key)));
        }
        let names = names.join(", ");
        Ok(format!(
            "kind = \"keyed\", keys = {{ {names} }}, element = {{ {element} }}"
        ))
    }

    pub(super) fn binary(
        &mut self,
        hint: Option<DisplayHint>,
        abbr: &str,
        place: &str,
    ) -> Result<String, LuaError> {
        let kind = match hint {
            // An FDDI address has the form of an Ethernet one.
            Some(DisplayHint::Mac | DisplayHint::Fddi) => "mac",
            Some(DisplayHint::Ipv4) => "ipv4",
            Some(DisplayHint::Ipv6) => "ipv6",
            Some(DisplayHint::Uuid) => "uuid",
            Some(DisplayHint::Ipv4OrV6 | DisplayHint::RouteAddress | DisplayHint::InetAddress) => {
                self.claim(format!("{abbr}.ipv4"), place)?;
                self.claim(format!("{abbr}.ipv6"), place)?;
                match hint {
                    Some(DisplayHint::InetAddress) => "family_ip",
                    _ => "ip",
                }
            }
            Some(DisplayHint::KeyValue) => "string",
            Some(DisplayHint::Mpls) => "mpls",
            Some(
                DisplayHint::Hex
                | DisplayHint::GroupAddress
                | DisplayHint::SocketAddress
                | DisplayHint::SocketName
                | DisplayHint::Ifindex
                | DisplayHint::Realms
                | DisplayHint::TcHandle
                | DisplayHint::TcVerdict,
            )
            | None => "binary",
        };
        Ok(format!("kind = \"{kind}\""))
    }

    pub(super) fn scalar(
        &mut self,
        it: Scalar,
        abbr: &str,
        place: &str,
    ) -> Result<String, LuaError> {
        let is_address = it.hint == Some(DisplayHint::Ipv4) && it.width == ScalarType::U32;
        let kind = match it.width {
            ScalarType::U32 if is_address => "ipv4\", numeric = true, width = \"u32",
            width => width.name(),
        };
        let mut text = format!("kind = \"{kind}\"");
        match it.byte_order {
            ByteOrder::Host => {}
            ByteOrder::BigEndian => text.push_str(", order = \"big\""),
            ByteOrder::LittleEndian => text.push_str(", order = \"little\""),
        }
        if it.hint == Some(DisplayHint::Hex) {
            text.push_str(", hint = \"hex\"");
        }
        if let Some(EnumUse { id, as_flags }) = it.names {
            let name = quote(&self.family[id].name);
            self.enums.insert(id);
            let _ = write!(text, ", enum = {name}");
            if as_flags {
                text.push_str(", flags = true");
                let bits = it.width.size().unwrap_or(8) * 8;
                self.bits(id, abbr, place, bits)?;
            }
        }
        Ok(text)
    }

    /// A bit-field, of which only the enum is told: whole, it is a number.
    pub(super) fn bit_field(&mut self, it: Scalar) -> String {
        let mut text = format!("kind = \"bits\", width = \"{}\"", it.width.name());
        if let Some(EnumUse {
            id,
            as_flags: false,
        }) = it.names
        {
            let _ = write!(text, ", enum = {}", quote(&self.family[id].name));
        }
        text
    }

    /// Claims the fields of a number's bits.
    pub(super) fn bits(
        &mut self,
        id: EnumId,
        abbr: &str,
        place: &str,
        bits: usize,
    ) -> Result<(), LuaError> {
        let family = self.family;
        self.enums.insert(id);
        for entry in &family[id].entries {
            if usize::try_from(entry.value).is_ok_and(|bit| bit < bits) {
                self.claim(
                    format!("{abbr}.{}", word(&entry.name)),
                    &format!("{place}.{}", entry.name),
                )?;
            }
        }
        Ok(())
    }

    /// Claims the fields of a struct's members.
    pub(super) fn members(
        &mut self,
        id: StructId,
        abbr: &str,
        place: &str,
    ) -> Result<(), LuaError> {
        let family = self.family;
        self.structs.insert(id);
        for member in &family[id].members {
            let abbr = format!("{abbr}.{}", word(&member.name));
            let place = format!("{place}.{}", member.name);
            self.claim(abbr.clone(), &place)?;
            match &member.kind {
                MemberKind::Scalar(Scalar { names, .. }) if member.bits.is_some() => {
                    self.enums.extend(names.map(|it| it.id));
                }
                MemberKind::Scalar(scalar) | MemberKind::Array { scalar, .. } => {
                    drop(self.scalar(*scalar, &abbr, &place)?);
                }
                MemberKind::Struct(id) => self.members(*id, &abbr, &place)?,
                MemberKind::Binary { hint } => drop(self.binary(*hint, &abbr, &place)?),
                MemberKind::Structs(_)
                | MemberKind::Union { .. }
                | MemberKind::String
                | MemberKind::Pad => {}
            }
        }
        Ok(())
    }
}
