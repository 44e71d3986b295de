// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families uapi`: a header's names and numbers as a YNL specification has them,
//! for those who write one. Types are left to them.

use super::{
    source::SourceChoice,
    uapi::{
        Constant, Group, Uapi,
        members::{self, kebab, numbered, without_counters},
    },
};
use anyhow::{Result, ensure};
use clap::ValueEnum;
use std::fmt::Write;

#[derive(clap::Args)]
pub(crate) struct UapiArgs {
    /// A header below include/uapi, such as linux/l2tp.h
    header: String,
    /// Only names that begin with this, which is then the name-prefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// What the names are [default: by their names and numbers]
    #[arg(long = "as", value_name = "WHAT")]
    form: Option<Form>,
    /// Print each name and its number only
    #[arg(long, conflicts_with = "form")]
    list: bool,
    #[command(flatten)]
    source: SourceChoice,
}

/// A part of a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// An attribute set
    Set,
    /// An enum
    Enum,
    /// Flags, whose values are numbers of bits
    Flags,
    /// Operations
    Operations,
}

/// `cargo xtask families uapi`.
pub(crate) fn task(args: &UapiArgs) -> Result<()> {
    let source = args.source.folder()?;
    let uapi = Uapi::of_source(&source)?;
    ensure!(
        uapi.has(&args.header),
        "there is no header {} in {}/include/uapi",
        args.header,
        source.display()
    );
    let groups = groups(&uapi, &args.header, args.prefix.as_deref());
    ensure!(
        !groups.is_empty(),
        "{} has no number of a name that begins with {:?}",
        args.header,
        args.prefix.as_deref().unwrap_or_default()
    );
    for group in &groups {
        if args.list {
            for it in &group.constants {
                println!("{} {}", it.name, it.value.unwrap_or_default());
            }
        } else {
            print!("{}", skeleton(group, args.prefix.as_deref(), args.form));
        }
    }
    Ok(())
}

/// The enums of a header, then runs of macros that begin alike; only names with the prefix,
/// and numbers that are known.
fn groups<'a>(uapi: &'a Uapi, header: &str, prefix: Option<&str>) -> Vec<Group<'a>> {
    let enums = uapi.enums().into_iter().filter(|it| it.header == header);
    let mut groups: Vec<Group<'a>> = enums.collect();
    if let Some(mut defines) = uapi.defines(header) {
        if prefix.is_some() {
            groups.push(defines);
        } else {
            let all = std::mem::take(&mut defines.constants);
            let mut run: Vec<Constant<'a>> = Vec::new();
            for constant in all {
                let alike = |it: &Constant<'_>| head(it.name) == head(constant.name);
                if !run.last().is_none_or(alike) {
                    groups.push(Group {
                        constants: std::mem::take(&mut run),
                        ..defines.clone()
                    });
                }
                run.push(constant);
            }
            defines.constants = run;
            groups.push(defines);
        }
    }
    for group in &mut groups {
        let wanted = |it: &Constant<'_>| prefix.is_none_or(|prefix| it.name.starts_with(prefix));
        group
            .constants
            .retain(|it| it.value.is_some() && wanted(it));
    }
    groups.retain(|it| !it.constants.is_empty());
    groups
}

/// A name without its last word.
fn head(name: &str) -> &str {
    name.rsplit_once('_').map_or("", |(head, _)| head)
}

fn form_of(entries: &[&Constant<'_>]) -> Form {
    let has = |words: &[&str]| {
        entries
            .iter()
            .all(|it| words.iter().any(|word| it.name.contains(word)))
    };
    let values: Vec<i128> = entries.iter().filter_map(|it| it.value).collect();
    let are_bits = values.iter().all(|it| it.count_ones() == 1);
    if are_bits && (values.len() > 2 || values.iter().any(|it| *it > 2)) {
        Form::Flags
    } else if has(&["_CMD_", "_MSG_", "_C_", "RTM_"]) {
        Form::Operations
    } else if has(&[
        "ATTR", "_A_", "NLA_", "IFLA_", "TCA_", "NFTA_", "CTA_", "RTA_", "NDA_",
    ]) {
        Form::Set
    } else {
        Form::Enum
    }
}

fn skeleton(group: &Group<'_>, prefix: Option<&str>, form: Option<Form>) -> String {
    let mut entries = without_counters(&group.constants);
    if entries.is_empty() {
        return String::new();
    }
    let prefix = prefix.map_or_else(|| members::prefix(&group.constants), str::to_owned);
    let form = form.unwrap_or_else(|| form_of(&entries));
    if matches!(form, Form::Set | Form::Operations) {
        entries = numbered(&group.constants);
    }
    let name = match group.tag {
        Some(tag) => kebab(tag),
        None => kebab(prefix.trim_end_matches('_')),
    };
    let mut text = format!("  # {}", group.header);
    let _ = match group.tag {
        Some(tag) => writeln!(text, ", enum {tag}"),
        None => writeln!(text),
    };
    let is_set = matches!(form, Form::Set);
    let (keyword, mut next) = match form {
        Form::Set => ("attributes", 1),
        Form::Enum => ("entries", 0),
        Form::Flags => ("entries", 0),
        Form::Operations => ("list", 1),
    };
    match form {
        Form::Operations => {}
        Form::Set => drop(writeln!(text, "  - name: {name}")),
        Form::Enum => drop(writeln!(text, "  - name: {name}\n    type: enum")),
        Form::Flags => drop(writeln!(text, "  - name: {name}\n    type: flags")),
    }
    let indent = if form == Form::Operations {
        "  "
    } else {
        "    "
    };
    if !prefix.is_empty() {
        let _ = writeln!(text, "{indent}name-prefix: {}", kebab(&prefix));
    }
    let _ = writeln!(text, "{indent}{keyword}:");
    let mut before: Vec<i128> = Vec::new();
    for it in entries {
        let value = it.value.unwrap_or_default();
        if before.contains(&value) {
            let _ = writeln!(text, "{indent}  # {} is {value} too", it.name);
            continue;
        }
        before.push(value);
        let number = match form {
            Form::Flags if value.count_ones() != 1 => {
                let _ = writeln!(text, "{indent}  # {} is {value:#x}: no bit", it.name);
                continue;
            }
            Form::Flags => value.trailing_zeros().into(),
            _ => value,
        };
        let name = kebab(it.name.strip_prefix(prefix.as_str()).unwrap_or(it.name));
        let mut entry = format!("name: {name}");
        if number != next {
            let _ = write!(entry, ", value: {number}");
        }
        next = number + 1;
        match form {
            Form::Operations => entry.push_str(", doc: TODO"),
            _ if is_set => {
                let kind = if name == "pad" { "pad" } else { "binary" };
                let _ = write!(entry, ", type: {kind}");
            }
            _ if !entry.contains(',') => {
                let _ = writeln!(text, "{indent}  - {name}");
                continue;
            }
            _ => {}
        }
        let _ = writeln!(text, "{indent}  - {{{entry}}}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
enum box_attrs { BOX_ATTR_UNSPEC, BOX_ATTR_SIZE, BOX_ATTR_PAD, BOX_ATTR_OLD = 2, BOX_ATTR_LID_KIND = 9,
  __BOX_ATTR_MAX };
#define BOX_ATTR_MAX (__BOX_ATTR_MAX - 1)
enum { BOX_CMD_UNSPEC, BOX_CMD_OPEN, BOX_CMD_SHUT };
enum box_colour { BOX_COLOUR_RED, BOX_COLOUR_BLUE, BOX_COLOUR_GREEN = 7 };
#define BOX_F_ODD 1
#define BOX_F_RED 4
#define BOX_F_ALL 5
#define LID_UP 1
";

    fn shown(prefix: Option<&str>, form: Option<Form>) -> String {
        let uapi = Uapi::of_texts([("linux/box.h".to_owned(), TEXT.to_owned())]);
        let groups = groups(&uapi, "linux/box.h", prefix);
        groups.iter().map(|it| skeleton(it, prefix, form)).collect()
    }

    #[test]
    fn each_part_of_a_header_becomes_a_part_of_a_specification() {
        assert_eq!(
            shown(None, None),
            "  # linux/box.h, enum box_attrs
  - name: box-attrs
    name-prefix: box-attr-
    attributes:
      - {name: size, type: binary}
      - {name: pad, type: pad}
      # BOX_ATTR_OLD is 2 too
      - {name: lid-kind, value: 9, type: binary}
  # linux/box.h
  name-prefix: box-cmd-
  list:
    - {name: open, doc: TODO}
    - {name: shut, doc: TODO}
  # linux/box.h, enum box_colour
  - name: box-colour
    type: enum
    name-prefix: box-colour-
    entries:
      - red
      - blue
      - {name: green, value: 7}
  # linux/box.h
  - name: box-f
    type: enum
    name-prefix: box-f-
    entries:
      - {name: odd, value: 1}
      - {name: red, value: 4}
      - all
  # linux/box.h
  - name: lid
    type: enum
    name-prefix: lid-
    entries:
      - {name: up, value: 1}
"
        );
    }

    #[test]
    fn a_prefix_chooses_names_and_a_form_can_be_said() {
        assert_eq!(
            shown(Some("BOX_F_"), Some(Form::Flags)),
            "  # linux/box.h
  - name: box-f
    type: flags
    name-prefix: box-f-
    entries:
      - odd
      - {name: red, value: 2}
      # BOX_F_ALL is 0x5: no bit
"
        );
    }

    #[test]
    fn what_is_written_is_a_specification() {
        let set = shown(Some("BOX_ATTR_"), Some(Form::Set));
        let operations = shown(Some("BOX_CMD_"), None);
        let colours = shown(Some("BOX_COLOUR_"), None);
        let spec = format!(
            "name: box\ndoc: Made up.\nprotocol: genetlink-legacy\ndefinitions:\n{colours}\
             attribute-sets:\n{set}operations:\n{operations}"
        );
        let family = ynl::model::Family::parse(&spec, "box.yaml")
            .unwrap_or_else(|err| panic!("{err}\n{spec}"));
        let attributes: Vec<_> = (family.sets[0].attributes.iter())
            .map(|it| (it.c_name.as_str(), it.number))
            .collect();
        let expected = [
            ("BOX_ATTR_SIZE", 1),
            ("BOX_ATTR_PAD", 2),
            ("BOX_ATTR_LID_KIND", 9),
        ];
        assert_eq!(attributes, expected);
        assert_eq!(family.request(2).unwrap().c_name, "BOX_CMD_SHUT");
        assert_eq!(
            family.enums[0].by_value(7).unwrap().c_name,
            "BOX_COLOUR_GREEN"
        );
    }
}
