// SPDX-License-Identifier: GPL-2.0-or-later
//! The uapi header for C programs, with the names that the kernel's own
//! generator gives, and a zero member in front of each enum that names none:
//! clients have long been written with `_UNSPEC`.

use std::fmt::Write;

use super::{Unsupported, banner};
use ynl::model::{AttrSet, ConstantValue, Enum, Family, names::upper};

/// Writes the header of `family`.
pub fn emit(family: &Family) -> Result<String, Unsupported> {
    let mut out = String::from(
        "/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause) */\n",
    );
    let guard = format!("_UAPI_LINUX_{}_H", upper(&family.name));
    line(&mut out, &format!("/* {} */", banner()));
    line(&mut out, &format!("\n#ifndef {guard}\n#define {guard}\n"));
    comment(&mut out, "", &family.doc);
    line(
        &mut out,
        &format!("#define {}\t\"{}\"", family.c_family_name, family.name),
    );
    line(
        &mut out,
        &format!("#define {}\t{}", family.c_version_name, family.version),
    );
    for constant in family
        .constants
        .iter()
        .filter(|it| it.uapi && it.header.is_none())
    {
        let value = match &constant.value {
            ConstantValue::Number(number) => number.to_string(),
            ConstantValue::Text(text) => format!("\"{text}\""),
        };
        line(&mut out, &format!("#define {}\t{value}", constant.c_name));
    }
    for it in family.enums.iter().filter(|it| it.uapi) {
        match &it.header {
            Some(header) => elsewhere(&mut out, &it.name, header),
            None => definition(&mut out, it)?,
        }
    }
    for it in &family.structs {
        match &it.header {
            Some(header) => elsewhere(&mut out, &it.name, header),
            None => {
                let place = format!("definitions[{}]", it.name);
                return unsupported(place, "a struct without a header of its own");
            }
        }
    }
    for set in family.sets.iter().filter(|set| set.subset_of.is_none()) {
        attributes(&mut out, set);
    }
    operations(&mut out, family)?;
    line(&mut out, &format!("\n#endif /* {guard} */"));
    Ok(out)
}

fn unsupported<T>(place: String, what: &str) -> Result<T, Unsupported> {
    Err(Unsupported {
        output: "the C header",
        place,
        what: what.to_owned(),
    })
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn elsewhere(out: &mut String, name: &str, header: &str) {
    line(out, &format!("/* {name}: see <{header}> */"));
}

/// A comment in the kernel's form; `*/` in a text must not end it.
fn comment(out: &mut String, indent: &str, doc: &str) {
    let doc = doc.trim().replace("*/", "* /");
    if doc.is_empty() {
        return;
    }
    if !doc.contains('\n') {
        line(out, &format!("{indent}/* {doc} */"));
        return;
    }
    line(out, &format!("{indent}/*"));
    for text in doc.lines() {
        line(out, format!("{indent} * {text}").trim_end());
    }
    line(out, &format!("{indent} */"));
}

fn opening(name: Option<&String>) -> String {
    name.map_or_else(|| "enum {".to_owned(), |name| format!("enum {name} {{"))
}

fn definition(out: &mut String, it: &Enum) -> Result<(), Unsupported> {
    if it.render_max {
        let place = format!("definitions[{}]", it.name);
        return unsupported(place, "render-max");
    }
    out.push('\n');
    comment(out, "", &it.doc);
    line(out, &opening(it.c_enum_name.as_ref()));
    for entry in &it.entries {
        comment(out, "\t", &entry.doc);
        let value = if it.is_flags {
            format!("1 << {}", entry.value)
        } else {
            entry.value.to_string()
        };
        line(out, &format!("\t{} = {value},", entry.c_name));
    }
    line(out, "};");
    Ok(())
}

/// Names in the order of their numbers, the zero in front of them.
fn members(
    out: &mut String,
    prefix: &str,
    mut all: Vec<(u16, &str, &str)>,
    count: &str,
    max: &str,
) {
    all.sort_by_key(|(number, ..)| *number);
    let mut next = 0;
    if all.first().is_none_or(|(number, ..)| *number != 0) {
        line(out, &format!("\t{prefix}UNSPEC,"));
        next = 1;
    }
    for (number, name, doc) in all {
        comment(out, "\t", doc);
        let value = if number == next {
            String::new()
        } else {
            format!(" = {number}")
        };
        line(out, &format!("\t{name}{value},"));
        next = number.saturating_add(1);
    }
    let _ = writeln!(out, "\n\t{count},\n\t{max} = ({count} - 1)\n}};");
}

fn attributes(out: &mut String, set: &AttrSet) {
    out.push('\n');
    comment(out, "", &set.doc);
    line(out, &opening(set.c_enum_name.as_ref()));
    let all = set
        .attributes
        .iter()
        .map(|it| (it.number, it.c_name.as_str(), it.doc.as_str()));
    members(
        out,
        &set.c_prefix,
        all.collect(),
        &set.c_count_name,
        &set.c_max_name,
    );
}

fn operations(out: &mut String, family: &Family) -> Result<(), Unsupported> {
    let names = &family.operation_names;
    let mut all = Vec::new();
    for it in &family.operations {
        let place = || format!("operations[{}]", it.name);
        if names.separate_async && it.is_async() {
            return unsupported(place(), "an enum of its own for events");
        }
        let (Some(number), true) = (
            it.reply_number.or(it.request_number),
            it.request_number.is_none() || it.request_number == it.reply_number,
        ) else {
            return unsupported(place(), "two numbers for one operation");
        };
        all.push((number, it.c_name.as_str(), it.doc.as_str()));
    }
    line(out, "\n/* Commands. */");
    line(out, &opening(names.c_enum_name.as_ref()));
    members(
        out,
        &names.c_prefix,
        all,
        &names.c_count_name,
        &names.c_max_name,
    );
    for group in &family.groups {
        line(
            out,
            &format!("\n#define {}\t\"{}\"", group.c_name, group.name),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ynl::model::nl_util;

    #[test]
    fn clients_find_every_name_that_they_have_always_used() {
        let text = emit(&nl_util()).unwrap();
        for name in [
            "NL_UTIL_FAMILY_NAME\t\"nl_util\"",
            "NL_UTIL_FAMILY_VERSION\t1",
            "NL_UTIL_A_UNSPEC,",
            "NL_UTIL_A_NETDEV,",
            "NL_UTIL_A_MAX = (__NL_UTIL_A_MAX - 1)",
            "NL_UTIL_NESTED_A_IFMAC,",
            "NL_UTIL_NESTED_A_MAX = (__NL_UTIL_NESTED_A_MAX - 1)",
            "NL_UTIL_C_UNSPEC,",
            "NL_UTIL_C_REPLY_WITH_NLMSG_ERR,",
        ] {
            assert!(text.contains(name), "{name} in\n{text}");
        }
    }

    #[test]
    fn a_doc_cannot_end_its_own_comment() {
        let mut family = nl_util();
        family.doc = "a */ b".into();
        assert!(emit(&family).unwrap().contains("/* a * / b */"));
    }
}
