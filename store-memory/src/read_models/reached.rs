//! Waiting for what was written to be seen.

use std::pin::pin;

use annals::read_model::ReachedError;
use annals::{Partition, Token};
use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::state::State;

impl Inner {
    pub(super) async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        loop {
            // The bell is listened for before the look: what is committed in between
            // rings it.
            let mut rung = pin!(self.moved.notified());
            rung.as_mut().enable();
            let Some(partition) = self.lock().behind(name, token)? else { return Ok(()) };
            // Where other models move all the time the bell rings beyond the deadline.
            let late = Instant::now() >= deadline;
            if late || timeout_at(deadline, rung).await.is_err() {
                return Err(ReachedError::TimedOut { name: name.to_owned(), partition });
            }
        }
    }
}

impl State {
    /// A partition in which the current version is behind the token. It is asked for
    /// anew at each look: another version may have become current.
    fn behind(&self, name: &str, token: &Token) -> Result<Option<Partition>, ReachedError> {
        let unknown = || ReachedError::Unknown { name: name.to_owned() };
        let current = self.current(name).ok_or_else(unknown)?;
        if current.declaration.log != token.log() {
            return Err(ReachedError::AnotherLog { name: name.to_owned() });
        }
        let behind = token.checkpoints().find(|place| {
            let mut units =
                current.units.iter().filter(|(unit, _)| unit.partition == place.partition());
            let slowest = units.by_ref().map(|(_, state)| state.checkpoint.position()).min();
            slowest.is_none_or(|slowest| slowest < place.position())
        });
        Ok(behind.map(|place| place.partition()))
    }
}
