//! What a step commits, as the arguments of the fence.

use annals::StoreError;
use annals::read_model::{Settlement, Step, Tally};

use crate::read_models::access::Statement;
use crate::read_models::row::clean;
use crate::row::signed;

/// Binds everything that is not about the lease.
pub(super) fn bind<'q>(query: Statement<'q>, step: &Step) -> Result<Statement<'q>, StoreError> {
    let query = query.bind(signed(step.from.position().get()));
    let query = query.bind(step.from.event().map(|event| *event.as_uuid()));
    let query = query.bind(signed(step.to.position().get()));
    let query = query.bind(step.to.event().map(|event| *event.as_uuid()));
    let query = query.bind(step.tallies.keys().map(|block| signed(*block)).collect::<Vec<_>>());
    let tallies = |which: fn(&annals::read_model::Tallies) -> Tally| {
        let all = step.tallies.values().map(which);
        all.map(|tally| (tally.count, tally.hash.cast_signed())).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let (counts, hashes) = tallies(|all| all.applied);
    let query = query.bind(counts).bind(hashes);
    let (counts, hashes) = tallies(|all| all.parked);
    let query = query.bind(counts).bind(hashes);
    let (counts, hashes) = tallies(|all| all.skipped);
    let query = query.bind(counts).bind(hashes);
    settled(letters(query, step)?, step)
}

fn letters<'q>(query: Statement<'q>, step: &Step) -> Result<Statement<'q>, StoreError> {
    let letters = &step.parked;
    let query = query.bind(letters.iter().map(|l| signed(l.position.get())).collect::<Vec<_>>());
    let query = query.bind(letters.iter().map(|l| *l.event.as_uuid()).collect::<Vec<_>>());
    let query = query.bind(letters.iter().map(|l| l.stream.as_str()).collect::<Vec<_>>());
    let query = query.bind(letters.iter().map(|l| signed(l.version.get())).collect::<Vec<_>>());
    let query = query.bind(letters.iter().map(|l| clean(&l.name)).collect::<Vec<_>>());
    // Arrays within an array have all the same length: so they go as JSON.
    let keys = letters.iter().map(|l| serde_json::to_string(&l.keys));
    let keys: Result<Vec<_>, _> = keys.collect();
    let query = query.bind(keys.map_err(StoreError::permanent)?);
    let reasons = letters.iter().map(|l| l.reason.as_deref().map(clean));
    let query = query.bind(reasons.collect::<Vec<_>>());
    Ok(query.bind(letters.iter().map(|l| i64::from(l.attempts)).collect::<Vec<_>>()))
}

fn settled<'q>(query: Statement<'q>, step: &Step) -> Result<Statement<'q>, StoreError> {
    let (mut positions, mut hows, mut reasons, mut wishes) = (vec![], vec![], vec![], vec![]);
    for settled in &step.settled {
        let (how, reason) = match &settled.how {
            Settlement::Gone => (0, None),
            Settlement::Failed { reason } => (1, Some(clean(reason))),
            Settlement::Waits => (2, None),
            _ => return Err(StoreError::permanent("this settlement is not known here")),
        };
        positions.push(signed(settled.position.get()));
        hows.push(how);
        reasons.push(reason);
        wishes.push(signed(settled.wishes));
    }
    Ok(query.bind(positions).bind(hows).bind(reasons).bind(wishes))
}
