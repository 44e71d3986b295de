// SPDX-License-Identifier: GPL-2.0-or-later
//! Why a specification was refused, and where.

use std::fmt;
use std::path::PathBuf;

/// A specification that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The file could not be read.
    #[error("could not read '{}'", path.display())]
    Read {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not YAML, or says what a specification may not say.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// One construct that was refused: `FILE:LINE:COLUMN: PATH: MESSAGE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The name of the file, as it was given.
    pub file: String,
    /// Where in the file.
    pub at: Position,
    /// Where in the specification, for example
    /// `attribute-sets[netdev].attributes[flags].enum`; empty where the text
    /// did not parse at all.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.at)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// A place in a text, both numbers counted from 1. Zero means unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl From<serde_saphyr::Location> for Position {
    fn from(location: serde_saphyr::Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}
