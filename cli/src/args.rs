//! What may stand on the command line.

mod letters;
mod processes;
mod publishers;
mod rebuild;

use std::path::PathBuf;

use annals::Partitions;
use clap::{Parser, Subcommand};

pub(crate) use letters::{Letters, List, Retry, Show, Skip};
pub(crate) use processes::{Alerts, Decided, Instance, Instances, Processes};
pub(crate) use publishers::{Listing, Publishers, Resume};
pub(crate) use rebuild::Rebuild;

/// Looks after event logs and read models of annals in PostgreSQL.
///
/// Exit codes: 0 done, and all is well; 1 the answer is no (impaired, not clean, different,
/// refused); 2 bad; 3 it could not be asked or done, such as for want of a connection; 130
/// interrupted.
#[derive(Debug, Parser)]
#[command(name = "annals", version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) place: Place,

    /// Write answers to stdout as JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the log and the read models are.
#[derive(clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Place {
    /// The database of the log, as in `postgres://user:password@host/database`
    //
    // The values of the environment are hidden in the help: they hold passwords.
    #[arg(long, global = true, env = "ANNALS_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,

    /// The database of the read models, where it is another one
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ANNALS_MODELS_URL",
        hide_env_values = true
    )]
    pub(crate) models_url: Option<String>,

    /// The schema of the log
    #[arg(long, global = true, value_name = "NAME", default_value = "annals")]
    pub(crate) schema: String,

    /// The schema of the read models
    #[arg(long, global = true, value_name = "NAME", default_value = "read_models")]
    pub(crate) models_schema: String,

    /// The databases are reached through a pooler in transaction mode
    #[arg(long, global = true)]
    pub(crate) transaction_pooler: bool,
}

// Not the URLs: they hold passwords.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How all read models are doing: a health check
    Status(Status),
    /// Whether a read model has taken every event of the log once
    Audit(Audit),
    /// Change over to another version of a read model: wait, compare, switch
    ///
    /// It waits until the version, which workers of the new code build beside the current one,
    /// has caught up; compares both at one and the same place; and makes it the current one.
    /// Where they differ, the documents or rows are shown.
    Rebuild(Rebuild),
    /// Events that read models could not take
    #[command(subcommand)]
    DeadLetters(Letters),
    /// What process managers are about, and what people decide about them
    #[command(subcommand)]
    Processes(Processes),
    /// Which publishers there are, and what people decide where a receiver is gone
    #[command(subcommand)]
    Publishers(Publishers),
    /// Write the log as text, one event a line
    Export(Export),
    /// Read a log from text that was exported; an import that was stopped goes on
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Only this read model
    pub(crate) name: Option<String>,

    /// Look again every two seconds, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    /// The read model
    pub(crate) name: String,

    /// Its version [default: the current one]
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file; it appears under this name when it is whole. `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file, which is checked to its end before anything is written. `-` is stdin, which
    /// cannot be: each batch is written as it comes
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    pub(crate) from: PathBuf,

    /// Make the log first where there is none, with so many partitions, 1 if it is not said
    #[arg(long, value_name = "PARTITIONS", value_parser = partitions)]
    pub(crate) create: Option<Option<Partitions>>,
}

fn partitions(text: &str) -> Result<Partitions, String> {
    let count = text.parse().ok().and_then(Partitions::new);
    count.ok_or_else(|| format!("a log has 1 to {} partitions", Partitions::MAX))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
