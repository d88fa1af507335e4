//! Whatever ends the owner of a server also ends the server.
//!
//! The owner is this program, started again to run one test that only starts a
//! server and waits to be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use annals_postgres::testing::Server;

use crate::support::{eventually, postmaster, runs};

const OWNER: &str = "ANNALS_TEST_OWNER";

/// Not a test by itself: the owner, when the environment says so.
#[tokio::test]
async fn owner() {
    let Ok(manner) = std::env::var(OWNER) else { return };
    let server = Server::start().await.unwrap();
    println!("\ndata={}", server.data_dir().display());
    if manner == "exit" {
        // No destructor runs.
        std::process::exit(0);
    }
    std::future::pending::<()>().await;
}

fn start_owner(manner: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "orphans::owner", "--nocapture"]).env(OWNER, manner);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn data_of(lines: &mut BufReader<std::process::ChildStdout>) -> String {
    let line = lines.lines().map_while(Result::ok).find(|line| line.starts_with("data="));
    line.unwrap().split_off("data=".len())
}

fn nothing_is_left(data: &str, process: Option<&str>) {
    let dir = Path::new(data).parent().unwrap();
    assert!(dir.file_name().unwrap().to_str().unwrap().starts_with("annals-postgres-"));
    eventually("the removal of the directory", || !dir.exists());
    if let Some(process) = process {
        assert!(!runs(process));
    }
    let list = Command::new("ps").args(["-A", "-o", "args="]).output().unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(!list.contains(data), "{list}");
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let (mut owner, mut lines) = start_owner("wait");
    let data = data_of(&mut lines);
    let process = postmaster(Path::new(&data));
    assert!(runs(&process));
    owner.kill().unwrap();
    owner.wait().unwrap();
    nothing_is_left(&data, Some(&process));
}

#[test]
fn an_owner_that_exits_leaves_nothing() {
    let (mut owner, mut lines) = start_owner("exit");
    let data = data_of(&mut lines);
    assert!(owner.wait().unwrap().success());
    nothing_is_left(&data, None);
}

#[test]
fn an_interrupted_owner_leaves_nothing() {
    let (mut owner, mut lines) = start_owner("wait");
    let data = data_of(&mut lines);
    let interrupt = ["-c", r#"kill -s INT "$0""#];
    Command::new("sh").args(interrupt).arg(owner.id().to_string()).status().unwrap();
    assert!(!owner.wait().unwrap().success());
    nothing_is_left(&data, None);
}

#[test]
fn an_owner_killed_while_it_makes_the_data_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(parent.path(), open).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "orphans::owner"]).env(OWNER, "wait").env("TMPDIR", parent.path());
    let mut owner = command.stdout(Stdio::null()).spawn().unwrap();
    let entries = || std::fs::read_dir(parent.path()).unwrap().count();
    eventually("the directory of the server", || entries() > 0);
    std::thread::sleep(std::time::Duration::from_millis(200));
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the removal of the directory", || entries() == 0);
    let list = Command::new("ps").args(["-A", "-o", "args="]).output().unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(!list.contains(parent.path().to_str().unwrap()), "{list}");
}
