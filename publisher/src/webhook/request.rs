//! What is sent.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::Message;

/// The content of a request.
pub(super) struct Request {
    /// The same each time that the same messages are sent.
    pub(super) id: String,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Request {
    /// One message: the id of the request is that of the event.
    pub(super) fn one(message: &Message) -> Self {
        let content_type = "application/cloudevents+json; charset=UTF-8";
        Self { id: message.id.to_string(), content_type, body: message.to_json() }
    }

    /// Several messages. A batch that comes again may begin or end elsewhere, and is then another
    /// request: so its id is made of all ids in it.
    pub(super) fn batch(messages: &[Message]) -> Self {
        let mut hash = Sha256::new();
        let mut bodies = Vec::with_capacity(messages.len());
        for message in messages {
            hash.update(message.id.as_uuid().as_bytes());
            bodies.push(message.to_json());
        }
        let mut id = "batch_".to_owned();
        for byte in hash.finalize().iter().take(16) {
            // Writing to a text does not fail.
            let _ = write!(id, "{byte:02x}");
        }
        let content_type = "application/cloudevents-batch+json; charset=UTF-8";
        Self { id, content_type, body: format!("[{}]", bodies.join(",")) }
    }
}
