//! What a unit waits for: events, orders, and the end of a pause.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::super::batch::Batch;
use super::super::feed::Tap;
use super::{BYTES, Ended, Feeder, Interrupt, unreadable};

/// A checkpoint that moves over events of others moves so often at most.
const QUIET: Duration = Duration::from_millis(20);

impl Feeder {
    /// Waits for the events that follow. Returns whether what is there should be committed
    /// now; else more may follow at once.
    pub(super) async fn gather(
        &mut self,
        batch: &mut Batch,
        tap: &mut Tap,
        open: Option<Instant>,
    ) -> Result<bool, Interrupt> {
        let began = Instant::now();
        loop {
            let held = self.hold.is_some_and(|hold| hold.position() <= batch.end().position());
            if held || batch.len() >= self.limit || batch.bytes() >= BYTES {
                return Ok(false);
            }
            if batch.len() > 0 && self.handler.takes_pieces() {
                return Ok(false);
            }
            // Where nothing was selected there is no hurry.
            let busy = batch.len() > 0 || open.is_some();
            let until = match open {
                Some(began) => began + self.pace(),
                None => began + if busy { self.pace() } else { QUIET },
            };
            tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    // Whoever gives orders is gone: nobody renews the lease.
                    changed.map_err(|_| Interrupt::End(Ended::Stopped))?;
                    self.orders.mark_changed();
                    return Ok(true);
                }
                // Who was in trouble asks whether there is an end: then it is over.
                fed = tap.next(batch.end(), busy || self.troubled) => match fed {
                    Ok(Some(page)) => batch.add(&page, &self.entry.names),
                    Ok(None) if !busy => {
                        self.troubled = false;
                        self.shared.board.moved(&self.lease.unit, batch.start(), 0);
                    }
                    Ok(None) => return Ok(true),
                    Err(error) => {
                        *tap = self.shared.feeds.join(batch.end());
                        // What was read before the failure is good.
                        let good = busy || batch.has_moved();
                        return if good { Ok(true) } else { Err(unreadable(&error)) };
                    }
                },
                () = sleep_until(self.asides.due().unwrap_or(began)), if !self.asides.is_empty() => {
                    return Ok(true);
                }
                // Nor is anything waited for while there are letters to be settled.
                () = sleep_until(until), if busy || batch.has_moved() || self.pass.is_some() => {
                    return Ok(true);
                }
            }
        }
    }

    pub(super) fn check_orders(&mut self) -> Result<(), Interrupt> {
        let stop = self.orders.borrow_and_update().stop;
        if stop { Err(Interrupt::End(Ended::Stopped)) } else { Ok(()) }
    }

    /// Rests, or until there is an order to stop.
    pub(super) async fn rest(&mut self, pause: Duration) -> Result<(), Interrupt> {
        self.check_orders()?;
        tokio::select! {
            biased;
            changed = self.orders.changed() => {
                changed.map_err(|_| Interrupt::End(Ended::Stopped))?;
                self.check_orders()
            }
            () = sleep(pause) => Ok(()),
        }
    }
}
