// SPDX-License-Identifier: GPL-2.0-or-later
//! Which form a sub-message has.

use super::level::{DEEPEST, Level};
use super::value::{Number, Value};
use crate::model::{AttrKind, SubMessageFormat};

/// The selector that the request may name, of answers about sockets.
const ASKED: &str = "protocol";

/// How many attributes of a level are looked through for a selector.
const SELECTOR_REACH: usize = 256;

impl Level<'_> {
    /// The form that the attribute called `selector` selects, which stands in
    /// this level or in one around it; or the member of a struct before one of
    /// them, which YNL does not have: the kernel numbers the attributes of a link
    /// otherwise where the header says that it is of a bridge. Where it is nowhere, the form of
    /// what was asked for, else that of no value.
    pub(super) fn selected<'b>(
        &self,
        selector: &str,
        formats: &'b [SubMessageFormat],
    ) -> Option<&'b SubMessageFormat> {
        if let Some(found) = self.named(selector, formats, 0) {
            return found;
        }
        let asked = || {
            let bits = self.asked.filter(|_| selector == ASKED)?;
            let AttrKind::Scalar(scalar) = self.set?.by_name(selector)?.kind else {
                return None;
            };
            Some(Value::Number(Number::named(self.family?, scalar, bits)))
        };
        match asked() {
            Some(value) => format_of(&value, formats),
            None => formats.iter().find(|it| it.value.is_empty()),
        }
    }

    /// The form that is selected; `None` where nothing selects.
    fn named<'b>(
        &self,
        selector: &str,
        formats: &'b [SubMessageFormat],
        steps: u8,
    ) -> Option<Option<&'b SubMessageFormat>> {
        let outer = || {
            if let Some(value) = self.header.and_then(|it| it.by_name(selector)) {
                return Some(format_of(&value, formats));
            }
            let outer = self.outer.filter(|_| steps < DEEPEST)?;
            outer.named(selector, formats, steps + 1)
        };
        let Some(spec) = self.set.and_then(|set| set.by_name(selector)) else {
            return outer();
        };
        let mut near = self.fields().take(SELECTOR_REACH).flatten();
        match near.find(|it| it.attribute.number == spec.number) {
            Some(field) => Some(format_of(&self.read(&field).value, formats)),
            None => outer(),
        }
    }
}

/// The form of a sub-message for that value of its selector.
pub(super) fn format_of<'a>(
    value: &Value<'_>,
    formats: &'a [SubMessageFormat],
) -> Option<&'a SubMessageFormat> {
    match value {
        Value::Text(text) => formats.iter().find(|it| it.value.as_bytes() == *text),
        Value::Number(number) => match number.name() {
            Some(name) => formats.iter().find(|it| it.value == name),
            None => {
                let digits = number.value().to_string();
                formats.iter().find(|it| it.value == digits)
            }
        },
        _ => None,
    }
}
