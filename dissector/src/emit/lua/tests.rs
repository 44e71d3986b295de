// SPDX-License-Identifier: GPL-2.0-or-later
//! What the plugin's text holds.

use super::tables::{noun, quote};
use super::*;
use ynl::model::nl_util;

/// Filters are in people's scripts: a name that changes is a change of the protocol.
#[test]
fn the_fields_of_nl_util_are_those_of_the_checked_in_list() {
    let names = field_names(&nl_util()).unwrap().join("\n") + "\n";
    insta::assert_snapshot!("nl_util_fields", names);
}

#[test]
fn two_fields_of_one_name_are_refused() {
    let mut family = nl_util();
    family.sets[0].attributes[0].name = "cmd".into();
    let refused = emit(&family).unwrap_err();
    assert!(refused.to_string().contains("nl_util.cmd"), "{refused}");
}

#[test]
fn a_family_named_as_a_protocol_of_wireshark_is_prefixed() {
    let mut family = nl_util();
    family.name = "wireguard".into();
    assert!(
        field_names(&family)
            .unwrap()
            .contains(&"genl_wireguard.netdev.ifname".into())
    );
}

#[test]
fn a_specification_cannot_write_lua() {
    assert_eq!(quote("a\"]\\ \n\u{1b}"), r#""a\"]\\ \010\027""#);
    let mut family = nl_util();
    family.sets[0].attributes[0].doc = "\"; os.exit() --".into();
    assert!(
        emit(&family)
            .unwrap()
            .contains(r#"doc = "\"; os.exit() --","#)
    );
}

#[test]
fn what_may_stand_several_times_is_counted_by_its_noun() {
    let mut it = nl_util().sets[0].attributes[0].clone();
    assert_eq!(noun(&it).as_deref(), Some("interfaces"));
    for doc in ["Interfaces.", "One (odd) thing."] {
        it.doc = doc.into();
        assert_eq!(noun(&it), None);
    }
    (it.doc, it.multi) = ("One interface.".into(), false);
    assert_eq!(noun(&it), None);
}

#[test]
fn an_array_of_structs_is_registered_and_one_of_structs_with_attributes_refused() {
    let family = |keys: &str| {
        let text = format!(
            "name: rows\ndoc: Made up.\nprotocol: genetlink-legacy\ndefinitions:\n\
             - {{name: row, type: struct, members: [{{name: len, type: u16}}]}}\n\
             attribute-sets:\n- name: rows\n  attributes:\n  - {{name: all, type: binary, \
             sub-type: struct, struct: row{keys}}}\noperations: {{list: []}}\n"
        );
        ynl::model::Family::parse(&text, "rows.yaml").unwrap()
    };
    let names = field_names(&family("")).unwrap();
    assert!(names.contains(&"rows.all.len".into()), "{names:?}");
    let refused = emit(&family(", length-member: len, nested-attributes: rows")).unwrap_err();
    let expected = "attribute-sets[rows].attributes[all]: structs with attributes behind each exist in netlink-raw only";
    assert_eq!(refused.to_string(), expected);
}
