//! The moments between the steps of a worker, where tests let it crash.

use std::fmt;
#[cfg(feature = "testing")]
use std::sync::Arc;

#[cfg(feature = "testing")]
use futures::future::BoxFuture;

use crate::Process;
use crate::engine::Incoming;
use crate::instance::Instance;
use crate::step::What;

macro_rules! boundaries {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A moment between two steps of a worker: whatever is lost there must come again, and
        /// whatever comes again must change nothing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Boundary {
            $($(#[$doc])* $name,)*
        }

        #[cfg(feature = "testing")]
        impl Boundary {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

boundaries! {
    /// It is known where the log ends, and not fixed from where on a process follows it.
    BeforeMark,
    /// It is fixed from where on a process follows the log, and nobody knows.
    AfterMark,
    /// An event was handed over, and its instance not looked at.
    EventInHand,
    /// An instance is to be read.
    BeforeLoad,
    /// What follows from an event is decided, and not written.
    BeforeEventStep,
    /// What follows from an event is written, and nobody knows.
    AfterEventStep,
    /// All events of a page were taken in, and the checkpoint is before them.
    BeforeCheckpoint,
    /// A command was taken in hand, and not carried out.
    CommandInHand,
    /// A command was carried out, and its instance not told.
    CommandAnswered,
    /// What follows from an answer is decided, and not written.
    BeforeOutcomeStep,
    /// What follows from an answer is written, and nobody knows.
    AfterOutcomeStep,
    /// A command that undoes another one was taken in hand, and not carried out.
    UndoInHand,
    /// A command that undoes another one was carried out, and its instance not told.
    UndoAnswered,
    /// What follows from such an answer is decided, and not written.
    BeforeUndoStep,
    /// What follows from such an answer is written, and nobody knows.
    AfterUndoStep,
    /// The time of a timer has come.
    TimerInHand,
    /// What follows from a timer is decided, and not written.
    BeforeTimerStep,
    /// What follows from a timer is written, and nobody knows.
    AfterTimerStep,
    /// An instance is to go on, as somebody has decided.
    GoOnInHand,
    /// An instance goes on, and that is not written.
    BeforeGoOnStep,
    /// An instance goes on, that is written, and nobody knows.
    AfterGoOnStep,
    /// A task is done, and the agenda shows it still.
    TaskDone,
    /// A worker was told to stop.
    Stopping,
    /// A worker has nothing in hand, and has not given its leases back.
    Stopped,
}

/// What a test does at a boundary; without the feature `testing` it has no size and does
/// nothing.
#[derive(Clone, Default)]
pub struct Hook {
    #[cfg(feature = "testing")]
    reached: Option<Arc<dyn Fn(Boundary) -> BoxFuture<'static, ()> + Send + Sync>>,
}

#[cfg(feature = "testing")]
impl Hook {
    /// Calls this at each boundary, and waits for what it returns.
    pub fn new(
        reached: impl Fn(Boundary) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { reached: Some(Arc::new(reached)) }
    }
}

impl Hook {
    #[cfg(feature = "testing")]
    pub(crate) async fn at(&self, boundary: Boundary) {
        if let Some(reached) = &self.reached {
            reached(boundary).await;
        }
    }

    #[cfg(not(feature = "testing"))]
    #[inline]
    pub(crate) fn at(&self, _: Boundary) -> std::future::Ready<()> {
        std::future::ready(())
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// The boundaries before and behind the append of a step.
#[derive(Clone, Copy)]
pub(crate) struct Around {
    pub(crate) before: Boundary,
    pub(crate) after: Boundary,
}

impl Around {
    pub(crate) fn step<P: Process>(incoming: &Incoming<'_, P>, instance: &Instance<P>) -> Self {
        let (before, after) = match incoming {
            Incoming::Event { .. } => (Boundary::BeforeEventStep, Boundary::AfterEventStep),
            Incoming::Due { .. } => (Boundary::BeforeTimerStep, Boundary::AfterTimerStep),
            Incoming::GoOn { .. } => (Boundary::BeforeGoOnStep, Boundary::AfterGoOnStep),
            Incoming::Outcome { task, .. } => {
                let task = instance.book.open.get(task).map(|task| &task.what);
                match task {
                    Some(What::Command { undoes: true, .. }) => {
                        (Boundary::BeforeUndoStep, Boundary::AfterUndoStep)
                    }
                    _ => (Boundary::BeforeOutcomeStep, Boundary::AfterOutcomeStep),
                }
            }
        };
        Self { before, after }
    }
}
