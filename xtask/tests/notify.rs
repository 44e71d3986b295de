// SPDX-License-Identifier: GPL-2.0-or-later
//! What the module reports unasked: the multicast group `l2`.

mod common;

use common::{
    in_namespace, make_dummies, sh, signs,
    wire::{Client, Message, attrs, find, text},
};
use std::fs;

const EAGAIN: i32 = 11;
const ENOBUFS: i32 = 105;

/// What a client was notified of, as `new NAME`, in order.
fn notifications(client: &mut Client) -> Vec<String> {
    let family = client.family;
    let words = |message| {
        let Message::Answer(ntf) = message else {
            panic!("{message:?} in place of a notification");
        };
        assert_eq!((ntf.kind, ntf.version), (family, 1));
        assert_eq!((ntf.seq, ntf.port, ntf.flags), (0, 0, 0));
        let verb = match ntf.command {
            4 => "new",
            5 => "change",
            6 => "del",
            other => panic!("command {other}"),
        };
        assert_eq!(ntf.attrs.len(), 1);
        let netdev = attrs(find(&ntf.attrs, 1));
        let kinds: Vec<_> = netdev.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [1, 2, 3, 4, 6, 5, 9, 8]);
        format!("{verb} {}", text(find(&netdev, 2)))
    };
    client.waiting().into_iter().map(words).collect()
}

fn listener() -> Client {
    let client = Client::new("nl_util");
    client.join("l2");
    client
}

guest_tests! {
    fn each_event_of_an_ethernet_interface_is_notified_by_its_operation() {
        // It speaks by itself when it comes up, and that is no event.
        let mut client = listener();
        for (command, expected) in [
            ("ip link add d0 type dummy", vec!["new d0"]),
            ("ip link set d0 mtu 1400", vec!["change d0"]),
            ("ip link set d0 txqlen 7", vec!["change d0"]),
            ("ip link set d0 address 02:00:00:00:00:01", vec!["change d0"]),
            ("ip link set d0 name e0", vec!["change e0"]),
            ("ip link set e0 up", vec!["change e0"]),
            ("ip link set e0 multicast on", vec!["change e0"]),
            ("ip link set e0 down", vec!["change e0"]),
            ("ip link del e0", vec!["del e0"]),
            ("ip link add e1 type dummy; ip link set e1 up", vec!["new e1", "change e1"]),
            ("ip link del e1", vec!["change e1", "del e1"]),
        ] {
            sh(command);
            assert_eq!(notifications(&mut client), expected, "{command}");
        }
    }

    fn a_state_that_follows_the_carrier_is_notified() {
        sh("ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up");
        common::settle();
        let mut client = listener();
        sh("ip link set v1 down");
        common::settle();
        let all = notifications(&mut client);
        assert!(all.contains(&"change v0".to_owned()) && all.contains(&"change v1".to_owned()), "{all:?}");
    }

    fn what_the_definition_says_is_not_notified_is_not_and_the_rest_is() {
        sh("ip link add d0 type dummy; ip link add d1 type dummy; ip link set d1 up
            ip link add br0 address 02:00:00:00:00:09 type bridge
            ip link add v0 type veth peer name v1; ip netns add other");
        common::settle();
        let mut client = listener();
        for (command, expected) in [
            ("ip link set d1 promisc on; ip link set d1 promisc off", vec![]),
            ("ip link set d1 allmulticast on; ip link set d1 allmulticast off", vec![]),
            ("ip link set d0 multicast on; ip link set d0 arp on", vec![]),
            ("ip link set d0 alias uplink", vec![]),
            ("ip link set d1 alias uplink", vec!["change d1"]),
            ("ip link set d1 master br0", vec![]),
            ("ip link set v1 netns other", vec!["del v1"]),
            ("ip link set d1 multicast on", vec!["change d1"]),
            ("ip link set d0 broadcast ff:ff:ff:ff:ff:00", vec!["change d0"]),
        ] {
            sh(command);
            assert_eq!(notifications(&mut client), expected, "{command}");
        }
        sh("ip netns del other");
    }

    fn who_joins_while_the_module_is_being_loaded_learns_to_dump_anew() {
        use std::sync::atomic::{AtomicBool, Ordering};
        sh("rmmod nl_kernel");
        let module = common::module_file().display().to_string();
        let is_over = AtomicBool::new(false);
        // The family is known before the notifier is there, which waits for namespaces that
        // end. Whether somebody joins in between is a matter of luck, and of a second CPU:
        // on one alone neither of them ever sleeps there.
        let cpus = std::thread::available_parallelism().unwrap().get();
        let rounds = if cpus == 1 { 10 } else { 300 };
        let caught = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    sh("ip netns add brief; ip netns del brief");
                }
            });
            let caught = (0..rounds).any(|_| {
                let mut controller = Client::new("nlctrl");
                controller.join("notify");
                let joined = scope.spawn(move || loop {
                    for message in controller.read().unwrap() {
                        let Message::Answer(news) = message else { continue };
                        let names = news.attrs.iter().filter(|(kind, _)| *kind == 2);
                        if names.map(|(_, name)| text(name)).any(|name| name == "nl_util") {
                            return listener();
                        }
                    }
                });
                sh(&format!("insmod {module}"));
                let early = joined.join().unwrap();
                let errno = early.read_error();
                assert!([Some(ENOBUFS), Some(EAGAIN)].contains(&errno), "{errno:?}");
                // Whether it was or not, from now on it is notified.
                sh("ip link set dummy0 mtu 1400; ip link set dummy0 mtu 1500");
                let mut early = early;
                assert_eq!(notifications(&mut early), ["change dummy0", "change dummy0"]);
                sh("rmmod nl_kernel");
                errno == Some(ENOBUFS)
            });
            is_over.store(true, Ordering::Relaxed);
            caught
        });
        assert!(caught || cpus == 1, "nobody ever joined in time");
    }

    fn what_is_not_ethernet_is_not_notified() {
        let mut client = listener();
        sh("ip tuntap add tun0 mode tun; ip link set tun0 up; ip link set lo up
            ip link set lo mtu 2000; ip link add nlmon9 type nlmon; ip link del tun0");
        assert_eq!(notifications(&mut client), Vec::<String>::new());
    }

    fn loading_and_unloading_the_module_tell_nothing() {
        make_dummies("d", 20);
        sh("ip link set d3 up; ip netns add other; ip -n other link add x type dummy");
        let module = common::module_file();
        // Who stays through all of it is in no group after the first removal.
        let mut throughout = listener();
        for _ in 0..10 {
            let (mut here, mut there) = (listener(), in_namespace("other", listener));
            sh("rmmod nl_kernel");
            assert_eq!((here.waiting().len(), there.waiting().len()), (0, 0));
            sh(&format!("insmod {}", module.display()));
            let (mut here, mut there) = (listener(), in_namespace("other", listener));
            assert_eq!((notifications(&mut here).len(), notifications(&mut there).len()), (0, 0));
            // It does notify.
            sh("ip link set d4 mtu 1400; ip link set d4 mtu 1500");
            assert_eq!(notifications(&mut here), ["change d4", "change d4"]);
            assert_eq!(notifications(&mut throughout), Vec::<String>::new());
        }
        sh("ip netns del other");
    }

    fn a_group_is_each_namespaces_own_and_a_move_is_notified_in_both() {
        sh("ip netns add other");
        let (mut here, mut there) = (listener(), in_namespace("other", listener));
        sh("ip -n other link add x type dummy");
        assert_eq!((notifications(&mut here), notifications(&mut there)), (vec![], vec!["new x".to_owned()]));
        sh("ip link add y type dummy");
        assert_eq!((notifications(&mut here), notifications(&mut there)), (vec!["new y".to_owned()], vec![]));
        sh("ip link set y netns other");
        assert_eq!(notifications(&mut here), ["del y"]);
        assert_eq!(notifications(&mut there), ["new y"]);
        sh("ip -n other link set y netns 1 name z");
        assert_eq!(notifications(&mut there), ["del y"]);
        // Moved under its old name, and then renamed.
        assert_eq!(notifications(&mut here), ["new y", "change z"]);
        sh("ip netns del other");
    }

    fn who_dumps_after_joining_misses_nothing() {
        let mut client = listener();
        make_dummies("d", 60);
        let news = notifications(&mut client);
        assert_eq!(news.len(), 60);
        let (parts, _) = client.dump(1, &[]).unwrap();
        let dumped: usize = parts.iter().map(|part| part.attrs.len()).sum();
        assert_eq!(dumped, 61);
    }

    fn a_listener_that_reads_too_late_learns_that_it_lost_something() {
        let client = listener();
        make_dummies("d", 600);
        assert_eq!(client.read_error(), Some(ENOBUFS));
    }

    fn the_kernels_own_ynl_client_subscribes_and_dumps_by_our_spec() {
        let source = common::kernel_source().display().to_string();
        let ynl = format!(
            "python3 -u /run/client.py {} --spec {}/kmod/uapi/nl_util.yaml --schema \
             {source}/Documentation/netlink/genetlink-legacy.yaml --output-json",
            common::ynl_client().display(),
            common::root().display()
        );
        // Up to Linux 6.12 it sleeps between joining and reading: here until all was said.
        // Later ones read until they are ended.
        let run = format!("{}{}", signs::python(), "
import os, runpy
del sys.argv[0]
sys.path[0] = os.path.dirname(sys.argv[0])
sleep = time.sleep
def sleep_until_said(_):
    time.sleep = sleep
    until('os.path.exists(\"/run/said\")')
time.sleep = sleep_until_said
runpy.run_path(sys.argv[0], run_name='__main__')
");
        fs::write("/run/client.py", run).unwrap();
        let heard = sh(&format!(
            "{ynl} --subscribe l2 --sleep 100000 >/run/heard & listening=$!
             await \"hears $listening\"
             ip link add n0 type dummy; ip link set n0 mtu 1400; ip link del n0; >/run/said
             await 'grep -q l2-del-ntf /run/heard'; kill $listening || :; wait $listening || :; cat /run/heard"
        ));
        for expected in ["l2-new-ntf", "l2-change-ntf", "l2-del-ntf", "\"ifname\": \"n0\"", "1400"] {
            assert!(heard.contains(expected), "{expected} in {heard}");
        }
        let dumped = sh(&format!("{ynl} --dump l2-list --json '{{\"ext-mask\": [\"details\"]}}'"));
        for expected in ["\"ifname\": \"dummy0\"", "\"kind\": \"dummy\"", "\"carrier\": 1"] {
            assert!(dumped.contains(expected), "{expected} in {dumped}");
        }
    }

    fn genl_lists_the_operations_the_group_and_the_policies() {
        let family = sh("genl ctrl get name nl_util");
        for expected in ["ID-0x1", "ID-0x2", "ID-0x3", "name: l2"] {
            assert!(family.contains(expected), "{expected} in {family}");
        }
        let all = sh("genl ctrl list");
        assert!(all.contains(family.trim_start().lines().find(|it| !it.is_empty()).unwrap()), "{all}");
        let policy = sh("genl ctrl policy name nl_util");
        for expected in [
            "op 1 policies: do=0 dump=1",
            "op 2 policies: do=",
            "attr[1]: type=NESTED policy:",
            "attr[2]: type=NUL_STRING max len:15",
        ] {
            assert!(policy.contains(expected), "{expected} in {policy}");
        }
    }
}
