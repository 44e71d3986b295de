// SPDX-License-Identifier: GPL-2.0-or-later
//! Which form a sub-message has.

use super::level::{DEEPEST, Level};
use super::value::{Number, Value};
use crate::model::{AttrKind, SubMessageFormat};

/// The selector that the request may name, of answers about sockets.
const ASKED: &str = "protocol";

/// The selector of a sub-message whose form its own length tells.
const PAYLOAD_LENGTH: &str = "payload-length";

/// How many attributes of a level are looked through for a selector.
const SELECTOR_REACH: usize = 256;

impl Level<'_> {
    /// The form of a sub-message of `length` bytes: that which the attribute called `selector`
    /// selects, or of several attributes, with `|` between their names, the first that selects
    /// one. It stands in this level or in one around it; or it is the member of a struct before
    /// one of them, which YNL does not have: the kernel numbers the attributes of a link otherwise
    /// where the header says that it is of a bridge. Where it is nowhere, the form of what was
    /// asked for, else that of no value.
    pub(super) fn selected<'b>(
        &self,
        selector: &str,
        formats: &'b [SubMessageFormat],
        length: usize,
    ) -> Option<&'b SubMessageFormat> {
        if selector == PAYLOAD_LENGTH {
            return format_of_length(length, formats);
        }
        let either = selector.split('|');
        let mut found = either
            .filter_map(|it| self.named(it, formats, 0))
            .peekable();
        if found.peek().is_some() {
            return found.flatten().next();
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

/// The form of a sub-message that the length of the payload selects: that for the greatest length
/// which the payload has.
fn format_of_length(length: usize, formats: &[SubMessageFormat]) -> Option<&SubMessageFormat> {
    let least = |it: &SubMessageFormat| it.value.parse::<usize>().ok();
    let fitting = (formats.iter()).filter(|it| least(it).is_some_and(|it| it <= length));
    fitting.max_by_key(|it| least(it))
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
