// SPDX-License-Identifier: GPL-2.0-or-later
//! The trait of handlers, and the table that is made of it.

use super::operation::{Form, Kind};
use super::text::{assign, signature};
use super::{Result, comment, put};
use ynl::model::names::upper;

/// What a handler takes, and what it returns.
fn shape(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Do => ("<'a>", "info: &'a GenlInfo", " -> Result<(), ExtAck<'a>>"),
        Kind::Dump => ("", "dump: &mut GenlDump<'_>", " -> Result"),
    }
}

/// Writes the trait, a type for each form, and the table.
pub(super) fn table(out: &mut String, forms: &[Form<'_>]) -> Result {
    out.push_str("\n/// The operations, to be implemented by the module.\n");
    out.push_str("pub(crate) trait Operations {\n");
    for (index, form) in forms.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        comment(out, "    ///", &form.op.doc);
        let (generics, arguments, close) = shape(form.kind);
        let open = format!("{}{generics}", form.handler());
        signature(out, &open, arguments, &format!("{close};"));
    }
    out.push_str("}\n");

    for form in forms {
        implementation(out, form)?;
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
            forms.len()
        ),
    );
    for form in forms {
        let (kind, ty) = (form.kind.name(), form.type_name());
        put(
            out,
            format_args!("        SplitOp::{kind}it::<{ty}<T>>(),\n"),
        );
    }
    out.push_str("    ]\n}\n");
    Ok(())
}

/// The type that stands for a form in the table.
fn implementation(out: &mut String, form: &Form<'_>) -> Result {
    let checked = form.request()?.is_some();
    let policy = if checked {
        format!("Some(&{})", form.policy())
    } else {
        "None".to_owned()
    };
    let (unchecked, layer) = (
        if checked {
            ""
        } else {
            ", whose requests are not checked"
        },
        match form.kind {
            Kind::Do => "DoOp",
            Kind::Dump => "DumpOp",
        },
    );
    put(
        out,
        format_args!(
            "
/// The {kind} form of `{name}`{unchecked}.
struct {ty}<T>(PhantomData<T>);

impl<T: Operations> {layer} for {ty}<T> {{
    const CMD: u8 = cmd::{number};
",
            kind = form.kind.name(),
            name = form.op.name,
            ty = form.type_name(),
            number = upper(&form.op.name),
        ),
    );
    assign(out, "    const POLICY: Option<&'static [Policy]>", &policy);
    out.push('\n');
    let (generics, arguments, close) = shape(form.kind);
    let open = format!("{}it{generics}", form.kind.name());
    signature(out, &open, arguments, &format!("{close} {{"));
    let argument = arguments.split(':').next().unwrap_or_default();
    put(
        out,
        format_args!("        T::{}({argument})\n    }}\n}}\n", form.handler()),
    );
    Ok(())
}
