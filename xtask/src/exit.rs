// SPDX-License-Identifier: GPL-2.0-or-later
//! Exit codes of `cargo xtask`.

use std::process::ExitCode;

/// A failed task.
pub(crate) const FAILED: u8 = 1;
/// What the task needs is not there: packages, a kernel, a guest that lives
/// (`EX_UNAVAILABLE` of sysexits.h).
pub(crate) const UNAVAILABLE: u8 = 69;

/// Marks an error that ends with [`UNAVAILABLE`]: the task itself never ran.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnavailableError(pub(crate) String);

/// Whatever went wrong, the thing asked for never ran.
pub(crate) fn unavailable(err: anyhow::Error, what: &str) -> anyhow::Error {
    match err.downcast::<UnavailableError>() {
        Ok(unavailable) => unavailable.into(),
        Err(err) => UnavailableError(format!("{what}: {err:#}")).into(),
    }
}

/// The exit code that an error stands for.
pub(crate) fn code_of(err: &anyhow::Error) -> ExitCode {
    let unavailable = err.downcast_ref::<UnavailableError>().is_some();
    ExitCode::from(if unavailable { UNAVAILABLE } else { FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ran_is_unavailable_whatever_the_cause() {
        let err = unavailable(anyhow::anyhow!("no folder"), "no guest");
        assert_eq!(err.to_string(), "no guest: no folder");
        assert_eq!(code_of(&err), ExitCode::from(UNAVAILABLE));
        // One that says so itself says enough.
        let err = unavailable(UnavailableError("no kernel".into()).into(), "no guest");
        assert_eq!(err.to_string(), "no kernel");
        assert_eq!(code_of(&anyhow::anyhow!("plain")), ExitCode::from(FAILED));
    }
}
