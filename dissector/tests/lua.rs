// SPDX-License-Identifier: GPL-2.0-or-later
//! The generated plugin under Lua 5.2, against a strict double of Wireshark's API.

mod common;

use common::{
    FAMILY, attr, cooked, netlink,
    plugin::{Dissection, Plugin},
    tshark,
};
use mlua::{Function, Table};
use nl_dissector::emit;
use proptest::prelude::*;
use ynl::model::nl_util;

use common::genl as message;

const REQUEST: u16 = 1;
const ANSWER: u16 = 0;

#[test]
fn the_info_column_tells_the_story() {
    let plugin = Plugin::new();
    let info = |flags, command, attributes: &[u8]| {
        plugin
            .dissect(flags, &message(command, attributes))
            .info
            .unwrap()
    };
    let named = |name: &[u8]| attr(1, &[attr(1, &[2, 0, 0, 0]), attr(2, name)].concat());
    assert_eq!(info(REQUEST, 1, &[]), "L2_LIST request");
    assert_eq!(info(ANSWER, 1, &[]), "L2_LIST answer, 0 interfaces");
    assert_eq!(info(ANSWER, 1, &named(b"eth0\0")), "L2_LIST answer, eth0");
    let two = [named(b"eth0\0"), named(b"eth1\0")].concat();
    assert_eq!(info(ANSWER, 1, &two), "L2_LIST answer, 2 interfaces");
    assert_eq!(
        info(REQUEST, 2, &attr(0x8001, &attr(1, &[3, 0, 0, 0]))),
        "L2_IID request, ifindex 3"
    );
    assert_eq!(info(ANSWER, 77, &[]), "command 77 answer");
}

#[test]
fn every_kind_of_damage_is_an_expert_item_of_its_kind() {
    let plugin = Plugin::new();
    let experts = |attributes: &[u8]| plugin.dissect(ANSWER, &message(1, attributes)).experts;
    for (attributes, what) in [
        (vec![9], "malformed"),
        (vec![3, 0, 1, 0], "malformed"),
        (vec![200, 0, 1, 0, 1, 2, 3, 4], "malformed"),
        (attr(1, &attr(1, &[1, 2])), "wrong_length"),
        (attr(1, &attr(9, &[1, 2, 3])), "wrong_length"),
        (attr(1, &attr(2, b"no nul")), "unterminated"),
        (attr(1, &attr(1, &[])), "wrong_length"),
        (attr(1, &attr(44, &[1])), "unknown_number"),
        (attr(9, &[]), "unknown_number"),
    ] {
        let found = experts(&attributes);
        assert_eq!(found.len(), 1, "{attributes:?}: {found:?}");
        assert!(
            found[0].starts_with(&format!("nl_util.{what}: ")),
            "{attributes:?}: {found:?}"
        );
    }
    assert!(experts(&attr(1, &attr(2, b"eth0\0"))).is_empty());
    let cut = plugin.dissect(ANSWER, &[1]).experts;
    assert!(cut[0].starts_with("nl_util.malformed: "), "{cut:?}");
}

#[test]
fn counters_are_as_many_as_the_kernel_sent() {
    let plugin = Plugin::new();
    for (bytes, counters, rest) in [(200, 25, 0), (208, 25, 1), (192, 24, 0), (12, 1, 1)] {
        let seen = plugin.dissect(ANSWER, &message(2, &attr(1, &attr(7, &vec![1; bytes]))));
        let count = |prefix: &str| {
            seen.fields
                .iter()
                .filter(|(_, it)| it.starts_with(prefix))
                .count()
        };
        assert_eq!(
            (count("nl_util.netdev.stats."), count("nl_util.rest")),
            (counters, rest)
        );
        assert!(seen.experts.is_empty(), "{:?}", seen.experts);
    }
}

#[test]
fn a_big_endian_recording_is_read_in_its_own_order() {
    let plugin = Plugin::new();
    let index = [0, 8, 0, 1, 0, 0, 0, 3];
    let nest = [&[0, 12, 0x80, 1][..], &index].concat();
    let header = [0, 0, 0, 32, 0, 0x1f, 0, 1, 0, 0, 0, 7, 0, 0, 3, 44];
    let frame = plugin.lua.create_table().unwrap();
    frame.set("big", true).unwrap();
    let seen = plugin.frame(frame, &[&header[..], &[2, 1, 0, 0], &nest].concat());
    assert_eq!(seen.info.as_deref(), Some("L2_IID request, ifindex 3"));
    assert!(seen.experts.is_empty(), "{:?}", seen.experts);
}

/// A family of which some of the operations that the kernel has are not known.
fn rows(model: &str, operations: &str) -> ynl::model::Family {
    let text = format!(
        "name: rows\ndoc: Made up.\nprotocol: genetlink-legacy\ndefinitions:\n\
         - {{name: head, type: struct, members: [{{name: index, type: u32}}, {{name: odd, type: u8}}]}}\n\
         attribute-sets:\n- name: rows\n  attributes:\n  - {{name: title, type: string}}\n\
         operations:\n  enum-model: {model}\n  fixed-header: head\n  list:\n{operations}"
    );
    ynl::model::Family::parse(&text, "rows.yaml").unwrap()
}

fn dissect_rows(family: &ynl::model::Family, flags: u16, command: u8) -> Dissection {
    let plugin = Plugin::of(family);
    let ids: Table = plugin.mock.get("ids").unwrap();
    ids.set(0x20, "rows").unwrap();
    // The header is filled up to a multiple of four bytes.
    let body = [&[7, 0, 0, 0, 9, 0, 0, 0][..], &attr(1, b"all\0")].concat();
    let bytes = netlink(0x20, flags, 7, 0, &message(command, &body));
    plugin.frame(plugin.lua.create_table().unwrap(), &bytes)
}

#[test]
fn an_operation_that_is_not_listed_has_the_familys_header_and_attributes() {
    let listed = "  - {name: get, attribute-set: rows, doc: Made up., value: 3, do: {request: {}, reply: {}}}\n";
    let family = rows("unified", listed);
    for (flags, said) in [
        (REQUEST, "command 4 request, "),
        (ANSWER, "command 4 answer, "),
    ] {
        let seen = dissect_rows(&family, flags, 4);
        assert_eq!(seen.info.unwrap(), said.to_owned() + "all");
        assert_eq!(
            seen.experts,
            ["rows.unknown_number: The specification has no command 4"]
        );
        let values = &seen.values;
        let index = "[07, 00, 00, 00]".to_owned();
        assert!(
            values.contains(&("rows.head.index".into(), index)),
            "{values:?}"
        );
        assert!(
            values.contains(&("rows.title".into(), "all".into())),
            "{values:?}"
        );
    }
    let seen = dissect_rows(&family, ANSWER, 3);
    assert_eq!(
        (seen.info.as_deref(), seen.experts.len()),
        (Some("GET answer, all"), 0)
    );
}

#[test]
fn an_answer_that_the_specification_lacks_has_the_attributes_of_the_request() {
    for (model, command) in [("unified", 3), ("directional", 3)] {
        let asked =
            "{name: diagnose, attribute-set: rows, doc: Made up., do: {request: {value: 3}}}";
        let other = "{name: get, attribute-set: rows, doc: Made up., do: {request: {value: 1}, reply: {value: 2}}}";
        let operations = match model {
            "unified" => "  - {name: diagnose, attribute-set: rows, doc: Made up., value: 3, do: {request: {}}}\n".into(),
            _ => format!("  - {other}\n  - {asked}\n"),
        };
        let seen = dissect_rows(&rows(model, &operations), ANSWER, command);
        assert_eq!(
            seen.info.as_deref(),
            Some("DIAGNOSE answer, all"),
            "{model}"
        );
        assert!(seen.experts.is_empty(), "{:?}", seen.experts);
    }
}

#[test]
fn all_entries_below_keys_and_in_arrays_are_shown() {
    let spec = tshark::root().join("dissector/tests/kinds.yaml");
    let mut family = ynl::model::Family::load(&spec).unwrap();
    family.name = "nl_util".into();
    let plugin = Plugin::of(&family);
    let rule = |number: u16, name: &[u8]| attr(number, &attr(1, name));
    let keyed = attr(0, &[rule(1, b"one\0"), rule(2, b"two\0")].concat());
    let seen = plugin.dissect(ANSWER, &message(2, &attr(31, &keyed)));
    let of = |abbr: &str| {
        let all = seen.values.iter().filter(|it| it.0 == abbr);
        all.map(|it| it.1.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("nl_util.leaf.name"), ["one", "two"]);
    assert_eq!(of("nl_util.kinds.a_keyed.outer_key"), ["0"]);
    assert_eq!(of("nl_util.kinds.a_keyed.inner_key"), ["1", "2"]);
    assert!(seen.experts.is_empty(), "{:?}", seen.experts);
}

#[test]
fn a_wrong_length_and_padding_with_a_payload_are_said() {
    let spec = tshark::root().join("dissector/tests/kinds.yaml");
    let mut family = ynl::model::Family::load(&spec).unwrap();
    family.name = "nl_util".into();
    let plugin = Plugin::of(&family);
    let dissect = |kind, payload: &[u8]| plugin.dissect(ANSWER, &message(2, &attr(kind, payload)));
    for (kind, payload, text) in [
        (2, &[0, 0, 0, 16][..], "A_U16 has 4 bytes, not 2"),
        (9, &[1; 6], "A_UINT has 6 bytes, not 4 or 8"),
        (23, &[1; 8], "A_IP has 8 bytes, not 4 or 16"),
        (18, &[1], "A_FLAG has 1 byte, not 0"),
        (26, &[1; 3], "A_ARRAY has 3 bytes"),
    ] {
        let seen = dissect(kind, payload);
        assert_eq!(seen.experts, [format!("nl_util.wrong_length: {text}")]);
        assert_eq!(seen.info.unwrap(), "GET answer, wrong length");
    }
    let pad = dissect(33, &[1; 8]).values;
    let bytes = format!("{:02x?}", [1; 8]);
    assert!(
        pad.contains(&("nl_util.kinds.a_pad".into(), bytes)),
        "{pad:?}"
    );
}

#[test]
fn bytes_that_are_less_than_a_header_are_said() {
    let plugin = Plugin::new();
    let rest = |bytes: &[u8]| {
        let seen = plugin.dissect(ANSWER, bytes);
        assert!(
            seen.experts[0].starts_with("nl_util.malformed: "),
            "{:?}",
            seen.experts
        );
        let rest = seen.values.into_iter().filter(|it| it.0 == "nl_util.rest");
        rest.map(|it| it.1).collect::<Vec<_>>()
    };
    assert_eq!(rest(&[1, 2, 3]), ["[01, 02, 03]"]);
    assert_eq!(rest(&message(1, &[4, 5, 6])), ["[04, 05, 06]"]);
}

fn answer(names: &[&[u8]]) -> Vec<u8> {
    let nests = names.iter().flat_map(|it| attr(1, &attr(2, it)));
    netlink(FAMILY, 0, 7, 0x32c, &message(1, &nests.collect::<Vec<_>>()))
}

#[test]
fn a_frame_of_many_messages_is_summed_up_in_few_words() {
    let plugin = Plugin::new();
    let all: Vec<u8> = (0..5).flat_map(|_| answer(&[b"eth0\0"])).collect();
    for _again in 0..2 {
        let frame = plugin.lua.create_table().unwrap();
        let seen = plugin.frame(frame, &all);
        let one = "L2_LIST answer, eth0";
        assert_eq!(seen.info.unwrap(), format!("{one}; {one}; {one}; 2 more"));
    }
}

/// Which of nl_util's fields are made when a filter names some and nobody looks.
fn made_for(plugin: &Plugin, filter: &[&str], messages: &[u8]) -> Vec<String> {
    let frame = plugin.lua.create_table().unwrap();
    frame.set("visible", false).unwrap();
    frame.set("filter", filter).unwrap();
    let seen = plugin.frame(frame, messages);
    seen.fields.into_iter().map(|(_, abbr)| abbr).collect()
}

#[test]
fn without_a_tree_only_what_a_filter_names_is_made() {
    let plugin = Plugin::new();
    let messages = answer(&[b"eth0\0"]);
    let none: [&str; 0] = [];
    // The second time the message's shape is known.
    for _ in 0..2 {
        assert_eq!(made_for(&plugin, &[], &messages), none);
        assert_eq!(made_for(&plugin, &["nl_util"], &messages), ["nl_util"]);
        assert_eq!(
            made_for(&plugin, &["nl_util.netdev"], &messages),
            ["nl_util", "nl_util.netdev"]
        );
        assert_eq!(
            made_for(&plugin, &["nl_util.netdev.ifname"], &messages),
            ["nl_util", "nl_util.netdev.ifname"]
        );
    }
    assert_eq!(
        made_for(&plugin, &["nl_util.netdev.ifmtu"], &messages),
        ["nl_util"]
    );
    // What every attribute has brings them all.
    let all = made_for(&plugin, &["nl_util.nla.len"], &messages);
    assert!(all.contains(&"nl_util.netdev.ifname".to_owned()), "{all:?}");
    // Damage is an expert item whoever looks.
    let damaged = answer(&[b"no nul"]);
    assert!(made_for(&plugin, &[], &damaged).contains(&"nl_util.netdev.ifname".to_owned()));
}

#[test]
fn what_the_capture_cut_off_is_not_called_malformed() {
    let plugin = Plugin::new();
    let messages = answer(&[b"eth0\0", b"eth1\0"]);
    for captured in 37..16 + messages.len() {
        let frame = plugin.lua.create_table().unwrap();
        frame.set("captured", captured).unwrap();
        let seen = plugin.frame(frame, &messages);
        let experts: Vec<_> = seen.experts.iter().collect();
        assert!(!experts.is_empty(), "{captured}");
        assert!(
            experts.iter().all(|it| it.starts_with("nl_util.partial")
                // The bytes after the last attribute are padding.
                || captured == 15 + messages.len()),
            "{captured}: {experts:?}"
        );
        assert!(seen.info.unwrap().ends_with(", cut by the capture"));
    }
}

#[test]
fn more_attributes_than_a_kernel_can_send_are_bounded() {
    let plugin = Plugin::new();
    let seen = plugin.dissect(ANSWER, &message(1, &attr(1, &[]).repeat(50_000)));
    let items = seen.fields.iter().filter(|it| it.1 == "nl_util.netdev");
    assert_eq!(items.count(), 20_000);
    assert_eq!(seen.experts, ["nl_util.too_many: nil"]);
}

#[test]
fn files_may_be_loaded_together_and_twice() {
    let plugin = Plugin::new();
    let mut other = nl_util();
    other.name = "other".into();
    for family in [nl_util(), other] {
        let text = emit::lua::emit(&family).unwrap();
        plugin.lua.load(text).exec().unwrap();
    }
    let ids: Table = plugin.mock.get("ids").unwrap();
    ids.set(0x20, "other").unwrap();
    let messages = netlink(0x20, 1, 7, 0, &message(1, &[]));
    let frame = plugin.lua.create_table().unwrap();
    assert_eq!(plugin.frame(frame, &messages).fields[0].1, "other");
    assert_eq!(
        plugin.dissect(REQUEST, &message(1, &[])).fields[0].1,
        "nl_util"
    );
}

#[test]
fn nests_without_end_are_bounded() {
    let mut family = nl_util();
    let netdev = family.set("netdev").unwrap();
    let top = family
        .sets
        .iter()
        .position(|set| set.name == "nl-util")
        .unwrap();
    let mut again = family.sets[top].attributes[0].clone();
    (again.number, again.name) = (10, "again".into());
    let at = family
        .sets
        .iter()
        .position(|set| set.name == "netdev")
        .unwrap();
    assert_eq!(family[netdev].name, family.sets[at].name);
    family.sets[at].attributes.push(again);
    let mut bytes = attr(10, &[]);
    for _ in 0..5000 {
        bytes = attr(10, &bytes);
    }
    let plugin = Plugin::of(&family);
    let seen = plugin.dissect(ANSWER, &message(1, &attr(1, &bytes)));
    assert_eq!(seen.experts.len(), 1);
    assert!(
        seen.experts[0].starts_with("nl_util.too_deep"),
        "{:?}",
        seen.experts
    );
}

#[test]
fn the_double_notices_misuse() {
    let plant = |bug: &str| {
        let plugin = Plugin::none();
        let text = format!(
            "local proto = Proto('bug', 'bug')
             local field = ProtoField.uint32('bug.field', 'Field', base.DEC)
             local text = ProtoField.string('bug.text', 'Text', base.UNICODE)
             proto.fields = {{ field, text }}; proto.experts = {{}}
             local stray = ProtoField.uint32('bug.stray', 'Stray', base.DEC)
             function proto.dissector(tvb, pinfo, tree) {bug} return tvb:len() end
             DissectorTable.get('genl.family'):add('bug', proto)"
        );
        plugin.lua.load(text).exec()?;
        let ids: Table = plugin.mock.get("ids")?;
        ids.set(0x20, "bug")?;
        let run: Function = plugin.mock.get("frame")?;
        let frame = plugin.lua.create_table()?;
        let messages = cooked(16, &netlink(0x20, 1, 7, 0, &[1, 2, 3, 4]));
        frame.set("data", plugin.lua.create_string(messages)?)?;
        run.call::<()>(&frame)?;
        run.call::<()>(frame)
    };
    plant("tree:add(field, tvb(0, 4))").unwrap();
    for bug in [
        "local x = tvb(2, 4)",
        "local x = tvb:raw(0, 5)",
        "tree:add(field, tvb(0, 2))",
        "tree:add(stray, tvb(0, 4))",
        "tree:add(field, 'text')",
        "tree:add(field, 1.5)",
        "tree:add(text, 1)",
        "tree:add({}, tvb(0, 4))",
        "tree:append_text('a\\nb')",
        "tree.add(field, tvb(0, 4))",
        "tree:no_such_method()",
        "tree:referenced(stray)",
        "kept = kept or tree; kept:append_text('a')",
        "kept = kept or tvb; kept(0, 1)",
        "local x = ProtoField.no_such_type",
        "local x = ProtoField.uint32('bug.late', 'Late', base.DEC)",
        "local x = Field.new('frame.comment')",
        "local x = Dissector.get('nothing')",
        "local x = DissectorTable.get('wtap_encap')",
        "Listener.new('frame', 'bug')",
        "tree:referenced(proto)",
        "pinfo = pinfo.frame_number",
        "pinfo.cols.nothing = 'x'",
        "pinfo.cols.info = 1",
        "pinfo.nothing = 1",
        "tree:add_proto_expert_info({})",
        "end; all_field_infos(); local function x()",
        "end; DissectorTable.get('wtap_encap'):set(158, {}); local function x()",
        "end; DissectorTable.get('no.table'); local function x()",
        "end; DissectorTable.get('genl.family'):add('bug', proto); local function x()",
        "end; ProtoField.uint32('bug.field', 'Again', base.DEC); local function x()",
        "end; ProtoField.bool('bug.bit', 'Bit', 64, { 'a', 'b' }, 1); local function x()",
    ] {
        assert!(plant(bug).is_err(), "not noticed: {bug}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("NL_UTIL_SOAK_PAYLOADS").map_or(2000, |it| it.parse().expect("a number"))
    ))]
    #[test]
    fn no_payload_makes_the_plugin_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), small: bool) {
        thread_local!(static PLUGIN: Plugin = Plugin::new());
        // Half of them with lengths that often make sense.
        let bytes: Vec<u8> = if small { bytes.iter().map(|byte| byte % 16).collect() } else { bytes };
        let seen = PLUGIN.with(|plugin| plugin.dissect(ANSWER, &bytes));
        prop_assert!(!seen.experts.iter().any(|it| it.contains("fault")), "{:?}", seen.experts);
    }
}
