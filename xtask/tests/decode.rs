// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap show` on real traffic, against the kernel's YNL client for the same
//! exchange, and against `ip -j`.

mod common;

use common::{kernel_source, root, sh};
use serde_json::Value;

/// Something to ask of: links of several kinds, addresses, routes, queueing
/// disciplines, an endpoint of mptcp and a port of fou.
const SETUP: &str = "
    ip link set lo up
    ip link set dummy0 up
    ip addr add 192.0.2.1/24 dev dummy0
    ip addr add 2001:db8::1/64 dev dummy0
    ip link add br0 type bridge
    ip link add veth0 type veth peer name veth1
    ip link set veth0 master br0 up
    ip link set veth1 up
    ip link add link veth1 name veth1.7 type vlan id 7
    ip route add 198.51.100.0/24 via 192.0.2.254
    ip mptcp endpoint add 192.0.2.1 id 5
    ip fou add port 5555 ipproto 4";

/// Specification, family, and what the client is asked to do.
const EXCHANGES: &[(&str, &str, &str)] = &[
    ("nlctrl", "nlctrl", "--dump getfamily"),
    ("netdev", "netdev", "--dump dev-get"),
    ("netdev", "netdev", "--dump queue-get"),
    ("ethtool", "ethtool", "--dump features-get"),
    ("ethtool", "ethtool", "--dump channels-get"),
    ("ethtool", "ethtool", "--dump linkstate-get"),
    ("ethtool", "ethtool", "--dump tsinfo-get"),
    (
        "ethtool",
        "ethtool",
        r#"--do strset-get --json {"header":{"dev-name":"veth0"}}"#,
    ),
    ("mptcp_pm", "mptcp_pm", "--dump get-addr"),
    ("mptcp_pm", "mptcp_pm", "--do get-limits"),
    ("fou", "fou", "--dump get"),
    ("rt_link", "rt-link", "--dump getlink"),
    (
        "rt_link",
        "rt-link",
        r#"--do getlink --json {"ifname":"veth0"}"#,
    ),
    ("rt_addr", "rt-addr", "--dump getaddr"),
    ("rt_route", "rt-route", "--dump getroute"),
    ("tc", "tc", "--dump getqdisc"),
    ("nl_util", "nl_util", "--do l2-list --json {}"),
];

/// What is left of a value when what the two are known to differ in is gone: the
/// client of 6.12 prints padding, puts flags in no order, and drops an attribute
/// that has the name of a member of the header.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let is_value = |(key, value): &(&String, &Value)| {
                let is_padding = key.ends_with("pad") && *value == "";
                !is_padding && !key.ends_with(" (attribute)")
            };
            let all = object.iter().filter(is_value);
            Value::Object(all.map(|(key, it)| (key.clone(), normal(it))).collect())
        }
        Value::Array(all) => {
            let mut all: Vec<_> = all.iter().map(normal).collect();
            if all.iter().all(Value::is_string) {
                all.sort_by_key(ToString::to_string);
            }
            Value::Array(all)
        }
        other => other.clone(),
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(all) => all.values().map(leaves).sum(),
        Value::Array(all) => all.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// The answers of a family in a recording, as objects.
fn answers(specs: &str, file: &str, family: &str) -> Vec<Value> {
    let shown = sh(&format!("nlcap show --json --spec {specs} {file}"));
    (shown.lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["role"] == "reply" && it["family"] == family)
        .map(|it| it["msg"].clone())
        .collect()
}

guest_tests! {
    fn the_kernels_own_client_reads_the_same_values() {
        sh(SETUP);
        let source = kernel_source();
        let source = source.display();
        let mut families = std::collections::BTreeMap::new();
        let cli = common::ynl_client().display().to_string();
        for (spec, family, action) in EXCHANGES {
            let spec = match *spec {
                "nl_util" => root().join("kmod/uapi/nl_util.yaml").display().to_string(),
                name => format!("{source}/Documentation/netlink/specs/{name}.yaml"),
            };
            let words: Vec<_> = action.split(' ').map(|word| format!("'{word}'")).collect();
            let theirs = sh(&format!(
                "nlcap record -w /run/x.pcapng -- /usr/bin/python3 {cli} \
                 --no-schema --process-unknown --output-json --spec {spec} {} 2>/run/err",
                words.join(" ")
            ));
            let theirs = match serde_json::from_str(&theirs).unwrap() {
                Value::Array(all) => all,
                one => vec![one],
            };
            let mut ours = answers(&spec, "/run/x.pcapng", family);
            // The client asks for all families first, for each of its runs.
            ours.drain(..ours.len().saturating_sub(theirs.len()));
            let (ours, theirs) = (normal(&ours.into()), normal(&theirs.into()));
            assert_eq!(ours, theirs, "{family} {action}");
            let compared = leaves(&theirs);
            assert!(compared > 0, "{family} {action}: nothing to compare");
            *families.entry(*family).or_insert(0) += compared;
        }
        println!("compared with the kernel's client, values a family: {families:?}");
        assert!(families.len() >= 10, "{families:?}");
    }

    fn the_links_of_ip_are_the_links_of_the_messages_it_got() {
        sh(SETUP);
        let specs = format!("{}/Documentation/netlink/specs", kernel_source().display());
        let printed = sh("nlcap record -w /run/x.pcapng -- ip -j -d link show 2>/run/err");
        let theirs: Vec<Value> = serde_json::from_str(&printed).unwrap();
        let ours = answers(&specs, "/run/x.pcapng", "rt-link");
        assert_eq!(ours.len(), theirs.len());
        let mut compared = 0;
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let keys = [
                ("ifi-index", "ifindex"),
                ("ifname", "ifname"),
                ("mtu", "mtu"),
                ("qdisc", "qdisc"),
                ("txqlen", "txqlen"),
                ("address", "address"),
                ("broadcast", "broadcast"),
                ("min-mtu", "min_mtu"),
                ("max-mtu", "max_mtu"),
                ("promiscuity", "promiscuity"),
                ("num-tx-queues", "num_tx_queues"),
                ("num-rx-queues", "num_rx_queues"),
                ("gso-max-size", "gso_max_size"),
                ("gso-max-segs", "gso_max_segs"),
                ("tso-max-size", "tso_max_size"),
                ("gro-max-size", "gro_max_size"),
            ];
            for (key, name) in keys {
                if !theirs[name].is_null() {
                    assert_eq!(ours[key], theirs[name], "{key} of {}", theirs["ifname"]);
                    compared += 1;
                }
            }
            assert_eq!(ours["linkinfo"]["kind"], theirs["linkinfo"]["info_kind"]);
            // `ip` says RUNNING by its absence (NO-CARRIER), and NOARP in one word.
            for flag in ["up", "broadcast", "multicast", "loopback", "lower-up"] {
                let has = |all: &Value, name: &str| all.as_array().unwrap().iter().any(|it| it == name);
                let name = flag.to_uppercase().replace('-', "_");
                assert_eq!(has(&ours["ifi-flags"], flag), has(&theirs["flags"], &name));
                compared += 1;
            }
        }
        println!("compared with ip: {compared} values of {} links", theirs.len());
        assert!(compared > 100);
    }
}
