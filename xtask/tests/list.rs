// SPDX-License-Identifier: GPL-2.0-or-later
//! What the module reports beyond the do form's basic attributes: the dump of L2_LIST, the
//! counters and the details. Numbers are literals on purpose: they are the wire's.

mod common;

use common::{
    make_dummies, sh,
    signs::DEADLINE,
    wire::{
        self, Answer, Client, NLA_F_NESTED, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, attr,
        attrs, find,
    },
};
use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

const L2_LIST: u8 = 1;
const L2_IID: u8 = 2;
const NETDEV: u16 = 1;
const EXT_MASK: u16 = 2;
const STATS: u32 = 1;
const DETAILS: u32 = 2;

const EINVAL: i32 = 22;

/// Reads of so many bytes get parts of about 100 devices.
const SMALL: usize = 8192;

type Attrs = Vec<(u16, Vec<u8>)>;

fn mask(bits: u32) -> Vec<u8> {
    attr(EXT_MASK, &bits.to_ne_bytes())
}

/// The interfaces of several messages, one behind the other: the merge rule.
fn netdevs(parts: &[Answer]) -> Vec<Attrs> {
    let nests = parts.iter().flat_map(|part| &part.attrs);
    nests
        .map(|(kind, nest)| {
            assert_eq!(*kind, NETDEV, "NETDEV without NLA_F_NESTED");
            attrs(nest)
        })
        .collect()
}

fn index(netdev: &Attrs) -> u32 {
    wire::number(find(netdev, 1))
}

fn name(netdev: &Attrs) -> String {
    wire::text(find(netdev, 2))
}

fn kinds(netdev: &Attrs) -> Vec<u16> {
    netdev.iter().map(|(kind, _)| *kind).collect()
}

/// The Ethernet interfaces of this namespace, by `ip`, with their links' details.
fn ip_link() -> Vec<serde_json::Value> {
    let all: Vec<serde_json::Value> = serde_json::from_str(&sh("ip -d -j link")).unwrap();
    let is_ethernet = |link: &serde_json::Value| link["link_type"] == "ether";
    all.into_iter().filter(is_ethernet).collect()
}

/// The names that `ip` has for the bits of dev_get_flags(), from bit 0 on.
const FLAGS: [&str; 19] = [
    "UP",
    "BROADCAST",
    "DEBUG",
    "LOOPBACK",
    "POINTOPOINT",
    "NOTRAILERS",
    "RUNNING",
    "NOARP",
    "PROMISC",
    "ALLMULTI",
    "MASTER",
    "SLAVE",
    "MULTICAST",
    "PORTSEL",
    "AUTOMEDIA",
    "DYNAMIC",
    "LOWER_UP",
    "DORMANT",
    "ECHO",
];

#[test]
fn the_permanent_address_is_reported_where_a_link_has_one_as_ip_does() {
    // Whatever `ip link add` makes has none: hardware does, and a module of the tests.
    let module = common::tests_module(&common::kernel());
    let body = || {
        let mac = |mac: &[u8]| -> String {
            let hex: Vec<_> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            hex.join(":")
        };
        sh(&format!("insmod {}", module.display()));
        let mut client = Client::new("nl_util");
        for address in ["02:00:00:00:07:01", "02:00:00:00:07:02"] {
            sh(&format!("ip link set perm0 address {address}"));
            let (parts, _) = client.dump(L2_LIST, &mask(DETAILS)).unwrap();
            let with: Vec<_> = netdevs(&parts)
                .into_iter()
                .filter(|netdev| kinds(netdev).contains(&14))
                .collect();
            let names: Vec<_> = with.iter().map(name).collect();
            assert_eq!(names, ["perm0"]);
            assert_eq!(mac(find(&with[0], 9)), address);
            assert_eq!(mac(find(&with[0], 14)), "02:00:00:00:07:01");
        }
        // ip shows it only where it is another than the address.
        let links = ip_link();
        let perm0 = links.iter().find(|link| link["ifname"] == "perm0").unwrap();
        assert_eq!(perm0["permaddr"], "02:00:00:00:07:01");
        sh("rmmod nl_tests");
    };
    let name = "the_permanent_address_is_reported_where_a_link_has_one_as_ip_does";
    common::in_guest(name, &[], body);
}

guest_tests! {
    fn a_dump_tells_what_the_do_form_tells_in_the_same_order() {
        make_dummies("d", 400);
        let mut client = Client::with_buffer("nl_util", SMALL);
        let answer = Client::new("nl_util").ask(L2_LIST, &[]).unwrap();
        let (parts, is_consistent) = client.dump(L2_LIST, &[]).unwrap();
        assert!(is_consistent);
        assert!((4..=5).contains(&parts.len()), "{} parts", parts.len());
        for part in &parts {
            assert_eq!((part.kind, part.command, part.version), (client.family, 1, 1));
            assert_eq!((part.seq, part.port), (client.seq(), client.port()));
        }
        assert_eq!(netdevs(&parts), netdevs(&[answer]));
    }

    fn a_dump_of_nothing_is_an_end_alone() {
        sh("ip link del dummy0");
        let mut client = Client::new("nl_util");
        let (parts, is_consistent) = client.dump(L2_LIST, &[]).unwrap();
        assert!(parts.is_empty() && is_consistent, "{parts:?}");
        // A tunnel is nothing either.
        sh("ip tuntap add tun0 mode tun");
        assert!(client.dump(L2_LIST, &[]).unwrap().0.is_empty());
        assert!(client.ask(L2_LIST, &[]).unwrap().attrs.is_empty());
    }

    fn ten_thousand_devices_are_dumped_each_once_in_few_messages(mem = "2500M") {
        make_dummies("d", 9_999);
        let mut client = Client::new("nl_util");
        let (parts, is_consistent) = client.dump(L2_LIST, &[]).unwrap();
        assert!(is_consistent);
        let found = netdevs(&parts);
        assert_eq!(found.len(), 10_000);
        assert!(found.is_sorted_by(|a, b| index(a) < index(b)));
        let names: BTreeSet<_> = found.iter().map(name).collect();
        assert!(names.contains("dummy0") && (0..9_999).all(|i| names.contains(&format!("d{i}"))));
        let bytes: usize = parts.iter().map(|part| part.length).sum();
        assert!(bytes <= 10_000 * 81, "{bytes} bytes in {} messages", parts.len());
        assert_eq!(sh("nl_user show").lines().count(), 20_000);
    }

    fn nl_user_lists_what_one_message_cannot_hold() {
        make_dummies("d", 1_002);
        let ours = sh("nl_user show | awk '/^[0-9]/ { print $1, $2 }'");
        let theirs = sh("ip -o link | awk '/link\\/ether/ { print $1, $2 }'");
        assert_eq!(ours, theirs);
        assert_eq!(ours.lines().count(), 1_003);
    }

    fn a_dump_says_so_when_devices_came_or_went_between_its_parts() {
        make_dummies("d", 700);
        let mut client = Client::with_buffer("nl_util", SMALL);
        for change in ["ip link del d600", "ip link add late type dummy"] {
            client.send(NLM_F_REQUEST | NLM_F_DUMP, L2_LIST, &[]);
            client.read().unwrap();
            sh(change);
            let (parts, is_consistent) = client.dump_rest().unwrap();
            assert!(!parts.is_empty() && !is_consistent, "{change}");
        }
        // What is changed without coming or going interrupts nothing.
        client.send(NLM_F_REQUEST | NLM_F_DUMP, L2_LIST, &[]);
        client.read().unwrap();
        sh("ip link set d699 mtu 1400");
        let (parts, is_consistent) = client.dump_rest().unwrap();
        assert!(is_consistent);
        let all = netdevs(&parts);
        let last = all.iter().find(|it| name(it) == "d699").unwrap();
        assert_eq!(wire::number(find(last, 4)), 1400);
    }

    fn what_changes_while_the_last_part_is_made_is_reported_by_the_end_alone() {
        // One CPU gives nobody a turn within a walk: there the end alone shows nothing.
        let can_happen = thread::available_parallelism().unwrap().get() > 1;
        make_dummies("d", 300);
        let lines = "link add come type dummy\nlink del come\n".repeat(100);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), lines).unwrap();
        let (start, is_over) = (Instant::now(), AtomicBool::new(false));
        let (mut dumps, mut by_part, mut by_end) = (0, 0, 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) && start.elapsed() < DEADLINE {
                    sh(&format!("ip -batch {}", file.path().display()));
                }
            });
            let mut client = Client::new("nl_util");
            let enough = |dumps, by_end| if can_happen { by_end > 0 } else { dumps >= 300 };
            while !enough(dumps, by_end) && start.elapsed() < DEADLINE {
                let (parts, is_consistent) = client.dump(L2_LIST, &[]).unwrap();
                let is_marked = parts.iter().any(|part| part.flags & NLM_F_DUMP_INTR != 0);
                by_part += usize::from(is_marked);
                by_end += usize::from(!is_consistent && !is_marked);
                dumps += 1;
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(by_end > 0, can_happen, "{dumps} dumps, {by_part} shown by a part, {by_end} by the end");
    }

    fn a_request_with_what_the_module_does_not_know_is_refused_in_both_forms() {
        let mut client = Client::new("nl_util");
        for payload in [
            attr(NETDEV | NLA_F_NESTED, &attr(1, &1_u32.to_ne_bytes())),
            attr(3, &[0; 4]),
            attr(EXT_MASK, &[0; 2]),
            attr(EXT_MASK, &[0; 8]),
            mask(4),
            mask(u32::MAX),
            [mask(1), vec![9, 9, 9, 9]].concat(),
        ] {
            let refusals = [
                client.ask(L2_LIST, &payload).unwrap_err(),
                client.dump(L2_LIST, &payload).unwrap_err(),
            ];
            for refusal in refusals {
                assert_eq!(refusal.errno, EINVAL, "{payload:?}: {refusal:?}");
                assert!(!refusal.text.is_empty(), "{payload:?}: {refusal:?}");
            }
        }
        let wrong = client.ask(L2_LIST, &mask(4)).unwrap_err();
        assert_eq!(wrong.offset, Some(20), "{wrong:?}");
        let no_dump = client.dump(L2_IID, &[]).unwrap_err();
        assert_eq!(no_dump.errno, 95);
        assert!(client.dump(L2_LIST, &mask(3)).unwrap().1);
    }

    fn the_stats_bit_adds_the_counters_behind_the_basic_attributes() {
        let mut client = Client::new("nl_util");
        let basic = [1, 2, 3, 4, 6, 5, 9, 8];
        let with_stats = [basic.as_slice(), &[7]].concat();
        for (bits, expected) in [(0, basic.as_slice()), (STATS, &with_stats)] {
            let list = client.ask(L2_LIST, &mask(bits)).unwrap();
            let (parts, _) = client.dump(L2_LIST, &mask(bits)).unwrap();
            for found in [netdevs(&[list]), netdevs(&parts)] {
                assert_eq!(kinds(&found[0]), expected);
                if bits == STATS {
                    assert_eq!(find(&found[0], 7).len(), 200);
                }
            }
        }
    }

    fn the_details_bit_adds_what_ip_tells_of_every_kind_of_link() {
        sh("ip netns add far
            ip link add veth0 type veth peer name veth1
            ip link add near type veth peer name away netns far
            ip link add br0 type bridge; ip link set veth0 master br0; ip link set br0 up
            ip link add link veth1 name v7 type vlan id 7
            ip link add link veth1 name mv type macvlan
            ip link set veth0 up; ip link set veth1 up alias 'uplink <b>'
            ip link add tap type dummy; ip link set tap promisc on; ip link set tap up
            ip link add team0 type team; ip link set dummy0 alias ''
            ip tuntap add tap0 mode tap");
        common::settle();
        let mut client = Client::new("nl_util");
        let list = client.ask(L2_LIST, &mask(DETAILS)).unwrap();
        let (parts, _) = client.dump(L2_LIST, &mask(DETAILS)).unwrap();
        let found = netdevs(&parts);
        assert_eq!(found, netdevs(&[list]));
        let links = ip_link();
        assert_eq!(found.len(), links.len());
        let mut compared = 0;
        let indices = |name: &serde_json::Value| -> Option<u64> {
            let name = name.as_str()?;
            let all: Vec<serde_json::Value> = serde_json::from_str(&sh("ip -j link")).unwrap();
            all.iter().find(|link| link["ifname"] == *name)?["ifindex"].as_u64()
        };
        for (ours, theirs) in found.iter().zip(&links) {
            let get = |kind| ours.iter().find(|(it, _)| *it == kind).map(|(_, data)| data.as_slice());
            let word = |kind| get(kind).map(|data| u64::from(wire::number(data)));
            let string = |kind| get(kind).map(wire::text);
            let who = name(ours);
            assert_eq!(theirs["ifname"], *who);
            let link = theirs["link_index"].as_u64().or_else(|| indices(&theirs["link"]));
            assert_eq!(word(10), link, "LINK of {who}: {theirs}");
            assert_eq!(word(11), indices(&theirs["master"]), "MASTER of {who}");
            assert_eq!(string(12).as_deref(), theirs["linkinfo"]["info_kind"].as_str(), "{who}");
            assert_eq!(string(13).as_deref(), theirs["ifalias"].as_str(), "{who}");
            // The test above has a link with one.
            assert_eq!((get(14), &theirs["permaddr"]), (None, &serde_json::Value::Null), "{who}");
            let limit = |key: &str| theirs[key].as_u64().filter(|mtu| *mtu != 0);
            assert_eq!((word(15), word(16)), (limit("min_mtu"), limit("max_mtu")), "{who}");
            let up = theirs["flags"].as_array().unwrap().iter().any(|flag| flag == "UP");
            if up {
                let carrier = sh(&format!("cat /sys/class/net/{who}/carrier"));
                assert_eq!(get(17).unwrap(), [carrier.trim().parse::<u8>().unwrap()], "{who}");
            }
            let flags = word(18).unwrap();
            let names = FLAGS.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1);
            let names: BTreeSet<_> = names.map(|(_, name)| *name).collect();
            let flags = theirs["flags"].as_array().unwrap().iter().filter_map(|it| it.as_str());
            // NO-CARRIER is ip's own word for UP without RUNNING, which it never prints.
            let flags: BTreeSet<_> = flags.filter(|it| *it != "NO-CARRIER").collect();
            let names: BTreeSet<_> = names.into_iter().filter(|it| *it != "RUNNING").collect();
            assert_eq!(names, flags, "IFI_FLAGS of {who}");
            let netnsid = get(19).map(|data| i64::from(wire::number(data).cast_signed()));
            assert_eq!(netnsid, theirs["link_netnsid"].as_i64(), "LINK_NETNSID of {who}");
            compared += 1;
        }
        assert!(compared >= 10, "{compared}");
        let all: BTreeSet<_> = found.iter().flat_map(kinds).collect();
        let missing: Vec<_> = (1..=19).filter(|kind| *kind != 7 && *kind != 14 && !all.contains(kind)).collect();
        assert!(missing.is_empty(), "no link has {missing:?}");
        sh("ip netns del far");
    }

    fn l2_iid_takes_the_mask_too() {
        let mut client = Client::new("nl_util");
        let index: u32 = sh("cat /sys/class/net/dummy0/ifindex").trim().parse().unwrap();
        let netdev = attr(NETDEV | NLA_F_NESTED, &attr(1, &index.to_ne_bytes()));
        let plain = client.ask(L2_IID, &netdev).unwrap();
        let stats = client.ask(L2_IID, &[netdev.clone(), mask(STATS)].concat()).unwrap();
        assert_eq!(plain.attrs, stats.attrs);
        let details = client.ask(L2_IID, &[mask(DETAILS), netdev].concat()).unwrap();
        let found = netdevs(&[details]);
        assert_eq!(kinds(&found[0]), [1, 2, 3, 4, 6, 5, 9, 8, 7, 12, 17, 18]);
        assert_eq!(wire::text(find(&found[0], 12)), "dummy");
    }

    fn the_module_stays_while_a_dump_is_half_read_and_goes_after_it() {
        make_dummies("d", 700);
        let mut client = Client::with_buffer("nl_util", SMALL);
        client.send(NLM_F_REQUEST | NLM_F_DUMP, L2_LIST, &[]);
        client.read().unwrap();
        let (code, _, err) = common::outcome("rmmod nl_kernel");
        assert!(code != Some(0) && err.contains("in use"), "{code:?}: {err}");
        assert!(client.dump_rest().unwrap().1);
        client.send(NLM_F_REQUEST | NLM_F_DUMP, L2_LIST, &[]);
        client.read().unwrap();
        assert_ne!(common::outcome("rmmod nl_kernel").0, Some(0));
        drop(client);
        sh("rmmod nl_kernel");
    }

    fn neither_a_dump_nor_a_notification_logs_anything() {
        let before = common::module_log();
        let mut client = Client::new("nl_util");
        client.join("l2");
        client.dump(L2_LIST, &mask(3)).unwrap();
        sh("ip link set dummy0 mtu 1400");
        assert!(!client.waiting().is_empty());
        assert_eq!(common::module_log(), before);
    }
}
