//! The command line of `rebuild`.

use std::time::Duration;

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Rebuild {
    /// The read model
    pub(crate) name: String,

    /// Change over to this version
    #[arg(long, value_name = "N", group = "what")]
    pub(crate) to: Option<u32>,

    /// Go back to the version before the current one
    #[arg(long, group = "what")]
    pub(crate) rollback: bool,

    /// Remove this version, which is not the current one, with everything that it keeps
    #[arg(long, value_name = "N", group = "what")]
    pub(crate) discard: Option<u32>,

    /// Let held versions go on at once, whoever holds them
    #[arg(long, group = "what")]
    pub(crate) release: bool,

    /// Compare both versions before the switch; this is the default
    #[arg(long, requires = "to", overrides_with = "no_compare")]
    pub(crate) compare: bool,

    /// Switch without a comparison
    #[arg(long, requires = "to")]
    pub(crate) no_compare: bool,

    /// Switch also where the versions differ
    #[arg(long, requires = "to", conflicts_with = "no_compare")]
    pub(crate) allow_differences: bool,

    /// Do not ask before the switch or the removal
    #[arg(long)]
    pub(crate) yes: bool,

    /// How long the version may take to catch up, and both to come to one place [default: as
    /// long as it goes on, and 60 seconds]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) within: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}
