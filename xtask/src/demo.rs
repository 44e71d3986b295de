// SPDX-License-Identifier: GPL-2.0-or-later
//! Stub.
pub(crate) fn task() -> anyhow::Result<()> { Ok(()) }
pub(crate) fn samples() -> anyhow::Result<()> { Ok(()) }
