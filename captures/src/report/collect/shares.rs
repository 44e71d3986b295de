// SPDX-License-Identifier: GPL-2.0-or-later
//! What answers consist of: bytes by attribute.

use std::rc::Rc;

use ynl::decode::{Field, Inner, Level, Value};
use ynl::model::AttrKind;

use crate::messages::event::Event;
use crate::report::model::{Attribute, Share};

/// The most kinds of answers that are counted apart.
pub(super) const MOST: usize = 32;

/// The most different attributes of a kind of answer; those that follow are
/// counted for the attribute that they are in.
const MOST_NODES: usize = 1024;

/// How deep attributes are looked into.
const DEEPEST: u32 = 6;

/// The number of all elements of an array: attribute numbers have 14 bits.
const ELEMENT: u16 = u16::MAX;

/// An attribute at its place in the tree.
struct Node {
    name: String,
    depth: u32,
    count: u64,
    bytes: u64,
    /// By number, in the order of numbers.
    children: Vec<(u16, usize)>,
}

/// Answers of one kind.
struct Tree {
    family: Rc<str>,
    operation: Rc<str>,
    messages: u64,
    bytes: u64,
    headers: u64,
    odd: u64,
    /// The first one is the message itself.
    nodes: Vec<Node>,
}

/// All kinds of answers.
#[derive(Default)]
pub(super) struct Shares {
    all: Vec<Tree>,
    last: usize,
    /// Answers of kinds that are not counted apart.
    pub(super) left_out: u64,
}

impl Shares {
    /// Counts an answer with data.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        let Some(body) = &event.body else {
            return;
        };
        let (family, operation) = match &event.tie {
            Some(tie) => (&tie.request.family, &tie.request.operation),
            None => (&event.family, &event.operation),
        };
        let same = |it: &Tree| it.family == *family && it.operation == *operation;
        let at = match self.all.get(self.last).is_some_and(same) {
            true => Some(self.last),
            false => self.all.iter().position(same),
        };
        let at = match at {
            Some(at) => at,
            None if self.all.len() >= MOST => {
                self.left_out += 1;
                return;
            }
            None => {
                self.all.push(Tree::new(family, operation));
                self.all.len() - 1
            }
        };
        self.last = at;
        let tree = &mut self.all[at];
        let (whole, inside) = (event.bytes.len(), body.level.bytes().len());
        tree.messages += 1;
        tree.bytes += whole as u64;
        tree.headers += whole.saturating_sub(inside) as u64;
        tree.walk(&body.level, 0);
    }

    /// The list, most bytes first.
    pub(super) fn finish(self) -> Vec<Share> {
        let mut all: Vec<_> = self.all.into_iter().map(Tree::finish).collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        all
    }
}

impl Tree {
    fn new(family: &Rc<str>, operation: &Rc<str>) -> Self {
        Self {
            family: Rc::clone(family),
            operation: Rc::clone(operation),
            messages: 0,
            bytes: 0,
            headers: 0,
            odd: 0,
            nodes: vec![Node {
                name: String::new(),
                depth: 0,
                count: 0,
                bytes: 0,
                children: Vec::new(),
            }],
        }
    }

    /// Counts the attributes of a level.
    fn walk(&mut self, level: &Level<'_>, parent: usize) {
        let mut left = level.bytes().len();
        for field in level.fields() {
            let Ok(field) = field else {
                if parent == 0 {
                    self.odd += left as u64;
                }
                return;
            };
            let whole = (4 + field.attribute.payload.len())
                .next_multiple_of(4)
                .min(left);
            left -= whole;
            let number = field.attribute.number;
            let Some(node) = self.child(parent, number, || name(&field)) else {
                continue;
            };
            self.nodes[node].count += 1;
            self.nodes[node].bytes += whole as u64;
            if self.nodes[node].depth < DEEPEST && may_hold(&field) {
                let read = level.read(&field);
                // The form of a sub-message may be one that nobody describes.
                if !read.guessed || field.attribute.nested {
                    self.enter(&read.value, node);
                }
            }
        }
    }

    fn enter(&mut self, value: &Value<'_>, node: usize) {
        match value {
            Value::Nest(inner) => self.walk(inner, node),
            Value::SubMessage {
                level: Some(inner), ..
            } => self.walk(inner, node),
            Value::Keyed(keyed) => {
                for it in keyed.entries().flatten() {
                    if let Inner::Nest(inner) = &it.inner {
                        self.walk(inner, node);
                    }
                }
            }
            Value::Records(all) => {
                for it in all.elements().flatten() {
                    let Some(element) = self.element(node, it.size.next_multiple_of(4)) else {
                        return;
                    };
                    self.enter(&it.value, element);
                }
            }
            Value::Indexed(all) => {
                for field in all.fields().flatten() {
                    let whole = (4 + field.attribute.payload.len()).next_multiple_of(4);
                    let Some(element) = self.element(node, whole) else {
                        return;
                    };
                    if let Value::Nest(inner) = all.read(&field) {
                        self.walk(&inner, element);
                    }
                }
            }
            _ => {}
        }
    }

    /// The node of all elements of an array, one more of which is counted.
    fn element(&mut self, parent: usize, bytes: usize) -> Option<usize> {
        let element = self.child(parent, ELEMENT, || String::from("[…]"))?;
        self.nodes[element].count += 1;
        self.nodes[element].bytes += bytes as u64;
        Some(element)
    }

    /// The node of that number in `parent`.
    fn child(
        &mut self,
        parent: usize,
        number: u16,
        name: impl FnOnce() -> String,
    ) -> Option<usize> {
        let children = &self.nodes[parent].children;
        let place = match children.binary_search_by_key(&number, |it| it.0) {
            Ok(at) => return Some(children[at].1),
            Err(place) => place,
        };
        if self.nodes.len() >= MOST_NODES {
            return None;
        }
        let new = self.nodes.len();
        let depth = match parent {
            0 => 0,
            _ => self.nodes[parent].depth + 1,
        };
        self.nodes.push(Node {
            name: name(),
            depth,
            count: 0,
            bytes: 0,
            children: Vec::new(),
        });
        self.nodes[parent].children.insert(place, (number, new));
        Some(new)
    }

    fn finish(self) -> Share {
        let mut attributes = Vec::new();
        self.list(0, &mut attributes);
        Share {
            family: self.family.to_string(),
            operation: self.operation.to_string(),
            messages: self.messages,
            bytes: self.bytes,
            headers: self.headers,
            odd: self.odd,
            attributes,
        }
    }

    fn list(&self, parent: usize, out: &mut Vec<Attribute>) {
        let mut children: Vec<_> = self.nodes[parent]
            .children
            .iter()
            .map(|(_, at)| (*at, &self.nodes[*at]))
            .collect();
        children.sort_by_key(|(_, node)| std::cmp::Reverse(node.bytes));
        for (at, node) in children {
            out.push(Attribute {
                name: node.name.clone(),
                depth: node.depth,
                count: node.count,
                bytes: node.bytes,
                share: node.bytes as f64 / self.bytes.max(1) as f64,
            });
            self.list(at, out);
        }
    }
}

/// Whether the specification, or the attribute itself, says that there are
/// attributes in it. A guess would do for people, but not for sums.
fn may_hold(field: &Field<'_>) -> bool {
    match field.spec {
        None => field.attribute.nested,
        Some(spec) => matches!(
            spec.kind,
            AttrKind::Nest(_)
                | AttrKind::IndexedArray(_)
                | AttrKind::Entries { .. }
                | AttrKind::NestTypeValue { .. }
                | AttrKind::SubMessage { .. }
        ),
    }
}

/// What an attribute is called.
fn name(field: &Field<'_>) -> String {
    match field.spec {
        Some(spec) => spec.name.clone(),
        None => format!("#{}", field.attribute.number),
    }
}

#[cfg(test)]
mod tests {
    use crate::file::sample::{attribute, message};
    use crate::report::tests::made_up;

    #[test]
    fn the_next_hops_of_a_route_are_counted_with_what_is_in_them() {
        let gateway = attribute(5, &[192, 0, 2, 1]);
        let hop = [&16_u16.to_ne_bytes()[..], &[0; 6], &gateway].concat();
        let hops = attribute(9, &[&hop[..], &hop].concat());
        let answer = [&[2; 12][..], &hops].concat();
        let frames = [
            (0, message(libc::RTM_GETROUTE, 0x301, 1, &[0; 12])),
            (0, message(libc::RTM_NEWROUTE, 2, 1, &answer)),
        ];
        let report = made_up(&[("ip", &frames)]);
        let share = &report.groups[0].recordings[0].shares[0];
        let all: Vec<_> = (share.attributes.iter())
            .map(|it| (it.name.as_str(), it.depth, it.count, it.bytes))
            .collect();
        assert_eq!(
            all,
            [
                ("multipath", 0, 1, 36),
                ("[…]", 1, 2, 32),
                ("gateway", 2, 2, 16)
            ]
        );
    }
}
