// SPDX-License-Identifier: GPL-2.0-or-later
//! Names of interfaces, looked up in this machine's own kernel.

use std::ffi::OsStr;
use std::io;

use nl_user::alternative;
use nl_user::interface::{Interface, Unresolved};

fn index(name: &str) -> Result<u32, Unresolved> {
    Interface::parse(OsStr::new(name)).unwrap().index()
}

#[test]
fn loopback_has_an_index_and_an_unlikely_name_none() {
    assert_eq!(index("lo").unwrap(), 1);
    for name in ["no-such-if-7f", "no-such-alternative-7f"] {
        let error = index(name).unwrap_err();
        assert!(matches!(error, Unresolved::NoSuchName), "{error}");
    }
}

#[test]
fn this_kernel_finds_a_name_of_any_kind_and_misses_an_unlikely_one() {
    assert_eq!(alternative::index(OsStr::new("lo")).unwrap(), 1);
    let error: io::Error = alternative::index(OsStr::new(&"n".repeat(127))).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::ENODEV as i32));
}
