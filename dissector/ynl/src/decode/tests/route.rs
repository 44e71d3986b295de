// SPDX-License-Identifier: GPL-2.0-or-later
//! What rtnetlink's own specifications need that YNL has no words for.

use super::super::*;
use super::levels::{attr, text};
use crate::model::Family;

/// A message of type `kind` by the specification of that text: its header and its attributes.
fn read(yaml: &str, kind: u16, side: Side, payload: &[u8]) -> (String, String) {
    let family = Family::parse(yaml, "route.yaml").unwrap();
    let length = (16 + payload.len()) as u32;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend([0; 10]);
    bytes.extend(payload);
    let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
    let body = Body::new(&family, &message, Endian::Little, side, None).unwrap();
    let header = body.header.unwrap();
    let members = header.members().map(|(member, value)| match value {
        Value::Number(it) => format!("{}={} ", member.name, it.value()),
        Value::Bytes { bytes, .. } => format!("{}={bytes:?} ", member.name),
        other => panic!("{other:?}"),
    });
    (members.collect(), text(&body.level))
}

#[test]
fn options_before_the_attributes_are_as_long_as_the_header_says() {
    const YAML: &str = include_str!("../../../specs/route/rest.yaml");
    const NEWNDUSEROPT: u16 = 68;
    let header = |options: u8| [10, 0, options, 0, 2, 0, 0, 0, 134, 0, 0, 0, 0, 0, 0, 0];
    let options = [25, 1, 0, 0, 0, 0, 0, 9];
    let source = attr(1, &[0x20; 16]);
    let (head, attributes) = read(
        YAML,
        NEWNDUSEROPT,
        Side::Reply,
        &[&header(8)[..], &options, &source].concat(),
    );
    assert!(
        head.ends_with("icmp-type=134 nduseropt-icmp-code=0 options=[25, 1, 0, 0, 0, 0, 0, 9] ")
    );
    assert!(attributes.starts_with("1=Bytes { bytes: [32, "));
    // Without options, and with more of them than there are bytes.
    let bytes = [&header(0)[..], &source].concat();
    let (head, attributes) = read(YAML, NEWNDUSEROPT, Side::Reply, &bytes);
    assert!(!head.contains("options=") && attributes.starts_with("1=Bytes"));
    let (head, attributes) = read(YAML, NEWNDUSEROPT, Side::Reply, &header(200));
    assert!(!head.contains("options=") && attributes.is_empty());
    let bytes = [&header(200)[..], &options].concat();
    let (head, attributes) = read(YAML, NEWNDUSEROPT, Side::Reply, &bytes);
    assert!(head.contains("options=[25, 1,") && attributes.is_empty());
}

const MDB: &str = include_str!("../../../specs/route/mdb.yaml");
const NEWMDB: u16 = 84;
const PORT: [u8; 8] = [7, 0, 0, 0, 3, 0, 0, 0];

/// `struct br_mdb_entry` of an address.
fn mdb_entry(address: &[u8], proto: u16) -> Vec<u8> {
    let mut entry = vec![4, 0, 0, 0, 1, 0, 10, 0];
    entry.extend(address);
    entry.resize(24, 0);
    entry.extend(proto.to_be_bytes());
    entry.resize(28, 0);
    entry
}

#[test]
fn the_address_of_a_group_is_what_its_struct_says() {
    for (address, proto, expected) in [
        (
            &[239, 1, 1, 1][..],
            0x0800,
            "bytes: [239, 1, 1, 1], hint: Some(Ipv4)",
        ),
        (&[0xff; 16], 0x86dd, "255, 255, 255, 255], hint: Some(Ipv6)"),
        (
            &[1, 0, 94, 0, 0, 1],
            0,
            "bytes: [1, 0, 94, 0, 0, 1], hint: Some(Mac)",
        ),
        (&[1; 16], 1, "1, 1, 1], hint: Some(Hex)"),
    ] {
        let entry = attr(1, &mdb_entry(address, proto));
        let (_, attributes) = read(MDB, NEWMDB, Side::Request, &[&PORT[..], &entry].concat());
        assert!(attributes.contains(expected), "{attributes}");
        assert!(attributes.starts_with("1=(ifindex=4 state=permanent"));
    }
}

#[test]
fn an_entry_of_a_multicast_table_has_attributes_behind_its_struct() {
    let entry = mdb_entry(&[239, 1, 1, 1], 0x0800);
    let info = attr(1, &[entry, attr(1, &[9, 0, 0, 0]), attr(3, &[1])].concat());
    let table = attr(1, &attr(1, &info));
    let (_, attributes) = read(MDB, NEWMDB, Side::Reply, &[&PORT[..], &table].concat());
    assert!(attributes.starts_with("1={1={1=<ifindex=4 state=permanent"));
    assert!(attributes.ends_with("1=9 3=include>}}"), "{attributes}");
}

#[test]
fn a_form_is_selected_by_the_length_of_its_payload() {
    const YAML: &str = include_str!("../../../specs/route/link-af.yaml");
    let shown = |count: u8, bytes: usize| {
        let mut counters = vec![0; bytes];
        counters[0] = count;
        // OutForwDatagrams, or where there are 38, NoECTPkts, if the kernel is a new one.
        counters[32] = 5;
        let inet6 = attr(10, &attr(3, &counters));
        let header = [10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let bytes = [&header[..], &attr(26, &inet6)].concat();
        read(YAML, 16, Side::Reply, &bytes).1
    };
    let all = shown(38, 304);
    assert!(
        all.contains("num=38 inpkts=0 inoctets=0 indelivers=0 others="),
        "{all}"
    );
    assert!(shown(37, 296).contains("num=37 inpkts=0 inoctets=0 indelivers=0 outforwdatagrams=5 "));
    assert!(shown(36, 288).contains(" cepkts=0 >"));
    assert!(shown(36, 288).contains(" outforwdatagrams=5 "));
    // More than are known, and less.
    assert!(shown(40, 320).contains(" others="));
    assert!(shown(8, 64).contains("3?="));
}

#[test]
fn the_first_of_several_selectors_that_is_there_selects() {
    const YAML: &str = include_str!("../../../specs/route/link-bond.yaml");
    let shown = |attributes: &[Vec<u8>]| {
        let info = attr(18, &attributes.concat());
        read(YAML, 16, Side::Request, &[&[0; 16][..], &info].concat()).1
    };
    let data = attr(5, &attr(9, &5_i32.to_le_bytes()));
    // As `ip` asks for it, and as the kernel answers.
    let asked = shown(&[attr(1, b"bond_slave\0"), data.clone()]);
    assert_eq!(asked, "18={1=bond_slave 5=<9=5>}");
    let answered = shown(&[attr(1, b"veth\0"), attr(4, b"bond\0"), data]);
    assert_eq!(answered, "18={1=veth 4=bond 5=<9=5>}");
}
