// SPDX-License-Identifier: GPL-2.0-or-later
//! C as tokens: as much of it as declarations and constant expressions need.

/// What a token is; texts are pieces of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Word(&'a str),
    /// A number as it is typed: `0x10UL`.
    Number(&'a str),
    /// A text or a character without its quotes, escapes as they are typed.
    Text(&'a str),
    Character(&'a str),
    Mark(&'a str),
}

/// A token and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'a> Token<'a> {
    pub(crate) fn word(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is(&self, mark: &str) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// Marks of more than one character, longest first.
const MARKS: [&str; 16] = [
    "...", "<<=", ">>=", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##", "->", "++", "--",
    "+=",
];

/// All tokens of a text without comments.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let run = |keep: fn(u8) -> bool| {
            let more = bytes[start..].iter().take_while(|it| keep(**it)).count();
            start + more
        };
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                at = run(|it| it.is_ascii_alphanumeric() || it == b'_');
                Kind::Word(&text[start..at])
            }
            byte if byte.is_ascii_digit() => {
                at = run(|it| it.is_ascii_alphanumeric());
                Kind::Number(&text[start..at])
            }
            quote @ (b'"' | b'\'') => {
                at = closing(bytes, at);
                let inner = &text[start + 1..at.max(start + 1)];
                at = (at + 1).min(bytes.len());
                if quote == b'"' {
                    Kind::Text(inner)
                } else {
                    Kind::Character(inner)
                }
            }
            byte if byte.is_ascii() => {
                let long = MARKS.iter().find(|it| text[at..].starts_with(**it));
                at += long.map_or(1, |it| it.len());
                Kind::Mark(&text[start..at])
            }
            _ => {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        found.push(Token {
            kind,
            start,
            end: at,
        });
    }
    found
}

/// Where the quote that opens at `at` closes: at its fellow, or at the end of the line.
pub(super) fn closing(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b'\n' => break,
            byte if *byte == quote => break,
            _ => {}
        }
        end += 1;
    }
    end.min(bytes.len())
}

/// The place behind the bracket that closes the one at `open`; the end where none does.
pub(crate) fn behind(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Mark("(" | "[" | "{") => depth += 1,
            Kind::Mark(")" | "]" | "}") => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// What stands between commas outside of brackets.
pub(crate) fn listed<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < tokens.len() {
        match tokens[at].kind {
            Kind::Mark("(" | "[" | "{") => at = behind(tokens, at),
            Kind::Mark(",") => {
                parts.push(&tokens[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    parts.push(&tokens[start..]);
    parts.retain(|it| !it.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_into_words_numbers_and_marks() {
        let kinds: Vec<_> = tokens("A<<0x1fUL, 'x' \"a\\\"b\" é ...")
            .into_iter()
            .map(|it| it.kind)
            .collect();
        use Kind::*;
        let expected = [
            Word("A"),
            Mark("<<"),
            Number("0x1fUL"),
            Mark(","),
            Character("x"),
            Text("a\\\"b"),
            Mark("..."),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_quote_that_never_closes_ends_with_its_line() {
        let kinds: Vec<_> = tokens("\"open\nA").into_iter().map(|it| it.kind).collect();
        assert_eq!(kinds[0], Kind::Text("open"));
        assert_eq!(tokens("\"").len(), 1);
        assert_eq!(tokens("'\\").len(), 1);
    }

    #[test]
    fn commas_in_brackets_part_nothing() {
        let all = tokens("a, (b, c), {d, [e]},");
        let parts: Vec<_> = listed(&all).iter().map(|it| it.len()).collect();
        assert_eq!(parts, [1, 5, 7]);
        assert_eq!(behind(&all, 2), 7);
        assert_eq!(behind(&tokens("( a"), 0), 2);
    }
}
