// SPDX-License-Identifier: GPL-2.0-or-later
//! The texts that are built in, and the form that they have.

use super::*;
use crate::model::{AttrKind, DisplayHint, NL_UTIL_YAML, nl_util};

/// The table's text of a family that has all that the form has words for.
const EVERYTHING: &str = include_str!("tests/everything.txt");

#[test]
fn every_text_that_is_built_in_is_read_and_written_as_it_is() {
    for entry in CONTENTS {
        let family = entry.family().unwrap();
        let (comments, _) = entry.text.split_at(entry.text.find("family ").unwrap());
        let made = comments.strip_prefix("# ").unwrap().trim_end();
        assert_eq!(write(&family, made).unwrap(), entry.text, "{}", entry.path);
    }
}

#[test]
fn a_text_says_what_it_lists_without_being_read() {
    for entry in CONTENTS {
        let family = entry.family().unwrap();
        let number = match family.protocol {
            crate::model::Protocol::Raw { number } => Some(number.into()),
            _ => None,
        };
        assert_eq!(entry.heading(), Some((family.name.as_str(), number)));
        for kind in 0..2_000 {
            let said = (entry.lists(kind, true), entry.lists(kind, false));
            let has = (family.request(kind).is_some(), family.reply(kind).is_some());
            assert_eq!(said, has, "{} {kind}", entry.path);
        }
    }
}

#[test]
fn a_family_is_what_its_specification_says_without_sentences() {
    let whole = nl_util();
    let path = "own/nl_util";
    let entry = CONTENTS.iter().find(|it| it.path == path).unwrap();
    let family = entry.family().unwrap();
    assert_eq!(family.name, whole.name);
    assert_eq!(family.operations.len(), whole.operations.len());
    for (set, whole) in family.sets.iter().zip(&whole.sets) {
        assert_eq!(set.name, whole.name);
        for (it, whole) in set.attributes.iter().zip(&whole.attributes) {
            let mut kind = it.kind.clone();
            if let AttrKind::Scalar(scalar) = &mut kind {
                // That a number is a link's YAML does not say.
                scalar.hint = scalar.hint.filter(|it| *it != DisplayHint::Ifindex);
            }
            let same = (&it.name, it.number, it.multi, &kind);
            assert_eq!(same, (&whole.name, whole.number, whole.multi, &whole.kind));
        }
    }
    assert!(
        family
            .structs
            .iter()
            .zip(&whole.structs)
            .all(|(it, whole)| {
                let sizes = |it: &crate::model::Struct| {
                    it.members.iter().map(|it| it.size).collect::<Vec<_>>()
                };
                it.size == whole.size && sizes(it) == sizes(whole)
            })
    );
    let sentence = NL_UTIL_YAML
        .lines()
        .find_map(|it| it.split_once("doc: "))
        .unwrap()
        .1;
    assert!(!entry.text.contains(sentence));
}

#[test]
fn every_word_of_the_form_is_understood() {
    let family = read::read(EVERYTHING, "everything").unwrap();
    assert_eq!(
        format!("# everything\n{}", body(&write(&family, "x").unwrap())),
        EVERYTHING
    );
}

/// A text without its first line.
fn body(text: &str) -> &str {
    text.split_once('\n').unwrap().1
}

#[test]
fn what_is_no_table_is_refused_with_its_line() {
    for (text, message) in [
        ("family x", "t:1: no protocol"),
        ("family x genetlink y", "t:1: 'y' is not a number"),
        ("family x udp 1", "t:1: 'udp' is not a protocol"),
        ("# c\nset a\n\t1 b nest c", "t:3: there is no set 'c'"),
        ("set a\n\t1 b u24", "t:2: 'u24' is not a type"),
        ("set a\n\t1 b u16/me", "t:2: 'u16/me' is not a byte order"),
        ("set a\n\t1 b u16(c)", "t:2: there is no enum 'c'"),
        ("set a\n\t1 b binary~blue", "t:2: 'blue' is not a hint"),
        ("\t1 b u16", "t:1: belongs to no block"),
        ("struct a\n\tb struct a", "t:2: no number"),
        (
            "op a 1 1 sideways",
            "t:1: 'sideways' is not a word of an operation",
        ),
        ("shape a", "t:1: 'shape' is not a block"),
    ] {
        let refused = read::read(text, "t").unwrap_err();
        assert_eq!(refused.to_string(), message, "{text:?}");
    }
}

#[test]
fn a_name_that_would_be_taken_for_something_else_is_refused() {
    for name in ["", "a b", "a(b)", "a~b", "a*"] {
        let mut family = nl_util();
        family.sets[0].attributes[0].name = name.into();
        assert_eq!(write(&family, "x"), Err(WriteError(name.into())));
    }
    let mut family = nl_util();
    family.sets[0].name = "a/b".into();
    assert!(write(&family, "x").is_err());
}
