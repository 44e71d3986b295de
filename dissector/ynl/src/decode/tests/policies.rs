// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's policies, as net/netlink/policy.c writes them.

use super::levels::{attr, text};
use super::*;

/// An attribute of a policy: its type, and the policy of what is in it.
fn rule(policy: u16, number: u16, kind: u32, inner: Option<u32>) -> Vec<u8> {
    let mut said = attr(1, &kind.to_le_bytes());
    if let Some(inner) = inner {
        said = [attr(8, &inner.to_le_bytes()), attr(9, &[9, 0, 0, 0]), said].concat();
    }
    attr(8, &attr(policy, &attr(number, &said)))
}

/// That the operation has these policies.
fn operation(number: u16, form: u16, policy: u32) -> Vec<u8> {
    attr(9, &attr(number, &attr(form, &policy.to_le_bytes())))
}

fn learnt(parts: &[Vec<u8>]) -> Policies {
    let mut policies = Policies::default();
    for part in parts {
        policies.learn(attributes(part, Endian::Little), Endian::Little);
    }
    policies
}

fn shown(policies: &Policies, command: u8, is_dump: bool, bytes: &[u8]) -> Option<String> {
    let level = policies.level(command, is_dump, Endian::Little, bytes, 20)?;
    Some(text(&level))
}

#[test]
fn a_request_is_read_by_the_policy_of_its_operation_and_form() {
    let policies = learnt(&[
        operation(3, 1, 0),
        operation(3, 2, 2),
        operation(4, 2, 1),
        rule(0, 1, 4, None),
        rule(0, 2, 12, None),
        rule(0, 3, 13, Some(1)),
        rule(0, 4, 14, Some(1)),
        rule(0, 5, 15, None),
        rule(0, 6, 1, None),
        rule(0, 7, 13, None),
        rule(0, 8, 10, None),
        rule(0, 9, 17, None),
        rule(0, 10, 99, None),
        rule(1, 1, 8, None),
        rule(2, 1, 2, None),
    ]);
    let inner = attr(1, &[0xff; 4]);
    let bytes = [
        attr(1, b"abc\0"),
        attr(2, b"abc\0"),
        attr(3, &inner),
        attr(4, &attr(5, &inner)),
        attr(5, &[1, 0, 0, 0, 3, 0, 0, 0]),
        attr(6, &[]),
        attr(7, &inner),
        attr(8, b"abc\0"),
        attr(9, &[1, 0, 0, 0]),
        attr(10, b"abc\0"),
    ]
    .concat();
    let expected = "1=6513249 2=abc 3={1=-1} 4=5:{1=-1}  5=Err(1)/Err(1)Err(2) 6=Flag \
        7={1?=4294967295} 8=Bytes { bytes: [97, 98, 99, 0], hint: None } 9=1 10?=abc";
    assert_eq!(
        shown(&policies, 3, false, &bytes).as_deref(),
        Some(expected)
    );
    let one = attr(1, &[7]);
    assert_eq!(shown(&policies, 3, true, &one).as_deref(), Some("1=7"));
    assert_eq!(
        shown(&policies, 3, false, &one).as_deref(),
        Some("1=Odd([7])")
    );
    // An operation that has one form only, and one that has none.
    assert_eq!(
        shown(&policies, 4, false, &one).as_deref(),
        Some("1=Odd([7])")
    );
    assert_eq!(shown(&policies, 5, false, &one), None);
    let names = policies.level(3, false, Endian::Little, &one, 20).unwrap();
    assert_eq!(names.fields().next().unwrap().unwrap().name(), None);
    assert_eq!(path_at(&names, 20).as_deref(), Some("1"));
}

#[test]
fn parts_that_come_later_are_added_and_an_empty_policy_is_none() {
    let mut policies = learnt(&[operation(3, 1, 0)]);
    assert!(policies.has(3) && !policies.has(4));
    let one = attr(1, &[7]);
    assert_eq!(shown(&policies, 3, false, &one), None);
    policies.learn(
        attributes(&rule(0, 1, 2, None), Endian::Little),
        Endian::Little,
    );
    assert_eq!(shown(&policies, 3, false, &one).as_deref(), Some("1=7"));
}

proptest! {
    #[test]
    fn no_policy_makes_it_panic(
        rules in prop::collection::vec((0_u16..4, any::<u16>(), 0_u32..20, prop::option::of(0_u32..6)), 0..40),
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let parts: Vec<_> = rules.into_iter().map(|(policy, number, kind, inner)| rule(policy, number, kind, inner)).collect();
        let mut policies = learnt(&parts);
        for command in 0..4 {
            let operation = operation(command, 1, command.into());
            policies.learn(attributes(&operation, Endian::Little), Endian::Little);
            shown(&policies, command as u8, false, &bytes);
        }
        policies.learn(attributes(&bytes, Endian::Little), Endian::Little);
    }
}
