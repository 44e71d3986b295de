// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications of the kernel's own families, read where the guest
//! kernel's source has them; and ours, by the kernel's schema.

mod common;

use common::{kernel_source, root, text};
use nl_dissector::model::Family;
use std::{fs, process::Command};

#[test]
fn every_specification_of_the_kernel_is_understood() {
    let specs = kernel_source().join("Documentation/netlink/specs");
    let mut read = 0;
    let mut odd = Vec::new();
    for entry in fs::read_dir(specs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "yaml") {
            let family = Family::load(&path).unwrap_or_else(|err| panic!("{err}"));
            assert!(
                !family.operations.is_empty() && !family.sets.is_empty(),
                "{}",
                family.name
            );
            odd.extend((!family.oddities.is_empty()).then_some(family.name));
            read += 1;
        }
    }
    assert!(read >= 19, "{read}");
    odd.sort();
    assert_eq!(odd, ["nftables", "rt-link"]);
}

#[test]
fn our_specification_is_valid_by_the_kernels_schema() {
    let schema = kernel_source().join("Documentation/netlink/genetlink-legacy.yaml");
    let check = "import sys, yaml, jsonschema\n\
        spec, schema = (yaml.safe_load(open(file)) for file in sys.argv[1:])\n\
        jsonschema.validate(spec, schema)\n";
    let out = Command::new("/usr/bin/python3")
        .args(["-c", check])
        .arg(root().join("kmod/uapi/nl_util.yaml"))
        .arg(schema)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
}
