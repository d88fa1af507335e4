//! Runs the program, and looks at what it prints and how it ends.

#![expect(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use annals_postgres::testing::Database;

mod fire;

/// How many invariants there are.
const INVARIANTS: usize = 11;

fn orders(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.args(args).env_remove("ORDERS_DATABASE_URL");
    command
}

/// What the program printed on stdout and stderr, and its exit code.
fn run(args: &[&str]) -> (String, String, Option<i32>) {
    let output = orders(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// A part of the program that serves until it is told to end.
struct Serving {
    process: Child,
    url: String,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut process = orders(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it has ended without a word");
        // A worker has none.
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, url }
    }

    /// Tells it to end, as an operator does.
    fn stop(mut self) -> ExitStatus {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        self.process.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Where a test has failed; else it has ended.
        let _ = self.process.kill();
    }
}

/// Looks at the findings: all hold.
#[track_caller]
fn all_hold(told: &str, error: &str, code: Option<i32>) {
    assert_eq!(code, Some(0), "{told}\n{error}");
    assert_eq!(told.matches("  ok ").count(), INVARIANTS, "{told}");
}

#[tokio::test]
async fn a_shop_on_postgresql_is_loaded_stopped_and_checked() {
    let database = Database::create().await.unwrap();
    let payments = Serving::start(&["payments", "--port", "0", "--fail", "0.3"]);
    let at = ["--database", database.url()];
    // Two processes of one shop.
    let serve = ["serve", "--listen", "127.0.0.1:0", "--payments", &payments.url];
    let serve = [&serve[..], &at].concat();
    let (one, two) = (Serving::start(&serve), Serving::start(&serve));
    for (seed, shop) in [("1", &one), ("2", &two)] {
        let load = ["load", "--server", &shop.url, "--orders", "100", "--clients", "8"];
        let (told, error, code) = run(&[&load[..], &["--settle", "120", "--seed", seed]].concat());
        assert_eq!(code, Some(0), "{told}\n{error}");
        assert!(told.contains("100 orders placed in "), "{told}");
        assert!(told.contains(" 0 failed, 0 doubled"), "{told}");
    }
    assert!(one.stop().success());
    assert!(two.stop().success());
    let (told, error, code) = run(&[&["check", "--payments", &payments.url], &at[..]].concat());
    all_hold(&told, &error, code);
    assert!(payments.stop().success());
}

#[test]
fn a_run_in_memory_is_loaded_and_checked() {
    let (told, error, code) =
        run(&["load", "--orders", "300", "--settle", "120", "--fail", "0.05", "--hang", "0.01"]);
    assert!(told.contains("300 orders placed in "), "{told}");
    all_hold(&told, &error, code);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let payments = Serving::start(&["payments", "--port", "0"]);
    let taken = payments.url.strip_prefix("http://").unwrap();
    let (_, error, code) = run(&["--listen", taken]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains(&format!("nobody can listen on {taken}")), "{error}");
}

#[test]
fn a_shop_that_is_not_there_is_named() {
    let (_, error, code) = run(&["load", "--server", "http://127.0.0.1:1"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("does not answer under http://127.0.0.1:1"), "{error}");
}
