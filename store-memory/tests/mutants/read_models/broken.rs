//! A memory store of read models behind a wrapper that breaks one promise.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::conformance::ReadModelFixture;
use annals::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, Resumed, Share, Standing, Step,
    SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use annals::{Checkpoint, Position, ReadModelStore, StoreError, Token};
use annals_memory::{MemoryReadModels, MemoryTables, MemoryTx};
use tokio::time::Instant;

use crate::clock::ManualClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    Nothing,
    Fence,
    From,
    Hold,
    Forever,
    Holders,
    CheckpointFirst,
    DocumentsFirst,
    Letters,
    Wishes,
    Renewal,
    Update,
    Reached,
    AtLeast,
    Order,
    Surplus,
    Mend,
    Standing,
    Handled,
    Parked,
    Searched,
}

#[derive(Clone)]
pub(crate) struct Broken {
    store: MemoryReadModels,
    breaks: Breaks,
    /// The last lease of each unit, and whose it was; every lease there ever was.
    last: Arc<Mutex<HashMap<Unit, (Lease, Heartbeat)>>>,
    /// What each version was first said to handle.
    handled: Arc<Mutex<HashMap<ModelId, u64>>>,
    ever: Arc<Mutex<Vec<Lease>>>,
}

pub(crate) struct Tx {
    tx: MemoryTx,
    lease: Lease,
    saved: Vec<(DocumentKey, Option<Document>)>,
}

impl ReadModelFixture for Breaks {
    type Place = (Broken, ManualClock);
    type Store = Broken;

    async fn create(&self) -> Self::Place {
        let clock = ManualClock::new();
        let store = MemoryReadModels::with_clock(clock.clone());
        let (last, handled, ever) = (Arc::default(), Arc::default(), Arc::default());
        (Broken { store, breaks: *self, last, handled, ever }, clock)
    }

    async fn open(&self, (store, _): Self::Place) -> Broken {
        store
    }

    async fn advance(&self, (_, clock): Self::Place, time: Duration) {
        clock.advance(time);
    }
}

impl Broken {
    /// Commits the same under this lease, in a transaction of its own.
    async fn again(
        &self,
        lease: &Lease,
        saved: Vec<(DocumentKey, Option<Document>)>,
        step: &Step,
    ) -> Result<Committed, CommitError> {
        let mut tx = self.store.begin(lease).await?;
        self.store.save(&mut tx, saved).await?;
        self.store.commit(tx, step).await
    }

    /// A lease that is in force, whoever has it.
    async fn any_lease(&self, unit: &Unit) -> Result<Lease, StoreError> {
        let last = |unit| self.last.lock().expect("a lock").get(unit).cloned();
        let (_, heartbeat) = last(unit).expect("somebody had it");
        self.share(&heartbeat).await?;
        Ok(last(unit).expect("somebody has it").0)
    }
}

impl ReadModelStore for Broken {
    type Tx = Tx;
    type Session = MemoryTables;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        let mut model = model.clone();
        if self.breaks == Breaks::Searched {
            let all = model.partitions.iter().map(|partition| (partition, Position::new(u64::MAX)));
            model.searched.extend(all);
        }
        self.store.declare(&model).await
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        let mut share = self.store.share(heartbeat).await?;
        let mut ever = self.ever.lock().expect("a lock");
        if self.breaks == Breaks::Renewal {
            let own = ever.iter().filter(|lease| lease.worker == heartbeat.worker);
            let lost = own.filter(|lease| !share.leases.contains(lease)).cloned();
            let lost: Vec<_> = lost.collect();
            share.leases.extend(lost);
        }
        if self.breaks == Breaks::Surplus {
            share.surplus.clear();
        }
        let mut last = self.last.lock().expect("a lock");
        for lease in &share.leases {
            ever.push(lease.clone());
            last.insert(lease.unit.clone(), (lease.clone(), heartbeat.clone()));
        }
        Ok(share)
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.store.hand_over(leases).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.store.leave(worker).await
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.store.resume(lease).await
    }

    async fn begin(&self, lease: &Lease) -> Result<Tx, CommitError> {
        let tx = self.store.begin(lease).await?;
        Ok(Tx { tx, lease: lease.clone(), saved: Vec::new() })
    }

    fn session(tx: &mut Tx) -> &mut MemoryTables {
        MemoryReadModels::session(&mut tx.tx)
    }

    async fn load(
        &self,
        tx: &mut Tx,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        if self.breaks == Breaks::Update {
            let unguarded = self.store.begin(&tx.lease).await;
            let mut unguarded = unguarded.map_err(StoreError::permanent)?;
            return self.store.load(&mut unguarded, keys).await;
        }
        self.store.load(&mut tx.tx, keys).await
    }

    async fn save(
        &self,
        tx: &mut Tx,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        tx.saved.extend(documents.iter().cloned());
        self.store.save(&mut tx.tx, documents).await
    }

    async fn commit(&self, tx: Tx, step: &Step) -> Result<Committed, CommitError> {
        let Tx { tx, lease, saved } = tx;
        let mut step = step.clone();
        match self.breaks {
            Breaks::CheckpointFirst => {
                self.again(&lease, Vec::new(), &step).await?;
                tokio::time::sleep(Duration::from_millis(2)).await;
                return self.again(&lease, saved, &Step::from(step.to)).await;
            }
            Breaks::DocumentsFirst => {
                self.again(&lease, saved, &Step::from(step.from)).await?;
                tokio::time::sleep(Duration::from_millis(2)).await;
                return self.again(&lease, Vec::new(), &step).await;
            }
            Breaks::Letters => drop(step.parked.pop()),
            Breaks::Wishes => {
                for settled in &mut step.settled {
                    let one = LetterQuery::unit(lease.unit.clone()).at(settled.position);
                    let letters = self.store.letters(&one).await?;
                    settled.wishes = letters.first().map_or(0, |letter| letter.wishes);
                }
            }
            // So that it moves while others look.
            Breaks::Standing => tokio::time::sleep(Duration::from_millis(2)).await,
            _ => {}
        }
        match (self.breaks, self.store.commit(tx, &step).await) {
            (Breaks::Fence, Err(CommitError::Fenced)) => {
                let lease = self.any_lease(&lease.unit).await?;
                self.again(&lease, saved, &step).await
            }
            (Breaks::From, Err(CommitError::Moved)) => {
                step.from = self.store.resume(&lease).await?.checkpoint;
                step.to =
                    if step.to.position() < step.from.position() { step.from } else { step.to };
                self.again(&lease, saved, &step).await
            }
            (Breaks::Hold, Err(CommitError::Held(_))) => {
                self.store.release(&lease.unit.model.name, None).await?;
                self.again(&lease, saved, &step).await
            }
            (_, committed) => committed,
        }
    }

    fn is_transient(error: &(dyn Error + 'static)) -> bool {
        MemoryReadModels::is_transient(error)
    }

    async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        match self.store.reached(name, token, deadline).await {
            Err(ReachedError::TimedOut { .. }) if self.breaks == Breaks::Reached => Ok(()),
            reached => reached,
        }
    }

    async fn stirred(&self) {
        self.store.stirred().await;
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        let mut found = self.store.documents(which, documents).await?;
        if self.breaks == Breaks::Order {
            found.sort_by_key(|(key, _)| key.to_string());
        }
        Ok(found)
    }

    async fn documents_at_least(
        &self,
        name: &str,
        documents: &Documents,
        token: &Token,
        deadline: Instant,
    ) -> Result<Vec<(DocumentKey, Document)>, ReachedError> {
        if self.breaks == Breaks::AtLeast {
            let before = self.documents(&Which::Current(name.to_owned()), documents).await;
            self.reached(name, token, deadline).await?;
            return Ok(before?);
        }
        self.store.documents_at_least(name, documents, token, deadline).await
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.store.count(which).await
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        let mut standing = self.store.standing(version, keys).await?;
        if self.breaks == Breaks::Standing {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let later = self.store.standing(version, keys).await?;
            if let (Some(standing), Some(later)) = (&mut standing, later) {
                standing.documents = later.documents;
            }
        }
        if let (Breaks::Handled, Some(standing)) = (self.breaks, &mut standing) {
            let mut first = self.handled.lock().expect("a lock");
            standing.fingerprint = *first.entry(version.clone()).or_insert(standing.fingerprint);
        }
        if let (Breaks::Parked, Some(standing)) = (self.breaks, &mut standing) {
            standing.parked.clear();
        }
        Ok(standing)
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        self.store.models(name).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        self.store.letters(query).await
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        self.store.wish(query, wish).await
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.store.ledger(unit).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        if self.breaks == Breaks::Forever {
            let length = hold.length.max(Duration::from_secs(3_600));
            return self.store.hold(&Hold { length, ..hold.clone() }).await;
        }
        match (self.breaks, self.store.hold(hold).await) {
            (Breaks::Holders, Err(HoldError::Taken { .. })) => {
                self.store.release(&hold.name, None).await?;
                self.store.hold(hold).await
            }
            (_, held) => held,
        }
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.store.release(name, by).await
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        self.store.compare(name, versions, snapshot, report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.store.switch(name, to).await
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.store.discard(name, version).await
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        if self.breaks == Breaks::Mend {
            let all = self.store.models(Some(&model.name)).await?;
            let units = all.iter().flat_map(|model| &model.units);
            let anywhere: Vec<_> = units.map(|unit| unit.checkpoint).collect();
            return self.store.mend(model, &anywhere, key, document).await;
        }
        self.store.mend(model, at, key, document).await
    }
}
