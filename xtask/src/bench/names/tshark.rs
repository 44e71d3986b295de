// SPDX-License-Identifier: GPL-2.0-or-later
//! How many values tshark has fields for.
//!
//! What it prints about the form of messages (lengths, types, flags of attributes) is not
//! counted, flags are one value, and what is only `data` has no name. An attribute that it takes
//! apart by another protocol, such as the frames of nl80211, is one value.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{path::Path, process::Command};

/// The number of named values of each message of a file, behind the first `skipped`.
pub(super) fn named(file: &Path, skipped: usize, messages: usize) -> Result<Vec<usize>> {
    let mut cmd = Command::new("tshark");
    cmd.args(["-n", "-T", "json", "--no-duplicate-keys", "-r"])
        .arg(file);
    let text = crate::run::output(&mut cmd)?;
    let packets: Vec<Value> = serde_json::from_str(&text).context("tshark prints no JSON")?;
    let mut named = vec![0; messages];
    for (packet, sum) in packets.iter().skip(skipped).zip(&mut named) {
        if let Some(layers) = packet["_source"]["layers"].as_object() {
            let layers = layers
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "frame" | "netlink"));
            *sum = layers.map(|(name, layer)| count(name, layer)).sum();
        }
    }
    Ok(named)
}

/// The named values of a field, or of all below it.
fn count(name: &str, value: &Value) -> usize {
    if name.starts_with("Netlink message header") {
        // What a message is counts, as it does for nlcap, where a name is found for it.
        return usize::from(!name.contains("(type: 0x"));
    }
    if name.ends_with("_tree") || name.starts_with("_ws") {
        return 0;
    }
    match value {
        Value::Object(members) => {
            let sum: usize = members.iter().map(|(name, it)| count(name, it)).sum();
            let is_of_another = sum == 0 && name.starts_with("Attribute") && holds_other(value);
            sum + usize::from(is_of_another)
        }
        Value::Array(elements) => elements.iter().map(|it| count(name, it)).sum(),
        _ => usize::from(is_named(name)),
    }
}

/// Whether a field is of netlink.
fn is_netlink(field: &str) -> bool {
    let protocols = ["netlink", "genl", "nl80211"];
    protocols.iter().any(|it| field.starts_with(it))
}

/// Whether a field of another protocol is below a value.
fn holds_other(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, it)| {
            let is_field = !name.contains([' ', ':']) && name.contains('.');
            is_field && !is_netlink(name) || holds_other(it)
        }),
        Value::Array(elements) => elements.iter().any(holds_other),
        _ => false,
    }
}

fn is_named(field: &str) -> bool {
    const FORM: [&str; 7] = [
        "netlink.attr_len",
        "netlink.attr_type",
        "netlink.padding",
        // A command's number: its name is a field of its family.
        "genl.cmd",
        "genl.version",
        "genl.reserved",
        "netlink.payload",
    ];
    let last = field.rsplit('.').next().unwrap_or_default();
    is_netlink(field)
        && field.contains('.')
        && !FORM.contains(&field)
        && !matches!(last, "data" | "attr_data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_form_of_messages_and_bare_data_are_no_values() {
        let layer = json!({
            "Netlink message header (type: Create network interface)": {"netlink.hdr_len": "1"},
            "netlink-route.ifi_flags": "0x1",
            "netlink-route.ifi_flags_tree": {"netlink-route.ifi_flags.iff_up": "1"},
            "Attribute: Name": {
                "netlink.attr_len": "8",
                "netlink.attr_type": "3",
                "netlink-route.ifla_ifname": "lo",
            },
            "Attribute: Other": [{"netlink.attr_data": "00:01"}, {"netlink-route.b": "1"}],
            "Attribute: Frame": {"Tag: SSID": {"wlan.tag": "0", "wlan.ssid": "x"}},
        });
        // The type, the flags, the name, one of the others and the frame.
        assert_eq!(count("netlink-route", &layer), 5);
    }
}
