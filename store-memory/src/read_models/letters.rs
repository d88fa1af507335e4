//! Dead letters and the books.

use annals::read_model::{DeadLetter, Ledger, LetterQuery, Unit, Wish};
use annals::{Position, StoreError};

use super::Inner;
use super::state::{State, no_model};

impl Inner {
    pub(super) fn letters(&self, query: &LetterQuery) -> Vec<DeadLetter> {
        let state = self.lock();
        state.chosen(query).into_iter().cloned().collect()
    }

    pub(super) fn wish(&self, query: &LetterQuery, wish: &Wish) -> u64 {
        let mut state = self.lock();
        let place = |letter: &DeadLetter| (letter.unit.clone(), letter.position);
        let chosen: Vec<(Unit, Position)> = state.chosen(query).into_iter().map(place).collect();
        let wished = chosen.len() as u64;
        for (unit, position) in chosen {
            let letters = state.unit_mut(&unit).map(|unit| &mut unit.letters);
            if let Some(letter) = letters.and_then(|letters| letters.get_mut(&position)) {
                letter.wish = Some(wish.clone());
                letter.wishes += 1;
            }
        }
        drop(state);
        if wished > 0 {
            self.stirred.notify_waiters();
        }
        wished
    }

    pub(super) fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        let state = self.lock();
        let kept = state.built(&unit.model).and_then(|built| built.units.get(unit));
        let kept = kept.ok_or_else(|| no_model(unit))?;
        Ok(Ledger {
            checkpoint: kept.checkpoint,
            blocks: kept.blocks.clone(),
            letters: kept.letters.values().cloned().collect(),
        })
    }
}

impl State {
    /// The dead letters that a query names, in the order of their units and positions.
    fn chosen(&self, query: &LetterQuery) -> Vec<&DeadLetter> {
        let mut letters: Vec<_> = self
            .units()
            .flat_map(|(unit, state)| state.letters.values().map(move |letter| (unit, letter)))
            .filter(|(_, letter)| query.names(letter))
            .filter(|(unit, letter)| {
                let behind = |(u, p): &(Unit, Position)| (*unit, letter.position) > (u, *p);
                query.after.as_ref().is_none_or(behind)
            })
            .collect();
        letters.sort_by_key(|(unit, letter)| (*unit, letter.position));
        let limit = query.limit.map_or(usize::MAX, |l| usize::try_from(l).unwrap_or(usize::MAX));
        letters.into_iter().take(limit).map(|(_, letter)| letter).collect()
    }
}
