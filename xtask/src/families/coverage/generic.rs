// SPDX-License-Identifier: GPL-2.0-or-later
//! The families of generic netlink that the kernel's code registers.

use super::super::{
    source::Code,
    structs::{elements, filled, inner, member, name_in},
    uapi::{
        Uapi,
        tokens::{Kind, Token, tokens},
    },
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

/// A family as the code has it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Generic {
    pub(crate) name: String,
    /// The file that registers it: `net/wireless/nl80211.c`.
    pub(crate) file: String,
    /// The header that has its name as a macro.
    pub(crate) header: Option<String>,
    /// Constants of its commands.
    pub(crate) commands: BTreeSet<String>,
    /// Constants of sets of attributes at the top of its messages.
    pub(crate) tops: BTreeSet<String>,
}

/// What stands in a family's code, before names are looked up.
struct Draft<'a> {
    name: Token<'a>,
    file: &'a str,
    commands: BTreeSet<&'a str>,
    tops: BTreeSet<&'a str>,
}

/// Kinds of tables of operations, and the members of a family that name one.
const TABLES: [(&str, &str); 3] = [
    ("genl_ops", "ops"),
    ("genl_small_ops", "small_ops"),
    ("genl_split_ops", "split_ops"),
];

/// What a table of operations says: commands, and the greatest attributes of their requests.
#[derive(Default)]
struct Table<'a> {
    commands: BTreeSet<&'a str>,
    tops: BTreeSet<&'a str>,
}

/// All families that a source registers, by name. Headers of the kernel's own that have
/// their names are added to `uapi`.
pub(crate) fn families(source: &Path, files: &[Code], uapi: &mut Uapi) -> Result<Vec<Generic>> {
    let all: Vec<_> = (files.iter())
        .filter(|it| it.text.contains("genl_"))
        .map(|it| (it, tokens(&it.text)))
        .collect();
    // A table may stand in another file than its family: by file and name.
    let mut tables: BTreeMap<(&str, &str), Table<'_>> = BTreeMap::new();
    for (file, tokens) in &all {
        for (kind, _) in TABLES {
            for it in filled(tokens, kind) {
                tables.insert((&file.name, it.name), table(it.body));
            }
        }
    }
    let mut drafts = Vec::new();
    for (file, tokens) in &all {
        for it in filled(tokens, "genl_family") {
            let Some([name, ..]) = member(it.body, "name") else {
                continue;
            };
            let mut draft = Draft {
                name: *name,
                file: &file.name,
                commands: BTreeSet::new(),
                tops: name_in(it.body, "maxattr").into_iter().collect(),
            };
            for (_, member) in TABLES {
                let Some(name) = name_in(it.body, member) else {
                    continue;
                };
                let own = tables.get(&(&*file.name, name));
                let other = || {
                    tables
                        .iter()
                        .find(|((_, it), _)| *it == name)
                        .map(|(_, it)| it)
                };
                if let Some(table) = own.or_else(other) {
                    draft.commands.extend(&table.commands);
                    draft.tops.extend(&table.tops);
                }
            }
            drafts.push(draft);
        }
    }
    add_headers(source, &drafts, uapi)?;
    let mut found: Vec<_> = drafts.iter().filter_map(|it| finished(it, uapi)).collect();
    found.sort_by_key(|it| (it.name.to_lowercase(), it.file.clone()));
    Ok(found)
}

fn table<'a>(body: &[Token<'a>]) -> Table<'a> {
    let mut table = Table::default();
    for element in elements(body) {
        let fields = inner(element.value);
        table.commands.extend(name_in(fields, "cmd"));
        table.tops.extend(name_in(fields, "maxattr"));
        // `MACRO(COMMAND, …)`.
        if let [function, open, command, ..] = element.value
            && function.word().is_some()
            && open.is("(")
        {
            table.commands.extend(command.word());
        }
    }
    table
}

/// Adds headers that are not uapi but have names of a family: those beside its file, and
/// include/linux and include/net.
fn add_headers(source: &Path, drafts: &[Draft<'_>], uapi: &mut Uapi) -> Result<()> {
    let mut folders: HashMap<PathBuf, Vec<(String, String)>> = HashMap::new();
    for draft in drafts {
        let name = draft.name.word();
        let wanted: Vec<&str> = (draft.commands.iter().chain(&draft.tops).copied())
            .filter(|it| uapi.numbers(it).is_empty())
            .chain(name.filter(|it| uapi.text(it).is_none()))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let beside = Path::new(draft.file).parent().unwrap_or(Path::new(""));
        for folder in [beside, Path::new("include/linux"), Path::new("include/net")] {
            if !folders.contains_key(folder) {
                folders.insert(folder.to_owned(), texts(source, folder)?);
            }
            for (name, text) in &folders[folder] {
                let is_own = name == draft.file || name.ends_with(".h");
                if is_own && !uapi.has(name) && wanted.iter().any(|it| text.contains(it)) {
                    uapi.add(name.clone(), text);
                }
            }
        }
    }
    Ok(())
}

/// The sources in a folder, by name, with their texts.
fn texts(source: &Path, folder: &Path) -> Result<Vec<(String, String)>> {
    let Ok(entries) = fs::read_dir(source.join(folder)) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<_> = entries.flatten().map(|it| it.path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "h" || it == "c"));
    paths.sort();
    (paths.iter())
        .map(|path| {
            let name = path.strip_prefix(source).unwrap_or(path);
            Ok((name.display().to_string(), super::super::uapi::read(path)?))
        })
        .collect()
}

fn finished(draft: &Draft<'_>, uapi: &Uapi) -> Option<Generic> {
    let (header, name) = match draft.name.kind {
        Kind::Text(text) => (None, text),
        Kind::Word(word) => uapi
            .text(word)
            .map(|(header, text)| (Some(header.to_owned()), text))?,
        _ => return None,
    };
    let owned = |names: &BTreeSet<&str>| names.iter().map(|it| (*it).to_owned()).collect();
    Some(Generic {
        name: name.to_owned(),
        file: draft.file.to_owned(),
        header,
        commands: owned(&draft.commands),
        tops: owned(&draft.tops),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_found_with_its_commands_and_its_attributes() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("net/box")).unwrap();
        fs::write(
            dir.path().join("net/box/box.h"),
            "#define BOX_NAME \"box\"\nenum { BOX_A_SIZE = 1, __BOX_A_MAX };",
        )
        .unwrap();
        let code = |name: &str, text: &str| Code {
            name: name.into(),
            text: text.into(),
        };
        let files = [
            code(
                "net/box/main.c",
                "static struct genl_family box_family = { .name = BOX_NAME, .maxattr = BOX_A_MAX,
                   .ops = box_ops, .n_ops = ARRAY_SIZE(box_ops), .split_ops = box_more, };
                 static const struct genl_ops box_ops[] = { { .cmd = BOX_C_GET }, DUMP(BOX_C_DUMP, f) };",
            ),
            code(
                "net/box/gen.c",
                "const struct genl_split_ops box_more[2] = { { .cmd = BOX_C_SET, .maxattr = BOX_A_SIZE, } };
                 extern struct genl_family other; struct genl_family *it; struct genl_family nameless = {};",
            ),
            code("net/lid.c", "struct genl_family lid_family __ro = { .name = \"LID\" };"),
        ];
        let mut uapi = Uapi::of_texts([]);
        let found = families(dir.path(), &files, &mut uapi).unwrap();
        let names: Vec<_> = found.iter().map(|it| (&*it.name, &*it.file)).collect();
        assert_eq!(names, [("box", "net/box/main.c"), ("LID", "net/lid.c")]);
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(list(&found[0].commands), "BOX_C_DUMP BOX_C_GET BOX_C_SET");
        assert_eq!(list(&found[0].tops), "BOX_A_MAX BOX_A_SIZE");
        assert_eq!(uapi.numbers("BOX_A_SIZE"), [("net/box/box.h", 1)]);
        assert_eq!(found[0].header.as_deref(), Some("net/box/box.h"));
        assert_eq!(found[1].header, None);
    }
}
