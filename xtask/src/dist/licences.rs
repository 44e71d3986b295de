// SPDX-License-Identifier: GPL-2.0-or-later
//! The licences of all that is in the programs: ours, and those of what they are linked with.

use super::{
    content::read,
    programs::{PROGRAMS, TARGET},
    source::VENDOR,
};
use crate::{cargo, run};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
};

/// The file about what others wrote.
pub(super) const OTHERS: &str = "THIRD-PARTY.txt";

/// That of glibc, which a static program contains.
const LIBC: &str = "/usr/share/common-licenses/LGPL-2.1";

/// How the names of a crate's files about its licence begin.
const BEGINNINGS: &[&str] = &[
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "UNLICENSE",
    "NOTICE",
];

/// A crate in a program.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    /// As its manifest says.
    licence: String,
}

/// Names and contents of the files.
pub(super) fn all(source: &Path, built_by: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for path in super::files(&source.join("LICENSES"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.push((name.into_owned(), read(&path)?));
    }
    files.push((
        "LGPL-2.1-or-later.txt".to_owned(),
        read(&PathBuf::from(LIBC))?,
    ));
    let others = others(source, &crates(source)?, built_by)?;
    files.push((OTHERS.to_owned(), others.into_bytes()));
    Ok(files)
}

/// The crates of others that are linked into the programs.
fn crates(source: &Path) -> Result<Vec<Crate>> {
    let mut cmd = cargo::command("tree --locked --offline --edges normal,no-proc-macro");
    for program in PROGRAMS {
        cmd.args(["--package", program]);
    }
    cmd.args([
        "--target", TARGET, "--prefix", "none", "--format", "{p}|{l}",
    ])
    .current_dir(source);
    let mut crates = parse(&run::output(&mut cmd)?)?;
    crates.sort();
    crates.dedup();
    Ok(crates)
}

/// Lines as in `anyhow v1.0.104|MIT OR Apache-2.0`. Ours have their folder behind the version.
fn parse(tree: &str) -> Result<Vec<Crate>> {
    let mut crates = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let known = |line: &str| {
            let (package, licence) = line.split_once('|')?;
            let (name, version) = package.split_once(" v")?;
            Some((name.to_owned(), version.to_owned(), licence.to_owned()))
        };
        let (name, version, licence) =
            known(line).with_context(|| format!("cargo tree says {line:?}"))?;
        if version.contains(" (/") {
            continue;
        }
        let version = version.split(' ').next().unwrap_or_default().to_owned();
        let licence = licence.trim_end_matches(" (*)").to_owned();
        crates.push(Crate {
            name,
            version,
            licence,
        });
    }
    Ok(crates)
}

/// The list of crates, and each text of a licence once.
fn others(source: &Path, crates: &[Crate], built_by: &str) -> Result<String> {
    let mut text = format!(
        "nl-util is licensed GPL-2.0-or-later. Its programs were built by {built_by}, and are\n\
         linked with:\n\n\
         - Rust's standard library, MIT OR Apache-2.0;\n\
         - the GNU C Library, LGPL-2.1-or-later: to link them with another one, build them from the\n\
         \x20 source tarball that was published with them;\n\
         - these crates, whose source is in that tarball too:\n\n"
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for it in crates {
        let name = format!("{} {}", it.name, it.version);
        writeln!(text, "  {name}: {}", it.licence)?;
        let dir = source
            .join(VENDOR)
            .join(format!("{}-{}", it.name, it.version));
        for path in super::files(&dir)? {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let is_about = BEGINNINGS
                .iter()
                .any(|it| file.to_uppercase().starts_with(it));
            if is_about && path.is_file() {
                let licence = String::from_utf8_lossy(&read(&path)?)
                    .trim()
                    .replace('\r', "");
                let of = texts.entry(licence).or_default();
                of.push(format!("{name} ({file})"));
            }
        }
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    texts.sort();
    for (of, licence) in texts {
        writeln!(text, "\n{}\n{}\n\n{licence}", "=".repeat(78), of.join("\n"))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_read_from_cargos_tree_and_ours_are_not() {
        let tree = "nlcap v0.1.0 (/b/captures)|GPL-2.0-or-later\n\
                    anyhow v1.0.104|MIT OR Apache-2.0\n\
                    libc v0.2.190|MIT OR Apache-2.0 (*)\n\n\
                    nl_user v0.1.0 (/b/cli)|GPL-2.0-or-later\n";
        let crates = parse(tree).unwrap();
        let licence = "MIT OR Apache-2.0".to_owned();
        let of = |name: &str, version: &str| Crate {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.clone(),
        };
        assert_eq!(crates, [of("anyhow", "1.0.104"), of("libc", "0.2.190")]);
        assert!(parse("what").is_err());
    }
}
