//! Whether a read model has taken every event.

use std::collections::BTreeMap;
use std::fmt;

use annals::read_model::{BLOCK, Ledger, Mark, ModelId, ReadModelStore, Tallies, Tally, Unit};
use annals::store::{Filter, LogQuery};
use annals::{EventStore, Partition, Position};
use futures::TryStreamExt;

use super::{Failed, Operations};

/// What an audit has found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Audit {
    /// The version that was audited.
    pub model: ModelId,
    /// Its partitions, in their order.
    pub partitions: Vec<PartitionAudit>,
}

/// What an audit has found in a partition.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartitionAudit {
    /// The partition.
    pub partition: Partition,
    /// Up to which position the books were compared with the log.
    pub until: Position,
    /// What has become of the events up to there.
    pub tallies: Tallies,
    /// The first block of positions whose events are not those of the log.
    pub difference: Option<BlockDifference>,
}

/// A block in which the books and the log differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockDifference {
    /// The first position of the block.
    pub first: Position,
    /// The last one.
    pub last: Position,
    /// What the log holds of the read model's events.
    pub log: Tally,
    /// What the books say was applied, parked and skipped.
    pub books: Tally,
    /// Whether it is the dead letters that differ from what was parked.
    pub letters: bool,
}

impl Audit {
    /// Whether every event of the log has been applied once, or is accounted for.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.partitions.iter().all(|partition| partition.difference.is_none())
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:", self.model)?;
        for PartitionAudit { partition, until, tallies, difference } in &self.partitions {
            let Tallies { applied, parked, skipped } = tallies;
            let (applied, parked, skipped) = (applied.count, parked.count, skipped.count);
            write!(f, "  partition {partition} up to position {until}: ")?;
            write!(f, "{applied} applied, {parked} parked, {skipped} skipped: ")?;
            match difference {
                None => writeln!(f, "as in the log")?,
                Some(BlockDifference { first, last, letters: true, .. }) => {
                    writeln!(f, "dead letters differ from the books, positions {first} to {last}")?;
                }
                Some(BlockDifference { first, last, log, books, .. }) => writeln!(
                    f,
                    "NOT as in the log: positions {first} to {last} hold {} events, the books {}",
                    log.count, books.count
                )?,
            }
        }
        Ok(())
    }
}

impl Operations {
    /// Compares the books of a read model with the log, up to its checkpoint: the number of
    /// events and a hash of them, block by block. `version` is the current one if it is
    /// not given.
    ///
    /// The log is read once, in bounded memory; nothing is held up. Where a partition is
    /// fed in several slices, the blocks are compared that all of them have passed.
    ///
    /// # Errors
    /// There is no such read model, the log does not hold its checkpoint, or one of the
    /// stores failed.
    pub async fn audit(&self, name: &str, version: Option<u32>) -> Result<Audit, Failed> {
        let model = self.model(name, version).await?;
        let mut partitions: BTreeMap<Partition, Vec<Unit>> = BTreeMap::new();
        for status in &model.units {
            partitions.entry(status.unit.partition).or_default().push(status.unit.clone());
        }
        let names = model.declaration.events.iter().map(|event| &event.name);
        let filter = names.fold(Filter::all(), Filter::name);
        let mut audited = Vec::new();
        for (partition, units) in partitions {
            let mut ledgers = Vec::new();
            for unit in &units {
                ledgers.push(self.models.ledger(unit).await?);
            }
            audited.push(self.audit_partition(partition, &ledgers, &filter).await?);
        }
        Ok(Audit { model: model.declaration.id, partitions: audited })
    }

    async fn audit_partition(
        &self,
        partition: Partition,
        ledgers: &[Ledger],
        filter: &Filter,
    ) -> Result<PartitionAudit, Failed> {
        for checkpoint in ledgers.iter().map(|ledger| ledger.checkpoint) {
            // A place that the log does not hold any more is told here.
            if checkpoint.event().is_some() {
                let query = LogQuery::resume(checkpoint).limit(1);
                self.log.read_all(query).try_next().await?;
            }
        }
        let reached = || ledgers.iter().map(|ledger| ledger.checkpoint.position());
        let (mut until, most) = (reached().min().unwrap_or_default(), reached().max());
        let mut blocks_until = until.get() / BLOCK + 1;
        if Some(until) != most {
            // Slices stand at different places: only blocks can be compared that all of them
            // have passed.
            blocks_until -= 1;
            until = Position::new((blocks_until * BLOCK).saturating_sub(1));
        }
        let books = books(ledgers, blocks_until);
        let mut tallies = Tallies::default();
        for block in books.values() {
            tallies = tallies.plus(*block);
        }
        let mut difference = letters_differ(ledgers, blocks_until);
        let query = LogQuery::partition(partition).filter(filter.clone());
        let mut events = self.log.read_all(query);
        let mut log: BTreeMap<u64, Tallies> = BTreeMap::new();
        while let Some(event) = events.try_next().await?.filter(|event| event.position <= until) {
            let mark = Mark::of(partition, event.position, event.id);
            log.entry(mark.block).or_default().apply(mark);
        }
        let mut blocks: Vec<_> = log.keys().chain(books.keys()).copied().collect();
        blocks.sort_unstable();
        for block in blocks {
            let selected = |all: &BTreeMap<u64, Tallies>| {
                all.get(&block).map(Tallies::selected).unwrap_or_default()
            };
            if difference.is_none() && selected(&log) != selected(&books) {
                difference = Some(differing(block, selected(&log), selected(&books), false));
            }
        }
        Ok(PartitionAudit { partition, until, tallies, difference })
    }
}

/// What the books of all slices say, of the blocks that are compared.
fn books(ledgers: &[Ledger], until: u64) -> BTreeMap<u64, Tallies> {
    let mut books: BTreeMap<u64, Tallies> = BTreeMap::new();
    for (block, tallies) in ledgers.iter().flat_map(|ledger| &ledger.blocks) {
        if *block < until {
            let sum = books.entry(*block).or_default();
            *sum = sum.plus(*tallies);
        }
    }
    books
}

/// The first block in which the dead letters are not what the books say was parked.
fn letters_differ(ledgers: &[Ledger], until: u64) -> Option<BlockDifference> {
    for ledger in ledgers {
        let mut letters: BTreeMap<u64, Tallies> = BTreeMap::new();
        let marks = ledger.letters.iter().map(|l| Mark::of(l.unit.partition, l.position, l.event));
        for mark in marks.filter(|mark| mark.block < until) {
            letters.entry(mark.block).or_default().park(mark);
        }
        let blocks = ledger.blocks.iter().filter(|(block, _)| **block < until);
        for (block, books) in blocks {
            let parked = letters.remove(block).unwrap_or_default().parked;
            if parked != books.parked {
                return Some(differing(*block, parked, books.parked, true));
            }
        }
        if let Some((block, tallies)) = letters.into_iter().next() {
            return Some(differing(block, tallies.parked, Tally::default(), true));
        }
    }
    None
}

fn differing(block: u64, log: Tally, books: Tally, letters: bool) -> BlockDifference {
    let first = Position::new(block.saturating_mul(BLOCK));
    BlockDifference { first, last: first.advanced_by(BLOCK - 1), log, books, letters }
}
