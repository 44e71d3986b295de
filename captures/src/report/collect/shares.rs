// SPDX-License-Identifier: GPL-2.0-or-later
//! What answers consist of: bytes by attribute.

use std::rc::Rc;

use neli::consts::rtnl::Ifla;
use nl_dissector::decode::{Field, Inner, Level, Value};
use nl_dissector::model::AttrKind;

use crate::report::model::{Attribute, Share};
use crate::show::event::Event;

/// The most kinds of answers that are told apart.
const MOST: usize = 32;

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
    /// Answers of kinds that are not told apart.
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
        let is_link = event.packet.protocol == libc::NETLINK_ROUTE as u16
            && (libc::RTM_NEWLINK..=libc::RTM_SETLINK).contains(&event.message.kind);
        tree.walk(&body.level, 0, is_link);
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

    /// Counts the attributes of a level; `is_link` where rtnetlink's names of
    /// attributes of links will do.
    fn walk(&mut self, level: &Level<'_>, parent: usize, is_link: bool) {
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
            let name = || name(&field, is_link);
            let Some(node) = self.child(parent, number, name) else {
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
            Value::Nest(inner) => self.walk(inner, node, false),
            Value::SubMessage {
                level: Some(inner), ..
            } => self.walk(inner, node, false),
            Value::Keyed(keyed) => {
                if let Inner::Nest(inner) = &keyed.inner {
                    self.walk(inner, node, false);
                }
            }
            Value::Indexed(all) => {
                for field in all.fields().flatten() {
                    let name = || String::from("[…]");
                    let Some(element) = self.child(node, ELEMENT, name) else {
                        return;
                    };
                    let whole = (4 + field.attribute.payload.len()).next_multiple_of(4);
                    self.nodes[element].count += 1;
                    self.nodes[element].bytes += whole as u64;
                    if let Value::Nest(inner) = all.read(&field) {
                        self.walk(&inner, element, false);
                    }
                }
            }
            _ => {}
        }
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
                | AttrKind::NestTypeValue { .. }
                | AttrKind::SubMessage { .. }
        ),
    }
}

/// What an attribute is called.
fn name(field: &Field<'_>, is_link: bool) -> String {
    match field.spec {
        Some(spec) => spec.name.clone(),
        None => label(field.attribute.number, is_link),
    }
}

/// Attributes of links from IFLA_MIN_MTU on (linux/if_link.h), where neli's list
/// begins to lack some.
const NEWER: [&str; 18] = [
    "min-mtu",
    "max-mtu",
    "prop-list",
    "alt-ifname",
    "perm-address",
    "proto-down-reason",
    "parent-dev-name",
    "parent-dev-bus-name",
    "gro-max-size",
    "tso-max-size",
    "tso-max-segs",
    "allmulti",
    "devlink-port",
    "gso-ipv4-max-size",
    "gro-ipv4-max-size",
    "dpll-pin",
    "max-pacing-offload-horizon",
    "netns-immutable",
];

/// What an attribute without a specification is called: of a link, by the name of
/// linux/if_link.h as specifications write it.
pub(super) fn label(number: u16, is_link: bool) -> String {
    let newer = usize::from(number).checked_sub(usize::from(libc::IFLA_MIN_MTU));
    let newer = newer.and_then(|at| NEWER.get(at));
    match (Ifla::from(number), newer) {
        (_, Some(name)) if is_link => (*name).to_owned(),
        (Ifla::UnrecognizedConst(_), _) => format!("#{number}"),
        (known, _) if is_link => {
            let mut name = String::new();
            for c in format!("{known:?}").chars() {
                if c.is_ascii_uppercase() && !name.is_empty() {
                    name.push('-');
                }
                name.push(c.to_ascii_lowercase());
            }
            name
        }
        _ => format!("#{number}"),
    }
}
