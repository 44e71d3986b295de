// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications of families of generic netlink, those of a family joined, on messages that
//! were made up.

mod common;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::{fs, path::PathBuf};

use common::{attribute, level, nest, record};
use ynl::decode::{Body, Endian, Side, messages};
use ynl::model::Family;
use ynl::table;

/// The families, by their names.
static FAMILIES: LazyLock<BTreeMap<String, Family>> = LazyLock::new(families);

fn families() -> BTreeMap<String, Family> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("specs/generic");
    let mut paths: Vec<_> = (fs::read_dir(folder).unwrap())
        .map(|it| it.unwrap().path())
        .collect();
    paths.sort();
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for path in paths {
        let family = Family::load(&path).unwrap();
        let family = match families.get(&family.name) {
            Some(before) => before.joined(&family),
            None => family,
        };
        families.insert(family.name.clone(), family);
    }
    families
}

/// What the family says about a message, in which `header` is before the attributes.
fn shown(name: &str, side: Side, command: u8, header: &[u8], attributes: &[Vec<u8>]) -> String {
    let payload = [&[command, 1, 0, 0], header, &attributes.concat()].concat();
    let mut bytes = Vec::new();
    bytes.extend((16 + payload.len() as u32).to_le_bytes());
    bytes.extend([40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
    let body = Body::new(&FAMILIES[name], &message, Endian::Little, side, None).unwrap();
    let mut out = format!("{}:", body.operation.unwrap().name);
    if let Some(header) = &body.header {
        record(&mut out, header);
    }
    level(&mut out, &body.level);
    out
}

#[test]
fn every_family_can_be_in_the_table() {
    assert!(FAMILIES.len() >= 50, "{}", FAMILIES.len());
    for family in FAMILIES.values() {
        let text = table::write(family, "made").unwrap();
        assert!(text.contains(&format!("family {} genetlink-legacy ", family.name)));
        for set in &family.sets {
            let mut numbers: Vec<_> = set.attributes.iter().map(|it| it.number).collect();
            numbers.dedup();
            assert_eq!(
                numbers.len(),
                set.attributes.len(),
                "{} {}",
                family.name,
                set.name
            );
        }
    }
}

#[test]
fn the_files_of_wireless_lan_are_one_family_with_all_of_its_attributes() {
    let wireless = &FAMILIES["nl80211"];
    let set = wireless.request(1).unwrap().set.unwrap();
    // NL80211_ATTR_WIPHY to NL80211_ATTR_NAN_PEER_MAPS and those behind it.
    assert_eq!(wireless[set].attributes.len(), 366);
    for operation in &wireless.operations {
        assert!(operation.set.is_some(), "{}", operation.name);
    }
    let rate = nest(8, &[attribute(1, &[138, 2]), attribute(3, &[])]);
    let flags = attribute(17, &[6, 0, 0, 0, 2, 0, 0, 0]);
    let chains = nest(25, &[attribute(0, &[200]), attribute(1, &[196])]);
    let station = nest(21, &[attribute(7, &[201]), chains, rate, flags]);
    assert_eq!(
        shown(
            "nl80211",
            Side::Reply,
            19,
            &[],
            &[attribute(3, &[2, 0, 0, 0]), station]
        ),
        "new-station: ifindex=2 sta-info={ signal=-55 chain-signal={ 0=-56 1=-60 } \
         tx-bitrate={ bitrate=650 40-mhz-width=yes } \
         sta-flags={ mask=authorized|short-preamble set=authorized } }"
    );
    // The same number in two operations: what the device can do, and rules.
    let support = attribute(182, &[1; 24]);
    assert_eq!(
        shown("nl80211", Side::Reply, 3, &[], &[support]),
        "new-wiphy: coalesce-rule={ max-rules=16843009 pat={ max-patterns=16843009 \
         min-pattern-len=16843009 max-pattern-len=16843009 max-pkt-offset=16843009 } \
         max-delay=16843009 }"
    );
    let rule = nest(182, &[nest(1, &[attribute(2, &[1, 0, 0, 0])])]);
    assert_eq!(
        shown("nl80211", Side::Reply, 100, &[], &[rule]),
        "get-coalesce: coalesce-rule={ 1={ condition=no-match } }"
    );
}

#[test]
fn events_that_are_numbered_as_requests_are_told_from_them() {
    let zone = attribute(2, &[1, 0, 0, 0]);
    let trip = |side| shown("thermal", side, 5, &[], std::slice::from_ref(&zone));
    assert_eq!(trip(Side::Reply), "event-tz-trip-up: tz-id=1");
    assert_eq!(trip(Side::Request), "tz-get-mode: tz-id=1");
    let family = attribute(2, &[2, 0]);
    let address = attribute(5, &[192, 0, 2, 1]);
    assert_eq!(
        shown("mptcp_pm", Side::Reply, 1, &[], &[family, address]),
        "event-created: family=inet saddr4=192.0.2.1"
    );
}

#[test]
fn numbers_are_in_the_order_of_the_network_where_the_kernel_puts_them_so() {
    let sci = attribute(1, &[0, 0, 0, 0, 0, 0, 1, 2]);
    let suite = attribute(4, &0x0080_c200_0100_0001_u64.to_le_bytes());
    assert_eq!(
        shown("macsec", Side::Reply, 0, &[], &[nest(4, &[sci, suite])]),
        "get-txsc: secy={ sci=258 cipher-suite=gcm-aes-128 }"
    );
    let service = [
        attribute(1, &[2, 0]),
        attribute(2, &[6, 0]),
        attribute(4, &[0, 80]),
        attribute(7, &[1, 0, 0, 0, 255, 255, 255, 255]),
    ];
    let text = shown("IPVS", Side::Request, 1, &[], &[nest(1, &service)]);
    let start =
        "new-service: service={ af=inet protocol=tcp port=80 flags={ flags=persistent mask=";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_value_whose_type_another_attribute_tells_is_guessed_under_its_name() {
    let value = nest(85, &[attribute(86, &[65, 0, 0, 0]), attribute(87, &[1])]);
    let values = nest(84, &[value]);
    let param = nest(80, &[attribute(83, &[3]), values]);
    let start = "get: param={ param-type=u32 param-values-list={ param-value={ param-value-data=65";
    let text = shown("devlink", Side::Reply, 3, &[], &[param]);
    assert!(text.starts_with(start), "{text}");
    let option = [
        attribute(1, b"mode\0"),
        attribute(3, &[5]),
        attribute(4, b"loadbalance\0"),
    ];
    assert_eq!(
        shown(
            "team",
            Side::Request,
            1,
            &[],
            &[nest(2, &[nest(1, &option)])]
        ),
        "options-set: list-option={ option={ ?=mode type=string data=loadbalance } }"
    );
}

#[test]
fn what_the_kernels_specifications_have_wrong_is_right() {
    let sample = nest(25, &[attribute(1, &[7, 0, 0, 0])]);
    let actions = nest(2, &[attribute(24, &[3, 0, 0, 0]), sample]);
    assert_eq!(
        shown("ovs_flow", Side::Reply, 1, &[5, 0, 0, 0], &[actions]),
        "new: dp-ifindex=5 actions={ drop=3 psample={ group=7 } }"
    );
    let options = nest(
        4,
        &[attribute(1, &[181, 18]), nest(2, &[attribute(1, &[])])],
    );
    assert_eq!(
        shown("ovs_vport", Side::Request, 4, &[5, 0, 0, 0], &[options]),
        "set: dp-ifindex=5 options={ dst-port=4789 extension={ gbp=yes } }"
    );
}

#[test]
fn what_is_no_attribute_has_names_too() {
    let header = [[1, 16, 0, 1], [4, 0, 0, 0], [0, 8, 0, 17], [0, 0, 16, 1]].concat();
    assert_eq!(
        shown("TIPC", Side::Request, 1, &header, &[]),
        "cmd: dest=16781313 cmd=get-links tlv-len=8 tlv-type=net-addr tlv-data=00001001"
    );
    let event = [
        &b"button/power\0\0\0\0\0\0\0\0PBTN\0\0\0\0\0\0\0\0\0\0\0\0"[..],
        &[128, 0, 0, 0],
        &[1, 0, 0, 0],
    ];
    assert_eq!(
        shown(
            "acpi_event",
            Side::Reply,
            1,
            &[],
            &[attribute(1, &event.concat())]
        ),
        "event: event={ device-class=button/power bus-id=PBTN type=128 data=1 }"
    );
}
