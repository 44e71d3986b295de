// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask families coverage`: which families and attributes Linux has, by its source,
//! and which of them a specification names.

mod generic;
mod knowledge;
mod page;
mod protocols;
mod usage;
mod wireshark;

use super::{
    source::{self, SourceChoice},
    specs::{self, Origin, Spec},
    uapi::{
        Constant, Group, Uapi,
        members::{common_prefix, numbered, prefix},
    },
};
use crate::{codegen, paths};
use anyhow::Result;
use generic::Generic;
use knowledge::{AttributeKnowledge, Knowledge};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use wireshark::Wireshark;

#[derive(clap::Args)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    source: SourceChoice,
    /// Print the page and write nothing
    #[arg(long)]
    print: bool,
    /// Print which enums the kernel's sets without C names were found to be
    #[arg(long)]
    matches: bool,
}

const PAGE: &str = "docs/families.md";

/// `cargo xtask families coverage`.
pub(crate) fn task(args: &CoverageArgs) -> Result<()> {
    let folder = args.source.folder()?;
    let version = source::version(&folder)?;
    let specs = specs::all(&folder)?;
    let mut uapi = Uapi::of_source(&folder)?;
    let headers: HashSet<String> = uapi.headers().map(str::to_owned).collect();
    let files = source::code(&folder)?;
    let found = generic::families(&folder, &files, &mut uapi)?;
    let groups = uapi.enums();
    let public: Vec<_> = groups
        .iter()
        .filter(|it| headers.contains(it.header))
        .collect();
    let knowledge = Knowledge::of(&specs, &uapi, &public);
    let used = usage::attributes(&files);
    let wireshark = Wireshark::installed(&uapi);
    let all = sets(&groups, &used, &knowledge, wireshark.as_ref());
    let coverage = Coverage {
        version,
        wireshark: wireshark.as_ref().map(|it| it.version.clone()),
        families: found
            .iter()
            .map(|it| family(it, &all, &specs, &uapi, &groups))
            .collect(),
        protocols: protocols::protocols(&files, &uapi, &groups)
            .into_iter()
            .map(|it| {
                let told = told(&specs, |spec| spec.family.protocol.number() == it.number);
                let named = Named::of(&it.messages, &told);
                (it, named)
            })
            .collect(),
        subsystems: protocols::subsystems(&files, &uapi, &groups)
            .into_iter()
            .map(|it| {
                let told = told(&specs, |spec| spec.family.protocol.number() == 12);
                let named = Named::of(&it.messages, &told);
                (it, named)
            })
            .collect(),
        sets: all
            .into_iter()
            .filter(|it| headers.contains(it.header))
            .collect(),
        knowledge: &knowledge,
    };
    if args.matches {
        for line in &knowledge.matched {
            println!("{line}");
        }
    }
    let text = page::page(&coverage);
    if args.print {
        print!("{text}");
        return Ok(());
    }
    codegen::write_file(&paths::root().join(PAGE), &text)?;
    print!("{}", page::summary(&coverage));
    println!("wrote {PAGE}");
    Ok(())
}

/// All that the page says.
struct Coverage<'a> {
    version: String,
    /// The version of Wireshark whose names are counted, where one is installed.
    wireshark: Option<String>,
    families: Vec<Family<'a>>,
    protocols: Vec<(protocols::Netlink, Named)>,
    subsystems: Vec<(protocols::Subsystem, Named)>,
    sets: Vec<Set<'a>>,
    knowledge: &'a Knowledge,
}

/// How many messages there are and are named, and by whom.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    defined: usize,
    named: usize,
    ours: usize,
    kernel: usize,
    /// Those that are not, by their C names without what all begin with.
    missing: Vec<String>,
}

impl Named {
    fn of(messages: &BTreeMap<u16, String>, told: &HashMap<u16, BTreeSet<Origin>>) -> Self {
        let has = |number: &u16, origin| told.get(number).is_some_and(|it| it.contains(&origin));
        let count = |origin| messages.keys().filter(|it| has(it, origin)).count();
        let missing = messages
            .iter()
            .filter(|(number, _)| !told.contains_key(number));
        let names: Vec<&str> = messages.values().map(String::as_str).collect();
        let prefix = common_prefix(&names);
        let short = |name: &String| name.strip_prefix(prefix).unwrap_or(name).to_owned();
        let missing: Vec<_> = missing.map(|(_, name)| short(name)).collect();
        Self {
            defined: messages.len(),
            named: messages.len() - missing.len(),
            ours: count(Origin::Ours),
            kernel: count(Origin::Kernel),
            missing,
        }
    }
}

/// The numbers of messages that specifications name, and whose these are.
fn told(specs: &[Spec], is_wanted: impl Fn(&Spec) -> bool) -> HashMap<u16, BTreeSet<Origin>> {
    let mut told: HashMap<u16, BTreeSet<Origin>> = HashMap::new();
    for spec in specs.iter().filter(|it| is_wanted(it)) {
        for it in &spec.family.operations {
            for number in [it.request_number, it.reply_number].into_iter().flatten() {
                told.entry(number).or_default().insert(spec.origin);
            }
        }
    }
    told
}

/// A set of attributes as the headers have it.
#[derive(Debug, Clone)]
struct Set<'a> {
    header: &'a str,
    /// What its names begin with: `IFLA_BR_`.
    prefix: String,
    /// All its constants, those too that count the others.
    constants: Vec<&'a str>,
    /// Each number once, with all names that it has.
    defined: usize,
    ours: usize,
    kernel: usize,
    named: usize,
    typed: usize,
    wireshark: usize,
    /// Names without the prefix: of attributes that no specification names, or only names.
    nameless: Vec<String>,
    typeless: Vec<String>,
}

/// The enums that are attributes.
fn sets<'a>(
    groups: &[Group<'a>],
    used: &HashSet<String>,
    knowledge: &Knowledge,
    wireshark: Option<&Wireshark>,
) -> Vec<Set<'a>> {
    let is_named = |name: &str| knowledge.get(name) != AttributeKnowledge::default();
    let is_plain = |it: &&Group<'_>| usage::is_set(it, used, is_named, &HashSet::new());
    let headers = groups
        .iter()
        .filter(is_plain)
        .map(|it| it.header.to_owned())
        .collect();
    (groups.iter())
        .filter(|it| usage::is_set(it, used, is_named, &headers))
        .map(|it| set(it, knowledge, wireshark))
        .collect()
}

fn set<'a>(group: &Group<'a>, knowledge: &Knowledge, wireshark: Option<&Wireshark>) -> Set<'a> {
    let members = numbered(&group.constants);
    let mut numbers: Vec<(i128, Vec<&str>)> = Vec::new();
    for it in &members {
        let Some(value) = it.value else { continue };
        match numbers.iter_mut().find(|(number, _)| *number == value) {
            Some((_, names)) => names.push(it.name),
            None => numbers.push((value, vec![it.name])),
        }
    }
    let prefix = prefix(&group.constants);
    let mut set = Set {
        header: group.header,
        prefix: prefix.clone(),
        constants: group.constants.iter().map(|it| it.name).collect(),
        defined: numbers.len(),
        ours: 0,
        kernel: 0,
        named: 0,
        typed: 0,
        wireshark: wireshark.map_or(0, |it| it.count(group, &numbers)),
        nameless: Vec::new(),
        typeless: Vec::new(),
    };
    for (_, names) in &numbers {
        let known = names.iter().map(|it| knowledge.get(it));
        let known = known.fold(AttributeKnowledge::default(), |a, b| AttributeKnowledge {
            ours: a.ours | b.ours,
            kernel: a.kernel | b.kernel,
            is_typed: a.is_typed | b.is_typed,
        });
        let name = names[0]
            .strip_prefix(prefix.as_str())
            .unwrap_or(names[0])
            .to_owned();
        set.ours += usize::from(known.ours);
        set.kernel += usize::from(known.kernel);
        if !(known.ours || known.kernel) {
            set.nameless.push(name);
            continue;
        }
        set.named += 1;
        if known.is_typed {
            set.typed += 1;
        } else {
            set.typeless.push(name);
        }
    }
    set
}

/// A family of generic netlink, and what is known of it.
struct Family<'a> {
    name: String,
    file: String,
    /// The headers that have its name, its commands, its attributes.
    headers: BTreeSet<&'a str>,
    messages: Named,
    /// Its specifications.
    origins: BTreeSet<Origin>,
    defined: usize,
    named: usize,
    typed: usize,
}

fn family<'a>(
    it: &Generic,
    sets: &[Set<'a>],
    specs: &[Spec],
    uapi: &'a Uapi,
    groups: &[Group<'a>],
) -> Family<'a> {
    let same = |spec: &Spec| {
        let plain = |name: &str| name.to_lowercase().replace('-', "_");
        spec.family.protocol.is_generic() && plain(&spec.family.name) == plain(&it.name)
    };
    let named = it
        .header
        .iter()
        .filter_map(|name| uapi.headers().find(|it| it == name));
    let used = it.commands.iter().chain(&it.tops);
    let headers: BTreeSet<&str> = named
        .chain(used.filter_map(|name| uapi.numbers(name).first().map(|it| it.0)))
        .collect();
    // Commands stand in an enum, with those that are answers and news.
    let in_enum = |name: &str| {
        groups
            .iter()
            .find(|it| it.constants.iter().any(|it| it.name == name))
    };
    let mut enums: Vec<&Group<'_>> = it
        .commands
        .iter()
        .filter_map(|name| in_enum(name))
        .collect();
    if it.commands.is_empty() {
        // It answers nothing, and sends only.
        let is_command = |it: &&Constant<'_>| it.name.contains("_CMD_") || it.name.contains("_C_");
        let sends = |group: &&Group<'_>| {
            let members = numbered(&group.constants);
            headers.contains(group.header) && members.iter().all(is_command)
        };
        enums.extend(groups.iter().filter(sends));
    }
    let mut messages = BTreeMap::new();
    for member in enums.iter().flat_map(|it| numbered(&it.constants)) {
        if let Some(number) = member.value.and_then(|it| u16::try_from(it).ok()) {
            messages
                .entry(number)
                .or_insert_with(|| member.name.to_owned());
        }
    }
    for command in it.commands.iter().filter(|it| !it.ends_with("_UNSPEC")) {
        if let Some((_, number)) = uapi.numbers(command).first()
            && let Ok(number) = u16::try_from(*number)
        {
            messages.entry(number).or_insert_with(|| command.clone());
        }
    }
    // openvswitch.h has several families: there only what stands at the top of messages.
    let is_own = |set: &&Set<'_>| match headers.contains("linux/openvswitch.h") {
        true => it.tops.iter().any(|top| set.has(top)),
        false => headers.contains(set.header),
    };
    let own: Vec<&Set<'_>> = sets.iter().filter(is_own).collect();
    let sum = |count: fn(&Set<'_>) -> usize| own.iter().map(|it| count(it)).sum();
    let origins = specs.iter().filter(|it| same(it)).map(|it| it.origin);
    Family {
        name: it.name.clone(),
        file: it.file.clone(),
        headers,
        messages: Named::of(&messages, &told(specs, same)),
        origins: origins.collect(),
        defined: sum(|it| it.defined),
        named: sum(|it| it.named),
        typed: sum(|it| it.typed),
    }
}

impl Set<'_> {
    /// Whether a name is one of it, or a macro of the greatest of its attributes.
    fn has(&self, name: &str) -> bool {
        self.constants.contains(&name) || self.constants.contains(&format!("__{name}").as_str())
    }
}
