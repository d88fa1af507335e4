//! Reading documents, and how the models are doing.

use std::ops::Bound;

use annals::StoreError;
use annals::read_model::{
    Document, DocumentKey, Documents, Model, ModelId, Shape, Standing, UnitStatus, Which,
};
use time::OffsetDateTime;

use super::Inner;
use super::state::{Built, State, no_model};

impl Inner {
    pub(super) fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        let state = self.lock();
        let kept = &state.keeping(which)?.documents;
        match documents {
            Documents::Under(keys) => {
                let mut keys: Vec<_> = keys.iter().collect();
                keys.sort();
                keys.dedup();
                let found = keys.into_iter().filter_map(|key| kept.get_key_value(key));
                Ok(found.map(|(key, row)| (key.clone(), row.value.clone())).collect())
            }
            Documents::After { key, limit } => {
                let from = key.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                let next = kept.range((from, Bound::Unbounded)).take(limit);
                Ok(next.map(|(key, row)| (key.clone(), row.value.clone())).collect())
            }
            _ => Err(StoreError::permanent("these documents cannot be asked for here")),
        }
    }

    pub(super) fn count(&self, which: &Which) -> Result<u64, StoreError> {
        Ok(self.lock().keeping(which)?.documents.len() as u64)
    }

    pub(super) fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        let state = self.lock();
        if state.built(version).is_none() {
            return Ok(None);
        }
        let built = state.keeping(&Which::Version(version.clone()))?;
        let kind = built.declaration.shape;
        if keys.iter().any(|key| kind != Shape::Documents(key.kind())) {
            let reason = format!("{version} is kept as {kind}, and the keys are of another kind");
            return Err(StoreError::permanent(reason));
        }
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort();
        keys.dedup();
        let letters = || built.units.values().flat_map(|unit| unit.letters.values());
        let is_parked = |text: &String| letters().any(|letter| letter.keys.contains(text));
        let mut parked: Vec<_> = keys.iter().map(ToString::to_string).filter(is_parked).collect();
        parked.sort();
        let found = keys.into_iter().filter_map(|key| built.documents.get_key_value(key));
        let units = built.units.iter().map(|(unit, state)| (unit.clone(), state.checkpoint));
        Ok(Some(Standing {
            fingerprint: built.declaration.fingerprint(),
            slices: built.declaration.slices,
            units: units.collect(),
            documents: found.map(|(key, row)| (key.clone(), row.value.clone())).collect(),
            parked,
        }))
    }

    pub(super) fn models(&self, name: Option<&str>) -> Vec<Model> {
        let state = self.lock();
        let now = self.now();
        let named = state.models.iter().filter(|(known, _)| name.is_none_or(|n| n == *known));
        named.flat_map(|(_, versions)| versions.values()).map(|built| built.status(now)).collect()
    }
}

impl State {
    /// The model, if it keeps documents.
    fn keeping(&self, which: &Which) -> Result<&Built, StoreError> {
        let built = self.which(which).ok_or_else(|| no_model(which))?;
        match built.declaration.shape {
            Shape::Documents(_) => Ok(built),
            shape => {
                let reason = format!("{} is kept as {shape}", built.declaration.id);
                Err(StoreError::permanent(reason))
            }
        }
    }
}

impl Built {
    fn status(&self, now: OffsetDateTime) -> Model {
        let units = self.units.iter().map(|(unit, state)| UnitStatus {
            unit: unit.clone(),
            checkpoint: state.checkpoint,
            moved_at: state.moved_at,
            holder: state.holder.as_ref().filter(|h| now < h.until).map(|h| h.label.clone()),
            report: state.report.clone(),
            parked: state.letters.len() as u64,
            held_at: state.hold(now),
            // No transaction waits for another one here.
            blocked_by: None,
        });
        Model { units: units.collect(), declaration: self.declaration.clone(), state: self.state }
    }
}
