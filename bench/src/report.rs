//! Figures for people and for machines.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::measure::Figure;
use crate::postgres::Row;

pub(crate) fn table(figures: &[Figure]) -> Table {
    let mut table = with_header(&["workload", "operations", "per second", "CPU µs each"]);
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

/// Both sides of every workload. CPU is in microseconds for one operation, of the
/// client and of the server.
pub(crate) fn comparison(rows: &[Row]) -> Table {
    let mut table = with_header(&[
        "workload",
        "annals",
        "baseline",
        "ratio",
        "unit",
        "CPU µs annals",
        "CPU µs baseline",
    ]);
    for row in rows {
        table.add_row([
            row.workload.clone(),
            figure(Some(row.annals), 0),
            figure(row.baseline, 0),
            figure(row.ratio, 2),
            row.unit.to_owned(),
            both(row.cpu_us_client, row.cpu_us_server),
            both(row.baseline_cpu_us.0, row.baseline_cpu_us.1),
        ]);
    }
    table
}

fn with_header(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn both(client: Option<f64>, server: Option<f64>) -> String {
    format!("{} + {}", figure(client, 1), figure(server, 1))
}

pub(crate) fn json_lines(figures: &[impl Serialize]) -> serde_json::Result<String> {
    let mut lines = String::new();
    for figure in figures {
        lines += &serde_json::to_string(figure)?;
        lines.push('\n');
    }
    Ok(lines)
}
