// SPDX-License-Identifier: GPL-2.0-or-later
//! Headers made up for what the kernel's have.

use super::*;

fn uapi(texts: &[(&str, &str)]) -> Uapi {
    let texts = texts.iter();
    Uapi::of_texts(texts.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
}

fn number(uapi: &Uapi, name: &str) -> Option<i128> {
    uapi.numbers(name).first().map(|it| it.1)
}

const BOX: &str = "
#ifndef _UAPI_BOX_H
#define _UAPI_BOX_H
#include <linux/types.h>

/* enum box_not_there { BOX_A_WRONG }; */
enum box_attrs {
	BOX_A_UNSPEC,
	BOX_A_SIZE,		/* u32, in mm */
	BOX_A_LID, /* nest */
#define BOX_A_LID BOX_A_LID
	BOX_A_OLD = BOX_A_LID,
	BOX_A_COLOUR = BOX_MORE + 3, // of the other header
	BOX_A_LAST,
	__BOX_A_MAX,
};
#define BOX_A_MAX (__BOX_A_MAX - 1)
#define BOX_A_TINT BOX_A_COLOUR
#define BOX_NAME \"box\"
#define BOX_FAMILY BOX_NAME
#define BOX_F_RED (1 << 0)
#define BOX_F_BLUE _BOX_BIT(1)
#define BOX_F_ALL (BOX_F_RED|BOX_F_BLUE)
#define _BOX_BIT(x) (_UL(1) << (x))
#define _UL(x) (_AC(x, UL))
#define BOX_SIZE(b) ((b)->size)
#define BOX_NONE (~(__u32)0)

struct box {
	enum { BOX_OPEN = 'o', BOX_SHUT } state;
	__u8 pad[sizeof(__u16)];
};
enum __attribute__((packed)) box_mood { BOX_GLAD = -1, BOX_SAD };
enum box_made { MAKE(BOX_ONE), BOX_TWO, BOX_THREE = 3, BOX_FOUR };
enum box_attrs box_use(enum box_mood mood);
#endif
";

#[test]
fn members_and_macros_have_the_numbers_that_c_gives_them() {
    let uapi = uapi(&[
        ("linux/box.h", BOX),
        ("linux/more.h", "#define BOX_MORE 0x10\n"),
    ]);
    for (name, expected) in [
        ("BOX_A_UNSPEC", Some(0)),
        ("BOX_A_SIZE", Some(1)),
        ("BOX_A_LID", Some(2)),
        ("BOX_A_OLD", Some(2)),
        ("BOX_A_COLOUR", Some(19)),
        ("BOX_A_LAST", Some(20)),
        ("__BOX_A_MAX", Some(21)),
        ("BOX_A_MAX", Some(20)),
        ("BOX_A_TINT", Some(19)),
        ("BOX_F_ALL", Some(3)),
        ("BOX_NONE", Some(0xffff_ffff)),
        ("BOX_OPEN", Some(111)),
        ("BOX_SHUT", Some(112)),
        ("BOX_GLAD", Some(-1)),
        ("BOX_SAD", Some(0)),
        ("BOX_TWO", None),
        ("BOX_FOUR", Some(4)),
        ("BOX_A_WRONG", None),
        ("BOX_SIZE", None),
        ("BOX_NAME", None),
    ] {
        assert_eq!(number(&uapi, name), expected, "{name}");
    }
    assert_eq!(uapi.text("BOX_FAMILY"), Some(("linux/box.h", "box")));
    assert_eq!(uapi.text("BOX_NONE"), None);
}

#[test]
fn enums_are_listed_with_their_tags_and_members() {
    let uapi = uapi(&[("linux/box.h", BOX)]);
    let tags: Vec<_> = uapi.enums().iter().map(|it| it.tag).collect();
    let expected = [Some("box_attrs"), None, Some("box_mood"), Some("box_made")];
    assert_eq!(tags, expected);
    let all = uapi.enums();
    let names: Vec<_> = all[3].constants.iter().map(|it| it.name).collect();
    assert_eq!(names, ["BOX_TWO", "BOX_THREE", "BOX_FOUR"]);
    let defines = uapi.defines("linux/box.h").unwrap();
    let names: Vec<_> = defines.constants.iter().map(|it| it.name).collect();
    // What stands on the other header has no number here.
    assert_eq!(names, ["BOX_F_RED", "BOX_F_BLUE", "BOX_F_ALL", "BOX_NONE"]);
    assert!(uapi.has("linux/box.h") && uapi.defines("linux/other.h").is_none());
}

#[test]
fn a_name_that_is_there_twice_is_that_of_its_own_header_there() {
    let uapi = uapi(&[
        ("linux/a.h", "#define SIDE 1\nenum { A = SIDE };"),
        ("linux/b.h", "#define SIDE 2\nenum { B = SIDE };"),
    ]);
    assert_eq!([number(&uapi, "A"), number(&uapi, "B")], [Some(1), Some(2)]);
    assert_eq!(uapi.numbers("SIDE"), [("linux/a.h", 1), ("linux/b.h", 2)]);
}

#[test]
fn circles_and_halves_end() {
    let uapi = uapi(&[(
        "linux/odd.h",
        "#define A B\n#define B A\nenum { C = C, D }; enum { E, F = , G = (",
    )]);
    for name in ["A", "B", "C", "D"] {
        assert_eq!(number(&uapi, name), None, "{name}");
    }
    assert_eq!(number(&uapi, "E"), Some(0));
}
