// SPDX-License-Identifier: GPL-2.0-or-later
//! What is known of netlink's flags, for the runtime.

use std::fmt::Write;

use super::tables::quote;
use ynl::decode::flags::{LETTERS, NAMES, SOCK_DESTROY};

/// Appends `nl.flag_tables`: the flags' names, and what messages do by their numbers.
pub(super) fn write(out: &mut String) {
    out.push_str("\n\tnl.flag_tables = {\n\t\tnames = {\n");
    for (what, names) in NAMES {
        let _ = write!(out, "\t\t\t{what} = {{");
        for (bits, name) in *names {
            let _ = write!(out, " {{ {bits:#x}, {} }},", quote(name));
        }
        out.push_str(" },\n");
    }
    let text = |letters: &[u8]| quote(&String::from_utf8_lossy(letters));
    let _ = writeln!(out, "\t\t}},\n\t\troute = {},", text(LETTERS.route));
    let _ = writeln!(out, "\t\txfrm = {},", text(LETTERS.xfrm));
    let _ = writeln!(out, "\t\tcrypto = {},", text(LETTERS.crypto));
    out.push_str("\t\tnetfilter = {\n");
    for (subsystem, letters) in LETTERS.netfilter {
        let _ = writeln!(out, "\t\t\t[{subsystem}] = {},", text(letters));
    }
    let _ = writeln!(out, "\t\t}},\n\t\tsock_destroy = {SOCK_DESTROY},\n\t}}");
}
