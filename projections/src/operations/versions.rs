//! Versions of a read model: compared, switched, discarded.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use annals::read_model::{
    CompareError, Compared, Difference, HoldError, Model, ModelId, ReadModelStore, SwitchError,
    VersionState,
};
use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::holding::Holding;
use super::{Failed, Operations};
use crate::deadline::after;

/// How often it is looked whether both versions have come to the same place.
const LOOK: Duration = Duration::from_millis(20);

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

#[derive(Default)]
struct Found {
    unexpected: Vec<Difference>,
    differences: u64,
    expected: u64,
}

impl Found {
    fn note(
        &mut self,
        difference: Difference,
        expected: &mut (dyn FnMut(&Difference) -> bool + Send),
        most: usize,
    ) {
        self.differences += 1;
        if expected(&difference) {
            self.expected += 1;
        } else if self.unexpected.len() < most {
            self.unexpected.push(difference);
        }
    }

    fn into_comparison(self, compared: Compared) -> Comparison {
        let Self { unexpected, differences, expected } = self;
        Comparison { compared, differences, expected, unexpected }
    }
}

/// Two versions of a read model at one place of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Rows and hashes of each table, and the place.
    pub compared: Compared,
    /// How many documents or rows differ.
    pub differences: u64,
    /// How many of these were declared as expected.
    pub expected: u64,
    /// The first of the others.
    pub unexpected: Vec<Difference>,
}

impl Comparison {
    /// Whether nothing differs but what was expected to.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.differences == self.expected && (self.differences > 0 || self.compared.is_equal())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, [(before, _), (after, _)]) in &self.compared.tables {
            writeln!(f, "{table}: {before} rows before, {after} after")?;
        }
        let nothing = || "nothing".to_owned();
        for Difference { table, key, before, after } in &self.unexpected {
            let before = before.clone().unwrap_or_else(nothing);
            let after = after.clone().unwrap_or_else(nothing);
            writeln!(f, "{table} {key}: {before} became {after}")?;
        }
        let Self { differences, expected, .. } = self;
        write!(f, "{differences} differences, of which {expected} were expected")
    }
}

impl Operations {
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
