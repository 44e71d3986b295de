// SPDX-License-Identifier: GPL-2.0-or-later
//! The plugin under Lua, with the double of Wireshark's API.

use super::{FAMILY, cooked, netlink};
use mlua::{Function, Lua, Table, Value};
use nl_dissector::emit;
use ynl::model::{Family, nl_util};

/// What came of one message.
#[derive(Debug)]
pub(crate) struct Dissection {
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
    /// The double alone.
    pub(crate) fn none() -> Self {
        let lua = Lua::new();
        let loading = lua.load(include_str!("../mock/loading.lua"));
        let mock: Table = loading.set_name("loading.lua").eval().unwrap();
        let frames = lua.load(include_str!("../mock/frames.lua"));
        let frames = frames.set_name("frames.lua");
        frames.call::<()>(&mock).unwrap();
        Self { lua, mock }
    }

    pub(crate) fn new() -> Self {
        Self::of(&nl_util())
    }

    /// The plugin of a family.
    pub(crate) fn of(family: &Family) -> Self {
        let plugin = Self::none();
        let text = emit::lua::emit(family).unwrap();
        let chunk = plugin.lua.load(text).set_name("nl_util.lua");
        chunk.exec().unwrap();
        plugin
    }

    pub(crate) fn dissect(&self, flags: u16, message: &[u8]) -> Dissection {
        let frame = self.lua.create_table().unwrap();
        self.frame(frame, &netlink(FAMILY, flags, 7, 0x32c, message))
    }

    /// Dissects messages in one frame; `frame` has what else `mock.frame` takes.
    pub(crate) fn frame(&self, frame: Table, messages: &[u8]) -> Dissection {
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
        Dissection {
            fields,
            experts,
            info,
            values,
        }
    }
}
