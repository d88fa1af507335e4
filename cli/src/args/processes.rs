//! The command line of `processes`.

use std::time::Duration;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

#[derive(Debug, Subcommand)]
pub(crate) enum Processes {
    /// What waits for a decision or too long for events, and what should have been done long
    /// since; exit code 1 if there is anything
    Alerts(Alerts),
    /// List the instances of a process
    List(Instances),
    /// Show an instance whole, with what it waits for
    Show(Instance),
    /// Have what failed tried again, under the same key
    Retry(Decided),
    /// Leave what failed out, because it has been seen to otherwise, and go on
    Resume(Decided),
    /// End an instance as it is: nothing more is done or undone
    Abandon(Decided),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Alerts {
    /// For how many seconds something may be due
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) late: Duration,

    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) limit: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Instances {
    /// The process
    pub(crate) process: String,

    /// Only those behind this key
    #[arg(long, value_name = "KEY")]
    pub(crate) after: Option<String>,

    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) limit: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Instance {
    /// The process
    pub(crate) process: String,

    /// The key of the instance
    pub(crate) key: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Decided {
    #[command(flatten)]
    pub(crate) instance: Instance,

    /// Who has decided so, and why: it is kept
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) note: String,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}
