#![doc = include_str!("../docs/publishing.md")]
#![cfg_attr(feature = "webhook", doc = include_str!("../docs/webhooks.md"))]

mod course;
mod error;
mod mark;
mod marks;
mod memory;
mod message;
mod operations;
mod outlet;
mod publisher;
mod publishers;
#[cfg(feature = "signature")]
pub mod signature;
mod sink;
mod taken;
#[cfg(feature = "webhook")]
mod webhook;

pub use error::{PublisherError, StartError};
pub use mark::{Begun, Listed, PublisherEvent, Resumed, Stopped};
pub use memory::MemorySink;
pub use message::Message;
pub use operations::{KnownPublisher, PublisherOperations, Standstill};
pub use publisher::Publisher;
pub use publishers::{Publishers, RunningPublishers};
pub use sink::{NotTaken, Sink, Why};
#[cfg(feature = "webhook")]
pub use webhook::{InvalidWebhook, WebhookSink};
