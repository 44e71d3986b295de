// SPDX-License-Identifier: GPL-2.0-or-later
//! The protocol for the kernel module: numbers, policies, and the table of
//! operations behind a trait, so that a handler that is missing does not
//! compile.
//!
//! The text stands on the module's safe layer (`kmod/genl.rs`) and contains no
//! `unsafe`. It is laid out as rustfmt would. What the layer has no policy or
//! no table entry for is an error: a hole here would be an unchecked attribute
//! in the kernel.
//!
//! # Design decisions
//!
//! What a request may carry follows the specification alone:
//! - `request` lists attributes: these are checked by type and `checks`, all
//!   others are refused;
//! - only `reply` is there: every attribute is refused;
//! - neither is there (`do: {}`): the operation says nothing of its messages,
//!   and nothing is checked, as with the kernel's own generator.
//!
//! The values of an enum are not checked: a number without a name is none of
//! the core's business.

use std::collections::BTreeSet;

mod operation;
mod policy;
mod table;
mod text;

use super::{Unsupported, banner, comment, put};
use operation::{Form, Kind, forms, number};
use text::{Scope, array, assign, identifier};
use ynl::model::names::{snake, upper};
use ynl::model::{AttrSet, Enum, Family, KernelPolicy, Operation};

type Result<T = ()> = std::result::Result<T, Unsupported>;

/// Writes the Rust source for the module that answers `family`.
pub fn emit(family: &Family) -> Result<String> {
    check(family)?;
    let forms = forms(family)?;
    let mut out = String::new();
    head(&mut out, family, &forms);
    numbers(&mut out, family)?;
    groups(&mut out, family)?;
    policy::policies(&mut out, family, &forms)?;
    table::table(&mut out, &forms)?;
    Ok(out)
}

fn unsupported<T>(place: impl Into<String>, what: impl Into<String>) -> Result<T> {
    Err(Unsupported {
        output: "the kernel module",
        place: place.into(),
        what: what.into(),
    })
}

fn operation_place(op: &Operation) -> String {
    format!("operations[{}]", op.name)
}

fn set_place(set: &AttrSet) -> String {
    format!("attribute-sets[{}]", set.name)
}

/// Refuses what concerns the family as a whole.
fn check(family: &Family) -> Result {
    if !family.protocol.is_generic() {
        return unsupported("protocol", "a protocol other than generic netlink");
    }
    if family.kernel_policy != KernelPolicy::Split {
        return unsupported("kernel-policy", "a policy that operations share");
    }
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if !family.name.chars().all(is_plain) {
        return unsupported("name", format!("a name like {:?}", family.name));
    }
    if let Some(constant) = family.constants.iter().find(|it| it.header.is_none()) {
        let place = format!("definitions[{}]", constant.name);
        return unsupported(place, "a constant of its own");
    }
    if let Some(structure) = family.structs.iter().find(|it| it.header.is_none()) {
        let place = format!("definitions[{}]", structure.name);
        return unsupported(place, "a struct of its own");
    }
    if !family.sub_messages.is_empty() {
        return unsupported("sub-messages", "sub-messages");
    }
    for group in &family.groups {
        let place = format!("mcast-groups[{}]", group.name);
        identifier(&group.name, &place)?;
        if !group.flags.is_empty() {
            return unsupported(place, "groups that not everybody may join");
        }
        // `GENL_NAMSIZ`, with the NUL.
        if group.name.len() >= 16 {
            return unsupported(place, "names of groups beyond 15 bytes");
        }
    }
    if family.operations.is_empty() {
        return unsupported("operations", "a family without operations");
    }
    Ok(())
}

fn head(out: &mut String, family: &Family, forms: &[Form<'_>]) {
    let mut layer = BTreeSet::from(["Policy", "SplitOp"]);
    for form in forms {
        layer.extend(match form.kind {
            Kind::Do => ["DoOp", "ExtAck", "GenlInfo"].as_slice(),
            Kind::Dump => &["DumpOp", "GenlDump"],
        });
    }
    if !family.groups.is_empty() {
        layer.insert("MulticastGroup");
    }
    let layer: Vec<_> = layer.into_iter().collect();
    let prelude = if forms.iter().any(|form| form.kind == Kind::Dump) {
        "use kernel::prelude::*;\n"
    } else {
        ""
    };
    put(
        out,
        format_args!(
            "// SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause)\n\
             // {}\n\n",
            banner()
        ),
    );
    comment(out, "//!", &family.doc);
    put(
        out,
        format_args!(
            "
// The protocol in full: a module need not use all of it.
#![allow(dead_code)]

use crate::genl::{{{}}};
use core::{{ffi::CStr, marker::PhantomData}};
{prelude}
/// Name of the family.
pub(crate) const FAMILY_NAME: &CStr = c\"{}\";

/// Version of the family.
pub(crate) const FAMILY_VERSION: u8 = {};
",
            layer.join(", "),
            family.name,
            family.version
        ),
    );
}

/// A module of numbers for the operations, each set, and each enum that no
/// header of the kernel has.
fn numbers(out: &mut String, family: &Family) -> Result {
    let mut modules = Scope::new("definitions and attribute-sets", &["cmd", "group"]);

    let mut scope = Scope::new("operations", &[]);
    let mut consts = Vec::new();
    for op in &family.operations {
        let name = upper(&op.name);
        scope.claim(&op.name, name.clone())?;
        consts.push((op.doc.as_str(), name, "u8", i128::from(number(op)?)));
    }
    consts.sort_by_key(|(.., number)| *number);
    module(out, "Numbers of the operations.", "cmd", &consts);

    for set in &family.sets {
        let name = snake(&set.name);
        modules.claim(&set.name, name.clone())?;
        let mut scope = Scope::new(set_place(set), &["LEN"]);
        let mut consts = Vec::new();
        for attr in &set.attributes {
            let name = upper(&attr.name);
            scope.claim(&attr.name, name.clone())?;
            consts.push((attr.doc.as_str(), name, "u16", i128::from(attr.number)));
        }
        let len = i128::from(set.max_number()) + 1;
        let doc = "One more than the highest number.";
        consts.push((doc, "LEN".to_owned(), "usize", len));
        module(out, &set.doc, &name, &consts);
    }

    for it in family.enums.iter().filter(|it| it.header.is_none()) {
        let name = snake(&it.name);
        let place = format!("definitions[{}]", it.name);
        modules.claim(&it.name, name.clone())?;
        module(out, &it.doc, &name, &enum_consts(it, &place)?);
    }
    Ok(())
}

/// Doc, name, type and value.
type Const<'a> = (&'a str, String, &'static str, i128);

fn enum_consts<'a>(it: &'a Enum, place: &str) -> Result<Vec<Const<'a>>> {
    let mut scope = Scope::new(place, &[]);
    let mut consts = Vec::new();
    for entry in &it.entries {
        let value = u32::try_from(entry.value).ok();
        let value = match value {
            Some(bit) if it.is_flags => 1u32.checked_shl(bit),
            value => value,
        };
        let Some(value) = value else {
            return unsupported(
                format!("{place}.entries[{}]", entry.name),
                "values beyond u32",
            );
        };
        let name = upper(&entry.name);
        scope.claim(&entry.name, name.clone())?;
        consts.push((entry.doc.as_str(), name, "u32", i128::from(value)));
    }
    Ok(consts)
}

fn module(out: &mut String, doc: &str, name: &str, consts: &[Const<'_>]) {
    out.push('\n');
    comment(out, "///", doc);
    put(out, format_args!("pub(crate) mod {name} {{\n"));
    for (index, (doc, name, ty, value)) in consts.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        comment(out, "    ///", doc);
        assign(
            out,
            &format!("    pub(crate) const {name}: {ty}"),
            &value.to_string(),
        );
    }
    out.push_str("}\n");
}

/// The groups by their index, which is what the core knows them by, and the
/// table of their names.
fn groups(out: &mut String, family: &Family) -> Result {
    if family.groups.is_empty() {
        return Ok(());
    }
    let mut scope = Scope::new("mcast-groups", &[]);
    let mut consts = Vec::new();
    for (index, group) in (0..).zip(&family.groups) {
        let name = upper(&group.name);
        scope.claim(&group.name, name.clone())?;
        consts.push(("", name, "u32", index));
    }
    let doc = "Multicast groups, by their places in [`MCAST_GROUPS`].";
    module(out, doc, "group", &consts);
    out.push_str("\n/// The table of multicast groups.\n");
    let entries = family.groups.iter();
    let entries = entries.map(|group| format!("MulticastGroup::const_new(c\"{}\")", group.name));
    let left = format!(
        "pub(crate) static MCAST_GROUPS: [MulticastGroup; {}]",
        family.groups.len()
    );
    array(out, &left, &entries.collect::<Vec<_>>());
    Ok(())
}

#[cfg(test)]
mod tests;
