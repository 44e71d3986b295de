// SPDX-License-Identifier: GPL-2.0-or-later
//! Stub.
pub(crate) fn all(_check: bool) -> anyhow::Result<()> { Ok(()) }
pub(crate) fn dissector() -> anyhow::Result<()> { Ok(()) }
