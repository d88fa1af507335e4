//! Figures for people and for machines.

use comfy_table::{CellAlignment, Table, presets};

use crate::measure::Figure;

pub(crate) fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["workload", "operations", "per second", "CPU µs each"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for figure in figures {
        table.add_row([
            figure.workload.to_owned(),
            figure.operations.to_string(),
            format!("{:.0}", figure.per_second),
            format!("{:.3}", figure.cpu_us),
        ]);
    }
    table
}

pub(crate) fn json_lines(figures: &[Figure]) -> serde_json::Result<String> {
    let mut lines = String::new();
    for figure in figures {
        lines += &serde_json::to_string(figure)?;
        lines.push('\n');
    }
    Ok(lines)
}
