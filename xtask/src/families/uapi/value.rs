// SPDX-License-Identifier: GPL-2.0-or-later
//! Constant expressions of C, by the rules of a 64-bit machine.

use super::tokens::{Kind, Token, behind, listed, tokens};

/// The most names that stand for names: more is a circle.
const DEEPEST: usize = 48;

/// A number with its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Num {
    pub(crate) value: i128,
    bits: u32,
    is_signed: bool,
}

impl Num {
    pub(crate) fn int(value: i128) -> Self {
        Self::new(value, 32, true)
    }

    /// What of `value` fits into the type.
    fn new(value: i128, bits: u32, is_signed: bool) -> Self {
        let low = value & ((1 << bits) - 1);
        let value = if is_signed && low >> (bits - 1) == 1 {
            low - (1 << bits)
        } else {
            low
        };
        Self {
            value,
            bits,
            is_signed,
        }
    }

    /// The number so many behind it.
    pub(crate) fn plus(self, steps: i128) -> Self {
        Self {
            value: self.value + steps,
            ..self
        }
    }

    /// What calculating makes of a type smaller than int.
    fn promoted(self) -> Self {
        if self.bits < 32 {
            Self::int(self.value)
        } else {
            self
        }
    }
}

/// The text of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Macro {
    /// `None` where it takes none, which is not the same as an empty list.
    pub(crate) parameters: Option<Vec<String>>,
    pub(crate) body: String,
}

/// Names that an expression may have.
pub(crate) trait Names {
    /// What a name stands for; `depth` names stood for it.
    fn number(&self, name: &str, depth: usize) -> Option<Num>;
    /// A macro with parameters.
    fn function(&self, name: &str) -> Option<Macro>;
}

/// The number that an expression is.
pub(super) fn number(text: &str, names: &dyn Names) -> Option<Num> {
    number_at(text, names, 0)
}

/// [`number`], where `depth` names stood for the text.
pub(super) fn number_at(text: &str, names: &dyn Names, depth: usize) -> Option<Num> {
    if depth > DEEPEST {
        return None;
    }
    let tokens = tokens(text);
    let mut reader = Reader {
        text,
        tokens: &tokens,
        at: 0,
        names,
        depth,
    };
    let number = reader.choice()?;
    (reader.at == tokens.len()).then_some(number)
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    names: &'a dyn Names,
    depth: usize,
}

/// How tightly a mark of two numbers binds.
fn rank(mark: &str) -> Option<u8> {
    Some(match mark {
        "||" => 1,
        "&&" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "==" | "!=" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "%" => 10,
        _ => return None,
    })
}

impl<'a> Reader<'a> {
    fn mark(&self) -> Option<&'a str> {
        match self.tokens.get(self.at)?.kind {
            Kind::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    fn take(&mut self, mark: &str) -> Option<()> {
        (self.mark() == Some(mark)).then(|| self.at += 1)
    }

    fn choice(&mut self) -> Option<Num> {
        let condition = self.operation(1)?;
        if self.take("?").is_none() {
            return Some(condition);
        }
        let yes = self.choice()?;
        self.take(":")?;
        let no = self.choice()?;
        Some(if condition.value != 0 { yes } else { no })
    }

    fn operation(&mut self, least: u8) -> Option<Num> {
        let mut left = self.single()?;
        while let Some(mark) = self.mark()
            && let Some(rank) = rank(mark)
            && rank >= least
        {
            self.at += 1;
            let right = self.operation(rank + 1)?;
            left = apply(mark, left, right)?;
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Num> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match token.kind {
            Kind::Number(typed) => literal(typed),
            Kind::Character(typed) => character(typed),
            Kind::Text(_) => None,
            Kind::Mark("(") => self.bracket(),
            Kind::Mark(mark @ ("-" | "+" | "~" | "!")) => {
                let it = self.single()?.promoted();
                Some(match mark {
                    "-" => Num::new(-it.value, it.bits, it.is_signed),
                    "~" => Num::new(!it.value, it.bits, it.is_signed),
                    "!" => Num::int(i128::from(it.value == 0)),
                    _ => it,
                })
            }
            Kind::Mark(_) => None,
            Kind::Word("sizeof") => {
                self.take("(")?;
                let (bits, _) = self.type_name()?;
                self.take(")")?;
                Some(Num::new((bits / 8).into(), 64, false))
            }
            Kind::Word(name) if self.mark() == Some("(") => self.call(name),
            Kind::Word(name) => self.names.number(name, self.depth + 1),
        }
    }

    /// A cast, or an expression in brackets.
    fn bracket(&mut self) -> Option<Num> {
        let start = self.at;
        if let Some((bits, is_signed)) = self.type_name()
            && self.take(")").is_some()
        {
            let it = self.single()?;
            return Some(Num::new(it.value, bits, is_signed));
        }
        self.at = start;
        let number = self.choice()?;
        self.take(")")?;
        Some(number)
    }

    /// The bits and the sign of the type that is named here.
    fn type_name(&mut self) -> Option<(u32, bool)> {
        let (mut bits, mut is_signed) = (None, true);
        while let Some(word) = self.tokens.get(self.at).and_then(Token::word) {
            match word {
                "__force" | "const" | "signed" => {}
                "unsigned" => is_signed = false,
                "char" => bits = Some(8),
                "short" => bits = Some(16),
                "int" => bits = bits.or(Some(32)),
                "long" => bits = Some(64),
                "size_t" => (bits, is_signed) = (Some(64), false),
                _ => {
                    let short = word.trim_start_matches('_').trim_end_matches("_t");
                    let (kind, digits) =
                        short.split_at(short.find(|it: char| it.is_ascii_digit())?);
                    let sign = matches!(kind, "s" | "int");
                    if !sign && !matches!(kind, "u" | "be" | "le" | "uint") {
                        return None;
                    }
                    let width = digits.parse().ok();
                    bits = Some(width.filter(|it| [8, 16, 32, 64].contains(it))?);
                    is_signed = sign;
                }
            }
            self.at += 1;
        }
        match bits {
            None if !is_signed => Some((32, false)),
            bits => Some((bits?, is_signed)),
        }
    }

    /// A macro with arguments.
    fn call(&mut self, name: &str) -> Option<Num> {
        let end = behind(self.tokens, self.at);
        let arguments: Vec<&str> = listed(self.tokens.get(self.at + 1..end - 1)?)
            .iter()
            .map(|it| &self.text[it[0].start..it[it.len() - 1].end])
            .collect();
        self.at = end;
        let found = self.names.function(name)?;
        let parameters = found.parameters.as_deref()?;
        if parameters.len() != arguments.len() {
            return None;
        }
        let pastes = found.body.contains("##");
        let mut text = String::new();
        for token in tokens(&found.body) {
            let typed = &found.body[token.start..token.end];
            let position = parameters.iter().position(|it| it == typed);
            match position.map_or(typed, |at| arguments[at]) {
                "##" => {}
                word if pastes => text.push_str(word),
                word => text.extend([" ", word, " "]),
            }
        }
        number_at(&text, self.names, self.depth + 1)
    }
}

/// Two numbers and the mark between them.
fn apply(mark: &str, left: Num, right: Num) -> Option<Num> {
    let (left, right) = (left.promoted(), right.promoted());
    if matches!(mark, "<<" | ">>") {
        let by = u32::try_from(right.value)
            .ok()
            .filter(|it| *it < left.bits)?;
        let value = if mark == "<<" {
            left.value << by
        } else {
            left.value >> by
        };
        return Some(Num::new(value, left.bits, left.is_signed));
    }
    let bits = left.bits.max(right.bits);
    let is_signed = [left, right]
        .iter()
        .all(|it| it.is_signed || it.bits < bits);
    let [a, b] = [left, right].map(|it| Num::new(it.value, bits, is_signed).value);
    let truth = |it: bool| Some(Num::int(it.into()));
    let value = match mark {
        "||" => return truth(a != 0 || b != 0),
        "&&" => return truth(a != 0 && b != 0),
        "==" => return truth(a == b),
        "!=" => return truth(a != b),
        "<" => return truth(a < b),
        ">" => return truth(a > b),
        "<=" => return truth(a <= b),
        ">=" => return truth(a >= b),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "+" => a + b,
        "-" => a - b,
        "*" => a.checked_mul(b)?,
        "/" => a.checked_div(b)?,
        _ => a.checked_rem(b)?,
    };
    Some(Num::new(value, bits, is_signed))
}

/// A number as it is typed; the type is the first of C's that it fits into.
fn literal(typed: &str) -> Option<Num> {
    let lower = typed.to_ascii_lowercase();
    let (radix, digits) = match lower.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        None => (10, lower.as_str()),
    };
    let end = digits
        .find(|it: char| !it.is_digit(radix))
        .unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    if !matches!(suffix, "" | "u" | "l" | "ul" | "lu" | "ll" | "ull" | "llu") {
        return None;
    }
    // `0L` has no digit behind the one that says that it is octal.
    let digits = if digits.is_empty() && radix == 8 {
        "0"
    } else {
        digits
    };
    let value = i128::from_str_radix(digits, radix).ok()?;
    let unsigned = suffix.contains('u');
    let types = [(32, true), (32, false), (64, true), (64, false)];
    let (bits, is_signed) = types.into_iter().find(|(bits, is_signed)| {
        let may = if *is_signed {
            !unsigned
        } else {
            unsigned || radix != 10
        };
        let is_long = *bits == 64 || !suffix.contains('l');
        may && is_long && value < 1 << (bits - u32::from(*is_signed))
    })?;
    Some(Num::new(value, bits, is_signed))
}

fn character(typed: &str) -> Option<Num> {
    let mut letters = typed.chars();
    let value = match (letters.next()?, letters.next()) {
        ('\\', Some('0')) => 0,
        ('\\', Some('n')) => 10,
        ('\\', Some('t')) => 9,
        ('\\', Some(it)) => u32::from(it),
        (it, None) => u32::from(it),
        _ => return None,
    };
    Some(Num::int(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Few;

    impl Names for Few {
        fn number(&self, name: &str, depth: usize) -> Option<Num> {
            match name {
                "SEVEN" => Some(Num::int(7)),
                "CIRCLE" => number_at("CIRCLE + 1", self, depth),
                _ => None,
            }
        }

        fn function(&self, name: &str) -> Option<Macro> {
            let (list, body) = match name {
                "BIT" => ("x", "(1UL << x)"),
                "AC" => ("x y", "x##y"),
                "BOTH" => ("a b", "BIT(a) | BIT((b))"),
                "LONG" => ("x", "(AC(x, UL))"),
                _ => return None,
            };
            Some(Macro {
                parameters: Some(list.split(' ').map(str::to_owned).collect()),
                body: body.to_owned(),
            })
        }
    }

    fn value(text: &str) -> Option<i128> {
        number(text, &Few).map(|it| it.value)
    }

    #[test]
    fn expressions_are_calculated_as_c_does() {
        for (text, expected) in [
            ("0x1f", 31),
            ("010", 8),
            ("0L", 0),
            ("1 + 2 * 3", 7),
            ("(1 << 4) | SEVEN", 23),
            ("1 << 31", -0x8000_0000),
            ("1U << 31", 0x8000_0000),
            ("1ULL << 63", 1 << 63),
            ("~0", -1),
            ("~0U", 0xffff_ffff),
            ("~0UL", 0xffff_ffff_ffff_ffff),
            ("(__u32)-1", 0xffff_ffff),
            ("(unsigned char)300", 44),
            ("(__force __u16) 1", 1),
            ("-1 < 0U", 0),
            ("10 - 2 - 3", 5),
            ("7 / 2 % 2", 1),
            ("SEVEN == 7 ? 1 : 2", 1),
            ("!SEVEN || 1 && 0", 0),
            ("'A'", 65),
            ("'\\0'", 0),
            ("sizeof(__u64)", 8),
            ("sizeof(unsigned int)", 4),
            ("0xffffffff", 0xffff_ffff),
            ("4294967296", 1 << 32),
            ("BIT(SEVEN)", 128),
            ("AC(5, UL)", 5),
            ("LONG(1) << 40", 1 << 40),
            ("BOTH(1, 1 + 1)", 6),
            ("1 << 2 + 1", 8),
            ("6 & 3 == 3", 0),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "1 +",
            "(1",
            "NOBODY",
            "CIRCLE",
            "1 / 0",
            "1 << 32",
            "\"text\"",
            "sizeof(struct x)",
            "1 2",
            "BIT(1, 2)",
            "NOTHING(1)",
            "09",
            "0x",
            "1f",
            "BIT(",
            "(struct x) 1",
            "1 ? 2",
            "'ab'",
            ")",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
