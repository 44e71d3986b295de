// SPDX-License-Identifier: GPL-2.0-or-later
//! How many messages of which family, operation and program.

use std::rc::Rc;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use foldhash::{HashMap, HashSet};
use ynl::decode::{GENERIC, genl};

use crate::messages::event::{Event, Role};
use crate::terminal::text::{escape, grouped};

/// The most rows; what comes after is counted together, in one more.
const MOST: usize = 10_000;

/// The most messages of different kinds and processes whose row is remembered.
const MOST_KNOWN: usize = 1 << 16;

/// The most processes of rows that are counted.
const MOST_PROCESSES: usize = 1 << 18;

/// What messages of a row have in common, as numbers: names are made once. With it the process,
/// for a row is of a program.
type Key = (u32, u16, u16, u16, Role, Option<u32>, u32);

/// What distinguishes rows. The last one, of all others, has none of it.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Names {
    family: Rc<str>,
    operation: Rc<str>,
    role: &'static str,
    /// The program, where the process is known.
    comm: Option<Rc<str>>,
    /// The process, where its name is not known.
    pid: Option<u32>,
}

struct CountRow {
    names: Names,
    messages: u64,
    bytes: u64,
    /// One of its processes, and how many there are.
    pid: Option<u32>,
    processes: u64,
}

/// The table.
#[derive(Default)]
pub(super) struct CountTable {
    rows: Vec<CountRow>,
    known: HashMap<Key, usize>,
    by_names: HashMap<Names, usize>,
    processes: HashSet<(usize, u32)>,
    /// Messages in the row of all others.
    left_out: u64,
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
                let at = self.row(event, pid);
                if self.known.len() >= MOST_KNOWN {
                    self.known.clear();
                }
                self.known.insert(key, at);
                at
            }
        };
        self.left_out += u64::from(at >= MOST);
        let row = &mut self.rows[at];
        row.messages += 1;
        row.bytes += u64::from(message.length);
    }

    /// The row of a message, to which its process belongs.
    fn row(&mut self, event: &Event<'_>, pid: Option<u32>) -> usize {
        let comm = event.process.as_ref().and_then(|it| it.comm.as_ref());
        let mut names = Names {
            family: Rc::clone(&event.family),
            operation: Rc::clone(&event.operation),
            role: event.role.name(),
            comm: comm.map(Rc::clone),
            pid: pid.filter(|_| comm.is_none()),
        };
        if self.rows.len() >= MOST && !self.by_names.contains_key(&names) {
            names = Names::default();
        }
        let next = self.rows.len();
        let at = *self.by_names.entry(names.clone()).or_insert(next);
        if at == next {
            self.rows.push(CountRow {
                names,
                messages: 0,
                bytes: 0,
                pid,
                processes: 0,
            });
        }
        if let Some(pid) = pid
            && self.processes.len() < MOST_PROCESSES
            && self.processes.insert((at, pid))
        {
            self.rows[at].processes += 1;
        }
        at
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
            let [family, operation] = match row.names == Names::default() {
                true => [String::from("others"), String::new()],
                false => [&row.names.family, &row.names.operation].map(|it| escape(it)),
            };
            table.add_row([
                row.messages.to_string(),
                row.bytes.to_string(),
                family,
                operation,
                row.names.role.to_owned(),
                self.process(row),
            ]);
        }
        for column in table.column_iter_mut().take(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text = format!("{}\n", table.trim_fmt());
        let mut lack = |count: u64, what: &str, limit: usize| {
            let (count, limit) = (grouped(count), grouped(limit as u64));
            text.push_str(&format!(
                "left out: {count} {what} beyond the limit of {limit}\n"
            ));
        };
        if self.left_out > 0 {
            lack(self.left_out, "messages of rows", MOST);
        }
        text
    }

    /// The process of a row, or the program with the number of its processes.
    fn process(&self, row: &CountRow) -> String {
        match (&row.names.comm, row.pid) {
            (Some(comm), _) if row.processes > 1 => {
                let is_full = self.processes.len() >= MOST_PROCESSES;
                let more = if is_full { " or more" } else { "" };
                format!("{} × {}{more}", escape(comm), grouped(row.processes))
            }
            (Some(comm), Some(pid)) => format!("{}[{pid}]", escape(comm)),
            (None, Some(pid)) if row.names.pid.is_some() => format!("pid[{pid}]"),
            _ => String::from("-"),
        }
    }
}
