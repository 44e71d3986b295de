// SPDX-License-Identifier: GPL-2.0-or-later
//! Sockets, states of IPsec, records of audit and events of processes: protocols whose messages
//! are mostly C structs.

use std::path::Path;

use serde_json::{Value, json};

use super::options::Options;
use super::tests::{file, show, show_by, with};
use crate::file::sample::{attribute, message};
use crate::messages::specs::Specs;

const DIAG: u16 = libc::NETLINK_SOCK_DIAG as u16;
const BY_FAMILY: u16 = 20;
const AUDIT: u16 = libc::NETLINK_AUDIT as u16;
const CONNECTOR: u16 = libc::NETLINK_CONNECTOR as u16;
const XFRM: u16 = libc::NETLINK_XFRM as u16;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|it| it.to_ne_bytes()).collect()
}

/// What each message of the file holds.
fn json_of(messages: &[(u16, Vec<u8>)]) -> Vec<Value> {
    let text = show(&file(messages), &with(|it| it.json = true));
    let objects = text
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap());
    objects.map(|it| it["msg"].clone()).collect()
}

fn line(protocol: u16, message: Vec<u8>) -> String {
    let file = file(&[(protocol, message)]);
    show(&file, &with(|it| it.time = 1)).trim_end().to_owned()
}

/// A request for sockets of a protocol and family, and the answer that has this `struct *_info`.
fn info(family: u8, protocol: u8, behind: &[u8], info: &[u8]) -> Value {
    let mut request = vec![family, protocol, 2, 0];
    request.extend(words(&[u32::MAX]));
    request.resize(56, 0);
    request.extend(behind);
    let mut answer = vec![family, 1, 0, 0, 0, 80, 0x1f, 0x90];
    answer.extend([192, 0, 2, 1]);
    answer.resize(72, 0);
    answer.extend(attribute(2, info));
    let all = json_of(&[
        (DIAG, message(BY_FAMILY, 0x301, 7, &request)),
        (DIAG, message(BY_FAMILY, 2, 7, &answer)),
    ]);
    all[1].clone()
}

#[test]
fn what_is_told_of_a_socket_is_what_its_protocol_tells() {
    let mut tcp = vec![1, 0, 0, 0, 0, 7, 0x79, 1];
    tcp.extend(words(&[200_000]));
    let answer = info(2, 6, &[], &tcp);
    assert_eq!(answer["idiag-src"], "192.0.2.1");
    let expected = json!({
        "tcpi-state": "established", "tcpi-ca-state": "open", "tcpi-retransmits": 0,
        "tcpi-probes": 0, "tcpi-backoff": 0, "tcpi-options": ["timestamps", "sack", "wscale"],
        "tcpi-snd-wscale": if cfg!(target_endian = "big") { 7 } else { 9 },
        "tcpi-rcv-wscale": if cfg!(target_endian = "big") { 9 } else { 7 },
        "tcpi-delivery-rate-app-limited": u8::from(cfg!(target_endian = "little")),
        "tcpi-fastopen-client-fail": "status-unspec",
        "tcpi-rto": 200_000,
    });
    assert_eq!(answer["info"], expected);
    // MPTCP has a number that the header has no room for.
    let mptcp = info(10, 6, &attribute(3, &words(&[262])), &[2, 1]);
    assert_eq!(mptcp["idiag-src"], "c000:201::");
    assert_eq!(mptcp["info"]["mptcpi-subflows"], 2);
    let sctp = info(2, 132, &[], &words(&[0xabc, 3]));
    assert_eq!(sctp["info"]["sctpi-state"], "established");
    // UDP has none.
    assert!(info(2, 17, &[], &words(&[1]))["info"].is_string());
}

#[test]
fn an_answer_without_an_address_family_is_of_that_of_its_request() {
    const AF_TIPC: u8 = 30;
    let request = [vec![AF_TIPC, 0, 0, 0], words(&[u32::MAX])].concat();
    let sock = [attribute(2, &words(&[7])), attribute(6, &words(&[1]))].concat();
    let all = json_of(&[
        (DIAG, message(BY_FAMILY, 0x301, 7, &request)),
        (DIAG, message(BY_FAMILY, 2, 7, &attribute(2, &sock))),
    ]);
    assert_eq!(all[0]["sdiag-family"], "tipc");
    assert_eq!(all[1], json!({"sock": {"ref": 7, "type": "stream"}}));
}

#[test]
fn conditions_of_a_request_for_sockets_are_shown_one_by_one() {
    let mut request = vec![2, 6, 0, 0];
    request.extend(words(&[1 << 10]));
    request.resize(56, 0);
    let code = [&[9, 8, 12, 0][..], &words(&[3]), &[1, 4, 4, 0]].concat();
    request.extend(attribute(1, &code));
    let all = json_of(&[(DIAG, message(BY_FAMILY, 0x301, 7, &request))]);
    assert_eq!(all[0]["idiag-states"], json!(["listen"]));
    let ops = &all[0]["bytecode"];
    assert_eq!(
        (&ops[0]["code"], &ops[0]["yes"]),
        (&json!("dev-cond"), &json!(8))
    );
    assert!(ops[0]["argument"].is_string());
    assert_eq!(
        (&ops[1]["code"], &ops[1]["argument"]),
        (&json!("jmp"), &Value::Null)
    );
}

#[test]
fn a_socket_of_this_machine_has_a_path_or_an_abstract_name() {
    let named = |name: &[u8]| {
        let mut answer = vec![1, 1, 10, 0];
        answer.resize(16, 0);
        answer.extend(attribute(0, name));
        let answer = message(BY_FAMILY, 2, 7, &answer);
        (
            line(DIAG, answer.clone()),
            json_of(&[(DIAG, answer)])[0]["name"].clone(),
        )
    };
    let (shown, object) = named(b"/run/x\0");
    assert!(shown.ends_with(" name=/run/x"), "{shown}");
    assert_eq!(object, "/run/x");
    let (shown, object) = named(b"\0a \"b");
    assert!(shown.ends_with(r#" name="@a \"b""#), "{shown}");
    assert_eq!(object, "@a \"b");
}

#[test]
fn addresses_of_a_state_are_of_its_family() {
    let state = |family: u16| {
        let mut info = vec![0; 224];
        info[56..72].fill(1);
        info[72..76].copy_from_slice(&[0, 0, 1, 0]);
        info[76] = 50;
        info[80..96].fill(2);
        info[212..214].copy_from_slice(&family.to_ne_bytes());
        let template = |family: u16| {
            let mut bytes = vec![3; 16];
            bytes.extend([0; 8]);
            bytes.extend(family.to_ne_bytes());
            bytes.extend([0; 2]);
            bytes.extend([4; 16]);
            bytes.resize(64, 0);
            bytes
        };
        let behind = [
            attribute(5, &[template(2), template(10)].concat()),
            attribute(14, &[5; 16]),
        ];
        let body = [&info[..], &behind.concat()].concat();
        json_of(&[(XFRM, message(16, 5, 7, &body))])[0].clone()
    };
    let ipv4 = state(2);
    assert_eq!(ipv4["id"]["daddr"], "1.1.1.1");
    assert_eq!(ipv4["id"]["proto"], "esp");
    assert_eq!(
        (&ipv4["saddr"], &ipv4["coaddr"]),
        (&json!("2.2.2.2"), &json!("5.5.5.5"))
    );
    let ipv6 = state(10);
    assert_eq!(ipv6["saddr"], "202:202:202:202:202:202:202:202");
    for it in [&ipv4, &ipv6] {
        assert_eq!(it["tmpl"][0]["id"]["daddr"], "3.3.3.3");
        assert_eq!(it["tmpl"][1]["saddr"], "404:404:404:404:404:404:404:404");
    }
}

#[test]
fn a_record_of_audit_is_shown_by_its_pairs() {
    let record = b"audit(1700000000.123:45): argc=2 a0=\"sh\" a1=2D6320781B a=1 a=2 odd\0";
    let shown = line(AUDIT, message(1309, 0, 0, record));
    assert_eq!(
        shown,
        "port 812 * audit execve text={audit=1700000000.123:45 argc=2 a0=sh a1=\"-c x\\u{1b}\" \
         a=1 a=2 text=odd}"
    );
    let object = &json_of(&[(AUDIT, message(1309, 0, 0, record))])[0]["text"];
    assert_eq!(
        (&object["a1"], &object["a"]),
        (&json!("-c x\u{1b}"), &json!(["1", "2"]))
    );
    let login = b"pid=1 msg='op=login addr=? res=success'\0";
    let object = &json_of(&[(AUDIT, message(1112, 0, 0, login))])[0]["text"];
    assert_eq!(
        object["msg"],
        json!({"op": "login", "addr": "?", "res": "success"})
    );
    let address = b"saddr=0200005001020304";
    let object = &json_of(&[(AUDIT, message(1306, 0, 0, address))])[0]["text"];
    if cfg!(target_endian = "little") {
        assert_eq!(object["saddr"], "1.2.3.4:80");
    }
}

#[test]
fn a_rule_of_audit_has_as_many_fields_as_it_says() {
    let mut rule = words(&[4, 2, 2]);
    rule.extend([0xff; 256]);
    for numbers in [[11, 210], [0xc000_003e, 3], [0x4000_0000, 0x4000_0000]] {
        rule.extend(words(&numbers));
        rule.extend([0; 248]);
    }
    rule.extend(words(&[3]));
    rule.extend(b"key");
    let rule = &json_of(&[(AUDIT, message(1011, 5, 7, &rule))])[0];
    assert_eq!(rule["flags"], "exit");
    assert_eq!(rule["fields"], json!(["arch", "filterkey"]));
    assert_eq!(rule["fieldflags"], json!(["equal", "equal"]));
    assert_eq!(rule["buf"], "key");
}

#[test]
fn an_event_of_a_process_is_what_happened() {
    let event = |what: u32, data: &[u32]| {
        let mut body = words(&[1, 1, 5, 0]);
        body.extend([40, 0, 0, 0]);
        body.extend(words(&[what, 3, 9, 0]));
        body.extend(words(data));
        body.resize(60, 0);
        message(3, 0, 0, &body)
    };
    let fork = &json_of(&[(CONNECTOR, event(1, &[4, 4, 5, 6]))])[0];
    assert_eq!(
        (&fork["idx"], &fork["data"]["what"]),
        (&json!("proc"), &json!("fork"))
    );
    let expected = json!({
        "parent-pid": 4, "parent-tgid": 4, "child-pid": 5, "child-tgid": 6,
    });
    assert_eq!(fork["data"]["event-data"], expected);
    let exit = &json_of(&[(CONNECTOR, event(0x8000_0000, &[4, 4, 256, 17, 1, 1]))])[0];
    assert_eq!(exit["data"]["event-data"]["exit-code"], 256);
    let mut listen = words(&[1, 1, 0, 0]);
    listen.extend([4, 0, 0, 0]);
    listen.extend(words(&[1]));
    let listen = &json_of(&[(CONNECTOR, message(3, 1, 0, &listen))])[0];
    assert_eq!(listen["data"], json!({"mcast-op": "listen"}));
}

#[test]
fn the_value_of_a_parameter_of_iscsi_is_shown_to_nobody() {
    let mut set = words(&[16, 0, 0, 0, 1, 0, 24, 9]);
    set.resize(56, 0);
    set.extend(b"password\0");
    let iscsi = libc::NETLINK_ISCSI as u16;
    let file = file(&[(iscsi, message(16, 1, 7, &set))]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dissector/ynl/specs/iscsi.yaml");
    for specs in [Specs::only_built_in(), Specs::gather(&[path]).unwrap()] {
        for change in [
            (|_| ()) as fn(&mut Options),
            |it| it.verbose = true,
            |it| it.json = true,
            |it| it.bytes = true,
        ] {
            let text = show_by(&specs, &file, &with(change));
            // But for the name of the parameter.
            let rest = text
                .replace("param=password", "")
                .replace("param: password", "");
            let rest = rest.replace("\"param\":\"password\"", "");
            let has = |it: &str| rest.contains(it);
            assert!(
                !has("password") && !has("7061737") && !has("70 61 73 73"),
                "{text}"
            );
        }
    }
}
