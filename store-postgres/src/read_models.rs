//! Read models, each in tables of its own, with their checkpoints beside them.

mod access;
mod at_least;
mod compare;
mod connect;
mod contract;
mod declare;
mod documents;
mod hold;
mod keys;
mod letters;
mod listen;
mod mend;
mod news;
mod options;
mod row;
mod share;
mod standing;
mod status;
mod step;
mod store;
mod teller;
mod versions;
mod wait;

pub use options::PostgresReadModelsBuilder;
pub use step::PostgresStep;
pub use store::PostgresReadModels;
