// SPDX-License-Identifier: GPL-2.0-or-later
//! The forms of a family's operations, each an entry of the core's table.

use super::text::identifier;
use super::{Result, operation_place, unsupported};
use ynl::model::names::{camel, snake, upper};
use ynl::model::{Exchange, Family, McastGroup, Operation, SetId};

/// How an operation is asked for, in the order that the table wants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Do,
    Dump,
}

impl Kind {
    /// As the specification, the layer's traits and the names of types have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Dump => "dump",
        }
    }
}

/// One form of an operation.
pub(super) struct Form<'a> {
    pub(super) op: &'a Operation,
    pub(super) kind: Kind,
    pub(super) number: u8,
    pub(super) exchange: &'a Exchange,
}

impl<'a> Form<'a> {
    /// The set and the names of the attributes that a request may carry;
    /// `None` if it may carry anything.
    pub(super) fn request(&self) -> Result<Option<(SetId, &'a [String])>> {
        let attributes = match (&self.exchange.request, &self.exchange.reply) {
            (None, None) => return Ok(None),
            (Some(request), _) => request.attributes.as_slice(),
            (None, Some(_)) => &[],
        };
        match self.op.set {
            Some(set) => Ok(Some((set, attributes))),
            None => unsupported(operation_place(self.op), "an operation without a set"),
        }
    }

    /// The static with its policy.
    pub(super) fn policy(&self) -> String {
        let (op, kind) = (upper(&self.op.name), upper(self.kind.name()));
        format!("{op}_{kind}_POLICY")
    }

    /// The type that stands for it.
    pub(super) fn type_name(&self) -> String {
        format!("{}{}", camel(&self.op.name), camel(self.kind.name()))
    }

    /// The handler, without the trait's type.
    pub(super) fn handler(&self) -> String {
        format!("{}_{}it", snake(&self.op.name), self.kind.name())
    }
}

/// The number that an operation has on the wire, in both directions.
pub(super) fn number(op: &Operation) -> Result<u8> {
    let place = || operation_place(op);
    let number = match (op.request_number, op.reply_number) {
        (Some(asked), Some(answered)) if asked != answered => None,
        (Some(number), _) | (None, Some(number)) => Some(number),
        (None, None) => None,
    };
    let Some(number) = number else {
        return unsupported(place(), "an operation without one number");
    };
    u8::try_from(number).or_else(|_| unsupported(place(), "numbers of operations beyond 255"))
}

/// All forms, in the order of the core's table. What the layer cannot do is
/// refused; notifications have no form, but must have a group.
pub(super) fn forms(family: &Family) -> Result<Vec<Form<'_>>> {
    let mut forms = Vec::new();
    for op in &family.operations {
        let place = operation_place(op);
        identifier(&op.name, &place)?;
        let number = number(op)?;
        if !op.flags.is_empty() {
            return unsupported(place, "operations that not everybody may ask for");
        }
        if op.fixed_header.is_some() {
            return unsupported(place, "a fixed header");
        }
        if op.is_async() {
            if group(family, op).is_none() {
                return unsupported(place, "a notification that no group gets");
            }
            continue;
        }
        for (kind, exchange) in [(Kind::Do, &op.r#do), (Kind::Dump, &op.dump)] {
            if let Some(exchange) = exchange {
                forms.push(Form {
                    op,
                    kind,
                    number,
                    exchange,
                });
            }
        }
        if op.r#do.is_none() && op.dump.is_none() {
            return unsupported(place, "an operation without a form");
        }
    }
    forms.sort_by_key(|form| (form.number, form.kind));
    Ok(forms)
}

/// The group that a notification is sent to.
fn group<'a>(family: &'a Family, op: &Operation) -> Option<&'a McastGroup> {
    let name = op.group.as_ref()?;
    family.groups.iter().find(|group| group.name == *name)
}
