//! What may stand on the command line.

use std::path::PathBuf;

use clap::Parser;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// An airline operations log: reads a month of flights as commands, and answers
/// from the log of their events.
///
/// Without --tail and --at it prints a table of punctuality per carrier.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// A CSV file with the columns of nycflights13's `flights`, gzip or plain
    /// [default: January 2013, which is built in]
    pub(crate) file: Option<PathBuf>,

    /// Where the log is kept: `memory`, the URL of a PostgreSQL database, as in
    /// `postgres://me@localhost/airport`, or `postgres` for a server that is started
    /// for this run and thrown away
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: String,

    /// The schema of the log in the database. A log that holds events already is
    /// not added to: it is only asked
    #[arg(long, value_name = "NAME", default_value = "flights")]
    pub(crate) schema: String,

    /// How many workers share the feeding of the read models
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) workers: u8,

    /// Compute the table straight from the file too, and fail if it differs
    #[arg(long)]
    pub(crate) verify: bool,

    /// Stop at the first bad row or refused message
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the life of one aircraft instead of the table
    #[arg(long, value_name = "N14228")]
    pub(crate) tail: Option<String>,

    /// Print the departure board as it stood at this moment of the airport's day
    #[arg(long, value_name = "2013-01-12T18:00", value_parser = moment, conflicts_with = "tail")]
    pub(crate) at: Option<PrimitiveDateTime>,

    /// How many flights the board shows, those nearest to the moment
    #[arg(long, value_name = "N", default_value = "40", requires = "at")]
    pub(crate) board_rows: usize,
}

fn moment(text: &str) -> Result<PrimitiveDateTime, String> {
    let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    PrimitiveDateTime::parse(text, &minutes).map_err(|_| {
        "write the date and the time of the airport's clock, without a zone, as in \
         2013-01-12T18:00"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use time::macros::datetime;

    use super::{Args, moment};

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_moment_is_a_local_time_to_the_minute() {
        assert_eq!(moment("2013-01-12T18:00"), Ok(datetime!(2013-01-12 18:00)));
        for wrong in ["2013-01-12", "18:00", "2013-01-12T18:00Z", "2013-02-30T18:00"] {
            assert!(moment(wrong).unwrap_err().contains("as in 2013-01-12T18:00"));
        }
    }
}
