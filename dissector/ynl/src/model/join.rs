// SPDX-License-Identifier: GPL-2.0-or-later
//! What several specifications say of the same messages, as one family.
//!
//! They are joined by structure, not by the names that each has given: messages by their
//! numbers, attributes by theirs, nests by what is in them. What the first says stands; the
//! other adds what the first does not know, so that a specification that has half of a family
//! hides nothing of one that has the rest.

use std::collections::{HashMap, HashSet};

use super::{
    ArrayElement, AttrKind, AttrSet, Attribute, DisplayHint, Enum, EnumId, EnumUse, Exchange,
    Family, MemberKind, Message, Operation, Scalar, SetId, Struct, StructId, SubMessage,
    SubMessageFormat, SubMessageId,
};

impl Family {
    /// This family, with what `other` says of its messages besides; of generic netlink, where
    /// both are one family of the kernel, also with messages that only `other` has.
    pub fn joined(&self, other: &Family) -> Family {
        let mut join = Join {
            out: self.clone(),
            other,
            sets: HashMap::new(),
            pairs: HashSet::new(),
            structs: HashMap::new(),
            enums: HashMap::new(),
            choices: HashMap::new(),
        };
        join.operations();
        for group in &other.groups {
            if join.out.groups.iter().all(|it| it.name != group.name) {
                join.out.groups.push(group.clone());
            }
        }
        // A set whose numbers count up is looked through without a search.
        for set in &mut join.out.sets {
            set.attributes.sort_by_key(|it| it.number);
        }
        join.out
    }
}

struct Join<'a> {
    out: Family,
    other: &'a Family,
    /// What the other's sets, structs, enums and sub-messages are in `out`.
    sets: HashMap<SetId, SetId>,
    structs: HashMap<StructId, StructId>,
    enums: HashMap<EnumId, EnumId>,
    choices: HashMap<SubMessageId, SubMessageId>,
    /// The sets that were joined: they may nest in each other in cycles.
    pairs: HashSet<(SetId, SetId)>,
}

/// Which message of an operation.
type Side = fn(&Operation) -> Option<&Message>;

const REQUESTS: [Side; 2] = [|it| it.request(false), |it| it.request(true)];
const REPLIES: [Side; 2] = [Operation::reply, |it| it.event.as_ref()];

impl Join<'_> {
    fn operations(&mut self) {
        for it in &self.other.operations {
            let request = it.request_number.and_then(|number| {
                let mut all = self.out.operations.iter();
                all.position(|it| it.request_number == Some(number))
            });
            let reply = it.reply_number.and_then(|number| {
                let mut all = self.out.operations.iter();
                all.position(|it| it.reply_number == Some(number))
            });
            if let Some(at) = request {
                self.operation(at, it, &REQUESTS);
            }
            if let Some(at) = reply {
                self.operation(at, it, &REPLIES);
            }
            if request.is_none() && reply.is_none() && self.out.protocol.is_generic() {
                let operation = self.import_operation(it);
                self.out.operations.push(operation);
            }
        }
    }

    fn operation(&mut self, at: usize, other: &Operation, sides: &[Side]) {
        for side in sides {
            let message = side(other);
            let (set, header) = (other.set_of(message), other.header_of(message));
            let own = &self.out.operations[at];
            let (own_set, own_header) = (own.set_of(side(own)), own.header_of(side(own)));
            match (own_set, set) {
                (Some(own), Some(set)) => self.join_set(own, set),
                (None, Some(set)) => self.out.operations[at].set = Some(self.import_set(set)),
                _ => {}
            }
            match (own_header, header) {
                (Some(own), Some(header)) => self.join_struct(own, header),
                (None, Some(header)) => {
                    self.out.operations[at].fixed_header = Some(self.import_struct(header));
                }
                _ => {}
            }
        }
    }

    fn import_operation(&mut self, it: &Operation) -> Operation {
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
    fn import_set(&mut self, id: SetId) -> SetId {
        if let Some(known) = self.sets.get(&id) {
            return *known;
        }
        let own = SetId::at(self.out.sets.len());
        self.sets.insert(id, own);
        let AttrSet { name, .. } = &self.other[id];
        self.out.sets.push(AttrSet {
            name: name.clone(),
            ..AttrSet::default()
        });
        self.join_set(own, id);
        own
    }

    fn join_set(&mut self, own: SetId, id: SetId) {
        if !self.pairs.insert((own, id)) {
            return;
        }
        self.sets.entry(id).or_insert(own);
        for it in &self.other[id].attributes {
            let all = &self.out[own].attributes;
            let kind = match all.iter().position(|own| own.number == it.number) {
                Some(at) => {
                    let before = all[at].clone();
                    let is_own = matches!(before.kind, AttrKind::SubMessage { .. });
                    let mut kind = self.join_kind(before.kind, &it.kind);
                    if !is_own {
                        kind = self.with_own_selector(kind, own, id);
                    }
                    let attribute = &mut self.out.sets[own.index()].attributes[at];
                    attribute.kind = kind;
                    attribute.multi |= it.multi;
                    if attribute.known_name().is_none() {
                        attribute.name.clone_from(&it.name);
                    }
                    continue;
                }
                None => self.import_kind(&it.kind),
            };
            let kind = self.with_own_selector(kind, own, id);
            self.out.sets[own.index()]
                .attributes
                .push(Attribute { kind, ..it.clone() });
        }
    }

    /// A selector in the same set is called what this family calls it.
    fn with_own_selector(&self, mut kind: AttrKind, own: SetId, id: SetId) -> AttrKind {
        if let AttrKind::SubMessage { selector, .. } = &mut kind
            && let Some(it) = self.other[id].by_name(selector)
            && let Some(it) = self.out[own].by_number(it.number)
        {
            selector.clone_from(&it.name);
        }
        kind
    }

    /// What an attribute holds that both have.
    fn join_kind(&mut self, own: AttrKind, other: &AttrKind) -> AttrKind {
        match (&own, other) {
            (AttrKind::Nest(own), AttrKind::Nest(id))
            | (
                AttrKind::IndexedArray(ArrayElement::Nest(own)),
                AttrKind::IndexedArray(ArrayElement::Nest(id)),
            )
            | (AttrKind::NestTypeValue { set: own, .. }, AttrKind::NestTypeValue { set: id, .. })
            | (AttrKind::Entries { set: own, .. }, AttrKind::Entries { set: id, .. }) => {
                self.join_set(*own, *id);
            }
            (
                AttrKind::SubMessage { message: own, .. },
                AttrKind::SubMessage { message: id, .. },
            )
            | (
                AttrKind::IndexedArray(ArrayElement::SubMessage { message: own, .. }),
                AttrKind::IndexedArray(ArrayElement::SubMessage { message: id, .. }),
            ) => self.join_choice(*own, *id),
            (AttrKind::Struct(own), AttrKind::Struct(id))
            | (AttrKind::Structs(own), AttrKind::Structs(id)) => self.join_struct(*own, *id),
            (AttrKind::Scalar(own), AttrKind::Scalar(other)) => {
                return AttrKind::Scalar(self.join_scalar(*own, *other));
            }
            (AttrKind::Bitfield32 { bits: own }, AttrKind::Bitfield32 { bits: Some(id) }) => {
                let bits = Some(match own {
                    Some(own) => self.join_enum(*own, *id),
                    None => self.import_enum(*id),
                });
                return AttrKind::Bitfield32 { bits };
            }
            (AttrKind::Binary { hint }, _) if says_more(*hint, other) => {
                return self.import_kind(other);
            }
            _ => {}
        }
        own
    }

    fn join_scalar(&mut self, own: Scalar, other: Scalar) -> Scalar {
        if own.width != other.width || own.byte_order != other.byte_order {
            return own;
        }
        let names = match (own.names, other.names) {
            (Some(own), Some(other)) if own.as_flags == other.as_flags => {
                self.join_enum(own.id, other.id);
                Some(own)
            }
            (None, Some(other)) => Some(self.import_use(other)),
            (own, _) => own,
        };
        Scalar {
            names,
            hint: own.hint.or(other.hint),
            ..own
        }
    }

    /// A struct that both have: kernels append members, and one file may know more of them.
    fn join_struct(&mut self, own: StructId, id: StructId) {
        if self.structs.insert(id, own) == Some(own) {
            return;
        }
        let other = &self.other[id];
        let known = self.out[own].members.len();
        let is_same = |(own, other): (&super::Member, &super::Member)| {
            (own.offset, own.size, own.bits) == (other.offset, other.size, other.bits)
        };
        let mut pairs = self.out[own].members.iter().zip(&other.members);
        let is_open = self.out[own]
            .members
            .last()
            .is_some_and(super::Member::is_open);
        if other.members.len() < known || is_open || !pairs.all(is_same) {
            return;
        }
        for (at, it) in other.members.iter().enumerate() {
            let kind = match self.out[own].members.get(at).map(|it| it.kind.clone()) {
                None => self.import_member(&it.kind),
                Some(MemberKind::Scalar(own)) => match it.kind {
                    MemberKind::Scalar(other) => MemberKind::Scalar(self.join_scalar(own, other)),
                    _ => MemberKind::Scalar(own),
                },
                Some(kind) => {
                    if let MemberKind::Union { message: own, .. } = kind
                        && let MemberKind::Union { message: id, .. } = it.kind
                    {
                        self.join_choice(own, id);
                    }
                    kind
                }
            };
            let it = super::Member { kind, ..it.clone() };
            let layout = &mut self.out.structs[own.index()];
            match layout.members.get_mut(at) {
                Some(member) => member.kind = it.kind,
                None => layout.push(it),
            }
        }
    }

    fn import_struct(&mut self, id: StructId) -> StructId {
        if let Some(known) = self.structs.get(&id) {
            return *known;
        }
        let mut layout: Struct = self.other[id].clone();
        for member in &mut layout.members {
            member.kind = self.import_member(&member.kind);
        }
        let own = StructId::at(self.out.structs.len());
        self.structs.insert(id, own);
        self.out.structs.push(layout);
        own
    }

    fn import_member(&mut self, kind: &MemberKind) -> MemberKind {
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

    fn join_choice(&mut self, own: SubMessageId, id: SubMessageId) {
        if self.choices.insert(id, own) == Some(own) {
            return;
        }
        for it in &self.other[id].formats {
            let formats = &self.out[own].formats;
            let known = formats.iter().find(|own| own.value == it.value);
            match known.map(|it| (it.set, it.fixed_header)) {
                Some((Some(own), _)) => {
                    if let Some(set) = it.set {
                        self.join_set(own, set);
                    }
                }
                // A form of which nothing is known says nothing.
                Some((None, Some(_))) => {}
                known => {
                    let format = self.import_format(it);
                    let formats = &mut self.out.sub_messages[own.index()].formats;
                    if known.is_some() {
                        formats.retain(|own| own.value != it.value);
                    }
                    formats.push(format);
                }
            }
        }
    }

    fn import_format(&mut self, it: &SubMessageFormat) -> SubMessageFormat {
        SubMessageFormat {
            value: it.value.clone(),
            fixed_header: it.fixed_header.map(|id| self.import_struct(id)),
            set: it.set.map(|id| self.import_set(id)),
        }
    }

    fn import_choice(&mut self, id: SubMessageId) -> SubMessageId {
        if let Some(known) = self.choices.get(&id) {
            return *known;
        }
        let own = SubMessageId::at(self.out.sub_messages.len());
        self.choices.insert(id, own);
        let SubMessage { name, formats } = &self.other[id];
        self.out.sub_messages.push(SubMessage {
            name: name.clone(),
            formats: Vec::new(),
        });
        for it in formats {
            let format = self.import_format(it);
            self.out.sub_messages[own.index()].formats.push(format);
        }
        own
    }

    fn join_enum(&mut self, own: EnumId, id: EnumId) -> EnumId {
        if self.enums.insert(id, own) != Some(own)
            && self.out[own].is_flags == self.other[id].is_flags
        {
            let Enum { entries, .. } = &self.other[id];
            let names = &mut self.out.enums[own.index()];
            for it in entries {
                if names.by_value(it.value).is_none() {
                    names.entries.push(it.clone());
                }
            }
        }
        own
    }

    fn import_enum(&mut self, id: EnumId) -> EnumId {
        if let Some(known) = self.enums.get(&id) {
            return *known;
        }
        let own = EnumId::at(self.out.enums.len());
        self.enums.insert(id, own);
        self.out.enums.push(self.other[id].clone());
        own
    }

    fn import_use(&mut self, it: EnumUse) -> EnumUse {
        EnumUse {
            id: self.import_enum(it.id),
            ..it
        }
    }

    fn import_scalar(&mut self, it: Scalar) -> Scalar {
        Scalar {
            names: it.names.map(|it| self.import_use(it)),
            ..it
        }
    }

    fn import_kind(&mut self, kind: &AttrKind) -> AttrKind {
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

/// Whether a type says more than that there are bytes, shown by that hint.
fn says_more(hint: Option<DisplayHint>, kind: &AttrKind) -> bool {
    match kind {
        AttrKind::Binary { hint: None } | AttrKind::String | AttrKind::Unused | AttrKind::Pad => {
            false
        }
        // An address whatever the message's family is.
        AttrKind::Binary {
            hint: Some(DisplayHint::RouteAddress),
        } => true,
        _ => hint.is_none(),
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
