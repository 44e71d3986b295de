// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts of `key=value` pairs, as records of the audit system are.
//!
//! The kernel puts what a program may choose, such as the name of a file, in quotes, or writes
//! its bytes in hexadecimal digits where there is a quote or no printable character in it
//! (audit_log_untrustedstring() of kernel/audit.c). Numbers are hexadecimal too, so the key
//! decides what is read as a text.

use std::borrow::Cow;

use super::level::until_nul;

/// The keys of what the kernel and programs write in hexadecimal digits where they must.
const TEXTS: [&[u8]; 18] = [
    b"acct",
    b"cmd",
    b"comm",
    b"cwd",
    b"data",
    b"dir",
    b"exe",
    b"file",
    b"grp",
    b"key",
    b"name",
    b"ocomm",
    b"path",
    b"proctitle",
    b"sw",
    b"unit",
    b"vm",
    b"watch",
];

/// Its value is a `struct sockaddr`.
const ADDRESS: &[u8] = b"saddr";

/// The words of a command, between which there are NULs.
const TITLE: &[u8] = b"proctitle";

/// The pairs of a text, one after another.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    rest: &'a [u8],
    /// The pair of the record's time is not behind.
    is_begin: bool,
    /// What follows are arguments of a command: `a0` is a text, not a number.
    has_arguments: bool,
    /// They are in quotes themselves: what is in quotes in them is a text.
    is_quoted: bool,
}

/// What one of [`Pairs`] has.
#[derive(Debug, Clone)]
pub enum PairValue<'a> {
    /// A text; what was hexadecimal is not any more.
    Text(Cow<'a, [u8]>),
    /// A `struct sockaddr`.
    Address(Vec<u8>),
    /// Pairs in quotes.
    Pairs(Pairs<'a>),
}

/// The pairs of a record: its text ends at a NUL.
pub fn pairs(text: &[u8]) -> Pairs<'_> {
    Pairs {
        rest: until_nul(text).trim_ascii(),
        is_begin: true,
        has_arguments: false,
        is_quoted: false,
    }
}

/// Splits before the first byte that is meant, or behind the last.
fn split(bytes: &[u8], is_meant: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(is_meant).unwrap_or(bytes.len());
    bytes.split_at(at)
}

/// The bytes that an even number of hexadecimal digits are.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|it| it as u8);
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|it| Some(digit(it[0])? << 4 | digit(it[1])?))
        .collect()
}

impl<'a> Pairs<'a> {
    /// `audit(1700000000.123:45): ` before the pairs of the kernel.
    fn time(&mut self) -> Option<&'a [u8]> {
        let behind = self.rest.strip_prefix(b"audit(")?;
        let (time, rest) = split(behind, |byte| *byte == b')');
        self.rest = rest.strip_prefix(b")").unwrap_or(rest);
        self.rest = self.rest.strip_prefix(b":").unwrap_or(self.rest);
        Some(time)
    }

    /// The key of the pair that is next, and what is behind its `=`.
    fn key(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (key, rest) = split(self.rest, |byte| matches!(byte, b'=' | b' '));
        Some((key, rest.strip_prefix(b"=")?)).filter(|_| !key.is_empty())
    }

    /// Words that are no pairs, up to the next that is one.
    fn words(&mut self) -> &'a [u8] {
        let all = self.rest;
        while !self.rest.is_empty() && self.key().is_none() {
            let (_, rest) = split(self.rest, |byte| *byte == b' ');
            self.rest = rest.trim_ascii_start();
        }
        all[..all.len() - self.rest.len()].trim_ascii_end()
    }

    fn value(&mut self, key: &'a [u8], behind: &'a [u8]) -> PairValue<'a> {
        if let Some(quoted) = behind.strip_prefix(b"\"") {
            let (text, rest) = split(quoted, |byte| *byte == b'"');
            self.rest = rest.strip_prefix(b"\"").unwrap_or(rest);
            return PairValue::Text(text.into());
        }
        if let Some(quoted) = behind.strip_prefix(b"'") {
            // What is in it may have such quotes, and is the last.
            let end = quoted.iter().rposition(|byte| *byte == b'\'');
            let (text, rest) = quoted.split_at(end.unwrap_or(quoted.len()));
            self.rest = rest.strip_prefix(b"'").unwrap_or(rest);
            if self.is_quoted {
                return PairValue::Text(text.into());
            }
            return PairValue::Pairs(Self {
                is_begin: false,
                is_quoted: true,
                ..pairs(text)
            });
        }
        let (text, rest) = split(behind, |byte| *byte == b' ');
        self.rest = rest;
        let is_argument = self.has_arguments
            && matches!(key, [b'a', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit));
        let decoded = match is_argument || key == ADDRESS || TEXTS.contains(&key) {
            true => unhex(text),
            false => None,
        };
        match decoded {
            Some(bytes) if key == ADDRESS => PairValue::Address(bytes),
            Some(mut bytes) => {
                if key == TITLE {
                    let nuls = bytes.iter_mut().filter(|byte| **byte == 0);
                    nuls.for_each(|byte| *byte = b' ');
                }
                PairValue::Text(bytes.into())
            }
            None => PairValue::Text(text.into()),
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    /// The key, and what it has; words that are no pair have none.
    type Item = (Option<&'a [u8]>, PairValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let is_begin = std::mem::take(&mut self.is_begin);
        if is_begin && let Some(time) = self.time() {
            return Some((Some(b"audit"), PairValue::Text(time.into())));
        }
        self.rest = self.rest.trim_ascii_start();
        if self.rest.is_empty() {
            return None;
        }
        let Some((key, behind)) = self.key() else {
            return Some((None, PairValue::Text(self.words().into())));
        };
        self.has_arguments |= key == b"argc";
        Some((Some(key), self.value(key, behind)))
    }
}

#[cfg(test)]
mod tests {
    use super::{PairValue, Pairs, pairs};

    /// The pairs as text, those in quotes in braces.
    fn shown(pairs: Pairs<'_>) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let each = pairs.map(|(key, value)| {
            let key = key.map_or(String::new(), |key| text(key) + "=");
            key + &match value {
                PairValue::Text(value) => format!("<{}>", text(&value)),
                PairValue::Address(bytes) => format!("{bytes:?}"),
                PairValue::Pairs(inner) => format!("{{{}}}", shown(inner)),
            }
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_record_is_its_time_and_its_pairs() {
        let record =
            b"audit(1700000000.123:45): arch=c000003e a0=7ffd comm=6120 exe=\"/bin/b\"\n\0x";
        assert_eq!(
            shown(pairs(record)),
            "audit=<1700000000.123:45> arch=<c000003e> a0=<7ffd> comm=<a > exe=</bin/b>"
        );
    }

    #[test]
    fn what_is_hexadecimal_is_read_where_it_is_a_text() {
        assert_eq!(
            shown(pairs(
                b"argc=2 a0=\"ls\" a1=2D61 key=(null) proctitle=6C73002D61 name=ABC"
            )),
            "argc=<2> a0=<ls> a1=<-a> key=<(null)> proctitle=<ls -a> name=<ABC>"
        );
        assert_eq!(shown(pairs(b"saddr=0200")), "saddr=[2, 0]");
    }

    #[test]
    fn pairs_in_quotes_and_words_without_a_key_are_kept() {
        assert_eq!(
            shown(pairs(b"pid=1 msg='op=login acct=\"root\" res=success'")),
            "pid=<1> msg={op=<login> acct=<root> res=<success>}"
        );
        assert_eq!(
            shown(pairs(b"avc:  denied  { read } for  pid=1 tail")),
            "<avc:  denied  { read } for> pid=<1> <tail>"
        );
        assert_eq!(shown(pairs(b"a='b='c=d''")), "a={b=<c=d>}");
        assert_eq!(shown(pairs(b"a=\"open")), "a=<open>");
        assert_eq!(shown(pairs(b"=x ==")), "<=x ==>");
        assert_eq!(shown(pairs(b"")), "");
    }
}
