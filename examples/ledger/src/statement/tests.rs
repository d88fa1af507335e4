//! What a statement says of the events of an account.

use annals_memory::{MemoryReadModels, MemoryTables};
use annals_projections::testing::{GivenError, given_events};

use super::{Line, LineKey, NAME, StatementLines};
use crate::account::{AccountEvent, AccountId};

#[tokio::test]
async fn each_line_tells_the_balance_behind_it() -> Result<(), GivenError> {
    let given = given_events([
        ("account-1", AccountEvent::Opened { owner: "ada".into() }),
        ("account-2", AccountEvent::Opened { owner: "bob".into() }),
        ("account-1", AccountEvent::Deposited { cents: 50 }),
        ("account-1", AccountEvent::Sent { to: AccountId(2), cents: 20 }),
        ("account-2", AccountEvent::Received { from: AccountId(1), cents: 20 }),
    ]);
    let projected =
        given.when_projected::<MemoryTables, _>(StatementLines, MemoryReadModels::new()).await?;
    let line = async |account, version| {
        let key = (AccountId(account), version);
        let look = async |tables: &mut MemoryTables| {
            tables.table::<LineKey, Line>(NAME).ok().and_then(|mut lines| lines.get(&key))
        };
        projected.look(look).await
    };
    let expected = |text: &str, cents, balance| Some(Line { text: text.into(), cents, balance });
    assert_eq!(line(1, 1).await?, None, "an opening is no booking");
    assert_eq!(line(1, 2).await?, expected("deposit", 50, 50));
    assert_eq!(line(1, 3).await?, expected("to 2", -20, 30));
    assert_eq!(line(2, 2).await?, expected("from 1", 20, 20));
    Ok(())
}
