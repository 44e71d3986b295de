// SPDX-License-Identifier: GPL-2.0-or-later
//! Who decides what stands where: the message, its header, or a specification that does not
//! say it all.

use super::tests::{file, show, show_by, with};
use crate::file::sample::{GENERIC, attribute, message};
use crate::messages::specs::Specs;

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;

fn line(protocol: u16, bytes: Vec<u8>) -> String {
    let text = show(&file(&[(protocol, bytes)]), &with(|it| it.time = 1));
    text.trim_end().to_owned()
}

fn json(protocol: u16, bytes: Vec<u8>) -> serde_json::Value {
    let text = show(&file(&[(protocol, bytes)]), &with(|it| it.json = true));
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["msg"].clone()
}

/// The specifications that are built in behind one of this text.
fn specs(text: &str) -> Specs {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spec.yaml"), text).unwrap();
    Specs::gather(&[folder.path().join("spec.yaml")]).unwrap()
}

/// A dump of rtnetlink by a `struct ifinfomsg` and what is behind it.
fn dump(kind: u16, family: u8, behind: &[u8]) -> Vec<u8> {
    let header = [&[family][..], &[0; 15]].concat();
    message(kind, 0x301, 7, &[&header[..], behind].concat())
}

#[test]
fn dumps_with_the_headers_of_old_programs_are_read_by_these() {
    let master = attribute(10, &5_u32.to_ne_bytes());
    let mask = attribute(29, &1_u32.to_ne_bytes());
    let (bridge, inet) = (libc::AF_BRIDGE as u8, libc::AF_INET as u8);
    for (bytes, expected) in [
        (
            dump(libc::RTM_GETNEIGH, bridge, &master),
            "getneigh dump ifi-family=bridge master=5",
        ),
        (
            dump(libc::RTM_GETNEIGH, bridge, &[]),
            "getneigh dump ifi-family=bridge",
        ),
        (
            dump(libc::RTM_GETADDR, inet, &mask),
            "getaddr dump ifi-family=inet ext-mask=vf",
        ),
        (
            dump(libc::RTM_GETROUTE, inet, &mask),
            "getroute dump ifi-family=inet ext-mask=vf",
        ),
        // struct rtgenmsg, whole and without its padding.
        (
            message(libc::RTM_GETADDR, 0x301, 7, &[inet, 0, 0, 0]),
            "getaddr dump rtgen-family=inet",
        ),
        (
            message(libc::RTM_GETROUTE, 0x301, 7, &[inet]),
            "getroute dump rtgen-family=inet",
        ),
        // As rtnl_dump_ifinfo() does.
        (
            message(
                libc::RTM_GETLINK,
                0x301,
                7,
                &[&[inet, 0, 0, 0][..], &mask].concat(),
            ),
            "getlink dump rtgen-family=inet ext-mask=vf",
        ),
        // Those that are as they should be.
        (
            message(
                libc::RTM_GETNEIGH,
                0x301,
                7,
                &[&[bridge][..], &[0; 11], &attribute(9, &5_u32.to_ne_bytes())].concat(),
            ),
            "getneigh dump ndm-family=bridge master=5",
        ),
        (
            message(
                libc::RTM_GETROUTE,
                0x301,
                7,
                &[&[inet][..], &[0; 11]].concat(),
            ),
            "getroute dump rtm-family=inet",
        ),
    ] {
        assert_eq!(line(ROUTE, bytes), format!("port 0 > route {expected}"));
    }
    // What asks for one is checked by the kernel, and is none of these.
    let one = message(
        libc::RTM_GETNEIGH,
        1,
        7,
        &[&[bridge][..], &[0; 15]].concat(),
    );
    assert!(line(ROUTE, one).ends_with("[not an attribute: 00000000]"));
}

/// RTM_NEWROUTE of that family.
fn route(family: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    let header = [&[family, 20][..], &[0; 10]].concat();
    message(
        libc::RTM_NEWROUTE,
        1,
        7,
        &[&header[..], &attributes.concat()].concat(),
    )
}

#[test]
fn routes_of_mpls_have_labels_and_gateways_of_any_family() {
    let mpls = libc::AF_MPLS as u8;
    let address: std::net::Ipv6Addr = "2001:db8::2".parse().unwrap();
    let via = [&10_u16.to_ne_bytes()[..], &address.octets()].concat();
    let stack = [0x00, 0x06, 0x40, 0, 0x00, 0x0c, 0x81, 0];
    let bytes = route(
        mpls,
        &[
            attribute(1, &[0x00, 0x12, 0xc1, 0x00]),
            attribute(19, &stack),
            attribute(18, &via),
        ],
    );
    assert_eq!(
        line(ROUTE, bytes.clone()),
        "port 0 > route newroute 300 via inet6 2001:db8::2 rtm-family=mpls newdst=100/200"
    );
    let object = json(ROUTE, bytes);
    assert_eq!(
        (&object["dst"], &object["newdst"]),
        (&"300".into(), &"100/200".into())
    );
    // The same bytes are an address to IPv4.
    let bytes = route(2, &[attribute(1, &[0x00, 0x12, 0xc1, 0x00])]);
    assert!(line(ROUTE, bytes).contains(" newroute 0.18.193.0/20 "));
}

#[test]
fn an_encapsulation_is_read_by_its_type() {
    let stack = [0x00, 0x06, 0x40, 0, 0x00, 0x0c, 0x81, 0];
    let encapsulated = |kind: u16, inner: &[u8]| {
        let kind = attribute(21, &kind.to_ne_bytes());
        line(ROUTE, route(2, &[attribute(22, inner), kind]))
    };
    let shown = encapsulated(1, &attribute(1, &stack));
    assert!(
        shown.ends_with(" encap={dst=100/200} encap-type=mpls"),
        "{shown}"
    );
    let shown = encapsulated(2, &attribute(2, &[192, 0, 2, 1]));
    assert!(
        shown.ends_with(" encap={dst=192.0.2.1} encap-type=ip"),
        "{shown}"
    );
    // Of one that is not described, attributes are found.
    let shown = encapsulated(99, &attribute(0x8001, &attribute(2, b"prog\0")));
    assert!(
        shown.ends_with(" encap?={#1?={#2?=prog}} encap-type=99"),
        "{shown}"
    );
}

/// Linux's rt-route.yaml, as far as it matters here.
const RT_ROUTE: &str = "\
name: rt-route
protocol: netlink-raw
protonum: 0
doc: Routes.
definitions:
  - name: rtmsg
    type: struct
    members:
      - {name: rtm-family, type: u8}
      - {name: rtm-dst-len, type: u8}
      - {name: rest, type: pad, len: 6}
      - {name: rtm-flags, type: u32}
attribute-sets:
  - name: route-attrs
    attributes:
      - {name: rta-dst, type: binary, value: 1, display-hint: ipv4}
      - {name: rta-multipath, type: binary, value: 9}
      - {name: rta-encap-type, type: u16, value: 21}
      - {name: rta-encap, type: binary, value: 22}
operations:
  enum-model: directional
  fixed-header: rtmsg
  list:
    - name: newroute
      doc: Makes a route.
      attribute-set: route-attrs
      do: {request: {value: 24, attributes: []}}
";

#[test]
fn what_is_built_in_stays_where_a_specification_says_less() {
    let specs = specs(RT_ROUTE);
    let hop = [&16_u16.to_ne_bytes()[..], &[0, 0], &3_u32.to_ne_bytes()].concat();
    let hop = [&hop[..], &attribute(5, &[192, 0, 2, 1])].concat();
    let shown = |bytes| {
        let file = file(&[(ROUTE, bytes)]);
        show_by(&specs, &file, &with(|it| it.time = 1))
            .trim_end()
            .to_owned()
    };
    assert_eq!(
        shown(route(2, &[attribute(9, &hop)])),
        "port 0 > rt-route newroute rtm-family=2 rtm-dst-len=20 rta-multipath={[0]={rtnh-len=16 \
         rtnh-ifindex=3 … gateway=192.0.2.1}}"
    );
    let labels = attribute(1, &[0, 0x12, 0xc1, 0]);
    let labelled = shown(route(28, std::slice::from_ref(&labels)));
    assert!(labelled.contains(" newroute 300 "), "{labelled}");
    let encapsulated = [attribute(22, &labels), attribute(21, &1_u16.to_ne_bytes())];
    let encapsulated = shown(route(2, &encapsulated));
    assert!(
        encapsulated.ends_with(" rta-encap={dst=300} rta-encap-type=mpls"),
        "{encapsulated}"
    );
}

/// The controller's word that 0x99 is the family `x`, with a header of 4 bytes.
fn family() -> (u16, Vec<u8>) {
    let body = [
        &[1, 2, 0, 0][..],
        &attribute(1, &0x99_u16.to_ne_bytes()),
        &attribute(2, b"x\0"),
        &attribute(4, &4_u32.to_ne_bytes()),
    ];
    (GENERIC, message(16, 0, 1, &body.concat()))
}

const X: &str = "\
name: x
protocol: genetlink-legacy
doc: Made up.
definitions:
  - {name: head, type: struct, members: [{name: dp-ifindex, type: u32}]}
attribute-sets:
  - {name: top, attributes: [{name: name, type: string}, {name: fmsg, type: nest, nested-attributes: top}]}
operations:
  enum-model: directional
  fixed-header: head
  list:
    - {name: get, doc: Asks., attribute-set: top, do: {request: {value: 3}, reply: {value: 1}}}
    - {name: diagnose, doc: Asks., attribute-set: top, dump: {request: {value: 55}}}
";

#[test]
fn what_a_specification_does_not_list_is_read_by_what_its_family_has() {
    let specs = specs(X);
    let shown = |flags: u16, command: u8, attributes: &[u8]| {
        let body = [&[command, 1, 0, 0, 5, 0, 0, 0][..], attributes].concat();
        let file = file(&[family(), (GENERIC, message(0x99, flags, 7, &body))]);
        let text = show_by(&specs, &file, &with(|it| it.time = 1));
        text.lines().last().unwrap().to_owned()
    };
    let name = attribute(1, b"ovs-system\0");
    assert_eq!(
        shown(1, 4, &name),
        "port 0 > x cmd4? dp-ifindex=5 name=ovs-system"
    );
    // An operation whose answer is not described has it with the number of the request.
    assert_eq!(
        shown(2, 55, &attribute(2, &name)),
        "port 812 < x diagnose dp-ifindex=5 fmsg={name=ovs-system}"
    );
}

#[test]
fn a_message_of_the_connector_is_no_verdict() {
    // cn_msg of the log of a device mapper, with 8 bytes.
    let body = [
        &7_u32.to_ne_bytes()[..],
        &1_u32.to_ne_bytes(),
        &9_u32.to_ne_bytes(),
        &2_u32.to_ne_bytes(),
        &8_u16.to_ne_bytes(),
        &[0, 0],
        &[0xab; 8],
    ];
    let connector = libc::NETLINK_CONNECTOR as u16;
    let bytes = message(3, 0, 9, &body.concat());
    assert_eq!(
        line(connector, bytes.clone()),
        "port 812 < connector msg idx=dm val=1 seq=9 ack=2 len=8 data=abababababababab"
    );
    let object = json(connector, bytes);
    assert_eq!(
        (&object["len"], &object["data"]),
        (&8.into(), &"ab".repeat(8).into())
    );
}

#[test]
fn flags_of_the_answer_to_a_lookup_are_those_of_the_routing_cache() {
    let of = |family: u8, flags: u32| {
        let header = [&[family, 32][..], &[0; 6], &flags.to_ne_bytes()].concat();
        line(ROUTE, message(libc::RTM_NEWROUTE, 0, 7, &header))
    };
    let answer = |flags| of(2, flags);
    // `ip route get 224.0.0.5`: RTM_F_CLONED and RTCF_MULTICAST; RTCF_LOCAL.
    let shown = answer(0x2000_0200);
    assert!(shown.ends_with(" rtm-flags=cloned|multicast"), "{shown}");
    assert!(answer(0x8000_0200).ends_with(" rtm-flags=cloned|local"));
    assert!(answer(0x2000_0000).ends_with(" rtm-flags=rt-offload-failed"));
    assert!(of(10, 0x2000_0200).ends_with(" rtm-flags=cloned|rt-offload-failed"));
}

#[test]
fn an_event_with_the_number_of_an_answer_is_told_from_it() {
    let specs = specs(
        "
name: zones
protocol: genetlink-legacy
doc: Some of them.
attribute-sets:
  - name: zone
    attributes:
      - {name: id, type: u32}
operations:
  enum-model: directional
  list:
    - {name: appeared, doc: One is there., attribute-set: zone, value: 1, event: {}}
    - name: get
      doc: Asks.
      attribute-set: zone
      do: {request: {value: 1}, reply: {value: 1}}
",
    );
    let family = [
        vec![1, 2, 0, 0],
        attribute(2, b"zones\0"),
        attribute(1, &[40, 0]),
    ];
    let zone = [vec![1, 1, 0, 0], attribute(1, &7_u32.to_ne_bytes())].concat();
    let mut event = message(40, 0, 0, &zone);
    event[12..16].fill(0);
    let frames = [
        (GENERIC, message(16, 0, 1, &family.concat())),
        (GENERIC, message(40, 1, 5, &[1, 1, 0, 0])),
        (GENERIC, message(40, 0, 5, &zone)),
        (GENERIC, event),
    ];
    let text = show_by(&specs, &file(&frames), &with(|it| it.time = 1));
    let lines: Vec<_> = text.lines().filter(|it| it.contains(" zones ")).collect();
    assert!(lines[0].contains("> zones get"), "{text}");
    assert!(lines[1].contains("< zones get id=7"), "{text}");
    assert!(lines[2].contains("* zones appeared id=7"), "{text}");
}
