//! What may stand on the command line.

use std::net::{Ipv4Addr, SocketAddr};

use clap::{Args, Parser, Subcommand};

use crate::payment_service::Behaviour;

/// An order service: a shop with a live page. Without a command, it serves
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens the shop
    Serve(Serve),
    /// Works on the orders of a shop, beside the processes that serve it
    Work(Work),
    /// Runs the payment service, which fails as it is told
    Payments(Payments),
    /// Places many orders at once, and tells how long that takes
    Load(Load),
    /// Looks whether nothing is sold twice, nothing is paid for nothing, nothing is stuck
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where it listens; port 0 is any that is free
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    pub(crate) listen: SocketAddr,

    /// A PostgreSQL database; without it, everything is in memory
    #[arg(long, env = "ORDERS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database: Option<String>,

    /// The payment service; without it, one is run within this process, which does not fail
    /// and forgets everything at the end
    #[arg(long, env = "ORDERS_PAYMENTS_URL", value_name = "URL")]
    pub(crate) payments: Option<String>,

    /// Leaves the work on orders to other processes
    #[arg(long)]
    pub(crate) no_work: bool,

    #[command(flatten)]
    pub(crate) traces: Traces,
}

#[derive(Debug, Args)]
pub(crate) struct Traces {
    /// Where traces are sent by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Work {
    /// The shop's database
    #[arg(long, env = "ORDERS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database: String,

    /// The payment service
    #[arg(
        long,
        env = "ORDERS_PAYMENTS_URL",
        default_value = "http://127.0.0.1:8090",
        value_name = "URL"
    )]
    pub(crate) payments: String,

    #[command(flatten)]
    pub(crate) traces: Traces,
}

#[derive(Debug, Args)]
pub(crate) struct Payments {
    /// Where it listens, on this machine; 0 is any port that is free
    #[arg(long, default_value_t = 8090)]
    pub(crate) port: u16,

    #[command(flatten)]
    pub(crate) behaviour: Behaviour,

    #[command(flatten)]
    pub(crate) traces: Traces,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// A shop that is open, such as `http://127.0.0.1:8080`; without it, one is opened in
    /// memory for this run, and checked at the end
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// How many orders are placed
    #[arg(long, default_value_t = 2_000)]
    pub(crate) orders: u64,

    /// How many clients place them at the same time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) clients: u16,

    /// How many kinds of goods there are
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) goods: u16,

    /// How many pieces of each: fewer than are ordered, so that orders contend
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) pieces: u32,

    /// How the payment service of a shop that is opened for this run fails
    #[command(flatten)]
    pub(crate) behaviour: Behaviour,

    /// How many seconds it waits for the orders to end
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) settle: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The shop's database
    #[arg(long, env = "ORDERS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database: String,

    /// The payment service
    #[arg(long, default_value = "http://127.0.0.1:8090", value_name = "URL")]
    pub(crate) payments: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
