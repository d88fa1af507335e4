//! What must hold at the end, of the log, of the views, and of the books of the payment
//! service. Nobody may write meanwhile, and everything must be fed.

mod facts;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use annals::store::Filter;
use annals::{Aggregate, history};
use annals_processes::Overview;
use annals_projections::{ExternalProjection, View, replay};
use futures::TryStreamExt;

use crate::event::ShopEvent;
use crate::failure::Failure;
use crate::order::Order;
use crate::payment::Payment;
use crate::payment_service::{PaymentClient, Record};
use crate::shipment::Shipment;
use crate::stock::Stock;
use crate::storage::Storage;
use crate::telemetry::Fed;
use crate::views::{self, Newest, OrderPage, PhaseCount, StockLevel};
use facts::Facts;

/// Documents are compared so many at a time.
const PAGE: u64 = 1_000;

/// An invariant, and what breaks it: nothing, if it holds.
#[derive(Debug)]
pub(crate) struct Finding {
    rule: &'static str,
    broken: Vec<String>,
    looked_at: usize,
}

impl Finding {
    fn new(rule: &'static str, looked_at: usize, broken: impl IntoIterator<Item = String>) -> Self {
        Self { rule, looked_at, broken: broken.into_iter().collect() }
    }

    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "ok    " } else { "FAILED" };
        write!(f, "{word} {} ({} looked at)", self.rule, self.looked_at)?;
        // The first few say what is wrong; thousands would hide it.
        self.broken.iter().take(5).try_for_each(|broken| write!(f, "\n         {broken}"))?;
        match self.broken.len().saturating_sub(5) {
            0 => Ok(()),
            more => write!(f, "\n         and {more} more"),
        }
    }
}

/// Prints what was found, and fails where something does not hold.
///
/// # Errors
/// An invariant does not hold, or something cannot be read.
pub(crate) async fn tell(storage: &Storage, payments: &PaymentClient) -> Result<(), Failure> {
    let findings = check(storage, &payments.payments().await?).await?;
    findings.iter().for_each(|finding| println!("  {finding}"));
    match findings.iter().filter(|finding| !finding.holds()).count() {
        0 => Ok(()),
        failed => Err(Failure::Invariants(failed)),
    }
}

/// Looks at everything.
///
/// # Errors
/// Something cannot be read.
pub(crate) async fn check(storage: &Storage, books: &[Record]) -> Result<Vec<Finding>, Failure> {
    let mut facts = Facts::default();
    // What the process remembers is not the shop's.
    let aggregates = [Order::CATEGORY, Stock::CATEGORY, Payment::CATEGORY, Shipment::CATEGORY];
    let of_shop = aggregates.into_iter().fold(Filter::all(), Filter::category);
    let mut events = history::events::<ShopEvent>(&storage.log, &of_shop);
    while let Some(event) = events.try_next().await? {
        facts.add(&event);
    }
    let mut findings = rules::all(&facts, books);
    findings.push(replayed::<OrderPage>("the pages of orders are a fresh replay", storage).await?);
    findings.push(replayed::<StockLevel>("the levels of stock are a fresh replay", storage).await?);
    findings.push(replayed::<PhaseCount>("the counts are a fresh replay", storage).await?);
    findings.push(replayed::<Newest>("the list of orders is a fresh replay", storage).await?);
    findings.push(fulfilled(storage).await?);
    findings.push(audited(storage).await?);
    Ok(findings)
}

/// Whether a view holds what the log says.
async fn replayed<V: View + PartialEq>(
    rule: &'static str,
    storage: &Storage,
) -> Result<Finding, Failure> {
    let mut expected: BTreeMap<_, _> = replay::<V>(&storage.log).await?.into_iter().collect();
    let (views, mut broken, mut looked_at) = (storage.views(), Vec::new(), 0);
    let mut after = None;
    loop {
        let page = views.page::<V>(after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        looked_at += page.len();
        for (key, document) in page {
            if expected.remove(&key).as_ref() != Some(&document) {
                broken.push(format!("{key:?} is not what the log says"));
            }
        }
    }
    broken.extend(expected.keys().map(|key| format!("{key:?} is missing")));
    Ok(Finding::new(rule, looked_at, broken))
}

/// Whether nothing is left to be done for any order, and nobody has to decide about one.
async fn fulfilled(storage: &Storage) -> Result<Finding, Failure> {
    let all = replay::<Overview>(&storage.log).await?;
    let looked_at = all.len();
    let open = all.into_iter().filter(|(_, overview)| !overview.book.phase.is_over());
    let broken = open.map(|(key, Overview { book, .. })| {
        let (tasks, parked) = (book.open.len(), if book.is_parked() { ", parked" } else { "" });
        format!("{key} is open, and waits for {tasks}{parked}")
    });
    Ok(Finding::new("every fulfilment has ended", looked_at, broken))
}

/// Whether each view has taken each event, and none is parked.
async fn audited(storage: &Storage) -> Result<Finding, Failure> {
    let operations = storage.operations();
    let (mut broken, mut looked_at) = (Vec::new(), 0);
    for status in operations.status().await?.models {
        let id = status.model.declaration.id;
        // It holds nothing, and follows the views as long as a shop is open.
        if id.name == <Fed as ExternalProjection>::NAME {
            continue;
        }
        let behind: u64 = status.lags.iter().map(|lag| lag.events).sum();
        // Those of the work follow as long as a worker is there.
        if behind > 0 && views::NAMES.contains(&id.name.as_str()) {
            broken.push(format!("{id} is {behind} events behind"));
        }
        let audit = operations.audit(&id.name, Some(id.version)).await?;
        let others = audit.partitions.iter().map(|partition| partition.tallies);
        let others: i64 = others.map(|tallies| tallies.parked.count + tallies.skipped.count).sum();
        if !audit.is_clean() || others != 0 {
            broken.push(format!("audit of {audit}"));
        }
        looked_at += 1;
    }
    Ok(Finding::new("each view has taken each event of the log", looked_at, broken))
}
