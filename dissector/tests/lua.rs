// SPDX-License-Identifier: GPL-2.0-or-later
//! The generated plugin under Lua 5.2, against a strict double of Wireshark's API.

mod common;

use common::attr;
use mlua::{Function, Lua, Table};
use nl_dissector::{emit, model::nl_util};
use proptest::prelude::*;

/// What came of one message.
#[derive(Debug)]
struct Seen {
    fields: Vec<(usize, String)>,
    experts: Vec<String>,
    info: Option<String>,
}

struct Plugin {
    lua: Lua,
    mock: Table,
}

impl Plugin {
    fn new() -> Self {
        let lua = Lua::new();
        let mock: Table = lua
            .load(include_str!("mock.lua"))
            .set_name("mock.lua")
            .eval()
            .unwrap();
        lua.load(emit::lua::emit(&nl_util()).unwrap())
            .set_name("nl_util.lua")
            .exec()
            .unwrap();
        Self { lua, mock }
    }

    fn dissect(&self, flags: u16, message: &[u8]) -> Seen {
        self.mock.set("flags", flags).unwrap();
        let dissect: Function = self.mock.get("dissect").unwrap();
        let data = self.lua.create_string(message).unwrap();
        let (shown, experts, info): (Table, Table, Option<String>) =
            dissect.call(("nl_util", data)).unwrap();
        let fields = shown.sequence_values::<Table>().map(|item| {
            let item = item.unwrap();
            (item.get("depth").unwrap(), item.get("abbr").unwrap())
        });
        let experts = experts.sequence_values().map(Result::unwrap).collect();
        Seen {
            fields: fields.collect(),
            experts,
            info,
        }
    }
}

fn message(command: u8, attributes: &[u8]) -> Vec<u8> {
    [&[command, 1, 0, 0], attributes].concat()
}

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
        (attr(1, &attr(2, b"no nul")), "wrong_length"),
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
    let seen = plugin.dissect(REQUEST, &message(2, &nest));
    assert_eq!(seen.info.as_deref(), Some("L2_IID request, ifindex 3"));
    assert!(seen.experts.is_empty(), "{:?}", seen.experts);
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
    let lua = Lua::new();
    let mock: Table = lua.load(include_str!("mock.lua")).eval().unwrap();
    lua.load(emit::lua::emit(&family).unwrap()).exec().unwrap();
    let mut bytes = attr(10, &[]);
    for _ in 0..5000 {
        bytes = attr(10, &bytes);
    }
    let plugin = Plugin { lua, mock };
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
        let lua = Lua::new();
        let mock: Table = lua.load(include_str!("mock.lua")).eval().unwrap();
        let text = format!(
            "local proto = Proto('bug', 'bug'); proto.fields = {{}}; proto.experts = {{}}
             local field = ProtoField.uint32('bug.field')
             function proto.dissector(tvb, pinfo, tree) {bug} return tvb:len() end
             DissectorTable.get('genl.family'):add('bug', proto)"
        );
        lua.load(text).exec().unwrap();
        let dissect: Function = mock.get("dissect").unwrap();
        dissect.call::<()>(("bug", lua.create_string([1, 2, 3, 4]).unwrap()))
    };
    plant("tree:add(field, tvb(0, 4))").unwrap();
    for bug in [
        "local x = tvb(2, 4)",
        "tree:add(field, tvb(0, 2))",
        "tree:add({}, tvb(0, 4))",
        "tree:no_such_method()",
        "local x = ProtoField.no_such_type",
        "pinfo.cols.nothing = 'x'",
        "tree:add_proto_expert_info({})",
        "local x = tvb(0, 4):int64()",
    ] {
        assert!(plant(bug).is_err(), "not noticed: {bug}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_payload_makes_the_plugin_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), small: bool) {
        thread_local!(static PLUGIN: Plugin = Plugin::new());
        // Half of them with lengths that often make sense.
        let bytes: Vec<u8> = if small { bytes.iter().map(|byte| byte % 16).collect() } else { bytes };
        let seen = PLUGIN.with(|plugin| plugin.dissect(ANSWER, &bytes));
        prop_assert!(!seen.experts.iter().any(|it| it.contains("fault")), "{:?}", seen.experts);
    }
}
