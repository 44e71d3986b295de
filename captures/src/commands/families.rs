// SPDX-License-Identifier: GPL-2.0-or-later
//! `nlcap families`: the generic netlink families of this machine or of a recording.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use anyhow::anyhow;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use ynl::decode::{CONTROLLER, Endian, GENERIC, messages};
use ynl::model::Family;

use super::args::FamiliesArgs;
use super::show::{open, say_remarks};
use crate::exit::Exit;
use crate::file::reader::{FileInfo, ReadError, read_while};
use crate::messages::controller::{Controller, RegisteredFamily};
use crate::messages::packet::Packet;
use crate::messages::specs::Specs;
use crate::session::families::list;
use crate::show::json;
use crate::terminal::text::{self, Reason, escape, escape_os};
use crate::values::write;

/// What is shown where nothing is known.
const UNKNOWN: &str = "-";

/// Flags of an operation, linux/genetlink.h: `GENL_ADMIN_PERM`, `GENL_CMD_CAP_DO`,
/// `GENL_CMD_CAP_DUMP`, `GENL_CMD_CAP_HASPOL`, `GENL_UNS_ADMIN_PERM`.
const FLAGS: [(u32, &str); 5] = [
    (0x02, "do"),
    (0x04, "dump"),
    (0x01, "admin-perm"),
    (0x10, "uns-admin-perm"),
    (0x08, "policy"),
];

/// Runs `nlcap families`.
pub(crate) fn run(args: &FamiliesArgs) -> anyhow::Result<Exit> {
    let specs = Specs::gather(&args.spec)?;
    let mut found = FamilyList::default();
    let mut exit = Exit::Success;
    match &args.file {
        Some(path) => {
            let mut about = FileInfo::default();
            let end = found.read(path, &mut about);
            let path = escape_os(path);
            say_remarks(&path, &about.remarks);
            if let Err(error) = end {
                text::say(&format_args!("cannot read {path}: {error}"));
                exit = Exit::Failed;
            }
        }
        None => found.ask()?,
    }
    let rows = found.rows(&specs);
    let text = match args.json {
        true => rows.iter().map(json).collect(),
        false => table(&rows, args.verbose),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow!("cannot write the families: {}", Reason(error)))
        }
        _ => Ok(exit),
    }
}

/// What a file or this machine says.
#[derive(Default)]
struct FamilyList {
    controller: Controller,
    /// Numbers of families that messages are of.
    spoken: BTreeSet<(u32, u16)>,
}

impl FamilyList {
    fn read(&mut self, path: &Path, about: &mut FileInfo) -> Result<(), ReadError> {
        let (file, _) = open(path)?;
        read_while(file, about, &mut |packet| {
            self.take(packet);
            true
        })
    }

    /// Asks this machine's kernel.
    fn ask(&mut self) -> anyhow::Result<()> {
        for part in list()? {
            self.take(&Packet {
                sent: Some(false),
                added: true,
                ..Packet::of(GENERIC, part.bytes(), Endian::native())
            });
        }
        Ok(())
    }

    fn take(&mut self, packet: &Packet<'_>) {
        if packet.protocol != GENERIC {
            return;
        }
        for message in messages(packet.messages, packet.endian).flatten() {
            if message.kind >= CONTROLLER {
                self.spoken.insert((packet.tap, message.kind));
            }
            if message.kind == CONTROLLER {
                self.controller.learn(packet, &message);
            }
        }
    }

    /// The families by number; those of which only the number is known, too.
    fn rows<'a>(&'a self, specs: &'a Specs) -> Vec<FamilyRow<'a>> {
        let mut rows: Vec<_> = (self.controller.families().into_iter())
            .map(|known| FamilyRow {
                number: known.number,
                known: Some(known),
                spec: specs.with_source(&known.name),
            })
            .collect();
        let nameless = self.spoken.iter().filter(|(tap, number)| {
            *number != CONTROLLER && self.controller.family(*tap, *number).is_none()
        });
        rows.extend(nameless.map(|(_, number)| FamilyRow {
            number: *number,
            known: None,
            spec: None,
        }));
        rows.sort_by_key(|row| (row.number, row.known.map(|it| &it.name)));
        // Several taps of one machine say the same.
        rows.dedup_by_key(|row| (row.number, row.known.map(|it| &it.name)));
        rows
    }
}

struct FamilyRow<'a> {
    number: u16,
    known: Option<&'a RegisteredFamily>,
    /// The specification, and where it is.
    spec: Option<(&'a Family, String)>,
}

impl FamilyRow<'_> {
    /// What the specification calls an operation.
    fn operation(&self, number: u32) -> Option<&str> {
        let (spec, _) = self.spec.as_ref()?;
        let number = u16::try_from(number).ok()?;
        Some(&spec.request(number)?.name)
    }
}

fn flags(bits: u32) -> impl Iterator<Item = &'static str> {
    let set = FLAGS.iter().filter(move |(bit, _)| bits & bit != 0);
    set.map(|(_, name)| *name)
}

/// The table, with a line break at its end.
fn table(rows: &[FamilyRow<'_>], verbose: bool) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header([
            "id",
            "family",
            "version",
            "operations",
            "groups",
            "specification",
        ]);
    for row in rows {
        let name = row.known.map_or_else(|| "?".into(), |it| escape(&it.name));
        let number = |of: fn(&RegisteredFamily) -> String| row.known.map_or(UNKNOWN.into(), of);
        let groups = row.known.map_or(&[][..], |it| &it.groups);
        let groups: Vec<_> = groups.iter().map(|(name, _)| escape(name)).collect();
        table.add_row([
            row.number.to_string(),
            name,
            number(|it| it.version.to_string()),
            number(|it| it.operations.len().to_string()),
            match groups.is_empty() {
                true => UNKNOWN.into(),
                false => groups.join(" "),
            },
            row.spec.as_ref().map_or(UNKNOWN.into(), |it| it.1.clone()),
        ]);
    }
    for column in [0, 2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.trim_fmt();
    if !verbose {
        return text + "\n";
    }
    let mut lines = text.lines();
    let mut out = String::new();
    write(&mut out, format_args!("{}\n", lines.next().unwrap_or("")));
    for (row, line) in rows.iter().zip(lines) {
        write(&mut out, format_args!("{line}\n"));
        push_details(&mut out, row);
    }
    out
}

/// Under a family's line its operations and groups.
fn push_details(out: &mut String, row: &FamilyRow<'_>) {
    let Some(known) = row.known else { return };
    let names = known.operations.iter().map(|(number, bits)| {
        let name = row.operation(*number).unwrap_or(UNKNOWN);
        (*number, name, flags(*bits).collect::<Vec<_>>().join(" "))
    });
    let names: Vec<_> = names.collect();
    let width = names.iter().map(|it| it.1.len()).max().unwrap_or(0);
    for (number, name, flags) in names {
        write(out, format_args!("{number:>9} {name:width$}  {flags}\n"));
    }
    for (name, number) in &known.groups {
        write(out, format_args!("{number:>9} group {}\n", escape(name)));
    }
}

/// An object and a line break.
fn json(row: &FamilyRow<'_>) -> String {
    let mut out = format!("{{\"id\":{}", row.number);
    if let Some(known) = row.known {
        json::push_key(&mut out, "name");
        json::push_text(&mut out, &known.name);
        write(
            &mut out,
            format_args!(
                ",\"version\":{},\"hdrsize\":{},\"maxattr\":{},\"ops\":[",
                known.version, known.header, known.most_attribute
            ),
        );
        json::push_list(&mut out, known.operations.iter(), |out, (number, bits)| {
            write(out, format_args!("{{\"id\":{number}"));
            if let Some(name) = row.operation(*number) {
                json::push_key(out, "name");
                json::push_text(out, name);
            }
            out.push_str(",\"flags\":[");
            json::push_list(out, flags(*bits), json::push_text);
            out.push_str("]}");
        });
        out.push_str("],\"groups\":[");
        json::push_list(&mut out, known.groups.iter(), |out, (name, number)| {
            write(out, format_args!("{{\"id\":{number}"));
            json::push_key(out, "name");
            json::push_text(out, name);
            out.push('}');
        });
        out.push(']');
    }
    if let Some((_, source)) = &row.spec {
        json::push_key(&mut out, "spec");
        json::push_text(&mut out, source);
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample::{counters, message, recording};

    fn shown(file: &[u8], verbose: bool) -> (String, String) {
        let specs = Specs::only_built_in();
        let mut found = FamilyList::default();
        crate::file::reader::read(file, &mut |packet| found.take(packet)).unwrap();
        let rows = found.rows(&specs);
        (table(&rows, verbose), rows.iter().map(json).collect())
    }

    #[test]
    fn a_recording_has_the_families_of_its_machine() {
        let sample = include_bytes!("../../samples/nl_user-show.pcapng");
        insta::assert_snapshot!(shown(sample, false).0);
        let (text, json) = shown(sample, true);
        assert!(text.contains("\n        1 l2-list"), "{text}");
        let ours = (json.lines())
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|it| it["name"] == "nl_util")
            .unwrap();
        assert_eq!(ours["spec"], "built in");
        assert_eq!(ours["ops"][0]["name"], "l2-list");
        assert!(ours["id"].as_u64().unwrap() > 16);
    }

    #[test]
    fn a_family_that_nobody_names_has_its_number() {
        let frames = [(GENERIC, message(0x99, 1, 7, &[1, 1, 0, 0]))];
        let file = recording("x", &frames, counters(&frames));
        let text = shown(&file, false).0;
        let last: Vec<_> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["153", "?", "-", "-", "-", "-"]);
    }
}
