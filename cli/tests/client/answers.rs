// SPDX-License-Identifier: GPL-2.0-or-later
//! Answers that must be understood.

use nl_user::netdev::{Netdev, Stats};
use nl_user::text::{write_netdev, write_stats};

use crate::peer::*;

fn names(netdevs: &[Netdev]) -> Vec<String> {
    let name = |netdev: &Netdev| String::from_utf8(netdev.ifname.clone()).unwrap();
    netdevs.iter().map(name).collect()
}

fn text(netdevs: &[Netdev]) -> String {
    let mut out = Vec::new();
    for netdev in netdevs {
        write_netdev(&mut out, netdev).unwrap();
        if let Some(stats) = &netdev.stats {
            write_stats(&mut out, stats).unwrap();
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_list_prints_exactly_as_documented() {
    let mut client = client(|asked| {
        assert_eq!(asked.command, L2_LIST);
        assert_eq!(asked.bytes.len(), 20);
        vec![answer(
            asked,
            &[netdev(2, "enx00e04c0261ca"), netdev(3, "eth0")],
        )]
    });
    assert_eq!(
        text(&client.l2_list().unwrap()),
        "\
2: enx00e04c0261ca: <UP,BROADCAST,MULTICAST> mtu 1500 state UP qlen 1000
    link/ether 00:e0:4c:02:61:ca brd ff:ff:ff:ff:ff:ff
3: eth0: <UP,BROADCAST,MULTICAST> mtu 1500 state UP qlen 1000
    link/ether 00:e0:4c:02:61:ca brd ff:ff:ff:ff:ff:ff
"
    );
}

#[test]
fn what_does_not_fit_one_message_is_dumped_and_prints_the_same() {
    let mut asked_for = Vec::new();
    let mut dumps = 0;
    let mut client = client(|asked| {
        asked_for.push(asked.is_dump());
        if !asked.is_dump() {
            return vec![refusal(asked, 90, &[])];
        }
        dumps += 1;
        // The first is disturbed.
        let disturbed = if dumps == 1 { NLM_F_DUMP_INTR } else { 0 };
        let done = message(NLMSG_DONE, NLM_F_MULTI, asked.sequence, &[0; 4]);
        let last = part(asked, NLM_F_MULTI, &[netdev(9, "c")]);
        vec![
            part(
                asked,
                NLM_F_MULTI | disturbed,
                &[netdev(1, "a"), netdev(2, "b")],
            ),
            [last, done].concat(),
        ]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["a", "b", "c"]);
    drop(client);
    assert_eq!(asked_for, [false, true, true]);
}

#[test]
fn one_interface_prints_exactly_as_documented() {
    let mut client = client(|asked| {
        assert_eq!(asked.command, L2_IID);
        let nest = attribute(1 | 1 << 15, &attribute(1, &2u32.to_ne_bytes()));
        assert_eq!(asked.bytes[20..], nest);
        vec![answer(asked, &[[netdev(2, "eth0"), stats(25)].concat()])]
    });
    assert_eq!(
        text(&client.l2_iid(2).unwrap()),
        "\
2: eth0: <UP,BROADCAST,MULTICAST> mtu 1500 state UP qlen 1000
    link/ether 00:e0:4c:02:61:ca brd ff:ff:ff:ff:ff:ff
rx packets 1
rx errors 5
rx bytes 3
tx packets 2
tx errors 6
tx bytes 4
"
    );
}

#[test]
fn an_answer_without_a_device_is_no_error() {
    let mut client = client(|asked| vec![answer(asked, &[])]);
    assert_eq!(client.l2_list().unwrap(), []);
    assert_eq!(client.l2_iid(2).unwrap(), []);
}

#[test]
fn an_answer_of_any_size_is_read_in_full() {
    for count in [1u32, 48, 49, 410, 800, 5000] {
        let mut client = client(|asked| {
            let nests: Vec<_> = (1..=count).map(|i| netdev(i, &format!("d{i}"))).collect();
            vec![answer(asked, &nests)]
        });
        let netdevs = client.l2_list().unwrap();
        assert_eq!(netdevs.len(), count as usize);
        assert_eq!(
            netdevs.last().unwrap().ifname,
            format!("d{count}").into_bytes()
        );
    }
}

#[test]
fn attributes_come_in_any_order_with_unknown_ones_between() {
    let plain = netdev(7, "eth0");
    let mut parts = vec![
        attribute(7, &[0; 200]),
        attribute(8, &[0xff; 6]),
        attribute(4095, b"from a later kernel"),
        attribute(9, &[0x00, 0xe0, 0x4c, 0x02, 0x61, 0xca]),
        attribute(5, &6u32.to_ne_bytes()),
        attribute(0, &[]),
        attribute(6, &1000u32.to_ne_bytes()),
        attribute(4, &1500u32.to_ne_bytes()),
        attribute(3, &0x1003u32.to_ne_bytes()),
        attribute(2, b"eth0\0"),
        attribute(1, &7u32.to_ne_bytes()),
    ];
    let mut client = client(move |asked| {
        let shuffled = attribute(1, &parts.concat());
        parts.retain(|part| part.len() != 204);
        let unknown = attribute(77, b"?");
        let bytes = [unknown, shuffled, attribute(1, &plain)].concat();
        vec![generic(FAMILY, 0, asked.sequence, asked.command, &bytes)]
    });
    let with_stats = client.l2_list().unwrap();
    assert_eq!(with_stats[0].stats.unwrap().rx_packets, Some(0));
    let netdevs = client.l2_list().unwrap();
    assert_eq!(netdevs[0], netdevs[1]);
}

#[test]
fn nests_are_taken_with_and_without_their_flag() {
    let mut client = client(|asked| {
        let nest = |bits: u16| attribute(1 | bits, &netdev(2, "eth0"));
        let bytes = [nest(0), nest(1 << 15), nest(1 << 14), nest(3 << 14)].concat();
        vec![generic(FAMILY, 0, asked.sequence, asked.command, &bytes)]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["eth0"; 4]);
}

#[test]
fn counters_of_an_older_and_of_a_later_kernel_are_read() {
    let read = |members| {
        let mut client =
            client(move |asked| vec![answer(asked, &[[netdev(2, "a"), stats(members)].concat()])]);
        client.l2_iid(2).unwrap()[0].stats.unwrap()
    };
    assert_eq!(read(40), read(25));
    let expected = Stats {
        rx_packets: Some(1),
        tx_packets: Some(2),
        rx_bytes: Some(3),
        tx_bytes: Some(4),
        rx_errors: Some(5),
        tx_errors: None,
    };
    assert_eq!(read(5), expected);
    assert_eq!(read(0), Stats::default());
}

#[test]
fn a_name_that_fills_sixteen_bytes_or_is_padded_to_them_is_read() {
    let mut client = client(|asked| {
        let index = attribute(1, &2u32.to_ne_bytes());
        let full = [index.clone(), attribute(2, b"fifteen-letters\0")].concat();
        let padded = [index, attribute(2, b"eth0\0\0\0\0\0\0\0\0\0\0\0\0")].concat();
        vec![answer(asked, &[full, padded])]
    });
    let netdevs = client.l2_list().unwrap();
    assert_eq!(names(&netdevs), ["fifteen-letters", "eth0"]);
    assert_eq!(text(&netdevs), "2: fifteen-letters:\n2: eth0:\n");
}

#[test]
fn a_split_answer_is_put_together_up_to_its_done() {
    for per_datagram in [1, 2, 3] {
        let mut client = client(move |asked| {
            let mut messages: Vec<_> = ["a", "b", "c"]
                .iter()
                .zip(1..)
                .map(|(name, index)| part(asked, NLM_F_MULTI, &[netdev(index, name)]))
                .collect();
            let done = 0i32.to_ne_bytes();
            messages.push(message(NLMSG_DONE, NLM_F_MULTI, asked.sequence, &done));
            messages
                .chunks(per_datagram)
                .map(|chunk| chunk.concat())
                .collect()
        });
        assert_eq!(names(&client.l2_list().unwrap()), ["a", "b", "c"]);
    }
}

#[test]
fn noop_is_skipped_and_an_acknowledgement_ends_the_answer() {
    let mut client = client(|asked| {
        let noop = message(NLMSG_NOOP, 0, 0, &[]);
        let some = part(asked, NLM_F_MULTI, &[netdev(1, "a")]);
        let ack = refusal(asked, 0, &[]);
        vec![noop, some, ack]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["a"]);
}

#[test]
fn a_module_that_answers_with_the_next_sequence_number_is_understood() {
    let mut client = client(|asked| {
        let sequence = asked.sequence + 1;
        let nest = attribute(1, &netdev(2, "eth0"));
        vec![generic(FAMILY, 0, sequence, asked.command, &nest)]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["eth0"]);
    assert_eq!(names(&client.l2_iid(2).unwrap()), ["eth0"]);
}

#[test]
fn messages_of_other_sequence_numbers_are_passed_over() {
    let mut client = client(|asked| {
        let stray = |distance: u32| {
            let sequence = asked.sequence.wrapping_add(distance);
            let nest = attribute(1, &netdev(9, "stray"));
            generic(FAMILY, 0, sequence, asked.command, &nest)
        };
        let mut late_error = refusal(asked, 22, &[]);
        late_error[8..12].copy_from_slice(&(asked.sequence + 1).to_ne_bytes());
        vec![
            [stray(2), stray(u32::MAX), stray(u32::MAX - 1)].concat(),
            late_error,
            answer(asked, &[netdev(2, "eth0")]),
        ]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["eth0"]);
}

#[test]
fn an_answer_left_over_from_one_request_is_not_taken_for_the_next() {
    let mut client = client(|asked| {
        let own = answer(asked, &[netdev(2, "own")]);
        let nest = attribute(1, &netdev(9, "late"));
        let late = generic(FAMILY, 0, asked.sequence + 1, asked.command, &nest);
        vec![own, late]
    });
    for _ in 0..3 {
        assert_eq!(names(&client.l2_list().unwrap()), ["own"]);
    }
}

#[test]
fn what_another_process_sends_is_passed_over() {
    let mut client = client(|asked| {
        let forged = Datagram {
            sender: 4711,
            bytes: answer(asked, &[netdev(9, "forged")]),
            lost: 0,
        };
        vec![forged, answer(asked, &[netdev(2, "eth0")]).into()]
    });
    assert_eq!(names(&client.l2_list().unwrap()), ["eth0"]);
}
