//! From the command line to the databases: what is wrong is told, and no password.

use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;

use crate::support::{Ended, World, command, run};

const ABSENT: &str = "postgres://me:secret@127.0.0.1:1/db";

async fn annals(args: &[&str]) -> Ended {
    let ended = run(command(args)).await;
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains("secret"), "{text}");
    }
    ended
}

#[tokio::test]
async fn a_database_must_be_named() {
    annals(&["status"]).await.code(3).tells("by the environment variable ANNALS_URL");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    // Nobody listens on port 1.
    for args in
        [&["status"][..], &["audit", "x"], &["export"], &["import"], &["rebuild", "x", "--to", "2"]]
    {
        let mut args = args.to_vec();
        args.extend(["--url", ABSENT]);
        let ended = annals(&args).await.code(3).tells("error: the log cannot be opened\n");
        let ended = ended.tells("  because: the database server at 127.0.0.1:1 does not answer");
        assert_eq!(ended.stdout, "");
        args.push("--json");
        let ended = annals(&args).await.code(3).json();
        assert_eq!(ended["error"], "the log cannot be opened");
        assert!(ended["causes"][0].as_str().unwrap().contains("127.0.0.1:1"), "{ended}");
    }
}

#[tokio::test]
async fn a_url_is_never_repeated() {
    let wrong = "postgre://me:secret@localhost/db";
    annals(&["status", "--url", wrong]).await.code(3).tells("does not parse");
    // In the wrong places.
    annals(&[ABSENT]).await.code(3);
    annals(&["status", "--yurl", ABSENT]).await.code(3);
    annals(&["status", ABSENT, ABSENT]).await.code(3);
    annals(&["rebuild", "x", "--to", ABSENT]).await.code(3);
    let world = World::new().await;
    let ended = run(world.command(&["audit", ABSENT])).await.code(3);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    // Help shows where a value came from.
    let mut help = command(["--help"]);
    help.env("ANNALS_URL", ABSENT).env("ANNALS_MODELS_URL", ABSENT);
    let help = run(help).await.code(0).says("ANNALS_URL").says("Exit codes");
    assert!(!help.stdout.contains("secret"), "{}", help.stdout);
}

#[tokio::test]
async fn a_user_who_is_refused_is_told_without_the_password() {
    let database = Database::create().await.unwrap();
    let (_, rest) = database.url().split_once("://").unwrap();
    let server = rest.rsplit('@').next().unwrap();
    let url = format!("postgres://nobody_of_this_name:secret@{server}");
    annals(&["status", "--url", &url]).await.code(3).tells("nobody_of_this_name");
}

#[tokio::test]
async fn a_log_that_is_not_there_is_told() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    let told = annals(&["status", "--url", url]).await.code(3);
    told.tells("there is no log in schema `annals` of this database: correct --url or --schema");
    PostgresStore::migrate(url).await.unwrap();
    let told = annals(&["status", "--url", url, "--schema", "mine"]).await.code(3);
    told.tells("no log in schema `mine`");
    let told = annals(&["status", "--url", url]).await.code(3);
    told.tells("there are no read models in schema `read_models`").tells("--models-url");
}

#[tokio::test]
async fn read_models_may_live_elsewhere() {
    let (log, models) = (World::new().await, World::new().await);
    log.deposit("1", 5).await;
    let elsewhere = annals_projections::Runner::new(log.log.clone(), models.models.clone());
    elsewhere.view::<crate::domain::Balance>().run_until_caught_up().await.unwrap();
    let url = models.database.url();
    let args = ["status", "--models-url", url, "--transaction-pooler"];
    log.annals(&args).await.code(0).says("balances");
    log.annals(&["status"]).await.code(0).says("no read models yet");
    log.annals(&["audit", "balances", "--models-url", url]).await.code(0).says("clean");
}
