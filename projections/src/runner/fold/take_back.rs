//! Takes an event back that has failed, so that what lies before it need not be folded again.

use std::collections::HashSet;

use annals::read_model::{AnyReadModels, AnySession};
use foldhash::fast::FixedState;

use super::super::events::Typed;
use super::super::handler::{Chosen, Failure};
use super::{Fold, touched};
use crate::{Keys, View};

impl<V: View> Fold<V> {
    /// Makes the documents anew that the failed event touches: loaded as they are committed,
    /// and folded from those events of its piece that come before it. The event may have
    /// changed some of them, and one of them by half.
    ///
    /// Returns whether that could be done. Where an earlier piece of the step has changed one
    /// of them its events are gone, and where others write the same documents the step has
    /// locked them in an order.
    pub(super) async fn fold_back(
        &mut self,
        models: &AnyReadModels,
        tx: Option<&mut AnySession>,
        before: &[Chosen],
        failed: &Chosen,
    ) -> Result<bool, Failure> {
        let Some(began) = self.folded.checked_sub(before.len()).filter(|_| self.alone) else {
            return Ok(false);
        };
        // Where its keys cannot be computed it has touched nothing.
        let (keys, _) = touched::<V>(std::slice::from_ref(failed));
        let mut damaged: HashSet<V::Key, FixedState> = HashSet::default();
        for key in keys.iter().flat_map(Keys::iter) {
            let Some(held) = self.cache.get_mut(key) else { continue };
            if held.dirty && held.since < began {
                return Ok(false);
            }
            damaged.insert(key.clone());
        }
        for held in damaged.iter().filter_map(|key| self.cache.remove(key)) {
            if held.dirty {
                self.unwritten = self.unwritten.saturating_sub(held.bytes);
            }
        }
        self.dirty.retain(|key| !damaged.contains(key));
        self.load(models, tx, damaged.iter().cloned().collect()).await?;
        self.folded = began;
        let (keys, known) = touched::<V>(before);
        let mut typed = Typed::<V::Event>::new();
        for (chosen, keys) in before.iter().zip(keys) {
            let Ok(event) = typed.get(chosen) else { return Ok(false) };
            for key in keys {
                if damaged.contains(&key) && self.evolve(key, event).is_err() {
                    return Ok(false);
                }
            }
            self.folded += 1;
        }
        Ok(known.is_ok())
    }
}
