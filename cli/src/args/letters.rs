//! The command line of `dead-letters`.

use annals::{Partition, Position};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Letters {
    /// List dead letters, without payloads
    List(List),
    /// Show dead letters whole; payloads only with --test
    Show(Show),
    /// Have dead letters tried again, in their order, by the workers that feed them
    Retry(Retry),
    /// Leave an event out of a read model for good; those behind it are tried again
    Skip(Skip),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those of this read model
    pub(crate) name: Option<String>,

    /// Only those that touch this key
    #[arg(long)]
    pub(crate) key: Option<String>,

    /// Only those of this partition of the log
    #[arg(long, value_name = "P", value_parser = partition)]
    pub(crate) partition: Option<Partition>,

    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) limit: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The read model
    pub(crate) name: String,

    /// The positions of the events
    #[arg(required = true, value_parser = position)]
    pub(crate) positions: Vec<Position>,

    /// The partition of the events [default: whichever has one at the position]
    #[arg(long, value_name = "P", value_parser = partition)]
    pub(crate) partition: Option<Partition>,

    /// Write a Rust test that fails as the event did. It holds the payloads of the events
    /// that its stream has up to it: nothing else shows them
    #[arg(long)]
    pub(crate) test: bool,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct Retry {
    /// Those of this read model
    #[arg(group = "which")]
    pub(crate) name: Option<String>,

    /// Only those that touch this key
    #[arg(long)]
    pub(crate) key: Option<String>,

    /// Only those of this partition of the log
    #[arg(long, value_name = "P", value_parser = partition)]
    pub(crate) partition: Option<Partition>,

    /// Those of all read models
    #[arg(long, group = "which")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Skip {
    /// The read model
    pub(crate) name: String,

    /// The partition of the event
    #[arg(long, value_name = "P", value_parser = partition)]
    pub(crate) partition: Partition,

    /// Its position
    #[arg(long, value_name = "X", value_parser = position)]
    pub(crate) position: Position,

    /// The version of the read model [default: the current one]
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<u32>,

    /// Who has decided so, and why: it is kept
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) note: String,
}

fn position(text: &str) -> Result<Position, std::num::ParseIntError> {
    text.parse().map(Position::new)
}

fn partition(text: &str) -> Result<Partition, std::num::ParseIntError> {
    text.parse().map(Partition::new)
}
