// SPDX-License-Identifier: GPL-2.0-or-later
//! Traffic control by what is built in: kinds, structs that a kernel's specification has wrong,
//! and numbers as `tc` writes them. The bytes are of tc (iproute2 6.1) and of Linux 6.18.

use serde_json::{Value, json};

use super::tests::{file, show, with};
use crate::file::sample::message;

const NEWQDISC: u16 = 36;
const NEWTCLASS: u16 = 40;
const NEWTFILTER: u16 = 44;
const GETACTION: u16 = 50;

/// What the JSON of a message says, whose payload is these digits.
fn shown(kind: u16, digits: &str) -> Value {
    let digits: String = digits.split_whitespace().collect();
    let bytes = (0..digits.len()).step_by(2);
    let payload: Vec<u8> = bytes
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    let bytes = message(kind, 0x601, 7, &payload);
    let text = show(&file(&[(0, bytes)]), &with(|it| it.json = true));
    serde_json::from_str::<Value>(&text).unwrap()["msg"].clone()
}

/// What is in the options of the first action of a filter `matchall`.
fn action(digits: &str) -> Value {
    let filter = shown(NEWTFILTER, digits);
    filter["options"]["act"][0]["1"]["options"].clone()
}

#[test]
fn a_class_is_not_its_queueing_discipline() {
    // tc -s class show dev lo
    let class = shown(
        NEWTCLASS,
        "00000000 01000000 10000100 ffffffff 00000000 08000100 68746200 34000200 30000100
         00010000 00000000 68890900 00010000 00000000 d0121300 00dc0500 204e0000 127a0000
         00000000 03000000 48000700 14000100 00000000 00000000 00000000 00000000 18000300
         00000000 00000000 00000000 00000000 00000000 18000400 00000000 00000000 00000000
         00dc0500 204e0000",
    );
    assert_eq!(class["tcm-handle"], "1:10");
    assert_eq!(class["tcm-parent"], "root");
    assert_eq!(class["tcm-info"], "none");
    let parms = &class["options"]["parms"];
    assert_eq!(
        parms["rate"],
        json!({"cell-log": 0, "linklayer": "ethernet", "overhead": 0, "cell-align": 0,
               "mpu": 0, "rate": 625_000})
    );
    assert_eq!(parms["quantum"], 31250);
    assert_eq!(parms["prio"], 3);
    assert_eq!(
        class["stats2"]["app"],
        json!({"lends": 0, "borrows": 0, "giants": 0, "tokens": 384_000, "ctokens": 20_000})
    );
    // A curve, where the queueing discipline has a number: tc class add … hfsc sc rate 1mbit
    let curve = shown(
        NEWTCLASS,
        "0000000001000000 20000100 00000100 00000000 0900010068667363 00000000 14000200
         10000100 00000000 50460000 48e80100",
    );
    assert_eq!(
        curve["options"],
        json!({"rsc": {"m1": 0, "d": 18_000, "m2": 125_000}})
    );
}

#[test]
fn a_filter_of_u32_has_all_its_keys_and_says_for_which_protocol_it_is() {
    // tc filter add dev lo parent 1: protocol ip prio 5 u32 match ip dst 10.1.2.0/24
    //     match ip dport 80 0xffff flowid 1:10
    let filter = shown(
        NEWTFILTER,
        "0000000001000000 00000000 00000100 08000500 0800010075333200 40000200
         08000100 10000100 34000500 0100020000000000 0000000000000000
         ffffff00 0a010200 10000000 00000000 0000ffff 00000050 14000000 00000000",
    );
    assert_eq!(filter["tcm-info"], json!({"protocol": "ip", "prio": 5}));
    assert_eq!(filter["options"]["classid"], "1:10");
    let selector = &filter["options"]["sel"];
    assert_eq!(selector["flags"], json!(["terminal"]));
    assert_eq!(
        selector["keys"],
        json!([{"mask": "0xffffff00", "val": "0xa010200", "off": 16, "offmask": "0x0"},
               {"mask": "0xffff", "val": "0x50", "off": 20, "offmask": "0x0"}])
    );
}

#[test]
fn labels_and_addresses_of_flower_are_in_the_order_that_they_have() {
    // … protocol mpls_uc flower mpls_label 1234, and arp_sip 10.0.0.1 arp_op request
    let filter = shown(
        NEWTFILTER,
        "00000000 01000000 01000000 f2ffffff 88470a00 0b000100 666c6f77 65720000 2c000200
         08004600 d2040000 08003900 0a000001 05003d00 01000000 06001700 64000000 06006700
         01000000",
    );
    assert_eq!(filter["tcm-parent"], "ffff:ingress");
    assert_eq!(
        filter["options"],
        json!({"key-mpls-label": 1234, "key-arp-sip": "10.0.0.1", "key-arp-op": "request",
               "key-vlan-id": 100, "key-pppoe-sid": 256})
    );
}

#[test]
fn ematches_are_told_apart_by_the_struct_before_them() {
    // … basic match 'canid(sff 0x123 eff 0x124:0xff)' classid 1:3
    let filter = shown(
        NEWTFILTER,
        "0000000001000000 00000000 00000100 00030a00 0a0001006261736963000000 38000200
         2c000200 0800010001000000 20000200 1c000100 0000070000000000 23010000 ff070080
         24010080 ff000080 08000100 03000100",
    );
    assert_eq!(
        filter["options"]["ematches"]["list"],
        json!([{"1": {"header": {"matchid": 0, "kind": "canid", "flags": []},
                      "filters": [{"can-id": "0x123", "can-mask": "0x800007ff"},
                                  {"can-id": "0x80000124", "can-mask": "0x800000ff"}]}}])
    );
}

#[test]
fn actions_are_named_in_filters_and_in_messages_of_their_own() {
    // … matchall action nat egress 10.0.0.0/24 192.0.2.0
    let nat = action(
        "00000000 01000000 00000000 00000100 00030000 0d000100 6d617463 68616c6c 00000000
         40000200 3c000200 38000100 08000100 6e617400 2c000200 28000100 00000000 00000000
         00000000 00000000 00000000 0a000000 c0000200 ffffff00 01000000",
    );
    assert_eq!(
        nat["parms"],
        json!({"index": 0, "capab": 0, "action": "ok", "refcnt": 0, "bindcnt": 0,
               "old-addr": "10.0.0.0", "new-addr": "192.0.2.0", "mask": "255.255.255.0",
               "flags": ["egress"]})
    );
    // … action gact goto chain 5
    let goto = action(
        "00000000 01000000 00000000 00000100 00030000 0d000100 6d617463 68616c6c 00000000
         34000200 30000200 2c000100 09000100 67616374 00000000 1c000200 18000200 00000000
         00000000 05000020 00000000 00000000",
    );
    assert_eq!(goto["parms"]["action"], "goto-chain-5");
    // tc actions get action mirred index 9, as the kernel would answer it
    let mirred = shown(
        GETACTION,
        "00000000 38000100 34000100 0b000100 6d697272 65640000 24000200 20000200 09000000
         00000000 04000000 01000000 01000000 01000000 01000000",
    );
    let parms = &mirred["tab"][0]["1"]["options"]["parms"];
    assert_eq!(parms["eaction"], "egress-redir");
    assert_eq!(parms["action"], "stolen");
}

#[test]
fn queues_and_their_places_are_lists_of_numbers() {
    // tc qdisc add dev lo root handle 1: prio bands 4
    let prio = shown(
        NEWQDISC,
        "0000000001000000 00000100 ffffffff 00000000 090001007072696f00000000 18000200
         04000000 01020202 01020000 01010101 01010101",
    );
    assert_eq!(prio["tcm-handle"], "1:");
    assert_eq!(
        prio["options"],
        json!({"bands": 4, "priomap": [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]})
    );
}
