// SPDX-License-Identifier: GPL-2.0-or-later
//! What the core checks of requests, as statics of the layer's `Policy`.

use std::collections::BTreeSet;

use super::operation::Form;
use super::text::assign;
use super::{Result, comment, put, set_place, unsupported};
use ynl::model::names::{snake, upper};
use ynl::model::{
    AttrKind, AttrSet, Attribute, ByteOrder, Checks, Enum, Family, Scalar, ScalarType, SetId,
};

/// Policies of the sets that requests may nest, then those of the requests.
pub(super) fn policies(out: &mut String, family: &Family, forms: &[Form<'_>]) -> Result {
    let mut nested = Vec::new();
    let mut requests = Vec::new();
    for form in forms {
        let Some((id, names)) = form.request()? else {
            continue;
        };
        let set = &family[id];
        let mut attributes = Vec::new();
        for name in names {
            let Some(attr) = set.by_name(name) else {
                let what = format!("the attribute {name:?}, which its set has not");
                return unsupported(super::operation_place(form.op), what);
            };
            nest_sets(family, attr, &mut nested);
            attributes.push(attr);
        }
        requests.push((form, set, attributes));
    }
    for id in nested {
        let set = &family[id];
        let doc = format!("What is checked of `{}` attributes.", set.name);
        let attributes: Vec<_> = set.attributes.iter().collect();
        policy(out, family, &doc, &set_policy(set), set, &attributes)?;
    }
    for (form, set, attributes) in requests {
        let (name, kind) = (&form.op.name, form.kind.name());
        let doc = format!("What is checked of `{name}` {kind} requests.");
        policy(out, family, &doc, &form.policy(), set, &attributes)?;
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
        AttrKind::Scalar(Scalar {
            width,
            byte_order: ByteOrder::Host,
            ..
        }) => match (width, left.flags_mask.take(), left.max.take()) {
            (ScalarType::U32, None, None) => "Policy::U32".to_owned(),
            (ScalarType::U32, Some(flags), None) => {
                format!("Policy::u32_mask({:#x})", mask(&family[flags], place)?)
            }
            (ScalarType::U8, None, None) => "Policy::U8".to_owned(),
            (ScalarType::U8, None, Some(max)) if u8::try_from(max).is_ok() => {
                format!("Policy::u8_max({max})")
            }
            (ScalarType::S32, None, None) => "Policy::S32".to_owned(),
            _ => return unsupported(place, "an attribute of this type in a request"),
        },
        AttrKind::String => match left.max_len.take().map(u16::try_from) {
            Some(Ok(len)) if len > 0 => format!("Policy::nul_string({len})"),
            _ => return unsupported(place, "a string without a `max-len` from 1 to 65535"),
        },
        AttrKind::Binary { .. } | AttrKind::Struct(_) | AttrKind::Structs(_) => {
            match left.exact_len.take().map(i16::try_from) {
                None => "Policy::BINARY".to_owned(),
                Some(Ok(len)) => format!("Policy::exact_len::<{len}>()"),
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

/// All bits that a request may set.
fn mask(flags: &Enum, place: &str) -> Result<u32> {
    let mut mask = 0;
    for entry in &flags.entries {
        let bit = u32::try_from(entry.value).ok();
        match bit.and_then(|bit| 1_u32.checked_shl(bit)) {
            Some(bit) => mask |= bit,
            None => return unsupported(place, "flags beyond 32 bits"),
        }
    }
    Ok(mask)
}
