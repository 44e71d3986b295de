// SPDX-License-Identifier: GPL-2.0-or-later
//! Which messages are shown.

use ynl::decode::Value;

use super::options::Options;
use crate::messages::event::{Event, Role};
use crate::values::{Broken, Walker, push_leaf, walk_level, walk_record};

/// What is asked for; each kind of condition must hold, of one kind any.
pub(super) struct MessageFilter<'a> {
    options: &'a Options,
    /// Names of attributes, and the values that they must have.
    attributes: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> MessageFilter<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        let split = |it: &'a String| match it.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (it.as_str(), None),
        };
        Self {
            options,
            attributes: options.attr.iter().map(split).collect(),
        }
    }

    /// Whether the message is shown.
    pub(super) fn wants(&self, event: &Event<'_>) -> bool {
        let options = self.options;
        let any = |wanted: &[String], names: &[&str]| {
            wanted.is_empty() || wanted.iter().any(|it| names.contains(&it.as_str()))
        };
        any(&options.family, &[&event.family, event.protocol])
            && any(&options.op, &[&event.operation])
            && (options.pid.is_empty()
                || (event.process.as_ref()).is_some_and(|it| options.pid.contains(&it.pid)))
            && (!options.errors || event.role == Role::Error)
            && (self.attributes.iter()).all(|(name, value)| has_attribute(event, name, *value))
    }
}

/// Whether the message has an attribute, or a member of a struct, of that name
/// or path, and of that value if one is given.
fn has_attribute(event: &Event<'_>, name: &str, value: Option<&str>) -> bool {
    let Some(body) = &event.body else {
        return false;
    };
    let mut search = Search {
        name,
        value,
        path: String::new(),
        ends: Vec::new(),
        text: String::new(),
        found: false,
    };
    if let Some(header) = &body.header {
        walk_record(header, &mut search);
    }
    if !search.found {
        walk_level(&body.level, &mut search);
    }
    search.found
}

struct Search<'a> {
    name: &'a str,
    value: Option<&'a str>,
    /// The way to the value at hand.
    path: String,
    /// Lengths of the path before each name that was added.
    ends: Vec<usize>,
    text: String,
    found: bool,
}

impl Search<'_> {
    fn push(&mut self, name: &str) {
        self.ends.push(self.path.len());
        // An index is no name: every element of an array is meant.
        if !name.starts_with('[') {
            self.path.push('.');
            self.path.push_str(name);
        }
    }

    fn pop(&mut self) {
        let end = self.ends.pop().unwrap_or(0);
        self.path.truncate(end);
    }

    fn is_meant(&self) -> bool {
        let before = self.path.strip_suffix(self.name);
        before.is_some_and(|it| it.ends_with('.'))
    }
}

impl Walker for Search<'_> {
    fn leaf(&mut self, name: &str, _: bool, value: &Value<'_>) -> bool {
        self.push(name);
        if self.is_meant() {
            self.found = match self.value {
                None => true,
                Some(wanted) => {
                    self.text.clear();
                    push_leaf(&mut self.text, value);
                    let as_text = matches!(value, Value::Text(text) if *text == wanted.as_bytes());
                    as_text || self.text == wanted
                }
            };
        }
        self.pop();
        !self.found
    }

    fn begin(&mut self, name: &str, _: bool) -> bool {
        self.push(name);
        self.found |= self.is_meant() && self.value.is_none();
        if self.found {
            self.pop();
        }
        !self.found
    }

    fn end(&mut self) {
        self.pop();
    }

    fn broken(&mut self, _: Broken<'_>) {}
}
