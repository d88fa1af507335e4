//! What has become of a rebuild, as text and as machines read it. The README promises these
//! names.

use std::fmt::Write;

use annals_projections::operations::Comparison;
use serde::Serialize;

use crate::output::{count, plain, table};

#[derive(Serialize)]
pub(super) struct Rebuilt<'a> {
    pub(super) model: &'a str,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) compared: Option<Compared>,
    pub(super) switched: bool,
    pub(super) why_not: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Discarded<'a> {
    pub(super) model: &'a str,
    pub(super) version: u32,
    pub(super) discarded: bool,
    pub(super) why_not: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Released<'a> {
    pub(super) model: &'a str,
    pub(super) released: bool,
}

#[derive(Serialize)]
pub(super) struct Compared {
    at: Vec<Place>,
    tables: Vec<Table>,
    differences: u64,
    /// The first of them.
    examples: Vec<Difference>,
}

#[derive(Serialize)]
struct Place {
    partition: u16,
    position: u64,
}

#[derive(Serialize)]
struct Table {
    table: String,
    rows_before: u64,
    rows_after: u64,
    equal: bool,
}

#[derive(Serialize)]
struct Difference {
    table: String,
    key: String,
    before: Option<String>,
    after: Option<String>,
}

impl From<Comparison> for Compared {
    fn from(comparison: Comparison) -> Self {
        let Comparison { compared, differences, unexpected, .. } = comparison;
        let place = |at: annals::Checkpoint| Place {
            partition: at.partition().get(),
            position: at.position().get(),
        };
        let table = |(table, [before, after]): (String, [(u64, u64); 2])| Table {
            table,
            rows_before: before.0,
            rows_after: after.0,
            equal: before == after,
        };
        let difference = |of: annals::read_model::Difference| Difference {
            table: of.table,
            key: of.key,
            before: of.before,
            after: of.after,
        };
        Self {
            at: compared.at.into_iter().map(place).collect(),
            tables: compared.tables.into_iter().map(table).collect(),
            differences,
            examples: unexpected.into_iter().map(difference).collect(),
        }
    }
}

impl<'a> Rebuilt<'a> {
    pub(super) fn new(model: &'a str, from: u32, to: u32) -> Self {
        Self { model, from, to, compared: None, switched: false, why_not: None }
    }

    /// What was done.
    pub(super) fn text(&self) -> String {
        let Self { model, from, to, .. } = self;
        match &self.why_not {
            None => format!("{model} is switched from version {from} to {to}.\n"),
            Some(why) => format!("{model} is NOT switched from version {from} to {to}: {why}.\n"),
        }
    }

    /// Rows, and the first differences.
    pub(super) fn comparison_text(&self) -> String {
        let Some(compared) = &self.compared else { return String::new() };
        let versions = [format!("Version {}", self.from), format!("Version {}", self.to)];
        let [before, after] = versions.each_ref().map(String::as_str);
        let mut table = table(["Table", before, after, ""], &[1, 2]);
        for Table { table: name, rows_before, rows_after, equal } in &compared.tables {
            let verdict = if *equal { "equal" } else { "DIFFERS" };
            table.add_row([
                plain(name),
                count(*rows_before),
                count(*rows_after),
                verdict.to_owned(),
            ]);
        }
        let mut text = format!("{}\n", table.trim_fmt());
        for Difference { table, key, before, after } in &compared.examples {
            let told = |what: &Option<String>| what.as_ref().map_or("nothing".to_owned(), plain);
            let (key, before, after) = (plain(key), told(before), told(after));
            // Writing to a text does not fail.
            _ = writeln!(text, "  {} {key}\n    - {before}\n    + {after}", plain(table));
        }
        let shown = compared.examples.len() as u64;
        if compared.differences > shown {
            _ = writeln!(text, "  and {} more", count(compared.differences - shown));
        }
        text + &format!("{} differences\n\n", count(compared.differences))
    }
}

impl Discarded<'_> {
    pub(super) fn text(&self) -> String {
        let Self { model, version, why_not, .. } = self;
        match why_not {
            None => format!("{model} version {version} is removed.\n"),
            Some(why) => format!("{model} version {version} is NOT removed: {why}.\n"),
        }
    }
}
