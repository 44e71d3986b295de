// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications of nfnetlink's subsystems, each by itself, on messages that were made up.

mod common;

use std::{collections::HashMap, fs, path::PathBuf};

use common::{attribute, level, nest};
use ynl::decode::{Body, Endian, Side, messages};
use ynl::model::Family;

const INET: u8 = 1;
const IPV4: u8 = 2;
const ARP: u8 = 3;
const NETDEV: u8 = 5;

/// The bit of an attribute's type that says that its number is in network order.
const NET_BYTEORDER: u16 = 0x4000;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("specs/netfilter")
}

fn family(file: &str) -> Family {
    Family::load(&directory().join(file)).unwrap()
}

/// What the file's specification says about a message from the kernel.
fn shown(file: &str, kind: u16, protocol_family: u8, attributes: &[Vec<u8>]) -> String {
    let payload = [&[protocol_family, 0, 0, 0][..], &attributes.concat()].concat();
    let mut bytes = Vec::new();
    bytes.extend((16 + payload.len() as u32).to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend([0; 10]);
    bytes.extend(payload);
    let family = family(file);
    let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
    let body = Body::new(&family, &message, Endian::Little, Side::Reply, None).unwrap();
    let mut out = format!("{}:", body.operation.unwrap().name);
    level(&mut out, &body.level);
    out
}

#[test]
fn every_file_is_of_nfnetlink_and_has_nothing_odd() {
    let mut files = 0;
    let mut names = HashMap::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let family = Family::load(&path).unwrap();
        assert_eq!(family.name, "netfilter", "{path:?}");
        assert_eq!(family.protocol.number(), 12, "{path:?}");
        assert!(family.oddities.is_empty(), "{:?}", family.oddities);
        for operation in &family.operations {
            // Several files may have it: they are joined.
            let number = operation.request_number.unwrap();
            let known = names
                .entry(number)
                .or_insert_with(|| operation.name.clone());
            assert_eq!(operation.name, *known, "{path:?}");
            assert!(operation.fixed_header.is_some(), "{}", operation.name);
        }
        files += 1;
    }
    assert_eq!(files, 14);
}

#[test]
fn a_connection_has_addresses_ports_and_states() {
    let tuple = [
        nest(
            1,
            &[attribute(1, &[10, 0, 0, 1]), attribute(2, &[10, 0, 0, 2])],
        ),
        nest(2, &[attribute(1, &[6]), attribute(2, &[0x1f, 0x90])]),
    ];
    let tcp = [attribute(1, &[3]), attribute(4, &[0x0a, 0])];
    let attributes = [
        nest(1, &tuple),
        attribute(3, &[0, 0, 0, 0x0e]),
        nest(4, &[nest(1, &tcp)]),
        nest(20, &[attribute(1, &[0, 0, 0, 0, 0, 0, 0, 9])]),
    ];
    assert_eq!(
        shown("conntrack.yaml", 0x0100, IPV4, &attributes),
        "ct-new: tuple-orig={ ip={ v4-src=10.0.0.1 v4-dst=10.0.0.2 } \
         proto={ num=tcp src-port=8080 } } status=seen-reply|assured|confirmed \
         protoinfo={ tcp={ state=established flags-original={ flags=sack-perm|be-liberal mask= } } } \
         timestamp={ start=9 }"
    );
}

/// The kernel sends them with the number of another operation.
#[test]
fn counters_of_expectations_are_told_from_connections() {
    let attributes = [attribute(2, &[0, 0, 0, 7])];
    assert_eq!(
        shown("conntrack.yaml", 0x0103, 0, &attributes),
        "ct-get-ctrzero: create=7"
    );
}

#[test]
fn a_timeout_policy_is_that_of_its_protocol() {
    let policy = |protocol: u8| {
        let data = nest(4, &[attribute(1, &[0, 0, 0, 30])]);
        shown(
            "cttimeout.yaml",
            0x0800,
            0,
            &[attribute(3, &[protocol]), data],
        )
    };
    assert_eq!(policy(6), "timeout-new: l4proto=tcp data={ syn-sent=30 }");
    assert_eq!(policy(17), "timeout-new: l4proto=udp data={ unreplied=30 }");
    assert_eq!(policy(255), "timeout-new: l4proto=raw data={ timeout=30 }");
}

#[test]
fn the_number_of_a_hook_is_read_by_the_family() {
    let hook = |family| {
        let hook = [
            attribute(1, &[0, 0, 0, 1]),
            attribute(2, &[0xff, 0xff, 0xff, 0x9c]),
        ];
        shown("nf_tables.yaml", 0x0a03, family, &[nest(4, &hook)])
    };
    assert_eq!(
        hook(INET),
        "nft-newchain: hook={ hooknum=input priority=-100 }"
    );
    assert_eq!(
        hook(ARP),
        "nft-newchain: hook={ hooknum=output priority=-100 }"
    );
    assert_eq!(
        hook(NETDEV),
        "nft-newchain: hook={ hooknum=egress priority=-100 }"
    );
    let packet = |family| {
        let header = attribute(1, &[0x08, 0x06, 1, 0]);
        shown("log.yaml", 0x0400, family, &[header])
    };
    assert_eq!(
        packet(ARP),
        "log-packet: packet-hdr={ hw-protocol=arp hook=output }"
    );
    assert_eq!(
        packet(NETDEV),
        "log-packet: packet-hdr={ hw-protocol=arp hook=egress }"
    );
}

#[test]
fn elements_of_a_set_are_numbered_by_programs() {
    let element = |number, port: u8, code: u8| {
        let verdict = nest(2, &[attribute(1, &[0, 0, 0, code])]);
        let key = nest(1, &[attribute(1, &[0, port])]);
        nest(number, &[key, nest(2, &[verdict])])
    };
    let attributes = [nest(3, &[element(1, 22, 1), element(2, 23, 0)])];
    assert_eq!(
        shown("nf_tables-elements.yaml", 0x0a0c, INET, &attributes),
        "nft-newsetelem: elements={ \
         1={ key={ value=0016 } data={ verdict={ code=accept } } } \
         2={ key={ value=0017 } data={ verdict={ code=drop } } } }"
    );
}

#[test]
fn an_expression_is_read_by_its_name() {
    let expression = |name: &[u8], data: &[Vec<u8>]| nest(1, &[attribute(1, name), nest(2, data)]);
    let of = |file, name: &[u8], data: &[Vec<u8>]| {
        shown(file, 0x0a06, INET, &[nest(4, &[expression(name, data)])])
    };
    let limit = [
        attribute(1, &[0, 0, 0, 0, 0, 0, 0, 10]),
        attribute(2, &[0, 0, 0, 0, 0, 0, 0, 60]),
    ];
    assert_eq!(
        of("nf_tables-elements.yaml", b"limit\0", &limit),
        "nft-newrule: expressions={ elem={ name=limit data={ rate=10 unit=minute } } }"
    );
    // An expression holds another one.
    let dynset = [
        attribute(3, &[0, 0, 0, 1]),
        nest(7, &[attribute(1, b"limit\0"), nest(2, &limit)]),
    ];
    assert_eq!(
        of("nf_tables-elements.yaml", b"dynset\0", &dynset),
        "nft-newrule: expressions={ elem={ name=dynset data={ op=update \
         expr={ name=limit data={ rate=10 unit=minute } } } } }"
    );
    let lookup = [attribute(2, &[0, 0, 0, 1]), attribute(4, &[0, 0, 0, 5])];
    assert_eq!(
        of("nf_tables-expressions.yaml", b"lookup\0", &lookup),
        "nft-newrule: expressions={ elem={ name=lookup data={ sreg=reg-1 set-id=5 } } }"
    );
}

#[test]
fn an_object_is_read_by_its_type() {
    // The one number of nf_tables in the machine's order.
    let data = [
        attribute(4, &[0x10, 0x0e, 0, 0]),
        attribute(3, &[0x15, 0x38]),
    ];
    let attributes = [attribute(3, &[0, 0, 0, 9]), nest(4, &data)];
    assert_eq!(
        shown("nf_tables-objects.yaml", 0x0a12, INET, &attributes),
        "nft-newobj: type=ct-expect data={ timeout=3600 dport=5432 }"
    );
}

#[test]
fn a_set_of_addresses_is_told_from_its_elements() {
    let address = |kind, last| nest(kind, &[attribute(1, &[10, 0, 0, last])]);
    let size = |kind| attribute(kind | NET_BYTEORDER, &[0, 0, 4, 0]);
    let create = [address(1, 1), size(18)];
    // In the machine's order, as no bit of its type says otherwise.
    let mask = attribute(11, &[0, 0xff, 0, 0]);
    let element = [address(1, 2), attribute(18, b"name\0")];
    let attributes = [
        attribute(2, b"a\0"),
        nest(7, &[create.concat(), mask]),
        nest(8, &[nest(7, &element)]),
    ];
    assert_eq!(
        shown("ipset.yaml", 0x0607, IPV4, &attributes),
        "ipset-list: setname=a data={ ip={ ipv4=10.0.0.1 } hashsize=1024 markmask=65280 } \
         adt={ data={ ip={ ipv4=10.0.0.2 } name=name } }"
    );
    let add = [nest(7, &element)];
    assert_eq!(
        shown("ipset.yaml", 0x0609, IPV4, &add),
        "ipset-add: data={ ip={ ipv4=10.0.0.2 } name=name }"
    );
}

#[test]
fn a_verdict_is_taken_apart() {
    let header = attribute(2, &[0, 7, 0x80, 3, 0, 0, 0, 1]);
    assert_eq!(
        shown("queue.yaml", 0x0301, IPV4, &[header]),
        "queue-verdict: verdict-hdr={ verdict-queue=7 verdict-flags=queue-bypass verdict=queue id=1 }"
    );
}

#[test]
fn what_is_behind_a_hook_is_read_by_its_type() {
    let info = |kind: u8, description: &[Vec<u8>]| {
        let info = [nest(1, description), attribute(2, &[0, 0, 0, kind])];
        shown("hook.yaml", 0x0c00, IPV4, &[nest(6, &info)])
    };
    assert_eq!(
        info(1, &[attribute(1, b"t\0"), attribute(2, &[1])]),
        "hook-get: chain-info={ desc={ table=t family=inet } type=nftables }"
    );
    assert_eq!(
        info(2, &[attribute(1, &[0, 0, 0, 5])]),
        "hook-get: chain-info={ desc={ id=5 } type=bpf }"
    );
}
