// SPDX-License-Identifier: GPL-2.0-or-later
//! What a sound kernel never logs. The tests in `xtask/tests/` include this very file.

/// Words of a complaint.
const COMPLAINTS: &[&str] = &[
    "BUG:",
    "kernel BUG at",
    "WARNING:",
    "INFO: rcu",
    "INFO: task",
    "Oops",
    "Call Trace",
    "general protection",
    "Kernel panic",
    "UBSAN:",
    "refcount_t:",
    "ODEBUG:",
    "ref_tracker:",
    "unregister_netdevice: waiting for",
    "panicked at",
];

/// The first complaint in a kernel's log, with the lines that follow it.
pub(crate) fn complaint(log: &str) -> Option<String> {
    let is_complaint = |line: &str| COMPLAINTS.iter().any(|it| line.contains(it));
    let at = log.lines().position(is_complaint)?;
    let lines: Vec<_> = log.lines().skip(at).take(40).collect();
    Some(lines.join("\n"))
}
