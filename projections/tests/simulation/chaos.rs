//! A store of read models in which things go wrong, and mutants of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};

use annals::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, ReadModelStore, Resumed, Share,
    Standing, Step, SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use annals::{Checkpoint, StoreError, Token};
use annals_memory::{MemoryReadModels, MemoryTables, MemoryTx};
use tokio::time::Instant;

use super::dice::Dice;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    None,
    /// Who has lost his lease, or has an old idea of where the unit stands, may commit.
    NoFence,
    /// The checkpoint is committed first, and the rows behind it.
    CheckpointFirst,
    /// What was parked is forgotten.
    LostLetter,
    /// A reader is given no event at some positions.
    Hole,
    /// A reader is given two events in the wrong order.
    Swap,
}

/// The store of one worker.
#[derive(Clone)]
pub struct Chaos {
    pub inner: MemoryReadModels,
    pub dice: Dice,
    pub mutant: Mutant,
    /// The newest lease of each unit, whoever holds it.
    pub leases: Arc<Mutex<BTreeMap<Unit, Lease>>>,
}

fn broken() -> StoreError {
    StoreError::transient("a failure of the simulation")
}

pub struct Tx {
    tx: MemoryTx,
    lease: Lease,
    /// What is written behind the checkpoint, by a mutant.
    late: Vec<(DocumentKey, Option<Document>)>,
}

impl Chaos {
    async fn fail(&self) -> Result<(), StoreError> {
        self.dice.pause().await;
        if self.dice.once_in(60) { Err(broken()) } else { Ok(()) }
    }

    fn newest(&self, lease: &Lease) -> Lease {
        match self.mutant {
            Mutant::NoFence => {
                self.leases.lock().unwrap().get(&lease.unit).unwrap_or(lease).clone()
            }
            _ => lease.clone(),
        }
    }
}

impl ReadModelStore for Chaos {
    type Tx = Tx;
    type Session = MemoryTables;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        self.inner.declare(model).await
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        self.fail().await?;
        let share = self.inner.share(heartbeat).await?;
        let mut leases = self.leases.lock().unwrap();
        leases.extend(share.leases.iter().map(|lease| (lease.unit.clone(), lease.clone())));
        Ok(share)
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.fail().await?;
        self.inner.hand_over(leases).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.inner.leave(worker).await
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.fail().await?;
        self.inner.resume(&self.newest(lease)).await
    }

    async fn begin(&self, lease: &Lease) -> Result<Tx, CommitError> {
        self.fail().await?;
        let tx = self.inner.begin(&self.newest(lease)).await?;
        Ok(Tx { tx, lease: lease.clone(), late: Vec::new() })
    }

    fn session(tx: &mut Tx) -> &mut MemoryTables {
        MemoryReadModels::session(&mut tx.tx)
    }

    async fn load(
        &self,
        tx: &mut Tx,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.fail().await?;
        self.inner.load(&mut tx.tx, keys).await
    }

    async fn save(
        &self,
        tx: &mut Tx,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        self.fail().await?;
        if self.mutant == Mutant::CheckpointFirst {
            tx.late = documents;
            return Ok(());
        }
        self.inner.save(&mut tx.tx, documents).await
    }

    async fn commit(&self, tx: Tx, step: &Step) -> Result<Committed, CommitError> {
        self.fail().await?;
        let Tx { mut tx, lease, late } = tx;
        let mut step = step.clone();
        if self.mutant == Mutant::LostLetter && step.parked.len() > 1 {
            step.parked.pop();
        }
        if self.mutant == Mutant::NoFence {
            // Written anew under the lease of today, from where the unit stands today.
            let newest = self.newest(&lease);
            let stands = self.inner.resume(&newest).await?.checkpoint;
            step.from = stands;
            if step.to.position() < stands.position() {
                step.to = stands;
            }
        }
        let committed = self.inner.commit(tx, &step).await?;
        if !late.is_empty() {
            self.fail().await.map_err(CommitError::Unknown)?;
            tx = self.inner.begin(&lease).await?;
            self.inner.save(&mut tx, late).await?;
            let stands = self.inner.resume(&lease).await?.checkpoint;
            self.inner.commit(tx, &Step::from(stands)).await?;
        }
        self.dice.pause().await;
        // The answer is lost.
        if self.dice.once_in(40) { Err(CommitError::Unknown(broken())) } else { Ok(committed) }
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
        self.inner.reached(name, token, deadline).await
    }

    async fn stirred(&self) {
        self.inner.stirred().await;
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        self.inner.documents(which, documents).await
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.inner.count(which).await
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        self.inner.standing(version, keys).await
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        self.inner.models(name).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        self.fail().await?;
        self.inner.letters(query).await
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        self.inner.wish(query, wish).await
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.inner.ledger(unit).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        self.inner.hold(hold).await
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.inner.release(name, by).await
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        self.inner.compare(name, versions, snapshot, report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.inner.switch(name, to).await
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.inner.discard(name, version).await
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        self.inner.mend(model, at, key, document).await
    }
}
