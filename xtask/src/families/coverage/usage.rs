// SPDX-License-Identifier: GPL-2.0-or-later
//! Which enums of the headers are attributes: no header says so, but the code that puts
//! attributes into messages and checks them does.

use super::super::{
    source::Code,
    uapi::{
        Group,
        members::{numbered, without_counters},
        tokens::{Kind, Token, tokens},
    },
};
use std::collections::HashSet;

/// Functions whose second argument is an attribute.
fn takes_attribute(function: &str) -> bool {
    let Some(rest) = function.strip_prefix("nla_") else {
        return false;
    };
    let kinds = [
        "u8",
        "u16",
        "u32",
        "u64",
        "u64_64bit",
        "uint",
        "sint",
        "s8",
        "s16",
        "s32",
        "s64",
        "be16",
        "be32",
        "be64",
        "le16",
        "le32",
        "le64",
        "net16",
        "net32",
        "net64",
        "flag",
        "string",
        "msecs",
        "in_addr",
        "in6_addr",
        "bitfield32",
        "64bit",
        "nohdr",
    ];
    match rest.strip_prefix("put") {
        Some("") => true,
        Some(kind) => kind.strip_prefix('_').is_some_and(|it| kinds.contains(&it)),
        None => [
            "nest_start",
            "nest_start_noflag",
            "reserve",
            "reserve_64bit",
            "append",
        ]
        .contains(&rest),
    }
}

/// Constants that the code uses as attributes.
pub(super) fn attributes(files: &[Code]) -> HashSet<String> {
    let mut found = HashSet::new();
    for file in files {
        let all = tokens(&file.text);
        for at in 0..all.len() {
            if let Some(name) = put(&all[at..]).or_else(|| checked(&all[at..])) {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// `nla_put_u32(skb, NAME, …)`.
fn put<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let [function, open, rest @ ..] = tokens else {
        return None;
    };
    if !function.word().is_some_and(takes_attribute) || !open.is("(") {
        return None;
    }
    let mut depth = 0;
    for (at, token) in rest.iter().enumerate() {
        match token.kind {
            Kind::Mark("(" | "[") => depth += 1,
            Kind::Mark(")" | "]") if depth == 0 => return None,
            Kind::Mark(")" | "]") => depth -= 1,
            Kind::Mark(";") => return None,
            Kind::Mark(",") if depth == 0 => return rest.get(at + 1)?.word(),
            _ => {}
        }
    }
    None
}

/// `[NAME] = { .type = NLA_U32 }` and the like, in a policy.
fn checked<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let [open, name, close, equals, rest @ ..] = tokens else {
        return None;
    };
    if !(open.is("[") && close.is("]") && equals.is("=")) {
        return None;
    }
    let is_policy = |it: &Token<'_>| it.word().is_some_and(|it| it.starts_with("NLA_"));
    let is_check = match rest {
        [brace, dot, member, ..] if brace.is("{") && dot.is(".") => {
            matches!(
                member.kind,
                Kind::Word("type" | "len" | "strict_start_type")
            )
        }
        [brace, first, ..] if brace.is("{") => is_policy(first),
        [first, ..] => is_policy(first),
        [] => false,
    };
    is_check.then(|| name.word()).flatten()
}

/// Whether an enum is a set of attributes: the code uses one of it so, a specification names
/// one, or its header has such and its names say so.
pub(super) fn is_set(
    group: &Group<'_>,
    used: &HashSet<String>,
    is_named: impl Fn(&str) -> bool,
    in_headers: &HashSet<String>,
) -> bool {
    let members = numbered(&group.constants);
    if members
        .iter()
        .any(|it| used.contains(it.name) || is_named(it.name))
    {
        return true;
    }
    // The rest is sent by macros, or by none any more.
    let says_so = ["_A_", "_ATTR_", "_NLA_", "IFLA_", "TCA_", "NFTA_", "CTA_"];
    let counts = without_counters(&group.constants).len() < group.constants.len();
    let starts = group
        .constants
        .first()
        .is_some_and(|it| it.value.is_some_and(|it| it <= 1));
    in_headers.contains(group.header)
        && counts
        && starts
        && !members.is_empty()
        && (members.iter()).all(|it| says_so.iter().any(|word| it.name.contains(word)))
        // Values that attributes have are named after them.
        && !members.iter().any(|it| ["_TYPE_", "_CAP_", "_FLAG", "_CODE_"].iter().any(|word| it.name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::{super::super::uapi::Uapi, *};

    fn used(text: &str) -> Vec<String> {
        let file = Code {
            name: "net/box.c".into(),
            text: text.into(),
        };
        let mut found: Vec<_> = attributes(&[file]).into_iter().collect();
        found.sort();
        found
    }

    #[test]
    fn attributes_are_what_is_put_and_what_is_checked() {
        let text = "if (nla_put_u32(of(skb, 1), BOX_A, b->a) || nla_put(skb, BOX_B, sizeof(x), &x))
            nest = nla_nest_start(skb, BOX_C); nla_put_box(skb, BOX_NO); nla_get_u32(tb, BOX_NO);
            static const struct nla_policy p[BOX_MAX + 1] = { [BOX_D] = { .type = NLA_U8 },
              [BOX_E] = NLA_POLICY_MAX(NLA_U8, 2), [BOX_F] = { .len = 4 }, [BOX_NO] = { .doit = f } };";
        assert_eq!(
            used(text),
            ["BOX_A", "BOX_B", "BOX_C", "BOX_D", "BOX_E", "BOX_F"]
        );
        assert_eq!(used("nla_put(skb); nla_put("), [""; 0]);
    }

    #[test]
    fn a_set_is_an_enum_of_which_one_is_used_or_named() {
        let uapi = Uapi::of_texts([(
            "linux/box.h".to_owned(),
            "enum { BOX_X_UNSPEC, BOX_X_ONE }; enum { BOX_A_STATS_ONE, __BOX_A_STATS_MAX };
             enum { BOX_A_TYPE_ONE, __BOX_A_TYPE_MAX }; enum { BOX_Y };"
                .to_owned(),
        )]);
        let used = HashSet::from(["BOX_X_ONE".to_owned()]);
        let headers = HashSet::from(["linux/box.h".to_owned()]);
        let kinds: Vec<_> = (uapi.enums().iter())
            .map(|it| is_set(it, &used, |_| false, &headers))
            .collect();
        assert_eq!(kinds, [true, true, false, false]);
        let named: Vec<_> = (uapi.enums().iter())
            .map(|it| is_set(it, &HashSet::new(), |it| it == "BOX_Y", &HashSet::new()))
            .collect();
        assert_eq!(named, [false, false, false, true]);
    }
}
