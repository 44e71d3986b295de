// SPDX-License-Identifier: GPL-2.0-or-later
//! Members of structs that YNL has no words for: bit-fields, arrays, unions, and addresses of
//! which another member tells the family.

use proptest::prelude::*;

use super::super::*;
use super::levels::{attr, text};
use crate::model::Family;

const SPEC: &str = "\
name: forms
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - {name: family, type: enum, entries: [{name: inet, value: 2}, {name: inet6, value: 10}]}
  - {name: what, type: enum, entries: [{name: one, value: 1}, two, nothing]}
  - name: bits
    type: struct
    members:
      - {name: low, type: u8, bits: 4}
      - {name: high, type: u8, bits: 4}
      - {name: flag, type: u8, bits: 1}
      - {name: kind, type: u8, bits: 2, enum: what}
      - {name: word, type: u16}
  - name: inner
    type: struct
    members:
      - {name: addr, type: binary, len: 16, display-hint: inet-address}
  - name: outer
    type: struct
    members:
      - {name: in, type: binary, struct: inner}
      - {name: old-addr, type: binary, len: 16, display-hint: inet-address}
      - {name: addr, type: binary, len: 16, display-hint: inet-address}
      - {name: family, type: u16, enum: family}
      - {name: old-family, type: u16, enum: family}
  - name: numbers
    type: struct
    members:
      - {name: count, type: u8}
      - {name: all, type: binary, len: 6, sub-type: u16, enum: what, count-member: count}
      - {name: last, type: u8}
  - name: one
    type: struct
    members: [{name: a, type: u8}]
  - name: event
    type: struct
    members:
      - {name: what, type: u8, enum: what}
      - {name: data, type: binary, len: 4, sub-message: data, selector: what}
  - name: op
    type: struct
    members:
      - {name: code, type: u8}
      - {name: len, type: u8}
      - {name: argument, type: binary, len: 250}
sub-messages:
  - name: data
    formats:
      - {value: one, fixed-header: one}
      - {value: two, fixed-header: bits}
  - name: by-protocol
    formats:
      - {value: one, fixed-header: one}
      - {value: two, fixed-header: bits}
      - {value: '', fixed-header: event}
attribute-sets:
  - name: forms
    attributes:
      - {name: bits, type: binary, struct: bits}
      - {name: outer, type: binary, struct: outer}
      - {name: numbers, type: binary, struct: numbers}
      - {name: event, type: binary, struct: event}
      - {name: ops, type: binary, sub-type: struct, struct: op, length-member: len}
      - {name: info, type: sub-message, sub-message: by-protocol, selector: protocol}
      - {name: protocol, type: u8, enum: what}
      - {name: address, type: binary, display-hint: inet-address}
operations:
  list:
    - {name: get, doc: Asks., value: 20, attribute-set: forms, fixed-header: outer, do: {request: {}, reply: {}}}
";

fn with<T>(bytes: &[u8], endian: Endian, look: impl FnOnce(Level<'_>) -> T) -> T {
    let family = Family::parse(SPEC, "forms.yaml").unwrap();
    let set = family.set("forms").map(|id| &family[id]);
    look(Level::new(Some(&family), set, endian, bytes, 20))
}

fn shown(bytes: &[u8]) -> String {
    with(bytes, Endian::Little, |level| text(&level))
}

#[test]
fn bit_fields_begin_at_the_end_that_the_machine_has_them_at() {
    let bytes = [0x7a, 0b101, 1, 2];
    assert_eq!(
        shown(&attr(1, &bytes)),
        "1=(low=10 high=7 flag=1 kind=two word=513)"
    );
    let swapped = [0, 8, 0, 1, 0xa7, 0b1100_0000, 2, 1];
    assert_eq!(
        with(&swapped, Endian::Big, |level| text(&level)),
        "1=(low=10 high=7 flag=1 kind=two word=513)"
    );
    // A kernel that does not know the last ones.
    assert_eq!(shown(&attr(1, &bytes[..1])), "1=(low=10 high=7)");
}

/// An address of IPv4 or IPv6, and two families.
fn outer(family: u8, old: u8) -> Vec<u8> {
    let ipv4 = [&[192, 0, 2, 1][..], &[0; 12]].concat();
    let ipv6 = [&[0xfe, 0x80][..], &[0; 13], &[1]].concat();
    let of = |family: u8| if family == 10 { &ipv6 } else { &ipv4 }.clone();
    [of(family), of(old), of(family), vec![family, 0, old, 0]].concat()
}

/// The lengths of the addresses in the struct.
fn lengths(bytes: &[u8]) -> Vec<usize> {
    with(&attr(2, bytes), Endian::Little, |level| {
        let field = level.fields().next().unwrap().unwrap();
        let Value::Struct(record) = level.read(&field).value else {
            panic!()
        };
        let length = |value: Value<'_>| match value {
            Value::Bytes { bytes, .. } => Some(bytes.len()),
            Value::Struct(inner) => match inner.members().next() {
                Some((_, Value::Bytes { bytes, .. })) => Some(bytes.len()),
                _ => None,
            },
            _ => None,
        };
        record.members().filter_map(|it| length(it.1)).collect()
    })
}

#[test]
fn an_address_is_as_long_as_the_family_beside_it_says() {
    assert_eq!(lengths(&outer(2, 10)), [4, 16, 4]);
    assert_eq!(lengths(&outer(10, 2)), [16, 4, 16]);
    // Of no family, it is of IPv4 where that is all there is.
    assert_eq!(lengths(&outer(0, 0)), [4, 4, 4]);
    let mut unknown = outer(10, 10);
    unknown[48..].fill(0);
    assert_eq!(lengths(&unknown), [16, 16, 16]);
    // The families are not there.
    assert_eq!(lengths(&outer(10, 2)[..48]), [16, 4, 16]);
    assert_eq!(lengths(&outer(2, 2)[..40]), [4, 4]);
}

#[test]
fn an_attribute_is_an_address_of_the_family_in_the_header() {
    let family = Family::parse(SPEC, "forms.yaml").unwrap();
    for (of, length) in [(2, 4), (10, 16)] {
        let mut bytes = vec![0; 16];
        bytes[4] = 20;
        bytes.extend(outer(of, 0));
        bytes.extend(attr(8, &[1; 16]));
        let length_of_all = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length_of_all.to_le_bytes());
        let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
        let body = Body::new(&family, &message, Endian::Little, Side::Request, None).unwrap();
        let field = body.level.fields().next().unwrap().unwrap();
        let Value::Bytes { bytes, .. } = body.level.read(&field).value else {
            panic!()
        };
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn an_array_has_as_many_numbers_as_a_member_says() {
    let numbers = |count: u8| {
        let bytes = attr(3, &[count, 1, 0, 2, 0, 9, 0, 7]);
        with(&bytes, Endian::Little, |level| {
            let field = level.fields().next().unwrap().unwrap();
            let Value::Struct(record) = level.read(&field).value else {
                panic!()
            };
            let mut members = record.members();
            let Some((_, Value::Array(all))) = members.nth(1) else {
                panic!()
            };
            let name = |it: Number<'_>| it.name().map_or(it.value().to_string(), str::to_owned);
            assert!(matches!(members.next(), Some((_, Value::Number(it))) if it.value() == 7));
            all.iter().map(name).collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(numbers(0), "");
    assert_eq!(numbers(2), "one two");
    // More than there is room for.
    assert_eq!(numbers(200), "one two 9");
}

#[test]
fn a_union_is_what_a_member_before_it_says() {
    assert_eq!(shown(&attr(4, &[1, 5, 0, 0, 0])), "4=(what=one data=(a=5))");
    let two = "4=(what=two data=(low=1 high=0 flag=0 kind=0 word=1))";
    assert_eq!(shown(&attr(4, &[2, 1, 0, 1, 0])), two);
    with(&attr(4, &[1, 5, 6, 0, 0]), Endian::Little, |level| {
        let field = level.fields().next().unwrap().unwrap();
        let Value::Struct(record) = level.read(&field).value else {
            panic!()
        };
        let Some((_, Value::Struct(one))) = record.members().nth(1) else {
            panic!()
        };
        assert_eq!(one.more(), [6, 0, 0]);
    });
    for what in [3, 9] {
        with(&attr(4, &[what, 5, 0, 0, 0]), Endian::Little, |level| {
            let field = level.fields().next().unwrap().unwrap();
            let Value::Struct(record) = level.read(&field).value else {
                panic!()
            };
            let data = record.members().nth(1);
            assert!(matches!(
                data,
                Some((
                    _,
                    Value::Bytes {
                        bytes: [5, 0, 0, 0],
                        ..
                    }
                ))
            ));
        });
    }
}

#[test]
fn structs_that_have_their_length_follow_each_other() {
    let ops = |bytes: &[u8]| {
        with(&attr(5, bytes), Endian::Little, |level| {
            let field = level.fields().next().unwrap().unwrap();
            let Value::Records(all) = level.read(&field).value else {
                panic!()
            };
            let sizes = all.elements().map(|it| it.map_or(0, |it| it.size));
            (all.is_whole(), sizes.collect::<Vec<_>>())
        })
    };
    assert_eq!(ops(&[7, 2, 0, 0, 8, 6, 1, 2, 3, 4]), (true, vec![2, 6]));
    assert_eq!(ops(&[7, 4, 1]), (false, vec![3]));
    assert_eq!(ops(&[7, 1, 0, 0]), (false, vec![0]));
    assert_eq!(ops(&[7, 0, 0, 0]), (false, vec![0]));
    assert_eq!(ops(&[7]), (false, vec![0]));
}

#[test]
fn what_selects_may_be_in_the_request_or_nowhere() {
    let info = attr(6, &[1, 5, 0, 0, 0]);
    let asked = |bytes: &[u8], protocol| {
        with(bytes, Endian::Little, |mut level| {
            level.asked(protocol);
            text(&level)
        })
    };
    let said = [attr(7, &[1]), info.clone()].concat();
    assert_eq!(asked(&said, Some(2)), "7=one 6=<a=1 >");
    assert_eq!(asked(&info, Some(1)), "6=<a=1 >");
    assert_eq!(asked(&info, None), "6=<what=one data=(a=5) >");
    // What is known to be another is not taken for the one.
    assert!(asked(&info, Some(3)).starts_with("6?="));
}

#[test]
fn the_protocol_that_is_asked_for_is_in_the_header_or_an_attribute() {
    let request = |kind: u16, protocol: u8, behind: &[u8]| {
        let mut payload = vec![0; 56];
        (payload[0], payload[1]) = (10, protocol);
        payload.extend(behind);
        let message = Message {
            length: 0,
            kind,
            flags: flags::REQUEST,
            sequence: 0,
            port: 0,
            payload: &payload,
        };
        asked_protocol(&message, Endian::Little)
    };
    assert_eq!(request(20, 132, &[]), Some(132));
    assert_eq!(request(20, 6, &attr(3, &[6, 1, 0, 0])), Some(262));
    assert_eq!(request(20, 6, &attr(3, &[6, 1])), Some(6));
    assert_eq!(
        (request(18, 0, &[]), request(19, 0, &[])),
        (Some(6), Some(33))
    );
    let unix = Message {
        length: 0,
        kind: 20,
        flags: flags::REQUEST,
        sequence: 0,
        port: 0,
        payload: &[1, 0, 0, 0],
    };
    assert_eq!(asked_protocol(&unix, Endian::Little), None);
}

#[test]
fn keys_of_members_are_refused_where_they_mean_nothing() {
    let refusal = |member: &str| {
        let text = SPEC.replace("{name: word, type: u16}", member);
        Family::parse(&text, "forms.yaml").unwrap_err().to_string()
    };
    for (member, message) in [
        (
            "{name: x, type: s8, bits: 1}",
            "only unsigned numbers have bit-fields",
        ),
        (
            "{name: x, type: string, len: 4, bits: 1}",
            "only unsigned numbers have bit-fields",
        ),
        ("{name: x, type: u8, bits: 9}", "has 1 to 8 bits"),
        ("{name: x, type: u8, bits: 0}", "has 1 to 8 bits"),
        ("{name: x, type: u8, count-member: low}", "does not belong"),
        (
            "{name: x, type: binary, len: 4, sub-type: string}",
            "is of numbers",
        ),
        (
            "{name: x, type: binary, len: 4, sub-type: u8, count-member: y}",
            "no number before it",
        ),
        (
            "{name: x, type: binary, len: 4, sub-message: data, selector: y}",
            "no number before it",
        ),
        (
            "{name: x, type: binary, len: 4, sub-message: data}",
            "needs a `selector`",
        ),
        (
            "{name: x, type: binary, len: 4, sub-message: data, selector: low}",
            "a struct cannot hold itself",
        ),
    ] {
        let refusal = refusal(member);
        assert!(refusal.contains(message), "{member}: {refusal}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_struct_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), number in 1_u16..9, big: bool) {
        let endian = if big { Endian::Big } else { Endian::Little };
        let attribute = match endian {
            Endian::Little => attr(number, &bytes),
            Endian::Big => {
                let length = (bytes.len() as u16 + 4).to_be_bytes();
                [&length[..], &number.to_be_bytes(), &bytes].concat()
            }
        };
        with(&attribute, endian, |level| text(&level));
    }
}
