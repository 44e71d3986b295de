// SPDX-License-Identifier: GPL-2.0-or-later
//! The numbers of our specifications, by the headers of the guest's kernels; and what the
//! reader of headers says, by what a C compiler says.

mod common;

use common::{kernel_source, root, text};
use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Output},
};

fn families(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("families").args(args).output().unwrap()
}

#[test]
fn every_number_of_our_specifications_is_that_of_the_headers() {
    let out = families(&["check"]);
    let said = text(&out.stdout);
    println!("{said}");
    assert!(out.status.success(), "{said}{}", text(&out.stderr));
    let compared = said.lines().next().and_then(|it| {
        let count = it.split_once(": ")?.1.split(' ').next()?;
        count.parse::<u32>().ok()
    });
    assert!(compared.is_some_and(|it| it > 400), "{said}");
}

/// Names and numbers by the reader of headers.
fn listed(header: &str) -> BTreeMap<String, i128> {
    let source = kernel_source();
    let out = families(&[
        "uapi",
        header,
        "--list",
        "--source",
        source.to_str().unwrap(),
    ]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    (text(&out.stdout).lines())
        .map(|line| {
            let (name, number) = line.split_once(' ').unwrap();
            (name.to_owned(), number.parse().unwrap())
        })
        .collect()
}

#[test]
fn headers_are_read_as_a_compiler_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    // What the kernel's own headers have, and what `make headers_install` takes out.
    fs::create_dir(dir.path().join("linux")).unwrap();
    fs::write(
        dir.path().join("linux/compiler_types.h"),
        "#define __user\n#define __force\n#define __counted_by(x)\n",
    )
    .unwrap();
    let headers = [
        "linux/if_link.h",
        "linux/rtnetlink.h",
        "linux/pkt_cls.h",
        "linux/devlink.h",
        "linux/nl80211.h",
        "linux/ethtool_netlink.h",
        "linux/netfilter/nf_tables.h",
        "linux/netfilter/nfnetlink_conntrack.h",
    ];
    let mut count = 0;
    for header in headers {
        let numbers = listed(header);
        assert!(numbers.len() > 20, "{header}: {}", numbers.len());
        let lines = numbers
            .iter()
            .map(|(name, number)| {
                format!(
                    "_Static_assert((__int128){name} == (__int128){number}{}, \"{name}\");\n",
                    suffix(*number)
                )
            })
            .collect::<String>();
        count += numbers.len();
        let file = dir.path().join("all.c");
        fs::write(
            &file,
            format!("#include <sys/socket.h>\n#include <{header}>\n{lines}"),
        )
        .unwrap();
        let mut compiler = Command::new("cc");
        let uapi = kernel_source().join("include/uapi");
        compiler.args(["-w", "-fsyntax-only", "-include", "linux/compiler_types.h"]);
        compiler
            .arg("-I")
            .arg(dir.path())
            .arg("-I")
            .arg(uapi)
            .arg(&file);
        let out = compiler.output().unwrap();
        assert!(out.status.success(), "{header}:\n{}", text(&out.stderr));
    }
    println!("{count} numbers agree");
}

/// What makes a literal of a number that no signed type holds.
fn suffix(number: i128) -> &'static str {
    if number > i64::MAX.into() { "ULL" } else { "" }
}

#[test]
fn a_skeleton_names_its_header_and_a_wrong_header_is_an_error_in_one_line() {
    let source = kernel_source();
    let source = source.to_str().unwrap();
    let args = [
        "uapi",
        "linux/l2tp.h",
        "--prefix",
        "L2TP_ATTR_",
        "--source",
        source,
    ];
    let out = families(&args);
    let shown = text(&out.stdout);
    assert!(out.status.success(), "{}", text(&out.stderr));
    for line in [
        "    name-prefix: l2tp-attr-",
        "      - {name: pw-type, type: binary}",
    ] {
        assert!(shown.lines().any(|it| it == line), "{shown}");
    }
    let out = families(&["uapi", "linux/nothing.h", "--source", source]);
    let complaint = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{complaint}");
    assert!(
        complaint.contains("linux/nothing.h") && complaint.lines().count() == 1,
        "{complaint}"
    );
    let nowhere = root().join("docs");
    let out = families(&["coverage", "--print", "--source", nowhere.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
}
