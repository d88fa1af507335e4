//! A customer of the shop, as a careful client behaves: each command under a key, and
//! repeated under the same one until there is an answer.

use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::figures::{Counts, Figures};
use super::plan::Planned;
use crate::failure::Failure;

/// So long a command is sent again: a shop that is started anew is back before.
const ENOUGH: Duration = Duration::from_secs(60);
/// Behind the first failure it waits so long, and twice as long behind each further one.
const PAUSE: Duration = Duration::from_millis(50);
/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(15);

/// A clone is another handle to the same connections.
#[derive(Debug, Clone)]
pub(super) struct ShopClient {
    http: Client,
    url: String,
}

impl ShopClient {
    pub(super) fn new(url: &str) -> Self {
        Self { http: Client::new(), url: url.trim_end_matches('/').to_owned() }
    }

    pub(super) async fn receive(&self, sku: &str, pieces: u32, key: &str) -> Result<(), Failure> {
        let (path, body) = (format!("/stock/{sku}/receipts"), json!({ "quantity": pieces }));
        let answer = self.send(&path, &body, key, None).await.map_err(|error| self.lost(error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Failure::Receipt { status: status.as_u16() }),
        }
    }

    pub(super) async fn counts(&self) -> Result<Counts, Failure> {
        let began = Instant::now();
        loop {
            let ask = self.http.get(format!("{}/counts", self.url)).timeout(PATIENCE);
            let answer = async { ask.send().await?.error_for_status()?.json().await };
            match answer.await {
                Err(_) if began.elapsed() < ENOUGH => sleep(LONGEST).await,
                answer => return answer.map_err(|error| self.lost(error)),
            }
        }
    }

    /// Does what the customer of an order does.
    pub(super) async fn carry_out(&self, order: &Planned, figures: &mut Figures) {
        let Some(placed) = self.command("/orders", &order.body, &order.key, None, figures).await
        else {
            return;
        };
        figures.placed += 1;
        if order.twice {
            let again = self.command("/orders", &order.body, &order.key, None, figures).await;
            figures.doubled +=
                u64::from(again.is_some_and(|again| again["order"] != placed["order"]));
        }
        if order.cancels {
            let path = format!("/orders/{}/cancellation", placed["order"].as_str().unwrap_or(""));
            let key = format!("{}-cancel", order.key);
            let version = placed["version"].as_u64();
            let told = self.command(&path, &Value::Null, &key, version, figures).await;
            figures.cancellations += u64::from(told.is_some());
        }
    }

    /// Sends a command until there is an answer; `None` where it was refused or given up.
    async fn command(
        &self,
        path: &str,
        body: &Value,
        key: &str,
        version: Option<u64>,
        figures: &mut Figures,
    ) -> Option<Value> {
        let (first, mut pause) = (Instant::now(), PAUSE);
        loop {
            let began = Instant::now();
            let answer = self.send(path, body, key, version).await;
            figures.took(began.elapsed());
            match answer {
                Ok(answer) if answer.status().is_success() => {
                    let repeated = answer.headers().contains_key("idempotency-replayed");
                    // An answer that was cut off is asked for again.
                    if let Ok(body) = answer.json().await {
                        figures.repeats += u64::from(repeated);
                        return Some(body);
                    }
                }
                Ok(answer) if answer.status() != StatusCode::SERVICE_UNAVAILABLE => break,
                // Nobody listens, nobody has answered, or the shop has no time.
                _ => {}
            }
            if first.elapsed() >= ENOUGH {
                break;
            }
            figures.retries += 1;
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
        figures.failed += 1;
        None
    }

    async fn send(
        &self,
        path: &str,
        body: &Value,
        key: &str,
        version: Option<u64>,
    ) -> Result<Response, reqwest::Error> {
        let call = self.http.post(format!("{}{path}", self.url)).timeout(PATIENCE);
        let call = call.header("Idempotency-Key", key).json(body);
        match version {
            Some(version) => call.header("If-Match", format!("\"{version}\"")).send().await,
            None => call.send().await,
        }
    }

    fn lost(&self, error: reqwest::Error) -> Failure {
        Failure::Shop { url: self.url.clone(), error: error.without_url() }
    }
}
