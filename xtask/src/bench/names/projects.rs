// SPDX-License-Identifier: GPL-2.0-or-later
//! The projects whose tests have netlink messages, in the versions that are read.

use super::{
    dump,
    fetch::{self, From},
    message::Message,
    rules::{self, ETHTOOL, NL80211, Rule},
    strace,
};
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// Protocols, of linux/netlink.h.
const ROUTE: u8 = 0;
const SOCK_DIAG: u8 = 4;
const XFRM: u8 = 6;
const AUDIT: u8 = 9;
const NETFILTER: u8 = 12;
const GENERIC: u8 = 16;

/// The least bytes of an array that may be a message.
const LEAST: usize = 16;

/// A project whose tests have netlink messages.
pub(super) struct Project {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    from: From,
    /// The generic families whose numbers the messages have.
    pub(super) families: &'static [(&'static str, u16)],
    tests: Tests,
}

/// What a project's tests are.
enum Tests {
    /// Arrays in files that end so, of this protocol.
    Arrays(&'static str, u8, Rule),
    Dumps,
    Programs,
}

const fn of_crate(
    name: &'static str,
    version: &'static str,
    protocol: u8,
    families: &'static [(&'static str, u16)],
    rule: Rule,
) -> Project {
    Project {
        name,
        version,
        from: From::Crate,
        families,
        tests: Tests::Arrays(".rs", protocol, rule),
    }
}

/// All of them.
pub(super) static PROJECTS: [Project; 10] = [
    of_crate("netlink-packet-route", "0.34.0", ROUTE, &[], rules::route),
    of_crate("netlink-packet-xfrm", "0.5.0", XFRM, &[], rules::xfrm),
    of_crate(
        "netlink-packet-netfilter",
        "0.4.0",
        NETFILTER,
        &[],
        rules::netfilter,
    ),
    of_crate("netlink-packet-audit", "0.7.0", AUDIT, &[], rules::audit),
    of_crate(
        "netlink-packet-sock-diag",
        "0.5.0",
        SOCK_DIAG,
        &[],
        rules::sock_diag,
    ),
    of_crate(
        "wl-nl80211",
        "0.8.0",
        GENERIC,
        &[("nl80211", NL80211)],
        rules::nl80211,
    ),
    of_crate(
        "ethtool",
        "0.3.0",
        GENERIC,
        &[("ethtool", ETHTOOL)],
        rules::ethtool,
    ),
    Project {
        name: "pyroute2",
        version: "0.9.7",
        from: From::Python,
        families: &[("nl80211", NL80211)],
        tests: Tests::Dumps,
    },
    Project {
        name: "jsimonetti-rtnetlink",
        version: "1.3.0",
        from: From::Debian {
            path: "g/golang-github-jsimonetti-rtnetlink/golang-github-jsimonetti-rtnetlink-dev_1.3.0-1_all.deb",
            sha256: "3d6f9576465d5f662145084b66d00d9ceb493b5c8e0a77731551e2705426d2de",
        },
        families: &[],
        tests: Tests::Arrays("_test.go", ROUTE, rules::jsimonetti),
    },
    Project {
        name: "strace",
        version: "6.1",
        from: From::Debian {
            path: "s/strace/strace_6.1.orig.tar.xz",
            sha256: "2579e9cec37dbb786f6ea0bebd15f40dd561ef2bde2a2a2ecdce5963b01859fd",
        },
        families: &[],
        tests: Tests::Programs,
    },
];

impl Project {
    /// The messages of its tests, and how many byte arrays, files or calls are none.
    pub(super) fn messages(&self) -> Result<(Vec<Message>, usize)> {
        let more = match self.tests {
            Tests::Programs => strace::build,
            Tests::Arrays(..) | Tests::Dumps => |_: &Path| Ok(()),
        };
        let dir = fetch::ensure(self.name, self.version, &self.from, more)?;
        let mut all = Vec::new();
        let mut left = 0;
        match self.tests {
            Tests::Arrays(end, protocol, rule) => {
                for path in fetch::files(&dir, end)? {
                    let text = read(&dir, &path)?;
                    // A package of Debian has folders of its own above the project's.
                    let short = path.rsplit_once("/rtnetlink/").map_or(&path[..], |it| it.1);
                    let (found, none) = rules::messages(short, &text, protocol, LEAST, rule);
                    all.extend(found);
                    left += none;
                }
            }
            Tests::Dumps => {
                for path in fetch::files(&dir, ".dump")? {
                    let name = path.rsplit('/').next().unwrap_or(&path);
                    match dump::messages(name, &read(&dir, &path)?) {
                        Some(found) => all.extend(found),
                        None => left += 1,
                    }
                }
            }
            Tests::Programs => (all, left) = strace::messages(&dir)?,
        }
        Ok((all, left))
    }
}

fn read(dir: &Path, path: &str) -> Result<String> {
    fs::read_to_string(dir.join(path)).with_context(|| format!("cannot read {path}"))
}
