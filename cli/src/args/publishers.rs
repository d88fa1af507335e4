//! The command line of `publishers`.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

#[derive(Debug, Subcommand)]
pub(crate) enum Publishers {
    /// List the publishers of the log, with the receivers that are gone
    List(Listing),
    /// Have a publisher go on whose receiver was gone, with what it did not take
    Resume(Resume),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Listing {
    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) limit: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The publisher
    pub(crate) name: String,

    /// Who has decided so, and why: it is kept
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) note: String,
}
