// SPDX-License-Identifier: GPL-2.0-or-later
//! How many messages of which family, operation and process.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use foldhash::HashMap;
use ynl::decode::{GENERIC, genl};

use crate::messages::event::{Event, Role};
use crate::terminal::text::escape;

/// The most rows; what comes after is counted together.
const MOST: usize = 10_000;

/// What messages of a row have in common, as numbers: names are made once.
type Key = (u32, u16, u16, u16, Role, Option<u32>, u32);

struct CountRow {
    names: [String; 4],
    messages: u64,
    bytes: u64,
}

/// The table.
#[derive(Default)]
pub(super) struct CountTable {
    rows: Vec<CountRow>,
    known: HashMap<Key, usize>,
}

impl CountTable {
    /// Counts a message.
    pub(super) fn add(&mut self, event: &Event<'_>, generation: u32) {
        let message = &event.message;
        // Errors and the like count for what was asked.
        let is_control = message.is_control(event.packet.protocol);
        let tie = event.tie.as_ref().filter(|_| is_control);
        let asked = match tie {
            Some(tie) => tie.request.message(event.packet.endian),
            None => event.missed_request(),
        };
        let kind = tie.map(|it| it.request.kind);
        let kind = kind.or(asked.map(|it| it.kind)).unwrap_or(message.kind);
        let payload = match (asked, tie) {
            (Some(asked), _) => asked.payload,
            (None, Some(_)) => &[],
            (None, None) => message.payload,
        };
        let command = match event.packet.protocol {
            GENERIC => genl(payload).map_or(u16::MAX, |it| it.command.into()),
            _ => 0,
        };
        let pid = event.process.as_ref().map(|it| it.pid);
        let tap = event.packet.tap;
        let protocol = event.packet.protocol;
        let key = (tap, protocol, kind, command, event.role, pid, generation);
        let at = match self.known.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.row(names(event));
                if self.known.len() < MOST {
                    self.known.insert(key, at);
                }
                at
            }
        };
        let row = &mut self.rows[at];
        row.messages += 1;
        row.bytes += u64::from(message.length);
    }

    /// The row of these names.
    fn row(&mut self, names: [String; 4]) -> usize {
        let names = match self.rows.len() {
            0..MOST => names,
            _ => std::array::from_fn(|_| String::from("…")),
        };
        if let Some(at) = self.rows.iter().position(|it| it.names == names) {
            return at;
        }
        self.rows.push(CountRow {
            names,
            messages: 0,
            bytes: 0,
        });
        self.rows.len() - 1
    }

    /// The table, most messages first, with a line break at its end.
    pub(super) fn render(mut self) -> String {
        let sort = |row: &CountRow| (u64::MAX - row.messages, row.names.clone());
        self.rows.sort_by_cached_key(sort);
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(["messages", "bytes", "family", "operation", "", "process"]);
        for row in &self.rows {
            let figures = [row.messages.to_string(), row.bytes.to_string()];
            table.add_row(figures.iter().chain(&row.names));
        }
        for column in table.column_iter_mut().take(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n", table.trim_fmt())
    }
}

fn names(event: &Event<'_>) -> [String; 4] {
    let process = match &event.process {
        None => String::from("-"),
        Some(process) => {
            let comm = process.comm.as_deref().unwrap_or("pid");
            format!("{}[{}]", escape(comm), process.pid)
        }
    };
    [
        escape(&event.family),
        escape(&event.operation),
        event.role.name().to_owned(),
        process,
    ]
}
