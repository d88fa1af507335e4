//! What may stand on the command line.

use clap::{Parser, ValueEnum};

/// A bank's ledger: transfers between accounts, read models that are fed, asked, rebuilt
/// while transfers go on, and audited.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Where the log and the read models are kept
    #[arg(long, value_enum, default_value = "memory")]
    pub(crate) store: Store,

    /// An empty PostgreSQL database; without it a server is started for this run and thrown
    /// away
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// How many transfers are made before the rebuild; more follow while it goes on
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) transfers: u64,

    /// How many workers share the feeding of the read models
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) workers: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Memory,
    Postgres,
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
