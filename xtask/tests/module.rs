// SPDX-License-Identifier: GPL-2.0-or-later
//! The module in the guest's kernel, asked by a client that shares no code with
//! ours. Numbers are literals on purpose: they are the wire's, and never change.

mod common;

use std::fmt::Write as _;

use common::{
    make_dummies, module_log, sh,
    wire::{Client, Message, NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST, Refusal, attr, attrs, find},
};

const L2_LIST: u8 = 1;
const L2_IID: u8 = 2;
const REPLY_WITH_NLMSG_ERR: u8 = 3;
const NETDEV: u16 = 1;
const IFINDEX: u16 = 1;

const EINVAL: i32 = 22;
const ENODEV: i32 = 19;
const ERANGE: i32 = 34;
const EOPNOTSUPP: i32 = 95;
const EMSGSIZE: i32 = 90;

/// Where a NETDEV stands that is the request's first attribute.
const FIRST: u32 = 20;

fn index_of(name: &str) -> u32 {
    sh(&format!("cat /sys/class/net/{name}/ifindex"))
        .trim()
        .parse()
        .unwrap()
}

/// The request of L2_IID.
fn by_index(index: u32) -> Vec<u8> {
    attr(NETDEV | NLA_F_NESTED, &attr(IFINDEX, &index.to_ne_bytes()))
}

/// The interfaces of an answer: attribute types and payloads, in order.
fn netdevs(attributes: &[(u16, Vec<u8>)]) -> Vec<Vec<(u16, Vec<u8>)>> {
    assert!(
        attributes.iter().all(|(kind, _)| *kind == NETDEV),
        "NETDEV without NLA_F_NESTED"
    );
    attributes.iter().map(|(_, nest)| attrs(nest)).collect()
}

fn number(netdev: &[(u16, Vec<u8>)], kind: u16) -> u32 {
    common::wire::number(find(netdev, kind))
}

fn name(netdev: &[(u16, Vec<u8>)]) -> String {
    common::wire::text(find(netdev, 2))
}

/// A panic in the kernel is an oops: the optimised object must have no way to one.
#[test]
fn the_release_object_holds_no_panic() {
    let out = std::process::Command::new("nm")
        .arg(common::module_file())
        .output()
        .unwrap();
    let symbols = common::text(&out.stdout);
    assert!(out.status.success() && symbols.contains("genl_register_family"));
    let panics: Vec<_> = symbols.lines().filter(|it| it.contains("panic")).collect();
    assert!(panics.is_empty(), "{panics:?}");
}

guest_tests! {
    fn loading_and_unloading_log_exactly_the_known_lines() {
        sh("nl_user show >/dev/null; rmmod nl_kernel");
        let mut expected = vec![
            "Initializing module",
            "Successfully registered family 'nl_util'",
            "Callback l2_list_doit() invoked",
        ];
        expected.extend([
            "Found device with name: [lo]",
            "Found device with name: [dummy0]",
            "Unloading module",
            "Successfully unregistered family 'nl_util'",
        ]);
        assert_eq!(module_log(), expected);
    }

    fn l2_list_answers_with_eight_attributes_in_order_for_ethernet_devices_only() {
        sh("ip link set dummy0 up mtu 1400 txqlen 77 address 02:00:00:00:00:0a
            ip tuntap add tun0 mode tun; ip link add veth0 type veth peer name veth1
            ip link set veth0 up; ip link set veth1 up; ip link add nlmon0 type nlmon");
        let mut client = Client::new("nl_util");
        let answer = client.ask(L2_LIST, &[]).unwrap();
        assert_eq!((answer.kind, answer.command, answer.version), (client.family, 1, 1));
        assert_eq!((answer.seq, answer.port), (client.seq(), client.port()));
        let found = netdevs(&answer.attrs);
        let names: Vec<_> = found.iter().map(|netdev| name(netdev)).collect();
        assert_eq!(names, ["dummy0", "veth1", "veth0"]);
        for netdev in &found {
            let kinds: Vec<_> = netdev.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, [1, 2, 3, 4, 6, 5, 9, 8]);
        }
        let dummy = &found[0];
        assert_eq!(number(dummy, 1), index_of("dummy0"));
        // net_device.flags as it is: UP, BROADCAST, NOARP; never RUNNING or LOWER_UP.
        assert_eq!(number(dummy, 3), 0x83);
        assert_eq!((number(dummy, 4), number(dummy, 6)), (1400, 77));
        // dummy never leaves UNKNOWN; a veth with its peer up is UP.
        assert_eq!((number(dummy, 5), number(&found[1], 5)), (0, 6));
        assert_eq!(dummy[6].1, [2, 0, 0, 0, 0, 10]);
        assert_eq!(dummy[7].1, [0xff; 6]);
    }

    fn without_a_mask_no_byte_of_an_answer_ever_changes() {
        // Links that stay down: their counters are zero.
        sh("ip link del dummy0
            ip link add name plain index 100 address 02:00:00:00:01:00 type dummy
            ip link add name tuned index 101 address 02:00:00:00:01:01 mtu 1400 txqueuelen 77 type dummy
            ip link set plain multicast on; ip link set tuned allmulticast on
            ip link add name fifteen-letters index 103 address 02:00:00:00:01:03 type veth \
               peer name peer index 104 address 02:00:00:00:01:04");
        let mut client = Client::new("nl_util");
        let mut text = String::new();
        for (what, command, payload) in [
            ("L2_LIST", L2_LIST, Vec::new()),
            ("L2_IID of `tuned`", L2_IID, by_index(101)),
            ("L2_IID of `fifteen-letters`", L2_IID, by_index(103)),
        ] {
            let mut bytes = client.ask(command, &payload).unwrap().bytes;
            // The family's number, the sequence number and the port id are a boot's own.
            for at in [4..6, 8..16] {
                bytes[at].fill(0);
            }
            writeln!(text, "# {what}, {} bytes", bytes.len()).unwrap();
            for line in bytes.chunks(16) {
                let hex: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
                writeln!(text, "{}", hex.join(" ")).unwrap();
            }
        }
        common::assert_golden("answers.hex", &text);
    }

    fn state_is_what_rtnetlink_says_in_every_state_of_a_link() {
        sh("ip link add veth0 type veth peer name veth1; ip link add br0 type bridge
            ip link add link veth1 name v7 type vlan id 7; ip link set br0 up
            ip link set veth0 up; ip link set v7 up || true
            ip link add d1 type dummy; ip link set d1 mode dormant; ip link set d1 up");
        common::settle();
        let ours = sh("nl_user show | awk '/^[0-9]/ { for (i = 1; i < NF; i++) if ($i == \"state\") print $2, $(i + 1) }'");
        let theirs = sh("ip -o link | grep link/ether | awk '{ for (i = 1; i < NF; i++) if ($i == \"state\") print $2, $(i + 1) }' | sed 's/@[^:]*//'");
        assert_eq!(ours, theirs);
        let states: std::collections::BTreeSet<_> =
            ours.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert!(states.len() >= 3, "{states:?}");
    }

    fn l2_iid_answers_with_nine_attributes_and_the_counters_of_the_kernel() {
        // IPv6 has something to say on every link that comes up.
        sh("ip link add veth0 type veth peer name veth1; ip link set veth0 up
            ip link set veth1 up; await '[ $(cat /sys/class/net/veth0/statistics/tx_packets) != 0 ]'");
        let mut client = Client::new("nl_util");
        let answer = client.ask(L2_IID, &by_index(index_of("veth0"))).unwrap();
        let found = netdevs(&answer.attrs);
        assert_eq!((found.len(), name(&found[0]).as_str()), (1, "veth0"));
        let kinds: Vec<_> = found[0].iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [1, 2, 3, 4, 6, 5, 9, 8, 7]);
        let stats = &found[0][8].1;
        assert_eq!(stats.len(), 200);
        let counter = |at: usize| u64::from_ne_bytes(stats[at * 8..at * 8 + 8].try_into().unwrap());
        let kernel = |what: &str| -> u64 {
            sh(&format!("cat /sys/class/net/veth0/statistics/{what}")).trim().parse().unwrap()
        };
        assert!(counter(1) > 0);
        // Counters only grow: IPv6 may have spoken in between.
        assert!(counter(1) <= kernel("tx_packets") && counter(3) <= kernel("tx_bytes"));
        assert!(counter(3) > counter(1));
    }

    fn every_error_has_its_number_its_text_and_points_at_the_attribute() {
        sh("ip tuntap add tun0 mode tun");
        let mut client = Client::new("nl_util");
        let mut refused = |command, payload: &[u8]| client.ask(command, payload).unwrap_err();

        let missing = refused(L2_IID, &[]);
        assert_eq!((missing.errno, missing.missing, missing.missing_in), (EINVAL, Some(1), None));
        assert!(missing.text.contains("NETDEV"), "{missing:?}");

        let flags = attr(3, &0_u32.to_ne_bytes());
        let no_index = refused(L2_IID, &attr(NETDEV | NLA_F_NESTED, &flags));
        assert_eq!((no_index.errno, no_index.missing, no_index.missing_in), (EINVAL, Some(1), Some(FIRST)));
        assert!(no_index.text.contains("IFINDEX"), "{no_index:?}");

        let zero = refused(L2_IID, &by_index(0));
        assert_eq!((zero.errno, zero.offset), (EINVAL, Some(FIRST + 4)));
        assert!(!zero.text.is_empty());

        let negative = refused(L2_IID, &by_index(u32::MAX));
        assert_eq!((negative.errno, negative.offset), (ENODEV, Some(FIRST + 4)));

        let plain = refused(L2_IID, &attr(NETDEV, &attr(IFINDEX, &1_u32.to_ne_bytes())));
        assert_eq!((plain.errno, plain.offset), (EINVAL, Some(FIRST)));

        let short = refused(L2_IID, &attr(NETDEV | NLA_F_NESTED, &attr(IFINDEX, &[1, 0])));
        assert_eq!((short.errno, short.offset), (EINVAL, Some(FIRST + 4)));
        let long = refused(L2_IID, &attr(NETDEV | NLA_F_NESTED, &attr(IFINDEX, &[1; 8])));
        assert_eq!(long.errno, EINVAL);

        for address in [8, 9] {
            for length in [0, 5, 7] {
                let odd = attr(address, &vec![2; length]);
                let odd = refused(L2_IID, &attr(NETDEV | NLA_F_NESTED, &odd));
                assert_eq!((odd.errno, odd.offset), (EINVAL, Some(FIRST + 4)), "{odd:?}");
                assert!(!odd.text.is_empty());
            }
        }

        let stub = refused(L2_IID, &attr(NETDEV | NLA_F_NESTED, &[0, 0]));
        assert_eq!(stub.errno, ERANGE);

        let nobody = refused(L2_IID, &by_index(9999));
        assert_eq!((nobody.errno, nobody.offset), (ENODEV, Some(FIRST + 4)));
        let tunnel = refused(L2_IID, &by_index(index_of("tun0")));
        assert_eq!((tunnel.errno, tunnel.offset), (ENODEV, Some(FIRST + 4)));
        assert!(tunnel.text.contains("Ethernet") && tunnel.text != nobody.text, "{tunnel:?}");
        let loopback = refused(L2_IID, &by_index(1));
        assert_eq!(loopback, tunnel);

        for payload in [Vec::new(), by_index(1), attr(77, &[1, 2, 3])] {
            let always = refused(REPLY_WITH_NLMSG_ERR, &payload);
            assert_eq!(always.errno, EINVAL);
            assert!(!always.text.is_empty(), "{always:?}");
        }
        assert_eq!(refused(L2_LIST, &by_index(1)).errno, EINVAL);
        assert_eq!(refused(L2_LIST, &attr(7, &[])).errno, EINVAL);
        assert_eq!(refused(9, &[]), Refusal { errno: EOPNOTSUPP, ..Refusal::default() });
        client.ask(L2_IID, &by_index(index_of("dummy0"))).unwrap();
    }

    fn a_request_that_asks_for_an_ack_gets_the_answer_and_the_ack() {
        let mut client = Client::new("nl_util");
        client.send(NLM_F_REQUEST | NLM_F_ACK, L2_LIST, &[]);
        assert!(matches!(client.receive(), Message::Answer(_)));
        assert!(matches!(client.receive(), Message::Ack));
    }

    fn the_do_answer_holds_800_devices_and_past_64_kib_the_error_names_the_dump() {
        make_dummies("d", 799);
        let mut client = Client::new("nl_util");
        let answer = client.ask(L2_LIST, &[]).unwrap();
        assert_eq!(netdevs(&answer.attrs).len(), 800);
        assert!(answer.length <= 65_536, "{}", answer.length);
        let a_device = (answer.length - 20).div_ceil(800);
        assert!(a_device <= 80, "{a_device} bytes a device");
        make_dummies("more", 100);
        let refusal = client.ask(L2_LIST, &[]).unwrap_err();
        assert_eq!(refusal.errno, EMSGSIZE);
        assert!(refusal.text.contains("NLM_F_DUMP"), "{refusal:?}");
    }

    fn only_the_devices_of_the_callers_namespace_are_seen() {
        sh("ip netns add other; ip -n other link add inside type dummy; ip link add outside type dummy");
        assert!(!sh("nl_user show").contains("inside"));
        let other = sh("ip netns exec other nl_user show");
        assert!(other.contains("inside") && !other.contains("outside"), "{other}");
        let outside = index_of("outside");
        let (code, _, err) = common::outcome(&format!("ip netns exec other nl_user show {outside}"));
        assert!(code == Some(1) && err.contains("ENODEV"), "{code:?}: {err}");
        sh("ip netns del other");
    }

    fn an_unprivileged_user_cannot_flood_the_log() {
        make_dummies("d", 70);
        common::as_nobody(|| {
            let mut client = Client::new("nl_util");
            for _ in 0..500 {
                client.ask(L2_LIST, &[]).unwrap();
            }
        });
        let log = module_log();
        let count = |text: &str| log.iter().filter(|line| line.contains(text)).count();
        let callbacks = count("Callback l2_list_doit() invoked");
        assert!((16..=32).contains(&callbacks), "{callbacks}");
        assert_eq!(count("Found device with name"), callbacks * 8);
        assert_eq!(count("… and 64 more"), callbacks);
    }

    fn a_user_namespace_adds_neither_names_nor_lines_to_the_hosts_log() {
        let before = module_log();
        sh("setpriv --reuid 65534 --regid 65534 --clear-groups unshare -rn sh -ec '
            for i in $(seq 70); do ip link add mine$i type dummy; done
            for i in $(seq 200); do nl_user show; done | grep -c mine70: | grep -qx 200
            nl_user show mine7 >/dev/null'");
        assert_eq!(module_log(), before);
        // Nor one that has the machine's own network.
        sh("setpriv --reuid 65534 --regid 65534 --clear-groups unshare -r nl_user show >/dev/null");
        assert_eq!(module_log(), before);
        // They took nothing of what others may log, and their number is told once.
        sh("nl_user show >/dev/null; nl_user show >/dev/null");
        let log = module_log();
        let listed = ["Callback l2_list_doit() invoked", "Found device with name: [lo]", "Found device with name: [dummy0]"];
        let told = "Requests from other user namespaces, not logged: 202";
        assert_eq!(log[before.len()..], [&[told][..], &listed, &listed].concat());
        sh("setpriv --reuid 65534 --regid 65534 --clear-groups unshare -rn nl_user show >/dev/null; rmmod nl_kernel");
        let told = "Requests from other user namespaces, not logged: 1";
        assert!(module_log().contains(&told.to_owned()));
    }

    fn an_unprivileged_user_may_what_he_may_with_ip_link() {
        make_dummies("d", 900);
        sh("ip netns add other; ip -n other link add inside index 5000 type dummy");
        let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all";
        // More than one message holds: by do, and then by dump.
        let ours = sh(&format!("{nobody} nl_user show | awk '/^[0-9]/ {{ print $1, $2 }}'"));
        let theirs = sh(&format!("{nobody} ip -o link | awk '/link.ether/ {{ print $1, $2 }}'"));
        assert_eq!(ours, theirs);
        assert_eq!(ours.lines().count(), 901);
        let one = sh(&format!("{nobody} nl_user show d7"));
        assert!(one.contains("d7") && one.contains("rx packets"), "{one}");
        let mut client = common::as_nobody(|| {
            assert!(std::fs::write("/sys/class/net/dummy0/mtu", "1400").is_err());
            let mut client = Client::new("nl_util");
            client.join("l2");
            assert_eq!(client.ask(L2_IID, &by_index(5000)).unwrap_err().errno, ENODEV);
            client
        });
        sh("ip link set dummy0 mtu 1400; ip -n other link set inside mtu 1400");
        assert_eq!(client.waiting().len(), 1);
        sh("ip netns del other");
    }

    fn an_alternative_name_of_any_length_is_resolved() {
        let longest = "n".repeat(127);
        for name in ["short", "enp0s31f6-of-the-second-board", &longest] {
            sh(&format!("ip link property add dev dummy0 altname {name}"));
            let shown = sh(&format!("nl_user show {name}"));
            assert!(shown.contains("dummy0"), "{name}: {shown}");
        }
        let (code, _, err) = common::outcome("nl_user show enp0s31f6-of-the-third-board");
        assert!(code == Some(1) && err.contains("ENODEV"), "{err}");
    }

    fn asking_for_the_family_loads_the_module() {
        sh("rmmod nl_kernel");
        let wrapper = common::modprobe_wrapper();
        std::fs::write("/proc/sys/kernel/modprobe", wrapper.path().join("modprobe").to_str().unwrap()).unwrap();
        assert!(sh("nl_user show").contains("dummy0"));
        let asked = std::fs::read_to_string(wrapper.path().join("asked")).unwrap();
        assert!(asked.contains("net-pf-16-proto-16-family-nl_util"), "{asked}");
    }

    fn inserting_and_removing_a_hundred_times_leaves_nothing_behind() {
        let module = common::module_file();
        let module = module.display();
        sh(&format!(
            "for i in $(seq 100); do rmmod nl_kernel; insmod {module}; done; nl_user show >/dev/null"
        ));
    }
}
