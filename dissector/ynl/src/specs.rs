// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications that are built in besides that of nl_util: texts, with the names of
//! their files in `dissector/ynl/specs/`.

/// A specification's text, and the name of its file.
pub type BuiltIn = (&'static str, &'static str);

macro_rules! built_in {
    ($($file:literal),+ $(,)?) => {
        [$((include_str!(concat!("../specs/", $file)), $file)),+]
    };
}

/// The controller of generic netlink, in our own words: every recording has it.
pub const CONTROLLER: BuiltIn = built_in!["nlctrl.yaml"][0];

/// Names and headers of protocols that are not generic, after Linux's headers: for
/// what no other specification has. Those of a protocol are read one after another
/// until one has the message: what is met most comes first.
pub const PROTOCOLS: [BuiltIn; 17] = built_in![
    "route/link.yaml",
    "route/addr.yaml",
    "route/route.yaml",
    "route/neigh.yaml",
    "route/tc.yaml",
    "route/rest.yaml",
    "netfilter.yaml",
    "xfrm.yaml",
    "audit.yaml",
    "connector.yaml",
    "sock_diag/inet.yaml",
    "sock_diag/inet6.yaml",
    "sock_diag/unix.yaml",
    "sock_diag/netlink.yaml",
    "sock_diag/packet.yaml",
    "sock_diag/vsock.yaml",
    "sock_diag/xdp.yaml",
];
