//! Runs a command with a PostgreSQL server that exists only for it.
//!
//! `cargo run -p annals-postgres --features testing --example throwaway -- COMMAND ARGS...`
//! starts a server, runs the command with its URL in `DATABASE_URL`, and ends
//! with the command's status. So a runner that gives every test a process of its
//! own, as cargo-nextest does, starts one server for all of them. Without a
//! command it prints the URL and keeps the server until Ctrl-C.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use annals_postgres::testing::Server;
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let server = Server::start().await?;
    let Some(program) = words.next() else {
        println!("{}", server.url());
        tokio::signal::ctrl_c().await?;
        return Ok(server.stop().await?);
    };
    let status = run(program, words, &server.url()).await;
    server.stop().await?;
    drop(server);
    std::process::exit(code(status?));
}

async fn run(
    program: OsString,
    words: impl Iterator<Item = OsString>,
    url: &str,
) -> Result<ExitStatus, Box<dyn Error>> {
    let mut command = Command::new(&program);
    let mut child = command.args(words).env("DATABASE_URL", url).spawn().map_err(|error| {
        let program = program.display();
        format!("could not run {program}: {error}")
    })?;
    loop {
        // Ctrl-C reaches the command as well, which then ends in its own way.
        tokio::select! {
            status = child.wait() => return Ok(status?),
            pressed = tokio::signal::ctrl_c() => pressed?,
        }
    }
}

/// The status as a shell would tell it, also of a command that was killed.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
