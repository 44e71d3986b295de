// SPDX-License-Identifier: GPL-2.0-or-later
//! Arrays of structs, with attributes behind each and without, whatever lengths they
//! claim.

use proptest::prelude::*;

use super::super::*;
use super::levels::{attr, text};
use crate::model::Family;

/// `hop` is as `struct rtnexthop`, and holds attributes of the set that it is in.
const SPEC: &str = "\
name: rows
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - name: pair
    type: struct
    members:
      - {name: id, type: u32}
      - {name: weight, type: u8}
      - {name: gap, type: pad, len: 3}
  - name: hop
    type: struct
    members:
      - {name: len, type: u16}
      - {name: flags, type: u8}
      - {name: hops, type: u8}
      - {name: ifindex, type: s32}
  - name: odd
    type: struct
    members:
      - {name: kind, type: u8}
      - {name: len, type: u16, byte-order: big-endian}
attribute-sets:
  - name: rows
    attributes:
      - {name: pairs, type: binary, sub-type: struct, struct: pair}
      - {name: hops, type: binary, sub-type: struct, struct: hop, length-member: len, nested-attributes: rows}
      - {name: gate, type: u32, byte-order: big-endian}
      - {name: odds, type: binary, sub-type: struct, struct: odd, length-member: len, nested-attributes: inner}
      - {name: kind, type: string}
  - name: inner
    attributes:
      - {name: form, type: sub-message, sub-message: forms, selector: kind}
sub-messages:
  - name: forms
    formats:
      - {value: 7, attribute-set: rows}
operations:
  list:
    - {name: get, doc: Asks., value: 20, attribute-set: rows, do: {request: {}, reply: {}}}
";

fn rows<T>(bytes: &[u8], endian: Endian, look: impl FnOnce(&Level<'_>) -> T) -> T {
    let family = Family::parse(SPEC, "rows.yaml").unwrap();
    let set = family.set("rows").map(|id| &family[id]);
    look(&Level::new(Some(&family), set, endian, bytes, 20))
}

fn shown(bytes: &[u8]) -> String {
    rows(bytes, Endian::Little, text)
}

/// A `hop` that claims a length, with what is behind it.
fn hop(length: u16, ifindex: u8, behind: &[u8]) -> Vec<u8> {
    let head = [&length.to_le_bytes()[..], &[0, 1, ifindex, 0, 0, 0]].concat();
    [head, behind.to_vec()].concat()
}

#[test]
fn an_array_of_structs_is_read_to_its_last_byte() {
    let pairs = [2, 0, 0, 0, 9, 0, 0, 0, 3, 0, 0, 0, 4, 1, 2, 3];
    let expected = "1=0:(id=2 weight=9) 1:(id=3 weight=4)";
    assert_eq!(shown(&attr(1, &pairs)), expected);
    assert_eq!(shown(&attr(1, &[])), "1=");
    // Of one that is not whole, what there is.
    let cut = attr(1, &pairs[..12]);
    assert_eq!(shown(&cut), "1=0:(id=2 weight=9) 1:(id=3)-4");
    rows(&cut, Endian::Little, |level| {
        let field = level.fields().next().unwrap().unwrap();
        let Value::Records(all) = level.read(&field).value else {
            panic!()
        };
        let places: Vec<_> = (all.elements().flatten())
            .map(|it| (it.index, it.offset, it.size, it.missing))
            .collect();
        assert_eq!(places, [(0, 24, 8, 0), (1, 32, 4, 4)]);
        assert!(!all.is_whole());
        assert_eq!(all.layout().name, "pair");
    });
}

#[test]
fn structs_with_attributes_are_as_long_as_they_say_and_aligned() {
    let gate = attr(3, &[192, 0, 2, 1]);
    // The second one's last attribute has 2 bytes of padding that its length leaves out.
    let short = attr(5, b"x\0");
    let all = [hop(16, 3, &gate), hop(14, 4, &short), hop(8, 5, &[])].concat();
    let expected = "2=0:<len=16 flags=0 hops=1 ifindex=3 3=3221225985> \
        1:<len=14 flags=0 hops=1 ifindex=4 5=x> 2:<len=8 flags=0 hops=1 ifindex=5 >";
    assert_eq!(shown(&attr(2, &all)), expected);
    // The machine of the other byte order.
    let swapped = [
        &[0, 20, 0, 2, 0, 16, 0, 1, 0, 0, 0, 3][..],
        &[0, 8, 0, 3, 192, 0, 2, 1],
    ];
    assert_eq!(
        rows(&swapped.concat(), Endian::Big, text),
        "2=0:<len=16 flags=0 hops=1 ifindex=3 3=3221225985>"
    );
}

#[test]
fn a_length_that_cannot_be_ends_the_array() {
    let whole = hop(8, 1, &[]);
    let head = "2=0:<len=8 flags=0 hops=1 ifindex=1 > ";
    for length in [0, 1, 7] {
        let bytes = attr(2, &[whole.clone(), hop(length, 2, &[9; 8])].concat());
        let expected = format!("{head}[at byte 32: a length of {length} where 16 bytes are left]");
        assert_eq!(shown(&bytes), expected);
    }
    // Beyond the end: as far as it goes, and none follows.
    for (length, missing) in [(16, 8), (u16::MAX, 65_527)] {
        let bytes = attr(2, &[whole.clone(), hop(length, 2, &[])].concat());
        let last = format!("1:<len={length} flags=0 hops=1 ifindex=2 >-{missing}");
        assert_eq!(shown(&bytes), format!("{head}{last}"));
    }
    // No room for the struct itself, or for its length.
    for left in [1, 2, 7] {
        let bytes = attr(2, &[&whole[..], &hop(8, 2, &[])[..left]].concat());
        let length = if left == 1 { 1 } else { 8 };
        let expected =
            format!("{head}[at byte 32: a length of {length} where {left} bytes are left]");
        assert_eq!(shown(&bytes), expected);
    }
    rows(
        &attr(2, &[whole.clone(), vec![0; 3]].concat()),
        Endian::Little,
        |level| {
            let field = level.fields().next().unwrap().unwrap();
            let Value::Records(all) = level.read(&field).value else {
                panic!()
            };
            let malformed = all.elements().last().unwrap().unwrap_err();
            assert_eq!(all.rest(&malformed), [0, 0, 0]);
            assert!(!all.is_whole());
        },
    );
}

#[test]
fn what_is_no_attribute_in_a_struct_does_not_end_the_array() {
    let bytes = attr(2, &[hop(11, 1, &[1, 2, 3, 0]), hop(8, 2, &[])].concat());
    let expected = "2=0:<len=11 flags=0 hops=1 ifindex=1 [at byte 32: a length of 513 where 3 \
        bytes are left]> 1:<len=8 flags=0 hops=1 ifindex=2 >";
    assert_eq!(shown(&bytes), expected);
}

#[test]
fn a_struct_of_an_odd_length_has_its_attributes_at_a_multiple_of_four() {
    let form = attr(1, &attr(3, &[0, 0, 0, 1]));
    let element = [&[7, 0, 16, 0][..], &form].concat();
    // A member of the struct is the selector of what is behind it.
    assert_eq!(
        shown(&attr(4, &element)),
        "4=0:<kind=7 len=16 1=<3=1>>".to_owned()
    );
    // One of no attributes may end before the padding.
    assert_eq!(
        shown(&attr(4, &[7, 0, 3, 0, 8, 0, 3])),
        "4=0:<kind=7 len=3 > 1:<kind=8 len=3 >"
    );
}

#[test]
fn structs_in_structs_are_entered_to_a_bound_and_no_further() {
    let mut bytes = Vec::new();
    for _ in 0..100 {
        bytes = attr(2, &hop(8 + bytes.len() as u16, 1, &bytes));
    }
    let shown = shown(&bytes);
    assert_eq!(shown.matches('<').count(), usize::from(DEEPEST));
    assert!(shown.contains("TooDeep"));
}

#[test]
fn the_place_of_an_error_may_be_in_a_struct() {
    let gate = attr(3, &[192, 0, 2, 1]);
    let hops = [hop(8, 1, &[]), hop(16, 3, &gate)].concat();
    let bytes = [attr(2, &hops), attr(1, &[0; 16])].concat();
    let path = |at| rows(&bytes, Endian::Little, |level| path_at(level, at));
    assert_eq!(path(20).as_deref(), Some("hops"));
    assert_eq!(path(40).as_deref(), Some("hops[1].gate"));
    assert_eq!(path(48).as_deref(), Some("pairs"));
    // A struct is no attribute.
    assert_eq!((path(24), path(32), path(60)), (None, None, None));
}

/// Elements and attributes at all depths, each inside of what it is in.
fn count(level: &Level<'_>, end: usize) -> usize {
    let mut seen = 0;
    for field in level.fields().flatten() {
        seen += 1;
        match level.read(&field).value {
            Value::Records(all) => {
                let mut before = 0;
                for it in all.elements().flatten() {
                    assert!(it.offset >= before && it.offset + it.size <= end, "{it:?}");
                    before = it.offset + it.size;
                    seen += 1;
                    if let Value::SubMessage {
                        level: Some(inner), ..
                    } = &it.value
                    {
                        seen += count(inner, before);
                    }
                }
            }
            Value::Nest(inner)
            | Value::SubMessage {
                level: Some(inner), ..
            } => seen += count(&inner, end),
            _ => {}
        }
    }
    seen
}

proptest! {
    #[test]
    fn no_bytes_make_arrays_of_structs_panic_or_run_on(
        kinds in prop::collection::vec((1_u16..5, prop::collection::vec(0_u8..24, 0..120)), 1..6),
        big: bool,
    ) {
        let mut bytes: Vec<u8> = Vec::new();
        for (kind, payload) in &kinds {
            let length = (4 + payload.len()) as u16;
            let numbers = [length, *kind].map(|it| if big { it.to_be_bytes() } else { it.to_le_bytes() });
            bytes.extend(numbers.concat());
            bytes.extend(payload);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let endian = if big { Endian::Big } else { Endian::Little };
        // An element has at least 3 bytes, an attribute 4.
        let seen = rows(&bytes, endian, |level| count(level, 20 + bytes.len()));
        prop_assert!(seen <= bytes.len() / 3, "{seen}");
        rows(&bytes, endian, |level| (text(level), path_at(level, 20 + bytes.len() / 2)));
    }
}
