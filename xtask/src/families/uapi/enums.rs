// SPDX-License-Identifier: GPL-2.0-or-later
//! The enums of a header's code.

use super::{
    Header, Meaning, Range, Symbol,
    tokens::{Kind, Token, behind, listed, tokens},
};

/// Adds all enums of a code to a header, those within structs too.
pub(super) fn read(code: &str, header: &mut Header) {
    let all = tokens(code);
    let mut at = 0;
    while at < all.len() {
        at += 1;
        if all[at - 1].kind != Kind::Word("enum") {
            continue;
        }
        let mut tag = None;
        while let Some(word) = all.get(at).and_then(Token::word) {
            at += 1;
            if word == "__attribute__" {
                at = behind(&all, at);
            } else if word != "__packed" {
                tag = Some(word);
            }
        }
        if !all.get(at).is_some_and(|it| it.is("{")) {
            continue;
        }
        let end = behind(&all, at);
        let body = &all[at + 1..(end - 1).max(at + 1)];
        members(code, tag, body, header);
        at = end;
    }
}

fn members(code: &str, tag: Option<&str>, body: &[Token<'_>], header: &mut Header) {
    let first = header.symbols.len();
    // From where members without a number count: the last one with one, and how far it is.
    let mut base = Some((None, 0));
    for member in listed(body) {
        let (Some(name), rest) = (member[0].word(), &member[1..]) else {
            base = None;
            continue;
        };
        let here = header.symbols.len();
        let meaning = match (rest, base) {
            ([equals, first, ..], _) if equals.is("=") => {
                base = Some((Some(here), 1));
                let end = rest[rest.len() - 1].end;
                Meaning::Typed(code[first.start..end].to_owned())
            }
            // A macro that makes members of something.
            ([_, ..], _) => {
                base = None;
                continue;
            }
            ([], Some((from, steps))) => {
                base = Some((from, steps + 1));
                Meaning::Counted(from, steps)
            }
            ([], None) => Meaning::Unknown,
        };
        header.symbols.push(Symbol {
            name: name.to_owned(),
            meaning,
        });
    }
    header.enums.push(Range {
        tag: tag.map(str::to_owned),
        first,
        end: header.symbols.len(),
    });
}
