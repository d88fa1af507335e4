//! What the task that folds and those who ask have in common.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use annals::{Checkpoint, Partition, Token};
use tokio::sync::watch;

use super::error::{LocalError, SaveError, StopError, WaitError};
use crate::{Documents, View};

/// The documents, and how far they have come.
pub(super) struct Shared<V: View> {
    /// A std lock: it is held for one event or one question, never across an await.
    documents: RwLock<Documents<V>>,
    /// It follows the documents, and never runs ahead of them.
    pub(super) progress: watch::Sender<Progress>,
}

/// How far the view has come, by partition, and how it has ended.
pub(super) struct Progress {
    pub(super) places: Vec<Checkpoint>,
    pub(super) ended: Option<Ended>,
}

/// How a view has ended.
#[derive(Clone)]
pub(super) enum Ended {
    Stopped(Result<(), SaveError>),
    Failed(LocalError),
}

impl<V: View> Shared<V> {
    pub(super) fn new(documents: Documents<V>, places: Vec<Checkpoint>) -> Self {
        let progress = Progress { places, ended: None };
        Self { documents: RwLock::new(documents), progress: watch::Sender::new(progress) }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Documents<V>> {
        // Panics of the user's code are caught below the lock.
        self.documents.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Documents<V>> {
        self.documents.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// An end is told while the documents are locked, so that nobody sees those of an event
    /// that was taken by half.
    pub(super) fn end(&self, how: Ended) {
        self.progress.send_if_modified(|progress| {
            // The first one stays: it says why.
            let first = progress.ended.is_none();
            progress.ended.get_or_insert(how);
            first
        });
    }

    pub(super) fn ask<T>(&self, ask: impl FnOnce(&Documents<V>) -> T) -> Result<T, LocalError> {
        let documents = self.read();
        self.progress.borrow().alive()?;
        Ok(ask(&documents))
    }
}

impl Progress {
    fn alive(&self) -> Result<(), LocalError> {
        match &self.ended {
            None => Ok(()),
            Some(Ended::Stopped(_)) => Err(LocalError::Stopped),
            Some(Ended::Failed(error)) => Err(error.clone()),
        }
    }

    /// How a stop has gone.
    pub(super) fn stopped(&self) -> Result<(), StopError> {
        match &self.ended {
            Some(Ended::Stopped(saved)) => Ok(saved.clone()?),
            Some(Ended::Failed(error)) => Err(error.clone().into()),
            None => Err(LocalError::Stopped.into()),
        }
    }

    /// A partition in which the view is behind a token.
    pub(super) fn behind(&self, token: &Token) -> Result<Option<Partition>, WaitError> {
        self.alive()?;
        for place in token.checkpoints() {
            // A partition that the log does not have is never reached.
            let ours = self.places.get(place.partition().index());
            match ours {
                Some(ours) if ours.position() > place.position() => {}
                Some(ours) if ours.position() == place.position() => {
                    if ours.event() != place.event() {
                        return Err(WaitError::Diverged { place: Box::new(place) });
                    }
                }
                _ => return Ok(Some(place.partition())),
            }
        }
        Ok(None)
    }
}
