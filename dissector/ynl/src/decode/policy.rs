// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's policies: what it says itself of the attributes of requests.
//!
//! An answer to CTRL_CMD_GETPOLICY (linux/genetlink.h, net/netlink/policy.c) tells of a
//! generic netlink family's operations by which policy their requests are checked, and
//! of each policy's attributes their type and the policy of what nests in them. It has
//! numbers, no names, and says nothing of the kernel's answers.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Attribute, Attributes, Endian, Level};
use crate::model::{Family, UNNAMED};

/// `CTRL_ATTR_POLICY` and `CTRL_ATTR_OP_POLICY` of linux/genetlink.h.
const POLICY: u16 = 8;
const OP_POLICY: u16 = 9;

/// `CTRL_ATTR_POLICY_DO` and `CTRL_ATTR_POLICY_DUMP`.
const DO: u16 = 1;
const DUMP: u16 = 2;

/// `enum netlink_policy_type_attr` of linux/netlink.h.
const TYPE: u16 = 1;
const POLICY_IDX: u16 = 8;

/// The most attributes of all policies of a family that are remembered. The greatest
/// family, nl80211, has about 1,000.
const MOST: usize = 1 << 13;

/// How often what was learnt may change behind the first request that was read by it:
/// to read it anew takes time.
const MOST_CHANGES: u8 = 16;

/// The policies of a generic netlink family.
#[derive(Debug, Default)]
pub struct Policies {
    /// By operation the policies of do and dump.
    operations: BTreeMap<u8, [Option<u32>; 2]>,
    /// By policy and number what an attribute is.
    rules: BTreeMap<(u32, u16), Rule>,
    /// Made of the above when it is asked for.
    family: OnceCell<Option<Family>>,
    /// How often that was made in vain.
    changes: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    /// `enum netlink_attribute_type`.
    kind: u32,
    /// The policy of the attributes in it.
    inner: Option<u32>,
}

impl Policies {
    /// Takes what the attributes of one answer say; answers to a dump come in
    /// parts.
    pub fn learn(&mut self, answer: Attributes<'_>, endian: Endian) {
        if self.family.get().is_some() {
            if self.changes >= MOST_CHANGES {
                return;
            }
            self.changes += 1;
            self.family.take();
        }
        for it in answer.flatten() {
            match it.number {
                OP_POLICY => {
                    for operation in it.attributes(endian).flatten() {
                        self.learn_operation(&operation, endian);
                    }
                }
                POLICY => {
                    for policy in it.attributes(endian).flatten() {
                        for attribute in policy.attributes(endian).flatten() {
                            self.learn_rule(policy.number, &attribute, endian);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn learn_operation(&mut self, operation: &Attribute<'_>, endian: Endian) {
        let Ok(number) = u8::try_from(operation.number) else {
            return;
        };
        let forms = self.operations.entry(number).or_default();
        for it in operation.attributes(endian).flatten() {
            match it.number {
                DO => forms[0] = it.u32(endian),
                DUMP => forms[1] = it.u32(endian),
                _ => {}
            }
        }
    }

    fn learn_rule(&mut self, policy: u16, attribute: &Attribute<'_>, endian: Endian) {
        let mut kind = None;
        let mut inner = None;
        for it in attribute.attributes(endian).flatten() {
            match it.number {
                TYPE => kind = it.u32(endian),
                POLICY_IDX => inner = it.u32(endian),
                _ => {}
            }
        }
        if let Some(kind) = kind
            && self.rules.len() < MOST
        {
            let rule = Rule { kind, inner };
            self.rules.insert((policy.into(), attribute.number), rule);
        }
    }

    /// Whether a request of that operation has a policy.
    pub fn has(&self, operation: u8) -> bool {
        let forms = self.operations.get(&operation);
        forms.is_some_and(|forms| forms.iter().any(Option::is_some))
    }

    /// The attributes `bytes` of a request of that operation, with `offset` bytes
    /// before them in the message, as [`Level::new`] has them. Their specifications
    /// have no names ([`Field::name`](super::Field::name)). `None` where there is no
    /// policy for it.
    pub fn level<'a>(
        &'a self,
        operation: u8,
        is_dump: bool,
        endian: Endian,
        bytes: &'a [u8],
        offset: usize,
    ) -> Option<Level<'a>> {
        let forms = self.operations.get(&operation)?;
        let [a, b] = match is_dump {
            true => [forms[1], forms[0]],
            false => *forms,
        };
        let family = self.family.get_or_init(|| self.family()).as_ref()?;
        let set = family.set(&set_name(a.or(b)?))?;
        Some(Level::new(
            Some(family),
            Some(&family[set]),
            endian,
            bytes,
            offset,
        ))
    }

    /// The policies written as a specification, and read as any other.
    fn family(&self) -> Option<Family> {
        let mut text = String::from(
            "name: policies\ndoc: ''\nprotocol: genetlink-legacy\noperations: {list: []}\n\
             attribute-sets:\n- {name: unknown, attributes: []}\n",
        );
        let mut last = None;
        for ((policy, number), rule) in &self.rules {
            if last != Some(policy) {
                last = Some(policy);
                let name = set_name(*policy);
                // Writing to a String cannot fail.
                let _ = writeln!(text, "- name: {name}\n  attributes:");
            }
            if let Some(kind) = self.kind(rule) {
                let _ = writeln!(
                    text,
                    "  - {{name: '{UNNAMED}{number}', value: {number}, {kind}}}"
                );
            }
        }
        // A policy of which nothing can be said has no list of attributes.
        let text = text.replace("  attributes:\n- ", "  attributes: []\n- ");
        let text = match text.strip_suffix("  attributes:\n") {
            Some(before) => format!("{before}  attributes: []\n"),
            None => text,
        };
        Family::parse(&text, "policies").ok()
    }

    /// The keys of a specification for what an attribute is; `None` for a type that
    /// is not known.
    fn kind(&self, rule: &Rule) -> Option<String> {
        let inner = || match rule.inner {
            Some(inner) if self.has_rules(inner) => set_name(inner),
            _ => String::from("unknown"),
        };
        // `enum netlink_attribute_type`, from 1 on.
        Some(match rule.kind {
            1 => "type: flag".into(),
            2 => "type: u8".into(),
            3 => "type: u16".into(),
            4 => "type: u32".into(),
            5 => "type: u64".into(),
            6 => "type: s8".into(),
            7 => "type: s16".into(),
            8 => "type: s32".into(),
            9 => "type: s64".into(),
            10 => "type: binary".into(),
            11 | 12 => "type: string".into(),
            13 => format!("type: nest, nested-attributes: {}", inner()),
            14 => format!(
                "type: indexed-array, sub-type: nest, nested-attributes: {}",
                inner()
            ),
            15 => "type: bitfield32".into(),
            16 => "type: sint".into(),
            17 => "type: uint".into(),
            _ => return None,
        })
    }

    fn has_rules(&self, policy: u32) -> bool {
        let mut from = self.rules.range((policy, 0)..=(policy, u16::MAX));
        from.next().is_some()
    }
}

fn set_name(policy: u32) -> String {
    format!("policy-{policy}")
}
