// SPDX-License-Identifier: GPL-2.0-or-later
//! The tables that benchmarks print.

use comfy_table::{CellAlignment, Table, presets};

/// A table without lines whose first `titles` columns are words, the others figures.
pub(super) fn table<const N: usize>(header: [&str; N], titles: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for column in table.column_iter_mut().skip(titles) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
