//! What the bank does for its customers.

mod error;
#[cfg(test)]
mod tests;

use annals::store::{Append, Appended, NewEvent};
use annals::{
    Aggregate, AnyStore, AppendError, Decide, EventStore, ExecuteError, ExpectedVersion,
    IdempotencyKey, Repository, StreamId, Token,
};

use crate::account::{Account, AccountEvent, AccountId, Deposit, Open, Refusal, Send};
pub(crate) use error::TransferError;

/// How often a transfer is decided or appended again. Each conflict means that another
/// transfer of the account was booked, so this is only a bound.
const ATTEMPTS: u32 = 100;

/// A customer's order, which may come several times under one id and is carried out once.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) cents: i64,
}

/// A clone is another handle to the same bank.
#[derive(Debug, Clone)]
pub(crate) struct Bank {
    log: AnyStore,
    accounts: Repository<Account>,
}

impl Bank {
    pub(crate) fn new(log: AnyStore) -> Self {
        Self { accounts: Repository::new(log.clone()).cache(10_000), log }
    }

    pub(crate) async fn open(
        &self,
        account: AccountId,
        owner: String,
    ) -> Result<Token, ExecuteError<Refusal>> {
        Ok(self.accounts.execute(&account, Open { owner }).await?.token)
    }

    pub(crate) async fn deposit(
        &self,
        account: AccountId,
        cents: i64,
    ) -> Result<Token, ExecuteError<Refusal>> {
        Ok(self.accounts.execute(&account, Deposit { cents }).await?.token)
    }

    /// Books a transfer on both accounts in one append: money is never on its way, and
    /// never made or lost.
    ///
    /// The sender decides, and is held to the version on which it has decided. The
    /// receiver takes what comes, so that many may send to it at once: it only has to
    /// exist.
    pub(crate) async fn transfer(&self, transfer: &Transfer) -> Result<Token, TransferError> {
        let Transfer { from, to, cents, .. } = *transfer;
        if from == to {
            return Err(TransferError::ToItself);
        }
        let sender = StreamId::new(Account::CATEGORY, from)?;
        let receiver = StreamId::new(Account::CATEGORY, to)?;
        let key = IdempotencyKey::new(transfer.id.clone())?;
        // Asked before anything is decided: of an order that was carried out already the
        // first outcome is the answer, even if the account is empty by now.
        if let Some(done) = self.log.outcome(&sender, &key).await? {
            return Ok(done.token());
        }
        let received = [AccountEvent::Received { from, cents }];
        for _ in 0..ATTEMPTS {
            let account = self.accounts.load(&from).await?;
            let sent = account.state.decide(&Send { to, cents })?;
            let append = Append::to(sender.clone(), account.version, self.encode(&sent)?)
                .and(receiver.clone(), ExpectedVersion::Exists, self.encode(&received)?)
                .with_key(key.clone());
            match self.append(append).await {
                Err(AppendError::Conflict(conflict)) if conflict.stream == receiver => {
                    return Err(TransferError::NoReceiver(to));
                }
                // The sender has moved: decide again on what it holds now.
                Err(AppendError::Conflict(_)) => {}
                answer => return Ok(answer?.token()),
            }
        }
        Err(TransferError::Busy(from))
    }

    /// Appends, and appends again where it is in doubt whether that was written: under the
    /// same key it is written once.
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let mut answer = self.log.append(append.clone()).await;
        for _ in 1..ATTEMPTS {
            let Err(AppendError::Unknown(_)) = answer else { break };
            answer = self.log.append(append.clone()).await;
        }
        answer
    }

    fn encode(&self, events: &[AccountEvent]) -> Result<Vec<NewEvent>, TransferError> {
        let codec = self.log.log().codec;
        Ok(events.iter().map(|event| NewEvent::encode(codec, event)).collect::<Result<_, _>>()?)
    }
}
