// SPDX-License-Identifier: GPL-2.0-or-later
//! `nl_user show` in the guest, beside everybody else who knows the interfaces.

mod common;

use common::{guest, kernel_source, make_dummies, outcome, root, sh, text};
use serde_json::Value;
use std::process::Command;

/// What `ip -j link` says of the Ethernet interfaces, in `nl_user`'s words:
/// everything but the flags, of which `ip` shows other ones.
fn ip_says() -> Vec<String> {
    let links: Vec<Value> = serde_json::from_str(&sh("ip -j link")).unwrap();
    let ether = links.iter().filter(|link| link["link_type"] == "ether");
    ether
        .map(|link| {
            let word = |key: &str| link[key].as_str().unwrap().to_owned();
            format!(
                "{}: {} mtu {} state {} qlen {} {} {}",
                link["ifindex"],
                word("ifname"),
                link["mtu"],
                word("operstate"),
                // `ip` leaves out a length of 0.
                link["txqlen"].as_u64().unwrap_or(0),
                word("address"),
                word("broadcast"),
            )
        })
        .collect()
}

/// The same of `nl_user show`, whose form is checked on the way.
fn nl_user_says(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len() % 2, 0, "{text}");
    lines
        .chunks(2)
        .map(|pair| {
            let (index, rest) = pair[0].split_once(": ").unwrap();
            let (name, rest) = rest.split_once(": <").unwrap();
            let (_, facts) = rest.split_once("> ").unwrap();
            let addresses = pair[1].strip_prefix("    link/ether ").unwrap();
            let (address, broadcast) = addresses.split_once(" brd ").unwrap();
            format!("{index}: {name} {facts} {address} {broadcast}")
        })
        .collect()
}

guest_tests! {
    fn nl_user_shows_what_ip_shows_of_every_kind_of_ethernet_interface() {
        sh("ip link set lo up; ip link set dummy0 up
            ip link add br0 type bridge; ip link add veth0 type veth peer name veth1
            ip link set veth0 master br0 up; ip link set veth1 up; ip link set br0 up
            ip link add link veth1 name v7 mtu 1400 type vlan id 7; ip link set v7 up
            ip link add link veth1 name mac0 type macvlan; ip link add team0 type team
            ip tuntap add tap0 mode tap; ip tuntap add tun0 mode tun
            ip link add nlmon0 type nlmon; ip link add wg0 type wireguard
            echo '1 1' >/sys/bus/netdevsim/new_device");
        common::settle();
        let ip = ip_says();
        assert!(ip.len() >= 9, "{ip:#?}");
        assert_eq!(nl_user_says(&sh("nl_user show")), ip);
    }

    fn lists_of_every_length_are_complete_in_one_message_and_beyond() {
        for (prefix, make, total) in [("a", 0, 1), ("b", 47, 48), ("c", 1, 49), ("d", 361, 410), ("e", 390, 800), ("f", 60, 860)] {
            make_dummies(prefix, make);
            let shown = nl_user_says(&sh("nl_user show"));
            assert_eq!(shown.len(), total);
            assert!(shown == ip_says(), "{total}");
        }
    }

    fn an_interface_is_shown_with_its_counters_by_index_and_by_name() {
        sh("ip link set dummy0 address 02:00:00:00:00:0a mtu 1400 up; ip link set dummy0 txqlen 7");
        let index = sh("cat /sys/class/net/dummy0/ifindex");
        let by_name = sh("nl_user show dummy0");
        let lines: Vec<_> = by_name.lines().collect();
        assert_eq!(lines[0], format!("{}: dummy0: <UP,BROADCAST,NOARP> mtu 1400 state UNKNOWN qlen 7", index.trim()));
        assert_eq!(lines[1], "    link/ether 02:00:00:00:00:0a brd ff:ff:ff:ff:ff:ff");
        let keys: Vec<_> = lines[2..].iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        assert_eq!(keys, ["rx packets", "rx errors", "rx bytes", "tx packets", "tx errors", "tx bytes"]);
        let by_index = sh(&format!("nl_user show {index}"));
        assert_eq!(by_index.lines().next(), Some(lines[0]));
        assert_eq!(by_index.lines().count(), 8);
    }

    fn errors_say_what_failed_why_and_what_to_do() {
        sh("ip tuntap add tun0 mode tun");
        for (args, code, words) in [
            ("show 99", 1, &["ENODEV", "99"][..]),
            ("show nosuch", 1, &["nosuch"]),
            ("show lo", 1, &["ENODEV", "Ethernet"]),
            ("show tun0", 1, &["ENODEV", "Ethernet"]),
            ("show 0", 2, &["0"]),
            ("show 1 2", 2, &["Usage"]),
            ("", 2, &["Usage"]),
        ] {
            let (status, out, err) = outcome(&format!("nl_user {args}"));
            assert_eq!((status, out.as_str()), (Some(code), ""), "{args}: {err}");
            assert!(words.iter().all(|word| err.contains(word)), "{args}: {err}");
            assert!(code == 2 || err.lines().count() == 1, "{args}: {err}");
        }
        sh("rmmod nl_kernel");
        let (status, _, err) = outcome("nl_user show");
        assert_eq!(status, Some(1));
        assert!(err.contains("nl_util") && err.contains("nl_kernel") && err.contains("ENOENT"), "{err}");
    }

    fn a_reader_that_goes_away_is_no_error() {
        make_dummies("d", 700);
        let (_, out, err) = outcome("nl_user show | head -1; nl_user show | true");
        assert_eq!((out.lines().count(), err.as_str()), (1, ""));
    }
}

#[test]
fn the_kernels_own_ynl_client_drives_the_family_by_our_spec() {
    let (source, cli) = (kernel_source(), common::ynl_client());
    let ynl = |args: &str| {
        format!(
            "/usr/bin/python3 {cli} --spec {root}/kmod/uapi/nl_util.yaml \
             --schema {source}/Documentation/netlink/genetlink-legacy.yaml --output-json {args}",
            cli = cli.display(),
            source = source.display(),
            root = root().display()
        )
    };
    let script = format!(
        "ip link set dummy0 address 02:00:00:00:00:0a; {}; {}; {} 2>&1 || true; {} 2>&1 || true",
        ynl("--do l2-list --json '{}'"),
        ynl(
            r#"--do l2-iid --json "{\"netdev\": [{\"ifindex\": $(cat /sys/class/net/dummy0/ifindex)}]}""#
        ),
        ynl(r#"--do l2-iid --json '{"netdev": [{"ifindex": 99}]}'"#),
        ynl("--do reply-with-nlmsg-err --json '{}'"),
    );
    let out = guest()
        .args(["--", "sh", "-euc", &script])
        .output()
        .unwrap();
    let shown = text(&out.stdout);
    assert!(out.status.success(), "{shown}{}", text(&out.stderr));
    let mut lines = shown.lines();
    let list: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let dummy = &list["netdev"][0];
    assert_eq!(dummy["ifname"], "dummy0");
    assert_eq!(dummy["ifmac"], "02:00:00:00:00:0a");
    assert_eq!(dummy["state"], "down");
    assert_eq!(dummy.as_object().unwrap().len(), 8);
    let one: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(one["netdev"][0]["stats"]["rx-packets"], 0);
    assert_eq!(one["netdev"][0]["stats"].as_object().unwrap().len(), 25);
    let rest: String = lines.collect();
    assert!(
        rest.contains("no such interface") && rest.contains("always fails"),
        "{rest}"
    );
}

#[test]
fn a_c_client_built_against_our_header_lists_what_nl_user_lists() {
    let dir = tempfile::tempdir().unwrap();
    let client = dir.path().join("client");
    let built = Command::new("gcc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-static", "-I"])
        .arg(root().join("kmod/uapi"))
        .arg("-o")
        .arg(&client)
        .arg(root().join("xtask/tests/peers/client.c"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let script = format!(
        "for i in $(seq 31); do ip link add d$i type dummy; done; {}; echo; nl_user show",
        client.display()
    );
    let out = guest()
        .args(["--", "sh", "-euc", &script])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let shown = text(&out.stdout);
    let (theirs, ours) = shown.split_once("\n\n").unwrap();
    let ours: Vec<_> = nl_user_says(ours)
        .iter()
        .map(|line| {
            let words: Vec<_> = line.split([' ']).collect();
            // 2: dummy0 mtu 1500 state DOWN qlen 1000 MAC BROADCAST
            format!(
                "{} {} {} {} {}",
                words[0].trim_end_matches(':'),
                words[1],
                words[3],
                words[7],
                words[8]
            )
        })
        .collect();
    assert_eq!(theirs.lines().collect::<Vec<_>>(), ours);
    assert_eq!(ours.len(), 32);
}
