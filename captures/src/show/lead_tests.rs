// SPDX-License-Identifier: GPL-2.0-or-later
//! What a line begins with: what its message is about.

use super::tests::{file, show, with};
use crate::file::sample::{attribute, message};

const ROUTE: u16 = libc::NETLINK_ROUTE as u16;
const NETFILTER: u16 = libc::NETLINK_NETFILTER as u16;

/// RTM_NEWLINK of the kernel: link 4 is eth0.
fn link() -> (u16, Vec<u8>) {
    let header = [0, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let payload = [&header[..], &attribute(3, b"eth0\0")].concat();
    (ROUTE, message(libc::RTM_NEWLINK, 0, 0, &payload))
}

/// The values of a message that comes after the link's, up to the number of characters that
/// is expected.
fn lead(protocol: u16, kind: u16, flags: u16, header: &[u8], attributes: &[Vec<u8>]) -> String {
    let payload = [header, &attributes.concat()].concat();
    let frames = [link(), (protocol, message(kind, flags, 7, &payload))];
    let text = show(&file(&frames), &with(|it| it.time = 1));
    let line = text.lines().nth(1).unwrap();
    line.splitn(6, ' ').nth(5).unwrap_or_default().to_owned()
}

fn number(kind: u16, value: u32) -> Vec<u8> {
    attribute(kind, &value.to_ne_bytes())
}

fn nest(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
    attribute(kind | 0x8000, &attributes.concat())
}

#[test]
fn a_route_is_its_destination_gateway_and_link() {
    let route = |length: u8, attributes: &[Vec<u8>]| {
        let header = [2, length, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0];
        lead(ROUTE, libc::RTM_NEWROUTE, 0, &header, attributes)
    };
    let gateway = attribute(5, &[10, 1, 0, 2]);
    let dst = attribute(1, &[10, 2, 0, 0]);
    let shown = route(16, &[dst.clone(), gateway.clone(), number(4, 4)]);
    assert!(
        shown.starts_with("10.2.0.0/16 via 10.1.0.2 dev 4(eth0) rtm-family=inet"),
        "{shown}"
    );
    assert!(!shown.contains("dst="), "{shown}");
    let shown = route(32, &[dst]);
    assert!(shown.starts_with("10.2.0.0 rtm-family=inet"), "{shown}");
    let shown = route(0, &[gateway, number(4, 9)]);
    assert!(shown.starts_with("default via 10.1.0.2 dev 9 "), "{shown}");
    let header = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let asked = lead(ROUTE, libc::RTM_GETROUTE, 0x301, &header, &[]);
    assert!(!asked.contains("default"), "{asked}");
}

#[test]
fn an_address_has_its_prefix_peer_and_link() {
    let header = [2, 24, 0, 0, 4, 0, 0, 0];
    let address = |attributes: &[Vec<u8>]| lead(ROUTE, libc::RTM_NEWADDR, 0, &header, attributes);
    let (one, other) = ([192, 0, 2, 1], [192, 0, 2, 9]);
    let shown = address(&[attribute(1, &one), attribute(2, &one)]);
    assert_eq!(shown, "192.0.2.1/24 dev 4(eth0) ifa-family=inet");
    let shown = address(&[attribute(1, &other), attribute(2, &one)]);
    assert_eq!(
        shown,
        "192.0.2.1 peer 192.0.2.9/24 dev 4(eth0) ifa-family=inet"
    );
}

#[test]
fn a_neighbour_has_its_link_layer_address_and_state() {
    let header = [2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 1];
    let mac = attribute(2, &[2, 0, 0, 0, 0, 1]);
    let dst = attribute(1, &[192, 0, 2, 1]);
    let shown = lead(ROUTE, libc::RTM_NEWNEIGH, 0, &header, &[dst, mac.clone()]);
    let expected = "192.0.2.1 dev 4(eth0) lladdr 02:00:00:00:00:01 reachable";
    assert!(shown.starts_with(expected), "{shown}");
    let shown = lead(ROUTE, libc::RTM_NEWNEIGH, 0, &header, &[mac]);
    assert!(
        shown.starts_with("02:00:00:00:00:01 dev 4(eth0) reachable"),
        "{shown}"
    );
}

#[test]
fn a_link_is_its_number_and_name_but_for_one_that_is_asked_for() {
    let header = |index: u8| [0, 0, 0, 0, index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let name = attribute(3, b"lan\0");
    let asks = |index, name: &[Vec<u8>]| lead(ROUTE, libc::RTM_SETLINK, 5, &header(index), name);
    assert_eq!(asks(0, std::slice::from_ref(&name)), "dev lan");
    assert_eq!(
        asks(4, std::slice::from_ref(&name)),
        "dev 4(eth0) ifname=lan"
    );
    assert_eq!(
        lead(ROUTE, libc::RTM_NEWLINK, 0, &header(4), &[name]),
        "dev 4(lan)"
    );
}

#[test]
fn what_nft_has_is_called_as_nft_calls_it() {
    let inet = [1, 0, 0, 0];
    let nft = |message: u16, attributes: &[Vec<u8>]| {
        lead(NETFILTER, 10 << 8 | message, 0, &inet, attributes)
    };
    let (filter, input) = (attribute(1, b"filter\0"), attribute(3, b"input\0"));
    assert_eq!(nft(0, std::slice::from_ref(&filter)), "table inet filter");
    assert_eq!(nft(3, &[filter.clone(), input]), "chain inet filter input");
    let handle = attribute(3, &7_u64.to_be_bytes());
    let rule = nft(6, &[filter.clone(), attribute(2, b"input\0"), handle]);
    assert_eq!(rule, "rule inet filter input handle 7");
    assert_eq!(
        nft(9, &[filter, attribute(2, b"denied\0")]),
        "set inet filter denied"
    );
}

#[test]
fn a_connection_is_its_tuple_and_state() {
    let addresses = [attribute(1, &[192, 0, 2, 1]), attribute(2, &[192, 0, 2, 2])];
    let ports = [
        attribute(1, &[6]),
        attribute(2, &40_000_u16.to_be_bytes()),
        attribute(3, &80_u16.to_be_bytes()),
    ];
    let tuple = nest(1, &[nest(1, &addresses), nest(2, &ports)]);
    let state = nest(4, &[nest(1, &[attribute(1, &[3])])]);
    let shown = lead(NETFILTER, 1 << 8, 0, &[2, 0, 0, 0], &[tuple, state]);
    let expected = "tcp 192.0.2.1:40000 > 192.0.2.2:80 established";
    assert!(shown.starts_with(expected), "{shown}");
}
