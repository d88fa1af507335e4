//! Customers who order transfers, many at a time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::account::{AccountId, Refusal};
use crate::bank::{Bank, Transfer, TransferError};
use crate::failure::Failure;

/// How many accounts the bank has.
pub(crate) const ACCOUNTS: u32 = 100;

/// How many customers order at the same time.
const CUSTOMERS: usize = 64;

/// Transfers that are being made, in tasks of their own.
#[derive(Debug)]
pub(crate) struct Traffic {
    customers: JoinSet<Result<Made, TransferError>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bank: Bank,
    next: AtomicU64,
    end: u64,
    pause: Duration,
    stop: AtomicBool,
}

/// What came of the orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) transfers: u64,
    pub(crate) refused: u64,
}

impl Traffic {
    /// Begins with the transfers of these numbers; each customer pauses between two.
    pub(crate) fn start(bank: &Bank, numbers: Range<u64>, pause: Duration) -> Self {
        let (next, end) = (AtomicU64::new(numbers.start), numbers.end);
        let stop = AtomicBool::new(false);
        let shared = Arc::new(Shared { bank: bank.clone(), next, end, pause, stop });
        let mut customers = JoinSet::new();
        for _ in 0..CUSTOMERS {
            customers.spawn(customer(shared.clone()));
        }
        Self { customers, shared }
    }

    /// Waits for the last transfer.
    pub(crate) async fn finished(mut self) -> Result<Made, Failure> {
        let mut all = Made::default();
        while let Some(ended) = self.customers.join_next().await {
            let made = ended.map_err(|_| Failure::Writer)??;
            all.transfers += made.transfers;
            all.refused += made.refused;
        }
        Ok(all)
    }

    /// Takes no further orders, and waits for those that are being carried out.
    pub(crate) async fn stop(self) -> Result<Made, Failure> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.finished().await
    }
}

async fn customer(shared: Arc<Shared>) -> Result<Made, TransferError> {
    let mut made = Made::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= shared.end {
            break;
        }
        match shared.bank.transfer(&order(number)).await {
            Ok(_) => made.transfers += 1,
            Err(TransferError::Refused(Refusal::Overdrawn { .. })) => made.refused += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(shared.pause).await;
    }
    Ok(made)
}

/// The transfer of a number: different ones, and the same in each run.
pub(crate) fn order(number: u64) -> Transfer {
    let accounts = u64::from(ACCOUNTS);
    let from = number % accounts;
    let to = (from + 1 + number / accounts % (accounts - 1)) % accounts;
    // Both are less than the number of accounts, and the amount less than 5,000.
    let account = |n: u64| AccountId(u32::try_from(n).unwrap_or_default() + 1);
    let cents = i64::try_from(number * 7919 % 5_000).unwrap_or_default() + 1;
    Transfer { id: format!("transfer {number}"), from: account(from), to: account(to), cents }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_can_be_meant() {
        for number in 0..10_000 {
            let Transfer { from, to, cents, .. } = order(number);
            assert_ne!(from, to);
            assert!((1..=ACCOUNTS).contains(&from.0) && (1..=ACCOUNTS).contains(&to.0));
            assert!((1..=5_000).contains(&cents));
        }
    }
}
