// SPDX-License-Identifier: GPL-2.0-or-later
//! A C text without comments, and what its preprocessor would leave of it.

use super::{
    tokens::{Kind, closing, tokens},
    value::{Macro, Names, Num, number},
};
use std::collections::HashMap;

/// A text without its comments, and with lines that go on joined to one. Line breaks
/// of comments stay.
pub(crate) fn clean(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut from) = (0, 0);
    while at < bytes.len() {
        let (skip, instead) = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = text[at + 2..]
                    .find("*/")
                    .map_or(text.len(), |it| at + it + 4);
                let lines = text[at..end].matches('\n').count();
                (end - at, if lines == 0 { " " } else { "\n" })
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
                (end - at, " ")
            }
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => (2, " "),
            b'"' | b'\'' => {
                at = (closing(bytes, at) + 1).min(bytes.len());
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[from..at]);
        out.push_str(instead);
        at += skip;
        from = at;
    }
    out.push_str(&text[from.min(text.len())..]);
    out
}

/// A `#define`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Define {
    pub(super) name: String,
    pub(super) text: Macro,
}

/// What is left of a header: its code, and its macros in their order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) code: String,
    pub(super) defines: Vec<Define>,
}

/// What a program in user space would see: no kernel, no C++, no assembler. A condition
/// that cannot be known is false, as an unknown name is for the preprocessor.
pub(super) fn parts(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut known = MacroTable::default();
    // Of each open condition: whether this branch counts, and whether one has counted.
    let mut open: Vec<(bool, bool)> = Vec::new();
    for line in clean(text).lines() {
        let is_live = open.iter().all(|(counts, _)| *counts);
        let Some(directive) = line.trim_start().strip_prefix('#') else {
            if is_live {
                parts.code.push_str(line);
            }
            parts.code.push('\n');
            continue;
        };
        let directive = directive.trim_start();
        let end = directive
            .find(|it: char| !it.is_ascii_alphabetic())
            .unwrap_or(directive.len());
        let (word, rest) = directive.split_at(end);
        let rest = rest.trim();
        match word {
            "if" | "ifdef" | "ifndef" => {
                let counts = is_live
                    && match word {
                        "if" => known.holds(rest),
                        "ifdef" => known.has(rest),
                        _ => !known.has(rest),
                    };
                open.push((counts, counts || !is_live));
            }
            "elif" | "else" => {
                if let Some((counts, done)) = open.last_mut() {
                    *counts = !*done && (word == "else" || known.holds(rest));
                    *done |= *counts;
                }
            }
            "endif" => drop(open.pop()),
            "define" if is_live => {
                if let Some(define) = define(rest) {
                    known
                        .macros
                        .insert(define.name.clone(), define.text.clone());
                    parts.defines.push(define);
                }
            }
            "undef" if is_live => {
                known.macros.remove(rest);
                parts.defines.retain(|it| it.name != rest);
            }
            _ => {}
        }
    }
    parts
}

/// What stands behind `#define`.
fn define(rest: &str) -> Option<Define> {
    let end = rest
        .find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let (parameters, body) = match rest.strip_prefix('(') {
        None => (None, rest),
        Some(rest) => {
            let (list, body) = rest.split_once(')')?;
            let names = list.split(',').map(|it| it.trim().to_owned());
            (Some(names.filter(|it| !it.is_empty()).collect()), body)
        }
    };
    (!name.is_empty()).then(|| Define {
        name: name.to_owned(),
        text: Macro {
            parameters,
            body: body.trim().to_owned(),
        },
    })
}

/// What is known where a condition stands.
#[derive(Default)]
struct MacroTable {
    macros: HashMap<String, Macro>,
}

impl MacroTable {
    fn has(&self, name: &str) -> bool {
        self.macros.contains_key(name)
    }

    /// Whether an `#if` holds.
    fn holds(&self, condition: &str) -> bool {
        let mut text = String::new();
        let all = tokens(condition);
        let mut at = 0;
        while at < all.len() {
            if all[at].kind == Kind::Word("defined") {
                let is_open = all.get(at + 1).is_some_and(|it| it.is("("));
                at += if is_open { 2 } else { 1 };
                let name = all.get(at).and_then(|it| it.word()).unwrap_or_default();
                text.push_str(if self.has(name) { " 1 " } else { " 0 " });
                at += if is_open { 2 } else { 1 };
                continue;
            }
            text.push_str(&condition[all[at].start..all[at].end]);
            text.push(' ');
            at += 1;
        }
        number(&text, self).is_some_and(|it| it.value != 0)
    }
}

impl Names for MacroTable {
    fn number(&self, name: &str, depth: usize) -> Option<Num> {
        if let Some(Macro {
            parameters: None,
            body,
        }) = self.macros.get(name)
        {
            return super::value::number_at(body, self, depth);
        }
        Some(Num::int(match name {
            "__BITS_PER_LONG" => 64,
            // linux/libc-compat.h: ours to define, where the C library is not there.
            name if name.starts_with("__UAPI_DEF_") => 1,
            _ => 0,
        }))
    }

    fn function(&self, name: &str) -> Option<Macro> {
        (self.macros.get(name))
            .filter(|it| it.parameters.is_some())
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        parts(text)
            .code
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_and_joined_lines_leave_the_rest_as_it_is() {
        assert_eq!(clean("a /* b \n c */ d // e\nf \\\n g"), "a \n d  \nf   g");
        assert_eq!(clean("\"/* no */\" '\"' /* yes */"), "\"/* no */\" '\"'  ");
        assert_eq!(clean("a /* open"), "a  ");
        assert_eq!(clean("a // \u{e9}"), "a  ");
    }

    #[test]
    fn a_condition_leaves_what_a_program_sees() {
        assert_eq!(code("#ifdef __KERNEL__\na\n#else\nb\n#endif\nc"), "b c");
        assert_eq!(code("#ifndef GUARD\n#define GUARD\na\n#endif"), "a");
        assert_eq!(
            code("#if 0\na\n#elif 1\nb\n#elif 1\nc\n#else\nd\n#endif"),
            "b"
        );
        assert_eq!(
            code("#if 0\n#if 1\na\n#else\nb\n#endif\n#else\nc\n#endif"),
            "c"
        );
        assert_eq!(code("#define A 2\n#if defined(A) && A > 1\na\n#endif"), "a");
        assert_eq!(code("#if !defined A || B\na\n#endif"), "a");
        assert_eq!(code("#if __UAPI_DEF_IN_ADDR\na\n#endif"), "a");
        assert_eq!(code("#define A\n#undef A\n#ifdef A\na\n#endif"), "");
        assert_eq!(code("#endif\na"), "a");
    }

    #[test]
    fn a_macro_has_its_parameters_and_its_text() {
        let all =
            parts("# define A 1 /* one */\n#define B(x, y) ((x) | \\\n (y))\n#define C\n").defines;
        let shown: Vec<_> = (all.iter())
            .map(|it| {
                (
                    it.name.as_str(),
                    it.text.parameters.clone(),
                    it.text.body.as_str(),
                )
            })
            .collect();
        let names = Some(vec!["x".to_owned(), "y".to_owned()]);
        assert_eq!(
            shown,
            [
                ("A", None, "1"),
                ("B", names, "((x) |   (y))"),
                ("C", None, "")
            ]
        );
    }
}
