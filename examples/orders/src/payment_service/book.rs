//! The books of the payment service.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::ids::{AuthorizationId, OrderId};

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Asked {
    Authorize { order: OrderId, cents: u64 },
    Void { order: OrderId },
}

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    Authorized { authorization: AuthorizationId },
    Refused { reason: String },
    Voided,
}

/// How the money of an order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Entry {
    Authorized { authorization: AuthorizationId, cents: u64 },
    Refused { reason: String },
    Voided,
}

/// A line of the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) order: OrderId,
    #[serde(flatten)]
    pub(crate) entry: Entry,
}

/// Each order has one entry, and each key one answer. It grows as long as the service
/// runs, which is as long as a test or a demonstration.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: BTreeMap<OrderId, Entry>,
    answers: HashMap<String, (Asked, Answer)>,
    authorizations: u64,
}

impl Book {
    /// Answers, the first time and every time again under a key; `None` where the key was
    /// used for something else. `refuse` says that an order without an entry gets no money.
    pub(super) fn ask(&mut self, key: &str, asked: &Asked, refuse: bool) -> Option<Answer> {
        if let Some((before, answer)) = self.answers.get(key) {
            return (before == asked).then(|| answer.clone());
        }
        let answer = match *asked {
            Asked::Authorize { order, cents } => self.authorize(order, cents, refuse),
            Asked::Void { order } => {
                // Also where nothing is authorized: an authorization that comes later is
                // refused.
                self.entries.insert(order, Entry::Voided);
                Answer::Voided
            }
        };
        self.answers.insert(key.to_owned(), (asked.clone(), answer.clone()));
        Some(answer)
    }

    fn authorize(&mut self, order: OrderId, cents: u64, refuse: bool) -> Answer {
        let refused = |reason: &str| Answer::Refused { reason: reason.to_owned() };
        match self.entries.get(&order) {
            Some(Entry::Voided) => refused("the payment was voided"),
            Some(Entry::Refused { reason }) => refused(reason),
            Some(Entry::Authorized { authorization, cents: before }) if *before == cents => {
                Answer::Authorized { authorization: authorization.clone() }
            }
            Some(Entry::Authorized { .. }) => refused("another sum is authorized"),
            None if refuse => {
                let reason = "the card is not covered".to_owned();
                self.entries.insert(order, Entry::Refused { reason: reason.clone() });
                Answer::Refused { reason }
            }
            None => {
                self.authorizations += 1;
                let authorization = AuthorizationId(format!("auth-{}", self.authorizations));
                let entry = Entry::Authorized { authorization: authorization.clone(), cents };
                self.entries.insert(order, entry);
                Answer::Authorized { authorization }
            }
        }
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let record =
            |(order, entry): (&OrderId, &Entry)| Record { order: *order, entry: entry.clone() };
        self.entries.iter().map(record).collect()
    }
}
