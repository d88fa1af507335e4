//! A database with a log and read models, and the program run on it.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, Payload, StreamId};
use annals_postgres::sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Operations, Runner};
use serde_json::Value;

use crate::domain::AccountEvent;

/// How long anything may take that should happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Asserts how it ended.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that its answer says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that its messages say this.
    #[track_caller]
    pub(crate) fn tells(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{}{}", self.stdout, self.stderr);
        self
    }

    /// The only line of its answer.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The program, with nothing of this process's environment that it reads.
pub(crate) fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
    command.args(args).env_remove("ANNALS_URL").env_remove("ANNALS_MODELS_URL");
    command.stdin(Stdio::null());
    command
}

/// Runs the program, on a thread of its own: the runner of the test goes on meanwhile.
pub(crate) async fn run(mut command: Command) -> Ended {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap().into()
}

/// A log and read models in one database.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) log: PostgresStore,
    pub(crate) models: PostgresReadModels,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = Database::create().await.unwrap();
        PostgresStore::migrate(database.url()).await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        let log = PostgresStore::connect(database.url()).await.unwrap();
        let models = log.read_models().connect().await.unwrap();
        Self { database, log, models }
    }

    /// The program on this database.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.env("ANNALS_URL", self.database.url());
        command
    }

    pub(crate) async fn annals(&self, args: &[&str]) -> Ended {
        run(self.command(args)).await
    }

    /// Runs it with `--json` as well; it ends in the same way.
    pub(crate) async fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        let ended = self.annals(&[args, &["--json"]].concat()).await;
        (ended.code, ended.json())
    }

    pub(crate) fn runner(&self) -> Runner<PgConnection> {
        let runner = Runner::new(self.log.clone(), self.models.clone());
        runner.lease(Duration::from_secs(1)).label("test")
    }

    pub(crate) fn operations(&self) -> Operations {
        Operations::new(self.log.clone(), self.models.clone())
    }

    /// What cures the poison of this log.
    pub(crate) fn cure(&self) -> String {
        self.log.log().id.to_string()
    }

    pub(crate) async fn deposit(&self, key: &str, cents: i64) {
        self.append(key, &AccountEvent::Deposited { cents }).await;
    }

    pub(crate) async fn append(&self, key: &str, event: &AccountEvent) {
        self.write(key, NewEvent::encode(self.log.log().codec, event).unwrap()).await;
    }

    /// An event that no code reads.
    pub(crate) async fn append_unreadable(&self, key: &str) {
        let payload = Payload::json("{\"cents\": \"many\"}").unwrap();
        self.write(key, NewEvent::new("account.deposited", payload)).await;
    }

    async fn write(&self, key: &str, event: NewEvent) {
        let stream = StreamId::new("account", key).unwrap();
        let append = Append::to(stream, ExpectedVersion::Any, vec![event]);
        self.log.append(append).await.unwrap();
    }

    pub(crate) async fn sql(&self, sql: &str) {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    }

    /// How many sessions the server has on this database.
    pub(crate) async fn sessions(&self) -> i64 {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    /// Waits until the program ends like this.
    pub(crate) async fn until(&self, args: &[&str], code: i32) -> Ended {
        let until = async {
            loop {
                let ended = self.annals(args).await;
                if ended.code == Some(code) {
                    return ended;
                }
            }
        };
        tokio::time::timeout(PATIENCE, until).await.unwrap()
    }
}

/// Presses Ctrl-C.
pub(crate) fn interrupt(child: &std::process::Child) {
    send(child, "-INT");
}

/// Sends a signal, such as `-TERM`.
pub(crate) fn send(child: &std::process::Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}
