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

use super::{Unsupported, banner, put};
use crate::model::names::{camel, snake, upper};
use crate::model::{
    AttrKind, AttrSet, Attribute, ByteOrder, Checks, Enum, Exchange, Family, KernelPolicy,
    Operation, ScalarType, SetId,
};

type Result<T = ()> = std::result::Result<T, Unsupported>;

/// Writes the Rust source for the module that answers `family`.
pub fn emit(family: &Family) -> Result<String> {
    check(family)?;
    let mut operations: Vec<_> = family
        .operations
        .iter()
        .map(Do::new)
        .collect::<Result<_>>()?;
    operations.sort_by_key(|op| op.number);

    let mut out = String::new();
    head(&mut out, family);
    numbers(&mut out, family, &operations)?;
    policies(&mut out, family, &operations)?;
    table(&mut out, &operations);
    Ok(out)
}

/// A do operation, which is all that the layer has so far.
struct Do<'a> {
    op: &'a Operation,
    number: u8,
    exchange: &'a Exchange,
}

impl<'a> Do<'a> {
    fn new(op: &'a Operation) -> Result<Self> {
        let refuse = |what: &str| unsupported(operation_place(op), what);
        if op.is_async() {
            return refuse("notifications or events");
        }
        if op.dump.is_some() {
            return refuse("a dump form");
        }
        if !op.flags.is_empty() {
            return refuse("operations that not everybody may ask for");
        }
        if op.fixed_header.is_some() {
            return refuse("a fixed header");
        }
        let (Some(exchange), Some(number)) = (&op.r#do, op.request_number) else {
            return refuse("an operation without a do form");
        };
        let Ok(number) = u8::try_from(number) else {
            return refuse("numbers of operations beyond 255");
        };
        identifier(&op.name, &operation_place(op))?;
        Ok(Self {
            op,
            number,
            exchange,
        })
    }

    /// The set and the names of the attributes that a request may carry;
    /// `None` if it may carry anything.
    fn request(&self) -> Result<Option<(SetId, &'a [String])>> {
        let attributes = match (&self.exchange.request, &self.exchange.reply) {
            (None, None) => return Ok(None),
            (Some(request), _) => request.attributes.as_slice(),
            (None, Some(_)) => &[],
        };
        match self.op.set {
            Some(set) => Ok(Some((set, attributes))),
            None => unsupported(operation_place(self.op), "an operation without a set"),
        }
    }

    fn policy(&self) -> String {
        format!("{}_DO_POLICY", upper(&self.op.name))
    }

    fn type_name(&self) -> String {
        format!("{}Do", camel(&self.op.name))
    }

    fn handler(&self) -> String {
        format!("{}_doit", snake(&self.op.name))
    }
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

/// A name that makes a Rust identifier in each spelling.
fn identifier(name: &str, place: &str) -> Result {
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    if begins && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Ok(());
    }
    unsupported(place, format!("a name like {name:?}"))
}

/// Names that must differ once they are spelt in Rust.
struct Scope {
    place: String,
    taken: BTreeSet<String>,
}

impl Scope {
    fn new(place: impl Into<String>, taken: &[&str]) -> Self {
        Self {
            place: place.into(),
            taken: taken.iter().copied().map(str::to_owned).collect(),
        }
    }

    fn claim(&mut self, name: &str, spelt: String) -> Result {
        identifier(name, &self.place)?;
        if self.taken.insert(spelt) {
            return Ok(());
        }
        unsupported(&self.place, format!("{name:?}, whose name is taken"))
    }
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
    if !family.groups.is_empty() {
        return unsupported("mcast-groups", "multicast groups");
    }
    if family.operations.is_empty() {
        return unsupported("operations", "a family without operations");
    }
    Ok(())
}

fn head(out: &mut String, family: &Family) {
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

use crate::genl::{{DoOp, ExtAck, GenlInfo, Policy, SplitOp}};
use core::{{ffi::CStr, marker::PhantomData}};

/// Name of the family.
pub(crate) const FAMILY_NAME: &CStr = c\"{}\";

/// Version of the family.
pub(crate) const FAMILY_VERSION: u8 = {};
",
            family.name, family.version
        ),
    );
}

/// A module of numbers for the operations, each set, and each enum that no
/// header of the kernel has.
fn numbers(out: &mut String, family: &Family, operations: &[Do<'_>]) -> Result {
    let mut modules = Scope::new("definitions and attribute-sets", &["cmd"]);

    let mut scope = Scope::new("operations", &[]);
    let mut consts = Vec::new();
    for op in operations {
        let name = upper(&op.op.name);
        scope.claim(&op.op.name, name.clone())?;
        consts.push((op.op.doc.as_str(), name, "u8", i128::from(op.number)));
    }
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

/// Policies of the sets that requests may nest, then those of the requests.
fn policies(out: &mut String, family: &Family, operations: &[Do<'_>]) -> Result {
    let mut nested = Vec::new();
    let mut requests = Vec::new();
    for op in operations {
        let Some((id, names)) = op.request()? else {
            continue;
        };
        let set = &family[id];
        let mut attributes = Vec::new();
        for name in names {
            let Some(attr) = set.by_name(name) else {
                let what = format!("the attribute {name:?}, which its set has not");
                return unsupported(operation_place(op.op), what);
            };
            nest_sets(family, attr, &mut nested);
            attributes.push(attr);
        }
        requests.push((op, set, attributes));
    }
    for id in nested {
        let set = &family[id];
        let doc = format!("What is checked of `{}` attributes.", set.name);
        let attributes: Vec<_> = set.attributes.iter().collect();
        policy(out, family, &doc, &set_policy(set), set, &attributes)?;
    }
    for (op, set, attributes) in requests {
        let doc = format!("What is checked of `{}` do requests.", op.op.name);
        policy(out, family, &doc, &op.policy(), set, &attributes)?;
    }
    Ok(())
}

/// Collects the sets below an attribute, each once, the innermost first. Sets
/// may nest in each other in cycles, and so may statics.
fn nest_sets(family: &Family, attr: &Attribute, found: &mut Vec<SetId>) {
    fn visit(family: &Family, id: SetId, seen: &mut BTreeSet<SetId>, found: &mut Vec<SetId>) {
        if !seen.insert(id) {
            return;
        }
        for attr in &family[id].attributes {
            if let AttrKind::Nest(inner) = attr.kind {
                visit(family, inner, seen, found);
            }
        }
        found.push(id);
    }
    if let AttrKind::Nest(id) = attr.kind {
        let mut seen = found.iter().copied().collect();
        visit(family, id, &mut seen, found);
    }
}

fn set_policy(set: &AttrSet) -> String {
    format!("{}_POLICY", upper(&set.name))
}

/// One static; what is not in `attributes` is refused.
fn policy(
    out: &mut String,
    family: &Family,
    doc: &str,
    name: &str,
    set: &AttrSet,
    attributes: &[&Attribute],
) -> Result {
    let numbers = snake(&set.name);
    let refuse_all = format!("[Policy::REJECT; {numbers}::LEN]");
    let left = format!("static {name}: [Policy; {numbers}::LEN]");
    out.push('\n');
    comment(out, "///", doc);
    let mut entries = Vec::new();
    for attr in attributes {
        let place = format!("{}.attributes[{}]", set_place(set), attr.name);
        if let Some(entry) = attr_policy(family, attr, &place)? {
            entries.push((
                format!("    policy[{numbers}::{} as usize]", upper(&attr.name)),
                entry,
            ));
        }
    }
    if entries.is_empty() {
        assign(out, &left, &refuse_all);
        return Ok(());
    }
    put(out, format_args!("{left} = {{\n"));
    assign(out, "    let mut policy", &refuse_all);
    for (left, right) in entries {
        assign(out, &left, &right);
    }
    out.push_str("    policy\n};\n");
    Ok(())
}

/// The check of one attribute, or `None` for one that requests may not carry.
fn attr_policy(family: &Family, attr: &Attribute, place: &str) -> Result<Option<String>> {
    let mut left = attr.checks.clone();
    let entry = match &attr.kind {
        AttrKind::Unused | AttrKind::Pad => return Ok(None),
        AttrKind::Scalar(scalar)
            if scalar.width == ScalarType::U32 && scalar.byte_order == ByteOrder::Host =>
        {
            "Policy::U32".to_owned()
        }
        AttrKind::String => match left.max_len.take().map(u16::try_from) {
            Some(Ok(len)) if len > 0 => format!("Policy::nul_string({len})"),
            _ => return unsupported(place, "a string without a `max-len` from 1 to 65535"),
        },
        AttrKind::Binary { .. } | AttrKind::Struct(_) => {
            match left.exact_len.take().map(i16::try_from) {
                None => "Policy::BINARY".to_owned(),
                Some(Ok(len)) => format!("Policy::exact_len({len})"),
                Some(Err(_)) => return unsupported(place, "an `exact-len` beyond 32767"),
            }
        }
        AttrKind::Nest(id) => format!("Policy::nested(&{})", set_policy(&family[*id])),
        _ => return unsupported(place, "an attribute of this type in a request"),
    };
    if left != Checks::default() {
        return unsupported(place, "such `checks` of this type");
    }
    Ok(Some(entry))
}

/// The trait of handlers, and the table that is made of it.
fn table(out: &mut String, operations: &[Do<'_>]) {
    out.push_str("\n/// The operations, to be implemented by the module.\n");
    out.push_str("pub(crate) trait Operations {\n");
    for (index, op) in operations.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        comment(out, "    ///", &op.op.doc);
        signature(out, &op.handler(), ";");
    }
    out.push_str("}\n");

    for op in operations {
        let checked = op.exchange != &Exchange::default();
        let policy = if checked {
            format!("Some(&{})", op.policy())
        } else {
            "None".to_owned()
        };
        put(
            out,
            format_args!(
                "
/// The do form of `{name}`{unchecked}.
struct {ty}<T>(PhantomData<T>);

impl<T: Operations> DoOp for {ty}<T> {{
    const CMD: u8 = cmd::{number};
",
                name = op.op.name,
                unchecked = if checked {
                    ""
                } else {
                    ", whose requests are not checked"
                },
                ty = op.type_name(),
                number = upper(&op.op.name),
            ),
        );
        assign(out, "    const POLICY: Option<&'static [Policy]>", &policy);
        out.push('\n');
        signature(out, "doit", " {");
        put(
            out,
            format_args!("        T::{}(info)\n    }}\n}}\n", op.handler()),
        );
    }

    put(
        out,
        format_args!(
            "
/// Length of the table that [`split_ops`] makes.
pub(crate) const N_SPLIT_OPS: usize = {};

/// The table of operations that `T` implements.
pub(crate) const fn split_ops<T: Operations>() -> [SplitOp; N_SPLIT_OPS] {{
    [
        // The core wants them in the order of their numbers.
",
            operations.len()
        ),
    );
    for op in operations {
        put(
            out,
            format_args!("        SplitOp::doit::<{}<T>>(),\n", op.type_name()),
        );
    }
    out.push_str("    ]\n}\n");
}

/// Longest line that rustfmt leaves in one piece.
const WIDTH: usize = 100;

/// `left = right;`, broken behind the sign where one line is too short.
fn assign(out: &mut String, left: &str, right: &str) {
    let line = format!("{left} = {right};");
    if line.len() <= WIDTH {
        put(out, format_args!("{line}\n"));
        return;
    }
    let indent = " ".repeat(left.len() - left.trim_start().len() + 4);
    put(out, format_args!("{left} =\n{indent}{right};\n"));
}

/// The head of a handler in a trait, one step in.
fn signature(out: &mut String, name: &str, end: &str) {
    let (open, argument) = (format!("    fn {name}<'a>("), "info: &'a GenlInfo");
    let close = format!(") -> Result<(), ExtAck<'a>>{end}");
    if open.len() + argument.len() + close.len() <= WIDTH {
        put(out, format_args!("{open}{argument}{close}\n"));
    } else {
        put(
            out,
            format_args!("{open}\n        {argument},\n    {close}\n"),
        );
    }
}

/// The lines of a text, each behind `mark`; nothing for no text.
fn comment(out: &mut String, mark: &str, text: &str) {
    for line in text.trim().lines() {
        let line = line.trim_end();
        let space = if line.is_empty() { "" } else { " " };
        put(out, format_args!("{mark}{space}{line}\n"));
    }
}

#[cfg(test)]
mod tests;
