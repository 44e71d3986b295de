// SPDX-License-Identifier: GPL-2.0-or-later
//! Structs and arrays of structs that a source fills in where it declares them.

use super::uapi::tokens::{Kind, Token, behind, listed};

/// `struct KIND NAME = { … }`, or an array of such.
pub(crate) struct Filled<'t, 'a> {
    pub(crate) name: &'a str,
    /// What stands in the braces.
    pub(crate) body: &'t [Token<'a>],
}

/// All that a file fills in of structs of that kind.
pub(crate) fn filled<'t, 'a>(tokens: &'t [Token<'a>], kind: &str) -> Vec<Filled<'t, 'a>> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if pair[0].kind != Kind::Word("struct") || pair[1].kind != Kind::Word(kind) {
            continue;
        }
        let Some(name) = tokens.get(at + 2).and_then(Token::word) else {
            continue;
        };
        let mut at = at + 3;
        // Attributes of the variable, and the size of an array.
        while let Some(token) = tokens.get(at) {
            match token.kind {
                Kind::Word(_) => at += 1,
                Kind::Mark("[" | "(") => at = behind(tokens, at),
                _ => break,
            }
        }
        let opens = |at: usize, mark| tokens.get(at).is_some_and(|it: &Token<'_>| it.is(mark));
        if opens(at, "=") && opens(at + 1, "{") {
            let end = behind(tokens, at + 1) - 1;
            if let Some(body) = tokens.get(at + 2..end) {
                found.push(Filled { name, body });
            }
        }
    }
    found
}

/// The value of a member.
pub(crate) fn member<'t, 'a>(body: &'t [Token<'a>], name: &str) -> Option<&'t [Token<'a>]> {
    listed(body).into_iter().find_map(|it| match it {
        [dot, word, equals, value @ ..]
            if dot.is(".") && word.kind == Kind::Word(name) && equals.is("=") =>
        {
            Some(value)
        }
        _ => None,
    })
}

/// The value of a member that is a single name.
pub(crate) fn name_in<'a>(body: &[Token<'a>], name: &str) -> Option<&'a str> {
    match member(body, name)? {
        [only] => only.word(),
        // `&NAME`, and a cast before it.
        [.., amper, only] if amper.is("&") => only.word(),
        _ => None,
    }
}

/// An element of an array: the name it stands at, where there is one, and what it is.
pub(crate) struct Element<'t, 'a> {
    pub(crate) at: Option<&'a str>,
    pub(crate) value: &'t [Token<'a>],
}

/// The elements of an array.
pub(crate) fn elements<'t, 'a>(body: &'t [Token<'a>]) -> Vec<Element<'t, 'a>> {
    let element = |it: &'t [Token<'a>]| match it {
        [open, at, close, equals, value @ ..]
            if open.is("[") && close.is("]") && equals.is("=") =>
        {
            Element {
                at: at.word(),
                value,
            }
        }
        value => Element { at: None, value },
    };
    listed(body).into_iter().map(element).collect()
}

/// What stands in an element's braces.
pub(crate) fn inner<'t, 'a>(value: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match value {
        [open, inner @ .., close] if open.is("{") && close.is("}") => inner,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{super::uapi::tokens::tokens, *};

    #[test]
    fn structs_are_found_by_their_kind_with_their_members() {
        let text = "struct box *get(struct box *it);
            static struct box mine __ro_after_init = { .name = \"a\", .lids = lids, .n = SIZE(lids, 1),
                .of = &other, };
            struct box later;
            static const struct lid lids[] __attr(1) = {
                { .kind = LID_A, .open = f, }, [LID_B] = { .kind = LID_C }, LID(LID_D, 1), };";
        let all = tokens(text);
        let boxes = filled(&all, "box");
        assert_eq!(boxes.len(), 1);
        assert_eq!(boxes[0].name, "mine");
        assert_eq!(name_in(boxes[0].body, "lids"), Some("lids"));
        assert_eq!(name_in(boxes[0].body, "of"), Some("other"));
        assert_eq!(name_in(boxes[0].body, "n"), None);
        assert_eq!(
            member(boxes[0].body, "name").unwrap()[0].kind,
            Kind::Text("a")
        );
        let lids = filled(&all, "lid");
        let all = elements(lids[0].body);
        let kinds: Vec<_> = all
            .iter()
            .map(|it| name_in(inner(it.value), "kind"))
            .collect();
        assert_eq!(kinds, [Some("LID_A"), Some("LID_C"), None]);
        let places: Vec<_> = all.iter().map(|it| it.at).collect();
        assert_eq!(places, [None, Some("LID_B"), None]);
    }

    #[test]
    fn what_never_closes_is_no_fault() {
        let all = tokens("struct box b = { .a = 1");
        assert!(filled(&all, "box").len() <= 1);
        assert!(filled(&tokens("struct box"), "box").is_empty());
    }
}
