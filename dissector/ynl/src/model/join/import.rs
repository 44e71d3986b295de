// SPDX-License-Identifier: GPL-2.0-or-later
//! What the other family alone knows, as part of the joined one.

use super::super::*;
use super::Join;

impl Join<'_> {
    pub(super) fn import_operation(&mut self, it: &Operation) -> Operation {
        let mut operation = it.clone();
        operation.set = it.set.map(|id| self.import_set(id));
        operation.fixed_header = it.fixed_header.map(|id| self.import_struct(id));
        let forms = [&mut operation.r#do, &mut operation.dump];
        let exchanges = forms.into_iter().flatten();
        let sides = exchanges.flat_map(|Exchange { request, reply }| [request, reply]);
        for message in sides.chain([&mut operation.event]).flatten() {
            message.set = message.set.map(|id| self.import_set(id));
            message.fixed_header = message.fixed_header.map(|id| self.import_struct(id));
        }
        operation
    }

    /// The other's set, as one of `out`.
    pub(super) fn import_set(&mut self, id: SetId) -> SetId {
        if let Some(known) = self.sets.imported.get(&id) {
            return *known;
        }
        let new = SetId::at(self.out.sets.len());
        self.sets.imported.insert(id, new);
        let AttrSet {
            name, attributes, ..
        } = &self.other[id];
        self.out.sets.push(AttrSet {
            name: name.clone(),
            ..AttrSet::default()
        });
        for it in attributes {
            let kind = self.import_kind(&it.kind);
            let attribute = Attribute { kind, ..it.clone() };
            self.out.sets[new.index()].attributes.push(attribute);
        }
        new
    }

    pub(super) fn import_struct(&mut self, id: StructId) -> StructId {
        if let Some(known) = self.structs.imported.get(&id) {
            return *known;
        }
        let mut layout: Struct = self.other[id].clone();
        for member in &mut layout.members {
            member.kind = self.import_member(&member.kind);
        }
        let new = StructId::at(self.out.structs.len());
        self.structs.imported.insert(id, new);
        self.out.structs.push(layout);
        new
    }

    pub(super) fn import_member(&mut self, kind: &MemberKind) -> MemberKind {
        match kind {
            MemberKind::Scalar(scalar) => MemberKind::Scalar(self.import_scalar(*scalar)),
            MemberKind::Struct(id) => MemberKind::Struct(self.import_struct(*id)),
            MemberKind::Array { scalar, count } => MemberKind::Array {
                scalar: self.import_scalar(*scalar),
                count: *count,
            },
            MemberKind::Structs(id) => MemberKind::Structs(self.import_struct(*id)),
            MemberKind::Union { message, selector } => MemberKind::Union {
                message: self.import_choice(*message),
                selector: *selector,
            },
            MemberKind::String | MemberKind::Binary { .. } | MemberKind::Pad => kind.clone(),
        }
    }

    pub(super) fn import_format(&mut self, it: &SubMessageFormat) -> SubMessageFormat {
        SubMessageFormat {
            value: it.value.clone(),
            fixed_header: it.fixed_header.map(|id| self.import_struct(id)),
            set: it.set.map(|id| self.import_set(id)),
        }
    }

    pub(super) fn import_choice(&mut self, id: SubMessageId) -> SubMessageId {
        if let Some(known) = self.choices.imported.get(&id) {
            return *known;
        }
        let new = SubMessageId::at(self.out.sub_messages.len());
        self.choices.imported.insert(id, new);
        let SubMessage { name, formats } = &self.other[id];
        self.out.sub_messages.push(SubMessage {
            name: name.clone(),
            formats: Vec::new(),
        });
        for it in formats {
            let format = self.import_format(it);
            self.out.sub_messages[new.index()].formats.push(format);
        }
        new
    }

    pub(super) fn import_enum(&mut self, id: EnumId) -> EnumId {
        if let Some(known) = self.enums.imported.get(&id) {
            return *known;
        }
        let new = EnumId::at(self.out.enums.len());
        self.enums.imported.insert(id, new);
        self.out.enums.push(self.other[id].clone());
        new
    }

    pub(super) fn import_use(&mut self, it: EnumUse) -> EnumUse {
        EnumUse {
            id: self.import_enum(it.id),
            ..it
        }
    }

    pub(super) fn import_scalar(&mut self, it: Scalar) -> Scalar {
        Scalar {
            names: it.names.map(|it| self.import_use(it)),
            ..it
        }
    }

    pub(super) fn import_kind(&mut self, kind: &AttrKind) -> AttrKind {
        match kind {
            AttrKind::Unused
            | AttrKind::Pad
            | AttrKind::Flag
            | AttrKind::String
            | AttrKind::Binary { .. } => kind.clone(),
            AttrKind::Scalar(scalar) => AttrKind::Scalar(self.import_scalar(*scalar)),
            AttrKind::Struct(id) => AttrKind::Struct(self.import_struct(*id)),
            AttrKind::Structs(id) => AttrKind::Structs(self.import_struct(*id)),
            AttrKind::Array(scalar) => AttrKind::Array(self.import_scalar(*scalar)),
            AttrKind::Entries { head, length, set } => AttrKind::Entries {
                head: self.import_struct(*head),
                length: *length,
                set: self.import_set(*set),
            },
            AttrKind::Sized { head, length } => AttrKind::Sized {
                head: self.import_struct(*head),
                length: *length,
            },
            AttrKind::Bitfield32 { bits } => AttrKind::Bitfield32 {
                bits: bits.map(|id| self.import_enum(id)),
            },
            AttrKind::Nest(id) => AttrKind::Nest(self.import_set(*id)),
            AttrKind::IndexedArray(element) => AttrKind::IndexedArray(match element {
                ArrayElement::Nest(id) => ArrayElement::Nest(self.import_set(*id)),
                ArrayElement::Scalar(it) => ArrayElement::Scalar(self.import_scalar(*it)),
                ArrayElement::SubMessage {
                    head,
                    message,
                    selector,
                } => ArrayElement::SubMessage {
                    head: self.import_struct(*head),
                    message: self.import_choice(*message),
                    selector: selector.clone(),
                },
                element => element.clone(),
            }),
            AttrKind::NestTypeValue { keys, set } => AttrKind::NestTypeValue {
                keys: keys.clone(),
                set: self.import_set(*set),
            },
            AttrKind::ScalarTypeValue { keys, scalar } => AttrKind::ScalarTypeValue {
                keys: keys.clone(),
                scalar: self.import_scalar(*scalar),
            },
            AttrKind::SubMessage { message, selector } => AttrKind::SubMessage {
                message: self.import_choice(*message),
                selector: selector.clone(),
            },
        }
    }
}
