//! Two versions of a read model, compared.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use annals::read_model::{CompareError, Difference, HoldError, ReadModelStore};
use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::comparison::{Comparison, Found};
use super::holding::{Holding, LOOK};
use super::{Failed, Operations};
use crate::deadline::after;

impl Operations {
    /// Compares two versions of a read model at one and the same place of the log, in one
    /// snapshot of the store, before or after the switch.
    ///
    /// Both are fed on meanwhile, but for the moment in which the one that is behind comes
    /// to where the other one is. Somebody else who compares or switches them is waited for.
    ///
    /// ```
    /// # use annals_projections::operations::{Failed, Operations};
    /// # async fn example(operations: Operations) -> Result<(), Failed> {
    /// let comparison = operations.compare("balances", [1, 2]).await?;
    /// if comparison.is_as_expected() {
    ///     operations.switch("balances", 2).await?;
    /// } else {
    ///     println!("{comparison}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare(&self, name: &str, versions: [u32; 2]) -> Comparing<'static> {
        Comparing {
            operations: self.clone(),
            name: name.to_owned(),
            versions,
            within: Duration::from_secs(60),
            most: 100,
            expected: Box::new(|_| false),
        }
    }
}

/// A comparison that is about to begin; await it.
///
/// Where it is dropped, or its process killed, the versions go on within ten seconds.
#[must_use = "nothing is compared until it is awaited"]
pub struct Comparing<'e> {
    operations: Operations,
    name: String,
    versions: [u32; 2],
    within: Duration,
    most: usize,
    expected: Box<dyn FnMut(&Difference) -> bool + Send + 'e>,
}

impl<'e> Comparing<'e> {
    /// Declares which differences are expected, such as a field that is new.
    pub fn expecting<'n>(
        self,
        expected: impl FnMut(&Difference) -> bool + Send + 'n,
    ) -> Comparing<'n>
    where
        'e: 'n,
    {
        Comparing { expected: Box::new(expected), ..self }
    }

    /// How long the one that is behind may take to come to the same place, and somebody
    /// else, who holds them, before that; a minute by default.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// How many differences are reported at most, 100 by default; all are counted.
    pub fn report(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    async fn compare(mut self) -> Result<Comparison, Failed> {
        let Operations { models, .. } = &self.operations;
        let deadline = after(self.within);
        let held = Holding::take(models, &self.name, self.versions, deadline).await;
        if let Err(HoldError::Unknown { .. }) = &held {
            // The store does not say which of the two it is.
            for version in self.versions {
                self.operations.model(&self.name, Some(version)).await?;
            }
        }
        let mut holding = held?;
        let compared = loop {
            let mut found = Found::default();
            let expected = &mut self.expected;
            let mut report = |difference| found.note(difference, expected, self.most);
            // From the snapshot on both go on.
            let snapshot = holding.release();
            match models.compare(&self.name, self.versions, snapshot, &mut report).await {
                Err(CompareError::Apart { .. }) if Instant::now() < deadline => {}
                Err(CompareError::Apart { .. }) => break Err(self.not_together()),
                Err(CompareError::Store(error))
                    if error.is_transient() && Instant::now() < deadline => {}
                Err(error) => break Err(error.into()),
                Ok(compared) => break Ok(found.into_comparison(compared)),
            }
            holding.renew().await?;
            sleep(LOOK).await;
        };
        holding.release().await;
        compared
    }

    fn not_together(&self) -> Failed {
        Failed::NotTogether { name: self.name.clone() }
    }
}

impl fmt::Debug for Comparing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparing")
            .field("name", &self.name)
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

impl<'e> IntoFuture for Comparing<'e> {
    type Output = Result<Comparison, Failed>;
    type IntoFuture = BoxFuture<'e, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.compare())
    }
}
