// SPDX-License-Identifier: GPL-2.0-or-later
//! What structs hold besides numbers: arrays, with an end and without, and the parts of a
//! number; and elements of an array that their first struct tells apart.

use super::super::*;
use super::levels::{attr, text};
use crate::model::Family;

/// `selector` is as `struct tc_u32_sel`, `match` as `struct tcf_ematch_hdr`.
const SPEC: &str = "\
name: traffic
doc: Made up.
protocol: netlink-raw
protonum: 31
definitions:
  - {name: kinds, type: enum, entries: [bracket, compare, attributes]}
  - name: info
    type: struct
    parts-of-number: true
    members:
      - {name: protocol, type: u16, byte-order: big-endian}
      - {name: prio, type: u16}
  - name: key
    type: struct
    members:
      - {name: mask, type: u16, byte-order: big-endian}
      - {name: at, type: s16}
  - name: selector
    type: struct
    members:
      - {name: flags, type: u16}
      - {name: map, type: binary, sub-type: u8, len: 3}
      - {name: gap, type: pad, len: 1}
      - {name: keys, type: binary, sub-type: struct, struct: key}
  - name: counts
    type: struct
    members:
      - {name: all, type: u16}
      - {name: each, type: binary, sub-type: u16}
  - name: match
    type: struct
    members:
      - {name: kind, type: u16, enum: kinds}
      - {name: flags, type: u16}
  - name: bracket
    type: struct
    members:
      - {name: match, type: binary, struct: match}
      - {name: first, type: u32}
  - name: compare
    type: struct
    members:
      - {name: match, type: binary, struct: match}
      - {name: needle, type: binary}
  - name: plain
    type: struct
    members:
      - {name: match, type: binary, struct: match}
attribute-sets:
  - name: rows
    attributes:
      - {name: info, type: binary, struct: info}
      - {name: selector, type: binary, struct: selector}
      - {name: counts, type: binary, struct: counts}
      - name: tree
        type: indexed-array
        sub-type: sub-message
        sub-message: matches
        struct: match
        selector: kind
sub-messages:
  - name: matches
    formats:
      - {value: bracket, fixed-header: bracket}
      - {value: compare, fixed-header: compare}
      - {value: attributes, fixed-header: plain, attribute-set: rows}
operations:
  list:
    - {name: get, doc: Asks., value: 20, attribute-set: rows, do: {request: {}, reply: {}}}
";

fn rows(bytes: &[u8], endian: Endian) -> String {
    let family = Family::parse(SPEC, "traffic.yaml").unwrap();
    let set = family.set("rows").map(|id| &family[id]);
    text(&Level::new(Some(&family), set, endian, bytes, 20))
}

fn shown(bytes: &[u8]) -> String {
    rows(bytes, Endian::Little)
}

fn refused(from: &str, to: &str) -> String {
    assert!(SPEC.contains(from), "{from}");
    let text = SPEC.replacen(from, to, 1);
    Family::parse(&text, "traffic.yaml")
        .unwrap_err()
        .to_string()
}

#[test]
fn the_parts_of_a_number_change_places_with_the_order_of_bytes() {
    // TC_H_MAKE(5 << 16, htons(0x806)), as both kinds of machines have it.
    assert_eq!(shown(&attr(1, &[8, 6, 5, 0])), "1=(protocol=2054 prio=5)");
    let big = [0, 8, 0, 1, 0, 5, 8, 6];
    assert_eq!(rows(&big, Endian::Big), "1=(protocol=2054 prio=5)");
}

#[test]
fn an_array_at_the_end_of_a_struct_takes_what_is_there() {
    let head = [1, 0, 7, 8, 9, 0];
    let keys = [0xff, 0, 2, 0, 0, 0xff, 0xfe, 0xff];
    let with = |keys: &[u8]| shown(&attr(2, &[&head[..], keys].concat()));
    assert_eq!(with(&[]), "2=(flags=1 map=[7 8 9])");
    assert_eq!(
        with(&keys),
        "2=(flags=1 map=[7 8 9] keys=0:(mask=65280 at=2) 1:(mask=255 at=-2))"
    );
    // One that is cut off is said to be.
    assert_eq!(
        with(&keys[..6]),
        "2=(flags=1 map=[7 8 9] keys=0:(mask=65280 at=2) 1:(mask=255)-2)"
    );
    // Within the array that has an end nothing is guessed.
    assert_eq!(shown(&attr(2, &head[..4])), "2=(flags=1 map=Odd([7, 8]))");
    assert_eq!(shown(&attr(3, &[1, 0, 2, 0, 3, 0])), "3=(all=1 each=[2 3])");
    assert_eq!(shown(&attr(3, &[1, 0])), "3=(all=1)");
}

#[test]
fn an_element_is_of_the_form_that_its_first_struct_selects() {
    let elements = [
        attr(1, &[0, 0, 1, 0, 4, 0, 0, 0]),
        attr(2, &[1, 0, 0, 0, b'a', b'b']),
        attr(3, &[&[2, 0, 0, 0][..], &attr(1, &[8, 6, 5, 0])].concat()),
        // Of a kind that is not known the struct is.
        attr(4, &[9, 0, 2, 0]),
    ];
    assert_eq!(
        shown(&attr(4, &elements.concat())),
        "4=1:<match=(kind=bracket flags=1) first=4 > \
         2:<match=(kind=compare flags=0) needle=Bytes { bytes: [97, 98], hint: None } > \
         3:<match=(kind=attributes flags=0) 1=(protocol=2054 prio=5)> \
         4:(kind=9 flags=2) "
    );
}

#[test]
fn an_array_without_an_end_is_last_and_of_whole_elements() {
    let gap = "{name: gap, type: pad, len: 1}";
    let told = refused(gap, "{name: gap, type: binary, sub-type: u16}");
    assert!(told.contains("needs a `len`"), "{told}");
    let told = refused("sub-type: u8, len: 3", "sub-type: u16, len: 3");
    assert!(
        told.contains("3 bytes are no whole elements of 2"),
        "{told}"
    );
    let told = refused("sub-type: u8, len: 3", "sub-type: string, len: 3");
    assert!(
        told.contains("of numbers of fixed size, or structs"),
        "{told}"
    );
    let told = refused(
        "type: binary, sub-type: u8, len: 3",
        "type: u8, sub-type: u8",
    );
    assert!(told.contains("only a binary member is an array"), "{told}");
}

#[test]
fn an_element_needs_the_struct_that_selects() {
    let told = refused("        struct: match\n", "");
    assert!(told.contains("needs a `struct`, a `sub-message`"), "{told}");
    let told = refused("selector: kind", "selector: sort");
    assert!(told.contains("`match` has no such member"), "{told}");
}
