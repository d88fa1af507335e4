//! How far a projection has come in its batch, so that the event which fails is known at
//! once. A batch that is handled in another way than by the default does not tell.

use std::cell::Cell;

use annals::Recorded;
use tokio::task_local;

task_local! {
    /// Where the event lies in memory: whoever hands some of the events on to another
    /// projection counts them in another way.
    static REACHED: Cell<Option<usize>>;
}

/// This event is handled next.
pub(crate) fn reached<E>(event: &Recorded<E>) {
    // Outside of a runner nobody asks.
    let _ = REACHED.try_with(|reached| reached.set(Some(address(event))));
}

/// Does some work, and tells which of the events it has handled last.
pub(crate) async fn followed<T, E>(
    events: &[&Recorded<E>],
    work: impl Future<Output = T>,
) -> (T, Option<usize>) {
    let work = async {
        let done = work.await;
        (done, REACHED.with(Cell::get))
    };
    let (done, reached) = REACHED.scope(Cell::new(None), work).await;
    let nth = |reached| events.iter().position(|event| address(*event) == reached);
    (done, reached.and_then(nth))
}

fn address<E>(event: &Recorded<E>) -> usize {
    std::ptr::from_ref(event).addr()
}
