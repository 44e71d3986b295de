// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap show` on real traffic, against the kernel's YNL client for the same
//! exchange, and against `ip -j`.

mod common;

use common::{kernel_source, root, sh};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
                // The client says nothing of bytes behind a struct that it knows.
                !is_padding && !key.ends_with(" (attribute)") && *key != "(more)"
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

fn is_hexadecimal(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Whether both are the same, but for values that are a number or bytes to the kernel's
/// specifications, and have a name or a form by the table of families; how many have.
fn agree(ours: &Value, theirs: &Value, what: &str) -> usize {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            // The table may know more members of a struct.
            let more = ours.keys().filter(|it| !theirs.contains_key(*it)).count();
            let both = theirs.iter().map(|(key, theirs)| {
                let ours = ours.get(key).unwrap_or(&Value::Null);
                agree(ours, theirs, &format!("{what}: {key}"))
            });
            more + both.sum::<usize>()
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let both = ours.iter().zip(theirs);
            both.map(|(ours, theirs)| agree(ours, theirs, what)).sum()
        }
        (Value::String(_) | Value::Array(_), Value::Number(_)) => 1,
        (_, Value::String(bytes)) if ours != theirs && is_hexadecimal(bytes) => 1,
        _ => {
            assert_eq!(ours, theirs, "{what}");
            0
        }
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

/// What messages of that name hold by our own names, where these commands are recorded,
/// and what they print.
fn by_our_names(commands: &str, operation: &str) -> (Vec<Value>, String) {
    let printed = sh(&format!(
        "nlcap record -w /run/x.pcapng -- sh -c '{commands}' 2>/run/err"
    ));
    let shown = sh("nlcap show --json /run/x.pcapng");
    let all = (shown.lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["op"] == operation && it["msg"].is_object())
        .map(|it| it["msg"].clone());
    (all.collect(), printed)
}

/// The trees of requests of families other than the controller, in the order of the
/// messages: family, and each line's indentation and value.
fn request_trees(options: &str) -> Vec<(String, Vec<(usize, String)>)> {
    let shown = sh(&format!(
        "nlcap show -t -v --family generic {options} /run/x.pcapng"
    ));
    let mut all: Vec<(String, Vec<(usize, String)>)> = Vec::new();
    let mut wanted = false;
    for line in shown.lines() {
        if let Some((_, rest)) = line.split_once("] ").filter(|_| !line.starts_with(' ')) {
            let mut words = rest.split(' ');
            let (arrow, family) = (words.next(), words.next().unwrap().to_owned());
            wanted = arrow == Some(">") && family != "nlctrl";
            if wanted {
                all.push((family, Vec::new()));
            }
        } else if let (true, Some((name, value))) = (wanted, line.split_once(':')) {
            let depth = line.len() - line.trim_start().len();
            // Of some nests the kernel has no policy: what is in them is a guess.
            let is_guess = name.ends_with('?');
            assert!(!is_guess || depth > 4, "{line}");
            let value = if is_guess { "?" } else { value.trim() };
            all.last_mut().unwrap().1.push((depth, value.to_owned()));
        }
    }
    all
}

/// The kernel's specification of that name. Some were named anew since 6.12: rt_link.yaml is
/// rt-link.yaml in 7.2.
fn spec_file(source: &Path, name: &str) -> PathBuf {
    let specs = source.join("Documentation/netlink/specs");
    let names = [name.to_owned(), name.replace('_', "-")];
    let files = names.map(|name| specs.join(format!("{name}.yaml")));
    let found = files.iter().find(|file| file.exists());
    found.unwrap_or(&files[0]).clone()
}

guest_tests! {
    fn the_kernels_own_client_reads_the_same_values() {
        sh(SETUP);
        let source = kernel_source();
        let mut families = std::collections::BTreeMap::new();
        let mut named = 0;
        let cli = common::ynl_client().display().to_string();
        for (spec, family, action) in EXCHANGES {
            let spec = match *spec {
                "nl_util" => root().join("kmod/uapi/nl_util.yaml").display().to_string(),
                name => spec_file(&source, name).display().to_string(),
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
            named += agree(&ours, &theirs, &format!("{family} {action}"));
            let compared = leaves(&theirs);
            assert!(compared > 0, "{family} {action}: nothing to compare");
            *families.entry(*family).or_insert(0) += compared;
        }
        let all: usize = families.values().sum();
        println!("compared with the kernel's client, values a family: {families:?}");
        println!("{named} of {all} values have a name that its specifications lack");
        assert!(named * 10 < all, "{named} of {all}");
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

    fn addresses_and_routes_of_ip_are_those_of_the_messages_it_got() {
        sh(SETUP);
        let specs = format!("{}/Documentation/netlink/specs", kernel_source().display());
        let run = |command: &str, family: &str| -> (Vec<Value>, Vec<Value>) {
            let printed = sh(&format!("nlcap record -w /run/x.pcapng -- {command} 2>/run/err"));
            (serde_json::from_str(&printed).unwrap(), answers(&specs, "/run/x.pcapng", family))
        };
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let (theirs, ours) = run("ip -j addr show", "rt-addr");
        let mut expected: Vec<_> = (theirs.iter())
            .flat_map(|link| link["addr_info"].as_array().unwrap().iter().map(move |it| (link, it)))
            .map(|(link, it)| (number(&link["ifindex"]), text(&it["local"]), number(&it["prefixlen"])))
            .collect();
        let mut got: Vec<_> = (ours.iter())
            .map(|it| {
                // IPv6 has no local address but the one that it calls address.
                let local = if it["ifa-local"].is_null() { &it["ifa-address"] } else { &it["ifa-local"] };
                (number(&it["ifa-index"]), text(local), number(&it["ifa-prefixlen"]))
            })
            .collect();
        expected.sort();
        got.sort();
        assert_eq!(got, expected);
        assert!(got.len() >= 4, "{got:?}");
        let addresses = got.len();

        let (theirs, ours) = run("ip -j route show table all", "rt-route");
        let mut expected: Vec<_> = (theirs.iter())
            .map(|it| {
                let table = it["table"].as_str().unwrap_or("main").to_owned();
                // RTPROT_BOOT is not printed.
                let protocol = it["protocol"].as_str().unwrap_or("boot").to_owned();
                (text(&it["dst"]), text(&it["gateway"]), table, protocol, number(&it["metric"]))
            })
            .collect();
        let mut got: Vec<_> = (ours.iter())
            .map(|it| {
                let length = number(&it["rtm-dst-len"]);
                let whole = if it["rtm-family"] == "inet" { 32 } else { 128 };
                let dst = match (text(&it["rta-dst"]), length) {
                    (_, 0) => String::from("default"),
                    (dst, length) if length == whole => dst,
                    (dst, length) => format!("{dst}/{length}"),
                };
                (dst, text(&it["rta-gateway"]), text(&it["rta-table"]), text(&it["rtm-protocol"]), number(&it["rta-priority"]))
            })
            .collect();
        expected.sort();
        got.sort();
        assert_eq!(got, expected);
        println!("compared with ip: {addresses} addresses, {} routes", got.len());
        assert!(got.len() > 5, "{got:?}");
    }

    fn next_hops_and_groups_of_ip_are_those_of_the_messages() {
        sh(SETUP);
        let links: Value = serde_json::from_str(&sh("ip -j link show")).unwrap();
        let mut links = links.as_array().unwrap().iter();
        let dummy0 = links.find(|it| it["ifname"] == "dummy0").unwrap()["ifindex"].clone();
        // As `ip` has it in JSON: the weight of a hop is one more than its member.
        let hop = |it: &Value| json!({
            "gateway": it["gateway"], "weight": it["rtnh-hops"].as_u64().unwrap() + 1,
            "dev": if it["rtnh-ifindex"] == dummy0 { "dummy0" } else { "?" }, "flags": it["rtnh-flags"],
        });
        let hops = |it: &Value| Value::Array(it.as_array().unwrap().iter().map(hop).collect());
        let group = |it: &Value| {
            let weight = it["weight"].as_u64().unwrap() + 256 * it["weight-high"].as_u64().unwrap() + 1;
            // `ip` leaves out a weight of 1.
            if weight == 1 { json!({"id": it["id"]}) } else { json!({"id": it["id"], "weight": weight}) }
        };
        let groups = |it: &Value| Value::Array(it.as_array().unwrap().iter().map(group).collect());

        // What is asked for. The kernel may be built without this for IPv4.
        let add = "ip route add 203.0.113.0/24 nexthop via 192.0.2.253 dev dummy0 \
                   nexthop via 192.0.2.254 dev dummy0 weight 3 onlink";
        let (asked, _) = by_our_names(&format!("{add} || true"), "newroute");
        assert_eq!(hops(&asked[0]["multipath"]), json!([
            {"gateway": "192.0.2.253", "dev": "dummy0", "weight": 1, "flags": []},
            {"gateway": "192.0.2.254", "dev": "dummy0", "weight": 3, "flags": ["onlink"]},
        ]));
        assert_eq!(asked[0]["multipath"][0]["rtnh-len"], 16);
        sh("ip -6 route add 2001:db8:1::/64 nexthop via 2001:db8::2 dev dummy0 \
            nexthop via 2001:db8::3 dev dummy0 weight 200");
        let (asked, _) = by_our_names(
            "ip nexthop add id 1 via 192.0.2.253 dev dummy0; ip nexthop add id 2 via 192.0.2.254 dev dummy0; \
             ip nexthop add id 3 via 192.0.2.252 dev dummy0; ip nexthop add id 10 group 1/2,3; \
             ip nexthop add id 11 group 1,200/3,255 type resilient buckets 8",
            "newnexthop",
        );
        assert_eq!(groups(&asked[3]["group"]), json!([{"id": 1}, {"id": 2, "weight": 3}]));

        // What is answered.
        let mut compared = 0;
        for family in ["-4", "-6"] {
            let (answered, printed) = by_our_names(&format!("ip -j {family} route show table all"), "newroute");
            let theirs: Vec<Value> = serde_json::from_str(&printed).unwrap();
            let theirs = theirs.iter().map(|it| &it["nexthops"]).filter(|it| it.is_array());
            let ours = answered.iter().map(|it| &it["multipath"]).filter(|it| !it.is_null());
            let (ours, theirs): (Vec<_>, Vec<_>) = (ours.map(hops).collect(), theirs.cloned().collect());
            assert_eq!(ours, theirs);
            compared += ours.len();
        }
        assert!(compared > 0);
        let (answered, printed) = by_our_names("ip -j nexthop show", "newnexthop");
        let theirs: Vec<Value> = serde_json::from_str(&printed).unwrap();
        assert_eq!((answered.len(), theirs.len()), (5, 5));
        for (ours, theirs) in answered.iter().zip(&theirs) {
            assert_eq!(ours["id"], theirs["id"]);
            match &ours["group"] {
                Value::Null => assert_eq!(ours["gateway"], theirs["gateway"]),
                all => {
                    assert_eq!(groups(all), theirs["group"]);
                    compared += 1;
                }
            }
        }
        println!("compared with ip: {compared} routes by several hops, and groups");
        assert!(compared >= 3);
    }

    fn templates_of_ip_xfrm_are_those_of_the_messages() {
        let add = "ip xfrm policy add src 192.0.2.0/24 dst 198.51.100.0/24 dir out \
                   tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x77 reqid 7 mode tunnel \
                   tmpl proto ah reqid 8 mode transport level use";
        let (asked, _) = by_our_names(add, "newpolicy");
        let (answered, printed) = by_our_names("ip xfrm policy", "newpolicy");
        assert_eq!(asked[0]["tmpl"], answered[0]["tmpl"]);
        // As `ip` prints them: words and their values.
        let mut text = String::new();
        for it in answered[0]["tmpl"].as_array().unwrap() {
            let spi = u32::from_str_radix(&it["id"]["spi"].as_str().unwrap()[2..], 16).unwrap();
            let spi = if spi == 0 { String::new() } else { format!("spi {spi:#010x} ") };
            text += &format!(
                "tmpl src {} dst {} proto {} {spi}reqid {} mode {} {}",
                it["saddr"].as_str().unwrap(),
                it["id"]["daddr"].as_str().unwrap(),
                it["id"]["proto"].as_str().unwrap(),
                it["reqid"],
                it["mode"].as_str().unwrap(),
                if it["optional"] == 1 { "level use " } else { "" },
            );
        }
        let theirs = printed.split_once("tmpl").unwrap().1;
        let theirs: Vec<_> = theirs.split_whitespace().collect();
        assert_eq!(text.trim_end(), format!("tmpl {}", theirs.join(" ")));
    }

    fn features_of_ethtool_are_those_of_the_messages_it_got() {
        sh("echo '7 1' >/sys/bus/netdevsim/new_device");
        let device = sh("ls /sys/bus/netdevsim/devices/netdevsim7/net").trim().to_owned();
        let specs = format!("{}/Documentation/netlink/specs", kernel_source().display());
        let run = |option: &str| -> (Value, Vec<Value>) {
            let command = format!("ethtool --json {option} {device}");
            let printed = sh(&format!("nlcap record -w /run/x.pcapng -- {command} 2>/run/err"));
            let printed: Value = serde_json::from_str(&printed).unwrap();
            (printed[0].clone(), answers(&specs, "/run/x.pcapng", "ethtool"))
        };
        let (theirs, ours) = run("-k");
        let find = |key: &str| ours.iter().find(|it| !it[key].is_null()).unwrap();
        let features = find("active");
        let strings = &find("stringsets")["stringsets"]["stringset"][0]["strings"][0]["string"];
        let bit = |set: &str, index: u64| -> bool {
            let digits = features[set]["value"].as_str().unwrap();
            let words: Vec<_> = (0..digits.len()).step_by(2)
                .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
                .collect();
            words.get(index as usize / 8).is_some_and(|it| it >> (index % 8) & 1 == 1)
        };
        let mut compared = 0;
        for string in strings.as_array().unwrap() {
            let index = string["index"].as_u64().unwrap_or(0);
            let theirs = &theirs[string["value"].as_str().unwrap_or("")];
            // Groups of features have neither.
            if theirs["fixed"].is_null() {
                continue;
            }
            let fixed = !bit("hw", index) || bit("nochange", index);
            assert_eq!(theirs["active"], bit("active", index), "{string}");
            assert_eq!(theirs["fixed"], fixed, "{string}");
            assert_eq!(theirs["requested"], bit("wanted", index), "{string}");
            compared += 3;
        }
        assert!(compared > 60, "{compared}");
        println!("compared with ethtool: {compared} values");
    }

    fn a_request_without_a_specification_is_read_by_the_kernels_policy() {
        sh(SETUP);
        let specs = format!("{}/Documentation/netlink/specs", kernel_source().display());
        sh("nlcap record -w /run/x.pcapng -- sh -c \
            'for family in ethtool mptcp_pm fou; do genl ctrl policy name $family; done; \
             ethtool -k veth0; ethtool -c veth0 || true; ip mptcp endpoint add 192.0.2.1 id 9; \
             ip fou add port 5556 ipproto 4' >/run/out 2>&1");
        // No specification is where the machine's would be.
        let named = request_trees(&format!("--spec {specs}"));
        let numbered = request_trees("");
        assert_eq!(named.len(), numbered.len());
        let mut compared = std::collections::BTreeMap::new();
        for ((family, named), (same_family, numbered)) in named.iter().zip(&numbered) {
            assert_eq!((family, named.len()), (same_family, numbered.len()));
            let values = compared.entry(family.as_str()).or_insert(0);
            for ((depth, value), (same_depth, same)) in named.iter().zip(numbered) {
                assert_eq!(depth, same_depth, "{value} {same}");
                // A policy knows neither enums nor display hints.
                let is_number = same.parse::<u64>().is_ok() && value.parse::<u64>().is_err();
                // Nor byte orders.
                let is_swapped = match (value.parse::<u32>(), same.parse::<u32>()) {
                    (Ok(a), Ok(b)) => a == b.swap_bytes() || a == b.swap_bytes() >> 16,
                    _ => false,
                };
                assert!(value == same || is_number || is_swapped || same == "?", "{value} {same}");
                *values += usize::from(value == same && !value.is_empty());
            }
        }
        println!("read by policies, values a family: {compared:?}");
        assert_eq!(compared.keys().copied().collect::<Vec<_>>(), ["ethtool", "fou", "mptcp_pm"]);
        assert!(compared.values().all(|it| *it > 0));
    }

    fn the_families_of_this_machine_are_those_that_genl_lists() {
        let listed = sh("genl ctrl list");
        let mut expected = Vec::new();
        let mut words = listed.split_whitespace();
        while let Some(word) = words.next() {
            if word == "Name:" {
                let name = words.next().unwrap().to_owned();
                let number = |word: Option<&str>| {
                    let digits = word.unwrap().trim_start_matches("0x");
                    u64::from_str_radix(digits, 16).unwrap()
                };
                assert_eq!(words.next(), Some("ID:"));
                let id = number(words.next());
                assert_eq!(words.next(), Some("Version:"));
                expected.push((id, name, number(words.next())));
            }
        }
        expected.sort();
        let specs = format!("{}/Documentation/netlink/specs", kernel_source().display());
        let rows = |file: &str| -> Vec<Value> {
            let shown = sh(&format!("nlcap families --json --spec {specs} {file}"));
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let live = rows("");
        let got: Vec<_> = (live.iter())
            .map(|it| (it["id"].as_u64().unwrap(), it["name"].as_str().unwrap().to_owned(), it["version"].as_u64().unwrap()))
            .collect();
        assert_eq!(got, expected);
        assert!(got.len() > 10);
        let ethtool = live.iter().find(|it| it["name"] == "ethtool").unwrap();
        assert!(ethtool["spec"].as_str().unwrap().ends_with("specs/ethtool.yaml"), "{ethtool}");
        assert_eq!((&ethtool["groups"][0]["name"], &ethtool["ops"][0]["name"]), (&"monitor".into(), &"strset-get".into()));
        sh("nlcap record -w /run/x.pcapng -- true 2>/run/err");
        assert_eq!(rows("/run/x.pcapng"), live);
        let table = sh("nlcap families");
        let widths: Vec<_> = table.lines().map(|line| line.find(|it: char| it.is_alphabetic() && !it.is_whitespace())).collect();
        assert!(table.starts_with(" id  family"), "{table}");
        assert!(widths.len() == got.len() + 1, "{table}");
    }
}
