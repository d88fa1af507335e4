//! Works on orders: in the process that serves the shop, or in others.

mod circuits;
#[cfg(test)]
mod tests;

use annals_processes::{ProcessOptions, RunningProcesses};

pub(crate) use self::circuits::{Called, Circuits};
use crate::failure::Failure;
use crate::fulfilment::{self, Fulfilment, Fulfils};
use crate::payment_service::PaymentClient;
use crate::shop::Shop;
use crate::steps::Steps;
use crate::storage::Storage;

/// A worker. Stop it: who only drops it leaves its leases to run out.
#[derive(Debug)]
pub(crate) struct Work(RunningProcesses);

impl Work {
    /// Begins to fulfil the orders that are kept in `storage`. Any number of processes may:
    /// they share the work.
    ///
    /// # Errors
    /// The store has failed.
    pub(crate) async fn start(storage: &Storage, payments: PaymentClient) -> Result<Self, Failure> {
        Self::within(fulfilment::options(), storage, payments).await
    }

    /// Begins to fulfil orders within these limits.
    async fn within(
        options: ProcessOptions,
        storage: &Storage,
        payments: PaymentClient,
    ) -> Result<Self, Failure> {
        let fulfils = Fulfils(Steps::new(Shop::new(&storage.log), payments));
        let processes = storage.processes().process_with::<Fulfilment>(fulfils, options);
        Ok(Self(processes.start().await?))
    }

    /// What it calls, for who shows it.
    pub(crate) fn circuits(&self) -> Circuits {
        Circuits(self.0.monitor())
    }

    /// Finishes what is in hand, and hands the rest over to other processes.
    ///
    /// # Errors
    /// The leases could not be handed over; they run out.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        Ok(self.0.stop().await?)
    }
}
