// SPDX-License-Identifier: GPL-2.0-or-later
//! The generated source against the checked-in one, and what is refused.

use super::*;
use ynl::model::{NL_UTIL_YAML, nl_util};

/// The project's specification with one text in place of another.
fn changed(old: &str, new: &str) -> Family {
    let text = NL_UTIL_YAML.replacen(old, new, 1);
    assert_ne!(text, NL_UTIL_YAML, "{old:?} is not in the specification");
    Family::parse(&text, "changed.yaml").unwrap()
}

fn refusal(old: &str, new: &str) -> String {
    emit(&changed(old, new)).unwrap_err().to_string()
}

/// A specification whose only set has these attributes.
fn with_attributes(attributes: &str) -> Family {
    let text = format!(
        "name: odd\nprotocol: genetlink-legacy\ndoc: Odd.\nattribute-sets:\n  -\n    name: set\n    \
         attributes:\n{attributes}\noperations:\n  list:\n    -\n      name: get\n      doc: \
         Gets.\n      attribute-set: set\n      do: {{}}\n"
    );
    Family::parse(&text, "odd.yaml").unwrap()
}

#[test]
fn the_file_in_the_client_is_what_the_specification_makes() {
    let text = emit(&nl_util()).unwrap();
    assert!(
        text == include_str!("../../../../cli/src/uapi.rs"),
        "cli/src/uapi.rs is stale; run `cargo xtask codegen`"
    );
}

#[test]
fn lengths_follow_the_type_and_the_checks() {
    for (attribute, expected) in [
        ("type: u8", "1..=1"),
        ("type: s32", "4..=4"),
        ("type: u64", "8..=8"),
        ("type: uint", "4..=8"),
        ("type: flag", "0..=0"),
        ("type: bitfield32", "8..=8"),
        ("type: string", "1..=usize::MAX"),
        ("type: string, checks: { max-len: 15 }", "1..=16"),
        (
            "type: string, checks: { max-len: 15, min-len: 2 }",
            "3..=16",
        ),
        ("type: string, checks: { exact-len: 7 }", "8..=8"),
        (
            "type: string, checks: { max-len: 15, unterminated-ok: true }",
            "0..=16",
        ),
        ("type: binary", "0..=usize::MAX"),
        (
            "type: binary, checks: { min-len: 4, max-len: 16 }",
            "4..=16",
        ),
        ("type: binary, checks: { exact-len: 6 }", "6..=6"),
        ("type: nest, nested-attributes: set", "0..=usize::MAX"),
    ] {
        let family = with_attributes(&format!("      - {{ name: it, {attribute} }}"));
        let text = emit(&family).unwrap();
        let line = format!("            Self::It => {expected},\n");
        assert!(text.contains(&line), "{attribute}: no {line:?} in {text}");
    }
}

#[test]
fn what_has_no_doc_is_documented_by_its_name() {
    let text = emit(&with_attributes("      - { name: it, type: u8 }")).unwrap();
    assert!(text.contains("\n    /// `it`\n    It = 1,\n"), "{text}");
}

#[test]
fn what_cannot_be_expressed_is_an_error_not_a_hole() {
    for (old, new, expected) in [
        (
            "name: nl_util\n",
            "name: 'nl\"util'\n",
            r#"name: a client on neli cannot have a name like "nl\"util""#,
        ),
        (
            "definitions:\n",
            "definitions:\n  -\n    name: limit\n    type: const\n    value: 5\n",
            "definitions[limit]: a client on neli cannot have a constant",
        ),
        (
            "name: ifmac\n",
            "name: self\n",
            r#"attribute-sets[netdev]: a client on neli cannot have "self", whose name is taken"#,
        ),
        (
            "name: ifmac\n",
            "name: unrecognized-const\n",
            "attribute-sets[netdev]: a client on neli cannot have \"unrecognized-const\", whose \
             name is taken",
        ),
        (
            "name: ifmac\n",
            "name: if.mac\n",
            r#"attribute-sets[netdev]: a client on neli cannot have a name like "if.mac""#,
        ),
        (
            "name: rx-dropped\n",
            "name: size\n",
            "definitions[rtnl-link-stats64]: a client on neli cannot have \"size\", whose name is \
             taken",
        ),
        (
            "name: l2-iid\n",
            "name: l2-iid\n      fixed-header: rtnl-link-stats64\n",
            "operations[l2-iid]: a client on neli cannot have a fixed header",
        ),
    ] {
        assert_eq!(refusal(old, new), expected);
    }
}

#[test]
fn values_beyond_u32_and_keywords_are_refused() {
    let bits = "name: device-flags\n    type: flags\n";
    let far = format!("{bits}    value-start: 20\n");
    assert_eq!(
        refusal(bits, &far),
        "definitions[device-flags].entries[multicast]: a client on neli cannot have a value that \
         is no u32"
    );
    let text = NL_UTIL_YAML.replace("oper-state", "type");
    let family = Family::parse(&text, "changed.yaml").unwrap();
    assert_eq!(
        emit(&family).unwrap_err().to_string(),
        r#"definitions: a client on neli cannot have a name like "type""#
    );
}

#[test]
fn a_name_that_rustfmt_would_break_is_refused() {
    let long = "x".repeat(60);
    let error = refusal("name: ifmac\n", &format!("name: {long}\n"));
    assert!(
        error.starts_with("name: a client on neli cannot have a name as long as in"),
        "{error}"
    );
}
