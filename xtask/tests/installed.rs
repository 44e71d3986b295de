// SPDX-License-Identifier: GPL-2.0-or-later
//! The Debian package in a Debian, which `NL_UTIL_DEBIAN` names.

mod common;

use common::roots::{Root, file};
use std::{env, fs, path::Path};

/// The files of a system, but for what dpkg and caches remember.
fn files(root: &Root) -> String {
    root.sh(
        "find / -xdev \\( -path /proc -o -path /dev -o -path /tmp -o -path '/var/*' -o -path /root \\) \
         -prune -o -print | LC_ALL=C sort",
    )
}

#[test]
fn the_package_is_installed_used_and_removed_without_a_trace() {
    let debian = env::var_os("NL_UTIL_DEBIAN");
    let debian = debian.expect("`cargo xtask test --full` sets NL_UTIL_DEBIAN");
    let root = Root::copy_of(Path::new(&debian));
    let sample = common::root().join("captures/samples/nl_user-show.pcapng");
    fs::copy(sample, root.path().join("tmp/sample.pcapng")).unwrap();
    fs::copy(
        file("nl-util_", "_amd64.deb"),
        root.path().join("tmp/it.deb"),
    )
    .unwrap();
    let before = files(&root);
    let said = root.sh("dpkg --install /tmp/it.deb 2>&1");
    assert!(!said.contains("warning"), "{said}");
    root.sh("dpkg --verify nl-util");

    assert!(root.sh("nlcap --version").starts_with("nlcap "));
    assert!(root.sh("nl_user --version").starts_with("nl_user "));
    let said = root.sh("nlcap show /tmp/sample.pcapng | head -n 100");
    assert!(said.contains("nl_util l2-list"), "{said}");
    if root.may_trace() {
        let said = root.sh("nlcap trace --tap syscalls -- nlcap families 2>&1");
        assert!(said.contains("> nlctrl getfamily dump"), "{said}");
    }

    for page in ["nlcap", "nlcap-show", "nl_user"] {
        let said = root.sh(&format!("man {page} 2>&1 | head -n 4"));
        assert!(said.contains(&page.to_uppercase()), "{page}: {said}");
    }
    completes(&root);
    wireshark_shows(&root);

    root.sh("dpkg --purge nl-util 2>&1");
    assert_eq!(files(&root), before);
}

/// Each shell finds the completions by itself.
fn completes(root: &Root) {
    let said = root.sh(
        "bash -c 'source /usr/share/bash-completion/bash_completion
         if declare -F _comp_load >/dev/null; then _comp_load nlcap; else __load_completion nlcap; fi
         complete -p nlcap'",
    );
    assert!(said.contains("-F _nlcap nlcap"), "{said}");
    let said = root.sh("zsh -f -c 'autoload -U compinit; compinit -D -u; print $_comps[nl_user]'");
    assert_eq!(said, "_nl_user\n");
    let said = root.sh("fish -c 'complete --do-complete \"nlcap tr\"'");
    assert!(said.starts_with("trace\t"), "{said}");
}

/// Wireshark finds plugin and profile; not as root, for which it loads no Lua.
fn wireshark_shows(root: &Root) {
    let said = root.sh(
        "mkdir /tmp/home && chown 65534 /tmp/home && export HOME=/tmp/home
         chroot --userspec=65534:65534 --groups= / tshark -C nl-util -r /tmp/sample.pcapng -Y nl_util",
    );
    assert!(said.contains("L2_LIST request"), "{said}");
}
