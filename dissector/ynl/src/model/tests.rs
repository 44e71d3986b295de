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
    let top = ["NETDEV", "EXT_MASK"].iter().zip(1..);
    let top = top.map(|(name, at)| (at, format!("NL_UTIL_A_{name}")));
    assert_eq!(numbers("nl-util"), top.collect::<Vec<_>>());
    let names = [
        "IFINDEX",
        "IFNAME",
        "FLAGS",
        "IFMTU",
        "STATE",
        "QLEN",
        "STATS",
        "IFBRD",
        "IFMAC",
        "LINK",
        "MASTER",
        "KIND",
        "IFALIAS",
        "PERM_MAC",
        "MIN_MTU",
        "MAX_MTU",
        "CARRIER",
        "IFI_FLAGS",
        "LINK_NETNSID",
    ];
    let expected = names
        .iter()
        .zip(1..)
        .map(|(name, at)| (at, format!("NL_UTIL_NESTED_A_{name}")));
    assert_eq!(numbers("netdev"), expected.collect::<Vec<_>>());
    let operations: Vec<_> = family
        .operations
        .iter()
        .map(|it| (it.reply_number, it.is_async(), it.c_name.as_str()))
        .collect();
    assert_eq!(
        operations,
        [
            (Some(1), false, "NL_UTIL_C_L2_LIST"),
            (Some(2), false, "NL_UTIL_C_L2_IID"),
            (Some(3), false, "NL_UTIL_C_REPLY_WITH_NLMSG_ERR"),
            (Some(4), true, "NL_UTIL_C_L2_NEW_NTF"),
            (Some(5), true, "NL_UTIL_C_L2_CHANGE_NTF"),
            (Some(6), true, "NL_UTIL_C_L2_DEL_NTF"),
        ]
    );
    let groups: Vec<_> = family.groups.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(groups, ["l2"]);
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

/// A netlink-raw specification: two enum entries that YAML 1.1 takes for truth
/// values, a constant with a prefix, and a list with a name that is nowhere.
const RAW: &str = "\
name: switches
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - {name: state, type: enum, enum-cnt-name: state-cnt, entries: [on, off, yes, n]}
  - {name: key-len, name-prefix: sw-, type: const, value: 32}
attribute-sets:
  - name: switch-attrs
    header: linux/switch.h
    attributes:
      - {name: key, type: binary, checks: {exact-len: sw-key-len}}
      - {name: state, type: u8, enum: state}
operations:
  list:
    - name: get
      doc: Asks.
      attribute-set: switch-attrs
      do: {request: {attributes: [key]}, reply: {attributes: [state, colour]}}
";

#[test]
fn on_and_off_are_names() {
    let family = Family::parse(RAW, "raw.yaml").unwrap();
    let names = family.enums[0].entries.iter().map(|it| it.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["on", "off", "yes", "n"]);
}

#[test]
fn a_constant_is_found_by_its_name_with_the_prefix() {
    let family = Family::parse(RAW, "raw.yaml").unwrap();
    assert_eq!(family.constants[0].c_name, "SW_KEY_LEN");
    assert_eq!(family.sets[0].attributes[0].checks.exact_len, Some(32));
}

#[test]
fn a_name_that_netlink_raw_lists_in_vain_is_noted_and_in_generic_netlink_refused() {
    let family = Family::parse(RAW, "raw.yaml").unwrap();
    let [oddity] = &family.oddities[..] else {
        panic!("{:?}", family.oddities)
    };
    assert_eq!(
        oddity.to_string(),
        "raw.yaml:19:70: operations.list[get].do.reply.attributes: \
         the set `switch-attrs` has no attribute `colour`"
    );
    assert_eq!(nl_util().oddities, []);
    let generic = RAW.replace("netlink-raw\nprotonum: 31", "genetlink-legacy");
    let refusal = Family::parse(&generic, "spec.yaml").unwrap_err();
    assert_eq!(refusal.message, oddity.message);
}

#[test]
fn a_number_is_found_in_sets_and_enums_with_gaps_and_without() {
    let family = nl_util();
    for set in &family.sets {
        for it in &set.attributes {
            assert_eq!(set.by_number(it.number), Some(it));
        }
        assert_eq!(set.by_number(set.max_number() + 1), None);
    }
    let odd = RAW.replace(
        "entries: [on, off, yes, n]",
        "value-start: -7, entries: [on, {name: off, value: 9}, yes, {name: n, value: -2}]",
    );
    let family = Family::parse(&odd, "raw.yaml").unwrap();
    for (value, name) in [(-7, "on"), (9, "off"), (10, "yes"), (-2, "n")] {
        assert_eq!(family.enums[0].by_value(value).unwrap().name, name);
    }
    for value in [-8, -6, 0, 11, i64::MIN, i64::MAX] {
        assert_eq!(family.enums[0].by_value(value), None);
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    for text in ["", "name: [", "just a text", "name: x\n"] {
        assert!(Family::parse(text, "spec.yaml").is_err(), "{text:?}");
    }
}

/// A specification that says something of every kind there is.
const ALL: &str = "\
name: zoo
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - {name: colour, type: enum, value-start: 5, entries: [red, {name: green, value: 9}]}
  - name: head
    type: struct
    members:
      - {name: legs, type: u8, enum: colour}
attribute-sets:
  - name: animal
    attributes:
      - {name: kind, type: string, checks: {max-len: 15}}
      - {name: data, type: sub-message, sub-message: forms, selector: kind}
      - {name: around, type: nest, nested-attributes: inner}
  - name: inner
    subset-of: animal
    attributes:
      - {name: kind}
sub-messages:
  - name: forms
    formats:
      - {value: cat, fixed-header: head, attribute-set: inner}
operations:
  fixed-header: head
  list:
    - {name: get, doc: Asks., value: 20, attribute-set: animal, do: {request: {attributes: [kind]}, reply: {}}}
    - {name: new-ntf, doc: Tells., notify: get, value: 21, mcgrp: all}
mcast-groups:
  list:
    - {name: all, value: 3}
";

#[test]
fn an_unknown_key_or_value_is_refused_wherever_it_stands() {
    let family = Family::parse(ALL, "zoo.yaml").unwrap();
    assert_eq!((family.operations.len(), family.groups.len()), (2, 1));
    // Where it is put in, and the path under which it is refused.
    let places = [
        ("name: zoo", "name: zoo\nodd: 1", 2, ""),
        (
            "value-start: 5,",
            "value-start: 5, odd: 1,",
            6,
            "definitions[0]",
        ),
        (
            "{name: green, value: 9}",
            "{name: green, odd: 9}",
            6,
            "definitions[0].entries[1]",
        ),
        (
            "{name: legs, type: u8,",
            "{name: legs, odd: 1, type: u8,",
            10,
            "definitions[1].members[0]",
        ),
        (
            "    attributes:\n      - {name: kind, type",
            "    odd: 1\n    attributes:\n      - {name: kind, type",
            13,
            "attribute-sets[0]",
        ),
        (
            "{max-len: 15}",
            "{max-len: 15, odd: 1}",
            14,
            "attribute-sets[0].attributes[0].checks",
        ),
        (
            "selector: kind}",
            "selector: kind, odd: 1}",
            15,
            "attribute-sets[0].attributes[1]",
        ),
        (
            "type: nest,",
            "type: odd,",
            16,
            "attribute-sets[0].attributes[2].type",
        ),
        (
            "{value: cat,",
            "{odd: 1, value: cat,",
            24,
            "sub-messages[0].formats[0]",
        ),
        ("operations:\n", "operations:\n  odd: 1\n", 26, "operations"),
        ("value: 20,", "value: 20, odd: 1,", 28, "operations.list[0]"),
        (
            "{attributes: [kind]}",
            "{attributes: [kind], odd: 1}",
            28,
            "operations.list[0].do.request",
        ),
        (
            "{name: all, value: 3}",
            "{name: all, odd: 1}",
            32,
            "mcast-groups.list[0]",
        ),
    ];
    for (from, to, line, path) in places {
        assert_eq!(ALL.matches(from).count(), 1, "{from}");
        let refusal = Family::parse(&ALL.replace(from, to), "zoo.yaml").unwrap_err();
        assert_eq!(refusal.at.line, line, "{refusal}");
        assert!(refusal.message.contains("odd"), "{refusal}");
        assert!(refusal.path.starts_with(path), "{path}: {refusal}");
        assert!(
            refusal
                .to_string()
                .starts_with(&format!("zoo.yaml:{line}:")),
            "{refusal}"
        );
    }
}

/// The attribute in question, in a family of two structs.
fn rows(attribute: &str) -> Result<AttrKind, Refusal> {
    let text = format!(
        "name: rows\ndoc: Made up.\nprotocol: netlink-raw\nprotonum: 31\ndefinitions:\n\
         - {{name: hop, type: struct, members: [{{name: len, type: u16}}, {{name: at, type: s16}}, \
         {{name: key, type: string, len: 4}}]}}\n\
         - {{name: nothing, type: struct, members: []}}\n\
         - {{name: colour, type: enum, entries: [red]}}\n\
         attribute-sets:\n- name: rows\n  attributes:\n  - {{name: row, {attribute}}}\n\
         operations: {{list: []}}\n"
    );
    let family = Family::parse(&text, "rows.yaml")?;
    Ok(family.sets[0].attributes[0].kind.clone())
}

#[test]
fn an_array_of_structs_is_said_by_keys_that_the_kernels_schemas_do_not_have() {
    let (head, set) = (StructId::at(0), SetId::at(0));
    for (attribute, kind) in [
        ("type: binary, struct: hop", AttrKind::Struct(head)),
        // YNL's own meaning of both keys together.
        (
            "type: binary, struct: hop, sub-type: u32",
            AttrKind::Struct(head),
        ),
        (
            "type: binary, sub-type: struct, struct: hop",
            AttrKind::Structs(head),
        ),
        (
            "type: binary, sub-type: struct, struct: hop, length-member: len, nested-attributes: rows",
            AttrKind::Entries {
                head,
                length: 0,
                set,
            },
        ),
        (
            "type: binary, sub-type: struct, struct: hop, length-member: len",
            AttrKind::Sized { head, length: 0 },
        ),
    ] {
        assert_eq!(rows(attribute).unwrap(), kind, "{attribute}");
    }
}

#[test]
fn keys_of_an_array_of_structs_are_refused_where_they_make_none() {
    let row = "attribute-sets[rows].attributes[row]";
    let hop = "type: binary, sub-type: struct, struct: hop";
    for (attribute, path, message) in [
        (
            "type: struct",
            ".type",
            "is a `sub-type` alone: of a binary",
        ),
        ("type: binary, sub-type: struct", "", "needs a `struct`"),
        (
            "type: binary, sub-type: struct, struct: dog",
            ".struct",
            "there is no struct `dog`",
        ),
        (
            "type: binary, sub-type: struct, struct: nothing",
            ".struct",
            "a struct without a byte makes no array",
        ),
        (
            "type: indexed-array, sub-type: struct",
            ".sub-type",
            "an indexed array has nests, numbers, strings, binaries or sub-messages",
        ),
        (
            &format!("{hop}, nested-attributes: rows"),
            "",
            "needs a `length-member`",
        ),
        (
            &format!("{hop}, length-member: legs, nested-attributes: rows"),
            ".length-member",
            "`hop` has no such member",
        ),
        (
            &format!("{hop}, length-member: at, nested-attributes: rows"),
            ".length-member",
            "is no unsigned number",
        ),
        (
            &format!("{hop}, length-member: key, nested-attributes: rows"),
            ".length-member",
            "is no unsigned number",
        ),
        (
            &format!("{hop}, length-member: len, nested-attributes: none"),
            ".nested-attributes",
            "there is no attribute set `none`",
        ),
        (
            "type: binary, struct: hop, length-member: len",
            ".length-member",
            "does not belong to an attribute of this type",
        ),
        (
            "type: nest, nested-attributes: rows, length-member: len",
            ".length-member",
            "does not belong to an attribute of this type",
        ),
        (
            &format!("{hop}, enum: colour"),
            ".enum",
            "does not belong to an attribute of this type",
        ),
    ] {
        let refusal = rows(attribute).unwrap_err();
        assert_eq!(refusal.path, format!("{row}{path}"), "{attribute}");
        assert_eq!(
            (refusal.at.line, refusal.message.as_str()),
            (12, message),
            "{attribute}"
        );
    }
}

#[test]
fn a_key_that_says_nothing_of_its_attribute_is_refused() {
    for (from, to) in [
        (
            "{name: kind, type: string,",
            "{name: kind, type: string, enum: colour,",
        ),
        ("type: nest, nested-attributes: inner", "type: nest"),
        (
            "type: nest, nested-attributes: inner",
            "type: u8, nested-attributes: inner",
        ),
        ("sub-message: forms, selector: kind", "sub-message: forms"),
        ("sub-message: forms", "sub-message: none"),
        (
            "fixed-header: head, attribute-set",
            "fixed-header: none, attribute-set",
        ),
        ("subset-of: animal", "subset-of: inner"),
        ("mcgrp: all", "mcgrp: none"),
        ("notify: get", "notify: none"),
    ] {
        assert!(ALL.contains(from), "{from}");
        let refusal = Family::parse(&ALL.replacen(from, to, 1), "zoo.yaml").unwrap_err();
        assert!(
            refusal.at.line > 1 && !refusal.path.is_empty(),
            "{to}: {refusal}"
        );
    }
}
