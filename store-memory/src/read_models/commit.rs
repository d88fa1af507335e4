//! Transactions: what is written stays beside the read model until the commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use annals::StoreError;
use annals::read_model::{
    CommitError, Committed, Declaration, Document, DocumentKey, Lease, ModelId, Settled,
    Settlement, Shape, Step,
};
use serde::de::IgnoredAny;
use time::OffsetDateTime;

use super::Inner;
use super::state::{Built, Row, UnitState, until};
use super::tables::{MemoryTables, Overlays};

/// A transaction on [`MemoryReadModels`](crate::MemoryReadModels).
pub struct MemoryTx {
    lease: Lease,
    tables: MemoryTables,
    shape: Shape,
    written: BTreeMap<DocumentKey, Option<Document>>,
    /// Of which change each document was that was loaded; 0 where there was none.
    loaded: HashMap<DocumentKey, u64>,
}

impl std::fmt::Debug for MemoryTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTx").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl MemoryTx {
    pub(super) fn begin(inner: &Arc<Inner>, lease: &Lease) -> Result<Self, CommitError> {
        let state = inner.lock();
        let now = inner.now();
        let built = state.built(&lease.unit.model).ok_or(CommitError::Fenced)?;
        let unit = built.units.get(&lease.unit);
        if !unit.is_some_and(|unit| unit.obeys(lease, now)) {
            return Err(CommitError::Fenced);
        }
        Ok(Self {
            lease: lease.clone(),
            tables: MemoryTables::new(inner.clone(), lease.unit.model.clone()),
            shape: built.declaration.shape,
            written: BTreeMap::new(),
            loaded: HashMap::new(),
        })
    }

    pub(super) fn tables(&mut self) -> &mut MemoryTables {
        &mut self.tables
    }

    pub(super) fn load(
        &mut self,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        let check = |key| check(&self.lease.unit.model, self.shape, key);
        keys.iter().try_for_each(check)?;
        let state = self.tables.inner.lock();
        let built = state.built(&self.lease.unit.model);
        let built = built.ok_or_else(|| StoreError::transient("the version was discarded"))?;
        let mut loaded = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(written) = self.written.get(key) {
                loaded.push(written.clone());
                continue;
            }
            let row = built.documents.get(key);
            // The first look counts: who saw two different ones is refused.
            self.loaded.entry(key.clone()).or_insert(row.map_or(0, |row| row.revision));
            loaded.push(row.map(|row| row.value.clone()));
        }
        Ok(loaded)
    }

    pub(super) fn save(
        &mut self,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        for (key, document) in &documents {
            check(&self.lease.unit.model, self.shape, key)?;
            document.as_ref().map_or(Ok(()), check_json)?;
        }
        self.written.extend(documents);
        Ok(())
    }

    pub(super) fn commit(self, step: &Step) -> Result<Committed, CommitError> {
        let Self { lease, tables, written, loaded, .. } = self;
        let (inner, overlays) = tables.into_parts();
        let mut state = inner.lock();
        let now = inner.now();
        let change = state.next();
        let built = state.built_mut(&lease.unit.model).ok_or(CommitError::Fenced)?;
        let unit = built.units.get_mut(&lease.unit).ok_or(CommitError::Fenced)?;
        unit.check(&lease, step, now)?;
        built.check_read(&loaded, &overlays)?;
        // From here on nothing fails.
        built.write(written, overlays, change);
        let unit = built.units.get_mut(&lease.unit).ok_or(CommitError::Fenced)?;
        let committed = unit.take(&lease, step, now);
        drop(state);
        inner.moved.notify_waiters();
        Ok(committed)
    }
}

/// Refuses what a database would.
pub(super) fn check_document(
    model: &Declaration,
    key: &DocumentKey,
    document: Option<&Document>,
) -> Result<(), StoreError> {
    check(&model.id, model.shape, key)?;
    document.map_or(Ok(()), check_json)
}

fn check(model: &ModelId, shape: Shape, key: &DocumentKey) -> Result<(), StoreError> {
    let kind = key.kind();
    if shape != Shape::Documents(kind) {
        let reason = format!("{model} is kept as {shape} and has no key that is a {kind}");
        return Err(StoreError::permanent(reason));
    }
    key.check().map_err(StoreError::content)
}

fn check_json(document: &Document) -> Result<(), StoreError> {
    let text = std::str::from_utf8(document).map_err(StoreError::content)?;
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(StoreError::content)
}

impl Built {
    /// Refuses who has read what is not there any more. Trying again helps.
    fn check_read(
        &self,
        loaded: &HashMap<DocumentKey, u64>,
        overlays: &Overlays,
    ) -> Result<(), StoreError> {
        let revision = |key| self.documents.get(key).map_or(0, |row| row.revision);
        if loaded.iter().any(|(key, was)| revision(key) != *was) {
            let reason = "another unit has changed a document that was loaded";
            return Err(StoreError::transient(reason));
        }
        self.tables.check(overlays)
    }

    fn write(
        &mut self,
        written: BTreeMap<DocumentKey, Option<Document>>,
        overlays: Overlays,
        revision: u64,
    ) {
        if !written.is_empty() {
            let documents = Arc::make_mut(&mut self.documents);
            for (key, document) in written {
                match document {
                    Some(value) => documents.insert(key, Row { value, revision }),
                    None => documents.remove(&key),
                };
            }
        }
        self.tables.write(overlays, revision);
    }
}

impl UnitState {
    fn check(&self, lease: &Lease, step: &Step, now: OffsetDateTime) -> Result<(), CommitError> {
        let (from, to) = (&step.from, &step.to);
        if !self.obeys(lease, now) {
            return Err(CommitError::Fenced);
        }
        if self.checkpoint != *from {
            return Err(CommitError::Moved);
        }
        if let Some(hold) = self.hold(now).filter(|hold| to.position() > hold.position()) {
            return Err(CommitError::Held(hold));
        }
        let same = (from.log(), from.partition()) == (to.log(), to.partition());
        let own = step.parked.iter().all(|letter| letter.unit == lease.unit);
        if !same || to.position() < from.position() || !own {
            let reason = "the step goes back, or is another unit's";
            return Err(StoreError::permanent(reason).into());
        }
        Ok(())
    }

    fn take(&mut self, lease: &Lease, step: &Step, now: OffsetDateTime) -> Committed {
        if step.to != step.from {
            (self.checkpoint, self.moved_at) = (step.to, Some(now));
        }
        for (block, tallies) in &step.tallies {
            let kept = self.blocks.entry(*block).or_default();
            *kept = kept.plus(*tallies);
        }
        for settled in &step.settled {
            self.settle(settled);
        }
        for letter in &step.parked {
            let letter = annals::read_model::DeadLetter { parked_at: now, ..letter.clone() };
            self.letters.insert(letter.position, letter);
        }
        if let Some(holder) = &mut self.holder {
            // The worker may have asked for longer leases since this one was given.
            holder.until = holder.until.max(until(now, lease.length));
        }
        Committed { hold: self.hold(now), wishes: self.has_wishes() }
    }

    fn settle(&mut self, settled: &Settled) {
        let Some(letter) = self.letters.get_mut(&settled.position) else { return };
        // A later wish is not what was answered.
        if letter.wishes == settled.wishes {
            letter.wish = None;
        }
        match &settled.how {
            Settlement::Gone => drop(self.letters.remove(&settled.position)),
            Settlement::Failed { reason } => {
                letter.reason = Some(reason.clone());
                letter.attempts = letter.attempts.saturating_add(1);
            }
            _ => {}
        }
    }
}
