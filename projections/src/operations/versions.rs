//! Versions of a read model: switched, discarded.

use std::time::Duration;

use annals::read_model::{Model, ModelId, ReadModelStore, SwitchError, VersionState};
use tokio::time::{Instant, sleep};

use super::holding::{Holding, LOOK};
use super::{Failed, Operations};

/// How long versions are held for a switch at most.
const SWITCH: Duration = Duration::from_secs(10);

/// How long a switch waits for somebody else who holds them: longer than a hold lasts which
/// was left behind.
const TURN: Duration = Duration::from_secs(15);

impl Operations {
    /// A version of a read model, the current one if none is given.
    pub(super) async fn model(&self, name: &str, version: Option<u32>) -> Result<Model, Failed> {
        let models = self.models.models(Some(name)).await?;
        let name = name.to_owned();
        let unknown = match version {
            Some(version) if !models.is_empty() => Failed::UnknownVersion { name, version },
            _ => Failed::Unknown { name },
        };
        let wanted = |model: &Model| match version {
            Some(version) => model.declaration.id.version == version,
            None => model.state == VersionState::Current,
        };
        models.into_iter().find(wanted).ok_or(unknown)
    }

    /// Makes a version the one that queries are answered from, in one step. The one before
    /// is kept, and fed on where its code still runs, so that going back is as safe.
    ///
    /// A version that is behind the current one does not take over: both are held until it
    /// has come to the same place, which takes a moment where it has caught up. Where the
    /// future is dropped, or its process killed, they go on within ten seconds.
    ///
    /// # Errors
    /// There is no such version, or it is still behind after ten seconds, see
    /// [`progress`](Self::progress); or somebody else has held them for fifteen seconds.
    pub async fn switch(&self, name: &str, to: u32) -> Result<(), Failed> {
        match self.models.switch(name, to).await {
            Err(SwitchError::Behind { .. }) => {}
            switched => return self.switched(name, to, switched).await,
        }
        let current = self.model(name, None).await?.declaration.id.version;
        let turn = Instant::now() + TURN;
        let mut holding = Holding::take(&self.models, name, [current, to], turn).await?;
        let deadline = Instant::now() + SWITCH;
        let switched = loop {
            match self.models.switch(name, to).await {
                Err(SwitchError::Behind { .. }) if Instant::now() < deadline => {
                    holding.renew().await?;
                    sleep(LOOK).await;
                }
                switched => break switched,
            }
        };
        // Whatever came of it, both go on.
        holding.release().await;
        self.switched(name, to, switched).await
    }

    async fn switched(
        &self,
        name: &str,
        to: u32,
        switched: Result<(), SwitchError>,
    ) -> Result<(), Failed> {
        match switched {
            Ok(()) => {
                tracing::info!(target: "annals", name, version = to, "a read model was switched");
            }
            Err(error @ SwitchError::Unknown { .. }) => {
                // It says what to do, where the store cannot.
                self.model(name, Some(to)).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Removes a version that is not the current one, with all its documents, tables and
    /// dead letters.
    ///
    /// # Errors
    /// There is no such version, or it is the current one.
    pub async fn discard(&self, name: &str, version: u32) -> Result<(), Failed> {
        self.models.discard(name, version).await?;
        tracing::info!(target: "annals", name, version, "a version of a read model was removed");
        Ok(())
    }

    /// Lets the versions of a read model go on, whoever holds them; one that an operator
    /// has left behind runs out by itself, within ten seconds. Who still waits for them to
    /// come together holds them again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn release(&self, name: &str) -> Result<(), Failed> {
        Ok(self.models.release(name, None).await?)
    }

    /// The version of a read model that answers queries.
    ///
    /// # Errors
    /// There is no such read model, or the store failed.
    pub async fn current(&self, name: &str) -> Result<ModelId, Failed> {
        Ok(self.model(name, None).await?.declaration.id)
    }
}
