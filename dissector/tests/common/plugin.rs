// SPDX-License-Identifier: GPL-2.0-or-later
//! The plugin under Lua, with the double of Wireshark's API.

use super::{FAMILY, cooked, netlink};
use mlua::{Function, Lua, Table, Value};
use nl_dissector::emit;
use ynl::model::nl_util;

/// What came of one message.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) fields: Vec<(usize, String)>,
    pub(crate) experts: Vec<String>,
    pub(crate) info: Option<String>,
    /// Values of generated items and bytes of the others, by field.
    pub(crate) values: Vec<(String, String)>,
}

/// The plugin of nl_util, loaded.
pub(crate) struct Plugin {
    pub(crate) lua: Lua,
    pub(crate) mock: Table,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        let lua = Lua::new();
        let mock: Table = lua
            .load(include_str!("../mock.lua"))
            .set_name("mock.lua")
            .eval()
            .unwrap();
        lua.load(emit::lua::emit(&nl_util()).unwrap())
            .set_name("nl_util.lua")
            .exec()
            .unwrap();
        Self { lua, mock }
    }

    pub(crate) fn dissect(&self, flags: u16, message: &[u8]) -> Seen {
        let frame = self.lua.create_table().unwrap();
        self.frame(frame, &netlink(FAMILY, flags, 7, 0x32c, message))
    }

    /// Dissects messages in one frame; `frame` has what else `mock.frame` takes.
    pub(crate) fn frame(&self, frame: Table, messages: &[u8]) -> Seen {
        let ids: Table = self.mock.get("ids").unwrap();
        ids.set(FAMILY, "nl_util").unwrap();
        if !frame.contains_key("data").unwrap() {
            let data = self.lua.create_string(cooked(16, messages)).unwrap();
            frame.set("data", data).unwrap();
        }
        let run: Function = self.mock.get("frame").unwrap();
        let (shown, experts, info): (Table, Table, Option<String>) = run.call(frame).unwrap();
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for item in shown.sequence_values::<Table>() {
            let item = item.unwrap();
            let abbr: String = item.get("abbr").unwrap();
            let value = match item.get("value").unwrap() {
                Value::Nil => item
                    .get::<Option<mlua::LuaString>>("raw")
                    .unwrap()
                    .map(|raw| format!("{:02x?}", &*raw.as_bytes())),
                Value::Table(time) => Some(time.get::<f64>("seconds").unwrap().to_string()),
                value => Some(value.to_string().unwrap()),
            };
            values.push((abbr.clone(), value.unwrap_or_default()));
            fields.push((item.get("depth").unwrap(), abbr));
        }
        let experts = experts.sequence_values().map(Result::unwrap).collect();
        Seen {
            fields,
            experts,
            info,
            values,
        }
    }
}
