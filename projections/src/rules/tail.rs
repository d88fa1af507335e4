//! A document as it is at the very end of the log.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals::read_model::{Declaration, DocumentError, KeyKind, ModelId, Shape, Standing};
use annals::store::{Filter, LogQuery};
use annals::{Checkpoint, Event, EventStore, RawEvent, ReadModelStore, Recorded};
use futures::{StreamExt, TryStreamExt};

use super::Rules;
use crate::View;
use crate::runner::slice_of;
use crate::view_key::stored;

/// How many partitions are read at a time.
const AT_A_TIME: usize = 8;

/// How many events of any kind may stand behind a checkpoint, for each that the view may
/// have to fold: those of other kinds are passed over where the data are.
const PASSED_OVER: u64 = 100;

impl Rules {
    /// The document under a key, with everything folded into it that was acknowledged
    /// before this call.
    ///
    /// The document and the checkpoints are of one moment, so the tails behind them are
    /// exactly what it lacks, whether or not anybody feeds it meanwhile. It is that of the
    /// version of this code, whichever is the current one: only this code can go on
    /// folding it.
    pub(super) async fn newest<V: View>(&self, key: &V::Key) -> Result<Option<V>, DocumentError> {
        let id = ModelId::new(V::NAME, V::VERSION)?;
        let wanted = stored(key);
        wanted.check()?;
        let standing = self.models.standing(&id, std::slice::from_ref(&wanted)).await?;
        let own = self.declaration::<V>(id.clone(), wanted.kind()).fingerprint();
        let (name, version) = (id.name, id.version);
        let Some(standing) = standing else {
            return Err(DocumentError::NoSuchModel { name, version });
        };
        if standing.fingerprint != own {
            return Err(DocumentError::OtherEvents { name, version });
        }
        if !standing.parked.is_empty() {
            return Err(DocumentError::Parked { name });
        }
        let places = self.places(&standing, &wanted.to_string());
        let places = places.ok_or(DocumentError::AnotherLog { name })?;
        let mut document = match standing.documents.first() {
            // Not the error: it may quote the document.
            Some((_, json)) => Some(serde_json::from_slice(json).map_err(|_| unreadable::<V>())?),
            None => None,
        };
        let tails = places.into_iter().map(|place| self.behind::<V>(place, key));
        let tails = futures::stream::iter(tails).buffered(AT_A_TIME);
        let mut events: Vec<_> = tails.try_concat().await?;
        events.sort_by_key(|event| (event.recorded_at, event.partition, event.position));
        for event in events {
            document = fold(document, key, &event)?;
        }
        Ok(document)
    }

    /// What a worker of this code would say of the version.
    ///
    /// Another code that feeds it may know events which this one does not, and then takes a
    /// key by them unseen: the document holds them not yet, and the tail is read without
    /// them. Or it may not know events of this one, and pass them over.
    fn declaration<V: View>(&self, id: ModelId, kind: KeyKind) -> Declaration {
        let log = self.log.log();
        Declaration::new(id, Shape::Documents(kind), V::Event::SCHEMAS, log.id, log.partitions)
    }

    /// How far the document has come in each partition: each key is fed by one slice.
    /// `None` if it is not fed from all partitions of this log.
    fn places(&self, standing: &Standing, key: &str) -> Option<Vec<Checkpoint>> {
        let (log, slice) = (self.log.log(), slice_of(key, standing.slices));
        let own = standing.units.iter().filter(|(unit, _)| unit.slice == slice);
        let places: Vec<_> = own.map(|(_, place)| *place).collect();
        let fits = places.len() == usize::from(log.partitions.count())
            && places.iter().all(|place| place.log() == log.id);
        fits.then_some(places)
    }

    /// The events of a partition behind a checkpoint which touch the document.
    async fn behind<V: View>(
        &self,
        from: Checkpoint,
        key: &V::Key,
    ) -> Result<Vec<Recorded<V::Event>>, DocumentError> {
        // Where the log is read from a copy, this may be too near. It bounds the work, and
        // nothing rests on it.
        let near = async {
            let end = self.log.log_head(from.partition()).await?.position().get();
            let behind = end.saturating_sub(from.position().get());
            if behind > self.limit.saturating_mul(PASSED_OVER) {
                Err(self.too_far::<V>())
            } else {
                Ok(())
            }
        };
        let filter = Filter::all().events::<V::Event>();
        let most = self.limit.saturating_add(1);
        let query = LogQuery::resume(from).filter(filter).limit(most).newest();
        let read = async {
            let (mut read, mut touching, mut behind) = (self.log.read_all(query), Vec::new(), 0);
            while let Some(raw) = read.try_next().await? {
                behind += 1;
                if behind > self.limit {
                    return Err(self.too_far::<V>());
                }
                if knows::<V>(&raw) {
                    touching.extend(touched::<V>(raw, key)?);
                }
            }
            Ok(touching)
        };
        Ok(futures::try_join!(near, read)?.1)
    }

    fn too_far<V: View>(&self) -> DocumentError {
        DocumentError::TooFarBehind { name: V::NAME.to_owned(), limit: self.limit }
    }
}

/// An event whose type the view does not know passes it by, also where the filter is empty.
fn knows<V: View>(raw: &RawEvent) -> bool {
    V::Event::SCHEMAS.iter().any(|schema| schema.name == raw.name)
}

/// The event, if it touches the document.
fn touched<V: View>(
    raw: RawEvent,
    key: &V::Key,
) -> Result<Option<Recorded<V::Event>>, DocumentError> {
    let (partition, position, stream) = (raw.partition, raw.position, raw.stream.clone());
    let event = match raw.decode::<V::Event>() {
        Ok(event) => event,
        // What cannot be read may touch any document, unless its stream has one of its own.
        Err(_) if V::key_of_stream(&stream).is_some_and(|own| own != *key) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let touches = || V::keys(&event).iter().any(|touched| touched == key);
    match catch_unwind(AssertUnwindSafe(touches)) {
        Ok(touches) => Ok(touches.then_some(event)),
        Err(_) => Err(DocumentError::Unfit { name: V::NAME.to_owned(), partition, position }),
    }
}

/// Folds an event into a document, as a runner does.
fn fold<V: View>(
    mut document: Option<V>,
    key: &V::Key,
    event: &Recorded<V::Event>,
) -> Result<Option<V>, DocumentError> {
    let (partition, position) = (event.partition, event.position);
    let folded = catch_unwind(AssertUnwindSafe(|| {
        let document = document.get_or_insert_default();
        document.evolve(key, event);
        document.is_gone()
    }));
    match folded {
        Ok(gone) => Ok(document.filter(|_| !gone)),
        Err(_) => Err(DocumentError::Unfit { name: V::NAME.to_owned(), partition, position }),
    }
}

fn unreadable<V: View>() -> DocumentError {
    DocumentError::Unreadable { name: V::NAME.to_owned() }
}
