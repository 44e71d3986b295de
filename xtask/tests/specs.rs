// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications of the kernel's own families, read where the guest
//! kernel's source has them; and ours, by the kernel's schema.

mod common;

use common::{kernel_source, root, text};
use nl_dissector::model::Family;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The system's Python has the YAML module.
const PYTHON: &str = "/usr/bin/python3";

/// `nlcap`, built beside this test.
fn nlcap() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "nlcap"])
        .current_dir(root())
        .status();
    assert!(built.unwrap().success());
    let exe = env::current_exe().unwrap();
    exe.ancestors().nth(2).unwrap().join("nlcap")
}

/// Runs a program that must succeed without a word on standard error.
fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success() && stderr.is_empty(),
        "{command:?}: {status}\n{}",
        text(&stderr)
    );
    String::from_utf8(stdout).unwrap()
}

/// Writes every attribute of a specification and reads it back; what the writer
/// says about it, or the messages that are read as something else.
fn round_trip(nlcap: &Path, spec: &Path, order: &str) -> Result<serde_json::Value, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.pcap");
    let writer = root().join("xtask/tests/peers/spec_writer.py");
    let mut command = Command::new(PYTHON);
    let written = run(command.arg(writer).args([spec, &file]).arg(order));
    let mut lines: Vec<serde_json::Value> = (written.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = lines.pop().unwrap();
    let mut command = Command::new(nlcap);
    let command = command.args(["show", "--json", "--spec"]).arg(spec);
    let shown = run(command.arg(&file).env_remove("NLCAP_SPECS"));
    let read: BTreeMap<u64, serde_json::Value> = shown
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|object| (object["frame"].as_u64().unwrap(), object["msg"].clone()))
        .collect();
    for line in &lines {
        let got = &read[&line[0].as_u64().unwrap()];
        if *got != line[1] {
            return Err(format!("written {}\nread    {got}", line[1]));
        }
    }
    Ok(about)
}

/// The kernel's specifications, in the order of their names.
fn kernel_specs() -> Vec<PathBuf> {
    let specs = kernel_source().join("Documentation/netlink/specs");
    let mut paths: Vec<_> = (fs::read_dir(specs).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    paths.sort();
    paths
}

/// How many specifications a kernel has at least, sets to which no message of their
/// family leads, and families that list attributes which their sets lack.
struct Known {
    specs: usize,
    unreached: &'static [&'static str],
    odd: &'static [&'static str],
}

/// What is known of the kernel at hand: 6.12, or a newer one.
fn known() -> Known {
    match env::var("NL_UTIL_KERNEL").as_deref() {
        Ok("newest") => Known {
            specs: 33,
            unreached: &[
                "compat-attrs",
                "compat-target-attrs",
                "event-attr",
                "expr-masq-attrs",
                "hfsc-attrs",
                "subflow-attribute",
            ],
            odd: &[],
        },
        _ => Known {
            specs: 19,
            unreached: &[
                "empty-attrs",
                "event-attr",
                "subflow-attribute",
                "tc-hfsc-attrs",
            ],
            odd: &["nftables", "rt-link"],
        },
    }
}

#[test]
fn every_attribute_of_every_specification_is_read_back() {
    let nlcap = nlcap();
    let mut paths = kernel_specs();
    paths.push(root().join("kmod/uapi/nl_util.yaml"));
    paths.push(root().join("captures/src/show/specs/nlctrl.yaml"));
    let mut unreached = Vec::new();
    for order in ["little", "big"] {
        let mut sums = [0; 4];
        for path in &paths {
            let about = round_trip(&nlcap, path, order);
            let about = about.unwrap_or_else(|it| panic!("{} ({order}):\n{it}", path.display()));
            let keys = ["values", "attributes", "defined", "formats"];
            let numbers = keys.map(|key| about[key].as_u64().unwrap());
            let name = path.file_stem().unwrap().to_string_lossy();
            println!(
                "{order} {name}: {} attributes, {} values",
                numbers[1], numbers[0]
            );
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += number;
            }
            let names = about["unreached"].as_array().unwrap();
            unreached.extend(names.iter().map(|it| it.as_str().unwrap().to_owned()));
        }
        let [values, attributes, defined, formats] = sums;
        println!(
            "{order}-endian: {} specifications, {values} values, {attributes} attributes, \
             {formats} forms of sub-messages",
            paths.len()
        );
        assert_eq!(attributes, defined);
        assert!(attributes > 2000 && values > attributes && formats > 100);
    }
    unreached.sort();
    unreached.dedup();
    assert_eq!(unreached, known().unreached);
}

#[test]
fn every_specification_of_the_kernel_is_understood() {
    let mut odd = Vec::new();
    let paths = kernel_specs();
    for path in &paths {
        let family = Family::load(path).unwrap_or_else(|err| panic!("{err}"));
        assert!(
            !family.operations.is_empty() && !family.sets.is_empty(),
            "{}",
            family.name
        );
        odd.extend((!family.oddities.is_empty()).then_some(family.name));
    }
    let known = known();
    assert!(paths.len() >= known.specs, "{}", paths.len());
    odd.sort();
    assert_eq!(odd, known.odd);
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
