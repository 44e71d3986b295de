// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask dissector`: Wireshark plugins of any generic netlink family that has
//! a specification.

mod install;

use crate::{codegen, paths};
use anyhow::{Context, Result, ensure};
use nl_dissector::emit::lua;
use std::{
    fs,
    path::{Path, PathBuf},
};
use ynl::model::{AttrKind, Family};

pub(crate) use install::{PROFILE, PROFILE_FILES};

/// The file of several families, and what installing writes.
const BUNDLE: &str = "nl_families.lua";

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask dissector --install\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs --list\n  \
    cargo xtask dissector --spec linux/Documentation/netlink/specs/ethtool.yaml -o /tmp")]
pub(crate) struct DissectorArgs {
    /// A YNL specification, or directory of them; may be repeated
    #[arg(long, value_name = "FILE|DIR")]
    spec: Vec<PathBuf>,
    /// Output directory for the plugins of --spec
    #[arg(short, long = "output", value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write one file, nl_families.lua, for all families
    #[arg(long, requires = "spec")]
    bundle: bool,
    /// Write nothing; print a table of the families and what is not supported
    #[arg(long)]
    list: bool,
    /// Include families that Wireshark itself dissects, except nlctrl
    #[arg(long, requires = "spec")]
    r#override: bool,
    /// Install the plugins for your user's Wireshark
    #[arg(long, conflicts_with_all = ["list", "out"])]
    install: bool,
    /// Remove what --install installed
    #[arg(long, exclusive = true)]
    uninstall: bool,
}

/// `cargo xtask dissector`.
pub(crate) fn task(args: &DissectorArgs) -> Result<()> {
    if args.uninstall {
        return install::undo();
    }
    if args.spec.is_empty() && args.list {
        list(&[codegen::family()?]);
        return Ok(());
    }
    let mut refused = 0;
    let files = if args.spec.is_empty() {
        vec![(codegen::LUA_NAME.to_owned(), codegen::dissector()?)]
    } else {
        let specs = Specs::read(args)?;
        refused = specs.refused;
        if args.list {
            list(&specs.families);
            return fail_if(refused);
        }
        plugins(&specs.families, args.bundle)?
    };
    let folder = if args.install {
        install::profile()?;
        Some(install::plugins_folder()?)
    } else {
        (!args.spec.is_empty()).then(|| args.out.clone())
    };
    let Some(folder) = folder else {
        say_how_to_load(&paths::root().join("dissector").join(codegen::LUA_NAME));
        return Ok(());
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, text) in &files {
        let path = folder.join(name);
        codegen::write_file(&path, text)?;
        println!("{}", path.display());
    }
    if args.install {
        println!(
            "profile {0}: `wireshark -C {0}`, or Edit, Configuration Profiles",
            install::PROFILE
        );
    }
    fail_if(refused)
}

/// Each was named on standard error when it was refused; the others are done.
fn fail_if(refused: usize) -> Result<()> {
    ensure!(refused == 0, "{refused} invalid specifications");
    Ok(())
}

fn say_how_to_load(path: &Path) {
    let path = path.display();
    println!("{path}");
    println!("load it once:   tshark -X lua_script:{path} -r FILE");
    println!("                wireshark -X lua_script:{path} FILE");
    println!("load it always: cargo xtask dissector --install");
    println!("Wireshark 4.4 and later does not load Lua when run as root.");
}

/// The families asked for, and how many specifications could not be used.
struct Specs {
    families: Vec<Family>,
    refused: usize,
}

impl Specs {
    fn read(args: &DissectorArgs) -> Result<Self> {
        let mut specs = Self {
            families: Vec::new(),
            refused: 0,
        };
        for path in &args.spec {
            if path.is_dir() {
                for file in yaml_files(path)? {
                    specs.add(&file, true, args.r#override);
                }
            } else {
                specs.add(path, false, args.r#override);
            }
        }
        Ok(specs)
    }

    /// Adds the family of a file. In a folder (`among`) those that are Wireshark's
    /// own business are left out; asked for by name they are refused.
    fn add(&mut self, file: &Path, among: bool, replace: bool) {
        let family = match Family::load(file) {
            Ok(family) => family,
            Err(err) => {
                eprintln!("{err}");
                self.refused += 1;
                return;
            }
        };
        let name = &family.name;
        let reason = if !family.protocol.is_generic() {
            "not generic netlink: Wireshark dissects this protocol itself"
        } else if name == "nlctrl" {
            "Wireshark's own nlctrl dissector learns the names of families"
        } else if lua::is_built_in(&family) && !replace {
            "Wireshark has its own dissector; --override replaces it"
        } else if self.families.iter().any(|it| it.name == *name) {
            "given twice"
        } else {
            self.families.push(family);
            return;
        };
        eprintln!("{name}: skipped: {reason}");
        self.refused += usize::from(!among);
    }
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "no .yaml files in {}", folder.display());
    Ok(files)
}

const BANNER: &str = "Generated by `cargo xtask dissector --spec`; do not edit.";

/// The files to write, each proven to be Lua.
fn plugins(families: &[Family], bundle: bool) -> Result<Vec<(String, String)>> {
    ensure!(
        !families.is_empty(),
        "no families left to write a dissector for"
    );
    let make = |name: String, families: &[&Family]| -> Result<_> {
        let text = lua::bundle(families, BANNER)?;
        codegen::check_lua(&name, &text)?;
        Ok((name, text))
    };
    if bundle {
        let all: Vec<_> = families.iter().collect();
        return Ok(vec![make(BUNDLE.to_owned(), &all)?]);
    }
    families
        .iter()
        .map(|it| make(format!("nl_util-{}.lua", lua::abbreviation(it)), &[it]))
        .collect()
}

/// A line for each family: how much there is of it, and what could not be said.
fn list(families: &[Family]) {
    println!(
        "{:<16} {:>10} {:>10} {:>6}  not supported",
        "family", "operations", "attributes", "fields"
    );
    for it in families {
        let used = it.sets.iter().flat_map(|set| &set.attributes);
        let attributes = used.filter(|it| it.kind != AttrKind::Unused).count();
        let (fields, fault) = match lua::field_names(it) {
            Ok(names) => (names.len(), "nothing".to_owned()),
            Err(err) => (0, err.to_string()),
        };
        let operations = it.operations.len();
        println!(
            "{:<16} {operations:>10} {attributes:>10} {fields:>6}  {fault}",
            it.name
        );
    }
}
