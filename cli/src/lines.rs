//! Lines of a file or of stdin, read by a thread of their own: a read that waits holds up
//! neither Ctrl-C nor the end of the program.

use std::io::{self, BufRead};
use std::thread;

use futures::stream::{self, Stream};
use tokio::sync::mpsc;

/// How many lines may wait.
const AHEAD: usize = 64;

/// The lines without their line feeds. The thread ends at the first error, and with the
/// next line where nobody reads them any more.
pub(crate) fn lines(
    source: impl BufRead + Send + 'static,
) -> impl Stream<Item = io::Result<String>> + Send {
    let (give, take) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        for line in source.lines() {
            let failed = line.is_err();
            if give.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    stream::unfold(take, |mut take| async move { take.recv().await.map(|line| (line, take)) })
}
