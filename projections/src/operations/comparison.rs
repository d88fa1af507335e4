//! What a comparison of two versions has found.

use std::fmt;

use annals::read_model::{Compared, Difference};

#[derive(Default)]
pub(super) struct Found {
    unexpected: Vec<Difference>,
    differences: u64,
    expected: u64,
}

impl Found {
    pub(super) fn note(
        &mut self,
        difference: Difference,
        expected: &mut (dyn FnMut(&Difference) -> bool + Send),
        most: usize,
    ) {
        self.differences += 1;
        if expected(&difference) {
            self.expected += 1;
        } else if self.unexpected.len() < most {
            self.unexpected.push(difference);
        }
    }

    pub(super) fn into_comparison(self, compared: Compared) -> Comparison {
        let Self { unexpected, differences, expected } = self;
        Comparison { compared, differences, expected, unexpected }
    }
}

/// Two versions of a read model at one place of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Rows and hashes of each table, and the place.
    pub compared: Compared,
    /// How many documents or rows differ.
    pub differences: u64,
    /// How many of these were declared as expected.
    pub expected: u64,
    /// The first of the others.
    pub unexpected: Vec<Difference>,
}

impl Comparison {
    /// Whether nothing differs but what was expected to.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.differences == self.expected && (self.differences > 0 || self.compared.is_equal())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, [(before, _), (after, _)]) in &self.compared.tables {
            writeln!(f, "{table}: {before} rows before, {after} after")?;
        }
        let nothing = || "nothing".to_owned();
        for Difference { table, key, before, after } in &self.unexpected {
            let before = before.clone().unwrap_or_else(nothing);
            let after = after.clone().unwrap_or_else(nothing);
            writeln!(f, "{table} {key}: {before} became {after}")?;
        }
        let Self { differences, expected, .. } = self;
        write!(f, "{differences} differences, of which {expected} were expected")
    }
}
