//! One document, made anew.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use annals::codec::Codec;
use annals::read_model::{
    Document, Documents, LetterQuery, MendError, Model, ModelId, ReadModelStore, Which,
};
use annals::{Checkpoint, Payload, RawEvent};
use futures::FutureExt;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::holding::{Holding, LOOK};
use super::{Failed, Operations};
use crate::LiveView;
use crate::ask::fold;
use crate::runner::panicked;
use crate::view_key::stored;

/// How long somebody else who holds the version is waited for, and then its units: longer
/// than a hold lasts which was left behind.
const WITHIN: Duration = Duration::from_secs(15);

impl Operations {
    /// Folds the document under a key anew, from the streams that the view names, and puts
    /// it in the place of the one that is kept in the version of this code: for one that was
    /// altered by hand. Returns whether it was another one.
    ///
    /// The version is held where it stands for the moment that this takes, and its leases
    /// end, so that its workers read the document again. Everything else in the read model
    /// stays; where the code of the view has changed, raise its version instead, which builds
    /// all documents.
    ///
    /// An event that was skipped counts again, because nothing is kept of it: where a person
    /// has decided to leave one out, build a new version instead.
    ///
    /// Memory holds the events of these streams. Dropping the future has replaced the document
    /// or not.
    ///
    /// # Errors
    /// There is no such version; events of the key are parked, which retrying or skipping
    /// settles; an event does not decode, or the view panics; or one of the stores failed.
    pub async fn rebuild_key<V: LiveView>(&self, key: &V::Key) -> Result<bool, Failed> {
        let id = self.model(V::NAME, Some(V::VERSION)).await?.declaration.id;
        let deadline = Instant::now() + WITHIN;
        let mut holding = Holding::take(&self.models, &id.name, [id.version; 2], deadline).await?;
        // Code of the user's must not leave the version held.
        let rebuilt = AssertUnwindSafe(self.rebuild_held::<V>(&id, key, &mut holding));
        let rebuilt = rebuilt.catch_unwind().await;
        holding.release().await;
        let rebuilt =
            rebuilt.unwrap_or_else(|panic| Err(Failed::Panicked { reason: panicked(&*panic) }));
        let changed = rebuilt?;
        tracing::info!(target: "annals", model = %id, changed, "a document was made anew");
        Ok(changed)
    }

    async fn rebuild_held<V: LiveView>(
        &self,
        id: &ModelId,
        key: &V::Key,
        holding: &mut Holding,
    ) -> Result<bool, Failed> {
        let (which, stored) = (Which::Version(id.clone()), stored(key));
        // What is parked may not fold at all.
        let parked = LetterQuery::of(id).key(stored.to_string()).limit(1);
        if !self.models.letters(&parked).await?.is_empty() {
            return Err(MendError::Parked { id: id.clone() }.into());
        }
        let deadline = Instant::now() + WITHIN;
        loop {
            let model = self.model(&id.name, Some(id.version)).await?;
            if let Some(at) = standing(&model) {
                let document = self.folded::<V>(&at, key).await?;
                let kept = Documents::Under(vec![stored.clone()]);
                let kept = self.models.documents(&which, &kept).await?;
                let kept = kept.first().map(|(_, document)| document);
                let changed = json(kept) != json(document.as_ref());
                match self.models.mend(id, &at, &stored, document).await {
                    Err(MendError::Moved { .. }) => {}
                    // A step that tries to go beyond the hold may lock the document first.
                    Err(MendError::Store(error)) if error.is_transient() => {}
                    mended => return Ok(mended.map(|()| changed)?),
                }
            }
            if Instant::now() >= deadline {
                return Err(Failed::NotTogether { name: id.name.clone() });
            }
            holding.renew().await?;
            sleep(LOOK).await;
        }
    }

    /// The document as it is at these places.
    async fn folded<V: LiveView>(
        &self,
        at: &[Checkpoint],
        key: &V::Key,
    ) -> Result<Option<Document>, Failed> {
        let passed = |event: &RawEvent| {
            let place = at.iter().find(|place| place.partition() == event.partition);
            place.is_some_and(|place| event.position <= place.position())
        };
        let document = fold::<V>(&self.log, key, passed).await?;
        let encode = |document: V| Payload::encode(Codec::Json, &document);
        let payload = document.map(encode).transpose().map_err(annals::StoreError::permanent)?;
        Ok(payload.map(|payload| payload.bytes().clone()))
    }
}

/// Where a version stands, if all units of each partition stand at one place, and those
/// that are held have come to where they are held.
fn standing(model: &Model) -> Option<Vec<Checkpoint>> {
    let mut at: Vec<Checkpoint> = Vec::new();
    for unit in &model.units {
        let place = unit.held_at.unwrap_or(unit.checkpoint);
        if place != unit.checkpoint {
            return None;
        }
        match at.iter().find(|known| known.partition() == place.partition()) {
            Some(known) if *known != place => return None,
            Some(_) => {}
            None => at.push(place),
        }
    }
    Some(at)
}

/// A document, so that the order of its fields and its spaces do not matter. One that is
/// not JSON any more is like none.
fn json(document: Option<&Document>) -> Option<Value> {
    document.and_then(|document| serde_json::from_slice(document).ok())
}
