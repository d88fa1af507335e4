//! What a runner was given to feed.

use std::collections::HashSet;
use std::sync::Arc;

use annals::read_model::{AnyReadModels, Declaration, DeclareError, ModelId, Shape};
use annals::store::{Filter, LogInfo};
use annals::{AnyStore, Event, EventStore};

use foldhash::fast::FixedState;

use super::fold::Fold;
use super::handler::Handler;
use super::rows::{Elsewhere, Rows};
use super::stored::Stored;
use crate::view_key::Column;
use crate::{ExternalProjection, Options, Projection, RawProjection, View, ViewKey};

/// A version of a read model, and the code that feeds it.
pub(crate) struct Entry {
    pub(crate) declaration: Declaration,
    pub(crate) names: Names,
    pub(crate) options: Options,
    /// Whether types of events that it has not handled so far are handed over from where it
    /// stands.
    pub(crate) from_now_on: bool,
    pub(crate) make: Box<dyn Fn() -> Box<dyn Handler> + Send + Sync>,
}

/// Which events are one's own, by the stored names of their types.
pub(crate) enum Names {
    These(HashSet<String, FixedState>),
    /// Whatever their types are.
    All,
}

impl Names {
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::These(names) => names.contains(name),
            Self::All => true,
        }
    }
}

impl Entry {
    pub(crate) fn view<V: View>(log: &AnyStore, options: Options) -> Result<Self, DeclareError> {
        let shape = Shape::Documents(<V::Key as ViewKey>::Column::KIND);
        let id = ModelId::new(V::NAME, V::VERSION)?;
        let version = id.clone();
        let make = move || Box::new(Fold::<V>::new(version.clone())) as Box<dyn Handler>;
        Ok(Self::new::<V::Event>(id, shape, log.log(), options, make))
    }

    pub(crate) fn projection<S: Send + 'static, P: Projection<S>>(
        projection: P,
        log: &AnyStore,
        models: &AnyReadModels,
        options: Options,
    ) -> Result<Self, DeclareError> {
        let id = ModelId::new(P::NAME, P::VERSION)?;
        let (projection, models) = (Arc::new(projection), models.clone());
        let make = move || {
            Box::new(Rows::<P, S>::new(projection.clone(), models.clone())) as Box<dyn Handler>
        };
        Ok(Self::new::<P::Event>(id, Shape::Tables, log.log(), options, make))
    }

    pub(crate) fn external<P: ExternalProjection>(
        projection: P,
        log: &AnyStore,
        options: Options,
    ) -> Result<Self, DeclareError> {
        let id = ModelId::new(P::NAME, P::VERSION)?;
        let projection = Arc::new(projection);
        let make = move || Box::new(Elsewhere(projection.clone())) as Box<dyn Handler>;
        let entry = Self::new::<P::Event>(id, Shape::Elsewhere, log.log(), options, make);
        if !P::FROM_NOW_ON {
            return Ok(entry);
        }
        let declaration = entry.declaration.revision(P::REVISION);
        Ok(Self { declaration, from_now_on: true, ..entry })
    }

    /// It declares no type of event, which is all of them.
    pub(crate) fn raw<P: RawProjection>(
        name: &str,
        projection: P,
        log: &AnyStore,
        options: Options,
    ) -> Result<Self, DeclareError> {
        let id = ModelId::new(name, 1)?;
        let projection = Arc::new(projection);
        let make = move || Box::new(Stored(projection.clone())) as Box<dyn Handler>;
        let (id_of_log, partitions) = (log.log().id, log.log().partitions);
        let declaration = Declaration::new(id, Shape::Elsewhere, &[], id_of_log, partitions);
        let declaration = declaration.slices(options.slices);
        let (names, make) = (Names::All, Box::new(make));
        Ok(Self { declaration, names, options, from_now_on: false, make })
    }

    fn new<E: Event>(
        id: ModelId,
        shape: Shape,
        log: &LogInfo,
        options: Options,
        make: impl Fn() -> Box<dyn Handler> + Send + Sync + 'static,
    ) -> Self {
        let declaration = Declaration::new(id, shape, E::SCHEMAS, log.id, log.partitions);
        let declaration = declaration.slices(options.slices);
        let names = E::SCHEMAS.iter().map(|schema| schema.name.to_owned()).collect();
        let names = Names::These(names);
        Self { declaration, names, options, from_now_on: false, make: Box::new(make) }
    }

    /// Which events are read for these.
    pub(crate) fn filter(entries: &[Self]) -> Filter {
        let mut all: Vec<_> = Vec::new();
        for entry in entries {
            match &entry.names {
                Names::These(names) => all.extend(names),
                Names::All => return Filter::all(),
            }
        }
        all.sort();
        all.dedup();
        all.into_iter().fold(Filter::all(), Filter::name)
    }

    /// The most events of a step.
    pub(crate) fn batch(&self) -> usize {
        self.options.batch.unwrap_or(match self.declaration.shape {
            Shape::Documents(_) => 200_000,
            _ => 500,
        })
    }

    pub(crate) fn id(&self) -> &ModelId {
        &self.declaration.id
    }
}
