//! Versions, held while somebody waits for them to come to one place.

use std::time::Duration;

use annals::read_model::{AnyReadModels, Hold, HoldError, HoldId, ReadModelStore};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

/// For how long a hold lasts that nobody renews: of an operator who was killed.
const LENGTH: Duration = Duration::from_secs(10);

/// How old a hold is when it is renewed: early enough for several tries.
const RENEW: Duration = Duration::from_secs(3);

/// How often it is looked whether somebody else has let go.
const TAKEN: Duration = Duration::from_millis(100);

/// How often it is looked whether the versions have come to where they are held.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// A hold, renewed by who waits. Dropped, it is released at once where a runtime runs, and
/// otherwise runs out.
pub(super) struct Holding {
    models: AnyReadModels,
    hold: Hold,
    /// When it was taken or renewed; not since it was released.
    renewed: Option<Instant>,
    released: bool,
}

impl Holding {
    /// Holds two versions; somebody else, who holds them, is waited for until the deadline.
    pub(super) async fn take(
        models: &AnyReadModels,
        name: &str,
        versions: [u32; 2],
        deadline: Instant,
    ) -> Result<Self, HoldError> {
        let hold = Hold { name: name.to_owned(), versions, by: HoldId::new(), length: LENGTH };
        // From here on, so that also a hold is released which comes through behind a drop.
        let mut holding = Self { models: models.clone(), hold, renewed: None, released: false };
        loop {
            match holding.held().await {
                Err(error) if may_pass(&error) && Instant::now() < deadline => sleep(TAKEN).await,
                held => return held.map(|()| holding),
            }
        }
    }

    /// Renews the hold when it is time. A failure that may pass is not one before the hold
    /// has run out; then it is taken anew, at another place. Nor is it one that somebody else
    /// has it meanwhile: the caller waits as long as he would have.
    pub(super) async fn renew(&mut self) -> Result<(), HoldError> {
        if self.renewed.is_some_and(|renewed| renewed.elapsed() < RENEW) {
            return Ok(());
        }
        match self.held().await {
            Err(error) if may_pass(&error) => Ok(()),
            held => held,
        }
    }

    async fn held(&mut self) -> Result<(), HoldError> {
        self.released = false;
        self.models.hold(&self.hold).await?;
        self.renewed = Some(Instant::now());
        Ok(())
    }

    /// Lets both go on.
    pub(super) async fn release(&mut self) {
        self.renewed = None;
        self.released = release(&self.models, &self.hold).await;
    }
}

fn may_pass(error: &HoldError) -> bool {
    match error {
        HoldError::Taken { .. } => true,
        HoldError::Store(error) => error.is_transient(),
        _ => false,
    }
}

async fn release(models: &AnyReadModels, hold: &Hold) -> bool {
    let released = models.release(&hold.name, Some(hold.by)).await;
    if let Err(error) = &released {
        let name = &hold.name;
        tracing::warn!(target: "annals", name, %error, "two versions are held until that runs out");
    }
    released.is_ok()
}

impl Drop for Holding {
    fn drop(&mut self) {
        let runtime = Handle::try_current();
        if let (false, Ok(runtime)) = (self.released, runtime) {
            let (models, hold) = (self.models.clone(), self.hold.clone());
            runtime.spawn(async move { release(&models, &hold).await });
        }
    }
}
