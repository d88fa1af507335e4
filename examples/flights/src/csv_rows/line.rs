//! One line, split into its fields.

use csv_core::{ReadRecordResult, Reader};

/// Splits lines at their commas, as CSV quotes them.
///
/// It works line by line, where a CSV reader works on a whole file: no field of
/// these files holds a line break, so that a quote which nobody closed spoils
/// its own line only, and the number of a line is what an editor shows.
pub(super) struct Splitter {
    core: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// The fields of a line.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self { core: Reader::new(), text: Vec::new(), ends: Vec::new() }
    }

    /// The fields of a line; `None` if it is not UTF-8 text.
    pub(super) fn split(&mut self, line: &[u8]) -> Option<Record<'_>> {
        // Unquoting makes no field longer, and commas separate fields, so there
        // is always room and `read_record` never asks for more.
        self.text.resize(line.len(), 0);
        let commas = line.iter().filter(|byte| **byte == b',').count();
        self.ends.resize(commas + 1, 0);
        self.core.reset();
        let (mut bytes, mut fields) = (0, 0);
        // An empty input is how the reader is told that the line ends here.
        for input in [line, &[]] {
            let (text, ends) = (&mut self.text[bytes..], &mut self.ends[fields..]);
            let (result, _, more_bytes, more_fields) = self.core.read_record(input, text, ends);
            bytes += more_bytes;
            fields += more_fields;
            if result == ReadRecordResult::Record {
                break;
            }
        }
        Some(Record { text: str::from_utf8(&self.text[..bytes]).ok()?, ends: &self.ends[..fields] })
    }
}

impl<'a> Record<'a> {
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// A field without the blanks around it.
    pub(super) fn field(self, index: usize) -> Option<&'a str> {
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)?,
        };
        self.text.get(start..*self.ends.get(index)?).map(str::trim)
    }

    pub(super) fn fields(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).filter_map(move |index| self.field(index))
    }
}

#[cfg(test)]
mod tests {
    use super::Splitter;

    #[track_caller]
    fn check(line: &str, fields: &[&str]) {
        let mut splitter = Splitter::new();
        let record = splitter.split(line.as_bytes()).unwrap();
        assert_eq!(record.fields().collect::<Vec<_>>(), fields);
    }

    #[test]
    fn commas_separate_and_quotes_protect() {
        check("a, b ,c", &["a", "b", "c"]);
        check("a,,c,", &["a", "", "c", ""]);
        check("\"a\",\"b, \"\"c\"\"\",d", &["a", "b, \"c\"", "d"]);
    }

    #[test]
    fn an_open_quote_ends_with_its_line() {
        check("a,\"b,c", &["a", "b,c"]);
    }

    #[test]
    fn what_is_not_text_has_no_fields() {
        assert!(Splitter::new().split(b"a,\xff").is_none());
    }
}
