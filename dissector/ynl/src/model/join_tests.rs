// SPDX-License-Identifier: GPL-2.0-or-later
//! Families that know half of each other.

use super::*;

const HEAD: &str = "name: joined\nprotocol: genetlink-legacy\ndoc: A family.\n";

fn family(rest: &str) -> Family {
    Family::parse(&format!("{HEAD}{rest}"), "joined.yaml").unwrap()
}

/// The name and the type of an attribute of the first operation's set, by the numbers on the way.
fn attribute<'a>(family: &'a Family, path: &[u16]) -> Option<&'a Attribute> {
    let (last, way) = path.split_last()?;
    let mut set = family.operations[0].set?;
    for number in way {
        set = match &family[set].by_number(*number)?.kind {
            AttrKind::Nest(id) | AttrKind::IndexedArray(ArrayElement::Nest(id)) => *id,
            AttrKind::SubMessage { message, .. } => family[*message].formats[0].set?,
            _ => return None,
        };
    }
    family[set].by_number(*last)
}

const FIRST: &str = "
definitions:
  - {name: mode, type: enum, entries: [off, on]}
attribute-sets:
  - name: top
    attributes:
      - {name: id, type: u32, byte-order: big-endian}
      - {name: inner, type: nest, nested-attributes: inside}
      - {name: blob, type: binary}
      - {name: mode, type: u8, enum: mode}
      - {name: plain, type: u16}
  - name: inside
    attributes:
      - {name: kind, type: string}
      - {name: self, type: nest, nested-attributes: inside, value: 3}
operations:
  list:
    - {name: get, doc: Gets., attribute-set: top, value: 1, do: {request: {attributes: [id]}}}
";

const OTHER: &str = "
definitions:
  - {name: way, type: enum, entries: [none, some, all]}
  - {name: pair, type: struct, members: [{name: a, type: u32}, {name: b, type: u32}]}
attribute-sets:
  - name: names
    attributes:
      - {name: index, type: u32}
      - {name: nest, type: nest, nested-attributes: deep}
      - {name: pair, type: binary, struct: pair}
      - {name: way, type: u8, enum: way}
      - {name: named, type: u16, enum: way}
      - {name: more, type: nest, nested-attributes: names}
  - name: deep
    attributes:
      - {name: sort, type: u8}
      - {name: depth, type: u32}
      - {name: again, type: nest, nested-attributes: deep}
operations:
  list:
    - {name: look, doc: Looks., attribute-set: names, value: 1, do: {request: {attributes: [index]}}}
    - {name: put, doc: Puts., attribute-set: names, value: 2, do: {request: {attributes: [index]}}}
";

#[test]
fn what_the_first_says_stands_and_the_other_adds_the_rest() {
    let joined = family(FIRST).joined(&family(OTHER));
    let name = |path: &[u16]| attribute(&joined, path).map(|it| it.name.as_str());
    assert_eq!(joined.operations[0].name, "get");
    assert_eq!(name(&[1]), Some("id"));
    let AttrKind::Scalar(id) = attribute(&joined, &[1]).unwrap().kind else {
        panic!("a number")
    };
    assert_eq!(id.byte_order, crate::model::ByteOrder::BigEndian);
    // In a nest that both have.
    assert_eq!(
        (name(&[2, 1]), name(&[2, 2])),
        (Some("kind"), Some("depth"))
    );
    // Nests in themselves, here and there.
    assert_eq!(name(&[2, 3, 3, 2]), Some("depth"));
    assert_eq!((name(&[6]), name(&[6, 6, 1])), (Some("more"), Some("id")));
}

#[test]
fn bytes_become_what_the_other_knows_of_them() {
    let joined = family(FIRST).joined(&family(OTHER));
    let blob = attribute(&joined, &[3]).unwrap();
    let AttrKind::Struct(id) = blob.kind else {
        panic!("{blob:?}")
    };
    assert_eq!((blob.name.as_str(), joined[id].size), ("blob", 8));
}

#[test]
fn values_that_one_alone_has_a_name_for_have_it() {
    let joined = family(FIRST).joined(&family(OTHER));
    let names = |number: u16| {
        let AttrKind::Scalar(it) = attribute(&joined, &[number]).unwrap().kind else {
            panic!("a number")
        };
        let entries = &joined[it.names.unwrap().id].entries;
        entries.iter().map(|it| it.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(4), ["off", "on", "all"]);
    // The other's enum is the one that it was joined with, wherever it is used.
    assert_eq!(names(5), names(4));
}

#[test]
fn generic_families_have_the_operations_of_both() {
    let joined = family(FIRST).joined(&family(OTHER));
    assert_eq!(joined.request(2).unwrap().name, "put");
    // Its set is the one that was joined, not a copy.
    let put = joined.request(2).unwrap();
    assert_eq!(put.set, joined.operations[0].set);
}

/// Whether two sets hold the same, as deep as they go.
fn is_same(
    one: (&Family, SetId),
    other: (&Family, SetId),
    seen: &mut HashMap<(SetId, SetId), ()>,
) -> bool {
    if seen.insert((one.1, other.1), ()).is_some() {
        return true;
    }
    let (all, others) = (&one.0[one.1].attributes, &other.0[other.1].attributes);
    all.len() == others.len()
        && all.iter().zip(others).all(|(it, that)| {
            let inner = match (&it.kind, &that.kind) {
                (AttrKind::Nest(id), AttrKind::Nest(to)) => {
                    is_same((one.0, *id), (other.0, *to), seen)
                }
                (AttrKind::Struct(id), AttrKind::Struct(to)) => {
                    one.0[*id].members.len() == other.0[*to].members.len()
                }
                (id, to) => id == to,
            };
            (&it.name, it.number, it.multi) == (&that.name, that.number, that.multi) && inner
        })
}

#[test]
fn a_family_joined_with_itself_says_the_same() {
    for family in [family(FIRST), family(OTHER), crate::model::nl_util()] {
        let joined = family.joined(&family);
        assert_eq!(joined.operations.len(), family.operations.len());
        for (it, that) in family.operations.iter().zip(&joined.operations) {
            let sets = (it.set.unwrap(), that.set.unwrap());
            assert!(is_same(
                (&family, sets.0),
                (&joined, sets.1),
                &mut HashMap::new()
            ));
        }
    }
}

#[test]
fn one_set_for_several_nests_becomes_each_of_what_the_other_knows_them_for() {
    let first = family(
        "
attribute-sets:
  - name: top
    attributes:
      - {name: red, type: nest, nested-attributes: nameless}
      - {name: blue, type: nest, nested-attributes: nameless}
  - {name: nameless, attributes: []}
operations:
  list:
    - {name: get, doc: Gets., attribute-set: top, value: 1, do: {request: {attributes: [red]}}}
",
    );
    let other = family(
        "
attribute-sets:
  - name: all
    attributes:
      - {name: a, type: nest, nested-attributes: reds}
      - {name: b, type: nest, nested-attributes: blues}
  - {name: reds, attributes: [{name: rose, type: u8}]}
  - {name: blues, attributes: [{name: sky, type: u8}, {name: sea, type: u8}]}
operations:
  list:
    - {name: get, doc: Gets., attribute-set: all, value: 1, do: {request: {attributes: [a]}}}
",
    );
    let joined = first.joined(&other);
    let name = |path: &[u16]| attribute(&joined, path).map(|it| it.name.as_str());
    assert_eq!((name(&[1, 1]), name(&[1, 2])), (Some("rose"), None));
    assert_eq!((name(&[2, 1]), name(&[2, 2])), (Some("sky"), Some("sea")));
}

#[test]
fn a_struct_gets_the_members_that_the_other_has_behind_its_own() {
    let short = OTHER.replace(", {name: b, type: u32}", "");
    let joined = family(&short).joined(&family(OTHER));
    let AttrKind::Struct(id) = attribute(&joined, &[3]).unwrap().kind else {
        panic!("a struct")
    };
    let layout = &joined[id];
    assert_eq!((layout.members.len(), layout.size), (2, 8));
}

#[test]
fn all_that_is_built_in_can_be_joined_with_what_is_of_its_protocol() {
    let all: Vec<_> = (crate::table::CONTENTS.iter())
        .map(|it| it.family().unwrap())
        .collect();
    for one in &all {
        let is_near = |other: &&Family| match one.protocol.is_generic() {
            true => one.name == other.name,
            false => one.protocol == other.protocol,
        };
        for other in all.iter().filter(is_near) {
            let joined = one.joined(other);
            // Every id is of something: it is written down by its name.
            crate::table::write(&joined, "joined").unwrap();
        }
    }
}

#[test]
fn members_of_structs_keep_what_they_refer_to() {
    let family_of = |known: &str, formats: &str, sets: &str| {
        family(&format!(
            "
definitions:
  - {{name: kind, type: enum, entries: [one, two]}}
  - {{name: one, type: struct, members: [{{name: a, type: u8}}]}}
  - {{name: two, type: struct, members: [{{name: b, type: u16}}]}}
  - name: record
    type: struct
    members:
      - {{name: kind, type: u8, enum: kind}}
      - {{name: form, type: binary, len: 2, sub-message: forms, selector: kind}}
{known}
sub-messages:
  - name: forms
    formats:
{formats}
attribute-sets:
  - name: top
    attributes:
      - {{name: record, type: binary, struct: record}}
{sets}
operations:
  list:
    - {{name: get, doc: Gets., attribute-set: top, value: 1, do: {{request: {{}}}}}}
"
        ))
    };
    let one = "      - {value: one, fixed-header: one}\n";
    let first = family_of("", one, "");
    let other = family_of(
        "      - {name: low, type: u8, bits: 3}
      - {name: high, type: u8, bits: 5, enum: kind}
      - {name: all, type: binary, len: 4, sub-type: u16, enum: kind, count-member: low}",
        &format!("{one}      - {{value: two, fixed-header: two}}\n"),
        "      - {name: ops, type: binary, sub-type: struct, struct: record, length-member: kind}",
    );
    let joined = first.joined(&other);
    let AttrKind::Struct(id) = attribute(&joined, &[1]).unwrap().kind else {
        panic!("a struct")
    };
    let layout = &joined[id];
    let places: Vec<_> = (layout.members.iter())
        .map(|it| (it.offset, it.size, it.bits.map(|it| it.before)))
        .collect();
    let expected = [
        (0, 1, None),
        (1, 2, None),
        (3, 1, Some(0)),
        (3, 1, Some(3)),
        (4, 4, None),
    ];
    assert_eq!((&places[..], layout.size), (&expected[..], 8));
    let MemberKind::Union { message, selector } = layout.members[1].kind else {
        panic!("a union")
    };
    let forms = &joined[message].formats;
    let headers = forms
        .iter()
        .map(|it| joined[it.fixed_header.unwrap()].name.as_str());
    assert_eq!(
        (headers.collect::<Vec<_>>(), selector),
        (vec!["one", "two"], 0)
    );
    assert!(matches!(
        layout.members[4].kind,
        MemberKind::Array {
            scalar: Scalar { names: Some(it), .. },
            count: Some(2),
        } if joined[it.id].name == "kind"
    ));
    let ops = &attribute(&joined, &[2]).unwrap().kind;
    assert!(matches!(ops, AttrKind::Sized { head, length: 0 } if joined[*head].name == "record"));
}
