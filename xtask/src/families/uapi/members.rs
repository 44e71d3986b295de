// SPDX-License-Identifier: GPL-2.0-or-later
//! Which constants of an enum mean something, and which count the others.

use super::Constant;

/// The constants without those that count: `__X_MAX` and what stands behind it, names that
/// begin with `__`, a last `X_MAX`.
pub(crate) fn without_counters<'c, 'a>(constants: &'c [Constant<'a>]) -> Vec<&'c Constant<'a>> {
    let ends = ["_MAX", "_CNT", "_COUNT", "_NUM", "_LAST"];
    let counts = |it: &&Constant<'_>| {
        it.name.starts_with("__") && ends.iter().any(|end| it.name.ends_with(end))
    };
    let end = constants.iter().position(|it| counts(&it));
    let mut kept: Vec<_> = constants[..end.unwrap_or(constants.len())].iter().collect();
    kept.retain(|it| !it.name.starts_with("__") && !it.name.starts_with("NUM_"));
    if kept.last().is_some_and(|it| it.name.ends_with("_MAX")) {
        kept.pop();
    }
    kept
}

/// [`without_counters`], and without a first one that means nothing, as 0 does where
/// attributes or messages are counted from 1.
pub(crate) fn numbered<'c, 'a>(constants: &'c [Constant<'a>]) -> Vec<&'c Constant<'a>> {
    let mut kept = without_counters(constants);
    let first = kept.first().copied();
    let is_nothing = |it: &Constant<'_>| {
        let words = ["UNSPEC", "UNSPECIFIED", "INVALID", "NONE"];
        // One may count on from another enum.
        let begins = it.value == Some(0) || first == Some(it) && !it.name.ends_with("NONE");
        begins && words.iter().any(|word| it.name.ends_with(word))
    };
    kept.retain(|it| !is_nothing(it));
    kept
}

/// What the names of attributes or messages begin with: what counts them says it, else their
/// names.
pub(crate) fn prefix(constants: &[Constant<'_>]) -> String {
    let names: Vec<_> = numbered(constants).iter().map(|it| it.name).collect();
    let counter = constants.iter().find_map(|it| {
        let inner = it.name.strip_prefix("__")?;
        let ends = ["MAX", "CNT", "AFTER_LAST"];
        let prefix = ends.iter().find_map(|end| inner.strip_suffix(end))?;
        names
            .iter()
            .all(|it| it.starts_with(prefix))
            .then(|| prefix.to_owned())
    });
    counter.unwrap_or_else(|| {
        let all = without_counters(constants);
        common_prefix(&all.iter().map(|it| it.name).collect::<Vec<_>>()).to_owned()
    })
}

/// What names of C begin with in common, up to a `_`; of one name all but its last word.
pub(crate) fn common_prefix<'a>(names: &[&'a str]) -> &'a str {
    let Some(first) = names.first() else {
        return "";
    };
    let mut length = first.len();
    for name in names {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        length = length.min(same.count());
    }
    let cut = first[..length].rfind('_').map_or(0, |it| it + 1);
    match names {
        [only] => only.rfind('_').map_or("", |it| &only[..=it]),
        _ => &first[..cut],
    }
}

/// A name of C as a specification has it.
pub(crate) fn kebab(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<String> {
        let all: Vec<_> = (names.iter().zip(0..))
            .map(|(name, value)| Constant {
                name,
                value: Some(value),
            })
            .collect();
        numbered(&all).iter().map(|it| it.name.to_owned()).collect()
    }

    #[test]
    fn what_names_begin_with_is_what_their_counter_says() {
        let all = |names: &[&'static str]| -> Vec<Constant<'static>> {
            let constant = |(name, value): (&&'static str, i128)| Constant {
                name,
                value: Some(value),
            };
            names.iter().zip(0..).map(constant).collect()
        };
        assert_eq!(prefix(&all(&["A_UNSPEC", "A_LID_X", "__A_MAX"])), "A_");
        assert_eq!(prefix(&all(&["A_LID_X", "A_LID_Y", "__B_MAX"])), "A_LID_");
        assert_eq!(prefix(&all(&["A_LID_X"])), "A_LID_");
        assert_eq!(prefix(&all(&[])), "");
    }

    #[test]
    fn what_counts_the_others_is_none_of_them() {
        assert_eq!(
            kept(&["A_UNSPEC", "A_X_CNT", "A_MAX_Y", "__A_MAX", "A_MAX"]),
            ["A_X_CNT", "A_MAX_Y"]
        );
        assert_eq!(
            kept(&["__B_INVALID", "B_X", "__B_AFTER_LAST", "NUM_B", "B_MAX"]),
            ["B_X"]
        );
        assert_eq!(kept(&["C_X", "C_MAX"]), ["C_X"]);
        assert_eq!(kept(&["D_X", "D_COUNT"]), ["D_X", "D_COUNT"]);
        assert_eq!(kept(&["E_X", "E_NONE"]), ["E_X", "E_NONE"]);
        assert_eq!(kept(&[]), [""; 0]);
    }
}
