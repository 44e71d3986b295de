// SPDX-License-Identifier: GPL-2.0-or-later
//! Filters in summary mode, where nobody looks at a tree, find what the tree shows.

mod common;

use common::{
    FAMILY, attr, genl,
    messages::{capture, message, odd_messages},
    netlink,
    tshark::{found, frames_by_name, root, tshark},
};
use std::path::PathBuf;

fn plugin() -> [PathBuf; 1] {
    [root().join("dissector/nl_util.lua")]
}

#[test]
fn every_field_that_a_tree_shows_is_found_by_its_filter() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let whole = [
        attr(1, &[2, 0, 0, 0]),
        attr(2, b"veth0\0"),
        attr(3, &[3, 0x10, 0, 0]),
        attr(4, &[0xdc, 5, 0, 0]),
        attr(6, &[0xe8, 3, 0, 0]),
        attr(5, &[6, 0, 0, 0]),
        attr(9, &[2, 0, 0, 0, 0, 1]),
        attr(8, &[0xff; 6]),
        attr(7, &[1; 200]),
    ];
    // No interface of a guest has all of these.
    let details = [
        attr(10, &[3, 0, 0, 0]),
        attr(11, &[4, 0, 0, 0]),
        attr(12, b"vlan\0"),
        attr(13, b"uplink\0"),
        attr(14, &[2, 0, 0, 0, 0, 1]),
        attr(15, &[68, 0, 0, 0]),
        attr(16, &[0, 64, 0, 0]),
        attr(17, &[1]),
        attr(18, &[3, 16, 1, 0]),
        attr(19, &[0xff; 4]),
    ];
    let details = [attr(2, &[3, 0, 0, 0]), attr(1, &details.concat())].concat();
    let mut frames = odd_messages();
    frames.push(message(FAMILY, 0, 1, &details));
    frames.push(message(FAMILY, 0, 2, &attr(1, &whole.concat())));
    frames.push(message(FAMILY, 0, 1, &attr(1, &whole[..8].concat())));
    capture(&mut file, &frames, usize::MAX);

    let shown = frames_by_name(&plugin(), file.path());
    let names = nl_dissector::emit::lua::field_names(&ynl::model::nl_util()).unwrap();
    assert!(names.len() > 60, "{names:?}");
    // What this file has none of.
    let absent = ["partial", "too_deep", "too_many", "fault"].map(|it| format!("nl_util.{it}"));
    for name in names.iter().chain([&"nl_util".to_owned()]) {
        let in_trees = shown.get(name).cloned().unwrap_or_default();
        assert_eq!(found(&plugin(), file.path(), name), in_trees, "{name}");
        assert_eq!(in_trees.is_empty(), absent.contains(name), "{name}");
    }
    for (filter, count) in [
        ("nl_util.netdev.ifname == \"veth0\"", 2),
        ("nl_util.netdev.ifname == \"veth1\"", 0),
        ("nl_util.netdev.state == \"UP\"", 2),
        ("nl_util.cmd == \"L2_IID\"", 2),
        ("nl_util.netdev.ifmac == 02:00:00:00:00:01", 2),
        ("nl_util.netdev.stats.rx_packets > 1", 3),
        ("nl_util.netdev.flags.lower_up == 1", 0),
    ] {
        assert_eq!(
            found(&plugin(), file.path(), filter).len(),
            count,
            "{filter}"
        );
    }
    // Experts by their severity, which no field of ours shows.
    let damaged = shown["nl_util.malformed"].clone();
    assert!(found(&plugin(), file.path(), "_ws.expert.severity == error").is_superset(&damaged));
}

/// What is said of frames of whatever protocol.
#[test]
fn every_field_that_is_said_of_a_frame_is_found_by_its_filter() {
    let ask = netlink(FAMILY, 1, 7, 0, &genl(2, &[]));
    let refused = [&(-19_i32).to_le_bytes()[..], &ask[..16]].concat();
    let frames = [
        [&ask[..], &[0; 8]].concat(),
        netlink(2, 0x100, 8, 0x32c, &refused),
    ];
    let mut file = tempfile::NamedTempFile::new().unwrap();
    capture(&mut file, &frames, usize::MAX);
    let shown = frames_by_name(&plugin(), file.path());
    for name in [
        "nlmsg.flags",
        "nlmsg.trailing",
        "nlmsg.trailing_bytes",
        "nlmsg.request.type",
        "nlmsg.request.flags",
        "nlmsg.request.seq",
        "nlmsg.request.port",
        "nlmsg.request.len",
    ] {
        assert!(!shown[name].is_empty(), "{name}");
        assert_eq!(found(&plugin(), file.path(), name), shown[name], "{name}");
    }
    let named = found(&plugin(), file.path(), "nlmsg.flags == \"capped\"");
    assert_eq!(named, shown["nlmsg.request.type"]);
}

/// tshark's first pass of two has no tree unless a filter asks for one.
#[test]
fn two_passes_know_the_answers_of_a_request_with_a_filter_and_without() {
    let file = root().join("captures/samples/nl_user-show-99.pcapng");
    let columns = "-2 -T fields -e frame.number -e nlmsg.answers -e nlmsg.request_in";
    let columns: Vec<_> = columns.split(' ').collect();
    for filter in [&[][..], &["-Y", "frame"], &["-R", "frame"]] {
        let text = tshark(&file, &[&columns[..], filter].concat());
        let last: Vec<_> = text.lines().map(str::trim_end).skip(39).collect();
        assert_eq!(last, ["40\t1", "41\t\t40", "42", "43\t\t42"], "{filter:?}");
    }
}

/// The same for what ties an error to its request; its file is a recording.
#[test]
fn every_field_of_an_exchange_is_found_by_its_filter() {
    let file = root().join("captures/samples/nl_user-show-99.pcapng");
    let shown = frames_by_name(&plugin(), &file);
    let names: Vec<_> = shown.keys().filter(|it| it.starts_with("nlmsg")).collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        assert_eq!(found(&plugin(), &file, name), shown[name], "{name}");
    }
}
