// SPDX-License-Identifier: GPL-2.0-or-later
//! The specifications of the kernel's own families, read where the guest
//! kernel's source has them; and ours, by the kernel's schema.

mod common;

use common::{kernel_source, root, text};
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use ynl::model::{AttrKind, Attribute, Family, Protocol, ScalarType, SetId};

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
    let command = command
        .args(["show", "--json", "--secrets", "--spec-only", "--spec"])
        .arg(spec);
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
struct Expectation {
    specs: usize,
    unreached: &'static [&'static str],
    odd: &'static [&'static str],
}

/// What is known of the kernel at hand: 6.12, or a newer one.
fn expectation() -> Expectation {
    match env::var("NL_UTIL_KERNEL").as_deref() {
        Ok("newest") => Expectation {
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
        _ => Expectation {
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

/// Of our own, those with what the writer has no words for yet: forms by length or by one of two
/// selectors, arrays and unions in structs. What is in them is read back in
/// dissector/ynl/src/decode/tests/ and captures/src/show/.
const NOT_WRITTEN: [&str; 12] = [
    "dcb",
    "link",
    "link-af",
    "link-bond",
    "link-bridge",
    "mdb",
    "rest",
    "tc",
    "tc-action-edit",
    "tc-ematch",
    "tc-filter",
    "xfrm",
];

#[test]
fn every_attribute_of_every_specification_is_read_back() {
    let nlcap = nlcap();
    let mut paths = kernel_specs();
    paths.push(root().join("kmod/uapi/nl_util.yaml"));
    paths.push(root().join("dissector/ynl/specs/nlctrl.yaml"));
    let mut own = names_of_rtnetlink();
    own.push(root().join("dissector/ynl/specs/xfrm.yaml"));
    own.retain(|path| {
        let name = path.file_stem().unwrap_or_default();
        !NOT_WRITTEN.iter().any(|it| name == *it)
    });
    paths.extend(own);
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
    assert_eq!(unreached, expectation().unreached);
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
    let known = expectation();
    assert!(paths.len() >= known.specs, "{}", paths.len());
    odd.sort();
    assert_eq!(odd, known.odd);
}

#[test]
fn our_specification_is_valid_by_the_kernels_schema() {
    let spec = root().join("kmod/uapi/nl_util.yaml");
    assert_eq!(by_schema("genetlink-legacy", &spec), Ok(()));
}

/// Whether one of the kernel's schemas takes a specification, or what it says.
fn by_schema(schema: &str, spec: &Path) -> Result<(), String> {
    let folder = kernel_source().join("Documentation/netlink");
    let check = "import sys, yaml, jsonschema\n\
        spec, schema = (yaml.safe_load(open(file)) for file in sys.argv[1:])\n\
        jsonschema.validate(spec, schema)\n";
    let mut command = Command::new(PYTHON);
    let command = command.args(["-c", check]).arg(spec);
    let out = command.arg(folder.join(schema).with_extension("yaml"));
    let out = out.output().unwrap();
    let said = text(&out.stderr);
    out.status.success().then_some(()).ok_or(said)
}

#[test]
fn words_for_arrays_of_structs_are_none_of_the_kernels_schema() {
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let said = |attribute: &str| {
        let spec = format!(
            "name: rows\ndoc: Made up.\nprotocol: netlink-raw\nprotonum: 31\ndefinitions:\n\
             - {{name: row, type: struct, members: [{{name: len, type: u16}}]}}\n\
             attribute-sets:\n- name: rows\n  attributes: [{{name: all, type: binary, \
             struct: row{attribute}}}]\noperations: {{list: []}}\n"
        );
        fs::write(file.path(), spec).unwrap();
        by_schema("netlink-raw", file.path())
    };
    assert_eq!(said(""), Ok(()));
    for (attribute, word) in [
        (", sub-type: struct", "'struct' is not one of"),
        (", length-member: len", "'length-member' was unexpected"),
    ] {
        let refusal = said(attribute).unwrap_err();
        assert!(refusal.contains(word), "{refusal}");
    }
}

/// Our own names for rtnetlink, as nlcap has them built in.
fn names_of_rtnetlink() -> Vec<PathBuf> {
    let folder = root().join("dissector/ynl/specs/route");
    let mut paths: Vec<_> = (fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// Where ours say something else on purpose.
const OTHERWISE: [&str; 3] = [
    // Structs with attributes behind each: YNL has no words for them, so that the
    // kernel's specification has bytes. It has none of next hops, whose groups are
    // another array of structs.
    "route.multipath",
    // The kernel's has one set for requests and answers here.
    "stats-getset.get-filters",
    "stats-getset.set-offload-xstats-l3-stats",
];

/// Whether a number has the same length and sign in both, and what is made of structs
/// is in both; anything else may be shown otherwise, but is found at the same place.
fn are_alike(ours: &Attribute, kernel: &Attribute) -> bool {
    match (&ours.kind, &kernel.kind) {
        (AttrKind::Scalar(ours), AttrKind::Scalar(kernel)) => {
            ours.width == kernel.width || ours.width == ScalarType::Uint
        }
        (AttrKind::Scalar(_), AttrKind::String) | (AttrKind::String, AttrKind::Scalar(_)) => false,
        (AttrKind::Structs(_) | AttrKind::Entries { .. } | AttrKind::Sized { .. }, _) => false,
        _ => true,
    }
}

/// Whether both mean the same: the kernel 6.12 has `ifa-address` and `icmp6-stats`,
/// later ones have `address` and `icmp6stats`.
fn is_called(ours: &str, kernel: &str) -> bool {
    let prefix = ["ifa-", "rta-", "rtax-"].into_iter();
    let kernel = (prefix.filter_map(|it| kernel.strip_prefix(it)).next()).unwrap_or(kernel);
    ours.replace('-', "") == kernel.replace('-', "")
}

/// Compares two sets and those in them; the number of attributes in both.
fn compare(
    (ours, set): (&Family, SetId),
    (kernel, other): (&Family, SetId),
    seen: &mut BTreeSet<(String, String)>,
    differences: &mut BTreeMap<String, String>,
) -> usize {
    let (a, b) = (&ours[set], &kernel[other]);
    if !seen.insert((a.name.clone(), b.name.clone())) {
        return 0;
    }
    let mut both = 0;
    for attribute in &a.attributes {
        let Some(theirs) = b.by_number(attribute.number) else {
            continue;
        };
        both += 1;
        let path = format!("{}.{}", a.name, attribute.name);
        let agrees = is_called(&attribute.name, &theirs.name) && are_alike(attribute, theirs);
        if !agrees {
            differences.insert(path, format!("{attribute:?} {theirs:?}"));
        }
        if let (AttrKind::Nest(set), AttrKind::Nest(other)) = (&attribute.kind, &theirs.kind) {
            both += compare((ours, *set), (kernel, *other), seen, differences);
        }
        // The kernel's have one form for all families of a message.
        if let (AttrKind::SubMessage { message, .. }, AttrKind::Nest(other)) =
            (&attribute.kind, &theirs.kind)
            && let Some(set) = ours[*message].formats.first().and_then(|it| it.set)
        {
            both += compare((ours, set), (kernel, *other), seen, differences);
        }
    }
    both
}

#[test]
fn attributes_of_rtnetlink_are_called_what_the_kernels_specifications_call_them() {
    let kernel: Vec<_> = (kernel_specs().iter())
        .map(|path| Family::load(path).unwrap())
        .filter(|it| it.protocol == Protocol::Raw { number: 0 })
        .collect();
    let (mut seen, mut differences) = (BTreeSet::new(), BTreeMap::new());
    let mut both = 0;
    for path in names_of_rtnetlink() {
        let ours = Family::load(&path).unwrap();
        seen.clear();
        for operation in &ours.operations {
            let (Some(number), Some(set)) = (operation.request_number, operation.set) else {
                continue;
            };
            for theirs in &kernel {
                let same = theirs.request(number).or_else(|| theirs.reply(number));
                if let Some(other) = same.and_then(|it| it.set) {
                    both += compare((&ours, set), (theirs, other), &mut seen, &mut differences);
                }
            }
        }
    }
    println!("{both} attributes are in both");
    assert!(both > 150, "{both}");
    let paths: Vec<_> = differences.keys().map(String::as_str).collect();
    assert_eq!(paths, OTHERWISE, "{differences:#?}");
}

/// What two objects hold by the same name: values that agree, and paths of those that
/// do not.
fn meet(
    ours: &serde_json::Value,
    kernel: &serde_json::Value,
    path: &str,
    agree: &mut usize,
    differ: &mut BTreeSet<String>,
) {
    use serde_json::Value;
    match (ours, kernel) {
        (Value::Object(ours), Value::Object(kernel)) => {
            for (name, value) in ours {
                if let Some(other) = kernel.get(name) {
                    meet(value, other, &format!("{path}.{name}"), agree, differ);
                }
            }
        }
        (ours, kernel) if ours == kernel => *agree += 1,
        _ => drop(differ.insert(path.to_owned())),
    }
}

#[test]
fn links_are_shown_by_our_names_as_by_the_kernels() {
    let nlcap = nlcap();
    let sample = root().join("captures/samples/ip-link-show.pcapng");
    let is_links = |path: &PathBuf| {
        Family::load(path).is_ok_and(|it| {
            it.protocol == Protocol::Raw { number: 0 } && it.operation("getlink").is_some()
        })
    };
    let kernel = kernel_specs().into_iter().find(is_links).unwrap();
    let shown = |spec: &Path| -> Vec<serde_json::Value> {
        let mut command = Command::new(&nlcap);
        command
            .args(["show", "--json", "--spec-only", "--spec"])
            .args([spec, &sample]);
        let text = run(command.env_remove("NLCAP_SPECS"));
        let object = |line| serde_json::from_str(line).unwrap();
        text.lines().map(object).collect()
    };
    // Named, so that none of the machine comes before ours.
    let (ours, theirs) = (
        shown(&root().join("dissector/ynl/specs/route")),
        shown(&kernel),
    );
    assert_eq!(ours.len(), theirs.len());
    let (mut agree, mut differ) = (0, BTreeSet::new());
    for (a, b) in ours.iter().zip(&theirs) {
        let (a, b) = (&a["msg"], &b["msg"]);
        meet(a, b, "", &mut agree, &mut differ);
    }
    println!("{agree} values agree");
    // We name the family, the kind of hardware and states, show the token as an address, have arrays of numbers for
    // structs (6.12) and of signed ones for unsigned (later), and a nest for bytes.
    let known = [
        ".af-spec.inet.conf",
        ".af-spec.inet6.conf",
        ".af-spec.inet6.stats",
        ".af-spec.inet6.addr-gen-mode",
        ".af-spec.inet6.token",
        ".devlink-port",
        ".ifi-family",
        ".ifi-type",
        ".linkmode",
        ".operstate",
    ];
    // The kernel's has IPv6's counters and settings under the name of the one before, ids of bridges
    // in the wrong order, and no names for what the others are.
    let corrected = [
        ".af-spec.inet6.conf.",
        ".af-spec.inet6.flags",
        ".af-spec.inet6.stats.",
        ".linkinfo.data.bridge-id.prio",
        ".linkinfo.data.group-fwd-mask",
        ".linkinfo.data.multi-boolopt.opt",
        ".linkinfo.data.root-id.prio",
        ".linkinfo.data.type",
        ".linkinfo.slave-data.bridge-id.prio",
        ".linkinfo.slave-data.designated-port",
        ".linkinfo.slave-data.group-fwd-mask",
        ".linkinfo.slave-data.id",
        ".linkinfo.slave-data.no",
        ".linkinfo.slave-data.root-id.prio",
        ".linkinfo.slave-data.state",
        ".xdp.attached",
    ];
    differ.retain(|path| !known.contains(&path.as_str()));
    differ.retain(|path| !corrected.iter().any(|it| path.starts_with(it)));
    assert_eq!(differ, BTreeSet::new());
    assert!(agree > 600, "{agree}");
}
