// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families check`: every number in our specifications is that of the kernel's
//! headers.
//!
//! What has a C name there is compared: attributes, operations, constants, and entries of
//! enums and flags; of what has no `name-prefix` only where the name that YNL computes is one
//! of a header. A name that no header has is no error, for the header may be an old one. It
//! is listed, unless its line, or the line of its set or enum, says `# not in uapi`.

use super::{
    source::{self, SourceChoice},
    specs::{self, Spec},
    uapi::{self, Uapi},
};
use crate::{kernel::Kernel, paths};
use anyhow::{Result, ensure};
use std::path::PathBuf;
use ynl::model::{ConstantValue, Enum, Protocol, names::upper};

#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    source: SourceChoice,
}

/// Of our own family, which is none of the kernel's.
const OWN_HEADER: &str = "kmod/uapi/nl_util.h";

/// What says that a name stands in no uapi header.
const MARK: &str = "# not in uapi";

/// The protocol whose messages have their subsystem in the upper byte of their number.
const NETFILTER: Protocol = Protocol::Raw { number: 12 };

/// `cargo xtask families check`.
pub(crate) fn task(args: &CheckArgs) -> Result<()> {
    let ours = specs::ours()?;
    let mut wrong = 0;
    for folder in folders(args)? {
        let mut uapi = Uapi::of_source(&folder)?;
        let own = paths::root().join(OWN_HEADER);
        uapi.add(OWN_HEADER.to_owned(), &uapi::read(&own)?);
        let mut found = Findings::default();
        for spec in &ours {
            found.compare(spec, &uapi);
        }
        println!(
            "Linux {}: {} numbers compared, {} wrong, {} names not there, {} without a C name",
            source::version(&folder)?,
            found.compared,
            found.wrong.len(),
            found.absent.len(),
            found.nameless
        );
        for line in found.wrong.iter().chain(&found.absent) {
            println!("  {line}");
        }
        wrong += found.wrong.len();
    }
    ensure!(
        wrong == 0,
        "{wrong} numbers are not those of the kernel's headers"
    );
    Ok(())
}

/// The source that was asked for; else that of the guest's kernel, and that of the newest
/// where the cache has it.
fn folders(args: &CheckArgs) -> Result<Vec<PathBuf>> {
    if args.source.is_given() {
        return Ok(vec![args.source.folder()?]);
    }
    let mut folders = vec![Kernel::named("default")?.unpacked()?];
    folders.extend(Kernel::named("newest")?.cached_source());
    Ok(folders)
}

/// What came out of a comparison.
#[derive(Debug, Default)]
struct Findings {
    compared: usize,
    /// Numbers that the headers have otherwise.
    wrong: Vec<String>,
    /// C names that no header has.
    absent: Vec<String>,
    /// How many have no C name.
    nameless: usize,
}

/// A name of a specification with its number.
struct Named<'a> {
    /// The set or the enum it is in, or what it is.
    place: &'a str,
    name: &'a str,
    c_name: &'a str,
    /// What YNL puts before names where the specification says nothing.
    unsaid: String,
    number: i128,
}

impl Findings {
    fn compare(&mut self, spec: &Spec, uapi: &Uapi) {
        let family = &spec.family;
        let marks = marks(&spec.text);
        let ident = &family.name;
        for set in family.sets.iter().filter(|it| it.subset_of.is_none()) {
            let unsaid = match set.name == *ident {
                true => format!("{ident}-a-"),
                false => format!("{ident}-a-{}-", set.name),
            };
            for it in &set.attributes {
                let named = Named {
                    place: &set.name,
                    name: &it.name,
                    c_name: &it.c_name,
                    unsaid: upper(&unsaid),
                    number: it.number.into(),
                };
                self.one(&named, spec, &marks, uapi, |theirs| theirs == named.number);
            }
        }
        for it in &family.enums {
            self.entries(it, spec, &marks, uapi);
        }
        for it in &family.operations {
            let Some(number) = it.request_number.or(it.reply_number) else {
                continue;
            };
            let low = family.protocol == NETFILTER;
            let named = Named {
                place: "operations",
                name: &it.name,
                c_name: &it.c_name,
                unsaid: upper(&format!("{ident}-cmd-")),
                number: (if low { number & 0xff } else { number }).into(),
            };
            self.one(&named, spec, &marks, uapi, |theirs| theirs == named.number);
        }
        for it in &family.constants {
            let ConstantValue::Number(number) = it.value else {
                continue;
            };
            let named = Named {
                place: "definitions",
                name: &it.name,
                c_name: &it.c_name,
                unsaid: upper(&format!("{ident}-")),
                number,
            };
            self.one(&named, spec, &marks, uapi, |theirs| theirs == number);
        }
    }

    fn entries(&mut self, it: &Enum, spec: &Spec, marks: &[Mark<'_>], uapi: &Uapi) {
        // Headers have some flags as masks, some as numbers of bits: all of one kind.
        let are_numbers = it.is_flags
            && it.entries.iter().all(|entry| {
                let theirs = uapi.numbers(&entry.c_name);
                theirs.is_empty() || theirs.iter().any(|(_, it)| *it == entry.value.into())
            });
        for entry in &it.entries {
            let named = Named {
                place: &it.name,
                name: &entry.name,
                c_name: &entry.c_name,
                unsaid: upper(&format!("{}-{}-", spec.family.name, it.name)),
                number: match it.is_flags && !are_numbers {
                    true => 1 << entry.value,
                    false => entry.value.into(),
                },
            };
            // -1 may stand there as the greatest number of 32 or 64 bits.
            let same = |theirs: i128| {
                [!0, 0xffff_ffff, 0xffff_ffff_ffff_ffff]
                    .iter()
                    .any(|mask| theirs == named.number & mask)
            };
            self.one(&named, spec, marks, uapi, same);
        }
    }

    fn one(
        &mut self,
        named: &Named<'_>,
        spec: &Spec,
        marks: &[Mark<'_>],
        uapi: &Uapi,
        is_right: impl Fn(i128) -> bool,
    ) {
        let theirs = uapi.numbers(named.c_name);
        let Named {
            place,
            name,
            c_name,
            number,
            ..
        } = named;
        let Some((header, other)) = theirs.first() else {
            let is_marked =
                (marks.iter()).any(|it| it.block == *place && it.name.is_none_or(|it| it == *name));
            if *c_name == format!("{}{}", named.unsaid, upper(name)) {
                self.nameless += 1;
            } else if !is_marked {
                let file = &spec.file;
                self.absent
                    .push(format!("{file}: {place}.{name}: no header has {c_name}"));
            }
            return;
        };
        self.compared += 1;
        if !theirs.iter().any(|(_, it)| is_right(*it)) {
            self.wrong.push(format!(
                "{}: {place}.{name}: {c_name} is {number} here, {other} in {header}",
                spec.file
            ));
        }
    }
}

/// A line that says [`MARK`].
struct Mark<'a> {
    /// The set or the enum.
    block: &'a str,
    /// The name in it; `None` where all of it is meant.
    name: Option<&'a str>,
}

fn marks(text: &str) -> Vec<Mark<'_>> {
    let mut marks = Vec::new();
    let mut block = "";
    for line in text.lines() {
        let inner = line.trim_start();
        let is_section = inner.len() == line.len() && !inner.starts_with(['#', '-']);
        if is_section {
            block = inner.split(':').next().unwrap_or_default();
        }
        // Items of sections: YAML lets them stand two spaces in, or none.
        let is_block = line.len() - inner.len() <= 2 && inner.starts_with("- name:");
        if is_block {
            block = name_of(inner).unwrap_or_default();
        }
        if line.contains(MARK) {
            let name = name_of(inner).filter(|_| !is_block && !is_section);
            marks.push(Mark { block, name });
        }
    }
    marks
}

/// The name that a line gives something: behind `name:`, or an item that is a name alone.
fn name_of(line: &str) -> Option<&str> {
    let rest = match line.split_once("name:") {
        Some((_, rest)) => rest,
        None => line.strip_prefix("- ")?,
    };
    let rest = rest.trim_start();
    rest.split([',', '}', ' ', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::{super::specs::Origin, *};
    use ynl::model::Family;

    const SPEC: &str = "
name: box
doc: Made up.
protocol: genetlink-legacy
definitions:
  - name: colour
    type: flags
    name-prefix: box-f-
    entries: [red, blue]
  - name: mood
    type: enum
    entries: [glad]
  - name: side
    type: enum
    name-prefix: box-side-
    entries: [{name: left, value: -1}, right]
attribute-sets:
  - name: lid
    name-prefix: box-a-
    attributes:
      - {name: size, type: u32}
      - {name: kind, type: u32}
      - {name: new, type: u32}
      - {name: own, type: u32} # not in uapi
  - name: own # not in uapi
    name-prefix: nowhere-
    attributes: [{name: size, type: u32}]
  - name: unsaid
    attributes: [{name: size, type: u32}]
operations:
  name-prefix: box-cmd-
  list:
    - {name: open, doc: x}
    - {name: shut, doc: x}
";

    fn found(header: &str) -> Findings {
        let spec = Spec {
            origin: Origin::Ours,
            file: "box.yaml".into(),
            text: SPEC.into(),
            family: Family::parse(SPEC, "box.yaml").unwrap_or_else(|err| panic!("{err}")),
        };
        let uapi = Uapi::of_texts([("linux/box.h".to_owned(), header.to_owned())]);
        let mut found = Findings::default();
        found.compare(&spec, &uapi);
        found
    }

    #[test]
    fn numbers_that_agree_are_compared_and_what_no_header_has_is_listed() {
        let found = found(
            "enum { BOX_A_UNSPEC, BOX_A_SIZE, BOX_A_KIND };
             enum { BOX_F_RED = 1, BOX_F_BLUE = 2, BOX_SIDE_LEFT = 0xffffffff, BOX_SIDE_RIGHT = 0 };
             enum { BOX_CMD_UNSPEC, BOX_CMD_OPEN, BOX_CMD_SHUT };",
        );
        assert_eq!(found.wrong, [""; 0]);
        assert_eq!(found.absent, ["box.yaml: lid.new: no header has BOX_A_NEW"]);
        assert_eq!((found.compared, found.nameless), (8, 2));
    }

    #[test]
    fn a_number_that_is_another_in_the_header_is_wrong() {
        let found = found(
            "enum { BOX_A_SIZE = 1, BOX_A_KIND = 7, BOX_A_NEW = 3, BOX_F_RED = 1, BOX_F_BLUE = 4,
               BOX_CMD_OPEN = 1, BOX_CMD_SHUT = 3, BOX_MOOD_GLAD = 1 };",
        );
        assert_eq!(
            found.wrong,
            [
                "box.yaml: lid.kind: BOX_A_KIND is 2 here, 7 in linux/box.h",
                "box.yaml: colour.blue: BOX_F_BLUE is 2 here, 4 in linux/box.h",
                "box.yaml: mood.glad: BOX_MOOD_GLAD is 0 here, 1 in linux/box.h",
                "box.yaml: operations.shut: BOX_CMD_SHUT is 2 here, 3 in linux/box.h",
            ]
        );
    }

    #[test]
    fn flags_that_a_header_has_as_numbers_of_bits_are_compared_so() {
        let found = found("enum { BOX_F_RED, BOX_F_BLUE };");
        assert_eq!(found.wrong, [""; 0]);
    }
}
