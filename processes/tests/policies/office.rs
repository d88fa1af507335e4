//! Who writes the bills.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::{AnyStore, Metadata, Repository};
use annals_processes::{Call, Executor, Failure};
use tokio::sync::{Barrier, Notify, Semaphore};

use super::domain::{Bill, BillEvent, Write};

#[derive(Clone)]
pub struct Office {
    pub bills: Repository<Bill>,
    pub desk: Arc<Desk>,
}

/// What tests see and say.
pub struct Desk {
    /// The lines of all calls, and under which keys.
    pub calls: Mutex<Vec<(String, String)>>,
    /// What the last call was said to follow from.
    pub cause: Mutex<Metadata>,
    /// Lines that are refused.
    pub refused: Mutex<BTreeSet<String>>,
    /// Lines that are put off.
    pub put_off: Mutex<BTreeSet<String>>,
    /// Told when a line `stuck` is written, which is not answered ...
    pub written: Notify,
    /// ... before this has room.
    pub answers: Semaphore,
    /// Told when whoever waits for that is given up.
    pub given_up: Notify,
    /// Lines `together` are written when there are two of them.
    pub both: Barrier,
}

impl Office {
    pub fn new(log: &AnyStore) -> Self {
        let desk = Desk {
            calls: Mutex::default(),
            cause: Mutex::default(),
            refused: Mutex::default(),
            put_off: Mutex::default(),
            written: Notify::new(),
            answers: Semaphore::new(0),
            given_up: Notify::new(),
            both: Barrier::new(2),
        };
        Self { bills: Repository::new(log.clone()), desk: Arc::new(desk) }
    }

    pub fn refuses(&self, line: &str) {
        self.desk.refused.lock().unwrap().insert(line.to_owned());
    }

    pub fn puts_off(&self, line: &str) {
        self.desk.put_off.lock().unwrap().insert(line.to_owned());
    }

    pub fn takes_all(&self) {
        self.desk.refused.lock().unwrap().clear();
        self.desk.put_off.lock().unwrap().clear();
    }

    /// Under which keys a line was asked for.
    pub fn calls(&self, line: &str) -> Vec<String> {
        let calls = self.desk.calls.lock().unwrap();
        calls.iter().filter(|(asked, _)| asked == line).map(|(_, key)| key.clone()).collect()
    }

    pub async fn bill(&self, order: &str) -> Vec<String> {
        self.bills.load(order).await.unwrap().state.lines
    }
}

/// Somebody who waits for an answer.
struct Waiting<'d>(&'d Desk);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.given_up.notify_one();
    }
}

impl Executor<Write> for Office {
    type Reply = ();

    async fn execute(&self, Write { order, line }: &Write, call: &Call) -> Result<(), Failure> {
        let key = call.key.as_str().to_owned();
        self.desk.calls.lock().unwrap().push((line.clone(), key));
        *self.desk.cause.lock().unwrap() = call.metadata.clone();
        if self.desk.refused.lock().unwrap().contains(line) {
            return Err(Failure::refused(format!("{line} is not for sale")));
        }
        if self.desk.put_off.lock().unwrap().contains(line) {
            return Err(Failure::passing("come back later"));
        }
        match line.as_str() {
            "together" => {
                self.desk.both.wait().await;
            }
            // What came first would be overtaken, if anything could be.
            "torn" => panic!("the paper is torn"),
            line if line.ends_with("slow") => tokio::time::sleep(Duration::from_millis(5)).await,
            _ => {}
        }
        let written = BillEvent::Written { line: line.clone() };
        let write = |_: &Bill| written.clone();
        self.bills.update(order, write).idempotency_key(call.key.clone()).await?;
        if line == "stuck" {
            self.desk.written.notify_one();
            let waiting = Waiting(&self.desk);
            let _ = self.desk.answers.acquire().await;
            std::mem::forget(waiting);
        }
        Ok(())
    }

    fn fallback(&self, command: &Write, _: &Failure) -> Option<()> {
        assert_ne!(command.line, "burnt", "the paper is burnt");
        None
    }
}
