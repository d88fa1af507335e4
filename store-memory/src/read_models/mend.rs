//! A document that is replaced from outside of its feed.

use std::sync::Arc;

use annals::Checkpoint;
use annals::read_model::{Document, DocumentKey, MendError, ModelId};

use super::Inner;
use super::commit::check_document;
use super::state::Row;

impl Inner {
    pub(super) fn mend(
        &self,
        id: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        let mut state = self.lock();
        let revision = state.next();
        let built = state.built_mut(id).ok_or_else(|| MendError::Unknown { id: id.clone() })?;
        check_document(&built.declaration, key, document.as_ref())?;
        if !built.units.values().all(|unit| at.contains(&unit.checkpoint)) {
            return Err(MendError::Moved { id: id.clone() });
        }
        let text = key.to_string();
        let mut letters = built.units.values().flat_map(|unit| unit.letters.values());
        if letters.any(|letter| letter.keys.contains(&text)) {
            return Err(MendError::Parked { id: id.clone() });
        }
        for unit in built.units.values_mut() {
            unit.holder = None;
        }
        let documents = Arc::make_mut(&mut built.documents);
        match document {
            Some(value) => documents.insert(key.clone(), Row { value, revision }),
            None => documents.remove(key),
        };
        drop(state);
        self.stirred.notify_waiters();
        Ok(())
    }
}
