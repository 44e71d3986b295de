// SPDX-License-Identifier: GPL-2.0-or-later
//! Plugins of the kernel's own families in the real tshark: golden trees of what real
//! tools said, and every attribute that a specification has, written by a program of
//! its own.

mod common;
#[path = "../../dissector/tests/common/tshark.rs"]
#[allow(dead_code, reason = "the dissector's tests use more of it")]
mod tshark;

use common::{kernel_source, root, text};
use nl_dissector::emit::lua;
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tshark::{compare, found, frames_by_name, tshark_with};
use ynl::model::Family;

/// The samples of other families, and what each is about.
const FAMILIES: &[&str] = &[
    "devlink",
    "ethtool",
    "fou",
    "mptcp_pm",
    "netdev",
    "ovs_datapath",
    "ovs_flow",
    "ovs_vport",
    "tcp_metrics",
    "team",
];

fn specs() -> PathBuf {
    kernel_source().join("Documentation/netlink/specs")
}

/// The generic netlink families of the kernel, but for those that are Wireshark's own.
fn families() -> Vec<(PathBuf, Family)> {
    let mut paths: Vec<_> = fs::read_dir(specs())
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "yaml"))
        .collect();
    paths.sort();
    let loaded = paths.into_iter().map(|path| {
        let family = Family::load(&path).unwrap_or_else(|err| panic!("{err}"));
        (path, family)
    });
    loaded
        .filter(|(_, it)| it.protocol.is_generic() && !lua::is_built_in(it))
        .collect()
}

/// One plugin for all of them.
fn bundle(dir: &Path) -> PathBuf {
    let all = families();
    let families: Vec<_> = all.iter().map(|it| &it.1).collect();
    let file = dir.join("nl_families.lua");
    fs::write(&file, lua::bundle(&families, "made by a test").unwrap()).unwrap();
    file
}

#[test]
fn what_real_tools_say_to_other_families_is_shown_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let plugin = [bundle(dir.path())];
    for name in FAMILIES {
        let sample = root().join(format!("captures/samples/{name}.pcapng"));
        let family = name.to_string();
        let ours = format!("{family} || nlmsg.family == \"{family}\"");
        let columns = "-T fields -e frame.number -e _ws.col.Protocol -e _ws.col.Info";
        let columns: Vec<_> = columns.split(' ').collect();
        let mut shown = tshark_with(&plugin, &sample, &[&["-Y", &ours], &columns[..]].concat());
        assert!(!shown.is_empty(), "{name}: nothing is shown");
        let trees = tshark_with(
            &plugin,
            &sample,
            &["-2", "-Y", &ours, "-O", &format!("{family},nlmsg")],
        );
        let mut inside = false;
        for line in trees.lines() {
            if !line.starts_with(' ') {
                inside = line.starts_with(&format!("{family}: ")) || line == "[Netlink exchange]";
            }
            if inside && !line.contains("[Time since request: ") {
                shown.push_str(line.trim_end());
                shown.push('\n');
            }
        }
        assert!(!shown.contains("The dissector failed"), "{name}: {shown}");
        compare(&format!("family-{name}"), &shown);
    }
}

/// Filters in summary mode find what the tree shows.
#[test]
fn filters_on_other_families_find_what_their_trees_show() {
    let dir = tempfile::tempdir().unwrap();
    let plugin = [bundle(dir.path())];
    let mut asked = 0;
    for name in FAMILIES {
        let sample = root().join(format!("captures/samples/{name}.pcapng"));
        let shown = frames_by_name(&plugin, &sample);
        let prefix = format!("{name}.");
        let fields = shown.iter().filter(|(it, _)| it.starts_with(&prefix));
        // A few of each, spread over the whole.
        let fields: Vec<_> = fields.collect();
        let step = fields.len().div_ceil(3).max(1);
        for (field, frames) in fields.into_iter().step_by(step) {
            assert_eq!(found(&plugin, &sample, field), *frames, "{field}");
            asked += 1;
        }
        assert_eq!(found(&plugin, &sample, name), shown[*name], "{name}");
    }
    assert!(asked >= 2 * FAMILIES.len(), "{asked}");
}

/// A field of a PDML file.
struct PdmlField {
    name: String,
    showname: String,
    show: String,
    value: String,
}

fn attribute(line: &str, name: &str) -> String {
    let start = format!(" {name}=\"");
    let Some((_, rest)) = line.split_once(&start) else {
        return String::new();
    };
    let text = rest.split('"').next().unwrap_or_default();
    [
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The fields of a family's, by frame.
fn fields_of(pdml: &str, prefix: &str) -> HashMap<u64, Vec<PdmlField>> {
    let mut all = HashMap::<u64, Vec<PdmlField>>::new();
    let mut frame = 0;
    for line in pdml.lines() {
        if line.trim() == "<packet>" {
            frame += 1;
        }
        let name = attribute(line, "name");
        if name.starts_with(prefix) {
            all.entry(frame).or_default().push(PdmlField {
                name,
                showname: attribute(line, "showname"),
                show: attribute(line, "show"),
                value: attribute(line, "value"),
            });
        }
    }
    all
}

fn word(name: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

fn plain(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase()
}

/// Whether a field shows the written value, whatever its type.
fn is_shown(field: &PdmlField, value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => {
            let text = number.to_string();
            let hex = field.show.strip_prefix("0x");
            let shown = hex.and_then(|it| u64::from_str_radix(it, 16).ok());
            field.show == text
                || shown.is_some_and(|it| it.to_string() == text)
                // An address that is a number in the specification.
                || field.show.parse::<std::net::Ipv4Addr>().is_ok_and(|it| {
                    u32::from(it).to_string() == text
                        || u32::from(it).swap_bytes().to_string() == text
                })
        }
        Value::String(text) => {
            let address = |text: &str| text.parse::<std::net::IpAddr>().ok();
            field.show == *text
                || field.showname.contains(&word(text).to_uppercase())
                || plain(&field.value) == plain(text)
                || plain(&field.show) == plain(text)
                || (address(text).is_some() && address(text) == address(&field.show))
        }
        _ => false,
    }
}

/// Looks for every value of a written object; counts them, and names what is missing.
fn check(
    key: &str,
    value: &Value,
    fields: &[PdmlField],
    count: &mut usize,
    missing: &mut Vec<String>,
) {
    match value {
        Value::Object(map) => {
            for (inner, value) in map {
                // What stands below keys has no name of its own.
                let inner = if inner == "value" && map.len() > 1 && map.contains_key("id") {
                    key
                } else {
                    inner
                };
                check(inner, value, fields, count, missing);
            }
        }
        Value::Array(list) => {
            for one in list {
                let as_bit = |text: &str| {
                    let end = format!(".{}.{}", word(key), word(text));
                    let mut of_name = fields.iter().filter(|it| it.name.ends_with(&end));
                    of_name.any(|it| it.show == "1" || it.show == "True")
                };
                if one.as_str().is_some_and(as_bit) {
                    *count += 1;
                } else {
                    check(key, one, fields, count, missing);
                }
            }
        }
        _ => {
            *count += 1;
            let end = format!(".{}", word(key));
            let part = format!(".{}.", word(key));
            let mut of_name = fields
                .iter()
                .filter(|it| it.name.ends_with(&end) || it.name.contains(&part));
            if !of_name.any(|it| is_shown(it, value)) {
                missing.push(format!("{key}: {value}"));
            }
        }
    }
}

#[test]
fn every_value_of_every_specification_comes_back_through_tshark() {
    let dir = tempfile::tempdir().unwrap();
    let mut total = 0;
    let mut wrong = Vec::new();
    let all = families();
    for (path, family) in &all {
        let plugin = dir.path().join("plugin.lua");
        fs::write(&plugin, lua::bundle(&[family], "made by a test").unwrap()).unwrap();
        for order in ["little", "big"] {
            let file = dir.path().join("all.pcap");
            let writer = root().join("xtask/tests/peers/spec_writer.py");
            let out = Command::new("/usr/bin/python3")
                .arg(writer)
                .args([path, &file])
                .arg(order)
                .output()
                .unwrap();
            assert!(out.status.success(), "{}", text(&out.stderr));
            let pdml = tshark_with(&[&plugin], &file, &["-T", "pdml"]);
            assert!(!pdml.contains("The dissector failed"), "{}", family.name);
            let shown = fields_of(&pdml, &format!("{}.", lua::abbreviation(family)));
            let written = String::from_utf8(out.stdout).unwrap();
            for line in written.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                let Some(frame) = line.get(0).and_then(Value::as_u64) else {
                    continue;
                };
                let none = Vec::new();
                let fields = shown.get(&frame).unwrap_or(&none);
                let mut missing = Vec::new();
                check("", &line[1], fields, &mut total, &mut missing);
                for it in missing {
                    wrong.push(format!("{} ({order}) frame {frame}: {it}", family.name));
                }
            }
        }
    }
    println!("{} families, {total} values compared", all.len());
    assert!(
        wrong.is_empty(),
        "{} of {total}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(total > 1500, "{total}");
}
