// SPDX-License-Identifier: GPL-2.0-or-later
//! Next hops, groups of them and templates of IPsec: arrays of structs.

use std::cell::LazyCell;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{file, show, try_all, with};
use crate::file::sample::{attribute, message};
use crate::messages::specs::Specs;

const NEWROUTE: u16 = libc::RTM_NEWROUTE;
const NEWNEXTHOP: u16 = 104;
const NEWPOLICY: u16 = 19;

/// A file of one message to the kernel.
fn to_kernel(protocol: i32, kind: u16, body: &[&[u8]]) -> Vec<u8> {
    file(&[(protocol as u16, message(kind, 1, 7, &body.concat()))])
}

fn line(file: &[u8]) -> String {
    show(file, &with(|it| it.time = 1)).trim_end().to_owned()
}

fn json(file: &[u8]) -> Value {
    let text = show(file, &with(|it| it.json = true));
    serde_json::from_str::<Value>(&text).unwrap()["msg"].clone()
}

/// What stands under the line, less the netlink header.
fn tree(file: &[u8]) -> String {
    let text = show(file, &with(|it| (it.time, it.verbose) = (1, true)));
    text.split_inclusive('\n').skip(2).collect()
}

/// `struct rtnexthop` with what is behind it, which `length` need not agree with.
fn hop(length: u16, ifindex: u32, behind: &[u8]) -> Vec<u8> {
    let head = [&length.to_ne_bytes()[..], &[4, 1], &ifindex.to_ne_bytes()];
    [&head.concat()[..], behind].concat()
}

/// A request for a route of IPv4 by these next hops.
fn route(hops: &[u8]) -> Vec<u8> {
    let header = [2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    to_kernel(0, NEWROUTE, &[&header, &attribute(9, hops)])
}

#[test]
fn the_next_hops_of_a_route_are_shown_with_their_attributes() {
    let gateway = attribute(5, &[192, 0, 2, 1]);
    // By an address of IPv6 (RTA_VIA), in a realm (RTA_FLOW).
    let via = attribute(18, &[&10_u16.to_ne_bytes()[..], &[0xfe; 16]].concat());
    let behind = [via, attribute(11, &7_u32.to_ne_bytes())].concat();
    let length = (8 + behind.len()) as u16;
    let file = route(&[hop(16, 3, &gateway), hop(length, 4, &behind)].concat());
    assert_eq!(
        line(&file),
        "port 0 > route newroute rtm-family=inet rtm-dst-len=24 rtm-table=main rtm-protocol=boot \
         rtm-type=unicast multipath={[0]={rtnh-len=16 rtnh-flags=onlink rtnh-hops=1 \
         rtnh-ifindex=3 gateway=192.0.2.1} …}"
    );
    let hop = |length: u16, ifindex: u32| {
        format!(
            "            rtnh-len: {length}\n            rtnh-flags: onlink\n            \
             rtnh-hops: 1\n            rtnh-ifindex: {ifindex}\n"
        )
    };
    let address = ["fefe"; 8].join(":");
    let expected = format!(
        "    multipath:\n        [0]:\n{}            gateway: 192.0.2.1\n        [1]:\n{}            \
         via:\n                rtvia-family: inet6\n                rtvia-addr: {address}\n            \
         flow: 7\n",
        hop(16, 3),
        hop(40, 4)
    );
    let tree = tree(&file);
    assert!(tree.ends_with(&expected), "{tree}");
    let expected = json!([
        {"rtnh-len": 16, "rtnh-flags": ["onlink"], "rtnh-hops": 1, "rtnh-ifindex": 3,
         "gateway": "192.0.2.1"},
        {"rtnh-len": 40, "rtnh-flags": ["onlink"], "rtnh-hops": 1, "rtnh-ifindex": 4,
         "via": {"rtvia-family": "inet6", "rtvia-addr": address}, "flow": "7"},
    ]);
    assert_eq!(json(&file)["multipath"], expected);
}

#[test]
fn filters_reach_into_arrays_of_structs() {
    let gateway = attribute(5, &[192, 0, 2, 1]);
    let file = route(&[hop(8, 3, &[]), hop(16, 4, &gateway)].concat());
    for (filter, matches) in [
        ("multipath", true),
        ("gateway", true),
        ("multipath.gateway=192.0.2.1", true),
        ("multipath.rtnh-ifindex=4", true),
        ("rtnh-flags=onlink", true),
        ("multipath.rtnh-ifindex=5", false),
        ("multipath.dst", false),
    ] {
        let text = show(&file, &with(|it| it.attr = vec![filter.to_owned()]));
        assert_eq!(!text.is_empty(), matches, "{filter}");
    }
}

#[test]
fn an_error_may_point_into_a_next_hop() {
    let gateway = attribute(5, &[192, 0, 2, 1, 9]);
    let hops = [hop(8, 3, &[]), hop(17, 4, &gateway)].concat();
    let header = [2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    let request = message(
        NEWROUTE,
        1,
        7,
        &[&header[..], &attribute(9, &hops)].concat(),
    );
    // Netlink header, rtmsg, the attribute, one hop, and a struct.
    let offset = 16 + 12 + 4 + 8 + 8_u32;
    let said = attribute(2, &offset.to_ne_bytes());
    let mut error = (-libc::ERANGE).to_ne_bytes().to_vec();
    error.extend(&request);
    error.extend(said);
    let file = file(&[(0, request), (0, message(2, 0x200, 7, &error))]);
    let text = show(&file, &with(|it| it.time = 1));
    let last = text.lines().last().unwrap();
    assert!(last.contains(" ERANGE at multipath[1].gateway "), "{last}");
}

#[test]
fn lengths_that_cannot_be_are_shown_as_what_they_are() {
    let whole = hop(8, 3, &[]);
    let of = |second: &[u8]| route(&[&whole[..], second].concat());
    let zero = of(&hop(0, 4, &[]));
    let text = tree(&zero);
    assert!(
        text.ends_with("            rtnh-ifindex: 3\n        [not an element: 0000040104000000]\n"),
        "{text}"
    );
    // JSON has what is not whole as bytes.
    assert_eq!(json(&zero)["multipath"], "08000401030000000000040104000000");
    let long = of(&hop(32, 4, &[]));
    assert!(tree(&long).ends_with("            rtnh-ifindex: 4\n        [24 bytes missing]\n"));
    assert_eq!(json(&long)["multipath"], "08000401030000002000040104000000");
    let line = line(&of(&[9, 9, 9]));
    assert!(
        line.ends_with(" rtnh-ifindex=3} [not an element: 090909]}"),
        "{line}"
    );
    assert_eq!(json(&route(&[]))["multipath"], json!([]));
}

#[test]
fn a_message_that_was_cut_in_an_array_is_shown_as_far_as_it_goes() {
    let gateway = attribute(5, &[192, 0, 2, 1]);
    let hops = [hop(16, 3, &gateway), hop(16, 4, &gateway)].concat();
    let header = [2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    let mut bytes = message(
        NEWROUTE,
        1,
        7,
        &[&header[..], &attribute(9, &hops)].concat(),
    );
    bytes.truncate(bytes.len() - 8);
    let cut = json(&file(&[(0, bytes.clone())]));
    assert_eq!(cut["multipath"][1]["rtnh-ifindex"], 4, "{cut}");
    bytes.truncate(bytes.len() - 5);
    let cut = json(&file(&[(0, bytes)]));
    assert_eq!(
        cut["multipath"][1],
        json!({"(no element)": "100004"}),
        "{cut}"
    );
}

#[test]
fn the_members_of_a_group_of_next_hops_are_shown() {
    let group = [
        &1_u32.to_ne_bytes()[..],
        &[0; 4],
        &2_u32.to_ne_bytes(),
        &[2, 1, 0, 0],
    ];
    let id = attribute(1, &10_u32.to_ne_bytes());
    let file = to_kernel(
        0,
        NEWNEXTHOP,
        &[&[0; 8], &id, &attribute(2, &group.concat())],
    );
    assert_eq!(
        line(&file),
        "port 0 > route newnexthop id=10 group={[0]={id=1 …} [1]={id=2 weight=2 weight-high=1}}"
    );
    let expected = json!([
        {"id": 1, "weight": 0, "weight-high": 0},
        {"id": 2, "weight": 2, "weight-high": 1},
    ]);
    assert_eq!(json(&file)["group"], expected);
}

#[test]
fn the_templates_of_a_policy_are_shown() {
    let template = [
        &[192, 0, 2, 2][..],
        &[0; 12],
        &0x77_u32.to_be_bytes(),
        &[50, 0, 0, 0],
        &2_u16.to_ne_bytes(),
        &[0; 2],
        &[192, 0, 2, 1],
        &[0; 12],
        &9_u32.to_ne_bytes(),
        &[1, 0, 1, 0],
        &[0xff; 12],
    ]
    .concat();
    assert_eq!(template.len(), 64);
    let templates = attribute(5, &[&template[..], &template].concat());
    let file = to_kernel(libc::NETLINK_XFRM, NEWPOLICY, &[&[0; 168], &templates]);
    let one = json!({
        "id": {"daddr": "192.0.2.2", "spi": "0x77", "proto": "esp"},
        "family": "inet", "saddr": "192.0.2.1", "reqid": 9,
        "mode": "tunnel", "share": "any", "optional": 1,
        "aalgos": "0xffffffff", "ealgos": "0xffffffff", "calgos": "0xffffffff",
    });
    assert_eq!(json(&file)["tmpl"], json!([one, one]));
    let line = line(&file);
    let expected = "tmpl={[0]={id={daddr=192.0.2.2 spi=0x77 proto=esp} family=inet";
    assert!(line.contains(expected), "{line}");
}

#[test]
fn structs_of_arrays_are_as_long_as_linuxs() {
    let specs = Specs::only_built_in();
    let diag = libc::NETLINK_SOCK_DIAG as u16;
    // By sizeof.
    for (protocol, kind, of, name, size) in [
        (0, NEWROUTE, None, "rtnexthop", 8),
        (0, NEWNEXTHOP, None, "nexthop-grp", 8),
        (libc::NETLINK_XFRM as u16, NEWPOLICY, None, "user-tmpl", 64),
        (
            libc::NETLINK_XFRM as u16,
            NEWPOLICY,
            None,
            "user-migrate",
            76,
        ),
        (diag, 20, Some(libc::AF_PACKET as u8), "mclist", 44),
        (diag, 20, Some(libc::AF_INET as u8), "md5sig", 100),
        (diag, 20, Some(libc::AF_INET6 as u8), "md5sig", 100),
    ] {
        let key = crate::messages::specs::RawKey {
            protocol,
            kind,
            to_kernel: true,
            of,
        };
        let family = specs.raw(key).unwrap();
        let found = family.structs.iter().find(|it| it.name == name).unwrap();
        assert_eq!(found.size, size, "{name}");
    }
}

thread_local! {
    static SPECS: LazyCell<Specs> = LazyCell::new(Specs::only_built_in);
}

proptest! {
    #[test]
    fn no_bytes_in_arrays_of_structs_make_it_panic(
        (protocol, kind, header, number) in prop::sample::select(vec![
            (0_u16, NEWROUTE, 12_usize, 9_u16),
            (0, NEWNEXTHOP, 8, 2),
            (6, NEWPOLICY, 168, 5),
            (6, 33, 64, 17),
        ]),
        // Lengths are mostly such that something follows.
        pairs in prop::collection::vec((0_u16..40, any::<u16>()), 0..80),
        cut in 0_usize..20,
    ) {
        let bytes: Vec<u8> = (pairs.iter())
            .flat_map(|(length, other)| [length.to_ne_bytes(), other.to_ne_bytes()].concat())
            .collect();
        let body = [vec![0; header], attribute(number, &bytes)].concat();
        let mut bytes = message(kind, 1, 7, &body);
        bytes.truncate(bytes.len() - cut);
        SPECS.with(|specs| try_all(specs, &file(&[(protocol, bytes)])));
    }
}
