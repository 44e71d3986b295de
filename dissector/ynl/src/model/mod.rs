// SPDX-License-Identifier: GPL-2.0-or-later
//! The model of a netlink family, read from its YNL specification.
//!
//! A specification is the YAML in which the kernel describes netlink families
//! (Documentation/userspace-api/netlink/specs.rst in the kernel's source). It
//! is read in two steps: first what was typed, with every unknown key refused;
//! then what it means, with every name looked up, every number assigned and
//! every inherited key filled in. What cannot be understood is an error with
//! file, line, column and path in the specification, never a silent hole.
//!
//! ```
//! use ynl::model::{AttrKind, nl_util};
//!
//! let family = nl_util();
//! let netdev = &family[family.set("netdev").unwrap()];
//! assert_eq!(netdev.by_name("ifindex").unwrap().number, 1);
//! assert_eq!(family.request(1).unwrap().name, "l2-list");
//! ```
//!
//! # Design decisions
//!
//! References are indexes into the family ([`SetId`], [`EnumId`],
//! [`StructId`]), because sets nest in each other in cycles and an index can be
//! copied into any table. Numbers are those on the wire; C names are computed
//! once, here, so that emitters do not disagree on them.

mod error;
mod join;
pub mod names;
mod raw;
mod resolve;
mod types;

use std::path::Path;

pub use error::{Position, Refusal, SpecError};
pub use types::*;

/// The project's own specification, as it was when this was built.
pub const NL_UTIL_YAML: &str = include_str!("../../../../kmod/uapi/nl_util.yaml");

/// Where [`NL_UTIL_YAML`] lies in the source tree.
pub const NL_UTIL_PATH: &str = "kmod/uapi/nl_util.yaml";

/// The built-in family `nl_util`.
///
/// # Panics
///
/// Never in a build whose tests pass: one of them reads the very text that is
/// built in.
pub fn nl_util() -> Family {
    match Family::parse(NL_UTIL_YAML, NL_UTIL_PATH) {
        Ok(family) => family,
        Err(refusal) => panic!("the built-in specification is refused: {refusal}"),
    }
}

impl Family {
    /// Reads a specification from a file.
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let text = std::fs::read_to_string(path).map_err(|source| SpecError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::parse(&text, &path.display().to_string())?)
    }

    /// Reads a specification from a text; `file` is its name in errors.
    pub fn parse(text: &str, file: &str) -> Result<Self, Refusal> {
        let spec = parse_raw(text, file)?;
        resolve::resolve(&spec, file)
    }
}

fn parse_raw(text: &str, file: &str) -> Result<raw::Spec, Refusal> {
    let mut path = String::new();
    // By YAML 1.2, as the kernel's schemas say they are written: `on` and `off`
    // are texts.
    let options = serde_saphyr::options! { strict_booleans: true };
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(yaml, &mut track);
        let spec = <raw::Spec as serde::Deserialize>::deserialize(tracked);
        if spec.is_err() {
            path = track.path().to_string();
        }
        spec
    });
    parsed.map_err(|error| {
        let at = error.location().map(Position::from).unwrap_or_default();
        // The wrapper that keeps a value's place adds a step of its own, and
        // "." or "?" stand for no path at all.
        let path = path.strip_suffix(".value").unwrap_or(&path);
        let path = path.trim_matches(['.', '?']);
        let place = format!(" at line {}, column {}", at.line, at.column);
        let message = error.without_snippet().to_string();
        Refusal {
            file: file.to_owned(),
            at,
            path: path.to_owned(),
            message: message.replacen(&place, "", 1),
        }
    })
}

#[cfg(test)]
mod tests;
