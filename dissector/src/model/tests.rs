// SPDX-License-Identifier: GPL-2.0-or-later
//! What a specification says, and how one that says nonsense is refused.

use super::*;

/// Our own specification with one text replaced.
fn spoilt(from: &str, to: &str) -> String {
    assert!(NL_UTIL_YAML.contains(from), "{from}");
    let text = NL_UTIL_YAML.replacen(from, to, 1);
    Family::parse(&text, "spec.yaml").unwrap_err().to_string()
}

#[test]
fn the_family_has_the_numbers_of_the_wire() {
    let family = nl_util();
    let numbers = |set: &str| -> Vec<(u16, String)> {
        let set = &family[family.set(set).unwrap()];
        set.attributes
            .iter()
            .map(|it| (it.number, it.c_name.clone()))
            .collect()
    };
    assert_eq!(numbers("nl-util"), [(1, "NL_UTIL_A_NETDEV".to_owned())]);
    let names = [
        "IFINDEX", "IFNAME", "FLAGS", "IFMTU", "STATE", "QLEN", "STATS", "IFBRD", "IFMAC",
    ];
    let expected = names
        .iter()
        .zip(1..)
        .map(|(name, at)| (at, format!("NL_UTIL_NESTED_A_{name}")));
    assert_eq!(numbers("netdev"), expected.collect::<Vec<_>>());
    let operations: Vec<_> = family
        .operations
        .iter()
        .map(|it| (it.request_number, it.c_name.as_str()))
        .collect();
    assert_eq!(
        operations,
        [
            (Some(1), "NL_UTIL_C_L2_LIST"),
            (Some(2), "NL_UTIL_C_L2_IID"),
            (Some(3), "NL_UTIL_C_REPLY_WITH_NLMSG_ERR"),
        ]
    );
    let stats = &family[family.structure("rtnl-link-stats64").unwrap()];
    assert_eq!((stats.members.len(), stats.size), (25, 200));
}

#[test]
fn an_unknown_key_is_refused_with_file_and_line() {
    let refusal = spoilt(
        "    name: oper-state\n",
        "    name: oper-state\n    colour: red\n",
    );
    let line = NL_UTIL_YAML
        .lines()
        .position(|line| line == "    name: oper-state")
        .unwrap()
        + 2;
    assert!(
        refusal.starts_with(&format!("spec.yaml:{line}:")),
        "{refusal}"
    );
    assert!(refusal.contains("colour"), "{refusal}");
}

#[test]
fn references_to_nothing_and_numbers_twice_are_refused_with_file_and_line() {
    for (from, to, word) in [
        (
            "nested-attributes: netdev",
            "nested-attributes: nowhere",
            "nowhere",
        ),
        ("enum: oper-state", "enum: no-state", "no-state"),
        (
            "struct: rtnl-link-stats64",
            "struct: no-struct",
            "no-struct",
        ),
        ("attribute-set: nl-util", "attribute-set: no-set", "no-set"),
        (
            "            - netdev",
            "            - no-attribute",
            "no-attribute",
        ),
        (
            "        name: ifname\n        type: string",
            "        name: ifname\n        value: 1\n        type: string",
            "1",
        ),
        (
            "        name: ifname\n",
            "        name: ifindex\n",
            "ifindex",
        ),
    ] {
        let refusal = spoilt(from, to);
        assert!(
            refusal.starts_with("spec.yaml:") && refusal.contains(word),
            "{to}: {refusal}"
        );
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    for text in ["", "name: [", "just a text", "name: x\n"] {
        assert!(Family::parse(text, "spec.yaml").is_err(), "{text:?}");
    }
}
