// SPDX-License-Identifier: GPL-2.0-or-later
//! What several specifications say of the same messages, as one family.
//!
//! They are joined by structure, not by the names that each has given: messages by their
//! numbers, attributes by theirs, nests by what is in them. What the first says stands; the
//! other adds what the first does not know, so that a specification that has half of a family
//! hides nothing of one that has the rest.

mod import;

use std::collections::HashMap;

use super::{
    ArrayElement, AttrKind, Attribute, DisplayHint, Enum, EnumId, EnumUse, Family, Member,
    MemberKind, Message, Operation, Scalar, SetId, StructId, SubMessageFormat, SubMessageId,
};

impl Family {
    /// This family, with what `other` says of its messages besides; of generic netlink, where
    /// both are one family of the kernel, also with messages that only `other` has.
    pub fn joined(&self, other: &Family) -> Family {
        let mut join = Join {
            own: self,
            other,
            out: self.clone(),
            sets: Ids::default(),
            structs: Ids::default(),
            enums: Ids::default(),
            choices: Ids::default(),
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

/// What became of the other family's ids: each alone, and each with one of this family's.
///
/// One set of a family may be what several of the other are: an empty one stands for all nests of
/// which nothing is known. So what is joined is made anew for each pair.
struct Ids<T> {
    imported: HashMap<T, T>,
    joined: HashMap<(T, T), T>,
}

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self {
            imported: HashMap::new(),
            joined: HashMap::new(),
        }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Ids<T> {
    fn note(&mut self, own: T, other: T, new: T) {
        self.joined.insert((own, other), new);
        // Where it comes again in what this family does not have, it is the same.
        self.imported.entry(other).or_insert(new);
    }
}

struct Join<'a> {
    own: &'a Family,
    other: &'a Family,
    /// The own family, with what is made anew behind it.
    out: Family,
    sets: Ids<SetId>,
    structs: Ids<StructId>,
    enums: Ids<EnumId>,
    choices: Ids<SubMessageId>,
}

/// A message of an operation.
#[derive(Clone, Copy)]
enum Side {
    DoRequest,
    DumpRequest,
    DoReply,
    DumpReply,
    Event,
}

const REQUESTS: [Side; 2] = [Side::DoRequest, Side::DumpRequest];
const REPLIES: [Side; 3] = [Side::DoReply, Side::DumpReply, Side::Event];

impl Side {
    fn of(self, it: &mut Operation) -> Option<&mut Message> {
        match self {
            Self::DoRequest => it.r#do.as_mut()?.request.as_mut(),
            Self::DumpRequest => it.dump.as_mut()?.request.as_mut(),
            Self::DoReply => it.r#do.as_mut()?.reply.as_mut(),
            Self::DumpReply => it.dump.as_mut()?.reply.as_mut(),
            Self::Event => it.event.as_mut(),
        }
    }
}

impl Join<'_> {
    fn operations(&mut self) {
        let (own, other) = (self.own, self.other);
        let mut rest = Vec::new();
        for it in &other.operations {
            let at = |number: Option<u16>, of: fn(&Operation) -> Option<u16>| {
                let mut all = own.operations.iter();
                number.and_then(|number| all.position(|it| of(it) == Some(number)))
            };
            let request = at(it.request_number, |it| it.request_number);
            let reply = at(it.reply_number, |it| it.reply_number);
            if let Some(at) = request {
                self.operation(at, it, &REQUESTS);
            }
            if let Some(at) = reply {
                self.operation(at, it, &REPLIES);
            }
            if request.is_none() && reply.is_none() {
                rest.push(it);
            }
        }
        self.spread();
        if own.protocol.is_generic() {
            for it in rest {
                let operation = self.import_operation(it);
                self.out.operations.push(operation);
            }
        }
    }

    /// Messages that this family alone lists have what the others of their set got, too: a
    /// family often has one set for all.
    fn spread(&mut self) {
        let mut became: HashMap<SetId, Option<SetId>> = HashMap::new();
        for ((own, _), new) in &self.sets.joined {
            let of_one = became.entry(*own).or_insert(Some(*new));
            if *of_one != Some(*new) {
                *of_one = None;
            }
        }
        for it in &mut self.out.operations {
            let forms = [&mut it.r#do, &mut it.dump].into_iter().flatten();
            let messages = forms.flat_map(|it| [&mut it.request, &mut it.reply]);
            let messages = messages.chain([&mut it.event]).flatten();
            for set in messages.map(|it| &mut it.set).chain([&mut it.set]) {
                *set = set.map(|id| became.get(&id).copied().flatten().unwrap_or(id));
            }
        }
    }

    /// Joins what the messages of an operation have, and what it says for all of them.
    fn operation(&mut self, at: usize, other: &Operation, sides: &[Side]) {
        let mut own = self.own.operations[at].clone();
        let mut other = other.clone();
        for side in sides {
            let said = side.of(&mut other).map(|it| it.clone());
            let has_message = side.of(&mut own).is_some();
            if said.is_none() && !has_message {
                continue;
            }
            let message = side.of(&mut own).map(|it| it.clone());
            let set = self.set_of_both(own.set_of(message.as_ref()), other.set_of(said.as_ref()));
            let header = (
                own.header_of(message.as_ref()),
                other.header_of(said.as_ref()),
            );
            let header = self.struct_of_both(header.0, header.1);
            if let Some(it) = side.of(&mut self.out.operations[at]) {
                (it.set, it.fixed_header) = (set, header);
            }
        }
        let set = self.set_of_both(own.set, other.set);
        let header = self.struct_of_both(own.fixed_header, other.fixed_header);
        let out = &mut self.out.operations[at];
        (out.set, out.fixed_header) = (set, header);
    }

    fn set_of_both(&mut self, own: Option<SetId>, other: Option<SetId>) -> Option<SetId> {
        match (own, other) {
            (Some(own), Some(id)) => Some(self.join_set(own, id)),
            (None, Some(id)) => Some(self.import_set(id)),
            (own, None) => own,
        }
    }

    fn struct_of_both(
        &mut self,
        own: Option<StructId>,
        other: Option<StructId>,
    ) -> Option<StructId> {
        match (own, other) {
            (Some(own), Some(id)) => Some(self.join_struct(own, id)),
            (None, Some(id)) => Some(self.import_struct(id)),
            (own, None) => own,
        }
    }

    /// A set that both have. They may nest in each other in cycles.
    fn join_set(&mut self, own: SetId, id: SetId) -> SetId {
        if let Some(known) = self.sets.joined.get(&(own, id)) {
            return *known;
        }
        let new = SetId::at(self.out.sets.len());
        self.sets.note(own, id, new);
        let set = &self.own[own];
        self.out.sets.push(set.clone());
        for it in &self.other[id].attributes {
            let Some(at) = set
                .attributes
                .iter()
                .position(|own| own.number == it.number)
            else {
                let kind = self.import_kind(&it.kind);
                let kind = self.with_own_selector(kind, new, id);
                let attribute = Attribute { kind, ..it.clone() };
                self.out.sets[new.index()].attributes.push(attribute);
                continue;
            };
            let before = &set.attributes[at].kind;
            let mut kind = self.join_kind(before.clone(), &it.kind);
            if !matches!(before, AttrKind::SubMessage { .. }) {
                kind = self.with_own_selector(kind, new, id);
            }
            let attribute = &mut self.out.sets[new.index()].attributes[at];
            attribute.kind = kind;
            attribute.multi |= it.multi;
            if attribute.known_name().is_none() {
                attribute.name.clone_from(&it.name);
            }
        }
        new
    }

    /// A selector in the same set is called what this family calls it.
    fn with_own_selector(&self, mut kind: AttrKind, new: SetId, id: SetId) -> AttrKind {
        if let AttrKind::SubMessage { selector, .. } = &mut kind
            && let Some(it) = self.other[id].by_name(selector)
            && let Some(it) = self.out[new].by_number(it.number)
        {
            selector.clone_from(&it.name);
        }
        kind
    }

    /// What an attribute holds that both have.
    fn join_kind(&mut self, mut own: AttrKind, other: &AttrKind) -> AttrKind {
        match (&mut own, other) {
            (AttrKind::Nest(own), AttrKind::Nest(id))
            | (
                AttrKind::IndexedArray(ArrayElement::Nest(own)),
                AttrKind::IndexedArray(ArrayElement::Nest(id)),
            )
            | (AttrKind::NestTypeValue { set: own, .. }, AttrKind::NestTypeValue { set: id, .. })
            | (AttrKind::Entries { set: own, .. }, AttrKind::Entries { set: id, .. }) => {
                *own = self.join_set(*own, *id);
            }
            (
                AttrKind::SubMessage { message: own, .. },
                AttrKind::SubMessage { message: id, .. },
            )
            | (
                AttrKind::IndexedArray(ArrayElement::SubMessage { message: own, .. }),
                AttrKind::IndexedArray(ArrayElement::SubMessage { message: id, .. }),
            ) => *own = self.join_choice(*own, *id),
            (AttrKind::Struct(own), AttrKind::Struct(id))
            | (AttrKind::Structs(own), AttrKind::Structs(id)) => {
                *own = self.join_struct(*own, *id);
            }
            (AttrKind::Scalar(own), AttrKind::Scalar(other)) => {
                *own = self.join_scalar(*own, *other);
            }
            (AttrKind::Bitfield32 { bits }, AttrKind::Bitfield32 { bits: Some(id) }) => {
                *bits = Some(match bits {
                    Some(own) => self.join_enum(*own, *id),
                    None => self.import_enum(*id),
                });
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
            (Some(own), Some(other)) if own.as_flags == other.as_flags => Some(EnumUse {
                id: self.join_enum(own.id, other.id),
                ..own
            }),
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
    fn join_struct(&mut self, own: StructId, id: StructId) -> StructId {
        if let Some(known) = self.structs.joined.get(&(own, id)) {
            return *known;
        }
        let mut layout = self.own[own].clone();
        let other = &self.other[id].members;
        let place = |it: &Member| (it.offset, it.size, it.bits);
        let is_open = layout.members.last().is_some_and(Member::is_open);
        let mut pairs = layout.members.iter().zip(other);
        let is_same = pairs.all(|(own, other)| place(own) == place(other));
        if other.len() < layout.members.len() || is_open || !is_same {
            self.structs.note(own, id, own);
            return own;
        }
        for (own, other) in layout.members.iter_mut().zip(other) {
            match (&mut own.kind, &other.kind) {
                (MemberKind::Scalar(own), MemberKind::Scalar(other)) => {
                    *own = self.join_scalar(*own, *other);
                }
                (MemberKind::Union { message: own, .. }, MemberKind::Union { message: id, .. }) => {
                    *own = self.join_choice(*own, *id)
                }
                _ => {}
            }
        }
        for it in &other[layout.members.len()..] {
            let kind = self.import_member(&it.kind);
            layout.push(Member { kind, ..it.clone() });
        }
        let new = StructId::at(self.out.structs.len());
        self.structs.note(own, id, new);
        self.out.structs.push(layout);
        new
    }

    fn join_choice(&mut self, own: SubMessageId, id: SubMessageId) -> SubMessageId {
        if let Some(known) = self.choices.joined.get(&(own, id)) {
            return *known;
        }
        let new = SubMessageId::at(self.out.sub_messages.len());
        self.choices.note(own, id, new);
        let choice = &self.own[own];
        self.out.sub_messages.push(choice.clone());
        for it in &self.other[id].formats {
            let known = choice.formats.iter().position(|own| own.value == it.value);
            let format = match known.map(|at| &choice.formats[at]) {
                Some(own) if own.set.is_some() || own.fixed_header.is_some() => SubMessageFormat {
                    set: match (own.set, it.set) {
                        (Some(own), Some(id)) => Some(self.join_set(own, id)),
                        (own, _) => own,
                    },
                    ..own.clone()
                },
                // A form of which nothing is known says nothing.
                _ => self.import_format(it),
            };
            let formats = &mut self.out.sub_messages[new.index()].formats;
            match known {
                Some(at) => formats[at] = format,
                None => formats.push(format),
            }
        }
        new
    }

    fn join_enum(&mut self, own: EnumId, id: EnumId) -> EnumId {
        if let Some(known) = self.enums.joined.get(&(own, id)) {
            return *known;
        }
        let names = &self.own[own];
        let Enum {
            entries, is_flags, ..
        } = &self.other[id];
        let is_more = |it: &&super::EnumEntry| names.by_value(it.value).is_none();
        let more: Vec<_> = entries.iter().filter(is_more).cloned().collect();
        let new = match more.is_empty() || names.is_flags != *is_flags {
            true => own,
            false => {
                let mut names = names.clone();
                names.entries.extend(more);
                self.out.enums.push(names);
                EnumId::at(self.out.enums.len() - 1)
            }
        };
        self.enums.note(own, id, new);
        new
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
