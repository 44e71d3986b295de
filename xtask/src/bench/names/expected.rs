// SPDX-License-Identifier: GPL-2.0-or-later
//! Numbers and texts that a test expects of a message, and whether they are among the values.
//!
//! It is a hint and no proof: a number may be there by chance, or be missing because nlcap says
//! a name for it. Numbers below 2 say nothing, and are not looked for.

use serde_json::Value;
use std::{collections::HashSet, fmt};

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Literal {
    /// Without its sign.
    Number(u64),
    Text(String),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// The numbers and texts of a source text, without comments.
pub(super) fn literals(text: &str) -> Vec<Literal> {
    let mut all = Vec::new();
    let mut rest = text;
    let mut last = ' ';
    while let Some(char) = rest.chars().next() {
        let is_of_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let length = if char == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |it| it + 2);
            let content = rest[..end].trim_matches('"');
            // What has a blank is said to people.
            if !content.is_empty() && !content.contains([' ', '\\', '{', '%']) {
                all.push(Literal::Text(content.to_owned()));
            }
            end
        } else if is_of_word(char) {
            let end = rest.find(|it| !is_of_word(it)).unwrap_or(rest.len());
            // Behind a dot it is a member of a tuple.
            if last != '.'
                && let Some(number) = number(&rest[..end])
                && number > 1
            {
                all.push(Literal::Number(number));
            }
            end
        } else {
            char.len_utf8()
        };
        last = char;
        rest = &rest[length..];
    }
    all
}

/// A number of Rust or of Go, with the name of its type behind it.
fn number(word: &str) -> Option<u64> {
    let word = word.replace('_', "");
    let word = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64"]
        .iter()
        .find_map(|kind| word.strip_suffix(kind))
        .unwrap_or(&word);
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// All that the values of a message say.
#[derive(Default)]
pub(super) struct ValueSet {
    numbers: HashSet<u64>,
    texts: Vec<String>,
}

impl ValueSet {
    /// What is in a value and all below it.
    pub(super) fn take(&mut self, value: &Value) {
        match value {
            Value::Object(members) => members.values().for_each(|it| self.take(it)),
            Value::Array(elements) => elements.iter().for_each(|it| self.take(it)),
            Value::Number(number) => {
                let signed = number.as_i64().map(i64::unsigned_abs);
                self.numbers.extend(signed.or(number.as_u64()));
            }
            Value::String(text) => {
                // Addresses and bytes: tests give their parts as numbers.
                for word in text.split(|it: char| !it.is_ascii_alphanumeric()) {
                    let word = word.strip_prefix("0x").unwrap_or(word);
                    self.numbers.extend(word.parse::<u64>());
                    self.numbers.extend(u64::from_str_radix(word, 16));
                    self.numbers.extend(
                        word.as_bytes()
                            .chunks(2)
                            .filter_map(|pair| std::str::from_utf8(pair).ok())
                            .filter_map(|pair| u64::from_str_radix(pair, 16).ok()),
                    );
                }
                self.texts.push(text.clone());
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    pub(super) fn has(&self, literal: &Literal) -> bool {
        match literal {
            Literal::Number(number) => self.numbers.contains(number),
            Literal::Text(text) => self.texts.iter().any(|it| it.contains(text.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_texts_are_what_a_test_expects() {
        let text = "Message { kind: Port1(44), name: \"eth0\".expect(\"a name\"), a: 0x1_0u8, b: v.3, c: 1, \
                    d: -5, e: Ipv4Addr::new(10, 0, 0, 1) }";
        let numbers: Vec<_> = [44, 16, 5, 10].map(Literal::Number).into();
        let (texts, others): (Vec<_>, Vec<_>) = literals(text)
            .into_iter()
            .partition(|it| matches!(it, Literal::Text(_)));
        assert_eq!(others, numbers);
        assert_eq!(texts, [Literal::Text("eth0".to_owned())]);
    }

    #[test]
    fn parts_of_addresses_and_of_bytes_are_numbers() {
        let mut said = ValueSet::default();
        said.take(&json!({"a": [-5, "10.9.0.1/8"], "b": "00:1e:2f", "c": "0a0b", "d": "lo"}));
        for number in [5, 10, 9, 8, 0x1e, 0x2f, 0x0a, 0x0b] {
            assert!(said.has(&Literal::Number(number)), "{number}");
        }
        assert!(!said.has(&Literal::Number(77)));
        assert!(said.has(&Literal::Text("lo".to_owned())));
        assert!(!said.has(&Literal::Text("eth0".to_owned())));
    }
}
