// SPDX-License-Identifier: GPL-2.0-or-later
//! The dissector for Wireshark: the fixed runtime, `dissector/lua/`, and families'
//! tables behind it, in one file that needs nothing else.
//!
//! # Field names
//!
//! `<family>.<set>.<attribute>`, in lower case, with `_` for whatever is neither
//! letter nor digit; a set named as its family adds nothing, so that the top level of `nl_util` is
//! `nl_util.netdev` and what is in it `nl_util.netdev.ifname`. A bit of a flags
//! attribute, a member of a struct and the key of a nest are one word more. A
//! family whose name a protocol of Wireshark's has already is prefixed with
//! `genl_`. Two fields of one name are an error.
//!
//! # How many there are
//!
//! Where the doc of an attribute that may stand several times begins with
//! `One NOUN.`, the Info column counts it by that noun: "4 interfaces".
//!
//! # Several files
//!
//! Any number of them may be loaded together, in any order: the first brings the
//! runtime, and a family that is already there is left alone.

mod flags;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::banner;
pub use tables::LuaError;
use ynl::model::{Family, names::snake};

/// The parts of the runtime, each a file that returns a table; later ones use
/// those before them.
const RUNTIME: &[(&str, &str)] = &[
    ("bytes", include_str!("../../lua/bytes.lua")),
    ("netlink", include_str!("../../lua/netlink.lua")),
    ("values", include_str!("../../lua/values.lua")),
    ("compounds", include_str!("../../lua/compounds.lua")),
    ("fields", include_str!("../../lua/fields.lua")),
    ("interest", include_str!("../../lua/interest.lua")),
    ("attributes", include_str!("../../lua/attributes.lua")),
    ("shapes", include_str!("../../lua/shapes.lua")),
    ("known", include_str!("../../lua/known.lua")),
    ("runtime", include_str!("../../lua/runtime.lua")),
    ("errors", include_str!("../../lua/errors.lua")),
    ("notes", include_str!("../../lua/notes.lua")),
    ("flags", include_str!("../../lua/flags.lua")),
    ("answers", include_str!("../../lua/answers.lua")),
    ("exchanges", include_str!("../../lua/exchanges.lua")),
    ("conversation", include_str!("../../lua/conversation.lua")),
    (
        "exchange_fields",
        include_str!("../../lua/exchange_fields.lua"),
    ),
    ("show", include_str!("../../lua/show.lua")),
    ("statistics", include_str!("../../lua/statistics.lua")),
    ("hook", include_str!("../../lua/hook.lua")),
];

/// Changes whenever files with another runtime cannot be loaded together.
const API: u32 = 3;

/// Family names that are protocols of Wireshark's own, by any of a protocol's three
/// names, in 4.0 and later.
const TAKEN: &[&str] = &[
    "batadv",
    "gtp",
    "hsr",
    "ieee802154",
    "ipvs",
    "l2tp",
    "macsec",
    "mptcp",
    "nbd",
    "ncsi",
    "net_dm",
    "nfc",
    "nl80211",
    "openvpn",
    "psample",
    "quota",
    "smc",
    "tipc",
    "wireguard",
];

/// The first word of a family's fields, and the protocol's name in filters.
pub fn abbreviation(family: &Family) -> String {
    let name = word(&family.name);
    if TAKEN.contains(&name.as_str()) {
        format!("genl_{name}")
    } else {
        name
    }
}

/// Whether Wireshark, from 4.0 on, has a dissector of its own for the family. That
/// of `nlctrl` must never be replaced: it is where families' names are learnt.
pub fn is_built_in(family: &Family) -> bool {
    ["nlctrl", "nl80211", "net_dm", "psample"].contains(&family.name.as_str())
}

/// One word of a field's name.
fn word(name: &str) -> String {
    snake(name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// Writes the dissector of the project's own family.
pub fn emit(family: &Family) -> Result<String, LuaError> {
    bundle(&[family], &banner())
}

/// Writes one file for all of `families`; `banner` says where it is from.
pub fn bundle(families: &[&Family], banner: &str) -> Result<String, LuaError> {
    let mut out = format!("-- SPDX-License-Identifier: GPL-2.0-or-later\n-- {banner}\n--\n");
    out.push_str("-- Load it with `-X lua_script:FILE`, or from the folder of personal plugins.\n");
    if let [family] = families {
        // Shown in Wireshark's list of plugins.
        let version = env!("CARGO_PKG_VERSION");
        let name = tables::quote(&format!("nl-util dissector of {}", family.name));
        let _ = writeln!(
            out,
            "\nset_plugin_info({{ version = {version:?}, description = {name} }})"
        );
    }
    let _ = write!(
        out,
        "\nlocal nl = package.loaded[\"nl_util.dissector\"]\nif not nl then\n\tnl = {{ api = {API} }}\n"
    );
    flags::write(&mut out);
    for (name, text) in RUNTIME {
        let _ = writeln!(out, "\n\tnl.{name} = (function(...)");
        runtime_part(&mut out, text);
        out.push_str("\tend)(nl)\n");
    }
    let _ = write!(
        out,
        "\n\tpackage.loaded[\"nl_util.dissector\"] = nl\nend\nassert(nl.api == {API}, \
         \"dissectors of another version of nl-util are loaded: make all of them anew\")\n"
    );
    for family in families {
        out.push('\n');
        tables::write(&mut out, family)?;
    }
    Ok(out)
}

/// A file of the runtime, without its licence line, one level in.
fn runtime_part(out: &mut String, text: &str) {
    for line in text.lines().skip_while(|it| it.starts_with("-- SPDX")) {
        if !line.is_empty() {
            out.push('\t');
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// The names of all fields of a family, in order.
pub fn field_names(family: &Family) -> Result<Vec<String>, LuaError> {
    tables::field_names(family)
}
