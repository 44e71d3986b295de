// SPDX-License-Identifier: GPL-2.0-or-later
//! Byte arrays in source text: of Rust (`[0x01, 0x02]`, `vec![1, 2]`) and of Go
//! (`[]byte{0x01}`).

/// A byte array that a source text has, and what stands around it.
pub(super) struct Found<'a> {
    /// The file, relative to the project.
    pub(super) path: &'a str,
    pub(super) bytes: Vec<u8>,
    /// The variable or constant that it is the value of.
    pub(super) name: Option<&'a str>,
    /// All that stands before it in the file.
    pub(super) before: &'a str,
    /// What stands behind it, up to the end of the function or of the item.
    pub(super) rest: &'a str,
}

/// The text without its comments, which hold brackets and numbers as well.
pub(super) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |it| it + 2)
        } else {
            let length = if from.starts_with('"') && !before.ends_with('\'') {
                string_length(from)
            } else {
                1
            };
            out.push_str(&from[..length]);
            length
        };
        rest = &from[length..];
    }
    out.push_str(rest);
    out
}

/// Bytes of the string literal that the text begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// All byte arrays of a text without comments that have at least `least` bytes.
pub(super) fn arrays<'a>(path: &'a str, text: &'a str, least: usize) -> Vec<Found<'a>> {
    let is_go = path.ends_with(".go");
    let (open, close) = if is_go { ("[]byte{", '}') } else { ("[", ']') };
    let mut all = Vec::new();
    for (at, _) in text.match_indices(open) {
        let from = at + open.len();
        let Some((bytes, length)) = list(&text[from..], close) else {
            continue;
        };
        if bytes.len() < least {
            continue;
        }
        let before = &text[..at];
        let behind = &text[from + length..];
        all.push(Found {
            path,
            bytes,
            name: if is_go { member(before) } else { name(before) },
            before,
            rest: &behind[..behind.find("\n}").unwrap_or(behind.len())],
        });
    }
    all
}

/// Numbers of a byte each up to the bracket that closes them, and the length of the text.
fn list(text: &str, close: char) -> Option<(Vec<u8>, usize)> {
    let length = text.find(close)?;
    let mut bytes = Vec::new();
    let mut words = text[..length].split(',').map(str::trim).peekable();
    while let Some(word) = words.next() {
        // A comma may stand behind the last one.
        if word.is_empty() && words.peek().is_none() {
            break;
        }
        bytes.push(byte(word)?);
    }
    (!bytes.is_empty()).then_some((bytes, length))
}

fn byte(word: &str) -> Option<u8> {
    let word = word.strip_suffix("u8").unwrap_or(word).replace('_', "");
    match word.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// The member that Go gives a value to at the end of a text: `b: `.
fn member(before: &str) -> Option<&str> {
    last_word(before.trim_end().strip_suffix(':')?)
}

/// What Rust gives a name to at the end of a text: `let raw: Vec<u8> = vec!` or
/// `static A: [u8; 9] = `.
fn name(before: &str) -> Option<&str> {
    let before = before.trim_end().trim_end_matches("vec!").trim_end();
    let before = before.trim_end_matches('&').trim_end();
    let before = before.strip_suffix('=')?;
    let starts = ["let ", "static ", "const "].map(|word| Some((before.rfind(word)?, word)));
    let (at, word) = starts.into_iter().flatten().max()?;
    let declared = &before[at + word.len()..];
    let declared = ["mut ", "ref "]
        .iter()
        .fold(declared, |it, word| it.strip_prefix(word).unwrap_or(it));
    let end = declared.find(|char| !is_of_word(char));
    let end = end.unwrap_or(declared.len());
    // What is declared must be what the array is the value of.
    let is_this = !declared.contains(" = ") && !declared.contains(";\n");
    (is_this && end > 0).then(|| &declared[..end])
}

fn last_word(text: &str) -> Option<&str> {
    let at = text.rfind(|char| !is_of_word(char)).map_or(0, |at| at + 1);
    (at < text.len()).then(|| &text[at..])
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Where a word stands by itself in a text.
fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !text[..at].ends_with(is_of_word) && !text[at + word.len()..].starts_with(is_of_word)
        })
}

/// Of words, that with what belongs to it which stands first in a text.
pub(super) fn first<'t, T>(text: &str, words: &'t [(&str, T)]) -> Option<&'t T> {
    let places = words.iter().filter_map(|(word, it)| {
        let at = occurrences(text, word).next()?;
        Some((at, it))
    });
    places.min_by_key(|(at, _)| *at).map(|(_, it)| it)
}

/// Of words, that with what belongs to it which stands last in a text.
pub(super) fn last<'t, T>(text: &str, words: &'t [(&str, T)]) -> Option<&'t T> {
    let places = words.iter().filter_map(|(word, it)| {
        let at = occurrences(text, word).last()?;
        Some((at, it))
    });
    places.max_by_key(|(at, _)| *at).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_has_its_name_and_the_rest_of_its_function() {
        let text = without_comments(
            "fn a() {\n    let raw: Vec<u8> = vec![\n        0x01, 2, // [9, 9]\n        0x0_3u8,\n    ];\n    \
             Link::parse(&raw); /* 5 */\n}\nstatic ref B: [u8; 2] = [4, 0x05];\nfn c() {}\n",
        );
        let found = arrays("a.rs", &text, 2);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, Some("raw"));
        assert_eq!(found[0].bytes, [1, 2, 3]);
        assert!(found[0].rest.contains("Link::parse(&raw)"));
        assert!(!found[0].rest.contains("static"));
        assert_eq!(found[1].name, Some("B"));
        assert_eq!(found[1].bytes, [4, 5]);
    }

    #[test]
    fn what_is_no_list_of_bytes_is_no_array() {
        let text = "let a = [0; 8]; let b = [256, 1]; let c = vec![x, 1]; let d = [];";
        assert!(arrays("a.rs", text, 1).is_empty());
    }

    #[test]
    fn an_array_within_an_expression_has_no_name() {
        let text = "let raw = [1, 2];\n    let it = Address::Other(vec![3, 4]);\n";
        let names: Vec<_> = arrays("a.rs", text, 2).iter().map(|it| it.name).collect();
        assert_eq!(names, [Some("raw"), None]);
    }

    #[test]
    fn a_slice_of_go_has_the_name_of_its_member() {
        let text = "{\n\tm: &LinkMessage{},\n\tb: []byte{\n\t\t0x01, 0x02,\n\t},\n},";
        let found = arrays("a_test.go", text, 2);
        assert_eq!(
            (found[0].name, &found[0].bytes[..]),
            (Some("b"), &[1, 2][..])
        );
        let types = [("LinkMessage", 16), ("RouteMessage", 24)];
        assert_eq!(last(found[0].before, &types), Some(&16));
    }

    #[test]
    fn comments_go_and_strings_stay() {
        let text = "a \"// no \\\" comment\" b // c [1]\nd /* [2] */ e '\"' f // g";
        assert_eq!(
            without_comments(text),
            "a \"// no \\\" comment\" b \nd  e '\"' f "
        );
    }

    #[test]
    fn a_word_is_found_by_itself_alone() {
        let types = [("Link", 1), ("LinkMessage", 2)];
        assert_eq!(first("ALink LinkMessage Link", &types), Some(&2));
        assert_eq!(last("LinkMessage Link Links", &types), Some(&1));
        assert_eq!(first("none", &types), None);
    }
}
