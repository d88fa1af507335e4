//! What must hold at the end, of all money and of all read models.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use annals::history;
use annals::store::Filter;
use annals_projections::{View, replay};
use futures::TryStreamExt;

use crate::account::{AccountEvent, AccountId};
use crate::balance2::Balance2;
use crate::failure::Failure;
use crate::money::{Money, grouped};
use crate::statement::{Line, LineKey};
use crate::storage::Storage;

/// An invariant, and whether it holds.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) holds: bool,
    text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds { "ok    " } else { "FAILED" };
        write!(f, "{word} {}", self.text)
    }
}

type Balances = BTreeMap<AccountId, Balance2>;
type Lines = Vec<(LineKey, Line)>;

/// Looks at everything; nobody may write meanwhile, and all must be fed.
pub(crate) async fn check(storage: &Storage) -> Result<Vec<Finding>, Failure> {
    let balances: Balances = storage.views().page(None, u64::MAX).await?.into_iter().collect();
    let lines = storage.lines(None).await?;
    let mut findings = vec![
        nothing_is_made_or_lost(deposits(storage).await?, &balances),
        statements_agree(&lines, &balances),
    ];
    findings.extend(audits(storage).await?);
    findings.push(balances_are_replayed(storage, &balances).await?);
    findings.push(lines_are_replayed(storage, &lines).await?);
    Ok(findings)
}

/// All that was ever deposited, by the log.
async fn deposits(storage: &Storage) -> Result<i64, Failure> {
    let mut events = history::events::<AccountEvent>(&storage.log, &Filter::all());
    let mut cents = 0;
    while let Some(recorded) = events.try_next().await? {
        if let AccountEvent::Deposited { cents: deposited } = recorded.event {
            cents += deposited;
        }
    }
    Ok(cents)
}

fn nothing_is_made_or_lost(deposits: i64, balances: &Balances) -> Finding {
    let sum = balances.values().map(|balance| balance.cents).sum();
    let text = format!("deposits of {}, balances of {}", Money(deposits), Money(sum));
    Finding { holds: deposits == sum, text }
}

fn statements_agree(lines: &Lines, balances: &Balances) -> Finding {
    let mut running: BTreeMap<AccountId, i64> = BTreeMap::new();
    let mut wrong = 0;
    for ((account, _), line) in lines {
        let balance = running.entry(*account).or_default();
        *balance += line.cents;
        wrong += u64::from(*balance != line.balance);
    }
    let ends = balances
        .iter()
        .filter(|(account, balance)| {
            running.get(account).copied().unwrap_or_default() == balance.cents
        })
        .count();
    let holds = wrong == 0 && ends == balances.len() && running.len() <= balances.len();
    let text = format!(
        "{} statement lines, {wrong} with a wrong balance; {ends} of {} statements end with \
         the balance of their account",
        grouped(lines.len() as u64),
        balances.len()
    );
    Finding { holds, text }
}

/// The books of each read model are those of the log, and nothing is parked.
async fn audits(storage: &Storage) -> Result<Vec<Finding>, Failure> {
    let operations = storage.operations();
    let mut findings = Vec::new();
    for status in operations.status().await?.models {
        let id = status.model.declaration.id;
        let audit = operations.audit(&id.name, Some(id.version)).await?;
        let (mut applied, mut others) = (0, 0);
        for tallies in audit.partitions.iter().map(|partition| partition.tallies) {
            applied += tallies.applied.count;
            others += tallies.parked.count + tallies.skipped.count;
        }
        let holds = audit.is_clean() && others == 0;
        let text =
            format!("audit of {id}: {} events as in the log", grouped(applied.unsigned_abs()));
        // Only what is wrong is told at length.
        let text = if holds { text } else { format!("audit of {audit}") };
        findings.push(Finding { holds, text });
    }
    Ok(findings)
}

async fn balances_are_replayed(storage: &Storage, kept: &Balances) -> Result<Finding, Failure> {
    let replayed: Balances = replay::<Balance2>(&storage.log).await?.into_iter().collect();
    let text = format!("the documents of `{}` are those of a fresh replay", Balance2::NAME);
    Ok(Finding { holds: *kept == replayed, text })
}

/// A projection is replayed by a runner, here into other read models, in memory.
async fn lines_are_replayed(storage: &Storage, kept: &Lines) -> Result<Finding, Failure> {
    let fresh = Storage::beside(storage.log.clone());
    fresh.runner().run_until_caught_up().await?;
    let replayed = fresh.lines(None).await?;
    let text = "the statement lines are those of a fresh replay".to_owned();
    Ok(Finding { holds: *kept == replayed, text })
}
