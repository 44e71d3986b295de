// SPDX-License-Identifier: GPL-2.0-or-later
//! What is said of a frame besides its attributes: flags by name, bytes behind the last message,
//! requests that are not in the file; under Lua with the double of Wireshark's API.

mod common;

use common::{
    FAMILY, attr, cooked, genl, netlink,
    plugin::{Dissection, Plugin},
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use ynl::decode::{GENERIC, Message};

const REQUEST: u16 = 1;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const CAPPED: u16 = 0x100;
const ACK_TLVS: u16 = 0x200;
const ENODEV: i32 = -19;

const ROUTE: u8 = 0;
const CONNECTOR: u8 = 11;
const KOBJECT_UEVENT: u8 = 15;
const RTM_GETLINK: u16 = 18;
const RTM_NEWROUTE: u16 = 24;

/// The next frame, of a protocol, of which `captured` bytes are in the file.
fn cut(plugin: &Plugin, protocol: u8, messages: &[u8], captured: usize) -> Dissection {
    static FRAMES: AtomicUsize = AtomicUsize::new(1);
    let frame = plugin.lua.create_table().unwrap();
    let number = FRAMES.fetch_add(1, Ordering::Relaxed);
    frame.set("number", number).unwrap();
    let data = plugin.lua.create_string(cooked(protocol, messages));
    frame.set("data", data.unwrap()).unwrap();
    frame.set("captured", captured).unwrap();
    plugin.frame(frame, &[])
}

fn dissect(plugin: &Plugin, protocol: u8, messages: &[u8]) -> Dissection {
    cut(plugin, protocol, messages, usize::MAX)
}

impl Dissection {
    fn of(&self, field: &str) -> Vec<&str> {
        let all = self.values.iter().filter(|it| it.0 == field);
        all.map(|it| it.1.as_str()).collect()
    }
}

#[test]
fn flags_are_named_by_the_type_of_message() {
    let plugin = Plugin::new();
    let named = |protocol, kind, flags, payload: &[u8]| {
        let seen = dissect(&plugin, protocol, &netlink(kind, flags, 7, 0, payload));
        seen.of("nlmsg.flags").concat()
    };
    for (flags, names) in [
        (0x605, "request|ack|excl|create"),
        (0x505, "request|ack|replace|create"),
        (0xc05, "request|ack|create|append"),
        (0x105, "request|ack|replace"),
    ] {
        assert_eq!(named(ROUTE, RTM_NEWROUTE, flags, &[0; 12]), names);
    }
    assert_eq!(named(ROUTE, RTM_GETLINK, 0x301, &[0; 16]), "request|dump");
    assert_eq!(named(ROUTE, 17, 0x205, &[0; 16]), "request|ack|bulk");
    let error = [&ENODEV.to_le_bytes()[..], &[0; 16]].concat();
    assert_eq!(named(ROUTE, ERROR, 0x300, &error), "capped|ack-tlvs");
    assert_eq!(named(ROUTE, DONE, 0x202, &[0; 4]), "multi|ack-tlvs");
    // Of generic netlink the operation's name says it: L2_LIST asks.
    let family = u8::try_from(GENERIC).unwrap();
    assert_eq!(
        named(family, FAMILY, 0x501, &genl(1, &[])),
        "request|root|atomic"
    );
    assert_eq!(
        named(family, FAMILY, 0x501, &genl(2, &[])),
        "request|0x100|0x400"
    );
}

#[test]
fn bytes_after_the_last_message_are_said_with_their_number() {
    let plugin = Plugin::new();
    let ask = netlink(RTM_GETLINK, REQUEST, 7, 0, &[0; 16]);
    let behind = |protocol, messages: &[&[u8]]| {
        let seen = dissect(&plugin, protocol, &messages.concat());
        let length = seen.of("nlmsg.trailing").concat().split(", ").count();
        (seen.experts, length, seen.info)
    };
    let said = |text: &str| vec![format!("nlmsg.trailing_bytes: {text} after the message")];
    let (experts, length, _) = behind(ROUTE, &[&ask, &[0; 8132]]);
    assert_eq!((experts, length), (said("8132 zero bytes"), 8132));
    // A length below that of a header.
    let (experts, length, _) = behind(ROUTE, &[&ask, &9_u32.to_le_bytes(), &[9; 36]]);
    assert_eq!((experts, length), (said("40 bytes"), 40));
    // Of several messages the last one has them.
    let (experts, ..) = behind(ROUTE, &[&ask, &ask, &[1]]);
    assert_eq!(experts, said("1 byte"));
    let ours = netlink(FAMILY, REQUEST, 7, 0, &genl(1, &[]));
    let (experts, _, info) = behind(16, &[&ours, &[0; 4]]);
    assert_eq!(experts, said("4 zero bytes"));
    assert_eq!(
        info.unwrap(),
        "L2_LIST request [4 zero bytes after the message]"
    );
    let (experts, ..) = behind(ROUTE, &[&ask, &ask]);
    assert!(experts.is_empty(), "{experts:?}");
    // Where the capture ends in a header, it is not known what follows.
    let two = [&ask[..], &ask].concat();
    let seen = cut(&plugin, ROUTE, &two, 16 + ask.len() + 15);
    assert!(seen.experts.is_empty(), "{:?}", seen.experts);
    let event = b"add@/devices/x\0ACTION=add\0SUBSYSTEM=net\0";
    let seen = dissect(&plugin, KOBJECT_UEVENT, event);
    assert!(
        seen.fields.is_empty() && seen.experts.is_empty(),
        "{seen:?}"
    );
}

/// An error that repeats a request, which no frame of the file is.
fn error(errno: i32, flags: u16, copy: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let payload = [&errno.to_le_bytes(), copy, tlvs].concat();
    netlink(ERROR, flags, 7, 812, &payload)
}

#[test]
fn an_error_without_its_request_says_what_it_is_about() {
    let plugin = Plugin::new();
    let ask = netlink(RTM_GETLINK, 0x301, 7, 5, &[0; 16]);
    let cookie = attr(3, &[0xab, 0xcd]);
    let bytes = error(ENODEV, CAPPED | ACK_TLVS, &ask[..16], &cookie);
    let seen = dissect(&plugin, ROUTE, &bytes);
    assert_eq!(
        seen.info.as_deref(),
        Some("error ENODEV, request 7 is not in the file")
    );
    assert_eq!(seen.of("nlmsg.request.type"), ["[12, 00]"]);
    assert_eq!(seen.of("nlmsg.request.flags"), ["request|dump"]);
    assert_eq!(seen.of("nlmsg.request.seq"), ["[07, 00, 00, 00]"]);
    assert_eq!(seen.of("nlmsg.request.port"), ["[05, 00, 00, 00]"]);
    assert_eq!(seen.of("nlmsg.request.len"), ["[20, 00, 00, 00]"]);
    assert_eq!(seen.of("nlmsg.extack.cookie"), ["[ab, cd]"]);
}

#[test]
fn an_error_that_repeats_its_request_names_what_is_not_in_the_file() {
    let plugin = Plugin::new();
    let index = attr(0x8001, &attr(1, &[9, 0, 0, 0]));
    let ask = netlink(FAMILY, REQUEST, 7, 0, &genl(2, &index));
    let offset = attr(2, &24_u32.to_le_bytes());
    let bytes = error(ENODEV, ACK_TLVS, &ask, &offset);
    // The family's number is known by its messages.
    plugin.dissect(0, &genl(2, &[]));
    let seen = dissect(&plugin, 16, &bytes);
    assert_eq!(
        seen.info.as_deref(),
        Some("L2_IID error ENODEV, request 7 is not in the file")
    );
    assert_eq!(seen.of("nlmsg.operation"), ["L2_IID"]);
    assert_eq!(seen.of("nlmsg.extack.bad_attr"), ["netdev.ifindex"]);
}

#[test]
fn what_the_kernel_says_beside_a_success_is_said() {
    let plugin = Plugin::new();
    let ask = netlink(FAMILY, 5, 7, 0, &genl(2, &[]));
    dissect(&plugin, 16, &ask);
    let text = attr(1, b"mind the gap\0");
    let seen = dissect(&plugin, 16, &error(0, CAPPED | ACK_TLVS, &ask[..16], &text));
    assert_eq!(
        seen.info.as_deref(),
        Some("L2_IID acknowledged, mind the gap")
    );
    assert!(seen.of("nlmsg.request.type").is_empty());
}

/// The connector's messages are of the type that ends a dump.
#[test]
fn a_message_of_the_connector_is_no_end_of_a_dump() {
    let plugin = Plugin::new();
    let event = netlink(DONE, 0, 1, 0, &[[1, 0, 0, 0]; 6].concat());
    let seen = dissect(&plugin, CONNECTOR, &event);
    assert!(
        seen.experts.is_empty() && seen.fields.is_empty(),
        "{seen:?}"
    );
    assert_eq!(seen.info, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]
    #[test]
    fn flags_have_the_names_that_nlcap_has(
        protocol in prop::sample::select(vec![0_u8, 4, 6, 9, 12, 16, 20, 21]),
        kind in prop_oneof![16_u16..140, 0..16_u16, any::<u16>(), (0..14_u16, 0..40_u16).prop_map(|it| it.0 << 8 | it.1)],
        flags: u16,
    ) {
        thread_local!(static PLUGIN: Plugin = Plugin::new());
        let flags = flags | REQUEST;
        let message = Message { length: 16, kind, flags, sequence: 7, port: 0, payload: &[] };
        let verb = message.verb(protocol.into());
        let names = message.flag_names(protocol.into(), verb);
        let names: Vec<_> = names
            .map(|it| it.map_or_else(|bit| format!("{bit:#x}"), str::to_owned))
            .collect();
        let seen = PLUGIN.with(|plugin| {
            let named: mlua::Function = plugin.lua
                .load(
                    "local nl = package.loaded['nl_util.dissector']
                     return function(protocol, kind, flags)
                         local is_dump = nl.answers.is_dump(protocol, kind, flags)
                         return nl.flags.names(protocol, kind, flags, nl.flags.verb(protocol, kind), is_dump)
                     end",
                )
                .eval()
                .unwrap();
            named.call::<String>((protocol, kind, flags)).unwrap()
        });
        prop_assert_eq!(seen, names.join("|"));
    }
}
