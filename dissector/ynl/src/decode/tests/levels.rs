// SPDX-License-Identifier: GPL-2.0-or-later
//! Attributes by a specification that was made up to have the hard ones.

use super::super::*;
use crate::model::Family;

const SPEC: &str = "\
name: zoo
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - {name: colour, type: enum, value-start: 5, entries: [red, green]}
  - {name: coats, type: flags, entries: [fur, wool]}
  - name: head
    type: struct
    members:
      - {name: legs, type: u8}
      - {name: gap, type: pad, len: 1}
      - {name: tail, type: u16, byte-order: big-endian}
  - {name: nothing, type: struct, members: []}
attribute-sets:
  - name: animal
    attributes:
      - {name: kind, type: string}
      - {name: data, type: sub-message, sub-message: forms, selector: kind}
      - {name: around, type: nest, nested-attributes: inner}
      - {name: coat, type: bitfield32, enum: coats}
      - {name: colour, type: s16, enum: colour}
      - {name: by-id, type: nest-type-value, type-value: [house, cage], nested-attributes: inner}
      - {name: list, type: indexed-array, sub-type: u16, byte-order: big-endian}
      - {name: size, type: sint}
      - {name: deep, type: nest, nested-attributes: animal}
      - {name: gait, type: sub-message, sub-message: gaits, selector: legs}
  - name: inner
    attributes:
      - {name: far, type: sub-message, sub-message: forms, selector: kind}
      - {name: near, type: u8}
sub-messages:
  - name: forms
    formats:
      - {value: cat, fixed-header: head, attribute-set: inner}
      - {value: dog, fixed-header: head}
  - name: gaits
    formats:
      - {value: 4, attribute-set: inner}
operations:
  fixed-header: head
  list:
    - {name: get, doc: Asks., value: 20, attribute-set: animal, do: {request: {}, reply: {}}}
    - name: count
      doc: A dump has no header, an answer another set.
      value: 21
      attribute-set: animal
      do: {request: {}, reply: {attribute-set: inner}}
      dump: {request: {fixed-header: nothing}}
";

fn zoo() -> Family {
    Family::parse(SPEC, "zoo.yaml").unwrap()
}

pub(super) fn attr(number: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (4 + payload.len() as u16).to_le_bytes().to_vec();
    bytes.extend(number.to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// What `look` sees of the attributes as those of the set `animal`, 20 bytes from
/// the message's start.
fn animal<T>(bytes: &[u8], look: impl FnOnce(&Level<'_>) -> T) -> T {
    let family = zoo();
    let set = &family[family.set("animal").unwrap()];
    look(&Level::new(
        Some(&family),
        Some(set),
        Endian::Little,
        bytes,
        20,
    ))
}

/// The values in a line, deep ones in braces.
pub(super) fn text(level: &Level<'_>) -> String {
    let words = level.fields().map(|field| match field {
        Err(malformed) => format!("[{malformed}]"),
        Ok(field) => {
            let read = level.read(&field);
            let mark = if read.guessed { "?" } else { "" };
            let missing = match field.missing {
                0 => String::new(),
                missing => format!("-{missing}"),
            };
            format!(
                "{}{mark}={}{missing}",
                field.attribute.number,
                value(&read.value)
            )
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn value(value: &Value<'_>) -> String {
    let element = |it: Result<Element<'_>, Malformed>| match it {
        Err(malformed) => format!("[{malformed}]"),
        Ok(it) => match it.missing {
            0 => format!("{}:{}", it.index, self::value(&it.value)),
            missing => format!("{}:{}-{missing}", it.index, self::value(&it.value)),
        },
    };
    let record = |it: &Record<'_>| -> String {
        let members = it.members();
        members
            .map(|(member, it)| format!("{}={} ", member.name, self::value(&it)))
            .collect()
    };
    match value {
        Value::Number(it) => it
            .name()
            .map_or_else(|| it.value().to_string(), str::to_owned),
        Value::Text(it) => String::from_utf8_lossy(it).into_owned(),
        Value::Struct(it) => format!("({})", record(it).trim_end()),
        Value::Records(all) => all.elements().map(element).collect::<Vec<_>>().join(" "),
        Value::Array(all) => {
            let numbers = all.iter().map(|it| it.value().to_string());
            format!("[{}]", numbers.collect::<Vec<_>>().join(" "))
        }
        Value::Nest(level) => format!("{{{}}}", text(level)),
        Value::SubMessage { header, level } => format!(
            "<{}{}>",
            header.as_ref().map_or_else(String::new, record),
            level.as_ref().map_or_else(String::new, text)
        ),
        Value::Bits {
            value,
            selector,
            names,
        } => {
            let flags = |bits| {
                Flags::of(bits, *names)
                    .map(|it| format!("{it:?}"))
                    .collect::<String>()
            };
            format!("{}/{}", flags(*value), flags(*selector))
        }
        Value::Indexed(all) => {
            let each =
                |it: Field<'_>| format!("{}:{} ", it.attribute.number, self::value(&all.read(&it)));
            all.fields().flatten().map(each).collect()
        }
        Value::Keyed(keyed) => {
            let entry = |it: Result<KeyedEntry<'_>, Malformed>| match it {
                Err(malformed) => format!("[{malformed}]"),
                Ok(it) => {
                    let keys: String = it.keys().map(|(key, it)| format!("{key}={it} ")).collect();
                    match &it.inner {
                        Inner::Nest(level) => format!("{keys}{{{}}}", text(level)),
                        other => format!("{keys}{other:?}"),
                    }
                }
            };
            keyed.entries().map(entry).collect::<Vec<_>>().join(", ")
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn a_sub_message_has_the_form_that_its_selector_names_before_or_behind_it() {
    let data = [&[4, 9, 1, 2][..], &attr(2, &[7])].concat();
    let (kind, data) = (attr(1, b"cat\0"), attr(2, &data));
    let expected = "<legs=4 tail=258 2=7>";
    for bytes in [[&kind[..], &data].concat(), [&data[..], &kind].concat()] {
        assert!(animal(&bytes, text).contains(expected));
    }
    let dog = [attr(1, b"dog\0"), attr(2, &[4, 9, 1, 2])].concat();
    assert_eq!(animal(&dog, text), "1=dog 2=<legs=4 tail=258 >");
}

#[test]
fn a_selector_is_looked_for_in_the_levels_around() {
    let bytes = [attr(1, b"dog\0"), attr(3, &attr(1, &[4, 0, 0, 1]))].concat();
    assert_eq!(animal(&bytes, text), "1=dog 3={1=<legs=4 tail=1 >}");
    let unknown = [attr(1, b"cow\0"), attr(3, &attr(1, &[4, 0, 0, 1]))].concat();
    assert_eq!(animal(&unknown, text), "1=cow 3={1?=16777220}");
}

/// A message of the family as the name of its operation, its header's size and its
/// attributes.
fn body(kind: u16, flags: u16, side: Side, payload: &[u8]) -> (String, usize, String) {
    let family = zoo();
    let length = (16 + payload.len()) as u32;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(payload);
    let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
    let body = Body::new(&family, &message, Endian::Little, side, None).unwrap();
    let size = body.header.map_or(0, |it| it.layout().size);
    let name = body.operation.unwrap().name.clone();
    (name, size, text(&body.level))
}

#[test]
fn a_member_of_the_header_selects_where_no_attribute_does() {
    let gait = attr(10, &attr(2, &[7]));
    let of = |legs: u8| {
        body(
            20,
            1,
            Side::Request,
            &[&[legs, 0, 0, 0], &gait[..]].concat(),
        )
        .2
    };
    assert_eq!(of(4), "10=<2=7>");
    assert!(of(2).starts_with("10?="), "{}", of(2));
}

#[test]
fn a_message_may_have_another_header_and_other_attributes_than_its_operation() {
    let near = attr(2, &[7]);
    let (_, size, text) = body(21, flags::DUMP | 1, Side::Request, &attr(5, &[5, 0]));
    assert_eq!((size, text.as_str()), (0, "5=red"));
    let headed = [&[4, 0, 0, 0], &near[..]].concat();
    let (name, size, text) = body(21, 0, Side::Reply, &headed);
    assert_eq!((name.as_str(), size, text.as_str()), ("count", 4, "2=7"));
    let (_, size, _) = body(21, 1, Side::Request, &headed);
    assert_eq!(size, 4);
}

#[test]
fn what_is_no_attribute_is_given_with_its_bytes() {
    let bytes = [&attr(5, &[5, 0])[..], &[1, 0, 9]].concat();
    animal(&bytes, |level| {
        assert!(!level.is_whole());
        let malformed = level.fields().last().unwrap().unwrap_err();
        assert_eq!(level.rest(&malformed), [1, 0, 9]);
    });
    assert!(animal(&attr(5, &[5, 0]), |it| it.is_whole()));
    assert!(!animal(&attr(5, &[5, 0])[..5], |it| it.is_whole()));
}

#[test]
fn bits_enums_keys_and_arrays_are_read() {
    let house = attr(7, &attr(8, &attr(2, &[9])));
    let bytes = [
        attr(4, &[3, 0, 0, 0, 5, 0, 0, 0]),
        attr(5, &[6, 0]),
        attr(5, &[0xfe, 0xff]),
        attr(6, &house),
        attr(7, &[attr(1, &[1, 2]), attr(4, &[0, 3])].concat()),
        attr(8, &[0xff; 4]),
        attr(8, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ]
    .concat();
    let expected = "4=Ok(\"fur\")Ok(\"wool\")/Ok(\"fur\")Err(4) 5=green 5=-2 \
        6=house=7 cage=8 {2=9} 7=1:258 4:3  8=-1 8=-2";
    assert_eq!(animal(&bytes, text), expected);
}

#[test]
fn all_entries_of_nests_whose_numbers_are_values_are_read() {
    let house = |house, cages: &[Vec<u8>]| attr(house, &cages.concat());
    let cage = |cage, near| attr(cage, &attr(2, &[near]));
    let nests = [
        house(7, &[cage(8, 9), cage(9, 10)]),
        house(8, &[]),
        house(9, &[cage(1, 2)]),
    ];
    let bytes = attr(6, &nests.concat());
    assert_eq!(
        animal(&bytes, text),
        "6=house=7 cage=8 {2=9}, house=7 cage=9 {2=10}, house=8 Missing, house=9 cage=1 {2=2}"
    );
    assert_eq!(animal(&attr(6, &[]), text), "6=Odd([])");
    let broken = attr(6, &attr(7, &[&cage(8, 9)[..], &[3, 0, 0]].concat()));
    assert!(
        animal(&broken, text)
            .ends_with("{2=9}, [at byte 40: a length of 3 where 3 bytes are left]")
    );
    // A place in the second entry has its path, too: byte 20 is the attribute's own.
    let path = |at| animal(&bytes, |level| path_at(level, at));
    assert_eq!(path(20 + 4 + 4 + 12 + 4).as_deref(), Some("by-id.near"));
}

#[test]
fn a_value_of_another_length_is_not_taken_for_one() {
    let bytes = [attr(5, &[1]), attr(8, &[1, 2]), attr(4, &[0; 7])].concat();
    let expected = "5=Odd([1]) 8=Odd([1, 2]) 4=Odd([0, 0, 0, 0, 0, 0, 0])";
    assert_eq!(animal(&bytes, text), expected);
}

#[test]
fn what_the_snap_length_cut_is_read_as_far_as_it_goes() {
    let whole = attr(3, &[attr(2, &[9]), attr(2, &[8])].concat());
    assert_eq!(animal(&whole[..17], text), "3={2=9 2=8}-3");
    assert_eq!(animal(&whole[..16], text), "3={2=9 2=Odd([])-1}-4");
    let half = "3={2=9 [at byte 32: a length of 5 where 3 bytes are left]}-5";
    assert_eq!(animal(&whole[..15], text), half);
    assert_eq!(
        animal(&whole[..3], text),
        "[at byte 20: a length of 20 where 3 bytes are left]"
    );
}

#[test]
fn nests_are_entered_to_a_bound_and_no_further() {
    let mut bytes = Vec::new();
    for _ in 0..100 {
        bytes = attr(9, &bytes);
    }
    let shown = animal(&bytes, text);
    assert_eq!(shown.matches('{').count(), usize::from(DEEPEST));
    assert!(shown.contains("TooDeep"));
}

#[test]
fn an_attribute_without_a_specification_is_what_it_looks_like() {
    let chain = [attr(1, &[1, 2, 3, 4]), attr(2, b"x\0")].concat();
    let bytes = [
        attr(1, b"eth0\0"),
        attr(2, &[1, 2, 0, 0]),
        attr(3, &chain),
        attr(4, &[]),
        attr(5, &[1, 2, 3]),
        attr(0x8006, &attr(1, &[1])),
        attr(0x4007, &[1, 2]),
    ]
    .concat();
    let level = Level::new(None, None, Endian::Little, &bytes, 0);
    let expected = "1?=eth0 2?=513 3?={1?=67305985 2?=x} 4?=Flag \
        5?=Bytes { bytes: [1, 2, 3], hint: None } 6?={1?=1} 7?=258";
    assert_eq!(text(&level), expected);
}

#[test]
fn a_small_number_of_64_bits_is_no_nest_and_padding_leaves_a_nest_one() {
    let wide = |value: u64| value.to_le_bytes();
    // TCA_STATS2 of Linux: padding of the number 0 before a number of 64 bits.
    let padded = [attr(0, &[]), attr(3, &wide(1 << 40)), attr(0, &[])].concat();
    let bytes = [
        attr(1, &wide(5)),
        attr(2, &wide(0x1_0008)),
        attr(3, &attr(1, &[9, 0, 0, 0])),
        attr(0x8004, &padded),
        attr(5, &padded[..16]),
        attr(6, &padded),
        attr(0x8007, &attr(0, &[])),
    ]
    .concat();
    let level = Level::new(None, None, Endian::Little, &bytes, 0);
    let shown = text(&level);
    assert!(
        shown.starts_with(
            "1?=5 2?=65544 3?={1?=9} 4?={0?=Flag 3?=1099511627776 0?=Flag} \
             5?={0?=Flag 3?=1099511627776} 6?=Bytes"
        ) && shown.ends_with("7?={0?=Flag}"),
        "{shown}"
    );
}

#[test]
fn numbers_of_nfnetlink_are_in_network_order_but_for_those_of_ipset() {
    let order = |kind: u16, protocol| {
        let bytes = [&[16, 0, 0, 0][..], &kind.to_le_bytes(), &[0; 10]].concat();
        let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
        message.number_order(protocol, Endian::Little)
    };
    // NFT_MSG_NEWGEN, IPSET_CMD_LIST.
    assert_eq!(order(0x0a0f, protocols::NETFILTER), Endian::Big);
    assert_eq!(order(0x0607, protocols::NETFILTER), Endian::Little);
    assert_eq!(order(0x0a0f, GENERIC), Endian::Little);
    let bytes = [
        attr(1, &1_u32.to_be_bytes()),
        attr(2, &attr(1, &443_u16.to_be_bytes())),
    ]
    .concat();
    let level = Level::new(None, None, Endian::Little, &bytes, 0);
    assert_eq!(text(&level), "1?=16777216 2?={1?=47873}");
    let level = level.with_number_order(Endian::Big);
    assert_eq!(text(&level), "1?=1 2?={1?=443}");
}

/// An NLMSG_ERROR of these flags with what follows the errno.
fn error(flags: u16, behind: &[u8]) -> Vec<u8> {
    let mut bytes = (20 + behind.len() as u32).to_le_bytes().to_vec();
    bytes.extend(types::ERROR.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend((-22_i32).to_le_bytes());
    bytes.extend(behind);
    bytes
}

#[test]
fn an_error_says_what_the_kernel_said_whether_it_repeats_the_request_or_not() {
    let request = [&[24, 0, 0, 0, 20, 0][..], &[0; 18]].concat();
    let said = [
        attr(1, b"no\0"),
        attr(2, &[20, 0, 0, 0]),
        attr(5, &[2, 0, 0, 0]),
        attr(6, &[24, 0, 0, 0]),
    ]
    .concat();
    for (flags, repeated) in [
        (flags::ACK_TLVS, &request[..]),
        (flags::ACK_TLVS | flags::CAPPED, &request[..16]),
    ] {
        let bytes = error(flags, &[repeated, &said].concat());
        let message = messages(&bytes, Endian::Little).next().unwrap().unwrap();
        let verdict = Verdict::new(&message, Endian::Little).unwrap();
        assert_eq!(
            (verdict.errno, verdict.text, verdict.offset),
            (22, Some(&b"no"[..]), Some(20))
        );
        assert_eq!((verdict.missing, verdict.missing_in), (Some(2), Some(24)));
        assert_eq!(verdict.request, repeated);
    }
}

#[test]
fn the_place_of_an_error_has_a_path() {
    let bytes = [
        attr(1, b"cat\0"),
        attr(3, &attr(2, &[1])),
        attr(7, &[attr(1, &[0, 1]), attr(5, &[0, 1])].concat()),
    ]
    .concat();
    // The message's attributes begin at byte 20.
    let path = |at| animal(&bytes, |level| path_at(level, at));
    assert_eq!(path(20).as_deref(), Some("kind"));
    assert_eq!(path(28).as_deref(), Some("around"));
    assert_eq!(path(32).as_deref(), Some("around.near"));
    assert_eq!(path(52).as_deref(), Some("list[5]"));
    assert_eq!((path(22), path(0), path(1000)), (None, None, None));
    let missing = |nest, number| animal(&bytes, |level| missing_at(level, nest, number));
    assert_eq!(missing(None, 5).as_deref(), Some("colour"));
    assert_eq!(missing(Some(28), 1).as_deref(), Some("around.far"));
    assert_eq!(missing(Some(21), 1), None);
}
