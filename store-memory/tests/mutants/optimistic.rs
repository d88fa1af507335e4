//! A3: stores that check versions badly.

use ExpectedVersion::{Any, Exists};
use annals::store::Append;
use annals::{AppendError, EventStore, ExpectedVersion, Version};
use annals_memory::MemoryStore;

use crate::mutant::{Answer, Mutation, caught};

caught! {
    a3_reporting_the_expected_version: "a3_", |_| ReportsExpected;
    a3_reporting_the_last_digit_only: "a3_", |_| LastDigit;
    a3_taking_an_exact_version_for_any: "a3_", |_| Loose(|_| Any);
    a3_taking_an_existing_stream_for_any: "a3_", |_| Takes(Exists, Any);
    a3_taking_any_stream_for_an_existing_one: "a3_a_writer_who_is_right", |_| Takes(Any, Exists);
    a3_wrapping_versions_at_32_bits: "a3_", |_| Loose(|version| Version::new(version & 0xffff_ffff).into());
    a3_wrapping_versions_at_31_bits: "a3_", |_| Loose(|version| Version::new(version & 0x7fff_ffff).into());
    a3_ignoring_the_sign_of_versions: "a3_", |_| Loose(|version| Version::new(version & (u64::MAX >> 1)).into());
}

#[derive(Debug)]
struct ReportsExpected;

impl Mutation for ReportsExpected {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            store.append(append).await.map_err(|error| match error {
                AppendError::Conflict(mut conflict) => {
                    conflict.actual = conflict.expected.exact().unwrap_or(conflict.actual);
                    conflict.into()
                }
                error => error,
            })
        })
    }
}

/// As from a pattern over a message's text.
#[derive(Debug)]
struct LastDigit;

impl Mutation for LastDigit {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            store.append(append).await.map_err(|error| match error {
                AppendError::Conflict(mut conflict) => {
                    conflict.actual = (conflict.actual.get() % 10).into();
                    conflict.into()
                }
                error => error,
            })
        })
    }
}

#[derive(Debug)]
struct Loose(fn(u64) -> ExpectedVersion);

impl Mutation for Loose {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        for write in &mut append.writes {
            if let ExpectedVersion::Exactly(version) = write.expected {
                write.expected = self.0(version.get());
            }
        }
        Box::pin(store.append(append))
    }
}

/// Takes one belief for another.
#[derive(Debug)]
struct Takes(ExpectedVersion, ExpectedVersion);

impl Mutation for Takes {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        for write in &mut append.writes {
            if write.expected == self.0 {
                write.expected = self.1;
            }
        }
        Box::pin(store.append(append))
    }
}
