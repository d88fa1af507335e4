//! Why a transfer was not made.

use annals::store::InvalidIdempotencyKey;
use annals::{AppendError, EncodeError, InvalidStreamId, LoadError};

use crate::account::{AccountId, Refusal};

#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("an account cannot send to itself")]
    ToItself,
    #[error("there is no account {0} to send to")]
    NoReceiver(AccountId),
    #[error("account {0} was booked by others all the time: try again")]
    Busy(AccountId),
    #[error(transparent)]
    Account(#[from] InvalidStreamId),
    #[error("the id of the transfer cannot be one")]
    Id(#[from] InvalidIdempotencyKey),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Append(#[from] AppendError),
}
