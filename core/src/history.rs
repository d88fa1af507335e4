//! A history as text: export of streams or of a whole log, and import into any
//! store.
//!
//! A history is NDJSON, one JSON object per line: a header, the events, and an
//! end line that counts and hashes them, so that a file which was cut or
//! changed is noticed before anything of it is written.
//!
//! ```text
//! {"annals":"history","format":1,"log":"0197..","scope":"log"}
//! {"stream":"account-1","version":1,"id":"0197..","type":"account.opened","schema_version":1,"recorded_at":"2025-06-01T08:00:00.000000001Z","partition":0,"position":1,"data":{"owner":"ada"}}
//! {"annals":"end","events":1,"hash":"8a3c.."}
//! ```
//!
//! JSON payloads stand in `data` as they were written, character by character.
//! Payloads of other codecs, and JSON with line breaks, stand in `data_base64`
//! beside their `codec`. `partition` and `position` tell where the event stood
//! and are not read again. Format 1 is frozen: later versions read it too. Keys
//! that are not known are passed over, unless the number of the format is
//! another one.
//!
//! # What an import keeps
//! Streams, versions, ids, types, both times, metadata and payloads stay; the
//! positions are given anew, in the order of the file. The events are marked as
//! [imported](crate::Origin::Imported), so that nobody repeats their side
//! effects. A log takes them only at its end: an import never puts older events
//! before newer ones.
//!
//! [Idempotency keys](crate::IdempotencyKey) are no part of a history: in the
//! new log a command that comes again under its key is a new one. Where clients
//! still repeat commands, let them finish before the logs are changed over.
//! Times of recording never fall within a partition, so what is imported with a
//! time in the future holds the time of everything that follows.
//!
//! # To and from files
//! This crate does no I/O; lines come from and go to wherever the caller says.
//! An import reads its source twice, first to check it, which is why it takes a
//! closure that opens it:
//! ```no_run
//! use std::fs::File;
//! use std::io::{BufRead, BufReader, BufWriter, Write};
//!
//! use annals::history::{self, Scope};
//! use futures::{StreamExt, TryStreamExt, pin_mut, stream};
//!
//! # async fn example(store: annals::AnyStore, other: annals::AnyStore)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let mut file = BufWriter::new(File::create("history.ndjson")?);
//! let lines = history::export(&store, Scope::Log);
//! pin_mut!(lines);
//! while let Some(line) = lines.try_next().await? {
//!     writeln!(file, "{line}")?;
//! }
//! file.into_inner()?.sync_all()?;
//!
//! let open = || Ok(stream::iter(BufReader::new(File::open("history.ndjson")?).lines()));
//! let imported = history::import(&other, open).await?;
//! println!("{} events, {} of them new", imported.events, imported.written);
//! # Ok(())
//! # }
//! ```
//! A test that replays a production history says
//! `history::import_text(&store, include_str!("history.ndjson")).await?`.

mod batch;
mod error;
mod export;
mod frame;
mod import;
mod line;
mod merge;
mod reader;
mod target;

mod typed;

pub use error::{ExportError, ImportError};
pub use export::{Scope, export, export_text};
pub use import::{Checked, Imported, check, import, import_streaming, import_text};
pub use merge::merged;
pub use typed::events;

/// The greatest length of a line, in bytes; longer ones are neither written nor
/// read. It is far beyond what the usual [limits](crate::store::Limits) of a
/// store let an event grow to.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// The greatest number of streams that can be exported by name.
pub const MAX_STREAMS: usize = 1_000;
